//! Plans deliveries and runs their tasks, beside the answers.

mod announce;
mod claims;
mod desk;
mod engine;
mod erased;
mod outage;
mod run;
mod sleep;

use std::{
    future::Future,
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::FutureExt;
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{self, Instant},
};

use crate::{Dispatcher, clock::Moment, log::quietly};

use engine::Engine;

pub(crate) use erased::ErasedStore;

/// How long a claim lasts. It is renewed every third of this while the hook runs.
const LEASE: Duration = Duration::from_secs(20);

/// How long to wait before something that failed is asked of the store again.
const PAUSE: Duration = Duration::from_secs(1);

/// How long a plan may wait for a claim, and what is settled for the answer to one.
const GLANCE: Duration = Duration::from_millis(50);

/// How long the store may take for one answer; nobody waits for ever for a connection that died.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long stopped hooks and their settlements may take after the grace time.
const LAST: Duration = Duration::from_secs(5);

/// A running worker; when this is dropped, it stops at once, and its hooks with it.
pub(crate) struct Worker {
    engine: JoinHandle<()>,
    is_working: Arc<AtomicBool>,
    /// Until when running hooks may go on, once the worker is told to stop.
    end: Arc<watch::Sender<Option<Instant>>>,
}

impl Worker {
    /// Starts a worker on the current runtime.
    pub(crate) fn start(store: &Arc<dyn ErasedStore>, dispatcher: &Dispatcher) -> Self {
        let (store, dispatcher) = (Arc::clone(store), dispatcher.clone());
        let (end, ends) = watch::channel(None);
        let is_working = Arc::new(AtomicBool::new(true));
        let engine = supervise(store, dispatcher, ends, Arc::clone(&is_working));
        Self { engine: tokio::spawn(engine), is_working, end: Arc::new(end) }
    }

    /// Whether it stopped, because the runtime it was started on has ended.
    pub(crate) fn is_finished(&self) -> bool {
        self.engine.is_finished()
    }

    /// Whether it plans and runs tasks, and does not rest after a panic.
    pub(crate) fn is_working(&self) -> bool {
        !self.is_finished() && self.is_working.load(Ordering::Relaxed)
    }

    /// Tells the worker to stop, and returns what waits until it has.
    ///
    /// Of two grace times the one that ends earlier counts.
    pub(crate) fn stop(&self, grace: Duration) -> impl Future<Output = ()> + Send + use<> {
        let asked = Moment::now().machine_after(grace);
        self.end.send_if_modified(|end| {
            let sooner = end.is_none_or(|end| asked < end);
            if sooner {
                *end = Some(asked);
            }
            sooner
        });
        let end = Arc::clone(&self.end);
        async move { end.closed().await }
    }
}

/// Runs an engine until it is told to stop, and a new one after each panic.
///
/// Tasks that the old one held come free when their claims run out.
async fn supervise(
    store: Arc<dyn ErasedStore>,
    dispatcher: Dispatcher,
    mut ends: watch::Receiver<Option<Instant>>,
    is_working: Arc<AtomicBool>,
) {
    loop {
        let work = Engine::new(&store, &dispatcher).run(&mut ends);
        let ended = AssertUnwindSafe(work).catch_unwind().await;
        is_working.store(false, Ordering::Relaxed);
        if ended.is_ok() {
            return;
        }
        quietly(|| tracing::error!("the worker panicked"));
        if time::timeout(PAUSE, ends.wait_for(Option::is_some)).await.is_ok() {
            return;
        }
        is_working.store(true, Ordering::Relaxed);
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.engine.abort();
    }
}
