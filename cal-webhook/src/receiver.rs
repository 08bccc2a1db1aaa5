//! The whole way of a delivery, from the request to the hooks.

mod read;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use futures_core::Stream;
use tokio::{sync::OnceCell, time};

use crate::{
    Accepted, Arrival, Dispatcher, Head, Lifecycle, MemoryStore, Rejection, Reply, Store,
    StoreError, Verified, Verifier,
    budget::Budget,
    crash,
    head::Method,
    log::{OneLine, quietly},
    metrics::{self, Stopwatch},
    worker::{ErasedStore, Worker},
};

use read::read;

/// The whole way of a delivery: limits, signature, store, answer, and then the hooks.
///
/// An answer of 200 means that the store has the delivery; hooks run afterwards, each in a task of
/// its own. Mount a receiver with `cal_axum::router` or `cal_actix::configure`, or hand it the head
/// and the body of a request from any other framework. It is cheap to clone.
///
/// The hooks run on the Tokio runtime that [`Receiver::start`] is called on or the first delivery
/// arrives on, and when that has ended, on the one of the next delivery. They stop when the last
/// clone is dropped; [`Receiver::shutdown`] lets them end first.
#[derive(Clone)]
pub struct Receiver {
    inner: Arc<Inner>,
}

struct Inner {
    verifier: Verifier,
    store: Arc<dyn ErasedStore>,
    dispatcher: Dispatcher,
    body_limit: usize,
    read_timeout: Duration,
    unverified: Budget,
    /// Other processes on the same store know of the hooks.
    is_announced: OnceCell<()>,
    post: Mutex<Post>,
}

/// The current worker, if any.
#[derive(Default)]
struct Post {
    worker: Option<Worker>,
    is_closed: bool,
}

impl Receiver {
    /// Starts to build a receiver for webhooks that this verifier trusts.
    pub fn builder(verifier: Verifier) -> ReceiverBuilder {
        ReceiverBuilder {
            verifier,
            store: None,
            dispatcher: Dispatcher::new(),
            body_limit: 1024 * 1024,
            read_timeout: Duration::from_secs(10),
            unverified_limit: 64 * 1024 * 1024,
        }
    }

    /// Answers a request: the one function that adapters call.
    pub async fn receive<B, E>(&self, mut head: Head, body: B) -> Reply
    where
        B: Stream<Item = Result<Bytes, E>>,
    {
        if head.method == Method::Get {
            return Reply::health();
        }
        let kept = std::mem::take(&mut head.kept);
        let verified = match self.admit_to(head, body, "GET, HEAD, POST").await {
            Ok(verified) => verified,
            Err(rejection) => return rejection.into(),
        };
        let (size, waiting) = (verified.body().len(), Stopwatch::start());
        match self.accept(Arrival::new(verified).with_headers(kept)).await {
            Ok(accepted) => {
                waiting.acknowledged();
                accepted.into()
            }
            Err(error) => {
                let error = chain(&error);
                quietly(|| tracing::error!(size, %error, "could not store a delivery"));
                Rejection::Unavailable.into()
            }
        }
    }

    /// Reads and verifies a delivery without storing it, for those who only want the bytes.
    ///
    /// # Errors
    ///
    /// Fails when the request breaks a limit or carries no valid signature. What is refused is
    /// logged with the reason and the number of bytes, nothing else.
    pub async fn admit<B, E>(&self, head: Head, body: B) -> Result<Verified, Rejection>
    where
        B: Stream<Item = Result<Bytes, E>>,
    {
        self.admit_to(head, body, "POST").await
    }

    /// Stores a delivery and lets the hooks run.
    ///
    /// # Errors
    ///
    /// Fails when the store is out of reach; nothing was stored then.
    pub async fn accept(&self, arrival: Arrival) -> Result<Accepted, StoreError> {
        self.start();
        let Inner { store, dispatcher, is_announced, .. } = &*self.inner;
        is_announced
            .get_or_try_init(async || store.announce(&dispatcher.names().collect::<Vec<_>>()).await)
            .await?;
        crash::point("accepting");
        let answer = self.inner.store.accept(arrival).await;
        metrics::answered(&answer);
        if answer.is_ok() {
            crash::point("accepted");
        }
        answer
    }

    /// Starts the worker, so that what an earlier process left goes on before a delivery comes.
    ///
    /// The first delivery does it too. Does nothing while the worker runs, and after
    /// [`Receiver::shutdown`].
    ///
    /// # Panics
    ///
    /// Panics outside of a Tokio runtime.
    pub fn start(&self) {
        let Inner { store, dispatcher, .. } = &*self.inner;
        let mut post = self.post();
        if !post.is_closed && post.worker.as_ref().is_none_or(Worker::is_finished) {
            post.worker = Some(Worker::start(store, dispatcher));
        }
    }

    /// Whether deliveries are planned and hooks are run.
    ///
    /// No worker runs before [`Receiver::start`] or the first delivery, nor after
    /// [`Receiver::shutdown`], nor for a moment after it panicked: it starts again by itself.
    #[must_use]
    pub fn is_working(&self) -> bool {
        let post = self.post();
        !post.is_closed && post.worker.as_ref().is_some_and(Worker::is_working)
    }

    /// Stops the worker for good, and waits until it has stopped.
    ///
    /// From now on nothing is planned and no hook is started. Hooks that run may end within the
    /// grace time. What still runs then is stopped, and its task is released: the next process
    /// takes it up at once, and the attempt does not count. Deliveries are stored as before, for
    /// the next process to plan.
    ///
    /// Waits at most five seconds longer than the grace time, which are for the store. The worker
    /// stops also when nobody waits for it. Calling it again with a shorter time ends the grace
    /// sooner.
    pub async fn shutdown(&self, grace: Duration) {
        let stopped = {
            let mut post = self.post();
            post.is_closed = true;
            post.worker.as_ref().map(|worker| worker.stop(grace))
        };
        if let Some(stopped) = stopped {
            stopped.await;
        }
    }

    fn post(&self) -> MutexGuard<'_, Post> {
        // A panic while it was locked has left nothing half done.
        self.inner.post.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Admits a delivery to a route that understands these methods, and logs refusals.
    async fn admit_to<B, E>(
        &self,
        head: Head,
        body: B,
        allow: &'static str,
    ) -> Result<Verified, Rejection>
    where
        B: Stream<Item = Result<Bytes, E>>,
    {
        let mut size = 0;
        let admitted = match head.method {
            Method::Post => self.check(head, body, &mut size).await,
            Method::Get | Method::Other => Err(Rejection::Method { allow }),
        };
        if let Err(reason) = &admitted {
            metrics::refused(reason);
            quietly(|| tracing::warn!(size, %reason, "refused a request"));
        }
        admitted
    }

    async fn check<B, E>(
        &self,
        head: Head,
        body: B,
        size: &mut usize,
    ) -> Result<Verified, Rejection>
    where
        B: Stream<Item = Result<Bytes, E>>,
    {
        let Inner { body_limit, read_timeout, .. } = *self.inner;
        if head.encoded {
            return Err(Rejection::Encoded);
        }
        if head.length.is_some_and(|length| length > body_limit as u64) {
            return Err(Rejection::TooLarge { limit: body_limit });
        }
        let body = read(body, body_limit, &self.inner.unverified, size);
        let body = time::timeout(read_timeout, body)
            .await
            .map_err(|_| Rejection::Slow(read_timeout))??;
        Ok(self.inner.verifier.check(body, head.signature?)?)
    }
}

/// Writes an error and what caused it, in one line.
pub(crate) fn chain(error: &StoreError) -> String {
    let mut text = OneLine(error).to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {}", OneLine(error));
        cause = error.source();
    }
    text
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("verifier", &self.inner.verifier)
            .field("dispatcher", &self.inner.dispatcher)
            .field("body_limit", &self.inner.body_limit)
            .field("read_timeout", &self.inner.read_timeout)
            .finish_non_exhaustive()
    }
}

/// Builds a [`Receiver`].
#[must_use]
pub struct ReceiverBuilder {
    verifier: Verifier,
    store: Option<Arc<dyn ErasedStore>>,
    dispatcher: Dispatcher,
    body_limit: usize,
    read_timeout: Duration,
    unverified_limit: usize,
}

impl ReceiverBuilder {
    /// Adds a hook, with a name that no other one has.
    pub fn hook(mut self, hook: impl Lifecycle) -> Self {
        self.dispatcher = self.dispatcher.hook(hook);
        self
    }

    /// Sets the store, a new [`MemoryStore`] by default.
    ///
    /// Receivers may share a store and have different hooks, as while a new version is deployed:
    /// either of them plans what the other has accepted, and each runs its own.
    pub fn store(mut self, store: impl Store) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// Sets how long a body may be, 1 MiB by default.
    ///
    /// Cal.com's own deliveries have a few kilobytes.
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// Sets how long a body may take to arrive, 10 seconds by default.
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.read_timeout = timeout;
        self
    }

    /// Sets how much may be held of bodies that are still arriving, 64 MiB by default.
    ///
    /// Nobody has verified those yet, and strangers may send as many as they like. A quarter is for
    /// bodies of up to 16 KiB, the rest for longer ones, with room for at least one body of the
    /// largest size. When there is too much, the body that has been arriving for longest is refused
    /// with 503 and `Retry-After`.
    pub fn unverified_limit(mut self, bytes: usize) -> Self {
        self.unverified_limit = bytes;
        self
    }

    /// Builds the receiver.
    ///
    /// # Errors
    ///
    /// Fails when two hooks have one name: the store tells their tasks apart by it.
    pub fn build(self) -> Result<Receiver, BuildError> {
        let mut names: Vec<&str> = self.dispatcher.names().collect();
        names.sort_unstable();
        if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(BuildError::DuplicateHook { name: pair[0].to_owned() });
        }
        metrics::describe();
        Ok(Receiver {
            inner: Arc::new(Inner {
                verifier: self.verifier,
                store: self.store.unwrap_or_else(|| Arc::new(MemoryStore::new())),
                dispatcher: self.dispatcher,
                body_limit: self.body_limit,
                read_timeout: self.read_timeout,
                unverified: Budget::new(self.unverified_limit, self.body_limit),
                is_announced: OnceCell::new(),
                post: Mutex::default(),
            }),
        })
    }
}

/// Why a receiver could not be built.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Two hooks have one name.
    #[error("expected every hook to have a name of its own, found two named {name:?}")]
    DuplicateHook {
        /// The name.
        name: String,
    },
}

impl fmt::Debug for ReceiverBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceiverBuilder")
            .field("verifier", &self.verifier)
            .field("dispatcher", &self.dispatcher)
            .finish_non_exhaustive()
    }
}
