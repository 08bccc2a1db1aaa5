//! Plans deliveries and runs their tasks, beside the answers.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::task::JoinHandle;

use crate::{
    Accepted, Arrival, Dispatcher, HookError, Outcome, Settlement, Store, StoreError, Task,
    clock::Moment, receiver::chain, retry,
};

/// How many hooks run at the same time.
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
        Self(tokio::spawn(async move {
            let hooks: Vec<String> = dispatcher.names().map(str::to_owned).collect();
            let mut running = FuturesUnordered::new();
            loop {
                match turn(&*store, &dispatcher, &hooks, CONCURRENCY - running.len()).await {
                    Ok(tasks) => running.extend(tasks.into_iter().map(|task| {
                        let (store, dispatcher) = (Arc::clone(&store), dispatcher.clone());
                        async move { finish(&*store, &dispatcher, task).await }
                    })),
                    Err(error) => {
                        tracing::error!(error = %chain(&error), "the store failed");
                        tokio::time::sleep(PAUSE).await;
                        continue;
                    }
                }
                tokio::select! {
                    Some(()) = running.next() => {}
                    () = store.wake(), if running.len() < CONCURRENCY => {}
                }
            }
        }))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Plans everything there is to plan, and claims what is due.
async fn turn(
    store: &dyn ErasedStore,
    dispatcher: &Dispatcher,
    hooks: &[String],
    limit: usize,
) -> Result<Vec<Task>, StoreError> {
    while store.plan(hooks).await? > 0 {}
    if limit == 0 {
        return Ok(Vec::new());
    }
    store.claim(limit, dispatcher.limit() + MARGIN).await
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
            tracing::warn!(hook, attempt, %delivery, %error, ?settlement, "a hook failed");
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
            Settlement::Retry { at: Moment::now().wall_after(delay), error: error_text }
        }
    }
}

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A store behind a pointer; the one place where it is erased.
pub(crate) trait ErasedStore: Send + Sync {
    fn accept(&self, arrival: Arrival) -> Boxed<'_, Result<Accepted, StoreError>>;
    fn plan<'a>(&'a self, hooks: &'a [String]) -> Boxed<'a, Result<usize, StoreError>>;
    fn claim(&self, limit: usize, lease: Duration) -> Boxed<'_, Result<Vec<Task>, StoreError>>;
    fn settle<'a>(
        &'a self,
        task: &'a Task,
        settlement: Settlement,
    ) -> Boxed<'a, Result<bool, StoreError>>;
    fn wake(&self) -> Boxed<'_, ()>;
}

impl<S: Store> ErasedStore for S {
    fn accept(&self, arrival: Arrival) -> Boxed<'_, Result<Accepted, StoreError>> {
        Box::pin(Store::accept(self, arrival))
    }

    fn plan<'a>(&'a self, hooks: &'a [String]) -> Boxed<'a, Result<usize, StoreError>> {
        Box::pin(Store::plan(self, hooks))
    }

    fn claim(&self, limit: usize, lease: Duration) -> Boxed<'_, Result<Vec<Task>, StoreError>> {
        Box::pin(Store::claim(self, limit, lease))
    }

    fn settle<'a>(
        &'a self,
        task: &'a Task,
        settlement: Settlement,
    ) -> Boxed<'a, Result<bool, StoreError>> {
        Box::pin(Store::settle(self, task, settlement))
    }

    fn wake(&self) -> Boxed<'_, ()> {
        Box::pin(Store::wake(self))
    }
}
