//! Plans deliveries and runs their tasks, beside the answers.

use std::{collections::HashMap, future::Future, pin::Pin, sync::Arc, time::Duration};

use futures_util::{FutureExt, StreamExt, stream::FuturesUnordered};
use tokio::task::JoinHandle;

use crate::{
    Accepted, Arrival, Dispatcher, HookError, Outcome, Settlement, Store, StoreError, Task,
    receiver::chain, retry,
};

/// How many tasks of one hook run at the same time; no hook takes the place of another.
const CONCURRENCY: usize = 64;

/// How much longer than a hook's timeout its task stays claimed.
const MARGIN: Duration = Duration::from_secs(30);

/// How long to wait after the store failed.
const PAUSE: Duration = Duration::from_secs(1);

/// A running worker; it stops when this is dropped.
pub(crate) struct Worker(JoinHandle<()>);

impl Worker {
    /// Starts a worker on the current runtime.
    pub(crate) fn start(store: &Arc<dyn ErasedStore>, dispatcher: &Dispatcher) -> Self {
        let (store, dispatcher) = (Arc::clone(store), dispatcher.clone());
        Self(tokio::spawn(run(store, dispatcher)))
    }

    /// Whether it stopped, because the runtime it was started on has ended.
    pub(crate) fn is_finished(&self) -> bool {
        self.0.is_finished()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn run(store: Arc<dyn ErasedStore>, dispatcher: Dispatcher) {
    let hooks: Vec<String> = dispatcher.names().map(str::to_owned).collect();
    let mut free: HashMap<&str, usize> =
        hooks.iter().map(|hook| (hook.as_str(), CONCURRENCY)).collect();
    let mut running = FuturesUnordered::new();
    let lease = dispatcher.limit() + MARGIN;
    loop {
        let planned = store.plan(&dispatcher).await;
        let mut failure = planned.as_ref().err().map(chain);
        for (&hook, free) in free.iter_mut().filter(|(_, free)| **free > 0) {
            let tasks = match store.claim(hook, *free, lease).await {
                Ok(tasks) => tasks,
                Err(error) => {
                    failure = Some(chain(&error));
                    break;
                }
            };
            *free -= tasks.len();
            running.extend(tasks.into_iter().map(|task| {
                let (store, dispatcher) = (Arc::clone(&store), dispatcher.clone());
                async move {
                    finish(&*store, &dispatcher, task).await;
                    hook
                }
            }));
        }
        if let Some(error) = failure {
            tracing::error!(error, "the store failed");
            tokio::time::sleep(PAUSE).await;
            continue;
        }
        let more = planned.is_ok_and(|planned| planned > 0);
        let with_room: Vec<&str> =
            free.iter().filter(|(_, free)| **free > 0).map(|(hook, _)| *hook).collect();
        let mut done = |hook| *free.entry(hook).or_default() += 1;
        tokio::select! {
            Some(hook) = running.next() => {
                done(hook);
                // Who else is done needs no turn of its own.
                while let Some(Some(hook)) = running.next().now_or_never() {
                    done(hook);
                }
            }
            // What was planned may not be all there is.
            () = tokio::task::yield_now(), if more => {}
            () = store.wake(&with_room), if !more => {}
        }
    }
}

/// Runs a task and writes down how it ended.
async fn finish(store: &dyn ErasedStore, dispatcher: &Dispatcher, task: Task) {
    let task = Arc::new(task);
    let Outcome { hook, result } = dispatcher.run(Arc::clone(&task)).await;
    let (attempt, delivery) = (task.attempt, task.delivery_id);
    let settlement = match result {
        Ok(()) => Settlement::Done,
        Err(error) => {
            let settlement = after_failure(&error, attempt);
            let again = matches!(settlement, Settlement::Retry { .. });
            tracing::warn!(hook, attempt, %delivery, %error, again, "a hook failed");
            settlement
        }
    };
    match store.settle(&task, settlement).await {
        Ok(true) => {}
        Ok(false) => tracing::warn!(hook, attempt, %delivery, "a hook finished after its claim"),
        Err(error) => tracing::error!(error = %chain(&error), "the store failed"),
    }
}

/// Decides whether a failed task is tried again, and when.
fn after_failure(error: &HookError, attempt: u32) -> Settlement {
    let delay = if error.is_transient() { retry::delay(attempt) } else { None };
    let error_text = error.to_string();
    match delay {
        None => Settlement::Dead { error: error_text },
        Some(delay) => {
            let delay = delay.max(error.delay().unwrap_or_default());
            Settlement::Retry { after: delay, error: error_text }
        }
    }
}

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A store behind a pointer; the one place where it is erased.
pub(crate) trait ErasedStore: Send + Sync {
    fn accept(&self, arrival: Arrival) -> Boxed<'_, Result<Accepted, StoreError>>;
    fn plan<'a>(&'a self, hooks: &'a Dispatcher) -> Boxed<'a, Result<usize, StoreError>>;
    fn claim<'a>(
        &'a self,
        hook: &'a str,
        limit: usize,
        lease: Duration,
    ) -> Boxed<'a, Result<Vec<Task>, StoreError>>;
    fn settle<'a>(
        &'a self,
        task: &'a Task,
        settlement: Settlement,
    ) -> Boxed<'a, Result<bool, StoreError>>;
    fn wake<'a>(&'a self, hooks: &'a [&'a str]) -> Boxed<'a, ()>;
}

impl<S: Store> ErasedStore for S {
    fn accept(&self, arrival: Arrival) -> Boxed<'_, Result<Accepted, StoreError>> {
        Box::pin(Store::accept(self, arrival))
    }

    fn plan<'a>(&'a self, hooks: &'a Dispatcher) -> Boxed<'a, Result<usize, StoreError>> {
        Box::pin(Store::plan(self, hooks))
    }

    fn claim<'a>(
        &'a self,
        hook: &'a str,
        limit: usize,
        lease: Duration,
    ) -> Boxed<'a, Result<Vec<Task>, StoreError>> {
        Box::pin(Store::claim(self, hook, limit, lease))
    }

    fn settle<'a>(
        &'a self,
        task: &'a Task,
        settlement: Settlement,
    ) -> Boxed<'a, Result<bool, StoreError>> {
        Box::pin(Store::settle(self, task, settlement))
    }

    fn wake<'a>(&'a self, hooks: &'a [&'a str]) -> Boxed<'a, ()> {
        Box::pin(Store::wake(self, hooks))
    }
}
