//! Rows of a hook that are there exactly when its task is done.

use std::time::Duration;

use cal_webhook::{Context, HookError};
use futures_util::future::BoxFuture;
use tokio::time;

use crate::{
    SqlStore,
    database::{Arg, Kind},
};

/// How long a hook may hold the transaction: on SQLite nobody else writes meanwhile.
const LIMIT: Duration = Duration::from_secs(1);

/// The connection on which a hook writes its rows, within the transaction that ends its task.
#[derive(Debug)]
#[non_exhaustive]
pub enum Effects<'t> {
    /// A connection to PostgreSQL.
    #[cfg(feature = "postgres")]
    #[cfg_attr(docsrs, doc(cfg(feature = "postgres")))]
    Postgres(&'t mut sqlx::PgConnection),
    /// The one connection to SQLite that writes.
    #[cfg(feature = "sqlite")]
    #[cfg_attr(docsrs, doc(cfg(feature = "sqlite")))]
    Sqlite(&'t mut sqlx::SqliteConnection),
}

impl SqlStore {
    /// Writes a hook's rows and ends its task in one transaction: both are there, or neither is.
    ///
    /// Call it last, and return what it returns. The rows go into the store's own database; other
    /// databases and calls to the outside need [`Context::idempotency_key`] instead. The closure has
    /// one second, because deliveries wait for the writer meanwhile.
    ///
    /// # Errors
    ///
    /// Fails for now when the claim was lost, the closure fails or takes too long, or the database
    /// is out of reach. Nothing is written then.
    ///
    /// ```
    /// use cal_store::{Effects, SqlStore, sqlx};
    /// use cal_webhook::Hook;
    ///
    /// fn ledger(store: SqlStore) -> Hook {
    ///     Hook::named("ledger").on_booked(move |cx, booking| {
    ///         let store = store.clone();
    ///         async move {
    ///             let title = booking.title.clone();
    ///             store
    ///                 .complete(&cx, |effects| {
    ///                     Box::pin(async move {
    ///                         if let Effects::Sqlite(conn) = effects {
    ///                             sqlx::query("INSERT INTO titles (title) VALUES (?)")
    ///                                 .bind(title)
    ///                                 .execute(conn)
    ///                                 .await?;
    ///                         }
    ///                         Ok(())
    ///                     })
    ///                 })
    ///                 .await
    ///         }
    ///     })
    /// }
    /// ```
    pub async fn complete<E>(&self, cx: &Context, effects: E) -> Result<(), HookError>
    where
        E: for<'t> FnOnce(Effects<'t>) -> BoxFuture<'t, Result<(), HookError>> + Send,
    {
        const END: &str = "UPDATE cal_tasks SET state = 'done', ready_at = NULL, settled_at = $3 \
            WHERE id = $1 AND fence = $2 AND state = 'running'";
        let task = cx.task();
        let (id, fence) = (task.id.to_string(), i64::try_from(task.fence).unwrap_or(i64::MAX));
        // After a power cut the rows are gone together with the end of the task, which runs again.
        let mut lent = self.shared.database.write_quickly().await?;
        let mut conn = lent.conn();
        let now = conn.now().await?;
        let write = async {
            let mut tx = conn.begin().await?;
            let args = [Arg::Text(&id), Arg::Int(fence), Arg::Int(now.0)];
            if tx.conn().execute(END, &args).await? == 0 {
                return Err(HookError::transient("the claim was lost"));
            }
            effects(match tx.conn().kind {
                #[cfg(feature = "postgres")]
                Kind::Postgres(conn) => Effects::Postgres(conn),
                #[cfg(feature = "sqlite")]
                Kind::Sqlite(conn) => Effects::Sqlite(conn),
            })
            .await?;
            tx.commit().await?;
            Ok(())
        };
        let late = |_| HookError::transient(format!("its rows took longer than {LIMIT:?}"));
        let written = time::timeout(LIMIT, write).await.map_err(late).flatten();
        if written.is_err() {
            lent.discard().await;
        }
        written
    }
}
