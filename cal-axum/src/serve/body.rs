//! The body of a request, as it arrives.

use std::{
    io::{Error, ErrorKind},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use axum::{BoxError, body::Bytes};
use http_body::{Body, Frame, SizeHint};
use http_body_util::Limited;
use hyper::body::Incoming;
use tokio::{
    sync::Notify,
    time::{Sleep, sleep},
};

use super::Watch;

/// How much of all bodies is held while they still miss something.
#[derive(Debug)]
pub(super) struct Unfinished {
    bytes: AtomicUsize,
    limit: usize,
    /// Told once for every piece that is too much.
    pub(super) too_much: Notify,
}

impl Unfinished {
    pub(super) fn new(limit: usize) -> Self {
        Self { bytes: AtomicUsize::new(0), limit, too_much: Notify::new() }
    }

    /// Counts a piece until nobody holds it any more.
    fn count(self: &Arc<Self>, bytes: Bytes) -> Bytes {
        let held = self.bytes.fetch_add(bytes.len(), Ordering::Relaxed) + bytes.len();
        if held > self.limit {
            self.too_much.notify_one();
        }
        Bytes::from_owner(Piece { bytes, unfinished: Arc::clone(self) })
    }
}

struct Piece {
    bytes: Bytes,
    unfinished: Arc<Unfinished>,
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        self.unfinished.bytes.fetch_sub(self.bytes.len(), Ordering::Relaxed);
    }
}

/// A body with a limit for its size and its time, which tells its connection when it is complete.
pub(super) struct Watched {
    body: Limited<Incoming>,
    watch: Watch,
    /// Runs while something is missing.
    timer: Option<Pin<Box<Sleep>>>,
}

impl Watched {
    pub(super) fn new(body: Incoming, watch: &Watch) -> Self {
        let body = Limited::new(body, watch.limits.body_limit);
        Self { body, watch: watch.clone(), timer: None }
    }
}

impl Body for Watched {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) {
            if frame.is_none() || this.body.is_end_stream() {
                this.watch.last.is_complete();
                return Poll::Ready(frame);
            }
            let unfinished = &this.watch.unfinished;
            let count = |frame: Frame<Bytes>| frame.map_data(|bytes| unfinished.count(bytes));
            return Poll::Ready(frame.map(|frame| frame.map(count)));
        }
        let timeout = this.watch.limits.body_timeout;
        let timer = this.timer.get_or_insert_with(|| Box::pin(sleep(timeout)));
        timer.as_mut().poll(cx).map(|()| {
            let seconds = timeout.as_secs_f64();
            let text = format!("expected the whole body within {seconds} seconds");
            Some(Err(Error::new(ErrorKind::TimedOut, text).into()))
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
