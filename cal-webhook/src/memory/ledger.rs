//! What a [`MemoryStore`](super::MemoryStore) keeps, behind its lock.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use cal_core::{BookingUid, Delivery, Parsed};
use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

use crate::{
    Accepted, Arrival, Decision, DeliveryId, DeliveryRecord, Settlement, Task, TaskId, TaskRecord,
    TaskState, Transition, clock::Moment, signature::Tag,
};

/// How many bytes the bodies may have together.
const BYTES: usize = 64 * 1024 * 1024;

/// How long a body without identity counts as a repeat: two visitors may cause the same bytes.
const OPAQUE_REPEAT: TimeDelta = TimeDelta::minutes(10);

/// Tasks that must run one after the other: those of one hook about one booking.
type Lane = (String, BookingUid);

#[derive(Debug)]
pub(super) struct Ledger {
    capacity: usize,
    bytes: usize,
    deliveries: BTreeMap<DeliveryId, Entry>,
    fingerprints: HashMap<Tag, DeliveryId>,
    states: HashSet<String>,
    unplanned: VecDeque<DeliveryId>,
    /// Deliveries that may be forgotten, in the order in which they were finished.
    finished: VecDeque<DeliveryId>,
    tasks: BTreeMap<TaskId, Work>,
    lanes: HashMap<Lane, VecDeque<TaskId>>,
    /// Tasks that can be claimed, by hook: waiting ones at the head of their lane when due, and
    /// running ones when their lease ends.
    due: HashMap<String, BTreeSet<(Instant, TaskId)>>,
}

/// No delivery can be forgotten to make room.
#[derive(Debug)]
pub(super) struct Full;

#[derive(Debug)]
struct Entry {
    arrival: Arrival,
    planned: Option<Planned>,
    /// How many tasks are not settled for good.
    open: usize,
    tasks: Vec<TaskId>,
}

#[derive(Debug)]
struct Planned {
    /// The delivery while a hook may want it; it takes much more room than the body.
    delivery: Option<Arc<Delivery>>,
    parsed: Parsed,
    transition: Option<Transition>,
    decision: Decision,
    state: Option<String>,
}

#[derive(Debug)]
struct Work {
    record: TaskRecord,
    lane: Option<Lane>,
    /// When the task is due on the machine's clock.
    due: Instant,
    /// The key under which the task stands in the ledger's `due`, if it does.
    claimable_at: Option<Instant>,
}

impl Ledger {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            bytes: 0,
            deliveries: BTreeMap::new(),
            fingerprints: HashMap::new(),
            states: HashSet::new(),
            unplanned: VecDeque::new(),
            finished: VecDeque::new(),
            tasks: BTreeMap::new(),
            lanes: HashMap::new(),
            due: HashMap::new(),
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
        if let Some(state) = entry.planned.and_then(|planned| planned.state) {
            self.states.remove(&state);
        }
        for task in entry.tasks {
            self.tasks.remove(&task);
        }
    }

    /// Finishes what is not planned without reading it.
    pub(super) fn finish_unread(&mut self) -> usize {
        let count = self.unplanned.len();
        self.finished.extend(self.unplanned.drain(..));
        count
    }

    /// Takes bodies to read; what was taken must be given to [`Ledger::plan`].
    pub(super) fn unplanned(&mut self, limit: usize) -> Vec<(DeliveryId, Bytes)> {
        let count = limit.min(self.unplanned.len());
        let ids: Vec<_> = self.unplanned.drain(..count).collect();
        ids.into_iter()
            .filter_map(|id| Some((id, self.deliveries.get(&id)?.arrival.body().clone())))
            .collect()
    }

    pub(super) fn plan(
        &mut self,
        id: DeliveryId,
        delivery: Delivery,
        transition: Option<Transition>,
        hooks: &[String],
        now: Moment,
    ) {
        let mut state = transition.as_ref().and_then(Transition::state_key);
        let decision = if transition.as_ref().is_some_and(|transition| transition.stale) {
            state = None;
            Decision::Stale
        } else if state.as_ref().is_some_and(|state| !self.states.insert(state.clone())) {
            state = None;
            Decision::Same
        } else {
            Decision::Applied
        };
        let Some(entry) = self.deliveries.get_mut(&id) else { return };
        let received_at = entry.arrival.received_at();
        let uid = delivery.event.booking_uid().cloned();
        let hooks = if decision == Decision::Applied { hooks } else { &[] };
        let parsed = delivery.parsed();
        let delivery = (!hooks.is_empty()).then(|| Arc::new(delivery));
        entry.planned = Some(Planned { delivery, parsed, transition, decision, state });
        if hooks.is_empty() {
            self.finished.push_back(id);
        }
        let mut planned = Vec::with_capacity(hooks.len());
        for hook in hooks {
            let record = TaskRecord {
                id: TaskId::new(),
                delivery_id: id,
                hook: hook.clone(),
                state: TaskState::Waiting,
                attempts: 0,
                due_at: received_at,
                last_error: None,
            };
            planned.push((record, uid.clone().map(|uid| (hook.clone(), uid))));
        }
        entry.open = planned.len();
        entry.tasks = planned.iter().map(|(record, _)| record.id).collect();
        for (record, lane) in planned {
            self.enqueue(record, lane, now.machine());
        }
    }

    /// Adds a task behind the others of its lane.
    fn enqueue(&mut self, record: TaskRecord, lane: Option<Lane>, due: Instant) {
        let id = record.id;
        let first = match &lane {
            None => true,
            Some(lane) => {
                let queue = self.lanes.entry(lane.clone()).or_default();
                queue.push_back(id);
                queue.len() == 1
            }
        };
        self.tasks.insert(id, Work { record, lane, due, claimable_at: None });
        if first {
            self.wait(id);
        }
    }

    /// Makes a task claimable from when it is due.
    fn wait(&mut self, id: TaskId) {
        if let Some(work) = self.tasks.get(&id) {
            let due = work.due;
            self.claimable(id, Some(due));
        }
    }

    /// Sets from when a task can be claimed.
    fn claimable(&mut self, id: TaskId, at: Option<Instant>) {
        let Some(work) = self.tasks.get_mut(&id) else { return };
        let before = std::mem::replace(&mut work.claimable_at, at);
        if !self.due.contains_key(&work.record.hook) {
            self.due.insert(work.record.hook.clone(), BTreeSet::new());
        }
        let Some(due) = self.due.get_mut(&work.record.hook) else { return };
        if let Some(before) = before {
            due.remove(&(before, id));
        }
        if let Some(at) = at {
            due.insert((at, id));
        }
    }

    pub(super) fn claim(
        &mut self,
        hook: &str,
        limit: usize,
        now: Moment,
        lease: Duration,
    ) -> Vec<Task> {
        let Some(due) = self.due.get(hook) else { return Vec::new() };
        let due = due.iter().take_while(|(at, _)| *at <= now.machine()).take(limit);
        let ids: Vec<_> = due.map(|(_, id)| *id).collect();
        ids.into_iter()
            .filter_map(|id| {
                self.claimable(id, Some(now.machine_after(lease)));
                self.start(id)
            })
            .collect()
    }

    fn start(&mut self, id: TaskId) -> Option<Task> {
        let record = &mut self.tasks.get_mut(&id)?.record;
        let entry = self.deliveries.get(&record.delivery_id)?;
        let planned = entry.planned.as_ref()?;
        record.state = TaskState::Running;
        record.attempts += 1;
        Some(Task {
            id,
            delivery_id: record.delivery_id,
            hook: record.hook.clone(),
            reminder: None,
            attempt: record.attempts,
            fence: record.attempts.into(),
            due_at: record.due_at,
            received_at: entry.arrival.received_at(),
            transition: planned.transition.clone(),
            delivery: planned.delivery.clone()?,
        })
    }

    pub(super) fn renew(
        &mut self,
        tasks: &[Arc<Task>],
        now: Moment,
        lease: Duration,
    ) -> Vec<TaskId> {
        let mut held = Vec::with_capacity(tasks.len());
        for task in tasks {
            let Some(work) = self.tasks.get(&task.id) else { continue };
            if work.record.state == TaskState::Running
                && u64::from(work.record.attempts) == task.fence
            {
                self.claimable(task.id, Some(now.machine_after(lease)));
                held.push(task.id);
            }
        }
        held
    }

    pub(super) fn settle(&mut self, task: &Task, settlement: Settlement, now: Moment) -> bool {
        let Some(work) = self.tasks.get_mut(&task.id) else { return false };
        let record = &mut work.record;
        if record.state != TaskState::Running || u64::from(record.attempts) != task.fence {
            return false;
        }
        match settlement {
            Settlement::Released => {
                record.state = TaskState::Retry;
                work.due = now.machine();
                self.wait(task.id);
            }
            Settlement::Retry { after, error } => {
                let at = now.wall_after(after);
                record.state = TaskState::Retry;
                record.due_at = at;
                record.last_error = Some(error);
                work.due = now.machine_at(at);
                self.wait(task.id);
            }
            Settlement::Done => self.close(task.id, TaskState::Done, None),
            Settlement::Dead { error } => self.close(task.id, TaskState::Dead, Some(error)),
        }
        true
    }

    /// Ends a task for good, and lets the next one of its lane go.
    fn close(&mut self, id: TaskId, state: TaskState, error: Option<String>) {
        self.claimable(id, None);
        let Some(work) = self.tasks.get_mut(&id) else { return };
        work.record.state = state;
        work.record.last_error = error.or(work.record.last_error.take());
        let delivery = work.record.delivery_id;
        if let Some(lane) = work.lane.take() {
            self.leave(&lane, id);
        }
        if let Some(entry) = self.deliveries.get_mut(&delivery) {
            entry.open -= 1;
            if entry.open == 0 {
                if let Some(planned) = &mut entry.planned {
                    planned.delivery = None;
                }
                self.finished.push_back(delivery);
            }
        }
    }

    fn leave(&mut self, lane: &Lane, id: TaskId) {
        let Some(queue) = self.lanes.get_mut(lane) else { return };
        let was_first = queue.front() == Some(&id);
        queue.retain(|other| *other != id);
        match queue.front().copied() {
            None => drop(self.lanes.remove(lane)),
            Some(next) if was_first => self.wait(next),
            Some(_) => {}
        }
    }

    pub(super) fn move_to(&mut self, id: TaskId, due_at: DateTime<Utc>, now: Moment) -> bool {
        let Some(work) = self.tasks.get_mut(&id).filter(|work| waits(work)) else { return false };
        work.record.due_at = due_at;
        work.due = now.machine_at(due_at);
        if work.claimable_at.is_some() {
            self.wait(id);
        }
        true
    }

    pub(super) fn cancel(&mut self, id: TaskId) -> bool {
        let waits = self.tasks.get(&id).is_some_and(waits);
        if waits {
            self.close(id, TaskState::Skipped, None);
        }
        waits
    }

    pub(super) fn next_due(&self, hooks: &[&str]) -> Option<Instant> {
        let first = |hook: &&str| self.due.get(*hook).and_then(BTreeSet::first);
        hooks.iter().filter_map(first).map(|(at, _)| *at).min()
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
        let record = |(id, entry): (&DeliveryId, &Entry)| {
            let planned = entry.planned.as_ref();
            let kept = planned.and_then(|planned| planned.delivery.clone());
            let delivery = kept.unwrap_or_else(|| Arc::new(entry.arrival.parse()));
            DeliveryRecord {
                id: *id,
                received_at: entry.arrival.received_at(),
                source: entry.arrival.source(),
                headers: entry.arrival.headers().to_vec(),
                transition: match planned {
                    Some(planned) => planned.transition.clone(),
                    None => Transition::of(&delivery),
                },
                delivery,
                decision: planned.map(|planned| planned.decision),
            }
        };
        self.deliveries.iter().rev().filter(older).take(limit).map(record).collect()
    }

    pub(super) fn tasks(&self, limit: usize, before: Option<TaskId>) -> Vec<TaskRecord> {
        let records = self.tasks.values().rev().map(|work| &work.record);
        records
            .filter(|record| before.is_none_or(|before| record.id < before))
            .take(limit)
            .cloned()
            .collect()
    }
}

fn waits(work: &Work) -> bool {
    matches!(work.record.state, TaskState::Retry | TaskState::Waiting)
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
