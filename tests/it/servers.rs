//! The two servers under test: the same receivers, mounted in axum and in actix-web.

use std::{
    net::{SocketAddr, TcpListener},
    sync::mpsc,
    time::Duration,
};

use actix_web::{App, HttpServer, dev::ServerHandle, web};
use axum::{Router, routing::any};
use calcom::{MemoryStore, Receiver, Verifier};
use tokio::runtime::{Builder, Runtime};

pub(crate) const SECRET: &str = "a test secret";
pub(crate) const OLD_SECRET: &str = "the secret before that";

/// The receiver with small limits.
pub(crate) const HOOK: &str = "/api/webhooks/cal";
/// Its address as many people write it.
pub(crate) const SLASHED: &str = "/api/webhooks/cal/";
/// A handler of its own, which extracts from requests what the receiver with small limits trusts.
pub(crate) const SIGNED: &str = "/signed";
/// A receiver that trusts two secrets.
pub(crate) const ROTATING: &str = "/rotating";
/// A receiver that takes bodies of the size that nobody changed.
pub(crate) const ROOMY: &str = "/roomy";
/// A receiver with a short time for bodies, and a handler of its own in front of it.
pub(crate) const HURRIED: &str = "/hurried";
pub(crate) const HURRIED_SIGNED: &str = "/hurried-signed";

/// The limit of the body, and that of a receiver which was not told one.
pub(crate) const LIMIT: usize = 64 * 1024;
pub(crate) const DEFAULT_LIMIT: usize = 1024 * 1024;

/// How long a body may take where that is what a case is about: a fraction that has to be printed.
const READ_TIMEOUT: Duration = Duration::from_millis(500);
/// How long the headers may take where that is what a case is about; it is the server's limit and
/// not the receiver's.
const HEAD_TIMEOUT: Duration = Duration::from_secs(1);
/// How long everything else may take: longer than a client waits, on a machine as busy as can be.
const UNHURRIED: Duration = Duration::from_secs(120);
/// How long the store may take to plan all that the cases left in it.
const PLAN_TIMEOUT: Duration = Duration::from_secs(60);

/// A running server, and the store that all its receivers share.
pub(crate) struct Server {
    pub(crate) name: &'static str,
    pub(crate) address: SocketAddr,
    /// The same routes, where headers must come within a second.
    pub(crate) hurried: SocketAddr,
    pub(crate) store: MemoryStore,
    runtime: Runtime,
    actix: Vec<ServerHandle>,
}

impl Server {
    pub(crate) fn axum() -> Self {
        let (runtime, listeners, store) = prepare();
        let [address, hurried] = listeners.each_ref().map(|it| it.local_addr().unwrap());
        let receivers = Receivers::new(&store);
        let signed = |path, receiver: &Receiver| {
            Router::new().route(path, any(count_in_axum)).with_state(receiver.clone())
        };
        let app = signed(SIGNED, &receivers.hook)
            .merge(signed(HURRIED_SIGNED, &receivers.hurried))
            .nest_service(HOOK, calcom::axum::router(receivers.hook))
            .nest(HURRIED, calcom::axum::router(receivers.hurried))
            .nest(ROTATING, calcom::axum::router(receivers.rotating))
            .nest(ROOMY, calcom::axum::router(receivers.roomy));
        for (listener, timeout) in listeners.into_iter().zip([UNHURRIED, HEAD_TIMEOUT]) {
            runtime.spawn(serve_axum(listener, app.clone(), timeout));
        }
        Self { name: "axum", address, hurried, store, runtime, actix: Vec::new() }
    }

    pub(crate) fn actix() -> Self {
        let (runtime, listeners, store) = prepare();
        let [address, hurried] = listeners.each_ref().map(|it| it.local_addr().unwrap());
        let receivers = Receivers::new(&store);
        let signed = |path, receiver: &Receiver| {
            web::resource(path).app_data(web::Data::new(receiver.clone())).to(count_in_actix)
        };
        let app = move || {
            let Receivers { hook, hurried, rotating, roomy } = receivers.clone();
            App::new()
                .service(signed(SIGNED, &hook))
                .service(signed(HURRIED_SIGNED, &hurried))
                .service(web::scope(HOOK).configure(calcom::actix::configure(hook)))
                .service(web::scope(HURRIED).configure(calcom::actix::configure(hurried)))
                .service(web::scope(ROTATING).configure(calcom::actix::configure(rotating)))
                .service(web::scope(ROOMY).configure(calcom::actix::configure(roomy)))
        };
        let start = |(listener, timeout): (TcpListener, Duration)| {
            // Workers start on the runtime that is entered.
            let _entered = runtime.enter();
            let started = HttpServer::new(app.clone())
                .workers(2)
                .disable_signals()
                .client_request_timeout(timeout)
                // How long unread bytes are swallowed after an answer, before the connection closes.
                // actix-web looks at a clock that ticks every half second, and never sees the end of
                // a time that is shorter.
                .client_disconnect_timeout(Duration::from_millis(600))
                // Idle connections must not close before the client's patience ends: a case that
                // waits for the end of a connection shall see the limit that it is about.
                .keep_alive(UNHURRIED)
                .listen(listener)
                .unwrap()
                .run();
            let handle = started.handle();
            runtime.spawn(started);
            handle
        };
        let actix = listeners.into_iter().zip([UNHURRIED, HEAD_TIMEOUT]).map(start).collect();
        Self { name: "actix-web", address, hurried, store, runtime, actix }
    }

    /// Waits until the store has read every delivery, and ends the server.
    pub(crate) fn stop(self) -> MemoryStore {
        let Self { store, runtime, actix, .. } = self;
        let (planned, wait) = mpsc::channel();
        let busy = store.clone();
        runtime.spawn(async move {
            busy.idle().await;
            planned.send(()).unwrap();
        });
        wait.recv_timeout(PLAN_TIMEOUT).unwrap();
        for actix in actix {
            runtime.block_on(actix.stop(false));
        }
        runtime.shutdown_timeout(Duration::from_secs(5));
        store
    }
}

#[derive(Clone)]
struct Receivers {
    hook: Receiver,
    hurried: Receiver,
    rotating: Receiver,
    roomy: Receiver,
}

impl Receivers {
    fn new(store: &MemoryStore) -> Self {
        let trusted = || Verifier::new(SECRET).unwrap();
        let roomy =
            |verifier| Receiver::builder(verifier).store(store.clone()).read_timeout(UNHURRIED);
        let small = |verifier| roomy(verifier).body_limit(LIMIT);
        Self {
            hook: small(trusted()).build().unwrap(),
            hurried: small(trusted()).read_timeout(READ_TIMEOUT).build().unwrap(),
            rotating: small(trusted().or(OLD_SECRET).unwrap()).build().unwrap(),
            roomy: roomy(trusted()).build().unwrap(),
        }
    }
}

fn prepare() -> (Runtime, [TcpListener; 2], MemoryStore) {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let listen = |_| TcpListener::bind(("127.0.0.1", 0)).unwrap();
    (runtime, [(), ()].map(listen), MemoryStore::new())
}

async fn serve_axum(listener: TcpListener, app: Router, timeout: Duration) {
    listener.set_nonblocking(true).unwrap();
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    let server = calcom::axum::serve(listener, app);
    server.header_timeout(timeout).body_timeout(UNHURRIED).await.unwrap();
}

async fn count_in_axum(calcom::axum::Signed(delivery): calcom::axum::Signed) -> String {
    delivery.body().len().to_string()
}

async fn count_in_actix(calcom::actix::Signed(delivery): calcom::actix::Signed) -> String {
    delivery.body().len().to_string()
}
