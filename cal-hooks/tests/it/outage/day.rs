//! A simulated day: its clock, and what is open at a moment of it.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use cal_store::{SqlStore, TestClock};
use cal_webhook::{Accepted, DeliveryId, Receiver, TaskRecord, TaskState};
use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::{self, Instant};

use crate::bodies::arrival;

/// No task is this close to its time when the clock is set forward further: one that runs while an
/// hour passes would lose its claim.
const CLOSE: TimeDelta = TimeDelta::seconds(3);

/// The steps in which time passes.
const STEPS: [TimeDelta; 2] = [TimeDelta::minutes(1), TimeDelta::minutes(30)];

/// How long the worker may take in real time for what is due at one moment.
const PATIENCE: Duration = Duration::from_secs(60);

/// The time of the test: the real one, and what it was set forward by.
#[derive(Clone)]
pub(super) struct Time {
    pub(super) clock: TestClock,
    pub(super) start: DateTime<Utc>,
    ahead: Arc<AtomicI64>,
}

impl Time {
    pub(super) fn new() -> Self {
        Self { clock: TestClock::new(), start: real(), ahead: Arc::default() }
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        real() + TimeDelta::microseconds(self.ahead.load(Ordering::SeqCst))
    }

    /// How many whole hours have passed.
    pub(super) fn hour(&self) -> i64 {
        (self.now() - self.start).num_hours()
    }

    fn advance(&self, by: TimeDelta) {
        self.ahead.fetch_add(by.num_microseconds().unwrap(), Ordering::SeqCst);
        self.clock.advance(by.to_std().unwrap());
    }
}

pub(super) struct Day {
    pub(super) time: Time,
    pub(super) store: SqlStore,
    receiver: Receiver,
    /// The chains of deliveries: tasks of one chain come one after the other.
    chains: Mutex<HashMap<DeliveryId, String>>,
}

impl Day {
    pub(super) fn new(time: Time, store: SqlStore, receiver: Receiver) -> Self {
        receiver.start();
        Self { time, store, receiver, chains: Mutex::default() }
    }

    /// Receives news about a chain of bookings.
    pub(super) async fn receive(&self, chain: &str, body: &str) {
        let accepted = self.receiver.accept(arrival(body)).await.unwrap();
        let Accepted::Stored(id) = accepted else { panic!("{accepted:?}") };
        self.chains.lock().unwrap().insert(id, chain.to_owned());
    }

    /// Lets time pass until so many hours after the start; whatever gets due meanwhile is done.
    pub(super) async fn pass_until(&self, hour: i64) {
        let end = self.time.start + TimeDelta::hours(hour);
        loop {
            let next = self.quiet().await;
            let left = end - self.time.now();
            if left <= TimeDelta::zero() {
                return;
            }
            let [least, most] = STEPS;
            let step = match next.map(|due_at| due_at - self.time.now()) {
                Some(wait) if wait < CLOSE => CLOSE,
                Some(wait) => wait.clamp(least, most),
                None => most,
            };
            self.time.advance(step.min(left));
        }
    }

    /// Waits until nothing is left to be done now, and returns when there is.
    pub(super) async fn quiet(&self) -> Option<DateTime<Utc>> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let counters = self.store.counters().await.unwrap();
            let tasks = self.tasks().await;
            assert!(tasks.iter().all(|task| task.state != TaskState::Dead), "{tasks:#?}");
            let open: Vec<_> = tasks.iter().filter(|task| is_open(task)).collect();
            let runs = open.iter().any(|task| task.state == TaskState::Running);
            let paused = self.store.paused().await.unwrap();
            let due_at = |task: &&TaskRecord| match paused.get(&task.hook) {
                Some(until) => task.due_at.max(*until),
                None => task.due_at,
            };
            let next = open.iter().copied().filter(|task| !self.is_behind(task, &open));
            let next = next.map(|task| due_at(&task)).min();
            let is_due = next.is_some_and(|due_at| due_at <= self.time.now());
            if counters.unplanned == 0 && !runs && !is_due {
                return next;
            }
            assert!(Instant::now() < deadline, "at hour {}: {open:#?}", self.time.hour());
            time::sleep(Duration::from_millis(3)).await;
        }
    }

    /// Stops the worker and closes the store.
    pub(super) async fn end(self) {
        self.receiver.shutdown(Duration::ZERO).await;
        self.store.close().await;
    }

    pub(super) async fn tasks(&self) -> Vec<TaskRecord> {
        self.store.tasks(1000, None).await.unwrap()
    }

    /// Whether a task waits for an earlier one of its hook and its chain.
    fn is_behind(&self, task: &TaskRecord, open: &[&TaskRecord]) -> bool {
        let chains = self.chains.lock().unwrap();
        let chain = |task: &TaskRecord| chains.get(&task.delivery_id).cloned();
        let lane = |task: &TaskRecord| (task.hook.clone(), chain(task));
        let mut earlier = open.iter().filter(|it| it.reminder.is_none() && it.id < task.id);
        task.reminder.is_none() && earlier.any(|it| lane(it) == lane(task))
    }
}

pub(super) fn is_open(task: &TaskRecord) -> bool {
    matches!(task.state, TaskState::Retry | TaskState::Running | TaskState::Waiting)
}

#[expect(clippy::disallowed_methods, reason = "the clock that the test clock starts from")]
fn real() -> DateTime<Utc> {
    Utc::now()
}
