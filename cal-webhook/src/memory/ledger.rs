//! What a [`MemoryStore`](super::MemoryStore) keeps, behind its lock.

mod entry;
mod queue;

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use cal_core::{BookingUid, Delivery, Parsed};
use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

use crate::{
    Accepted, Arrival, BookingRecord, BookingRow, Chains, Decision, DeliveryId, DeliveryRecord,
    Dispatcher, HistoryItem, Reading, Reminder, Ruling, Settlement, Task, TaskId, TaskRecord,
    TaskState, Turn, clock::Moment, crash, metrics, signature::Tag,
};

use entry::{Entry, Planned};
use queue::{Queue, Standing, Work};

/// How many bytes the bodies may have together.
const BYTES: usize = 64 * 1024 * 1024;

/// How many bytes the bodies may have together that are read at a time, unless a single one has more.
const ROUND: usize = 8 * 1024 * 1024;

/// How long a body without identity counts as a repeat: two visitors may cause the same bytes.
const OPAQUE_REPEAT: TimeDelta = TimeDelta::minutes(10);

#[derive(Debug)]
pub(super) struct Ledger {
    capacity: usize,
    bytes: usize,
    deliveries: BTreeMap<DeliveryId, Entry>,
    fingerprints: HashMap<Tag, DeliveryId>,
    chains: Chains,
    /// How many kept deliveries hold on to a value or an identity of the chains.
    holds: HashMap<Hold, usize>,
    unplanned: VecDeque<DeliveryId>,
    held: Vec<Held>,
    /// Deliveries that may be forgotten, in the order in which they were finished.
    finished: VecDeque<DeliveryId>,
    queue: Queue,
}

/// A delivery that waits for its booking, and until when at the most.
#[derive(Debug)]
struct Held {
    until: Instant,
    id: DeliveryId,
    reading: Reading,
}

/// No delivery can be forgotten to make room.
#[derive(Debug)]
pub(super) struct Full;

/// Deciding about a delivery panicked.
struct Panicked;

/// What the chains keep because of a delivery.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
enum Hold {
    Booking(BookingUid),
    Identity(String),
    Value(String),
}

impl Ledger {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            bytes: 0,
            deliveries: BTreeMap::new(),
            fingerprints: HashMap::new(),
            chains: Chains::default(),
            holds: HashMap::new(),
            unplanned: VecDeque::new(),
            held: Vec::new(),
            finished: VecDeque::new(),
            queue: Queue::default(),
        }
    }

    pub(super) fn accept(&mut self, arrival: Arrival) -> Result<Accepted, Full> {
        if let Some(id) = self.repeated(&arrival) {
            return Ok(Accepted::Duplicate(id));
        }
        let size = arrival.body().len();
        while self.deliveries.len() >= self.capacity || self.bytes + size > BYTES {
            let oldest = self.finished.pop_front().ok_or(Full)?;
            self.forget(oldest);
        }
        self.bytes += size;
        let id = DeliveryId::new();
        self.fingerprints.insert(arrival.fingerprint(), id);
        self.deliveries.insert(id, Entry { arrival, planned: None, open: 0, tasks: Vec::new() });
        self.unplanned.push_back(id);
        Ok(Accepted::Stored(id))
    }

    fn repeated(&self, arrival: &Arrival) -> Option<DeliveryId> {
        let id = *self.fingerprints.get(&arrival.fingerprint())?;
        let earlier = self.deliveries.get(&id)?;
        let parsed = match &earlier.planned {
            Some(planned) => planned.parsed,
            None => earlier.arrival.parse().parsed(),
        };
        let age = arrival.received_at() - earlier.arrival.received_at();
        (parsed != Parsed::Opaque || age < OPAQUE_REPEAT).then_some(id)
    }

    fn forget(&mut self, id: DeliveryId) {
        let Some(entry) = self.deliveries.remove(&id) else { return };
        self.bytes -= entry.arrival.body().len();
        let fingerprint = entry.arrival.fingerprint();
        if self.fingerprints.get(&fingerprint) == Some(&id) {
            self.fingerprints.remove(&fingerprint);
        }
        for task in entry.tasks {
            self.queue.remove(task);
        }
        for hold in entry.planned.map(|planned| planned.holds).unwrap_or_default() {
            self.release(&hold);
        }
    }

    /// Lets go of what the chains keep, once no delivery holds on to it.
    fn release(&mut self, hold: &Hold) {
        if let Hold::Booking(uid) = hold {
            return self.chains.release(uid);
        }
        let Some(count) = self.holds.get_mut(hold) else { return };
        *count -= 1;
        if *count > 0 {
            return;
        }
        self.holds.remove(hold);
        match hold {
            Hold::Booking(_) => {}
            Hold::Identity(identity) => self.chains.forget_identity(identity),
            Hold::Value(key) => self.chains.forget_value(key),
        }
    }

    /// Finishes what is not planned without reading it.
    pub(super) fn finish_unread(&mut self) -> usize {
        let count = self.unplanned.len();
        self.finished.extend(self.unplanned.drain(..));
        count
    }

    /// Takes bodies to read; what was taken must be given to [`Ledger::plan`].
    pub(super) fn unplanned(&mut self, limit: usize) -> Vec<(DeliveryId, Bytes, DateTime<Utc>)> {
        let mut bytes = 0;
        let fits = |id: &&DeliveryId| {
            let is_first = bytes == 0;
            bytes += self.deliveries.get(id).map_or(0, |entry| entry.arrival.body().len()).max(1);
            is_first || bytes <= ROUND
        };
        let count = self.unplanned.iter().take(limit).take_while(fits).count();
        let ids: Vec<_> = self.unplanned.drain(..count).collect();
        ids.into_iter()
            .filter_map(|id| {
                let arrival = &self.deliveries.get(&id)?.arrival;
                Some((id, arrival.body().clone(), arrival.received_at()))
            })
            .collect()
    }

    pub(super) fn plan(
        &mut self,
        id: DeliveryId,
        delivery: Delivery,
        reading: Option<&Reading>,
        hooks: &Dispatcher,
        now: Moment,
    ) {
        let ruling = match reading.map(|it| self.decide(it, &delivery, Turn::First, now.wall())) {
            Some(Err(Panicked)) => return self.fail(id),
            Some(Ok(ruling)) => Some(ruling),
            None => None,
        };
        let holds = reading.map(|reading| self.hold(reading, ruling.as_ref()));
        let holds = holds.unwrap_or_default();
        let Some(entry) = self.deliveries.get_mut(&id) else { return };
        let received_at = entry.arrival.received_at();
        entry.planned = Some(Planned {
            parsed: delivery.parsed(),
            trigger: delivery.event.trigger().map(|trigger| trigger.as_str().to_owned()),
            at: delivery.created_at.unwrap_or(received_at),
            delivery: Some(Arc::new(delivery)),
            transition: None,
            uid: None,
            decision: Decision::Applied,
            holds,
        });
        self.rule(id, ruling, reading, hooks, now);
    }

    /// Decides what a delivery means, and drops the tasks that it leaves behind.
    fn decide(
        &mut self,
        reading: &Reading,
        delivery: &Delivery,
        turn: Turn,
        now: DateTime<Utc>,
    ) -> Result<Ruling, Panicked> {
        // What a decision that panics has added are facts, which stay true.
        let decided = catch_unwind(AssertUnwindSafe(|| {
            crash::panic_over("deciding", delivery.body());
            self.chains.decide(reading, turn, now)
        }));
        let ruling = decided.map_err(|_| Panicked)?;
        self.supersede(&ruling);
        Ok(ruling)
    }

    /// Sets a delivery aside that cannot be planned, so that others can.
    pub(super) fn fail(&mut self, id: DeliveryId) {
        let Some(entry) = self.deliveries.get_mut(&id) else { return };
        tracing::error!(delivery = %id, "a delivery cannot be planned and is set aside");
        metrics::failed();
        entry.planned = Some(Planned {
            // Its bytes recognise it: nobody knows what it says.
            parsed: Parsed::Unknown,
            trigger: None,
            at: entry.arrival.received_at(),
            delivery: None,
            transition: None,
            uid: None,
            decision: Decision::Failed,
            holds: Vec::new(),
        });
        self.finished.push_back(id);
    }

    /// Holds on to what the chains know because of a delivery.
    fn hold(&mut self, reading: &Reading, ruling: Option<&Ruling>) -> Vec<Hold> {
        let mut holds = holds(reading, ruling);
        holds.retain(|hold| match hold {
            Hold::Booking(uid) => self.chains.hold(uid),
            Hold::Identity(_) | Hold::Value(_) => {
                *self.holds.entry(hold.clone()).or_default() += 1;
                true
            }
        });
        holds
    }

    /// Decides again about deliveries whose booking has come, or that have waited long enough.
    pub(super) fn release_held(&mut self, hooks: &Dispatcher, now: Moment) -> usize {
        let held = std::mem::take(&mut self.held);
        let mut released = 0;
        for waiting in held {
            let Held { until, id, reading } = &waiting;
            let planned = self.deliveries.get(id).and_then(|entry| entry.planned.as_ref());
            let Some(delivery) = planned.and_then(|it| it.delivery.clone()) else { continue };
            // A fee names its booking by a number that may have become known meanwhile.
            let uid = self.chains.uid_of(reading);
            let is_late = *until <= now.machine();
            if !is_late && !uid.is_some_and(|uid| self.chains.is_known(&uid)) {
                self.held.push(waiting);
                continue;
            }
            released += 1;
            // Waiting goes by the machine's clock.
            let wall = if is_late { DateTime::<Utc>::MAX_UTC } else { now.wall() };
            match self.decide(reading, &delivery, Turn::Held, wall) {
                Ok(ruling) => self.rule(*id, Some(ruling), Some(reading), hooks, now),
                Err(Panicked) => self.fail(*id),
            }
        }
        released
    }

    /// Writes down what was decided, and makes the tasks.
    fn rule(
        &mut self,
        id: DeliveryId,
        ruling: Option<Ruling>,
        reading: Option<&Reading>,
        hooks: &Dispatcher,
        now: Moment,
    ) {
        // There is no state to compare of what nobody understands; it reaches the hooks.
        let decision = ruling.as_ref().map_or(Decision::Applied, |ruling| ruling.decision);
        let Some(entry) = self.deliveries.get_mut(&id) else { return };
        let Some(planned) = &mut entry.planned else { return };
        planned.decision = decision;
        planned.uid = ruling.as_ref().and_then(|ruling| ruling.uid.clone());
        planned.transition = ruling.as_ref().map(|ruling| ruling.transition.clone());
        let until = ruling.as_ref().and_then(|ruling| ruling.held_until);
        if let Some((until, reading)) = until.zip(reading) {
            let (until, reading) = (now.machine_at(until), reading.clone());
            self.held.push(Held { until, id, reading });
            return;
        }
        let mut works = Vec::new();
        if decision == Decision::Applied {
            let delivery = planned.delivery.as_deref();
            let received_at = entry.arrival.received_at();
            for hook in hooks.names() {
                let record = TaskRecord::new(TaskId::new(), id, hook.to_owned(), received_at);
                works.push(record);
                let wanted = planned.transition.as_ref().zip(delivery);
                let wanted = wanted.map(|(now, delivery)| hooks.reminders(hook, now, delivery));
                works.extend(wanted.iter().flatten().map(|reminder| later(id, hook, reminder)));
            }
        }
        entry.open = works.len();
        entry.tasks = works.iter().map(|record| record.id).collect();
        if works.is_empty() {
            planned.delivery = None;
            self.finished.push_back(id);
        }
        let chain = planned.uid.as_ref().and_then(|uid| self.chains.chain_of(uid)).cloned();
        let standing = ruling.map(Standing::of);
        for record in works {
            // Reminders stand outside the order of their chain.
            let lane = chain.clone().filter(|_| record.reminder.is_none());
            let due = now.machine_at(record.due_at);
            let expires = record.expires_at.map(|at| now.machine_at(at));
            self.queue.add(Work::new(record, lane, standing.clone(), (due, expires)));
        }
    }

    /// Drops the tasks that a decision has left behind.
    fn supersede(&mut self, ruling: &Ruling) {
        for (old, new) in self.chains.take_changes().renamed {
            self.queue.rename(&old, &new);
        }
        for overtaken in &ruling.overtaken {
            for task in self.queue.overtaken(overtaken) {
                self.close(task, TaskState::Superseded, None);
            }
        }
    }

    pub(super) fn claim(
        &mut self,
        hook: &str,
        limit: usize,
        now: Moment,
        lease: Duration,
    ) -> Vec<Task> {
        let mut tasks = Vec::new();
        for id in self.queue.due(hook, limit, now.machine()) {
            let Some(work) = self.queue.get_mut(id) else { continue };
            if work.is_expired(now.machine()) {
                let error = "it had expired when it was due".to_owned();
                self.close(id, TaskState::Skipped, Some(error));
            } else if work.is_superseded() {
                self.close(id, TaskState::Superseded, None);
            } else {
                self.queue.wait_until(id, Some(now.machine_after(lease)));
                tasks.extend(self.start(id, now.machine()));
            }
        }
        tasks
    }

    fn start(&mut self, id: TaskId, now: Instant) -> Option<Task> {
        let work = self.queue.get_mut(id)?;
        let entry = self.deliveries.get(&work.record.delivery_id)?;
        let planned = entry.planned.as_ref()?;
        let delivery = planned.delivery.clone()?;
        let (received_at, transition) = (entry.arrival.received_at(), planned.transition.clone());
        Some(work.start(now, received_at, transition, delivery))
    }

    pub(super) fn renew(
        &mut self,
        tasks: &[Arc<Task>],
        now: Moment,
        lease: Duration,
    ) -> Vec<TaskId> {
        let held = |task: &&Arc<Task>| self.queue.get(task.id).is_some_and(|it| it.is_held(task));
        let held: Vec<_> = tasks.iter().filter(held).map(|task| task.id).collect();
        for id in &held {
            self.queue.wait_until(*id, Some(now.machine_after(lease)));
        }
        held
    }

    pub(super) fn settle(&mut self, task: &Task, settlement: Settlement, now: Moment) -> bool {
        let Some(work) = self.queue.get_mut(task.id).filter(|work| work.is_held(task)) else {
            return false;
        };
        let again = match settlement {
            Settlement::Done => return self.close(task.id, TaskState::Done, None),
            Settlement::Dead { error } => {
                return self.close(task.id, TaskState::Dead, Some(error));
            }
            Settlement::Released => {
                work.record.attempts -= 1;
                Duration::ZERO
            }
            Settlement::Retry { after, error } => {
                work.record.last_error = Some(error);
                after
            }
        };
        if work.is_superseded() {
            return self.close(task.id, TaskState::Superseded, None);
        }
        work.record.state =
            if work.record.attempts == 0 { TaskState::Waiting } else { TaskState::Retry };
        work.record.due_at = now.wall_after(again);
        work.due = now.machine_after(again);
        self.queue.wait(task.id);
        true
    }

    /// Ends a task for good, and lets the next one of its lane go.
    fn close(&mut self, id: TaskId, state: TaskState, error: Option<String>) -> bool {
        let Some(delivery) = self.queue.close(id, state, error) else { return false };
        if let Some(entry) = self.deliveries.get_mut(&delivery) {
            entry.open -= 1;
            if entry.open == 0 {
                if let Some(planned) = &mut entry.planned {
                    planned.delivery = None;
                }
                self.finished.push_back(delivery);
            }
        }
        true
    }

    pub(super) fn move_to(&mut self, id: TaskId, due_at: DateTime<Utc>, now: Moment) -> bool {
        self.queue.move_to(id, due_at, now)
    }

    pub(super) fn cancel(&mut self, id: TaskId) -> bool {
        let waits = self.queue.get(id).is_some_and(Work::waits);
        waits && self.close(id, TaskState::Skipped, None)
    }

    pub(super) fn next_due(&self, hooks: &[&str]) -> Option<Instant> {
        let held = self.held.iter().map(|held| held.until);
        self.queue.next_due(hooks).into_iter().chain(held).min()
    }

    pub(super) fn is_idle(&self) -> bool {
        self.finished.len() == self.deliveries.len()
    }

    pub(super) fn deliveries(
        &self,
        limit: usize,
        before: Option<DeliveryId>,
    ) -> Vec<DeliveryRecord> {
        let older = |(id, _): &(&DeliveryId, &Entry)| before.is_none_or(|before| **id < before);
        let record = |(id, entry): (&DeliveryId, &Entry)| entry.record(*id);
        self.deliveries.iter().rev().filter(older).take(limit).map(record).collect()
    }

    pub(super) fn tasks(&self, limit: usize, before: Option<TaskId>) -> Vec<TaskRecord> {
        let older = |record: &&TaskRecord| before.is_none_or(|before| record.id < before);
        self.queue.records().filter(older).take(limit).cloned().collect()
    }

    pub(super) fn bookings(&self, limit: usize, after: Option<&BookingUid>) -> Vec<BookingRecord> {
        let mut uids: Vec<_> = self.chains.uids().collect();
        uids.sort();
        let later = |uid: &&BookingUid| after.is_none_or(|after| *uid > after);
        let rows = uids.into_iter().filter(later).filter_map(|uid| self.chains.booking(uid));
        rows.take(limit).map(|row| self.record(row)).collect()
    }

    fn record(&self, row: BookingRow) -> BookingRecord {
        let history = self.history(&row.uid);
        let first = self.chains.first_of(&row.uid).unwrap_or(&row.chain).clone();
        let paid = self.chains.is_paid(&row.uid);
        BookingRecord { chain: first, paid, ..BookingRecord::of(row, history) }
    }

    fn history(&self, uid: &BookingUid) -> Vec<HistoryItem> {
        let planned = self.deliveries.values().filter_map(|entry| entry.planned.as_ref());
        let about = planned.filter(|planned| planned.uid.as_ref() == Some(uid));
        about
            .filter_map(|planned| {
                let change = planned.transition.as_ref()?.change;
                Some(HistoryItem::new(planned.at, change.as_str().to_owned()))
            })
            .collect()
    }
}

fn later(delivery: DeliveryId, hook: &str, reminder: &Reminder) -> TaskRecord {
    TaskRecord {
        reminder: Some(reminder.name().to_owned()),
        expires_at: reminder.expiry(),
        ..TaskRecord::new(TaskId::new(), delivery, hook.to_owned(), reminder.due_at())
    }
}

fn holds(reading: &Reading, ruling: Option<&Ruling>) -> Vec<Hold> {
    let own = ruling.and_then(|ruling| ruling.uid.as_ref());
    let bookings = reading.uids().chain(own).map(|uid| Hold::Booking(uid.clone()));
    let values = reading.keys().map(|key| Hold::Value(key.to_owned()));
    let identity = reading.identity().map(|identity| Hold::Identity(identity.to_owned()));
    bookings.chain(values).chain(identity).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Signer, Verifier};

    /// Accepts a body at the start and again after a while, and tells whether it was a repeat.
    fn is_repeat(body: &'static str, after: TimeDelta) -> bool {
        let mut ledger = Ledger::new(10);
        let signature = Signer::new("secret").unwrap().sign(body);
        let verified = Verifier::new("secret").unwrap().verify(body, signature).unwrap();
        let first = Arrival::new(verified);
        let again = first.clone().received(first.received_at() + after);
        assert!(matches!(ledger.accept(first), Ok(Accepted::Stored(_))));
        matches!(ledger.accept(again), Ok(Accepted::Duplicate(_)))
    }

    #[test]
    fn bodies_without_identity_are_repeats_for_ten_minutes_only() {
        let [soon, late] = [TimeDelta::seconds(599), TimeDelta::seconds(600)];
        for opaque in ["false", "{}", "name=Piet"] {
            assert!(is_repeat(opaque, soon), "{opaque}");
            assert!(!is_repeat(opaque, late), "{opaque}");
        }
        let unknown = r#"{"triggerEvent":"BOOKING_CONFIRMED","payload":{}}"#;
        assert!(is_repeat(unknown, TimeDelta::days(365)));
    }
}
