//! The body of a request, as it arrives.

use std::{
    io::{Error, ErrorKind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{BoxError, body::Bytes};
use http_body::{Body, Frame, SizeHint};
use http_body_util::Limited;
use hyper::body::Incoming;
use tokio::time::{Sleep, sleep};

use super::{Limits, connections::LastRequest};

/// A body with a limit for its size and its time, which tells its connection when it is complete.
pub(super) struct Watched {
    body: Limited<Incoming>,
    timeout: Duration,
    /// Runs while something is missing.
    timer: Option<Pin<Box<Sleep>>>,
    last: Arc<LastRequest>,
}

impl Watched {
    pub(super) fn new(body: Incoming, limits: &Limits, last: Arc<LastRequest>) -> Self {
        let body = Limited::new(body, limits.body_limit);
        Self { body, timeout: limits.body_timeout, timer: None, last }
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
                this.last.is_complete();
            }
            return Poll::Ready(frame);
        }
        let timer = this.timer.get_or_insert_with(|| Box::pin(sleep(this.timeout)));
        timer.as_mut().poll(cx).map(|()| {
            let seconds = this.timeout.as_secs_f64();
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
