//! PostgreSQL: many processes, many writers.

mod session;

use std::{
    str::FromStr,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, Instant},
};

use cal_webhook::{StoreError, log::quietly};
use sqlx::{
    Connection, PgConnection, PgPool,
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgListener, PgPoolOptions},
};
use tokio::{
    sync::{Notify, OnceCell},
    time,
};

use crate::{
    convert,
    database::{Conn, Database, DatabaseKind, Kind},
    error::{OpenError, SetUpError, out_of_reach},
    migrations::{OLDEST, Script, accept_newer, failure, migrator, newest},
    writer::Row,
};

use session::Refusal;

/// How many connections a process holds at the most, besides one for accepting.
const CONNECTIONS: u32 = 10;

/// How long a connection may take to become free.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long a connection may have been idle without being tested before it is used again: in a
/// crowd the test would be a second way to the server and back for every statement.
const TRUST: Duration = Duration::from_secs(1);

/// How long another process may be in a round that changes nothing.
const STANDSTILL: Duration = Duration::from_secs(10);

/// How long to wait until listening is tried again.
const PAUSE: Duration = Duration::from_secs(1);

const SCRIPTS: &[Script] = &[
    (1, "ledger", include_str!("../migrations/postgres/0001_ledger.sql")),
    (2, "business", include_str!("../migrations/postgres/0002_business.sql")),
    (3, "orders", include_str!("../migrations/postgres/0003_orders.sql")),
    (4, "indexes", include_str!("../migrations/postgres/0004_indexes.sql")),
    (5, "hooks", include_str!("../migrations/postgres/0005_hooks.sql")),
    (6, "hook facts", include_str!("../migrations/postgres/0006_hook_facts.sql")),
];

#[derive(Debug)]
pub(crate) struct Postgres {
    pool: PgPool,
    is_set_up: OnceCell<()>,
    failed_at: Arc<Mutex<Option<Instant>>>,
    refusal: Refusal,
    /// How far planning had come when another process was first seen in a round that has not ended.
    busy: Mutex<Option<(i64, Instant)>>,
    /// What accepting lent last, and when it gave it back: one server process that has everything
    /// at hand is faster than ten in turns.
    kept: Mutex<Option<(PgConnection, Instant)>>,
}

impl Postgres {
    pub(crate) fn new(url: &str) -> Result<Self, OpenError> {
        let example = "postgres://user@localhost/site";
        let options =
            PgConnectOptions::from_str(url).map_err(|_| OpenError::Address { example })?;
        let failed_at = Arc::new(Mutex::new(None));
        let (failed, refusal) = (Arc::clone(&failed_at), Refusal::default());
        let pool = session::with_sessions(PgPoolOptions::new(), &refusal)
            .max_connections(CONNECTIONS)
            .min_connections(0)
            .acquire_timeout(PATIENCE)
            .test_before_acquire(false)
            .before_acquire(move |conn, meta| {
                let failed: Option<Instant> = *lock(&failed);
                // When one connection has failed, none that was idle then is trusted.
                let is_doubtful = failed.is_some_and(|at| meta.idle_for >= at.elapsed());
                Box::pin(async move {
                    if is_doubtful || meta.idle_for > TRUST {
                        conn.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_lazy_with(options);
        let (is_set_up, busy, kept) = Default::default();
        Ok(Self { pool, is_set_up, failed_at, refusal, busy, kept })
    }

    /// Lets every connection that is idle now be tested before it is used again.
    pub(crate) fn doubt(&self) {
        *lock(&self.failed_at) = Some(Instant::now());
    }

    pub(crate) async fn lend(&self) -> Result<PoolConnection<sqlx::Postgres>, StoreError> {
        Ok(self.connect().await?)
    }

    /// Lends the connection that was kept, or one that is new.
    pub(crate) async fn lend_kept(&self) -> Result<PgConnection, StoreError> {
        let kept = lock(&self.kept).take();
        let failed = *lock(&self.failed_at);
        if let Some((mut conn, at)) = kept {
            let is_doubtful = failed.is_some_and(|failed| failed >= at);
            if !is_doubtful && at.elapsed() < TRUST || conn.ping().await.is_ok() {
                return Ok(conn);
            }
        }
        Ok(self.lend().await?.detach())
    }

    /// Keeps a connection for whoever accepts next.
    pub(crate) fn keep(&self, conn: PgConnection) {
        *lock(&self.kept) = Some((conn, Instant::now()));
    }

    pub(crate) async fn connect(&self) -> Result<PoolConnection<sqlx::Postgres>, SetUpError> {
        let mut conn = match self.pool.acquire().await {
            Ok(conn) => conn,
            Err(error) => {
                let refused = lock(&self.refusal).clone();
                return Err(
                    refused.map_or(SetUpError::Now(error), |it| SetUpError::Never(it.into()))
                );
            }
        };
        self.is_set_up.get_or_try_init(|| set_up(&mut conn)).await?;
        Ok(conn)
    }

    /// Begins a round of planning, unless another process is in one; it ends with the transaction.
    ///
    /// All would decide the same, and only one could write. One that stands still with the round in
    /// its hands is not waited for.
    pub(crate) async fn try_round(
        &self,
        conn: &mut PgConnection,
        generation: i64,
    ) -> Result<bool, sqlx::Error> {
        let lock_it = "SELECT pg_try_advisory_xact_lock( \
            hashtextextended('cal_round ' || current_schema(), 0))";
        let is_alone = sqlx::query_scalar(lock_it).fetch_one(conn).await?;
        let mut busy = lock(&self.busy);
        if is_alone {
            *busy = None;
            return Ok(true);
        }
        let (seen, since) = *busy.get_or_insert_with(|| (generation, Instant::now()));
        if seen != generation {
            *busy = None;
        }
        Ok(seen == generation && since.elapsed() > STANDSTILL)
    }

    /// Starts to listen for the news that other processes send.
    async fn listener(&self) -> Result<PgListener, StoreError> {
        let channel = channel(&mut *self.lend().await?).await.map_err(out_of_reach)?;
        let mut listener = PgListener::connect_with(&self.pool).await.map_err(out_of_reach)?;
        listener.listen(&channel).await.map_err(out_of_reach)?;
        Ok(listener)
    }

    pub(crate) async fn close(&self) {
        drop(lock(&self.kept).take());
        self.pool.close().await;
    }
}

/// Passes on the news of other processes until the database is no longer used.
///
/// Who misses some, because the connection broke, finds out by looking every few seconds.
pub(crate) async fn listen(database: Weak<Database>, work: Arc<Notify>) {
    while let Some(DatabaseKind::Postgres(postgres)) =
        database.upgrade().as_deref().map(|database| &database.kind)
    {
        let Ok(mut listener) = postgres.listener().await else {
            time::sleep(PAUSE).await;
            continue;
        };
        // While it waits nothing may hold on to the database.
        while database.strong_count() > 0 {
            match time::timeout(PAUSE, listener.try_recv()).await {
                Ok(Ok(Some(_))) => work.notify_one(),
                // Nothing came.
                Err(_) => {}
                Ok(_) => break,
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The channel of this schema: channels belong to the whole database.
async fn channel(conn: &mut PgConnection) -> Result<String, sqlx::Error> {
    sqlx::query_scalar("SELECT 'cal_' || current_schema()").fetch_one(conn).await
}

/// Tells other processes, once the transaction is committed, that there are tasks.
pub(crate) async fn notify(conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT pg_notify('cal_' || current_schema(), '')").execute(conn).await.map(drop)
}

/// Begins a transaction that reads, and sees nothing of what is written meanwhile.
pub(crate) async fn begin_snapshot(
    conn: &mut PgConnection,
) -> Result<sqlx::Transaction<'_, sqlx::Postgres>, sqlx::Error> {
    conn.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY").await
}

/// Waits until no other process plans, for the rest of the transaction.
pub(crate) async fn take_turn(conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    let lock =
        "SELECT pg_advisory_xact_lock(hashtextextended('cal_planner ' || current_schema(), 0))";
    sqlx::query(lock).execute(conn).await.map(drop)
}

/// Makes the tables, or brings them up to date; of two processes at once, one waits.
async fn set_up(conn: &mut PgConnection) -> Result<(), SetUpError> {
    let mut tx = conn.begin().await?;
    // However long another process migrates, this one waits; nobody waits behind it for a table that
    // somebody else does not let go of.
    sqlx::query("SET LOCAL statement_timeout = 0").execute(&mut *tx).await?;
    sqlx::query("SET LOCAL lock_timeout = 0").execute(&mut *tx).await?;
    let lock =
        "SELECT pg_advisory_xact_lock(hashtextextended('cal_migrations ' || current_schema(), 0))";
    sqlx::query(lock).execute(&mut *tx).await?;
    sqlx::query("SET LOCAL lock_timeout = '5s'").execute(&mut *tx).await?;
    crate::crash::point("migrating");
    const TABLES: &str = "SELECT to_regclass('cal_migrations') IS NOT NULL";
    const APPLIED: &str = "SELECT coalesce(max(version), 0) FROM cal_migrations";
    let applied: Option<i64> = match sqlx::query_scalar(TABLES).fetch_one(&mut *tx).await? {
        true => Some(sqlx::query_scalar(APPLIED).fetch_one(&mut *tx).await?),
        false => None,
    };
    let encoding: String =
        sqlx::query_scalar("SELECT current_setting('server_encoding')").fetch_one(&mut *tx).await?;
    if encoding != "UTF8" {
        let (setting, expected) = ("server_encoding", "UTF8");
        if applied.is_none() {
            let found = encoding;
            return Err(SetUpError::Never(OpenError::Setting { setting, expected, found }));
        }
        quietly(|| {
            tracing::warn!(
                encoding,
                "the database is not in UTF-8; some deliveries cannot be planned"
            );
        });
    }
    let (known, found) = (newest(SCRIPTS), applied.unwrap_or_default());
    if found > known {
        let oldest = sqlx::query_scalar(OLDEST).bind(known).fetch_one(&mut *tx).await;
        return accept_newer(known, found, oldest.unwrap_or_default());
    }
    let migrator = migrator(SCRIPTS);
    // `run` makes a future of which the compiler cannot prove that it may move between threads.
    if found < convert::VERSION {
        let run = migrator.run_direct(Some(convert::VERSION), &mut *tx, false).await;
        run.map_err(|error| failure(error, SCRIPTS))?;
        convert::convert(&mut Conn::new(Kind::Postgres(&mut tx))).await?;
    }
    let run = migrator.run_direct(None, &mut *tx, false).await;
    run.map_err(|error| failure(error, SCRIPTS))?;
    tx.commit().await?;
    Ok(())
}

/// Checks that this is no replica, and that transactions may write.
pub(crate) async fn try_to_write(conn: &mut PgConnection) -> Result<(), StoreError> {
    const SETTING: &str = "SELECT CAST(current_setting('transaction_read_only') AS BOOLEAN)";
    let only_reads = sqlx::query_scalar(SETTING).fetch_one(conn).await.map_err(out_of_reach)?;
    if only_reads { Err(StoreError::new("the server takes no writes")) } else { Ok(()) }
}

/// Inserts deliveries that are not kept yet, in one statement, and returns how many were new.
pub(crate) async fn insert(conn: &mut PgConnection, rows: &[Row]) -> Result<usize, sqlx::Error> {
    // Behind FROM, the server would first copy what the arrays hold: about a tenth of its time.
    const INSERT: &str = "INSERT INTO cal_deliveries (id, digest, received_at, source, headers, body) \
        SELECT unnest($1::text[]), unnest($2::bytea[]), unnest($3::bigint[]), unnest($4::text[]), \
            unnest($5::text[]), unnest($6::bytea[]) \
        ON CONFLICT (digest) DO NOTHING";
    let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    let digests: Vec<&[u8]> = rows.iter().map(|row| row.digest.as_slice()).collect();
    let received_at: Vec<i64> = rows.iter().map(|row| row.received_at.0).collect();
    let sources: Vec<&str> = rows.iter().map(|row| row.source).collect();
    let headers: Vec<Option<&str>> = rows.iter().map(|row| row.headers.as_deref()).collect();
    let bodies: Vec<&[u8]> = rows.iter().map(|row| row.body.as_ref()).collect();
    let done = sqlx::query(INSERT)
        .bind(ids)
        .bind(digests)
        .bind(received_at)
        .bind(sources)
        .bind(headers)
        .bind(bodies)
        .execute(conn)
        .await?;
    Ok(usize::try_from(done.rows_affected()).unwrap_or(usize::MAX))
}
