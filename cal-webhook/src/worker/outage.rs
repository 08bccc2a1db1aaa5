//! Says once that a store fails, and once that it works again.

use std::collections::HashSet;

use tokio::time::Instant;

use crate::{StoreError, log::quietly, receiver::chain};

use super::engine::RunId;

/// What the worker asks of a store.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) enum Chore {
    Claim,
    Plan,
    Renew,
    Settle(RunId),
    Wake,
}

/// Which chores fail; there is an outage while any does.
///
/// Chores are told apart, so that one that goes on failing beside others that work is no new outage
/// every time.
#[derive(Debug)]
pub(super) struct Outage {
    failing: HashSet<Chore>,
    since: Instant,
    answered: Instant,
}

impl Outage {
    pub(super) fn none() -> Self {
        Self { failing: HashSet::new(), since: Instant::now(), answered: Instant::now() }
    }

    /// Notes that the store failed.
    pub(super) fn failed(&mut self, chore: Chore, error: &StoreError) {
        if self.failing.is_empty() {
            self.since = Instant::now();
            let error = chain(error);
            quietly(|| tracing::error!(%error, "the store failed; trying again every second"));
        }
        self.failing.insert(chore);
    }

    /// Notes that the store answered.
    pub(super) fn worked(&mut self, chore: Chore) {
        self.answered = Instant::now();
        self.forget(chore);
    }

    /// Notes that nobody tries this any more.
    pub(super) fn forget(&mut self, chore: Chore) {
        if self.failing.remove(&chore) && self.failing.is_empty() {
            let seconds = self.since.elapsed().as_secs();
            quietly(|| tracing::info!(seconds, "the store works again"));
        }
    }

    /// Returns when the store answered last.
    pub(super) fn answered(&self) -> Instant {
        self.answered
    }
}
