//! The whole way of a delivery, from the request to the hooks.

use std::{
    fmt,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use futures_util::StreamExt;
use tokio::time;

use crate::{
    Accepted, Arrival, Dispatcher, Head, Lifecycle, MemoryStore, Rejection, Reply, Store,
    StoreError, Verified, Verifier, crash,
    head::Method,
    metrics::{self, Stopwatch},
    worker::{ErasedStore, Worker},
};

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
    post: Mutex<Post>,
}

/// Who works, if anybody does.
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
                tracing::error!(size, error = %chain(&error), "could not store a delivery");
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
            tracing::warn!(size, %reason, "refused a request");
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
        let body = time::timeout(read_timeout, read(body, body_limit, size))
            .await
            .map_err(|_| Rejection::Slow(read_timeout))??;
        Ok(self.inner.verifier.check(body, head.signature?)?)
    }
}

/// Reads a body up to the limit; a body in one piece is not copied.
async fn read<B, E>(body: B, limit: usize, size: &mut usize) -> Result<Bytes, Rejection>
where
    B: Stream<Item = Result<Bytes, E>>,
{
    let mut body = pin!(body);
    let mut first = Bytes::new();
    let mut whole = BytesMut::new();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|_| Rejection::Interrupted)?;
        *size += chunk.len();
        if *size > limit {
            return Err(Rejection::TooLarge { limit });
        }
        if first.is_empty() && whole.is_empty() {
            first = chunk;
        } else {
            if whole.is_empty() {
                whole.extend_from_slice(&std::mem::take(&mut first));
            }
            whole.extend_from_slice(&chunk);
        }
    }
    Ok(if whole.is_empty() { first } else { whole.freeze() })
}

/// Writes an error and what caused it.
pub(crate) fn chain(error: &StoreError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
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
}

impl ReceiverBuilder {
    /// Adds a hook; of two with one name the later one counts.
    pub fn hook(mut self, hook: impl Lifecycle) -> Self {
        self.dispatcher = self.dispatcher.hook(hook);
        self
    }

    /// Sets the store, a new [`MemoryStore`] by default.
    ///
    /// Receivers that share a store must have the same hooks: either of them plans what the other
    /// has accepted.
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

    /// Builds the receiver.
    #[must_use]
    pub fn build(self) -> Receiver {
        metrics::describe();
        Receiver {
            inner: Arc::new(Inner {
                verifier: self.verifier,
                store: self.store.unwrap_or_else(|| Arc::new(MemoryStore::new())),
                dispatcher: self.dispatcher,
                body_limit: self.body_limit,
                read_timeout: self.read_timeout,
                post: Mutex::default(),
            }),
        }
    }
}

impl fmt::Debug for ReceiverBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceiverBuilder")
            .field("verifier", &self.verifier)
            .field("dispatcher", &self.dispatcher)
            .finish_non_exhaustive()
    }
}
