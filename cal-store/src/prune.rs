//! Forgets what is old, and keeps what recognises it.

use cal_webhook::StoreError;
use chrono::{DateTime, Utc};

use crate::{
    SqlStore, announce,
    database::{Arg, Conn},
    export::fitting,
    plan,
    replay::id_after,
    settle,
    sql::{Sql, sql},
    time::Micros,
};

/// How many rows change in one transaction: deliveries wait for the writer no longer than that.
const BATCH: i64 = 1000;

/// What was forgotten.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Pruned {
    /// How many deliveries lost their bodies and headers.
    pub bodies: usize,
    /// How many tasks were ended because no process has run their hook since.
    pub tasks: usize,
    /// How many failed attempts were deleted.
    pub attempts: usize,
    /// How many events of visitors and bookings were deleted.
    pub events: usize,
    /// How many notes of what was said in a moment were deleted: see [`Change::identity`].
    ///
    /// [`Change::identity`]: cal_webhook::Change::identity
    pub said: usize,
}

/// Deliveries that nobody works on any more; what is held back is yet to be planned.
const ENDED: &str = "SELECT d.id, CAST(coalesce(length(d.body), 0) AS BIGINT) \
    FROM cal_deliveries d \
    WHERE d.id > $1 AND d.id < $2 AND d.received_at < $3 \
        AND (d.body IS NOT NULL OR d.headers IS NOT NULL) \
        AND d.planned_at IS NOT NULL AND d.decision <> 'early' \
        AND NOT EXISTS (SELECT 1 FROM cal_tasks t \
            WHERE t.delivery_id = d.id AND t.ready_at IS NOT NULL) \
    ORDER BY d.id LIMIT $4";

/// Looks again: a task may have been brought back meanwhile.
const FORGET: Sql = sql!(
    "UPDATE cal_deliveries SET body = NULL, headers = NULL \
    WHERE id IN (SELECT item.value FROM" texts(1) ") AND NOT EXISTS (SELECT 1 FROM cal_tasks t \
        WHERE t.delivery_id = cal_deliveries.id AND t.ready_at IS NOT NULL)"
);

const ATTEMPTS: &str = "DELETE FROM cal_attempts WHERE seq IN (SELECT a.seq \
        FROM cal_attempts a JOIN cal_tasks t ON t.id = a.task_id \
        WHERE a.seq > $1 AND a.ended_at < $2 AND t.ready_at IS NULL ORDER BY a.seq LIMIT $3) \
    RETURNING seq";

const EVENTS: &str = "DELETE FROM cal_events \
    WHERE seq IN (SELECT e.seq FROM cal_events e WHERE e.at < $1 ORDER BY e.at LIMIT $2)";

/// Notes of what reports said, by which another report of the same moment is the same one. The keys
/// between have `said:` before a digest in every order of texts.
const SAID: &str = "SELECT key FROM cal_values \
    WHERE key > $1 AND key < 'saie' AND substr(key, 1, 5) = 'said:' AND at < $2 \
    ORDER BY key LIMIT $3";

/// Looks again: the same may have been said once more.
const FORGET_SAID: Sql = sql!(
    "DELETE FROM cal_values WHERE key IN (SELECT item.value FROM" texts(1) ") AND at < $2"
);

impl SqlStore {
    /// Forgets the bodies and headers of old deliveries, why old attempts failed, old events, and what
    /// old reports said.
    ///
    /// Old are planned deliveries that were received before this time, once all their tasks have
    /// ended or are those of a hook that no process has run since, attempts that ended before it, once their task has, and events that happened before it.
    /// Contacts, appointments, payments, feedback and suppressions stay. What recognises a delivery
    /// stays: a capture that is sent again a year later is still a duplicate, and one with refreshed
    /// content still a revision. So does what bookings show; see [`SqlStore::erase`].
    ///
    /// It works in small transactions, so that deliveries are not held up, and can be run again and
    /// again. The room is used for new rows: an SQLite file does not shrink.
    ///
    /// # Errors
    ///
    /// Fails when the database is out of reach. Some rows may be pruned by then.
    pub async fn prune(&self, older_than: DateTime<Utc>) -> Result<Pruned, StoreError> {
        let older_than = Micros::from(older_than);
        Ok(Pruned {
            tasks: self.prune_tasks(older_than).await?,
            bodies: self.prune_bodies(older_than).await?,
            attempts: self.prune_attempts(older_than).await?,
            events: self.prune_events(older_than).await?,
            said: self.prune_said(older_than).await?,
        })
    }

    async fn prune_tasks(&self, older_than: Micros) -> Result<usize, StoreError> {
        let mut lent = self.shared.database.read().await?;
        let found = announce::abandoned(&mut lent.conn(), older_than).await;
        let (mut ended, mut hooks) = (0, lent.end(found).await?);
        while let Some(hook) = hooks.last() {
            let mut lent = self.shared.database.write().await?;
            let mut conn = lent.conn();
            let done = async {
                let now = conn.now().await?;
                announce::end(&mut conn, hook, now, older_than).await
            };
            let done = done.await;
            match lent.end(done).await? {
                0 => drop(hooks.pop()),
                count => ended += usize::try_from(count).unwrap_or_default(),
            }
        }
        Ok(ended)
    }

    async fn prune_bodies(&self, older_than: Micros) -> Result<usize, StoreError> {
        let last = id_after(older_than);
        let (mut pruned, mut after) = (0, String::new());
        loop {
            let args =
                [Arg::Text(&after), Arg::Text(&last), Arg::Int(older_than.0), Arg::Int(BATCH)];
            // Finding them needs no writer.
            let mut rows: Vec<(String, i64)> = self.ask(ENDED, &args).await?;
            // What is forgotten is overwritten, so large bodies take their time.
            rows.truncate(fitting(rows.iter().map(|(_, size)| *size)));
            let Some((last, _)) = rows.last() else { return Ok(pruned) };
            after.clone_from(last);
            let ids: Vec<_> = rows.iter().map(|(id, _)| id).collect();
            let mut lent = self.shared.database.write().await?;
            let done =
                forget(&mut lent.conn(), &settle::json(&ids).map_err(crate::error::out_of_reach)?)
                    .await;
            pruned += usize::try_from(lent.end(done).await?).unwrap_or_default();
        }
    }

    async fn prune_attempts(&self, older_than: Micros) -> Result<usize, StoreError> {
        let (mut pruned, mut after) = (0, 0);
        loop {
            let args = [Arg::Int(after), Arg::Int(older_than.0), Arg::Int(BATCH)];
            let mut lent = self.shared.database.write().await?;
            let done = lent.conn().fetch::<(i64,)>(ATTEMPTS, &args).await;
            let gone = lent.end(done).await?;
            let Some((last,)) = gone.iter().max() else { return Ok(pruned) };
            after = *last;
            pruned += gone.len();
        }
    }

    async fn prune_said(&self, older_than: Micros) -> Result<usize, StoreError> {
        let (mut pruned, mut after) = (0, "said".to_owned());
        loop {
            let args = [Arg::Text(&after), Arg::Int(older_than.0), Arg::Int(BATCH)];
            let keys: Vec<(String,)> = self.ask(SAID, &args).await?;
            let Some((last,)) = keys.last() else { return Ok(pruned) };
            after.clone_from(last);
            let keys: Vec<_> = keys.iter().map(|(key,)| key).collect();
            let keys = settle::json(&keys).map_err(crate::error::out_of_reach)?;
            let gone = self.write(FORGET_SAID, &[Arg::Text(&keys), Arg::Int(older_than.0)]).await?;
            pruned += usize::try_from(gone).unwrap_or_default();
        }
    }

    /// Deletes the events that happened before this time, and returns how many there were.
    pub(crate) async fn prune_events(&self, older_than: Micros) -> Result<usize, StoreError> {
        let mut pruned = 0;
        loop {
            match self.write(EVENTS, &[Arg::Int(older_than.0), Arg::Int(BATCH)]).await? {
                0 => return Ok(pruned),
                gone => pruned += usize::try_from(gone).unwrap_or_default(),
            }
        }
    }
}

async fn forget(conn: &mut Conn<'_>, ids: &str) -> Result<u64, sqlx::Error> {
    let mut tx = conn.begin().await?;
    let mut conn = tx.conn();
    // Nobody may bring a task back between looking and forgetting.
    plan::take_turn(&mut conn).await?;
    let forgotten = conn.execute(FORGET, &[Arg::Text(ids)]).await?;
    tx.commit().await?;
    Ok(forgotten)
}
