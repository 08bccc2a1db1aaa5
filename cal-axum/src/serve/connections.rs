//! The open connections, and the choice of the one that gives way.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use cal_webhook::log::quietly;
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};

/// How many connections a server has unless it is told: what is left serves the database and the
/// hooks.
pub(super) fn default_limit() -> usize {
    const MOST: usize = 4096;
    descriptors().map_or(MOST, |all| MOST.min(all - all / 4)).max(1)
}

/// How many files and sockets this process may have open.
#[cfg(unix)]
fn descriptors() -> Option<usize> {
    use rustix::process::{Resource, getrlimit};
    getrlimit(Resource::Nofile).current.and_then(|all| usize::try_from(all).ok())
}

#[cfg(not(unix))]
fn descriptors() -> Option<usize> {
    None
}

/// When a connection brought its last complete request, or was accepted: what it is measured by.
#[derive(Debug)]
pub(super) struct LastRequest {
    began: Instant,
    /// In microseconds since then.
    at: AtomicU64,
}

impl LastRequest {
    fn new(began: Instant) -> Self {
        let last = Self { began, at: AtomicU64::new(0) };
        last.is_complete();
        last
    }

    /// Notes that a request has arrived whole just now.
    pub(super) fn is_complete(&self) {
        let now = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.at.store(now, Ordering::Relaxed);
    }
}

/// The connections of a server, at most as many as its limit.
pub(super) struct Connections {
    limit: usize,
    began: Instant,
    tasks: JoinSet<()>,
    open: HashMap<Id, Open>,
    /// Every open connection by what was last known of its [`LastRequest`]; that only grows.
    queue: BTreeSet<(u64, Id)>,
}

struct Open {
    last: Arc<LastRequest>,
    task: AbortHandle,
    queued: u64,
}

impl Connections {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            began: Instant::now(),
            tasks: JoinSet::new(),
            open: HashMap::new(),
            queue: BTreeSet::new(),
        }
    }

    /// Serves a connection; when there are too many, another one is closed for it.
    pub(super) fn open<F>(&mut self, serve: impl FnOnce(Arc<LastRequest>) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        while let Some(ended) = self.tasks.try_join_next_with_id() {
            self.forget(ended);
        }
        if self.open.len() >= self.limit {
            self.close_longest_idle();
        }
        let last = Arc::new(LastRequest::new(self.began));
        let task = self.tasks.spawn(serve(Arc::clone(&last)));
        let queued = last.at.load(Ordering::Relaxed);
        self.queue.insert((queued, task.id()));
        self.open.insert(task.id(), Open { last, task, queued });
    }

    /// Closes the connection that has gone longest without a complete request.
    pub(super) fn close_longest_idle(&mut self) {
        while let Some((queued, id)) = self.queue.pop_first() {
            let Some(open) = self.open.get_mut(&id) else { continue };
            let last = open.last.at.load(Ordering::Relaxed);
            if last > queued {
                open.queued = last;
                self.queue.insert((last, id));
                continue;
            }
            open.task.abort();
            self.open.remove(&id);
            return;
        }
    }

    /// Waits until a connection ends, for ever while there is none.
    pub(super) async fn ended(&mut self) {
        match self.tasks.join_next_with_id().await {
            Some(ended) => self.forget(ended),
            None => std::future::pending().await,
        }
    }

    /// Waits until all connections have ended.
    pub(super) async fn all_ended(&mut self) {
        while !self.tasks.is_empty() {
            self.ended().await;
        }
    }

    fn forget(&mut self, ended: Result<(Id, ()), JoinError>) {
        let id = ended.map_or_else(
            |error| {
                if error.is_panic() {
                    quietly(|| {
                        tracing::error!("a request panicked, and its connection was closed");
                    });
                }
                error.id()
            },
            |(id, ())| id,
        );
        if let Some(open) = self.open.remove(&id) {
            self.queue.remove(&(open.queued, id));
        }
    }
}
