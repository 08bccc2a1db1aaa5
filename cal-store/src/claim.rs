//! Hands tasks out, and keeps them handed out.

use std::{collections::HashMap, sync::Arc, time::Duration};

use cal_webhook::{StoreError, Task, TaskId, log::quietly, vocabulary};
use serde_json::json;

use crate::{
    database::{Arg, Conn, Database},
    error::out_of_reach,
    kept::{self, Kept},
    settle,
    sql::{Sql, sql},
    time::Micros,
};

/// When a task is ready that stands behind another one of its lane: never, until a trigger of the
/// migration `hooks` sets it free.
const BEHIND: i64 = i64::MAX;

/// When a task is ready that was planned by a process without its hook: once one that has it has
/// planned the hook's reminders, too.
pub(crate) const UNREMINDED: i64 = BEHIND - 1;

/// How many tasks of a hook are looked at once some of them turned out to stand behind others.
const WIDE: i64 = 256;

/// How often one claim looks, when it finds such tasks.
const LOOKS: usize = 4;

/// Finds what is due, and keeps other processes from claiming it.
const DUE: Sql = sql!(
    "SELECT t.seq FROM" rows(1) "CROSS JOIN cal_tasks t WHERE t.seq" one_of
    "SELECT c.seq FROM cal_tasks c WHERE c.hook = item.value ->> 'hook' AND c.ready_at <= $2 \
        AND c.vocabulary <= $4 ORDER BY c.ready_at, c.seq LIMIT $3" skip_locked end
);

/// Claims those of them that are the first of their lanes, and puts the others out of sight.
///
/// It is a statement of its own because it must see what ended while the rows were being locked. The
/// superfluous LIMIT leaves PostgreSQL one way to look for those before a task: by the index of
/// lanes. Left to its statistics, which know nothing of a backlog that came since, it compares every
/// task of the backlog with every other.
const CLAIM: Sql = sql!(
    "UPDATE cal_tasks SET \
        state = CASE WHEN v.is_behind THEN state WHEN superseded THEN 'superseded' \
            WHEN coalesce(expires_at <= $2, FALSE) THEN 'skipped' ELSE 'running' END, \
        last_error = CASE WHEN NOT v.is_behind AND NOT superseded \
                AND coalesce(expires_at <= $2, FALSE) \
            THEN 'it had expired when it was due' ELSE last_error END, \
        attempts = attempts + CASE WHEN v.is_behind OR superseded \
            OR coalesce(expires_at <= $2, FALSE) THEN 0 ELSE 1 END, \
        fence = fence + CASE WHEN v.is_behind THEN 0 ELSE 1 END, \
        claimed_at = CASE WHEN v.is_behind THEN claimed_at ELSE $2 END, \
        ready_at = CASE WHEN v.is_behind THEN 9223372036854775807 \
            WHEN superseded OR coalesce(expires_at <= $2, FALSE) THEN NULL ELSE $3 END \
    FROM (SELECT n.seq, n.is_behind FROM (SELECT f.seq, f.is_behind, f.free, row_number() \
            OVER (PARTITION BY f.hook, f.is_behind ORDER BY f.ready_at, f.seq) AS place \
        FROM (SELECT t.seq, t.hook, t.ready_at, CAST(item.value ->> 'free' AS BIGINT) AS free, \
                t.lane IS NOT NULL AND EXISTS (SELECT 1 FROM cal_tasks e WHERE e.lane = t.lane \
                    AND e.hook = t.hook AND e.seq < t.seq AND e.ready_at IS NOT NULL \
                    LIMIT 1 OFFSET 0) AS is_behind \
            FROM" rows(1) "CROSS JOIN cal_tasks t WHERE t.hook = item.value ->> 'hook' \
                AND t.ready_at <= $2 AND t.seq" one_of "SELECT CAST(item.value AS BIGINT) FROM"
                texts(4) end ") AS f) AS n \
        WHERE n.is_behind OR n.place <= n.free) AS v \
    WHERE cal_tasks.seq = v.seq \
    RETURNING id, hook, delivery_id, reminder, CASE WHEN ready_at = 9223372036854775807 \
        THEN 'behind' ELSE state END, attempts, fence, due_at, expires_at"
);

/// A row's id, hook, delivery, reminder, state, attempts and fence, when it was due, and until when.
type Claimed = (String, String, String, String, String, i64, i64, i64, Option<i64>);

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

/// What claiming found: the tasks, when that was, and whether there may be more.
pub(crate) struct Found {
    pub(crate) tasks: Vec<Task>,
    pub(crate) now: Micros,
    pub(crate) is_all: bool,
}

/// Takes tasks that are due, of each hook up to so many.
pub(crate) async fn claim(
    database: &Database,
    hooks: &[(&str, usize)],
    lease: Duration,
) -> Result<Found, StoreError> {
    let mut lent = database.write().await?;
    let done = take(&mut lent.conn(), hooks, lease).await;
    lent.end(done).await
}

async fn take(
    conn: &mut Conn<'_>,
    hooks: &[(&str, usize)],
    lease: Duration,
) -> Result<Found, sqlx::Error> {
    let mut free: HashMap<String, usize> =
        hooks.iter().map(|(hook, free)| ((*hook).to_owned(), *free)).collect();
    let now = conn.now().await?;
    let mut tx = conn.begin().await?;
    let mut conn = tx.conn();
    let (mut claimed, mut is_all) = (Vec::new(), false);
    for look in 0..LOOKS {
        let most = free.values().copied().max().unwrap_or_default();
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let limit = if look == 0 { most } else { most.max(WIDE) };
        let rows = look_for(&mut conn, &free, now, now.after(lease), limit).await?;
        let (behind, first): (Vec<_>, Vec<_>) =
            rows.into_iter().partition(|(_, _, _, _, state, ..)| state == "behind");
        for (_, hook, ..) in &first {
            free.entry(hook.clone()).and_modify(|free| *free = free.saturating_sub(1));
        }
        claimed.extend(first);
        // Behind them there may be tasks that are the first of their lanes.
        free.retain(|hook, free| *free > 0 && behind.iter().any(|row| row.1 == *hook));
        is_all = free.is_empty();
        if is_all {
            break;
        }
    }
    claimed.retain(|(_, _, _, _, state, ..)| state == "running");
    let tasks = read(&mut conn, claimed, now).await?;
    tx.commit().await?;
    Ok(Found { tasks, now, is_all })
}

async fn look_for(
    conn: &mut Conn<'_>,
    free: &HashMap<String, usize>,
    now: Micros,
    until: Micros,
    limit: i64,
) -> Result<Vec<Claimed>, sqlx::Error> {
    let wanted: Vec<_> =
        free.iter().map(|(hook, free)| json!({"hook": hook, "free": free})).collect();
    let wanted = settle::json(&wanted)?;
    let known = Arg::Int(vocabulary().into());
    let args = [Arg::Text(&wanted), Arg::Int(now.0), Arg::Int(limit), known];
    let due: Vec<(i64,)> = conn.fetch(DUE, &args).await?;
    if due.is_empty() {
        return Ok(Vec::new());
    }
    let due = settle::json(&due.iter().map(|(seq,)| seq).collect::<Vec<_>>())?;
    let args = [Arg::Text(&wanted), Arg::Int(now.0), Arg::Int(until.0), Arg::Text(&due)];
    conn.fetch(CLAIM, &args).await
}

/// Reads what the claimed tasks are about.
async fn read(
    conn: &mut Conn<'_>,
    claimed: Vec<Claimed>,
    now: Micros,
) -> Result<Vec<Task>, sqlx::Error> {
    if claimed.is_empty() {
        return Ok(Vec::new());
    }
    let deliveries = kept::deliveries(conn, claimed.iter().map(|row| &*row.2)).await?;
    let mut tasks = Vec::with_capacity(claimed.len());
    let mut unreadable = Vec::new();
    for row in claimed {
        match task(&row, &deliveries, now) {
            Ok(task) => tasks.push(task),
            Err(error) => {
                let (task, hook) = (&row.0, &row.1);
                quietly(|| tracing::error!(task, hook, error, "a task cannot be read"));
                unreadable.push(json!({"id": task, "error": error}));
            }
        }
    }
    if !unreadable.is_empty() {
        let rows = settle::json(&unreadable)?;
        conn.execute(UNREADABLE, &[Arg::Text(&rows), Arg::Int(now.0)]).await?;
    }
    // Tasks come in the order of their making.
    tasks.sort_by_key(|task| task.id);
    Ok(tasks)
}

fn task(
    row: &Claimed,
    deliveries: &HashMap<String, Kept>,
    now: Micros,
) -> Result<Task, &'static str> {
    let (id, hook, delivery_id, reminder, _, attempts, fence, due_at, expires_at) = row;
    let kept = deliveries.get(delivery_id).ok_or("its delivery is gone")?;
    Ok(Task {
        id: id.parse().map_err(|_| "its id is none")?,
        delivery_id: delivery_id.parse().map_err(|_| "the id of its delivery is none")?,
        hook: hook.clone(),
        reminder: (!reminder.is_empty()).then(|| reminder.clone()),
        attempt: u32::try_from(*attempts).map_err(|_| "its number of attempts is none")?,
        fence: u64::try_from(*fence).map_err(|_| "its fence is none")?,
        due_at: Micros(*due_at).into(),
        expires_in: expires_at.map(|at| now.until(Micros(at))),
        received_at: kept.received_at.into(),
        transition: kept.transition()?,
        delivery: Arc::clone(&kept.delivery),
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
