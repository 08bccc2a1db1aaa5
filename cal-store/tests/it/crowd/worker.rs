//! What the other processes do.

use std::{
    io::{self, Write as _},
    sync::Arc,
};

use cal_webhook::{Hook, Receiver, Verifier};
use tokio::{sync::Mutex, task};

use super::*;
use crate::bodies::SECRET;

/// Tells the test something.
pub(super) fn say(line: &str) {
    let mut output = io::stdout().lock();
    writeln!(output, "{MARK}{line}").unwrap();
    output.flush().unwrap();
}

/// Waits for a line; `false` when there will be none.
pub(super) async fn heard() -> bool {
    let read = task::spawn_blocking(|| io::stdin().read_line(&mut String::new()));
    read.await.unwrap().unwrap() > 0
}

#[tokio::test]
async fn a_process_does_what_it_was_started_for() {
    let (Ok(role), Ok(url)) = (env::var(ROLE), env::var(URL)) else { return };
    let store = SqlStore::open(&url).await.unwrap();
    match role.as_str() {
        "pause" => paused::pause(&store).await,
        _ => work(&store, &url).await,
    }
    store.close().await;
}

/// Runs tasks, each of which writes a row over a connection of its own.
async fn work(store: &SqlStore, url: &str) {
    const INSERT: &str = "INSERT INTO crowd_runs (delivery, uid, at, attempt, process) \
        VALUES ($1, $2, $3, $4, $5)";
    let conn = Arc::new(Mutex::new(PgConnection::connect(url).await.unwrap()));
    let hook = Hook::named(HOOK).on_any(move |cx| {
        let conn = Arc::clone(&conn);
        async move {
            let uid = cx.event().booking_uid().map(ToString::to_string);
            let at = cx.delivery().created_at.map(|at| at.timestamp());
            sqlx::query(INSERT)
                .bind(cx.delivery_id().to_string())
                .bind(uid)
                .bind(at)
                .bind(i64::from(cx.attempt()))
                .bind(i64::from(std::process::id()))
                .execute(&mut *conn.lock().await)
                .await?;
            Ok(())
        }
    });
    let receiver = Receiver::builder(Verifier::new(SECRET).unwrap());
    let receiver = receiver.store(store.clone()).hook(hook).build().unwrap();
    receiver.start();
    say("ready");
    assert!(!heard().await, "there is nothing to hear but the end");
    receiver.shutdown(PATIENCE).await;
}
