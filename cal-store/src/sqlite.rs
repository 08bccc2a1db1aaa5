//! SQLite: one file, one writer.

mod steady;

use std::{
    str::FromStr,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use cal_webhook::StoreError;
use sqlx::{
    AssertSqlSafe, Connection, SqliteConnection, SqlitePool,
    pool::PoolConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::sync::{Mutex, MutexGuard, OnceCell};

use crate::{
    convert,
    database::{Conn, Kind},
    error::{OpenError, SetUpError, out_of_reach},
    migrations::{OLDEST, Script, accept_newer, failure, migrator, newest},
    writer::Row,
};

pub(crate) use steady::Steady;

/// How long the file may take to become free before a request fails.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many connections read at the same time.
const READERS: u32 = 4;

/// After how many pages of 4 KiB the log is written back: rarer than SQLite's own 1,000, which
/// costs accepting a third of its speed. The log keeps these 64 MiB and is written over: a file that
/// grows takes longer to be synced.
const CHECKPOINT: &str = "16000";

const SCRIPTS: &[Script] = &[
    (1, "ledger", include_str!("../migrations/sqlite/0001_ledger.sql")),
    (2, "business", include_str!("../migrations/sqlite/0002_business.sql")),
    (3, "orders", include_str!("../migrations/sqlite/0003_orders.sql")),
    (4, "indexes", include_str!("../migrations/sqlite/0004_indexes.sql")),
    (5, "hooks", include_str!("../migrations/sqlite/0005_hooks.sql")),
    (6, "hook facts", include_str!("../migrations/sqlite/0006_hook_facts.sql")),
];

#[derive(Debug)]
pub(crate) struct Sqlite {
    options: SqliteConnectOptions,
    readers: SqlitePool,
    writer: Mutex<Option<WriteConnection>>,
    is_set_up: OnceCell<()>,
    pub(crate) clock: Steady,
    /// Writing has failed, and nobody has tried again what takes space.
    is_in_doubt: AtomicBool,
}

/// The only connection that writes.
#[derive(Debug)]
struct WriteConnection {
    conn: SqliteConnection,
    /// Commits may not wait for the disk: after a power cut the file is as it was a moment before.
    is_quick: bool,
}

impl WriteConnection {
    /// Lets commits wait for the disk, or not.
    async fn set_quick(&mut self, is_quick: bool) -> Result<(), sqlx::Error> {
        if self.is_quick == is_quick {
            return Ok(());
        }
        // It counts as quick unless it surely is not.
        self.is_quick = true;
        let set =
            if is_quick { "PRAGMA synchronous = NORMAL" } else { "PRAGMA synchronous = FULL" };
        sqlx::query(set).execute(&mut self.conn).await?;
        self.is_quick = is_quick;
        Ok(())
    }
}

/// The connection that writes, while nobody else uses it.
pub(crate) struct Writer<'a> {
    guard: MutexGuard<'a, Option<WriteConnection>>,
    conn: Option<WriteConnection>,
    is_in_doubt: &'a AtomicBool,
}

impl Sqlite {
    pub(crate) fn new(url: &str) -> Result<Self, OpenError> {
        let example = "sqlite://site.db";
        let options =
            SqliteConnectOptions::from_str(url).map_err(|_| OpenError::Address { example })?;
        let options = options
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(PATIENCE)
            // What was pruned or erased is overwritten.
            .pragma("secure_delete", "on")
            .pragma("wal_autocheckpoint", CHECKPOINT)
            // 16 MB: what is not at hand has to be looked for in the log first.
            .pragma("cache_size", "-16000")
            // After a checkpoint the log does not keep the size of the longest backlog.
            .pragma("journal_size_limit", "67108864");
        // What only reads must neither create the file nor change how it is kept.
        let reading = SqliteConnectOptions::from_str(url)
            .map_err(|_| OpenError::Address { example })?
            .busy_timeout(PATIENCE)
            .pragma("query_only", "on");
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .min_connections(0)
            .acquire_timeout(PATIENCE)
            .connect_lazy_with(reading);
        let (writer, is_set_up) = (Mutex::new(None), OnceCell::new());
        let (clock, is_in_doubt) = (Steady::new(), AtomicBool::new(false));
        Ok(Self { options, readers, writer, is_set_up, clock, is_in_doubt })
    }

    pub(crate) async fn reader(&self) -> Result<PoolConnection<sqlx::Sqlite>, StoreError> {
        if !self.is_set_up.initialized() {
            self.writer().await?;
        }
        self.readers.acquire().await.map_err(out_of_reach)
    }

    /// Lends the writer, as soon as it is free.
    pub(crate) async fn writer(&self) -> Result<Writer<'_>, StoreError> {
        Ok(self.connect().await?)
    }

    /// Lends the writer for what need not survive a power cut.
    pub(crate) async fn quick_writer(&self) -> Result<Writer<'_>, StoreError> {
        let mut writer = self.connect_once().await?;
        writer.connection().set_quick(true).await.map_err(out_of_reach)?;
        Ok(writer)
    }

    pub(crate) async fn connect(&self) -> Result<Writer<'_>, SetUpError> {
        let mut writer = self.connect_once().await?;
        writer.connection().set_quick(false).await?;
        Ok(writer)
    }

    async fn connect_once(&self) -> Result<Writer<'_>, SetUpError> {
        let mut guard = self.writer.lock().await;
        let conn = match guard.take() {
            Some(conn) => conn,
            None => {
                let mut conn = SqliteConnection::connect_with(&self.options).await?;
                check(&mut conn).await?;
                self.is_set_up.get_or_try_init(|| set_up(&mut conn, &self.clock)).await?;
                WriteConnection { conn, is_quick: false }
            }
        };
        Ok(Writer { guard, conn: Some(conn), is_in_doubt: &self.is_in_doubt })
    }

    pub(crate) async fn close(&self) {
        self.readers.close().await;
        if let Some(WriteConnection { conn, .. }) = self.writer.lock().await.take() {
            // A last checkpoint; whether it works does not matter.
            let _ = conn.close().await;
        }
    }
}

impl Writer<'_> {
    pub(crate) fn conn(&mut self) -> &mut SqliteConnection {
        &mut self.connection().conn
    }

    fn connection(&mut self) -> &mut WriteConnection {
        // `connect_once` puts it there; only `discard` and `drop` take it, and both end the writer.
        self.conn.as_mut().expect("a writer has its connection until it is dropped")
    }

    /// Finds out whether a delivery could be written.
    ///
    /// Nothing is written, except after a failure: a full disk shows only when it takes no more.
    pub(crate) async fn try_to_write(&mut self) -> Result<(), sqlx::Error> {
        // More than what a failed attempt may have left in the log.
        const WRITE: &str = "INSERT INTO cal_values (key, value, at, number) \
            VALUES ('ready', hex(zeroblob(32768)), 0, 0) \
            ON CONFLICT (key) DO UPDATE SET value = excluded.value";
        const REMOVE: &str = "DELETE FROM cal_values WHERE key = 'ready'";
        let is_in_doubt = self.is_in_doubt;
        let conn = self.conn();
        conn.begin_with("BEGIN IMMEDIATE").await?.rollback().await?;
        if is_in_doubt.load(Ordering::Relaxed) {
            sqlx::query(WRITE).execute(&mut *conn).await?;
            sqlx::query(REMOVE).execute(conn).await?;
            is_in_doubt.store(false, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Gives the connection up, so that the next writer opens the file anew.
    pub(crate) async fn discard(mut self) {
        self.is_in_doubt.store(true, Ordering::Relaxed);
        if let Some(WriteConnection { conn, .. }) = self.conn.take() {
            let _ = conn.close_hard().await;
        }
    }
}

impl Drop for Writer<'_> {
    fn drop(&mut self) {
        *self.guard = self.conn.take();
    }
}

async fn set_up(conn: &mut SqliteConnection, clock: &Steady) -> Result<(), SetUpError> {
    migrate(conn).await?;
    Ok(steady::go_on(&mut Conn::new(Kind::Sqlite(conn)), clock).await?)
}

/// Makes the tables, or brings them up to date; of two processes at once, one waits.
async fn migrate(conn: &mut SqliteConnection) -> Result<(), SetUpError> {
    let mut tx = conn.begin_with("BEGIN EXCLUSIVE").await?;
    crate::crash::point("migrating");
    const TABLES: &str = "SELECT count(*) FROM sqlite_master WHERE name = 'cal_migrations'";
    const APPLIED: &str = "SELECT coalesce(max(version), 0) FROM cal_migrations";
    let applied: i64 = match sqlx::query_scalar(TABLES).fetch_one(&mut *tx).await? {
        0_i64 => 0,
        _ => sqlx::query_scalar(APPLIED).fetch_one(&mut *tx).await?,
    };
    let known = newest(SCRIPTS);
    if applied > known {
        let oldest = sqlx::query_scalar(OLDEST).bind(known).fetch_one(&mut *tx).await;
        return accept_newer(known, applied, oldest.unwrap_or_default());
    }
    let migrator = migrator(SCRIPTS);
    // `run` makes a future of which the compiler cannot prove that it may move between threads.
    if applied < convert::VERSION {
        let run = migrator.run_direct(Some(convert::VERSION), &mut *tx, false).await;
        run.map_err(|error| failure(error, SCRIPTS))?;
        convert::convert(&mut Conn::new(Kind::Sqlite(&mut tx))).await?;
    }
    let run = migrator.run_direct(None, &mut *tx, false).await;
    run.map_err(|error| failure(error, SCRIPTS))?;
    tx.commit().await?;
    Ok(())
}

/// Checks that the file is kept in a way that a committed delivery survives a power cut.
async fn check(conn: &mut SqliteConnection) -> Result<(), SetUpError> {
    for (setting, query, expected) in [
        ("journal_mode", "PRAGMA journal_mode", "wal"),
        ("synchronous", "PRAGMA synchronous", "2"),
        ("foreign_keys", "PRAGMA foreign_keys", "1"),
        ("busy_timeout", "PRAGMA busy_timeout", "5000"),
    ] {
        let found: String = match sqlx::query_scalar::<_, i64>(query).fetch_one(&mut *conn).await {
            Ok(number) => number.to_string(),
            Err(_) => sqlx::query_scalar(query).fetch_one(&mut *conn).await?,
        };
        if found != expected {
            return Err(SetUpError::Never(OpenError::Setting { setting, expected, found }));
        }
    }
    Ok(())
}

/// Inserts deliveries that are not kept yet, in one statement, and returns how many were new.
pub(crate) async fn insert(
    conn: &mut SqliteConnection,
    rows: &[Row],
) -> Result<usize, sqlx::Error> {
    let mut query = sqlx::query(AssertSqlSafe(statement(rows.len())));
    for row in rows {
        query = query
            .bind(row.id.as_str())
            .bind(row.digest.as_slice())
            .bind(row.received_at.0)
            .bind(row.source)
            .bind(row.headers.as_deref())
            .bind(row.body.as_ref());
    }
    let done = query.execute(conn).await?;
    Ok(usize::try_from(done.rows_affected()).unwrap_or(usize::MAX))
}

/// One statement for so many rows: the text is the same every time, so it is prepared once.
fn statement(rows: usize) -> String {
    let mut text = String::from(
        "INSERT INTO cal_deliveries (id, digest, received_at, source, headers, body) VALUES ",
    );
    for row in 0..rows {
        text += if row == 0 { "(?, ?, ?, ?, ?, ?)" } else { ", (?, ?, ?, ?, ?, ?)" };
    }
    text + " ON CONFLICT (digest) DO NOTHING"
}
