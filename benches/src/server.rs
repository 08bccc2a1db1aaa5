//! Servers to send requests to, each in a process of its own, so that its CPU time can be told.

use std::{env, net::SocketAddr, thread, time::Duration};

use anyhow::{Context, Result, bail};
use axum::{Router, body::Bytes, http::StatusCode, routing::post};
use cal_webhook::{Hook, MemoryStore, Receiver, Verifier};
use rustix::time::ClockId;
use tokio::runtime;

use crate::{
    SECRET,
    child::{self, Child},
    ratio::cpu,
};

/// The argument that makes this program a server; the kind of server follows.
const SERVE: &str = "serve";

/// How long a server must have done next to nothing to count as idle.
const QUIET: Duration = Duration::from_millis(20);

/// What a server does with a delivery.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// It takes the body and answers 200.
    Noop,
    /// It receives into a store in memory, without hooks.
    Door,
    /// It receives into a store in memory, and one hook does nothing with what came.
    Hook,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Noop, Self::Door, Self::Hook];

    /// Returns the name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Noop => "noop",
            Self::Door => "door",
            Self::Hook => "door+hook",
        }
    }

    fn router(self) -> Result<Router> {
        let receiver = Receiver::builder(Verifier::new(SECRET)?).store(MemoryStore::new());
        let hook = Hook::named("nothing").on_booked(|_cx, _booking| async { Ok(()) });
        Ok(match self {
            Self::Noop => Router::new().route("/", post(|_body: Bytes| async { StatusCode::OK })),
            Self::Door => cal_axum::router(receiver.build()?),
            Self::Hook => cal_axum::router(receiver.hook(hook).build()?),
        })
    }
}

/// Serves if the program was started to, and then returns `true`.
///
/// Its replies are the CPU time in nanoseconds.
///
/// # Errors
///
/// Fails when no port can be listened on.
pub fn serve_if_told() -> Result<bool> {
    let mut arguments = env::args().skip(1);
    if arguments.next().as_deref() != Some(SERVE) {
        return Ok(false);
    }
    let name = arguments.next().unwrap_or_default();
    let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.name() == name) else {
        bail!("expected the kind of a server, found {name:?}");
    };
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(serve(kind))?;
    Ok(true)
}

async fn serve(kind: Kind) -> Result<()> {
    child::serve(kind.router()?, |_| format!("{:.0}", cpu(ClockId::ProcessCPUTime))).await
}

/// A server that runs; it ends when this is dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Server {
    /// Starts this program once more, as a server.
    ///
    /// # Errors
    ///
    /// Fails when it cannot be started.
    pub fn start(kind: Kind) -> Result<Self> {
        let child = Child::start(&[SERVE, kind.name()])?;
        Ok(Self { address: child.address, child })
    }

    /// Returns the CPU time that the server has used, in nanoseconds, once it has nothing to do.
    ///
    /// # Errors
    ///
    /// Fails when the server has ended.
    pub fn cpu_when_idle(&mut self) -> Result<f64> {
        let mut before = self.cpu()?;
        loop {
            thread::sleep(QUIET);
            let now = self.cpu()?;
            if now - before < 0.02 * QUIET.as_nanos() as f64 {
                return Ok(now);
            }
            before = now;
        }
    }

    fn cpu(&mut self) -> Result<f64> {
        self.child.ask("cpu")?.parse().context("the server did not say its CPU time")
    }
}
