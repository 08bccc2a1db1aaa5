//! PostgreSQL comes late, goes away, or ends connections.

use std::{
    env, fs,
    net::TcpListener,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use cal_store::Effects;
use cal_webhook::Accepted;
use futures_util::future::join_all;

use super::*;
use crate::bodies::arrival;

/// A server of this test alone.
struct Server {
    port: u16,
    data: PathBuf,
}

impl Server {
    fn named() -> Self {
        // Below the ports that systems give to clients.
        let mut ports = std::iter::repeat_with(|| fastrand::u16(20_000..30_000));
        let port = ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap();
        Self { port, data: env::temp_dir().join(format!("calcom_faults_postgres_{port}")) }
    }

    fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/calcom", self.port)
    }

    fn run(&self, verb: &str) -> Output {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/postgres");
        Command::new(script)
            .arg(verb)
            .env("CALCOM_TEST_POSTGRES_PORT", self.port.to_string())
            .env("CALCOM_TEST_POSTGRES_DATA", &self.data)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// Starts the server, where there is one.
    fn start(&self) -> bool {
        let output = self.run("start");
        let said = String::from_utf8_lossy(&output.stderr);
        if said.contains("found no PostgreSQL") {
            cal_testing::skip("there is no PostgreSQL to start, so none is restarted");
            return false;
        }
        assert!(output.status.success(), "{said}");
        true
    }

    async fn execute(&self, sql: &'static str) {
        let mut conn = PgConnection::connect(&self.url()).await.unwrap();
        sqlx::query(sql).execute(&mut conn).await.unwrap();
        sqlx::query("SELECT pg_reload_conf()").execute(&mut conn).await.unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.run("stop");
        let _ = fs::remove_dir_all(&self.data);
    }
}

/// Posts bookings until one is answered in this way, as a server's settings take a moment.
async fn posted_until(receiver: &Receiver, name: &str, wanted: u16) -> Vec<DeliveryId> {
    let mut kept = Vec::new();
    let posting = async {
        for number in 0.. {
            let reply = post(receiver, &body(&format!("{name}{number}"))).await;
            let status = reply.status();
            if status == 200 {
                kept.push(stored(reply));
            } else {
                assert!(is_refused(&reply), "{reply:?}");
            }
            if status == wanted {
                return;
            }
        }
    };
    let in_time = time::timeout(PATIENCE, posting).await.is_ok();
    assert!(in_time, "no delivery was answered with {wanted}");
    kept
}

#[tokio::test]
async fn a_server_that_comes_late_and_crashes_is_used_without_opening_the_store_again() {
    let server = Server::named();
    let store = SqlStore::open(&server.url()).await.unwrap();
    let (receiver, mut runs) = receiver(&store);
    assert!(is_refused(&post(&receiver, &body("first")).await));
    assert!(store.ready().await.is_err());
    if !server.start() {
        return;
    }
    is_ready(&store).await;
    let mut kept = vec![sent(&receiver, &body("first")).await];
    heard(&mut runs, 1).await;

    assert!(server.run("restart").status.success());
    kept.push(sent(&receiver, &body("second")).await);
    heard(&mut runs, 1).await;

    // As on a replica that was not promoted yet.
    server.execute("ALTER SYSTEM SET default_transaction_read_only = on").await;
    kept.extend(posted_until(&receiver, "full", 503).await);
    assert!(store.ready().await.is_err());
    server.execute("ALTER SYSTEM RESET default_transaction_read_only").await;
    kept.extend(posted_until(&receiver, "free", 200).await);
    is_ready(&store).await;
    heard(&mut runs, kept.len() - 2).await;
    receiver.shutdown(PATIENCE).await;
    assert!(runs.try_recv().is_err(), "a task ran twice");
    assert_kept_and_done(&store, kept).await;
    store.close().await;
}

/// Ends all connections of the store, as an operator or a balancer may do.
async fn terminate(place: &Place, application: &str) -> i64 {
    const ALL: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
        WHERE application_name = $1";
    let mut conn = PgConnection::connect(&place.url).await.unwrap();
    sqlx::query_scalar(ALL).bind(application).fetch_one(&mut conn).await.unwrap()
}

/// A hook that writes a row when its task ends.
fn writing(store: &SqlStore) -> (Hook, Runs) {
    let (ran, runs) = mpsc::unbounded_channel();
    let store = store.clone();
    let hook = Hook::named(HOOK).on_any(move |cx| {
        let (store, ran) = (store.clone(), ran.clone());
        let id = cx.delivery_id();
        async move {
            let row = id.to_string();
            store
                .complete(&cx, |effects| {
                    Box::pin(async move {
                        let Effects::Postgres(conn) = effects else { unreachable!() };
                        let insert = sqlx::query("INSERT INTO rows_of_hook VALUES ($1)");
                        insert.bind(row).execute(conn).await?;
                        Ok(())
                    })
                })
                .await?;
            ran.send(id).ok();
            Ok(())
        }
    });
    (hook, runs)
}

#[tokio::test]
async fn connections_that_are_ended_at_any_moment_lose_nothing_and_do_nothing_twice() {
    const SENDERS: usize = 8;
    const EACH: usize = 40;
    let Some(place) = Place::postgres().await else { return };
    let application = format!("calcom_faults_{:08x}", fastrand::u32(..));
    let url = format!("{}&application_name={application}", place.url);
    let store = SqlStore::open(&url).await.unwrap();
    by_hand(&place, "CREATE TABLE rows_of_hook (delivery TEXT NOT NULL)").await;
    let (hook, mut runs) = writing(&store);
    let receiver = Receiver::builder(Verifier::new(SECRET).unwrap())
        .store(store.clone())
        .hook(hook)
        .build()
        .unwrap();
    let (acknowledged, mut acknowledgements) = mpsc::unbounded_channel();
    let send = |sender: usize| {
        let (receiver, acknowledged) = (receiver.clone(), acknowledged.clone());
        async move {
            for number in 0..EACH {
                let arrival = || arrival(&body(&format!("s{sender}n{number}")));
                let accepted = loop {
                    if let Ok(accepted) = receiver.accept(arrival()).await {
                        break accepted;
                    }
                };
                match accepted {
                    // A duplicate was kept, but its connection ended before it was told.
                    Accepted::Stored(id) | Accepted::Duplicate(id) => acknowledged.send(id).ok(),
                    other => panic!("{other:?}"),
                };
            }
        }
    };
    let sending = tokio::spawn(join_all((0..SENDERS).map(send)));
    let mut kept = Vec::new();
    while kept.len() < SENDERS * EACH {
        kept.extend(time::timeout(PATIENCE, acknowledgements.recv()).await.unwrap());
        if kept.len() % 16 == 0 {
            // There is one as soon as anybody does anything.
            while terminate(&place, &application).await == 0 {}
        }
    }
    sending.await.unwrap();

    // A row may be there although its hook was not told.
    let rows = "SELECT delivery, '' FROM rows_of_hook";
    let all = async {
        while pairs(&place, rows).await.len() < kept.len() {
            let _ = time::timeout(Duration::from_secs(1), runs.recv()).await;
        }
    };
    time::timeout(PATIENCE, all).await.unwrap();
    receiver.shutdown(PATIENCE).await;
    let mut written: Vec<DeliveryId> =
        pairs(&place, rows).await.into_iter().map(|(id, _)| id.parse().unwrap()).collect();
    let tasks = store.tasks(10_000, None).await.unwrap();
    assert!(tasks.iter().all(|task| task.state == TaskState::Done));
    assert_eq!(tasks.len(), kept.len());
    written.sort();
    kept.sort();
    assert_eq!(written, kept);
    store.close().await;
    place.clear().await;
}
