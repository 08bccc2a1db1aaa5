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

/// Waits until there are at most so many connections.
async fn no_more_than(place: &Place, name: &str, most: i64) {
    let settled = async {
        while connections(place, name).await > most {
            time::sleep(Duration::from_millis(50)).await;
        }
    };
    assert!(time::timeout(PATIENCE, settled).await.is_ok(), "connections are left over");
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
        // Planning gives up and begins again meanwhile.
        time::sleep(Duration::from_millis(400)).await;
    }
    assert!(connections(&place, &name).await <= 12, "a pool, and one for accepting");
    held.rollback().await.unwrap();
    for _ in 0..20 {
        time::timeout(PATIENCE, runs.recv()).await.unwrap().unwrap();
    }
    receiver.shutdown(PATIENCE).await;
    store.close().await;
    no_more_than(&place, &name, 0).await;
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
    let before = connections(&place, &name).await;
    let task: Arc<Task> = Arc::new(task);
    for _ in 0..30 {
        let renewing = store.renew(std::slice::from_ref(&task), PATIENCE);
        assert!(time::timeout(Duration::from_millis(50), renewing).await.is_err());
    }
    no_more_than(&place, &name, before + 1).await;
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' \
        AND application_name = $1";
    let ended = async {
        let mut conn = PgConnection::connect(&place.url).await.unwrap();
        while sqlx::query_scalar::<_, i64>(waiting).bind(&name).fetch_one(&mut conn).await.unwrap()
            > 0
        {
            time::sleep(Duration::from_millis(50)).await;
        }
    };
    assert!(time::timeout(PATIENCE, ended).await.is_ok(), "a statement still waits");
    held.rollback().await.unwrap();
    assert_eq!(store.renew(&[task], PATIENCE).await.unwrap().len(), 1);
    store.close().await;
    place.clear().await;
}
