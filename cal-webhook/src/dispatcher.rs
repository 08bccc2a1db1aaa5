//! Runs hooks so that none can disturb another.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use cal_core::Delivery;
use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use tokio::{
    task::{JoinError, JoinHandle},
    time,
};

use crate::{
    Arrival, Context, DeliveryId, HookError, Lifecycle, Reminder, Ruling, Task, TaskId, Transition,
    lifecycle::Erased, log::quietly,
};

/// How long a hook that was told to stop is waited for; one that blocks its thread never stops.
const LAST_WORD: Duration = Duration::from_secs(1);

/// Runs hooks so that none can disturb another: failures, panics and hangs stay with their hook.
///
/// A [`Receiver`](crate::Receiver) has one inside. Alone it serves those who keep deliveries
/// themselves: [`Dispatcher::dispatch`] runs all hooks at once and returns every outcome.
#[derive(Clone)]
pub struct Dispatcher {
    hooks: Vec<Registered>,
}

/// A hook with its settings, which are asked for once.
#[derive(Clone)]
pub(crate) struct Registered {
    pub(crate) name: Arc<str>,
    pub(crate) concurrency: usize,
    hears_of_the_past: bool,
    timeout: Duration,
    hook: Arc<dyn Erased>,
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
        Self { hooks: Vec::new() }
    }

    /// Adds a hook.
    ///
    /// Give each a name of its own: a [`Receiver`](crate::Receiver) insists on it.
    #[must_use]
    pub fn hook(mut self, hook: impl Lifecycle) -> Self {
        self.hooks.push(Registered {
            name: hook.name().into(),
            concurrency: hook.concurrency().max(1),
            hears_of_the_past: hook.hears_of_the_past(),
            timeout: hook.timeout(),
            hook: Arc::new(hook),
        });
        self
    }

    /// Returns the names of the hooks.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.hooks.iter().map(|hook| &*hook.name)
    }

    /// Returns the names of the hooks that are told what a delivery meant.
    pub fn told(&self, ruling: Option<&Ruling>) -> impl Iterator<Item = &str> {
        let is_over = ruling.is_some_and(|ruling| ruling.over);
        let told = self.hooks.iter().filter(move |hook| hook.hears_of_the_past || !is_over);
        told.map(|hook| &*hook.name)
    }

    pub(crate) fn hooks(&self) -> &[Registered] {
        &self.hooks
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
        let Some(Registered { name, hook, .. }) = self.find(hook) else {
            return Vec::new();
        };
        let asked = catch_unwind(AssertUnwindSafe(|| hook.reminders(transition, delivery)));
        asked.unwrap_or_else(|_| {
            quietly(|| tracing::error!(hook = &**name, "a hook panicked over its reminders"));
            Vec::new()
        })
    }

    /// Returns from when on a hook's work at once on a delivery is better skipped than late.
    ///
    /// Nothing is skipped that came late already. A hook that panics over it lets nothing expire.
    #[must_use]
    pub fn expiry(
        &self,
        hook: &str,
        transition: &Transition,
        delivery: &Delivery,
        received_at: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        let Registered { hook, .. } = self.find(hook)?;
        let asked = catch_unwind(AssertUnwindSafe(|| hook.expiry(transition, delivery)));
        asked.ok().flatten().filter(|at| *at > received_at)
    }

    /// Runs every hook on a delivery, all at once, and returns how each ended.
    ///
    /// [`Lifecycle::concurrency`] does not hold here, and reminders are left to the caller: see
    /// [`Dispatcher::reminders`].
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
                expires_in: None,
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
        let hook = task.hook.clone();
        let result = self.start(Context::new(task)).end().await;
        Outcome { hook, result }
    }

    /// Starts the hook of one task.
    pub(crate) fn start(&self, cx: Context) -> Running {
        let known = self.find(&cx.task().hook);
        let limit = known.map_or(Duration::MAX, |known| known.timeout);
        let hook = known.map(|known| Arc::clone(&known.hook));
        let hook = tokio::spawn(async move {
            match hook {
                Some(hook) => hook.run(&cx).await,
                None => Err(HookError::transient("no hook of this name is registered")),
            }
        });
        Running { hook, limit }
    }

    fn find(&self, hook: &str) -> Option<&Registered> {
        self.hooks.iter().find(|known| *known.name == *hook)
    }
}

/// A hook that runs, and is stopped when this is dropped.
pub(crate) struct Running {
    hook: JoinHandle<Result<(), HookError>>,
    limit: Duration,
}

impl Running {
    /// Waits until the hook ends, or stops it when it has taken too long.
    pub(crate) async fn end(&mut self) -> Result<(), HookError> {
        if let Ok(ended) = time::timeout(self.limit, &mut self.hook).await {
            return result_of(ended);
        }
        let limit = self.limit;
        let too_long = || Err(HookError::transient(format!("the hook took longer than {limit:?}")));
        self.stop().await.unwrap_or_else(too_long)
    }

    /// Stops the hook, and returns how it ended if it ended all the same.
    pub(crate) async fn stop(&mut self) -> Option<Result<(), HookError>> {
        self.hook.abort();
        match time::timeout(LAST_WORD, &mut self.hook).await {
            Ok(Err(stopped)) if stopped.is_cancelled() => None,
            Ok(ended) => Some(result_of(ended)),
            Err(_) => None,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.hook.abort();
    }
}

fn result_of(ended: Result<Result<(), HookError>, JoinError>) -> Result<(), HookError> {
    ended.unwrap_or_else(|stopped| {
        let reason =
            if stopped.is_panic() { "the hook panicked" } else { "the runtime is shutting down" };
        Err(HookError::transient(reason))
    })
}

impl Default for Dispatcher {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Dispatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.names().collect();
        f.debug_struct("Dispatcher").field("hooks", &names).finish()
    }
}
