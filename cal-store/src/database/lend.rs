//! Connections that are lent, and given back or up.

use cal_webhook::StoreError;
use futures_util::future::BoxFuture;

use super::{Conn, Database, DatabaseKind, Kind};
use crate::clock::Clock;
#[cfg(feature = "postgres")]
use crate::postgres::Postgres;

/// A connection that was borrowed.
pub(crate) struct Lent<'a> {
    kind: LentKind<'a>,
    clock: Clock<'a>,
}

enum LentKind<'a> {
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

impl Lent<'_> {
    pub(crate) fn conn(&mut self) -> Conn<'_> {
        let kind = match &mut self.kind {
            #[cfg(feature = "postgres")]
            LentKind::Postgres(conn, _) => Kind::Postgres(&mut *conn),
            #[cfg(feature = "postgres")]
            LentKind::Kept(conn, _) => Kind::Postgres(conn),
            #[cfg(feature = "sqlite")]
            LentKind::Reader(conn) => Kind::Sqlite(&mut *conn),
            #[cfg(feature = "sqlite")]
            LentKind::Writer(writer) => Kind::Sqlite(writer.conn()),
        };
        Conn { kind, clock: self.clock }
    }

    /// Gives a connection back to whoever accepts next.
    pub(crate) fn keep(self) {
        match self.kind {
            #[cfg(feature = "postgres")]
            LentKind::Kept(conn, postgres) => postgres.keep(conn),
            _ => {}
        }
    }

    /// Gives a connection up after it has failed.
    pub(crate) async fn discard(self) {
        match self.kind {
            #[cfg(feature = "postgres")]
            LentKind::Postgres(_, postgres) | LentKind::Kept(_, postgres) => postgres.doubt(),
            #[cfg(feature = "sqlite")]
            LentKind::Reader(_) => {}
            #[cfg(feature = "sqlite")]
            LentKind::Writer(writer) => writer.discard().await,
        }
    }

    /// Finds out whether a delivery could be written; as a rule nothing is written for that.
    pub(crate) async fn try_to_write(&mut self) -> Result<(), StoreError> {
        match &mut self.kind {
            #[cfg(feature = "postgres")]
            LentKind::Postgres(conn, _) => crate::postgres::try_to_write(conn).await,
            #[cfg(feature = "postgres")]
            LentKind::Kept(conn, _) => crate::postgres::try_to_write(conn).await,
            #[cfg(feature = "sqlite")]
            LentKind::Reader(_) => Err(StoreError::new("a reader cannot write")),
            #[cfg(feature = "sqlite")]
            LentKind::Writer(writer) => {
                writer.try_to_write().await.map_err(crate::error::out_of_reach)
            }
        }
    }
}

/// For what a connection is lent.
#[derive(Clone, Copy)]
enum Purpose {
    Accept,
    Read,
    Write,
    WriteQuickly,
}

impl Database {
    /// Lends a connection that only reads.
    pub(crate) fn read(&self) -> BoxFuture<'_, Result<Lent<'_>, StoreError>> {
        Box::pin(self.lend(Purpose::Read))
    }

    /// Lends a connection for deliveries that come in; `keep` gives it back.
    pub(crate) fn accepting(&self) -> BoxFuture<'_, Result<Lent<'_>, StoreError>> {
        Box::pin(self.lend(Purpose::Accept))
    }

    /// Lends a connection that may write; of SQLite there is only one.
    pub(crate) fn write(&self) -> BoxFuture<'_, Result<Lent<'_>, StoreError>> {
        Box::pin(self.lend(Purpose::Write))
    }

    /// Lends a connection for what may be undone by a power cut: claims, and rows that a hook writes
    /// together with the end of its task.
    pub(crate) fn write_quickly(&self) -> BoxFuture<'_, Result<Lent<'_>, StoreError>> {
        Box::pin(self.lend(Purpose::WriteQuickly))
    }

    async fn lend(&self, purpose: Purpose) -> Result<Lent<'_>, StoreError> {
        let kind = match (&self.kind, purpose) {
            #[cfg(feature = "postgres")]
            (DatabaseKind::Postgres(postgres), Purpose::Accept) => {
                LentKind::Kept(postgres.lend_kept().await?, postgres)
            }
            #[cfg(feature = "postgres")]
            (DatabaseKind::Postgres(postgres), _) => {
                LentKind::Postgres(postgres.lend().await?, postgres)
            }
            #[cfg(feature = "sqlite")]
            (DatabaseKind::Sqlite(sqlite), Purpose::Read) => {
                LentKind::Reader(sqlite.reader().await?)
            }
            #[cfg(feature = "sqlite")]
            (DatabaseKind::Sqlite(sqlite), Purpose::WriteQuickly) => {
                LentKind::Writer(sqlite.quick_writer().await?)
            }
            #[cfg(feature = "sqlite")]
            (DatabaseKind::Sqlite(sqlite), _) => LentKind::Writer(sqlite.writer().await?),
        };
        Ok(Lent { kind, clock: self.clock() })
    }
}
