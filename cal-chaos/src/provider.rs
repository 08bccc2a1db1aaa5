//! A provider outside, which writes down what it receives and fails at times.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use fastrand::Rng;
use http_body_util::{BodyExt as _, Empty};
use hyper::{
    Request, Response, StatusCode, body::Incoming, server::conn::http1, service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::{
    net::{TcpListener, TcpStream},
    time,
};

/// One request that the provider received.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) key: String,
    /// The booking, where the hook named one.
    pub(crate) uid: Option<String>,
    pub(crate) body: Bytes,
    /// Whether the header and the body have the same key.
    pub(crate) agrees: bool,
    /// Whether the hook was to get a good answer.
    pub(crate) answered: bool,
}

/// How the provider behaves when it sees a key for the first time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Mood {
    Well,
    Slow(u64),
    /// It does its work, and says that it did not.
    Failing,
    /// It does its work, and the answer is lost.
    Silent,
}

#[derive(Deserialize)]
struct Told {
    key: String,
    transition: Option<String>,
    uid: Option<String>,
}

/// A provider on loopback.
#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) address: SocketAddr,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    /// The seed of its moods; without one it always does well.
    seed: Option<u64>,
    slow: AtomicBool,
    calls: Mutex<Calls>,
}

#[derive(Debug, Default)]
struct Calls {
    log: Vec<Call>,
    seen: HashMap<String, usize>,
}

impl Provider {
    pub(crate) async fn start(seed: Option<u64>) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (slow, calls) = (AtomicBool::new(false), Mutex::default());
        let state = Arc::new(State { seed, slow, calls });
        tokio::spawn(serve(listener, Arc::clone(&state)));
        Ok(Self { address, state })
    }

    /// Makes every call slow, so that hooks run long enough to renew their claims.
    pub(crate) fn slow_down(&self, slow: bool) {
        self.state.slow.store(slow, Ordering::Relaxed);
    }

    /// Returns what was received, in order.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.state.calls.lock().unwrap_or_else(PoisonError::into_inner).log.clone()
    }
}

async fn serve(listener: TcpListener, state: Arc<State>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(connection(stream, Arc::clone(&state)))),
            // Out of file descriptors, for example.
            Err(_) => time::sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn connection(stream: TcpStream, state: Arc<State>) {
    let service = service_fn(|request| answer(request, Arc::clone(&state)));
    // A site that was killed leaves its connections broken.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(
    request: Request<Incoming>,
    state: Arc<State>,
) -> Result<Response<Empty<Bytes>>, io::Error> {
    let header = request.headers().get("idempotency-key").cloned();
    let Ok(body) = request.into_body().collect().await else {
        return Err(io::Error::other("the request broke off"));
    };
    let body = body.to_bytes();
    let Ok(told) = serde_json::from_slice::<Told>(&body) else {
        return Ok(status(StatusCode::BAD_REQUEST));
    };
    let agrees = header.is_some_and(|header| header.as_bytes() == told.key.as_bytes());
    match state.note(told, body, agrees) {
        Mood::Well => Ok(status(StatusCode::OK)),
        Mood::Slow(milliseconds) => {
            time::sleep(Duration::from_millis(milliseconds)).await;
            Ok(status(StatusCode::OK))
        }
        Mood::Failing => Ok(status(StatusCode::SERVICE_UNAVAILABLE)),
        Mood::Silent => Err(io::Error::other("the answer is lost")),
    }
}

fn status(status: StatusCode) -> Response<Empty<Bytes>> {
    let mut response = Response::new(Empty::new());
    *response.status_mut() = status;
    response
}

impl State {
    /// Writes a call down before it is answered.
    fn note(&self, told: Told, body: Bytes, agrees: bool) -> Mood {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = calls.seen.entry(told.key.clone()).or_default();
        *seen += 1;
        // Whoever is refused once gets through next: a second failure would wait for long.
        let mood = if *seen == 1 { self.mood(&told) } else { Mood::Well };
        let mood = match mood {
            Mood::Well if self.slow.load(Ordering::Relaxed) => Mood::Slow(4000),
            mood => mood,
        };
        let answered = !matches!(mood, Mood::Failing | Mood::Silent);
        calls.log.push(Call { key: told.key, uid: told.uid, body, agrees, answered });
        mood
    }

    /// Follows from the seed and from what happened, but not from the key, which no seed tells.
    fn mood(&self, told: &Told) -> Mood {
        let Some(seed) = self.seed else { return Mood::Well };
        let mut hash = DefaultHasher::new();
        (seed, &told.transition, &told.uid).hash(&mut hash);
        let mut random = Rng::with_seed(hash.finish());
        match random.u8(..100) {
            0..3 => Mood::Failing,
            3..5 => Mood::Silent,
            5..8 => Mood::Slow(random.u64(1000..4000)),
            8..60 => Mood::Slow(random.u64(1..30)),
            _ => Mood::Well,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_at_first_gets_through_next() {
        let (slow, calls) = (AtomicBool::new(false), Mutex::default());
        let state = State { seed: Some(1), slow, calls };
        let mut failed = 0;
        for number in 0..200 {
            let told = || Told {
                key: format!("{number}/provider"),
                transition: Some("booked".to_owned()),
                uid: Some(number.to_string()),
            };
            let first = state.note(told(), Bytes::new(), true);
            failed += usize::from(matches!(first, Mood::Failing | Mood::Silent));
            assert_eq!(state.note(told(), Bytes::new(), true), Mood::Well);
        }
        assert!((1..40).contains(&failed), "{failed} failed");
    }
}
