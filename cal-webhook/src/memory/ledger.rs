//! What a [`MemoryStore`](super::MemoryStore) keeps, behind its lock.

mod entry;
mod plan;
mod queue;

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use cal_core::{BookingUid, Parsed};
use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

use crate::{
    Accepted, Arrival, BookingRecord, BookingRow, Chains, Decision, DeliveryId, DeliveryRecord,
    HistoryItem, Reading, Settlement, Task, TaskId, TaskRecord, TaskState, clock::Moment,
    signature::Tag,
};

use entry::Entry;
use queue::{Queue, Work};

/// How many bytes the bodies may have together.
const BYTES: usize = 64 * 1024 * 1024;

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
        match hold {
            Hold::Booking(uid) => self.chains.release(uid),
            Hold::Identity(identity) if self.is_last(hold) => self.chains.forget_identity(identity),
            Hold::Value(key) if self.is_last(hold) => self.chains.forget_value(key),
            Hold::Identity(_) | Hold::Value(_) => {}
        }
    }

    /// Counts a hold less, and tells whether it was the last one.
    fn is_last(&mut self, hold: &Hold) -> bool {
        let Some(count) = self.holds.get_mut(hold) else { return false };
        *count -= 1;
        *count == 0 && self.holds.remove(hold).is_some()
    }

    /// Finishes what is not planned without reading it.
    pub(super) fn finish_unread(&mut self) -> usize {
        let count = self.unplanned.len();
        self.finished.extend(self.unplanned.drain(..));
        count
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

    pub(super) fn pause(&mut self, hook: &str, time: Duration, now: Moment) {
        self.queue.pause(hook, now.machine_after(time));
    }

    /// Returns what a task told in its first attempt, which is this unless there was one; `None` when
    /// the claim was lost.
    pub(super) fn keep_facts(&mut self, task: &Task, facts: &str) -> Option<String> {
        let Some(work) = self.queue.get_mut(task.id) else { return Some(facts.to_owned()) };
        let work = Some(work).filter(|work| work.is_held(task))?;
        Some(work.facts.get_or_insert_with(|| facts.to_owned()).clone())
    }

    /// Returns the bodies of up to `limit` deliveries about a booking that count, in the order in which
    /// they were made.
    pub(super) fn reports(&self, uid: &BookingUid, limit: usize) -> Vec<Bytes> {
        let counts = |planned: &&entry::Planned| {
            planned.uid.as_ref() == Some(uid)
                && matches!(
                    planned.decision,
                    Decision::Applied | Decision::Revision | Decision::Same
                )
        };
        let about = self.deliveries.values().rev().filter_map(|entry| {
            let planned = entry.planned.as_ref().filter(counts)?;
            Some((planned.at, entry.arrival.body().clone()))
        });
        let mut bodies: Vec<_> = about.take(limit).collect();
        bodies.reverse();
        bodies.sort_by_key(|(at, _)| *at);
        bodies.into_iter().map(|(_, body)| body).collect()
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
