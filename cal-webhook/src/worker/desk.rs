//! The places of one hook.

use std::sync::Arc;

use crate::dispatcher::Registered;

/// The places of one hook, and whether its tasks can be claimed.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) hook: Arc<str>,
    concurrency: usize,
    /// How many tasks have a place.
    pub(super) busy: usize,
    /// How many of them could not be settled yet.
    pub(super) unsettled: usize,
    /// Something may be due.
    pub(super) wanted: bool,
    /// A claim has failed a moment ago.
    pub(super) resting: bool,
}

impl Desk {
    pub(super) fn new(hook: &Registered) -> Self {
        Self {
            hook: Arc::clone(&hook.name),
            concurrency: hook.concurrency,
            busy: 0,
            unsettled: 0,
            wanted: true,
            resting: false,
        }
    }

    /// Returns how many places are free.
    pub(super) fn free(&self) -> usize {
        self.concurrency.saturating_sub(self.busy)
    }

    /// Whether tasks can be claimed now.
    ///
    /// While one cannot be settled none is claimed: after an outage that was longer than the lease
    /// the store would hand out the very task that is done.
    pub(super) fn is_open(&self) -> bool {
        self.free() > 0 && self.unsettled == 0 && !self.resting
    }
}
