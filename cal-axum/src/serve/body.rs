//! The body of a request, as it arrives.

use std::{
    io::{Error, ErrorKind},
    pin::Pin,
    sync::atomic::{AtomicUsize, Ordering},
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

/// How much has arrived of all bodies that still miss something.
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

    fn add(&self, bytes: usize) {
        if self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes > self.limit {
            self.too_much.notify_one();
        }
    }
}

/// A body with a limit for its size and its time, which tells its connection when it is complete.
pub(super) struct Watched {
    body: Limited<Incoming>,
    watch: Watch,
    /// Runs while something is missing.
    timer: Option<Pin<Box<Sleep>>>,
    /// How many bytes of it count as unfinished.
    counted: usize,
}

impl Watched {
    pub(super) fn new(body: Incoming, watch: &Watch) -> Self {
        let body = Limited::new(body, watch.limits.body_limit);
        Self { body, watch: watch.clone(), timer: None, counted: 0 }
    }

    /// Counts what has arrived until the body is complete.
    fn count(&mut self, frame: Option<&Result<Frame<Bytes>, BoxError>>) {
        if frame.is_none() || self.body.is_end_stream() {
            self.watch.last.is_complete();
            self.release();
        } else if let Some(Ok(frame)) = frame {
            let bytes = frame.data_ref().map_or(0, Bytes::len);
            self.counted += bytes;
            self.watch.unfinished.add(bytes);
        }
    }

    fn release(&mut self) {
        let counted = std::mem::take(&mut self.counted);
        self.watch.unfinished.bytes.fetch_sub(counted, Ordering::Relaxed);
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.release();
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
            this.count(frame.as_ref());
            return Poll::Ready(frame);
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
