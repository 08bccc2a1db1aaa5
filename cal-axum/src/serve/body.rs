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

use super::{BUFFER, Limits, connections::ConnectionState};

/// The bytes that a piece costs beside its own.
const PIECE: usize = 128;

/// How much of all bodies is held by handlers.
#[derive(Debug)]
pub(super) struct HeldBodies {
    bytes: AtomicUsize,
    limit: usize,
    /// Wakes the server when there is too much.
    pub(super) too_much: Notify,
}

impl HeldBodies {
    pub(super) fn new(limit: usize) -> Self {
        Self { bytes: AtomicUsize::new(0), limit, too_much: Notify::new() }
    }

    /// Returns how many bytes are held above the limit.
    pub(super) fn excess(&self) -> usize {
        self.bytes.load(Ordering::Relaxed).saturating_sub(self.limit)
    }
}

/// A piece of a body, which counts until nobody holds it any more.
struct Piece {
    bytes: Bytes,
    held: Arc<HeldBodies>,
    state: Arc<ConnectionState>,
}

impl Piece {
    fn count(bytes: Bytes, held: &Arc<HeldBodies>, state: &Arc<ConnectionState>) -> Bytes {
        // A short piece would keep the whole buffer that it was read into.
        let bytes = if bytes.len() < BUFFER / 2 { Bytes::copy_from_slice(&bytes) } else { bytes };
        let piece = Self { bytes, held: Arc::clone(held), state: Arc::clone(state) };
        let cost = piece.cost();
        state.held.fetch_add(cost, Ordering::Relaxed);
        if held.bytes.fetch_add(cost, Ordering::Relaxed) + cost > held.limit {
            held.too_much.notify_one();
        }
        Bytes::from_owner(piece)
    }

    fn cost(&self) -> usize {
        self.bytes.len() + PIECE
    }
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        self.held.bytes.fetch_sub(self.cost(), Ordering::Relaxed);
        self.state.held.fetch_sub(self.cost(), Ordering::Relaxed);
    }
}

/// A body with a limit for its size and its time, which tells its connection when it is complete.
pub(super) struct Watched {
    body: Limited<Incoming>,
    limits: Limits,
    /// Runs while something is missing.
    timer: Option<Pin<Box<Sleep>>>,
    held: Arc<HeldBodies>,
    state: Arc<ConnectionState>,
}

impl Watched {
    pub(super) fn new(
        body: Incoming,
        limits: Limits,
        held: &Arc<HeldBodies>,
        state: &Arc<ConnectionState>,
    ) -> Self {
        let body = Limited::new(body, limits.body_limit);
        Self { body, limits, timer: None, held: Arc::clone(held), state: Arc::clone(state) }
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
                this.state.is_complete();
                return Poll::Ready(frame);
            }
            let count = |bytes| Piece::count(bytes, &this.held, &this.state);
            return Poll::Ready(frame.map(|frame| frame.map(|frame| frame.map_data(count))));
        }
        let timeout = this.limits.body_timeout;
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
