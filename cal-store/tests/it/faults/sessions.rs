//! What connections to PostgreSQL wait for, and what is left of those that nobody waits for.

use std::sync::Arc;

use cal_store::Effects;
use cal_webhook::{Dispatcher, Task};

use super::*;
use crate::bodies::arrival;

const SETTINGS: &str = "SELECT string_agg(name || '=' || setting, ' ' ORDER BY name) \
    FROM pg_settings WHERE name IN ('idle_in_transaction_session_timeout', 'lock_timeout', \
        'statement_timeout', 'synchronous_commit')";

/// How many connections there are with this name.
const CONNECTIONS: &str = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1";

/// A store whose connections can be told from those of other tests.
async fn named_store(place: &Place, more: &str) -> (SqlStore, String) {
    let name = format!("calcom_sessions_{:08x}", fastrand::u32(..));
    let url = format!("{}{more}&application_name={name}", place.url);
    (SqlStore::open(&url).await.unwrap(), name)
}

async fn connections(place: &Place, name: &str) -> i64 {
    let mut conn = PgConnection::connect(&place.url).await.unwrap();
    sqlx::query_scalar(CONNECTIONS).bind(name).fetch_one(&mut conn).await.unwrap()
}

/// How many of them wait for a lock.
const LOCKED: &str = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 \
    AND wait_event_type = 'Lock'";

/// Asks until the answer is as wanted.
async fn until(place: &Place, name: &str, question: &'static str, is_wanted: fn(i64) -> bool) {
    let mut conn = PgConnection::connect(&place.url).await.unwrap();
    let asking = async {
        while !is_wanted(
            sqlx::query_scalar(question).bind(name).fetch_one(&mut conn).await.unwrap(),
        ) {
            tokio::task::yield_now().await;
        }
    };
    assert!(time::timeout(PATIENCE, asking).await.is_ok(), "it stays as it is: {question}");
}

#[tokio::test]
async fn every_connection_waits_for_the_disk_and_for_nobody_else_for_long() {
    let Some(place) = Place::postgres().await else { return };
    // What the address, the role or the server's file say does not count.
    let (store, _) = named_store(&place, "%20-c%20synchronous_commit%3Doff").await;
    let (told, mut settings) = mpsc::unbounded_channel();
    let hook = Hook::named(HOOK).on_any({
        let store = store.clone();
        move |cx| {
            let (store, told) = (store.clone(), told.clone());
            async move {
                store
                    .complete(&cx, |effects| {
                        Box::pin(async move {
                            let Effects::Postgres(conn) = effects else {
                                panic!("expected PostgreSQL")
                            };
                            let found: String =
                                sqlx::query_scalar(SETTINGS).fetch_one(conn).await?;
                            told.send(found).ok();
                            Ok(())
                        })
                    })
                    .await
            }
        }
    });
    let builder = Receiver::builder(Verifier::new(SECRET).unwrap()).store(store.clone());
    let receiver = builder.hook(hook).build().unwrap();
    stored(post(&receiver, &body("first")).await);
    let found = time::timeout(PATIENCE, settings.recv()).await.unwrap().unwrap();
    assert_eq!(
        found,
        "idle_in_transaction_session_timeout=10000 lock_timeout=5000 statement_timeout=60000 \
        synchronous_commit=on"
    );
    receiver.shutdown(PATIENCE).await;
    store.close().await;
    place.clear().await;
}

#[tokio::test]
async fn whoever_holds_a_lock_stops_neither_deliveries_nor_questions_and_uses_up_no_connections() {
    let Some(place) = Place::postgres().await else { return };
    let (store, name) = named_store(&place, "").await;
    let (receiver, mut runs) = receiver(&store);
    let first = stored(post(&receiver, &body("first")).await);
    assert_eq!(time::timeout(PATIENCE, runs.recv()).await.unwrap(), Some(first));

    let mut stranger = PgConnection::connect(&place.url).await.unwrap();
    let mut held = stranger.begin().await.unwrap();
    // What every round of planning writes.
    let row = "SELECT 1 FROM cal_values WHERE key = 'planner:generation' FOR UPDATE";
    sqlx::query(row).execute(&mut *held).await.unwrap();
    for round in 0..20 {
        stored(post(&receiver, &body(&format!("during{round}"))).await);
        store.ready().await.unwrap();
        assert!(!store.deliveries(1, None).await.unwrap().is_empty());
    }
    // Planning waits for the row, gives up, and begins again.
    for _ in 0..2 {
        until(&place, &name, LOCKED, |locked| locked > 0).await;
        until(&place, &name, LOCKED, |locked| locked == 0).await;
        store.ready().await.unwrap();
    }
    assert!(connections(&place, &name).await <= 12, "a pool, and one for accepting");
    held.rollback().await.unwrap();
    for _ in 0..20 {
        time::timeout(PATIENCE, runs.recv()).await.unwrap().unwrap();
    }
    receiver.shutdown(PATIENCE).await;
    store.close().await;
    until(&place, &name, CONNECTIONS, |left| left == 0).await;
    place.clear().await;
}

#[tokio::test]
async fn a_statement_that_nobody_waits_for_ends() {
    let Some(place) = Place::postgres().await else { return };
    let (store, name) = named_store(&place, "").await;
    let hooks = Dispatcher::new().hook(Hook::named(HOOK));
    store.accept(arrival(&body("first"))).await.unwrap();
    store.plan(&hooks).await.unwrap();
    let task = store.claim(&[(HOOK, 1)], PATIENCE).await.unwrap().remove(0);
    let mut stranger = PgConnection::connect(&place.url).await.unwrap();
    let mut held = stranger.begin().await.unwrap();
    sqlx::query("SELECT 1 FROM cal_tasks FOR UPDATE").execute(&mut *held).await.unwrap();
    let task: Arc<Task> = Arc::new(task);
    for _ in 0..30 {
        tokio::select! {
            renewed = store.renew(std::slice::from_ref(&task), PATIENCE) => panic!("{renewed:?}"),
            () = until(&place, &name, LOCKED, |locked| locked > 0) => {}
        }
    }
    until(&place, &name, LOCKED, |locked| locked == 0).await;
    until(&place, &name, CONNECTIONS, |left| left <= 3).await;
    held.rollback().await.unwrap();
    assert_eq!(store.renew(&[task], PATIENCE).await.unwrap().len(), 1);
    store.close().await;
    place.clear().await;
}
