//! The open connections, and the choice of the one that gives way.

use std::{
    collections::{BTreeSet, HashMap},
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Instant,
};

use cal_webhook::log::quietly;
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};

use super::body::HeldBodies;

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

/// The state of a connection, as the server needs it to choose the one that gives way.
#[derive(Debug)]
pub(super) struct ConnectionState {
    began: Instant,
    /// When the last complete request arrived, or the connection: in microseconds since `began`.
    last: AtomicU64,
    /// How many bytes of its bodies handlers hold.
    pub(super) held: AtomicUsize,
    /// A request was begun and is not complete.
    is_unfinished: AtomicBool,
    /// The app has been asked and has not answered.
    is_asked: AtomicBool,
    /// The app works on a complete request; counted among those of the server.
    is_handled: AtomicBool,
    handled: Arc<AtomicUsize>,
}

impl ConnectionState {
    fn new(began: Instant, handled: &Arc<AtomicUsize>) -> Self {
        let state = Self {
            began,
            last: AtomicU64::new(0),
            held: AtomicUsize::new(0),
            is_unfinished: AtomicBool::new(false),
            is_asked: AtomicBool::new(false),
            is_handled: AtomicBool::new(false),
            handled: Arc::clone(handled),
        };
        state.touch();
        state
    }

    fn touch(&self) {
        let now = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.last.store(now, Ordering::Relaxed);
    }

    /// Notes that the app is asked; the request is complete when [`Self::is_complete`] says so.
    pub(super) fn is_asked(&self) {
        self.is_asked.store(true, Ordering::Relaxed);
        self.is_unfinished.store(true, Ordering::Relaxed);
    }

    /// Notes that a request has arrived whole just now.
    pub(super) fn is_complete(&self) {
        self.touch();
        self.is_unfinished.store(false, Ordering::Relaxed);
        let begins = self.is_asked.load(Ordering::Relaxed);
        if begins && !self.is_handled.swap(true, Ordering::Relaxed) {
            self.handled.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Notes that the app has answered, or never will.
    pub(super) fn is_answered(&self) {
        self.is_asked.store(false, Ordering::Relaxed);
        if self.is_handled.swap(false, Ordering::Relaxed) {
            self.handled.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Whether the client may still be sending a request that was not read.
    pub(super) fn is_unfinished(&self) -> bool {
        self.is_unfinished.load(Ordering::Relaxed)
    }
}

impl Drop for ConnectionState {
    fn drop(&mut self) {
        self.is_answered();
    }
}

/// The connections of a server, at most as many as its limit.
pub(super) struct Connections {
    limit: usize,
    began: Instant,
    tasks: JoinSet<()>,
    open: HashMap<Id, Open>,
    /// Every open connection by what was last known of its last request; that only grows.
    queue: BTreeSet<(u64, Id)>,
    /// How many requests the app works on.
    handled: Arc<AtomicUsize>,
    /// Connections that were closed and whose handlers have not let go yet.
    leaving: Vec<Arc<ConnectionState>>,
}

struct Open {
    state: Arc<ConnectionState>,
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
            handled: Arc::default(),
            leaving: Vec::new(),
        }
    }

    /// Serves a connection; when there are too many, another one is closed for it.
    pub(super) fn open<F>(&mut self, serve: impl FnOnce(Arc<ConnectionState>) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.forget_ended();
        if self.open.len() >= self.limit {
            self.close_longest_idle();
        }
        let state = Arc::new(ConnectionState::new(self.began, &self.handled));
        let task = self.tasks.spawn(serve(Arc::clone(&state)));
        let queued = state.last.load(Ordering::Relaxed);
        self.queue.insert((queued, task.id()));
        self.open.insert(task.id(), Open { state, task, queued });
    }

    /// Closes the connection that has gone longest without a complete request; whether there was
    /// one.
    ///
    /// A request that the app works on is spared, unless those have half of all places: otherwise
    /// slow answers could keep new connections out.
    pub(super) fn close_longest_idle(&mut self) -> bool {
        let spares = self.handled.load(Ordering::Relaxed) < self.limit / 2;
        let mut spared = Vec::new();
        let mut closed = false;
        while let Some((queued, id)) = self.queue.pop_first() {
            let Some(open) = self.open.get_mut(&id) else { continue };
            let last = open.state.last.load(Ordering::Relaxed);
            if last > queued {
                open.queued = last;
                self.queue.insert((last, id));
            } else if spares && open.state.is_handled.load(Ordering::Relaxed) {
                spared.push((queued, id));
            } else {
                open.task.abort();
                self.open.remove(&id);
                closed = true;
                break;
            }
        }
        self.queue.extend(spared);
        closed
    }

    /// Closes those that hold bodies until what is held is within its limit.
    ///
    /// Those that have gone longest without a complete request come first.
    pub(super) fn close_holders(&mut self, held: &HeldBodies) {
        self.forget_ended();
        let bytes = |state: &ConnectionState| state.held.load(Ordering::Relaxed);
        self.leaving.retain(|state| bytes(state) > 0);
        let leaving = self.leaving.iter().map(|state| bytes(state)).sum();
        let mut excess = held.excess().saturating_sub(leaving);
        let mut queue = std::mem::take(&mut self.queue);
        queue.retain(|(_, id)| {
            let Some(open) = self.open.get(id).filter(|open| excess > 0 && bytes(&open.state) > 0)
            else {
                return true;
            };
            excess = excess.saturating_sub(bytes(&open.state));
            open.task.abort();
            if let Some(open) = self.open.remove(id) {
                self.leaving.push(open.state);
            }
            false
        });
        self.queue = queue;
    }

    /// Waits until a connection ends, for ever while there is none.
    pub(super) async fn ended(&mut self) {
        match self.tasks.join_next_with_id().await {
            Some(ended) => self.forget(ended),
            None => pending().await,
        }
    }

    /// Waits until all connections have ended.
    pub(super) async fn all_ended(&mut self) {
        while !self.tasks.is_empty() {
            self.ended().await;
        }
    }

    fn forget_ended(&mut self) {
        while let Some(ended) = self.tasks.try_join_next_with_id() {
            self.forget(ended);
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
