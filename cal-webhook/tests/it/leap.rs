//! The store's clock leaps over a claim, and the worker's next claim brings the task again.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use cal_webhook::{
    Accepted, Arrival, Dispatcher, Hook, MemoryStore, Receiver, Settlement, Store, StoreError,
    Task, TaskId, Verifier,
};
use chrono::{DateTime, Utc};
use serde_json::json;
use tokio::{
    sync::Notify,
    time::{sleep, timeout},
};

use crate::bodies::{SECRET, arrival, booking};

/// Longer than anything here takes, so that a test that waits in vain fails.
const HOUR: Duration = Duration::from_secs(60 * 60);

/// A store that gives its first task out once more, and answers late that it has.
#[derive(Clone, Default)]
struct Leaping {
    store: MemoryStore,
    state: Arc<Mutex<State>>,
    /// The answer to the second claim of the task.
    answer: Arc<Notify>,
}

#[derive(Default)]
struct State {
    first: Option<Task>,
    /// Whether the clock leaps before the next claim.
    leaps: bool,
    /// Whether the task was claimed a second time.
    is_claimed: bool,
    /// How often something was refused because of that.
    refused: usize,
}

impl Leaping {
    fn state<T>(&self, read: impl FnOnce(&mut State) -> T) -> T {
        read(&mut self.state.lock().unwrap())
    }

    /// Whether this is the first claim of a task that was claimed again.
    fn refuses(&self, task: &Task) -> bool {
        self.state(|state| {
            let is_old = state.first.as_ref().is_some_and(|first| first.fence == task.fence);
            let refuses = state.is_claimed && is_old && self.is_first(state, task);
            state.refused += usize::from(refuses);
            refuses
        })
    }

    fn is_first(&self, state: &State, task: &Task) -> bool {
        state.first.as_ref().is_some_and(|first| first.id == task.id)
    }

    /// Returns a task with the claim that the store in memory knows.
    fn as_kept(&self, task: &Task) -> Task {
        let is_second = self.state(|state| state.is_claimed && self.is_first(state, task));
        Task { fence: task.fence - u64::from(is_second), ..task.clone() }
    }

    /// Waits for a condition.
    async fn until(&self, holds: impl Fn(&State) -> bool) {
        let waited = async {
            while !self.state(|state| holds(state)) {
                sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(HOUR, waited).await.unwrap();
    }
}

impl Store for Leaping {
    async fn accept(&self, arrival: Arrival) -> Result<Accepted, StoreError> {
        self.store.accept(arrival).await
    }

    async fn plan(&self, hooks: &Dispatcher) -> Result<usize, StoreError> {
        self.store.plan(hooks).await
    }

    async fn claim(
        &self,
        hooks: &[(&str, usize)],
        lease: Duration,
    ) -> Result<Vec<Task>, StoreError> {
        if let Some(first) = self.state(|state| {
            state.is_claimed |= state.leaps;
            state.first.clone().filter(|_| std::mem::take(&mut state.leaps))
        }) {
            self.answer.notified().await;
            return Ok(vec![Task { fence: first.fence + 1, ..first }]);
        }
        let tasks = self.store.claim(hooks, lease).await?;
        self.state(|state| state.first = state.first.take().or_else(|| tasks.first().cloned()));
        Ok(tasks)
    }

    async fn renew(&self, tasks: &[Arc<Task>], lease: Duration) -> Result<Vec<TaskId>, StoreError> {
        let held = tasks.iter().filter(|task| !self.refuses(task));
        let held: Vec<_> = held.map(|task| Arc::new(self.as_kept(task))).collect();
        self.store.renew(&held, lease).await
    }

    async fn settle(&self, task: &Task, settlement: Settlement) -> Result<bool, StoreError> {
        if self.refuses(task) {
            return Ok(false);
        }
        self.store.settle(&self.as_kept(task), settlement).await
    }

    async fn move_to(&self, task: TaskId, due_at: DateTime<Utc>) -> Result<bool, StoreError> {
        self.store.move_to(task, due_at).await
    }

    async fn cancel(&self, task: TaskId) -> Result<bool, StoreError> {
        self.store.cancel(task).await
    }

    async fn wake(&self, hooks: &[&str]) {
        self.store.wake(hooks).await;
    }
}

/// A receiver whose hook runs until it is told to end, while its task is claimed again.
struct Scene {
    store: Leaping,
    receiver: Receiver,
    runs: Arc<Mutex<Vec<String>>>,
    end: Arc<Notify>,
}

impl Scene {
    async fn open() -> Self {
        let (store, runs, end) =
            (Leaping::default(), Arc::<Mutex<Vec<String>>>::default(), Arc::new(Notify::new()));
        let (seen, ends) = (Arc::clone(&runs), Arc::clone(&end));
        let hook = Hook::named("crm").on_booked(move |_, booking| {
            let (seen, ends) = (Arc::clone(&seen), Arc::clone(&ends));
            async move {
                let uid = booking.uid.as_ref().unwrap().to_string();
                let waits = uid == "a";
                seen.lock().unwrap().push(uid);
                if waits {
                    ends.notified().await;
                }
                Ok(())
            }
        });
        let receiver = Receiver::builder(Verifier::new(SECRET).unwrap()).store(store.clone());
        let scene = Self { store, receiver: receiver.hook(hook).build().unwrap(), runs, end };
        scene.book("a").await;
        scene.store.until(|state| state.first.is_some()).await;
        scene.store.state(|state| state.leaps = true);
        scene.book("b").await;
        scene.store.until(|state| state.is_claimed).await;
        scene
    }

    async fn book(&self, uid: &str) {
        let body = booking("BOOKING_CREATED", json!({"uid": uid}));
        self.receiver.accept(arrival(&body)).await.unwrap();
    }

    /// Waits until all is done, and checks that each hook ran once.
    async fn ends(self) {
        timeout(HOUR, self.store.store.idle()).await.expect("a task was forgotten");
        let mut runs = self.runs.lock().unwrap().clone();
        runs.sort();
        assert_eq!(runs, ["a", "b"]);
        assert!(self.store.state(|state| state.refused) > 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_ends_before_its_new_claim_is_known_does_not_run_again() {
    let scene = Scene::open().await;
    scene.end.notify_one();
    scene.store.until(|state| state.refused > 0).await;
    scene.store.answer.notify_one();
    scene.ends().await;
}

#[tokio::test(start_paused = true)]
async fn a_hook_whose_renewal_is_refused_before_its_new_claim_is_known_goes_on() {
    let scene = Scene::open().await;
    scene.store.until(|state| state.refused > 0).await;
    scene.store.answer.notify_one();
    // Its next renewal is one of the new claim.
    sleep(Duration::from_secs(15)).await;
    scene.end.notify_one();
    scene.ends().await;
}
