//! Notices that the machine has slept: leases ran out meanwhile, on a clock that had stood still.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use crate::clock::Moment;

/// By how much the wall's clock must have gone ahead of the machine's. Who sets it shortens no lease.
const GAP: Duration = Duration::from_secs(2);

/// What is known about the claims after a sleep.
#[derive(Debug)]
pub(super) struct Sleep {
    last: Moment,
    /// Since when the store has to say which claims still hold.
    doubtful: Option<Instant>,
}

impl Sleep {
    pub(super) fn none() -> Self {
        Self { last: Moment::now(), doubtful: None }
    }

    /// Whether the machine has slept since this was asked last, or its clock was set forward.
    pub(super) fn has_slept(&mut self) -> bool {
        let now = Moment::now();
        let awake: DateTime<Utc> = self.last.wall_after(now.machine() - self.last.machine());
        let slept = (now.wall() - awake).to_std().unwrap_or_default() > GAP;
        self.last = now;
        slept
    }

    pub(super) fn doubt(&mut self) {
        self.doubtful = Some(Instant::now());
    }

    /// Notes that the store was asked then, and has answered.
    pub(super) fn trust(&mut self, asked: Instant) {
        self.doubtful = self.doubtful.filter(|since| asked < *since);
    }

    /// Whether nothing may be claimed: it might be what a hook of this process is busy with.
    pub(super) fn is_doubtful(&self) -> bool {
        self.doubtful.is_some()
    }
}
