//! A server that strangers cannot block.

mod body;
mod connections;
mod shutdown;
mod stream;

use std::{
    convert::Infallible,
    fmt, future,
    io::{self, ErrorKind},
    net::SocketAddr,
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    body::{Body, HttpBody as _},
    extract::ConnectInfo,
    response::Response,
};
use cal_webhook::log::quietly;
use hyper::{
    body::Incoming,
    server::conn::http1,
    service::{Service as _, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    time,
};

use self::{
    body::{HeldBodies, Watched},
    connections::{ConnectionState, Connections},
    stream::Stream,
};

pub use self::shutdown::shutdown_signal;

/// How much of what a client sends or is sent is buffered, and how long a head may be.
///
/// The smallest size that hyper takes is half of this. With hyper's own limit of 400 KB the buffers
/// of a few thousand unfinished requests would fill the memory.
const BUFFER: usize = 16 * 1024;

/// How long to wait for a descriptor when there is none.
const PAUSE: Duration = Duration::from_millis(10);

/// Serves an app over HTTP/1.1, with limits that a router cannot set.
///
/// ```no_run
/// use axum::Router;
///
/// # async fn run(app: Router) -> std::io::Result<()> {
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
/// cal_axum::serve(listener, app).with_graceful_shutdown(cal_axum::shutdown_signal()).await
/// # }
/// ```
///
/// `axum::serve` lets everybody open as many connections as they like, and keep each as long as they
/// like. Here a client that sends nothing, sends slowly, or never reads its answers cannot keep
/// others waiting:
///
/// | limit | default | beyond it |
/// |---|---|---|
/// | [`connections`](Serve::connections) | three quarters of the process's file descriptors, at most 4,096 | the connection that has gone longest without a complete request is closed |
/// | [`header_timeout`](Serve::header_timeout) | 10 seconds, also between two requests | the connection is closed |
/// | size of the head | 16 KiB | 431 |
/// | [`body_timeout`](Serve::body_timeout) | 30 seconds | the body that the handler reads ends with an error |
/// | [`body_limit`](Serve::body_limit) | 2 MiB | the same; extractors of axum answer 413 |
/// | [`held_limit`](Serve::held_limit) | 32 MiB in all bodies that handlers read | of the connections that hold some, those that have gone longest without a complete request are closed |
/// | [`write_timeout`](Serve::write_timeout) | 10 seconds without progress | the connection is closed |
/// | [`grace`](Serve::grace) | 10 seconds after the signal | the connections that are left are closed |
///
/// A new connection is always accepted. One that has sent no complete request yet counts from the
/// moment at which it was accepted, so a flood of connections closes its own first. A request that
/// the app works on is spared, unless such requests have half of all places.
///
/// Every request carries the client's address as [`ConnectInfo<SocketAddr>`](ConnectInfo). TLS and
/// HTTP/2 are the business of a proxy in front. Upgrades, as for web sockets, are not served.
pub fn serve(listener: TcpListener, app: Router) -> Serve {
    Serve {
        listener,
        app,
        limits: Limits {
            connections: connections::default_limit(),
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            body_limit: 2 * 1024 * 1024,
            held_limit: 32 * 1024 * 1024,
            write_timeout: Duration::from_secs(10),
            grace: Duration::from_secs(10),
        },
        signal: Box::pin(future::pending()),
    }
}

/// A server that is about to start; await it. Made by [`serve`].
#[must_use = "a server does nothing unless it is awaited"]
pub struct Serve {
    listener: TcpListener,
    app: Router,
    limits: Limits,
    signal: Signal,
}

type Signal = Pin<Box<dyn Future<Output = ()> + Send>>;

#[derive(Clone, Copy, Debug)]
struct Limits {
    connections: usize,
    header_timeout: Duration,
    body_timeout: Duration,
    body_limit: usize,
    held_limit: usize,
    write_timeout: Duration,
    grace: Duration,
}

impl Serve {
    /// Sets how many connections may be open, at least one.
    ///
    /// By default three quarters of the process's file descriptors, at most 4,096.
    /// Leave descriptors for the database and for what hooks call.
    pub fn connections(mut self, most: usize) -> Self {
        self.limits.connections = most.max(1);
        self
    }

    /// Sets how long a client may take to send the head of a request, 10 seconds by default.
    ///
    /// The time also runs between two requests on one connection.
    pub fn header_timeout(mut self, timeout: Duration) -> Self {
        self.limits.header_timeout = timeout;
        self
    }

    /// Sets how long the body of a request may take to arrive, 30 seconds by default.
    ///
    /// The time begins when the handler has read what is there and waits for more.
    /// A receiver has its own, shorter limit.
    pub fn body_timeout(mut self, timeout: Duration) -> Self {
        self.limits.body_timeout = timeout;
        self
    }

    /// Sets how long the body of a request may be on any route, 2 MiB by default.
    ///
    /// A route may have a smaller limit of its own, as a receiver has; axum's extractors have one of
    /// 2 MiB, `DefaultBodyLimit`.
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.limits.body_limit = bytes;
        self
    }

    /// Sets how much handlers may hold of the bodies that they read, 32 MiB by default.
    ///
    /// Counts the pieces of a body, except for the last one, as long as the handler keeps them; what
    /// it copies is its own business. A receiver has a limit of its own, and nothing of its bodies
    /// counts here.
    pub fn held_limit(mut self, bytes: usize) -> Self {
        self.limits.held_limit = bytes;
        self
    }

    /// Sets how long a client may take until it reads more of its answer, 10 seconds by default.
    pub fn write_timeout(mut self, timeout: Duration) -> Self {
        self.limits.write_timeout = timeout;
        self
    }

    /// Sets how long requests may take to end after the signal to stop, 10 seconds by default.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.limits.grace = grace;
        self
    }

    /// Stops the server when this future ends, such as [`shutdown_signal`].
    ///
    /// No connection is accepted any more, idle ones are closed, and requests at hand may end
    /// within the [grace time](Self::grace).
    pub fn with_graceful_shutdown(
        mut self,
        signal: impl Future<Output = ()> + Send + 'static,
    ) -> Self {
        self.signal = Box::pin(signal);
        self
    }

    async fn run(self) -> io::Result<()> {
        let Self { listener, app, limits, mut signal } = self;
        let (stop, stopped) = watch::channel(false);
        let mut connections = Connections::new(limits.connections);
        let held = Arc::new(HeldBodies::new(limits.held_limit));
        loop {
            tokio::select! {
                () = &mut signal => break,
                () = held.too_much.notified() => connections.close_holders(&held),
                () = connections.ended() => {}
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => {
                        let (app, stopped) = (app.clone(), stopped.clone());
                        let held = Arc::clone(&held);
                        connections.open(|state| {
                            let door = Door { app: TowerToHyperService::new(app), peer, limits, held, state };
                            connection(stream, door, stopped)
                        });
                    }
                    Err(error) if is_of_one_connection(&error) => {}
                    // Out of descriptors, most likely, because something else has taken them.
                    Err(error) => {
                        quietly(|| tracing::warn!("could not accept a connection: {error}"));
                        if connections.close_longest_idle() {
                            // It takes a moment until its descriptor is there.
                            let _ = time::timeout(PAUSE, connections.ended()).await;
                        } else {
                            time::sleep(PAUSE).await;
                        }
                    }
                },
            }
        }
        drop(listener);
        quietly(|| tracing::info!("stopping"));
        // It fails when no connection is open.
        let _ = stop.send(true);
        if time::timeout(limits.grace, connections.all_ended()).await.is_err() {
            quietly(|| tracing::warn!("stopped while connections were still open"));
        }
        Ok(())
    }
}

impl IntoFuture for Serve {
    type Output = io::Result<()>;
    type IntoFuture = Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for Serve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serve")
            .field("listener", &self.listener)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// Serves one connection.
async fn connection(stream: TcpStream, door: Door, mut stopped: watch::Receiver<bool>) {
    // An answer goes out when it is written; where this cannot be set, a moment later.
    let _ = stream.set_nodelay(true);
    let Limits { write_timeout, header_timeout, .. } = door.limits;
    let stream = Stream::new(stream, write_timeout, Arc::clone(&door.state));
    let service = service_fn(move |request| door.ask(request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
        .max_buf_size(BUFFER)
        // A client may be done with writing before it has its answer.
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let stop = async { drop(stopped.wait_for(|stop| *stop).await) };
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = stop => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        quietly(|| tracing::debug!("a connection ended: {error}"));
    }
}

/// The app as one connection sees it.
struct Door {
    app: TowerToHyperService<Router>,
    peer: SocketAddr,
    limits: Limits,
    held: Arc<HeldBodies>,
    state: Arc<ConnectionState>,
}

impl Door {
    /// Asks the app, with a body that is limited, and notes when the request is complete.
    fn ask(
        &self,
        request: hyper::Request<Incoming>,
    ) -> impl Future<Output = Result<Response, Infallible>> + use<> {
        self.state.is_asked();
        let mut request = if request.body().is_end_stream() {
            self.state.is_complete();
            request.map(|_| Body::empty())
        } else {
            request.map(|body| Body::new(Watched::new(body, self.limits, &self.held, &self.state)))
        };
        request.extensions_mut().insert(ConnectInfo(self.peer));
        let (answer, state) = (self.app.call(request), Arc::clone(&self.state));
        async move {
            let answer = answer.await;
            state.is_answered();
            answer
        }
    }
}

/// Whether accepting failed because of the client: it has gone already, for example.
fn is_of_one_connection(error: &io::Error) -> bool {
    use ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
