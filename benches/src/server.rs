//! Servers to send requests to, each in a process of its own, so that its CPU time can be told.

use std::{
    env,
    io::{self, BufRead, BufReader, Write},
    net::SocketAddr,
    process::{self, Stdio},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use axum::{Router, body::Bytes, http::StatusCode, routing::post};
use cal_webhook::{Hook, MemoryStore, Receiver, Verifier};
use rustix::time::ClockId;
use tokio::{net::TcpListener, runtime, sync::oneshot};

use crate::{SECRET, ratio::cpu};

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
            Self::Door => cal_axum::router(receiver.build()),
            Self::Hook => cal_axum::router(receiver.hook(hook).build()),
        })
    }
}

/// Serves if the program was started to, and then returns `true`.
///
/// Writes the address first; then, for every line that is read, the CPU time in nanoseconds. Ends
/// with its input.
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
    let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
    writeln!(io::stdout(), "{}", listener.local_addr()?)?;
    let (end, ended) = oneshot::channel::<()>();
    thread::spawn(move || {
        let _end = end;
        io::stdin()
            .lines()
            .map_while(Result::ok)
            .try_for_each(|_| writeln!(io::stdout(), "{:.0}", cpu(ClockId::ProcessCPUTime)))
    });
    tokio::select! {
        served = axum::serve(listener, kind.router()?) => served?,
        _ = ended => {}
    }
    Ok(())
}

/// A server that runs; it ends when this is dropped.
#[derive(Debug)]
pub struct Server {
    process: process::Child,
    replies: BufReader<process::ChildStdout>,
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
        let mut process = process::Command::new(env::current_exe()?)
            .args([SERVE, kind.name()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("could not start a server")?;
        let output = process.stdout.take().context("the server has no output")?;
        let mut replies = BufReader::new(output);
        let address = line(&mut replies)?.parse().context("the server did not say where it is")?;
        Ok(Self { process, replies, address })
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
        writeln!(self.process.stdin.as_ref().context("the server has no input")?)?;
        line(&mut self.replies)?.parse().context("the server did not say its CPU time")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Without input it ends by itself.
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

fn line(replies: &mut impl BufRead) -> Result<String> {
    let mut line = String::new();
    replies.read_line(&mut line)?;
    Ok(line.trim().to_owned())
}
