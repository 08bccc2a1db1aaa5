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
/// A receiver with the limits that nobody changed.
pub(crate) const ROOMY: &str = "/roomy";

/// The limit of the body, and that of a receiver which was not told one.
pub(crate) const LIMIT: usize = 64 * 1024;
pub(crate) const DEFAULT_LIMIT: usize = 1024 * 1024;

/// How long a body may take: long enough for a busy machine, and a fraction that has to be printed.
const READ_TIMEOUT: Duration = Duration::from_millis(500);
/// How long the headers may take; it is the server's limit and not the receiver's.
const HEAD_TIMEOUT: Duration = Duration::from_secs(1);
/// How long the store may take to plan all that the cases left in it.
const PLAN_TIMEOUT: Duration = Duration::from_secs(20);

/// A running server, and the store that all its receivers share.
pub(crate) struct Server {
    pub(crate) name: &'static str,
    pub(crate) address: SocketAddr,
    pub(crate) store: MemoryStore,
    runtime: Runtime,
    actix: Option<ServerHandle>,
}

impl Server {
    pub(crate) fn axum() -> Self {
        let (runtime, listener, store) = prepare();
        let address = listener.local_addr().unwrap();
        let receivers = Receivers::new(&store);
        let app = Router::new()
            .route(SIGNED, any(count_in_axum))
            .with_state(receivers.hook.clone())
            .nest_service(HOOK, calcom::axum::router(receivers.hook))
            .nest(ROTATING, calcom::axum::router(receivers.rotating))
            .nest(ROOMY, calcom::axum::router(receivers.roomy));
        runtime.spawn(async move {
            listener.set_nonblocking(true).unwrap();
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            calcom::axum::serve(listener, app).header_timeout(HEAD_TIMEOUT).await.unwrap();
        });
        Self { name: "axum", address, store, runtime, actix: None }
    }

    pub(crate) fn actix() -> Self {
        let (runtime, listener, store) = prepare();
        let address = listener.local_addr().unwrap();
        let receivers = Receivers::new(&store);
        let app = move || {
            let Receivers { hook, rotating, roomy } = receivers.clone();
            App::new()
                .app_data(web::Data::new(hook.clone()))
                .route(SIGNED, web::route().to(count_in_actix))
                .service(web::scope(HOOK).configure(calcom::actix::configure(hook)))
                .service(web::scope(ROTATING).configure(calcom::actix::configure(rotating)))
                .service(web::scope(ROOMY).configure(calcom::actix::configure(roomy)))
        };
        let started = {
            // Workers start on the runtime that is entered.
            let _entered = runtime.enter();
            HttpServer::new(app)
                .workers(2)
                .disable_signals()
                .client_request_timeout(HEAD_TIMEOUT)
                // How long unread bytes are swallowed after an answer, before the connection closes.
                // actix-web looks at a clock that ticks every half second, and never sees the end of
                // a time that is shorter.
                .client_disconnect_timeout(Duration::from_millis(600))
                // Idle connections must not close before the client's patience ends: a case that
                // waits for the end of a connection shall see the limit that it is about.
                .keep_alive(Duration::from_secs(60))
                .listen(listener)
                .unwrap()
                .run()
        };
        let handle = started.handle();
        runtime.spawn(started);
        Self { name: "actix-web", address, store, runtime, actix: Some(handle) }
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
        if let Some(actix) = actix {
            runtime.block_on(actix.stop(false));
        }
        runtime.shutdown_timeout(Duration::from_secs(5));
        store
    }
}

#[derive(Clone)]
struct Receivers {
    hook: Receiver,
    rotating: Receiver,
    roomy: Receiver,
}

impl Receivers {
    fn new(store: &MemoryStore) -> Self {
        let trusted = || Verifier::new(SECRET).unwrap();
        let small = |verifier| {
            let builder = Receiver::builder(verifier).store(store.clone());
            builder.body_limit(LIMIT).read_timeout(READ_TIMEOUT).build().unwrap()
        };
        Self {
            hook: small(trusted()),
            rotating: small(trusted().or(OLD_SECRET).unwrap()),
            roomy: Receiver::builder(trusted()).store(store.clone()).build().unwrap(),
        }
    }
}

fn prepare() -> (Runtime, TcpListener, MemoryStore) {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    (runtime, TcpListener::bind(("127.0.0.1", 0)).unwrap(), MemoryStore::new())
}

async fn count_in_axum(calcom::axum::Signed(delivery): calcom::axum::Signed) -> String {
    delivery.body().len().to_string()
}

async fn count_in_actix(calcom::actix::Signed(delivery): calcom::actix::Signed) -> String {
    delivery.body().len().to_string()
}
