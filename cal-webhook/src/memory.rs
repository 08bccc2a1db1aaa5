//! A store in memory.

mod ledger;

use std::{
    fmt,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use cal_core::{BookingUid, Delivery};
use chrono::{DateTime, Utc};
use tokio::{sync::Notify, time};

use crate::{
    Accepted, Arrival, BookingRecord, DeliveryId, DeliveryRecord, Dispatcher, Reading, Settlement,
    Store, StoreError, Task, TaskId, TaskRecord, Unreadable, clock::Moment,
};

use ledger::{Full, Ledger};

/// How many deliveries are kept.
const CAPACITY: usize = 10_000;

/// How many deliveries about a booking are read for its newest state.
const REPORTS: usize = 50;

/// How many deliveries are planned at a time.
const BATCH: usize = 64;

/// A store in memory, for development and for servers that may lose what was acknowledged.
///
/// It keeps the last 10,000 deliveries, or as many as have 64 MiB together, and forgets the oldest
/// that all hooks are done with. When all of them still wait, new deliveries are refused with 503.
/// Repeats of a delivery are recognised as long as it is kept. When the process ends, everything is
/// gone. It is cheap to clone: clones share what they keep.
#[derive(Clone)]
pub struct MemoryStore {
    shared: Arc<Shared>,
}

struct Shared {
    ledger: Mutex<Ledger>,
    /// Something may be planned or claimed.
    work: Notify,
    /// Something was settled.
    settled: Notify,
}

impl MemoryStore {
    /// Makes an empty store for 10,000 deliveries.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(CAPACITY)
    }

    /// Makes an empty store for this many deliveries.
    #[must_use]
    pub fn with_capacity(deliveries: usize) -> Self {
        let shared = Shared {
            ledger: Mutex::new(Ledger::new(deliveries)),
            work: Notify::new(),
            settled: Notify::new(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Returns up to `limit` deliveries, newest first, that are older than the one named.
    #[must_use]
    pub fn deliveries(&self, limit: usize, before: Option<DeliveryId>) -> Vec<DeliveryRecord> {
        self.ledger().deliveries(limit, before)
    }

    /// Returns up to `limit` tasks, newest first, that are older than the one named.
    #[must_use]
    pub fn tasks(&self, limit: usize, before: Option<TaskId>) -> Vec<TaskRecord> {
        self.ledger().tasks(limit, before)
    }

    /// Returns up to `limit` bookings by their uids, those after the one named.
    #[must_use]
    pub fn bookings(&self, limit: usize, after: Option<&BookingUid>) -> Vec<BookingRecord> {
        self.ledger().bookings(limit, after)
    }

    /// Waits until everything that was accepted is planned and no task waits or runs.
    pub async fn idle(&self) {
        loop {
            let mut settled = pin!(self.shared.settled.notified());
            settled.as_mut().enable();
            if self.ledger().is_idle() {
                return;
            }
            settled.await;
        }
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        // No method of the ledger leaves it half changed, so a panic elsewhere does not matter.
        self.shared.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    async fn accept(&self, mut arrival: Arrival) -> Result<Accepted, StoreError> {
        arrival.compact();
        let accepted = self
            .ledger()
            .accept(arrival)
            .map_err(|Full| StoreError::new("all deliveries in memory still wait for a hook"))?;
        self.shared.work.notify_one();
        Ok(accepted)
    }

    async fn plan(&self, hooks: &Dispatcher) -> Result<usize, StoreError> {
        if hooks.names().next().is_none() {
            // Nothing will be run, so nothing has to be read before somebody looks.
            let finished = self.ledger().finish_unread();
            self.shared.settled.notify_waiters();
            return Ok(finished);
        }
        let bodies = self.ledger().unplanned(BATCH);
        let read: Vec<_> =
            bodies.into_iter().map(|(id, body, at)| (id, Reading::try_parse(body, at))).collect();
        let now = Moment::now();
        let mut ledger = self.ledger();
        let mut planned = read.len();
        for (id, read) in read {
            match read {
                Ok((delivery, reading)) => {
                    ledger.plan(id, delivery, reading.as_ref(), hooks, now);
                }
                Err(Unreadable) => ledger.fail(id),
            }
        }
        planned += ledger.release_held(hooks, now);
        drop(ledger);
        if planned > 0 {
            // Another receiver on this store may have room where this one has none.
            self.shared.work.notify_one();
            self.shared.settled.notify_waiters();
        }
        Ok(planned)
    }

    async fn claim(
        &self,
        hooks: &[(&str, usize)],
        lease: Duration,
    ) -> Result<Vec<Task>, StoreError> {
        let (mut ledger, now) = (self.ledger(), Moment::now());
        let claimed = hooks.iter().map(|(hook, limit)| ledger.claim(hook, *limit, now, lease));
        Ok(claimed.flatten().collect())
    }

    async fn renew(&self, tasks: &[Arc<Task>], lease: Duration) -> Result<Vec<TaskId>, StoreError> {
        Ok(self.ledger().renew(tasks, Moment::now(), lease))
    }

    async fn settle(&self, task: &Task, settlement: Settlement) -> Result<bool, StoreError> {
        let settled = self.ledger().settle(task, settlement, Moment::now());
        self.shared.work.notify_one();
        self.shared.settled.notify_waiters();
        Ok(settled)
    }

    async fn move_to(&self, task: TaskId, due_at: DateTime<Utc>) -> Result<bool, StoreError> {
        let moved = self.ledger().move_to(task, due_at, Moment::now());
        self.shared.work.notify_one();
        Ok(moved)
    }

    async fn cancel(&self, task: TaskId) -> Result<bool, StoreError> {
        let cancelled = self.ledger().cancel(task);
        self.shared.work.notify_one();
        self.shared.settled.notify_waiters();
        Ok(cancelled)
    }

    async fn pause(&self, hook: &str, time: Duration) -> Result<(), StoreError> {
        self.ledger().pause(hook, time, Moment::now());
        Ok(())
    }

    async fn reports(&self, uid: &BookingUid) -> Result<Vec<Arc<Delivery>>, StoreError> {
        let bodies = self.ledger().reports(uid, REPORTS);
        Ok(bodies.into_iter().rev().map(|body| Arc::new(Delivery::parse(body))).collect())
    }

    async fn keep_facts(&self, task: &Task, facts: &str) -> Result<String, StoreError> {
        let kept = self.ledger().keep_facts(task, facts);
        kept.ok_or_else(|| StoreError::new("the claim of the task was lost"))
    }

    async fn wake(&self, hooks: &[&str]) {
        let due = self.ledger().next_due(hooks);
        match due {
            Some(due) => drop(time::timeout_at(due, self.shared.work.notified()).await),
            None => self.shared.work.notified().await,
        }
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}
