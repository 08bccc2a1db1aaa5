//! Hands tasks out, and keeps them handed out.

use std::{collections::HashMap, sync::Arc, time::Duration};

use cal_core::{BookingUid, Delivery};
use cal_webhook::{Change, StoreError, Task, TaskId, Transition, log::quietly};
use serde_json::json;

use crate::{
    database::{Arg, Conn, Database},
    error::out_of_reach,
    settle,
    sql::{Sql, sql},
    time::Micros,
};

/// Claims what is due and is the first of its lane.
///
/// What looks superfluous in the inner query leaves PostgreSQL one way to run it: task by task, with
/// the index of lanes. Left to its statistics, which know nothing of a backlog that came since, it
/// compares every task of the backlog with every other.
const CLAIM: Sql = sql!(
    "WITH due AS MATERIALIZED ( \
        SELECT t.seq FROM cal_tasks t WHERE t.hook = $1 AND t.ready_at <= $2 \
            AND NOT EXISTS (SELECT 1 FROM cal_tasks e WHERE e.lane = t.lane AND e.seq < t.seq \
                AND e.hook || '' = t.hook AND e.ready_at IS NOT NULL LIMIT 1 OFFSET 0) \
        ORDER BY t.ready_at, t.seq LIMIT $4" skip_locked ") \
    UPDATE cal_tasks SET \
        state = CASE WHEN superseded THEN 'superseded' \
            WHEN coalesce(expires_at <= $2, FALSE) THEN 'skipped' ELSE 'running' END, \
        last_error = CASE WHEN NOT superseded AND coalesce(expires_at <= $2, FALSE) \
            THEN 'it had expired when it was due' ELSE last_error END, \
        attempts = attempts + \
            CASE WHEN superseded OR coalesce(expires_at <= $2, FALSE) THEN 0 ELSE 1 END, \
        fence = fence + 1, \
        claimed_at = $2, \
        ready_at = CASE WHEN superseded OR coalesce(expires_at <= $2, FALSE) THEN NULL ELSE $3 END \
    WHERE seq" one_of "SELECT seq FROM due" end "\
    RETURNING id, delivery_id, reminder, state, attempts, fence, due_at, expires_at"
);

type Claimed = (String, String, String, String, i64, i64, i64, Option<i64>);

const DELIVERIES: Sql = sql!(
    "SELECT id, received_at, body, transition, moved_from, seat FROM cal_deliveries \
    WHERE id " one_of "SELECT item.value FROM" texts(1) end
);

type Stored = (String, i64, Option<Vec<u8>>, Option<String>, Option<String>, Option<i64>);

const RENEW: Sql = sql!(
    "UPDATE cal_tasks SET ready_at = $2 \
    FROM (SELECT item.value ->> 'id' AS id, CAST(item.value ->> 'fence' AS BIGINT) AS fence \
        FROM" rows(1) ") AS v \
    WHERE cal_tasks.id = v.id AND cal_tasks.fence = v.fence AND cal_tasks.state = 'running' \
    RETURNING cal_tasks.id"
);

const UNREADABLE: Sql = sql!(
    "UPDATE cal_tasks SET state = 'dead', ready_at = NULL, settled_at = $2, \
        last_error = v.error \
    FROM (SELECT item.value ->> 'id' AS id, item.value ->> 'error' AS error FROM" rows(1) ") AS v \
    WHERE cal_tasks.id = v.id AND cal_tasks.state = 'running'"
);

/// Takes tasks of a hook that are due, and returns when that was.
pub(crate) async fn claim(
    database: &Database,
    hook: &str,
    limit: usize,
    lease: Duration,
) -> Result<(Vec<Task>, Micros), StoreError> {
    let mut lent = database.write().await?;
    match take(&mut lent.conn(), hook, limit, lease).await {
        Ok(claimed) => Ok(claimed),
        Err(error) => {
            lent.discard().await;
            Err(out_of_reach(error))
        }
    }
}

async fn take(
    conn: &mut Conn<'_>,
    hook: &str,
    limit: usize,
    lease: Duration,
) -> Result<(Vec<Task>, Micros), sqlx::Error> {
    let now = conn.now().await?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let until = now.after(lease);
    let args = [Arg::Text(hook), Arg::Int(now.0), Arg::Int(until.0), Arg::Int(limit)];
    let mut claimed: Vec<Claimed> = conn.fetch(CLAIM, &args).await?;
    claimed.retain(|(_, _, _, state, ..)| state == "running");
    if claimed.is_empty() {
        return Ok((Vec::new(), now));
    }
    let deliveries = deliveries(conn, &claimed).await?;
    let mut tasks = Vec::with_capacity(claimed.len());
    let mut unreadable = Vec::new();
    for row in claimed {
        match task(hook, &row, &deliveries, now) {
            Ok(task) => tasks.push(task),
            Err(error) => {
                quietly(|| tracing::error!(task = row.0, hook, error, "a task cannot be read"));
                unreadable.push(json!({"id": row.0, "error": error}));
            }
        }
    }
    if !unreadable.is_empty() {
        let rows = settle::json(&unreadable)?;
        conn.execute(UNREADABLE, &[Arg::Text(&rows), Arg::Int(now.0)]).await?;
    }
    // Tasks come in the order of their making.
    tasks.sort_by_key(|task| task.id);
    Ok((tasks, now))
}

/// Reads the deliveries that the claimed tasks are about, each once.
async fn deliveries(
    conn: &mut Conn<'_>,
    claimed: &[Claimed],
) -> Result<HashMap<String, (Stored, Arc<Delivery>)>, sqlx::Error> {
    let mut ids: Vec<&str> = claimed.iter().map(|(_, delivery, ..)| delivery.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    let stored: Vec<Stored> = conn.fetch(DELIVERIES, &[Arg::Text(&settle::json(&ids)?)]).await?;
    Ok(stored
        .into_iter()
        .map(|mut stored| {
            let body = stored.2.take();
            let delivery = Arc::new(Delivery::parse(body.clone().unwrap_or_default()));
            // Whether there was a body is all that is asked later.
            stored.2 = body.map(|_| Vec::new());
            (stored.0.clone(), (stored, delivery))
        })
        .collect())
}

fn task(
    hook: &str,
    row: &Claimed,
    deliveries: &HashMap<String, (Stored, Arc<Delivery>)>,
    now: Micros,
) -> Result<Task, &'static str> {
    let (id, delivery_id, reminder, _, attempts, fence, due_at, expires_at) = row;
    let (stored, delivery) = deliveries.get(delivery_id).ok_or("its delivery is gone")?;
    let (_, received_at, body, change, moved_from, seat) = stored;
    if body.is_none() {
        return Err("the body of its delivery was pruned or erased");
    }
    let transition = match change {
        None => None,
        Some(change) => {
            let change = Change::named(change).ok_or("its transition is none that exists")?;
            let moved_from = moved_from.as_deref().map(BookingUid::from);
            let read = Transition::of(delivery).ok_or("its body does not tell its transition")?;
            Some(read.retold(change, moved_from, seat.is_none()))
        }
    };
    Ok(Task {
        id: id.parse().map_err(|_| "its id is none")?,
        delivery_id: delivery_id.parse().map_err(|_| "the id of its delivery is none")?,
        hook: hook.to_owned(),
        reminder: (!reminder.is_empty()).then(|| reminder.clone()),
        attempt: u32::try_from(*attempts).map_err(|_| "its number of attempts is none")?,
        fence: u64::try_from(*fence).map_err(|_| "its fence is none")?,
        due_at: Micros(*due_at).into(),
        expires_in: expires_at.map(|at| now.until(Micros(at))),
        received_at: Micros(*received_at).into(),
        transition,
        delivery: Arc::clone(delivery),
    })
}

/// Lets the leases of tasks start anew, and returns the ids of those still claimed.
pub(crate) async fn renew(
    database: &Database,
    tasks: &[Arc<Task>],
    lease: Duration,
) -> Result<Vec<TaskId>, StoreError> {
    let rows: Vec<_> =
        tasks.iter().map(|task| json!({"id": task.id, "fence": task.fence})).collect();
    let rows = settle::json(&rows).map_err(out_of_reach)?;
    let mut lent = database.write().await?;
    let mut conn = lent.conn();
    let renewed = async {
        let now = conn.now().await?;
        let args = [Arg::Text(&rows), Arg::Int(now.after(lease).0)];
        conn.fetch::<(String,)>(RENEW, &args).await
    };
    match renewed.await {
        Ok(held) => Ok(held.into_iter().filter_map(|(id,)| id.parse().ok()).collect()),
        Err(error) => {
            lent.discard().await;
            Err(out_of_reach(error))
        }
    }
}
