//! The only place that reads the clocks.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

/// Further ahead than anything is planned; keeps sums of times in range.
const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

#[expect(clippy::disallowed_methods, reason = "everything else takes its time from here")]
pub(crate) fn now() -> DateTime<Utc> {
    Utc::now()
}

/// One moment on both clocks: the wall's, which people read and which may be set, and the
/// machine's, which only goes forward and which waiting goes by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    wall: DateTime<Utc>,
    machine: Instant,
}

impl Moment {
    pub(crate) fn now() -> Self {
        Self { wall: now(), machine: Instant::now() }
    }

    pub(crate) fn wall(&self) -> DateTime<Utc> {
        self.wall
    }

    pub(crate) fn machine(&self) -> Instant {
        self.machine
    }

    /// Returns the machine's time at this time on the wall; a past one is now.
    pub(crate) fn machine_at(&self, wall: DateTime<Utc>) -> Instant {
        self.machine_after((wall - self.wall).to_std().unwrap_or_default())
    }

    /// Returns the machine's time after a while.
    pub(crate) fn machine_after(&self, delay: Duration) -> Instant {
        self.machine + delay.min(FAR)
    }

    /// Returns the wall's time after a while.
    pub(crate) fn wall_after(&self, delay: Duration) -> DateTime<Utc> {
        self.wall + TimeDelta::from_std(delay.min(FAR)).unwrap_or_default()
    }
}
