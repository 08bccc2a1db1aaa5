//! Sends kept deliveries through hooks again.

use std::{collections::BTreeSet, ops::Range, time::Duration};

use cal_webhook::{DeliveryId, StoreError, TaskId};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::{
    SqlStore,
    database::{Arg, Conn},
    export::fitting,
    operate::{named, note},
    plan, settle,
    sql::{Sql, sql},
    time::Micros,
};

/// How many deliveries are copied in one transaction.
const BATCH: i64 = 64;

/// How far an id's time may be off the time of receipt, because clocks are set.
const MARGIN: Duration = Duration::from_secs(60 * 60);

/// Which deliveries to replay.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ReplayOf {
    /// A single one, whatever it meant when it came.
    Delivery(DeliveryId),
    /// Those that were received in a range of time and applied; replays are left out.
    Received(Range<DateTime<Utc>>),
}

impl From<DeliveryId> for ReplayOf {
    fn from(id: DeliveryId) -> Self {
        Self::Delivery(id)
    }
}

impl From<Range<DateTime<Utc>>> for ReplayOf {
    fn from(range: Range<DateTime<Utc>>) -> Self {
        Self::Received(range)
    }
}

/// What was replayed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Replayed {
    /// How many deliveries go through the hooks again.
    pub deliveries: usize,
    /// How many cannot, because their bodies were pruned or erased.
    pub without_body: usize,
}

const ONE: &str = "SELECT id, CAST(length(body) AS BIGINT) FROM cal_deliveries \
    WHERE id = $1 AND planned_at IS NOT NULL";

const NEWEST: &str = "SELECT max(id) FROM cal_deliveries";

const RANGE: &str = "SELECT id, CAST(length(body) AS BIGINT) FROM cal_deliveries \
    WHERE id > $1 AND id <= $2 AND received_at >= $3 AND received_at < $4 \
        AND source <> 'replay' AND decision = 'applied' ORDER BY id LIMIT $5";

const COPY: Sql = sql!(
    "INSERT INTO cal_deliveries (id, received_at, source, planned_at, parsed, trigger_event, \
        created_at, uid, number, transition, moved_from, seat, decision, replay_of, headers, body) \
    SELECT item.value ->> 'copy', $2, 'replay', $2, d.parsed, d.trigger_event, d.created_at, \
        d.uid, d.number, d.transition, d.moved_from, d.seat, 'applied', d.id, d.headers, d.body \
    FROM" rows(1) "JOIN cal_deliveries d ON d.id = item.value ->> 'id' \
    WHERE d.body IS NOT NULL ORDER BY item.value ->> 'copy'"
);

/// A replay is superseded when its original would be; one that had no tasks never is.
const TASKS: Sql = sql!(
    "INSERT INTO cal_tasks (id, delivery_id, hook, reminder, uid, seat, rank, lane, state, due_at, \
        ready_at, vocabulary) \
    SELECT item.value ->> 'id', d.id, item.value ->> 'hook', '', d.uid, d.seat, \
        coalesce((SELECT min(t.rank) FROM cal_tasks t WHERE t.delivery_id = d.replay_of), 32767), \
        (SELECT b.chain FROM cal_bookings b WHERE b.uid = d.uid), 'waiting', $2, $2, \
        coalesce((SELECT max(t.vocabulary) FROM cal_tasks t WHERE t.delivery_id = d.replay_of), 1) \
    FROM" rows(1) "JOIN cal_deliveries d ON d.id = item.value ->> 'delivery' \
    ORDER BY item.value ->> 'id'"
);

impl SqlStore {
    /// Sends kept deliveries through the named hooks again, and returns how many.
    ///
    /// Each becomes a delivery of its own, whose source is
    /// [`Source::Replay`](cal_webhook::Source::Replay), with new tasks and so with new idempotency
    /// keys: a hook that has done its work does it again. To try again what has failed, see
    /// [`SqlStore::redrive`]. Reminders are not planned again. A hook that no worker has keeps its
    /// task waiting until one has.
    ///
    /// A range takes what was applied when it came; a single delivery is taken whatever it meant.
    /// One that is not planned yet is left to its first run, and one that does not exist counts as
    /// none.
    ///
    /// # Errors
    ///
    /// Fails when no hook or no actor is named, or when the database is out of reach. Of a range
    /// some deliveries may be replayed by then; [`SqlStore::deliveries`] shows them.
    pub async fn replay(
        &self,
        deliveries: impl Into<ReplayOf>,
        hooks: &[&str],
        actor: &str,
    ) -> Result<Replayed, StoreError> {
        let of = deliveries.into();
        let actor = named(actor)?;
        let hooks: BTreeSet<&str> = hooks.iter().copied().collect();
        if hooks.is_empty() {
            return Err(StoreError::new("expected hooks to replay deliveries through, found none"));
        }
        let object = object(&of, &hooks);
        // What comes in meanwhile does not prolong it.
        let newest: Vec<(Option<String>,)> = self.ask(NEWEST, &[]).await?;
        let newest = newest.into_iter().find_map(|(id,)| id).unwrap_or_default();
        let mut replayed = Replayed::default();
        let mut after = String::new();
        loop {
            let batch = self.batch(&of, &after, &newest).await?;
            let Some(last) = batch.last() else { return Ok(replayed) };
            after.clone_from(last);
            let note = (replayed.deliveries == 0).then_some((object.as_str(), actor));
            let mut lent = self.shared.database.write().await?;
            let done = copy(&mut lent.conn(), &batch, &hooks, note).await;
            let copied = lent.end(done).await?;
            self.shared.work.notify_one();
            replayed.deliveries += copied;
            replayed.without_body += batch.len() - copied;
            if matches!(of, ReplayOf::Delivery(_)) {
                return Ok(replayed);
            }
        }
    }

    /// Returns the next deliveries to replay, in the order in which they came.
    async fn batch(
        &self,
        of: &ReplayOf,
        after: &str,
        newest: &str,
    ) -> Result<Vec<String>, StoreError> {
        let mut rows: Vec<(String, Option<i64>)> = match of {
            ReplayOf::Delivery(id) => self.ask(ONE, &[Arg::Text(&id.to_string())]).await?,
            ReplayOf::Received(range) => {
                let from = Micros::from(range.start);
                let until = Micros::from(range.end);
                let (first, last) = (id_before(from), id_after(until));
                let args = [
                    Arg::Text(first.as_str().max(after)),
                    Arg::Text(last.as_str().min(newest)),
                    Arg::Int(from.0),
                    Arg::Int(until.0),
                    Arg::Int(BATCH),
                ];
                self.ask(RANGE, &args).await?
            }
        };
        rows.truncate(fitting(rows.iter().map(|(_, size)| size.unwrap_or_default())));
        Ok(rows.into_iter().map(|(id, _)| id).collect())
    }
}

/// Copies deliveries and makes their tasks; returns how many still had a body.
async fn copy(
    conn: &mut Conn<'_>,
    batch: &[String],
    hooks: &BTreeSet<&str>,
    audit: Option<(&str, &str)>,
) -> Result<usize, sqlx::Error> {
    let mut tx = conn.begin().await?;
    let mut conn = tx.conn();
    plan::take_turn(&mut conn).await?;
    let now = conn.now().await?;
    let copies: Vec<_> =
        batch.iter().map(|id| json!({"id": id, "copy": DeliveryId::new()})).collect();
    let rows = settle::json(&copies)?;
    let copied = conn.execute(COPY, &[Arg::Text(&rows), Arg::Int(now.0)]).await?;
    if copied == 0 {
        return Ok(0);
    }
    let task = |copy: &Value, hook: &str| json!({"id": TaskId::new(), "delivery": copy["copy"], "hook": hook});
    let tasks: Vec<_> =
        copies.iter().flat_map(|copy| hooks.iter().map(move |hook| task(copy, hook))).collect();
    let rows = settle::json(&tasks)?;
    conn.execute(TASKS, &[Arg::Text(&rows), Arg::Int(now.0)]).await?;
    if let Some((object, actor)) = audit {
        note(&mut conn, now, "replay", object, actor).await?;
    }
    plan::tell(&mut conn).await?;
    tx.commit().await?;
    Ok(usize::try_from(copied).unwrap_or(usize::MAX))
}

fn object(of: &ReplayOf, hooks: &BTreeSet<&str>) -> String {
    let hooks = hooks.iter().copied().collect::<Vec<_>>().join(", ");
    let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    match of {
        ReplayOf::Delivery(id) => format!("delivery {id} through {hooks}"),
        ReplayOf::Received(range) => {
            let (from, until) = (time(range.start), time(range.end));
            format!("deliveries received from {from} until {until} through {hooks}")
        }
    }
}

/// Returns an id below those of deliveries that were received at this time or later.
pub(crate) fn id_before(at: Micros) -> String {
    id_at(at.0.saturating_sub(Micros(0).after(MARGIN).0))
}

/// Returns an id above those of deliveries that were received before this time.
pub(crate) fn id_after(at: Micros) -> String {
    id_at(at.after(MARGIN).0)
}

/// Returns the beginning of the ids that are made at a time.
fn id_at(micros: i64) -> String {
    let millis = (micros / 1000).clamp(0, (1 << 48) - 1);
    format!("{:08x}-{:04x}", millis >> 16, millis & 0xffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_lie_between_the_bounds_of_their_time() {
        let id = DeliveryId::new().to_string();
        let millis = i64::from_str_radix(&id[..13].replace('-', ""), 16).unwrap();
        let [before, after] = [millis * 1000, (millis + 1) * 1000].map(Micros);
        assert!(id_at(before.0) < id && id < id_at(after.0), "{id}");
        assert!(id_before(before) < id_at(before.0) && id_at(after.0) < id_after(after));
        assert!(id_before(Micros(i64::MIN)) < id && id < id_after(Micros(i64::MAX)), "{id}");
    }
}
