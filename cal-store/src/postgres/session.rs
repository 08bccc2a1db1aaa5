//! How every connection is set up, before its first statement.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use sqlx::{PgConnection, postgres::PgPoolOptions};
use tokio::time;

use crate::error::OpenError;

/// What each connection is set to, where the server knows it.
///
/// A process that stands still in a transaction loses it after ten seconds, and one that does not
/// read its answers as well; nobody waits for a lock longer than five. A server process whose client
/// has gone looks for it every second, so that a statement that nobody waits for ends. Commits wait
/// for the disk whatever the server is set to meanwhile; replicas may make them wait even longer.
const SET: &str = "SELECT s.name, set_config(s.name, s.value, FALSE) FROM (VALUES \
        ('lock_timeout', '5s'), \
        ('statement_timeout', '60s'), \
        ('idle_in_transaction_session_timeout', '10s'), \
        ('tcp_user_timeout', '10s'), \
        ('client_connection_check_interval', '1s'), \
        ('synchronous_commit', CASE WHEN current_setting('synchronous_commit') LIKE 'remote\\_%' \
            THEN current_setting('synchronous_commit') ELSE 'on' END) \
    ) AS s (name, value) JOIN pg_settings p ON p.name = s.name";

/// What no session can set for itself.
const READ: &str = "SELECT current_setting('fsync')";

/// How long a connection that is given back may take to end what it was doing.
const RELEASE: Duration = Duration::from_secs(1);

/// Why connections are refused, if they are.
pub(super) type Refusal = Arc<Mutex<Option<Unsafe>>>;

/// A setting that could lose what was committed.
#[derive(Clone, Debug)]
pub(super) struct Unsafe {
    setting: &'static str,
    expected: &'static str,
    found: String,
}

impl From<Unsafe> for OpenError {
    fn from(it: Unsafe) -> Self {
        Self::Setting { setting: it.setting, expected: it.expected, found: it.found }
    }
}

/// Sets up every connection of a pool, and reads what it is set to.
pub(super) fn with_sessions(pool: PgPoolOptions, refusal: &Refusal) -> PgPoolOptions {
    let refusal = Arc::clone(refusal);
    pool.after_connect(move |conn, _| {
        let refusal = Arc::clone(&refusal);
        Box::pin(async move {
            let found = set_up(conn).await?;
            let is_refused = found.is_some();
            *refusal.lock().unwrap_or_else(PoisonError::into_inner) = found;
            match is_refused {
                true => Err(sqlx::Error::Configuration("the server could lose commits".into())),
                false => Ok(()),
            }
        })
    })
    .after_release(|conn, _| {
        Box::pin(async move {
            // A statement whose future was dropped may still wait for a lock: it ends when its
            // connection does, and the place is free again.
            let released = time::timeout(RELEASE, sqlx::Connection::ping(conn)).await;
            Ok(matches!(released, Ok(Ok(()))))
        })
    })
}

async fn set_up(conn: &mut PgConnection) -> Result<Option<Unsafe>, sqlx::Error> {
    let set: Vec<(String, String)> = sqlx::query_as(SET).fetch_all(&mut *conn).await?;
    let commits = set.into_iter().find(|(name, _)| name == "synchronous_commit");
    let commits = commits.map(|(_, found)| found).unwrap_or_default();
    if commits != "on" && !commits.starts_with("remote_") {
        let setting = "synchronous_commit";
        return Ok(Some(Unsafe { setting, expected: "on", found: commits }));
    }
    let syncs: String = sqlx::query_scalar(READ).fetch_one(conn).await?;
    let is_unsafe = syncs != "on";
    Ok(is_unsafe.then_some(Unsafe { setting: "fsync", expected: "on", found: syncs }))
}
