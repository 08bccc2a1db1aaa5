//! Tasks in memory: which of them can be claimed, and when.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use cal_core::{BookingUid, Delivery};
use chrono::{DateTime, Utc};
use tokio::time::Instant;

use crate::{
    DeliveryId, Overtaken, Ruling, Task, TaskId, TaskRecord, TaskState, Transition, clock::Moment,
};

/// Tasks that must run one after the other: those of one hook about one chain.
type Lane = (String, BookingUid);

/// A booking with all its seats, or one seat of it.
type Place = (BookingUid, Option<i32>);

#[derive(Debug, Default)]
pub(super) struct Queue {
    tasks: BTreeMap<TaskId, Work>,
    lanes: HashMap<Lane, BTreeSet<TaskId>>,
    /// Tasks about a booking, and about one seat of it, by their rank.
    by_booking: HashMap<Place, BTreeSet<(i16, TaskId)>>,
    /// Tasks that can be claimed, by hook: waiting ones at the head of their lane when due, and
    /// running ones when their lease ends.
    due: HashMap<String, BTreeSet<(Instant, TaskId)>>,
    /// Until when hooks wait because the other side has asked them to.
    paused: HashMap<String, Instant>,
}

#[derive(Debug)]
pub(super) struct Work {
    pub(super) record: TaskRecord,
    /// When the task is due on the machine's clock.
    pub(super) due: Instant,
    expires: Option<Instant>,
    lane: Option<Lane>,
    standing: Option<Standing>,
    superseded: bool,
    fence: u64,
    /// A digest of what the first attempt told.
    pub(super) facts: Option<String>,
    /// The key under which the task stands in the queue's `due`, if it does.
    claimable_at: Option<Instant>,
}

/// What a task is about, and how far that had come.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    uid: Option<BookingUid>,
    seat: Option<i32>,
    rank: i16,
}

impl Standing {
    pub(super) fn of(ruling: Ruling) -> Self {
        Self { uid: ruling.uid, seat: ruling.seat, rank: ruling.rank }
    }

    /// The booking, and the seat of it.
    fn places(&self) -> impl Iterator<Item = Place> + use<> {
        let seats = [Some(None), self.seat.map(Some)].into_iter().flatten();
        let places = self.uid.clone().map(|uid| seats.map(move |seat| (uid.clone(), seat)));
        places.into_iter().flatten()
    }
}

impl Work {
    pub(super) fn new(
        record: TaskRecord,
        chain: Option<BookingUid>,
        standing: Option<Standing>,
        (due, expires): (Instant, Option<Instant>),
    ) -> Self {
        let lane = chain.map(|chain| (record.hook.clone(), chain));
        Self {
            record,
            due,
            expires,
            lane,
            standing,
            superseded: false,
            fence: 0,
            facts: None,
            claimable_at: None,
        }
    }

    pub(super) fn waits(&self) -> bool {
        matches!(self.record.state, TaskState::Retry | TaskState::Waiting)
    }

    pub(super) fn is_expired(&self, now: Instant) -> bool {
        self.expires.is_some_and(|at| at <= now)
    }

    pub(super) fn is_superseded(&self) -> bool {
        self.superseded
    }

    pub(super) fn is_held(&self, task: &Task) -> bool {
        self.record.state == TaskState::Running && self.fence == task.fence
    }

    /// Counts an attempt and hands the task out.
    pub(super) fn start(
        &mut self,
        now: Instant,
        received_at: DateTime<Utc>,
        transition: Option<Transition>,
        delivery: Arc<Delivery>,
    ) -> Task {
        self.record.state = TaskState::Running;
        self.record.attempts += 1;
        self.fence += 1;
        Task {
            id: self.record.id,
            delivery_id: self.record.delivery_id,
            hook: self.record.hook.clone(),
            reminder: self.record.reminder.clone(),
            attempt: self.record.attempts,
            fence: self.fence,
            due_at: self.record.due_at,
            expires_in: self.expires.map(|at| at.saturating_duration_since(now)),
            received_at,
            transition,
            delivery,
        }
    }
}

impl Queue {
    pub(super) fn get(&self, id: TaskId) -> Option<&Work> {
        self.tasks.get(&id)
    }

    pub(super) fn get_mut(&mut self, id: TaskId) -> Option<&mut Work> {
        self.tasks.get_mut(&id)
    }

    /// Returns all tasks, newest first.
    pub(super) fn records(&self) -> impl Iterator<Item = &TaskRecord> {
        self.tasks.values().rev().map(|work| &work.record)
    }

    /// Adds a task behind the others of its lane.
    pub(super) fn add(&mut self, work: Work) {
        let id = work.record.id;
        let first = match &work.lane {
            None => true,
            Some(lane) => {
                let queue = self.lanes.entry(lane.clone()).or_default();
                queue.insert(id);
                queue.len() == 1
            }
        };
        for place in work.standing.iter().flat_map(Standing::places) {
            let rank = work.standing.as_ref().map_or(i16::MAX, |standing| standing.rank);
            self.by_booking.entry(place).or_default().insert((rank, id));
        }
        self.tasks.insert(id, work);
        if first {
            self.wait(id);
        }
    }

    pub(super) fn remove(&mut self, id: TaskId) {
        self.tasks.remove(&id);
    }

    /// Returns tasks of a hook that can be claimed, those that are due longest first.
    pub(super) fn due(&self, hook: &str, limit: usize, now: Instant) -> Vec<TaskId> {
        if self.paused.get(hook).is_some_and(|until| *until > now) {
            return Vec::new();
        }
        let Some(due) = self.due.get(hook) else { return Vec::new() };
        let due = due.iter().take_while(|(at, _)| *at <= now).take(limit);
        due.map(|(_, id)| *id).collect()
    }

    pub(super) fn next_due(&self, hooks: &[&str]) -> Option<Instant> {
        let first = |hook: &&str| {
            let (at, _) = self.due.get(*hook)?.first()?;
            Some(self.paused.get(*hook).map_or(*at, |until| (*at).max(*until)))
        };
        hooks.iter().filter_map(first).min()
    }

    /// Lets no task of a hook be claimed until then.
    pub(super) fn pause(&mut self, hook: &str, until: Instant) {
        let paused = self.paused.entry(hook.to_owned()).or_insert(until);
        *paused = until.max(*paused);
    }

    /// Makes a task claimable from when it is due.
    pub(super) fn wait(&mut self, id: TaskId) {
        let due = self.tasks.get(&id).map(|work| work.due);
        self.wait_until(id, due);
    }

    /// Sets from when a task can be claimed.
    pub(super) fn wait_until(&mut self, id: TaskId, at: Option<Instant>) {
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

    pub(super) fn move_to(&mut self, id: TaskId, due_at: DateTime<Utc>, now: Moment) -> bool {
        let Some(work) = self.tasks.get_mut(&id).filter(|work| work.waits()) else { return false };
        work.record.due_at = due_at;
        work.due = now.machine_at(due_at);
        if work.claimable_at.is_some() {
            self.wait(id);
        }
        true
    }

    /// Ends a task for good, lets the next one of its lane go, and returns its delivery.
    pub(super) fn close(
        &mut self,
        id: TaskId,
        state: TaskState,
        error: Option<String>,
    ) -> Option<DeliveryId> {
        self.wait_until(id, None);
        let work = self.tasks.get_mut(&id)?;
        work.record.state = state;
        work.record.last_error = error.or(work.record.last_error.take());
        let delivery = work.record.delivery_id;
        if let Some(standing) = work.standing.take() {
            for place in standing.places() {
                if let Some(tasks) = self.by_booking.get_mut(&place) {
                    tasks.remove(&(standing.rank, id));
                    if tasks.is_empty() {
                        self.by_booking.remove(&place);
                    }
                }
            }
        }
        if let Some(lane) = work.lane.take() {
            self.leave(&lane, id);
        }
        Some(delivery)
    }

    fn leave(&mut self, lane: &Lane, id: TaskId) {
        let Some(queue) = self.lanes.get_mut(lane) else { return };
        let was_first = queue.first() == Some(&id);
        queue.remove(&id);
        match queue.first().copied() {
            None => drop(self.lanes.remove(lane)),
            Some(next) if was_first => self.let_go(next),
            Some(_) => {}
        }
    }

    /// Makes the first task of a lane claimable, unless it runs.
    fn let_go(&mut self, id: TaskId) {
        if self.tasks.get(&id).is_some_and(Work::waits) {
            self.wait(id);
        }
    }

    /// Lets the tasks of a chain go on in the one that has taken it in, in the order of all.
    pub(super) fn rename(&mut self, old: &BookingUid, new: &BookingUid) {
        let hooks: Vec<String> = self.due.keys().cloned().collect();
        for hook in hooks {
            let Some(moved) = self.lanes.remove(&(hook.clone(), old.clone())) else { continue };
            let lane = (hook, new.clone());
            for id in &moved {
                if let Some(work) = self.tasks.get_mut(id) {
                    work.lane = Some(lane.clone());
                }
            }
            let queue = self.lanes.entry(lane.clone()).or_default();
            let heads = [queue.first(), moved.first()].map(|head| head.copied());
            queue.extend(moved);
            let first = queue.first().copied();
            for head in heads.into_iter().flatten() {
                if self.tasks.get(&head).is_some_and(Work::waits) {
                    self.wait_until(head, None);
                }
            }
            if let Some(first) = first {
                self.let_go(first);
            }
        }
    }

    /// Marks the tasks that a decision has left behind, and returns those that wait.
    pub(super) fn overtaken(&mut self, overtaken: &Overtaken) -> Vec<TaskId> {
        let place = (overtaken.uid.clone(), overtaken.seat);
        let Some(tasks) = self.by_booking.get(&place) else { return Vec::new() };
        let mut waiting = Vec::new();
        for (_, id) in tasks.range(..(overtaken.below, TaskId::MIN)) {
            let Some(work) = self.tasks.get_mut(id) else { continue };
            work.superseded = true;
            waiting.extend(work.waits().then_some(*id));
        }
        waiting
    }
}
