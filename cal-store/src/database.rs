//! One way to talk to either database.

mod lend;

use std::sync::{Arc, atomic::AtomicU64};

use futures_util::future::BoxFuture;
use sqlx::Connection;
use tokio::sync::Notify;

#[cfg(feature = "postgres")]
use crate::postgres::Postgres;
#[cfg(feature = "sqlite")]
use crate::sqlite::Sqlite;
use crate::{
    clock::{Clock, TestClock},
    error::{OpenError, SetUpError},
    sql::Sql,
    time::Micros,
};

pub(crate) use lend::Lent;

/// Where the ledger is, and which clock it goes by in a test.
#[derive(Debug)]
pub(crate) struct Database {
    pub(crate) kind: DatabaseKind,
    /// How many rows planning has looked up and written.
    pub(crate) planning: [AtomicU64; 2],
    clock: Option<TestClock>,
}

#[derive(Debug)]
pub(crate) enum DatabaseKind {
    #[cfg(feature = "postgres")]
    Postgres(Postgres),
    #[cfg(feature = "sqlite")]
    Sqlite(Box<Sqlite>),
}

/// A connection to run statements on.
pub(crate) struct Conn<'a> {
    pub(crate) kind: Kind<'a>,
    clock: Clock<'a>,
}

/// Which database a connection leads to.
pub(crate) enum Kind<'a> {
    #[cfg(feature = "postgres")]
    Postgres(&'a mut sqlx::PgConnection),
    #[cfg(feature = "sqlite")]
    Sqlite(&'a mut sqlx::SqliteConnection),
}

/// A transaction; it is rolled back unless it is committed.
pub(crate) struct Tx<'a> {
    kind: TxKind<'a>,
    clock: Clock<'a>,
}

enum TxKind<'a> {
    #[cfg(feature = "postgres")]
    Postgres(sqlx::Transaction<'a, sqlx::Postgres>),
    #[cfg(feature = "sqlite")]
    Sqlite(sqlx::Transaction<'a, sqlx::Sqlite>),
}

/// A value for a statement.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Arg<'a> {
    Blob(&'a [u8]),
    Int(i64),
    MaybeText(Option<&'a str>),
    Text(&'a str),
}

/// Rows that either database can give.
#[cfg(all(feature = "postgres", feature = "sqlite"))]
pub(crate) trait Row:
    for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow>
    + for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow>
    + Send
    + Unpin
{
}
#[cfg(all(feature = "postgres", feature = "sqlite"))]
impl<T> Row for T where
    T: for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow>
        + for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow>
        + Send
        + Unpin
{
}

/// Rows that the database can give.
#[cfg(all(feature = "sqlite", not(feature = "postgres")))]
pub(crate) trait Row:
    for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow> + Send + Unpin
{
}
#[cfg(all(feature = "sqlite", not(feature = "postgres")))]
impl<T> Row for T where T: for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow> + Send + Unpin {}

/// Rows that the database can give.
#[cfg(all(feature = "postgres", not(feature = "sqlite")))]
pub(crate) trait Row:
    for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow> + Send + Unpin
{
}
#[cfg(all(feature = "postgres", not(feature = "sqlite")))]
impl<T> Row for T where T: for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow> + Send + Unpin {}

/// Rows that the database gave.
enum Rows {
    #[cfg(feature = "postgres")]
    Postgres(Vec<sqlx::postgres::PgRow>),
    #[cfg(feature = "sqlite")]
    Sqlite(Vec<sqlx::sqlite::SqliteRow>),
}

macro_rules! bind {
    ($query:expr, $args:expr) => {{
        let mut query = $query;
        for arg in $args {
            query = match *arg {
                Arg::Blob(bytes) => query.bind(bytes.to_vec()),
                Arg::Int(number) => query.bind(number),
                Arg::MaybeText(text) => query.bind(text.map(readable)),
                Arg::Text(text) => query.bind(readable(text)),
            };
        }
        query
    }};
}

impl<'a> Conn<'a> {
    /// A connection that goes by the clock of its database.
    pub(crate) fn new(kind: Kind<'a>) -> Self {
        Self { kind, clock: Clock::default() }
    }
}

impl Conn<'_> {
    /// Runs a statement and returns how many rows it changed.
    pub(crate) async fn execute(
        &mut self,
        sql: impl Into<Sql>,
        args: &[Arg<'_>],
    ) -> Result<u64, sqlx::Error> {
        self.change(sql.into(), args).await
    }

    /// Runs a statement and returns its rows.
    pub(crate) async fn fetch<T: Row>(
        &mut self,
        sql: impl Into<Sql>,
        args: &[Arg<'_>],
    ) -> Result<Vec<T>, sqlx::Error> {
        match self.rows(sql.into(), args).await? {
            #[cfg(feature = "postgres")]
            Rows::Postgres(rows) => rows.into_iter().map(|row| T::from_row(&row)).collect(),
            #[cfg(feature = "sqlite")]
            Rows::Sqlite(rows) => rows.into_iter().map(|row| T::from_row(&row)).collect(),
        }
    }

    // These two are not generic, so that sqlx is compiled for them, and not for each kind of row.

    fn change<'s>(
        &'s mut self,
        sql: Sql,
        args: &'s [Arg<'s>],
    ) -> BoxFuture<'s, Result<u64, sqlx::Error>> {
        Box::pin(async move {
            Ok(match &mut self.kind {
                #[cfg(feature = "postgres")]
                Kind::Postgres(conn) => {
                    let query = bind!(sqlx::query(sql.postgres), args);
                    query.execute(&mut **conn).await?.rows_affected()
                }
                #[cfg(feature = "sqlite")]
                Kind::Sqlite(conn) => {
                    let query = bind!(sqlx::query(sql.sqlite), args);
                    query.execute(&mut **conn).await?.rows_affected()
                }
            })
        })
    }

    fn rows<'s>(
        &'s mut self,
        sql: Sql,
        args: &'s [Arg<'s>],
    ) -> BoxFuture<'s, Result<Rows, sqlx::Error>> {
        Box::pin(async move {
            Ok(match &mut self.kind {
                #[cfg(feature = "postgres")]
                Kind::Postgres(conn) => {
                    let query = bind!(sqlx::query(sql.postgres), args);
                    Rows::Postgres(query.fetch_all(&mut **conn).await?)
                }
                #[cfg(feature = "sqlite")]
                Kind::Sqlite(conn) => {
                    let query = bind!(sqlx::query(sql.sqlite), args);
                    Rows::Sqlite(query.fetch_all(&mut **conn).await?)
                }
            })
        })
    }

    /// Begins a transaction that will write.
    pub(crate) fn begin(&mut self) -> BoxFuture<'_, Result<Tx<'_>, sqlx::Error>> {
        Box::pin(async move {
            let kind = match &mut self.kind {
                #[cfg(feature = "postgres")]
                Kind::Postgres(conn) => TxKind::Postgres(conn.begin().await?),
                #[cfg(feature = "sqlite")]
                // A transaction that becomes a writer later could fail then.
                Kind::Sqlite(conn) => TxKind::Sqlite(conn.begin_with("BEGIN IMMEDIATE").await?),
            };
            Ok(Tx { kind, clock: self.clock })
        })
    }

    /// Begins a transaction that reads, and sees nothing of what is written meanwhile.
    pub(crate) fn begin_snapshot(&mut self) -> BoxFuture<'_, Result<Tx<'_>, sqlx::Error>> {
        Box::pin(async move {
            let kind = match &mut self.kind {
                #[cfg(feature = "postgres")]
                Kind::Postgres(conn) => {
                    TxKind::Postgres(crate::postgres::begin_snapshot(conn).await?)
                }
                #[cfg(feature = "sqlite")]
                Kind::Sqlite(conn) => TxKind::Sqlite(conn.begin().await?),
            };
            Ok(Tx { kind, clock: self.clock })
        })
    }

    /// Returns the time by which leases are granted: of one clock for all who share the database.
    pub(crate) async fn now(&mut self) -> Result<Micros, sqlx::Error> {
        let now = match &self.kind {
            #[cfg(feature = "postgres")]
            Kind::Postgres(_) => {
                const NOW: &str =
                    "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)";
                let rows: Vec<(i64,)> = self.fetch(NOW, &[]).await?;
                rows.first().map(|(now,)| Micros(*now)).ok_or(sqlx::Error::RowNotFound)?
            }
            #[cfg(feature = "sqlite")]
            Kind::Sqlite(_) => self.clock.steady(),
        };
        Ok(self.clock.set(now))
    }
}

impl Tx<'_> {
    pub(crate) fn conn(&mut self) -> Conn<'_> {
        let kind = match &mut self.kind {
            #[cfg(feature = "postgres")]
            TxKind::Postgres(tx) => Kind::Postgres(&mut *tx),
            #[cfg(feature = "sqlite")]
            TxKind::Sqlite(tx) => Kind::Sqlite(&mut *tx),
        };
        Conn { kind, clock: self.clock }
    }

    pub(crate) fn commit<'a>(self) -> BoxFuture<'a, Result<(), sqlx::Error>>
    where
        Self: 'a,
    {
        match self.kind {
            #[cfg(feature = "postgres")]
            TxKind::Postgres(tx) => Box::pin(tx.commit()),
            #[cfg(feature = "sqlite")]
            TxKind::Sqlite(tx) => Box::pin(tx.commit()),
        }
    }
}

impl Database {
    /// Reads an address; nothing is connected yet.
    pub(crate) fn new(url: &str, clock: Option<TestClock>) -> Result<Self, OpenError> {
        let scheme = url.split(':').next().unwrap_or_default();
        let kind = match scheme {
            #[cfg(feature = "sqlite")]
            "sqlite" => DatabaseKind::Sqlite(Box::new(Sqlite::new(url)?)),
            #[cfg(feature = "postgres")]
            "postgres" | "postgresql" => DatabaseKind::Postgres(Postgres::new(url)?),
            _ => return Err(OpenError::Scheme { features: crate::FEATURES }),
        };
        Ok(Self { kind, planning: Default::default(), clock })
    }

    fn clock(&self) -> Clock<'_> {
        let clock = Clock::new(self.clock.as_ref());
        match &self.kind {
            #[cfg(feature = "postgres")]
            DatabaseKind::Postgres(_) => clock,
            #[cfg(feature = "sqlite")]
            DatabaseKind::Sqlite(sqlite) => clock.by(&sqlite.clock),
        }
    }
}

impl Database {
    /// Begins a round of planning, unless another process is in one.
    pub(crate) async fn try_round(
        &self,
        conn: &mut Conn<'_>,
        generation: i64,
    ) -> Result<bool, sqlx::Error> {
        match (&self.kind, &mut conn.kind) {
            #[cfg(feature = "postgres")]
            (DatabaseKind::Postgres(postgres), Kind::Postgres(conn)) => {
                postgres.try_round(conn, generation).await
            }
            // There is no other process.
            #[cfg(feature = "sqlite")]
            _ => {
                let _ = generation;
                Ok(true)
            }
        }
    }

    /// Connects once, makes the tables and checks the settings.
    pub(crate) async fn set_up(&self) -> Result<(), SetUpError> {
        match &self.kind {
            #[cfg(feature = "postgres")]
            DatabaseKind::Postgres(postgres) => postgres.connect().await.map(drop),
            #[cfg(feature = "sqlite")]
            DatabaseKind::Sqlite(sqlite) => sqlite.connect().await.map(drop),
        }
    }

    /// Wakes this process when another one has made tasks, as long as the database is in use.
    pub(crate) fn listen(self: &Arc<Self>, work: &Arc<Notify>) {
        match &self.kind {
            #[cfg(feature = "postgres")]
            DatabaseKind::Postgres(_) => {
                tokio::spawn(crate::postgres::listen(Arc::downgrade(self), Arc::clone(work)));
            }
            #[cfg(feature = "sqlite")]
            // There is no other process.
            DatabaseKind::Sqlite(_) => drop(Arc::clone(work)),
        }
    }

    pub(crate) async fn close(&self) {
        match &self.kind {
            #[cfg(feature = "postgres")]
            DatabaseKind::Postgres(postgres) => postgres.close().await,
            #[cfg(feature = "sqlite")]
            DatabaseKind::Sqlite(sqlite) => sqlite.close().await,
        }
    }
}

/// PostgreSQL keeps no NUL in texts, so it is made visible.
fn readable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
