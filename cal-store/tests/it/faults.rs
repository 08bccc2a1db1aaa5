//! Something below the store breaks: it refuses what it cannot keep, loses nothing and goes on.

#[cfg(unix)]
mod disk;
mod locked;
mod migrations;
#[cfg(unix)]
mod postgres;
mod rows;
mod sessions;
mod silent;

use std::{convert::Infallible, time::Duration};

use cal_store::SqlStore;
use cal_webhook::{
    DeliveryId, Head, Hook, Receiver, Reply, SIGNATURE_HEADER, Signer, Store as _, TaskState,
    Verifier,
};
use futures_util::stream;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};
use tokio::{sync::mpsc, time};

use crate::{
    bodies::{SECRET, booking},
    place::Place,
};

/// Longer than anything here takes, so that a test that waits in vain fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// The name of the only hook.
const HOOK: &str = "crm";

/// What a hook tells about its runs.
type Runs = mpsc::UnboundedReceiver<DeliveryId>;

/// A receiver with a hook that tells of every run.
fn receiver(store: &SqlStore) -> (Receiver, Runs) {
    let (ran, runs) = mpsc::unbounded_channel();
    let hook = Hook::named(HOOK).on_any(move |cx| {
        ran.send(cx.delivery_id()).ok();
        async { Ok(()) }
    });
    let builder = Receiver::builder(Verifier::new(SECRET).unwrap()).store(store.clone());
    (builder.hook(hook).build().unwrap(), runs)
}

/// A receiver that only takes in: its worker has stopped before it began.
async fn intake(store: &SqlStore) -> Receiver {
    let (receiver, _) = receiver(store);
    receiver.shutdown(Duration::ZERO).await;
    receiver
}

/// A booking with this uid.
fn body(uid: &str) -> String {
    booking("BOOKING_CREATED", json!({"uid": uid, "bookingId": null}))
}

/// Sends a signed delivery, as an adapter hands it over.
async fn post(receiver: &Receiver, body: &str) -> Reply {
    let signature = Signer::new(SECRET).unwrap().sign(body);
    let head = Head::new("POST", [(SIGNATURE_HEADER, signature.as_bytes())]);
    let body = body.to_owned().into();
    receiver.receive(head, stream::iter([Ok::<_, Infallible>(body)])).await
}

/// Whether the sender was asked to come again.
fn is_refused(reply: &Reply) -> bool {
    reply.status() == 503 && reply.headers().contains(&("retry-after", "5"))
}

/// The id under which a delivery was stored just now.
#[track_caller]
fn stored(reply: Reply) -> DeliveryId {
    let (id, status) = kept(reply);
    assert_eq!(status, "stored");
    id
}

/// The id under which a delivery is kept, and since when: it is `stored` or a `duplicate`.
#[track_caller]
fn kept(reply: Reply) -> (DeliveryId, String) {
    assert_eq!(reply.status(), 200, "{}", reply.into_body());
    let answer: Value = serde_json::from_str(&reply.into_body()).unwrap();
    let text = |name: &str| answer[name].as_str().unwrap().to_owned();
    (text("id").parse().unwrap(), text("status"))
}

/// Sends a delivery until it is kept, as a sender does: how long the store may take for one attempt
/// is a limit of its own.
async fn sent(receiver: &Receiver, body: &str) -> DeliveryId {
    let sending = async {
        loop {
            let reply = post(receiver, body).await;
            if !is_refused(&reply) {
                return kept(reply).0;
            }
        }
    };
    time::timeout(PATIENCE, sending).await.expect("the store does not come back")
}

/// Waits until the store says that it is ready.
async fn is_ready(store: &SqlStore) {
    let asking = async { while store.ready().await.is_err() {} };
    time::timeout(PATIENCE, asking).await.expect("the store does not get ready");
}

/// Waits for so many runs.
async fn heard(runs: &mut Runs, count: usize) -> Vec<DeliveryId> {
    let mut heard = Vec::new();
    while heard.len() < count {
        let next = time::timeout(PATIENCE, runs.recv()).await;
        let next = next.unwrap_or_else(|_| panic!("{} of {count} tasks ran", heard.len()));
        heard.push(next.unwrap());
    }
    heard
}

/// Checks that exactly these deliveries are kept, and that each one's task is done at once.
async fn assert_kept_and_done(store: &SqlStore, mut kept: Vec<DeliveryId>) {
    kept.sort();
    let mut there = store.deliveries(100_000, None).await.unwrap();
    there.reverse();
    assert_eq!(there.iter().map(|record| record.id).collect::<Vec<_>>(), kept);
    let tasks = store.tasks(100_000, None).await.unwrap();
    let mut done: Vec<_> = tasks
        .iter()
        .inspect(|task| assert_eq!((task.state, task.attempts), (TaskState::Done, 1), "{task:?}"))
        .map(|task| task.delivery_id)
        .collect();
    done.sort();
    assert_eq!(done, kept);
}

/// Changes the database behind the store's back, without minding foreign keys.
async fn by_hand(place: &Place, sql: &str) {
    let loose = "ALTER TABLE cal_tasks DROP CONSTRAINT IF EXISTS cal_tasks_delivery_id_fkey;";
    if place.url.starts_with("sqlite:") {
        let mut conn = SqliteConnection::connect(&place.url).await.unwrap();
        let sql = format!("PRAGMA foreign_keys = OFF; {sql}");
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut conn).await.unwrap();
        conn.close().await.unwrap();
    } else {
        let mut conn = PgConnection::connect(&place.url).await.unwrap();
        let sql = format!("{loose} {sql}");
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut conn).await.unwrap();
        conn.close().await.unwrap();
    }
}

/// Asks the database for two texts of each row.
pub(crate) async fn pairs(place: &Place, sql: &'static str) -> Vec<(String, String)> {
    if place.url.starts_with("sqlite:") {
        let mut conn = SqliteConnection::connect(&place.url).await.unwrap();
        sqlx::query_as(sql).fetch_all(&mut conn).await.unwrap()
    } else {
        let mut conn = PgConnection::connect(&place.url).await.unwrap();
        sqlx::query_as(sql).fetch_all(&mut conn).await.unwrap()
    }
}
