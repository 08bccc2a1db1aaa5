//! Servers that answer once a delivery is on disk, each in a process of its own.

mod file;
mod place;
mod real;
mod rows;

use std::{env, net::SocketAddr};

use anyhow::{Context, Result, bail, ensure};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use cal_webhook::{SIGNATURE_HEADER, Verified, Verifier};
use tokio::runtime;

use crate::{
    SECRET,
    child::{self, Child},
};

pub use place::{POSTGRES, Place, fill_log};
use real::Work;

/// The argument that makes this program a server; the kind and the place follow.
const SERVE: &str = "serve-durably";

/// How many threads a server has.
const THREADS: usize = 2;

/// How a server keeps deliveries.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// Appends to a file, one `fdatasync` for all that came during the last one.
    File,
    /// One commit for each delivery, in SQLite.
    SqliteRows,
    /// The real store in SQLite, with hooks that do nothing.
    Sqlite,
    /// The real store in SQLite, with hooks that never return.
    SqliteHanging,
    /// One commit for each delivery, in PostgreSQL.
    PostgresRows,
    /// The real store in PostgreSQL, with hooks that do nothing.
    Postgres,
    /// The real store in PostgreSQL, with hooks that never return.
    PostgresHanging,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::File,
        Self::SqliteRows,
        Self::Sqlite,
        Self::SqliteHanging,
        Self::PostgresRows,
        Self::Postgres,
        Self::PostgresHanging,
    ];

    /// Returns the name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::File => "file, grouped",
            Self::SqliteRows => "SQLite, one commit each",
            Self::Sqlite => "SQLite",
            Self::SqliteHanging => "SQLite, hooks hang",
            Self::PostgresRows => "PostgreSQL, one commit each",
            Self::Postgres => "PostgreSQL",
            Self::PostgresHanging => "PostgreSQL, hooks hang",
        }
    }

    /// Whether it keeps deliveries in PostgreSQL.
    #[must_use]
    pub fn is_postgres(self) -> bool {
        matches!(self, Self::PostgresRows | Self::Postgres | Self::PostgresHanging)
    }

    /// Whether hooks run, and end.
    fn drains(self) -> bool {
        matches!(self, Self::Sqlite | Self::Postgres)
    }

    async fn router(self, url: &str, hooks: usize) -> Result<(Router, Option<Work>)> {
        Ok(match self {
            Self::File => (file::router(url)?, None),
            Self::SqliteRows => (rows::sqlite(url).await?, None),
            Self::PostgresRows => (rows::postgres(url).await?, None),
            Self::Sqlite | Self::Postgres => real::router(url, hooks, false).await?,
            Self::SqliteHanging | Self::PostgresHanging => real::router(url, hooks, true).await?,
        })
    }
}

/// Serves if the program was started to, and then returns `true`.
///
/// Its replies to a number of deliveries come when all work on so many has ended.
///
/// # Errors
///
/// Fails when the place cannot be used.
pub fn serve_if_told() -> Result<bool> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [serve, name, url, hooks] = arguments.as_slice() else { return Ok(false) };
    if serve != SERVE {
        return Ok(false);
    }
    let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.name() == name) else {
        bail!("expected the kind of a server, found {name:?}");
    };
    let runtime =
        runtime::Builder::new_multi_thread().worker_threads(THREADS).enable_all().build()?;
    let handle = runtime.handle().clone();
    runtime.block_on(async {
        let (router, work) = kind.router(url, hooks.parse()?).await?;
        let drained = move |line: &str| match &work {
            Some(work) => handle.block_on(work.done(line.parse().unwrap_or_default())),
            None => "done".to_owned(),
        };
        child::serve(router, drained).await
    })?;
    Ok(true)
}

/// A server that runs, and where it keeps what it was sent.
#[derive(Debug)]
pub struct Server {
    kind: Kind,
    child: Child,
    /// How many deliveries it has kept.
    kept: usize,
    /// Where it listens.
    pub address: SocketAddr,
    // Removed once the process has ended.
    _place: Place,
}

impl Server {
    /// Starts a server with so many hooks on an empty place.
    ///
    /// # Errors
    ///
    /// Fails when it cannot be started.
    pub fn start(kind: Kind, place: Place, hooks: usize) -> Result<Self> {
        let child = Child::start(&[SERVE, kind.name(), &place.url, &hooks.to_string()])?;
        Ok(Self { kind, address: child.address, child, kept: 0, _place: place })
    }

    /// Waits until all work that these further deliveries have made has ended.
    ///
    /// # Errors
    ///
    /// Fails when the server has ended, or does not get ready.
    pub fn drain(&mut self, deliveries: usize) -> Result<()> {
        self.kept += deliveries;
        if self.kind.drains() {
            let reply = self.child.ask(&self.kept.to_string())?;
            ensure!(reply == "done", "{}: {reply}", self.kind.name());
        }
        Ok(())
    }
}

/// Keeps a verified delivery, and tells whether it did.
trait Keep: Clone + Send + Sync + 'static {
    fn keep(&self, delivery: Verified) -> impl Future<Output = bool> + Send;
}

/// A router that does what every receiver must: verify, keep, answer.
fn keeping(keep: impl Keep) -> Result<Router> {
    let verifier = Verifier::new(SECRET)?;
    Ok(Router::new().route("/", post(receive)).with_state((verifier, keep)))
}

async fn receive<K: Keep>(
    State((verifier, keep)): State<(Verifier, K)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let signature = headers.get(SIGNATURE_HEADER).and_then(|value| value.to_str().ok());
    let verified = signature.context("unsigned").map(|it| verifier.verify(body, it));
    let Ok(Ok(verified)) = verified else { return StatusCode::UNAUTHORIZED.into_response() };
    if keep.keep(verified).await {
        let json = [(header::CONTENT_TYPE, "application/json")];
        (json, r#"{"status":"stored"}"#).into_response()
    } else {
        StatusCode::SERVICE_UNAVAILABLE.into_response()
    }
}
