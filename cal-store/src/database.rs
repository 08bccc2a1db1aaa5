//! One way to talk to either database.

use std::sync::Arc;

use cal_webhook::StoreError;
use sqlx::Connection;
use tokio::sync::Notify;

#[cfg(feature = "postgres")]
use crate::postgres::Postgres;
#[cfg(feature = "sqlite")]
use crate::sqlite::Sqlite;
use crate::{
    error::{OpenError, SetUpError},
    sql::Sql,
    time::Micros,
};

/// Where the ledger is.
#[derive(Debug)]
pub(crate) enum Database {
    #[cfg(feature = "postgres")]
    Postgres(Postgres),
    #[cfg(feature = "sqlite")]
    Sqlite(Box<Sqlite>),
}

/// A connection that was borrowed.
pub(crate) enum Lent<'a> {
    #[cfg(feature = "postgres")]
    Postgres(sqlx::pool::PoolConnection<sqlx::Postgres>, &'a Postgres),
    /// The connection that is kept for accepting.
    #[cfg(feature = "postgres")]
    Kept(sqlx::PgConnection, &'a Postgres),
    #[cfg(feature = "sqlite")]
    Reader(sqlx::pool::PoolConnection<sqlx::Sqlite>),
    #[cfg(feature = "sqlite")]
    Writer(crate::sqlite::Writer<'a>),
}

/// A connection to run statements on.
pub(crate) enum Conn<'a> {
    #[cfg(feature = "postgres")]
    Postgres(&'a mut sqlx::PgConnection),
    #[cfg(feature = "sqlite")]
    Sqlite(&'a mut sqlx::SqliteConnection),
}

/// A transaction; it is rolled back unless it is committed.
pub(crate) enum Tx<'a> {
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

/// Does the same with a connection to either database.
macro_rules! with {
    ($conn:expr, |$it:ident, $text:ident = $sql:ident| $body:expr) => {
        match $conn {
            #[cfg(feature = "postgres")]
            Conn::Postgres($it) => {
                let $text = $sql.postgres;
                $body
            }
            #[cfg(feature = "sqlite")]
            Conn::Sqlite($it) => {
                let $text = $sql.sqlite;
                $body
            }
        }
    };
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

impl Conn<'_> {
    /// Runs a statement and returns how many rows it changed.
    pub(crate) async fn execute(
        &mut self,
        sql: impl Into<Sql>,
        args: &[Arg<'_>],
    ) -> Result<u64, sqlx::Error> {
        let sql = sql.into();
        with!(self, |conn, text = sql| {
            Ok(bind!(sqlx::query(text), args).execute(&mut **conn).await?.rows_affected())
        })
    }

    /// Runs a statement and returns its rows.
    pub(crate) async fn fetch<T: Row>(
        &mut self,
        sql: impl Into<Sql>,
        args: &[Arg<'_>],
    ) -> Result<Vec<T>, sqlx::Error> {
        let sql = sql.into();
        with!(self, |conn, text = sql| {
            bind!(sqlx::query_as::<_, T>(text), args).fetch_all(&mut **conn).await
        })
    }

    /// Begins a transaction that will write.
    pub(crate) async fn begin(&mut self) -> Result<Tx<'_>, sqlx::Error> {
        Ok(match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(conn) => Tx::Postgres(conn.begin().await?),
            #[cfg(feature = "sqlite")]
            // A transaction that becomes a writer later could fail then.
            Self::Sqlite(conn) => Tx::Sqlite(conn.begin_with("BEGIN IMMEDIATE").await?),
        })
    }

    /// Returns the time by which leases are granted: of one clock for all who share the database.
    pub(crate) async fn now(&mut self) -> Result<Micros, sqlx::Error> {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => {
                const NOW: &str =
                    "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)";
                let rows: Vec<(i64,)> = self.fetch(NOW, &[]).await?;
                rows.first().map(|(now,)| Micros(*now)).ok_or(sqlx::Error::RowNotFound)
            }
            #[cfg(feature = "sqlite")]
            Self::Sqlite(_) => Ok(Micros::now()),
        }
    }
}

impl Tx<'_> {
    pub(crate) fn conn(&mut self) -> Conn<'_> {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(tx) => Conn::Postgres(&mut *tx),
            #[cfg(feature = "sqlite")]
            Self::Sqlite(tx) => Conn::Sqlite(&mut *tx),
        }
    }

    pub(crate) async fn commit(self) -> Result<(), sqlx::Error> {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(tx) => tx.commit().await,
            #[cfg(feature = "sqlite")]
            Self::Sqlite(tx) => tx.commit().await,
        }
    }
}

impl Lent<'_> {
    pub(crate) fn conn(&mut self) -> Conn<'_> {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(conn, _) => Conn::Postgres(&mut *conn),
            #[cfg(feature = "postgres")]
            Self::Kept(conn, _) => Conn::Postgres(conn),
            #[cfg(feature = "sqlite")]
            Self::Reader(conn) => Conn::Sqlite(&mut *conn),
            #[cfg(feature = "sqlite")]
            Self::Writer(writer) => Conn::Sqlite(writer.conn()),
        }
    }

    /// Gives a connection back to whoever accepts next.
    pub(crate) fn keep(self) {
        match self {
            #[cfg(feature = "postgres")]
            Self::Kept(conn, postgres) => postgres.keep(conn),
            _ => {}
        }
    }

    /// Gives a connection up after it has failed.
    pub(crate) async fn discard(self) {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(_, postgres) | Self::Kept(_, postgres) => postgres.doubt(),
            #[cfg(feature = "sqlite")]
            Self::Reader(_) => {}
            #[cfg(feature = "sqlite")]
            Self::Writer(writer) => writer.discard().await,
        }
    }

    /// Finds out whether a delivery could be written; as a rule nothing is written for that.
    pub(crate) async fn try_to_write(&mut self) -> Result<(), StoreError> {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(conn, _) => crate::postgres::try_to_write(conn).await,
            #[cfg(feature = "postgres")]
            Self::Kept(conn, _) => crate::postgres::try_to_write(conn).await,
            #[cfg(feature = "sqlite")]
            Self::Reader(_) => Err(StoreError::new("a reader cannot write")),
            #[cfg(feature = "sqlite")]
            Self::Writer(writer) => writer.try_to_write().await.map_err(crate::error::out_of_reach),
        }
    }
}

impl Database {
    /// Reads an address; nothing is connected yet.
    pub(crate) fn new(url: &str) -> Result<Self, OpenError> {
        let scheme = url.split(':').next().unwrap_or_default();
        match scheme {
            #[cfg(feature = "sqlite")]
            "sqlite" => Ok(Self::Sqlite(Box::new(Sqlite::new(url)?))),
            #[cfg(feature = "postgres")]
            "postgres" | "postgresql" => Ok(Self::Postgres(Postgres::new(url)?)),
            _ => Err(OpenError::Scheme { features: crate::FEATURES }),
        }
    }

    /// Lends a connection that only reads.
    pub(crate) async fn read(&self) -> Result<Lent<'_>, StoreError> {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(postgres) => Ok(Lent::Postgres(postgres.lend().await?, postgres)),
            #[cfg(feature = "sqlite")]
            Self::Sqlite(sqlite) => Ok(Lent::Reader(sqlite.reader().await?)),
        }
    }

    /// Lends a connection for deliveries that come in; `keep` gives it back.
    pub(crate) async fn accepting(&self) -> Result<Lent<'_>, StoreError> {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(postgres) => Ok(Lent::Kept(postgres.lend_kept().await?, postgres)),
            #[cfg(feature = "sqlite")]
            Self::Sqlite(_) => self.write().await,
        }
    }

    /// Lends a connection that may write; of SQLite there is only one.
    pub(crate) async fn write(&self) -> Result<Lent<'_>, StoreError> {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(postgres) => Ok(Lent::Postgres(postgres.lend().await?, postgres)),
            #[cfg(feature = "sqlite")]
            Self::Sqlite(sqlite) => Ok(Lent::Writer(sqlite.writer().await?)),
        }
    }
}

impl Database {
    /// Connects once, makes the tables and checks the settings.
    pub(crate) async fn set_up(&self) -> Result<(), SetUpError> {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(postgres) => postgres.connect().await.map(drop),
            #[cfg(feature = "sqlite")]
            Self::Sqlite(sqlite) => sqlite.connect().await.map(drop),
        }
    }

    /// Wakes this process when another one has made tasks, as long as the database is in use.
    pub(crate) fn listen(self: &Arc<Self>, work: &Arc<Notify>) {
        match &**self {
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => {
                tokio::spawn(crate::postgres::listen(Arc::downgrade(self), Arc::clone(work)));
            }
            #[cfg(feature = "sqlite")]
            // There is no other process.
            Self::Sqlite(_) => drop(Arc::clone(work)),
        }
    }

    pub(crate) async fn close(&self) {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(postgres) => postgres.close().await,
            #[cfg(feature = "sqlite")]
            Self::Sqlite(sqlite) => sqlite.close().await,
        }
    }
}

/// PostgreSQL keeps no NUL in texts, so it is made visible.
fn readable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
