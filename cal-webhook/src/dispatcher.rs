//! Runs hooks so that none can disturb another.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use cal_core::Delivery;
use futures_util::future::join_all;
use tokio::{task::JoinHandle, time};

use crate::{
    Arrival, Context, DeliveryId, HookError, Lifecycle, Reminder, Task, TaskId, Transition,
    lifecycle::Erased,
};

/// How long a hook may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Runs hooks so that none can disturb another: failures, panics and hangs stay with their hook.
///
/// A [`Receiver`](crate::Receiver) has one inside. Alone it serves those who keep deliveries
/// themselves: [`Dispatcher::dispatch`] runs all hooks at once and returns every outcome.
#[derive(Clone)]
pub struct Dispatcher {
    hooks: Vec<Arc<dyn Erased>>,
    timeout: Duration,
}

/// How one hook ended.
#[derive(Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// The hook's name.
    pub hook: String,
    /// Whether it succeeded, and if not, why.
    pub result: Result<(), HookError>,
}

impl Dispatcher {
    /// Makes a dispatcher without hooks.
    #[must_use]
    pub fn new() -> Self {
        Self { hooks: Vec::new(), timeout: TIMEOUT }
    }

    /// Adds a hook; of two with one name the later one counts.
    #[must_use]
    pub fn hook(mut self, hook: impl Lifecycle) -> Self {
        let hook: Arc<dyn Erased> = Arc::new(hook);
        self.hooks.retain(|known| known.name() != hook.name());
        self.hooks.push(hook);
        self
    }

    /// Sets how long a hook may take, 30 seconds by default.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    pub(crate) fn limit(&self) -> Duration {
        self.timeout
    }

    /// Returns the names of the hooks.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.hooks.iter().map(|hook| hook.name())
    }

    /// Returns the reminders that a hook wants because of a delivery.
    ///
    /// A hook that panics over it wants none; the delivery itself still reaches it.
    #[must_use]
    pub fn reminders(
        &self,
        hook: &str,
        transition: &Transition,
        delivery: &Delivery,
    ) -> Vec<Reminder> {
        let Some(hook) = self.hooks.iter().find(|known| known.name() == hook) else {
            return Vec::new();
        };
        let asked = catch_unwind(AssertUnwindSafe(|| hook.reminders(transition, delivery)));
        asked.unwrap_or_else(|_| {
            tracing::error!(hook = hook.name(), "a hook panicked over its reminders");
            Vec::new()
        })
    }

    /// Runs every hook on a delivery, all at once, and returns how each ended.
    pub async fn dispatch(&self, arrival: Arrival) -> Vec<Outcome> {
        let (id, received_at) = (DeliveryId::new(), arrival.received_at());
        let delivery = Arc::new(arrival.parse());
        let transition = Transition::of(&delivery);
        let runs = self.names().map(|hook| {
            let task = Task {
                id: TaskId::new(),
                delivery_id: id,
                hook: hook.to_owned(),
                reminder: None,
                attempt: 1,
                fence: 1,
                due_at: received_at,
                received_at,
                transition: transition.clone(),
                delivery: Arc::clone(&delivery),
            };
            self.run(Arc::new(task))
        });
        join_all(runs).await
    }

    /// Runs the hook of one task.
    ///
    /// The hook runs in a task of its own, which is stopped when it takes too long. A hook that
    /// is no longer there fails, so that the task waits for the version that has it again.
    pub async fn run(&self, task: Arc<Task>) -> Outcome {
        let name = task.hook.clone();
        let Some(hook) = self.hooks.iter().find(|hook| hook.name() == name) else {
            let result = Err(HookError::transient("no hook of this name is registered"));
            return Outcome { hook: name, result };
        };
        let hook = Arc::clone(hook);
        let running = Running(tokio::spawn(async move { hook.run(&Context::new(task)).await }));
        Outcome { hook: name, result: running.within(self.timeout).await }
    }
}

/// A hook that runs, and is stopped when nobody waits for it any more.
struct Running(JoinHandle<Result<(), HookError>>);

impl Running {
    async fn within(mut self, limit: Duration) -> Result<(), HookError> {
        match time::timeout(limit, &mut self.0).await {
            Ok(Ok(result)) => result,
            Ok(Err(stopped)) if stopped.is_panic() => {
                Err(HookError::transient("the hook panicked"))
            }
            Ok(Err(_)) => Err(HookError::transient("the runtime is shutting down")),
            Err(_) => Err(HookError::transient(format!("the hook took longer than {limit:?}"))),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Default for Dispatcher {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Dispatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.names().collect();
        f.debug_struct("Dispatcher").field("hooks", &names).field("timeout", &self.timeout).finish()
    }
}
