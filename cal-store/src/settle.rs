//! Writes down how tasks ended.

use std::{collections::BTreeMap, time::Duration};

use cal_webhook::{Settlement, StoreError, TaskId};
use serde::Serialize;

use crate::{
    database::{Arg, Conn, Database},
    error::out_of_reach,
    sql::{Sql, sql},
    time::Micros,
};

/// How many tasks are settled by one statement.
pub(crate) const GROUP: usize = 256;

/// How long others may take that end at the same time: a commit takes longer, and nobody waits for it.
pub(crate) const GATHER: Duration = Duration::from_millis(1);

/// How a task ended.
#[derive(Debug)]
pub(crate) struct Settling {
    pub(crate) task: TaskId,
    pub(crate) fence: u64,
    pub(crate) attempt: u32,
    pub(crate) settlement: Settlement,
}

#[derive(Serialize)]
struct Row {
    id: String,
    fence: u64,
    attempt: u32,
    state: &'static str,
    /// When it can be claimed again.
    ready: Option<i64>,
    released: i64,
    error: Option<String>,
}

const SETTLE: Sql = sql!(
    "UPDATE cal_tasks SET \
        state = CASE WHEN v.ready IS NOT NULL AND superseded THEN 'superseded' \
            WHEN v.ready IS NOT NULL AND attempts = v.released THEN 'waiting' ELSE v.state END, \
        ready_at = CASE WHEN superseded THEN NULL ELSE v.ready END, \
        due_at = coalesce(v.ready, due_at), \
        attempts = attempts - v.released, \
        last_error = coalesce(v.error, last_error), \
        settled_at = $2 \
    FROM (SELECT item.value ->> 'id' AS id, \
            CAST(item.value ->> 'fence' AS BIGINT) AS fence, \
            item.value ->> 'state' AS state, \
            CAST(item.value ->> 'ready' AS BIGINT) AS ready, \
            CAST(item.value ->> 'released' AS BIGINT) AS released, \
            item.value ->> 'error' AS error \
        FROM" rows(1) ") AS v \
    WHERE cal_tasks.id = v.id AND cal_tasks.fence = v.fence AND cal_tasks.state = 'running' \
    RETURNING cal_tasks.id"
);

/// Tasks that have succeeded, by far the most: their ids and fences.
const SUCCEED: Sql = sql!(
    "UPDATE cal_tasks SET state = 'done', ready_at = NULL, settled_at = $2 FROM" pairs(1)
    "WHERE cal_tasks.id = item.key AND cal_tasks.fence = item.value \
        AND cal_tasks.state = 'running' RETURNING cal_tasks.id"
);

const FAILED: Sql = sql!(
    "INSERT INTO cal_attempts (task_id, attempt, started_at, ended_at, error) \
    SELECT t.id, CAST(item.value ->> 'attempt' AS BIGINT), t.claimed_at, $2, item.value ->> 'error' \
    FROM" rows(1) "JOIN cal_tasks t ON t.id = item.value ->> 'id' \
        AND t.fence = CAST(item.value ->> 'fence' AS BIGINT) \
    WHERE item.value ->> 'error' IS NOT NULL AND t.state = 'running'"
);

/// A task that a hook has settled itself, together with its own rows.
///
/// What looks superfluous keeps SQLite from reading all tasks that are done.
const DONE: Sql = sql!(
    "SELECT t.id FROM cal_tasks t JOIN" rows(1) "ON t.id = item.value ->> 'id' \
        AND t.fence = CAST(item.value ->> 'fence' AS BIGINT) WHERE t.state || '' = 'done'"
);

/// Settles a group of tasks in one commit, and tells of each whether its claim still held.
pub(crate) async fn settle(
    database: &Database,
    group: Vec<Settling>,
) -> Result<Vec<bool>, StoreError> {
    let mut lent = database.write().await?;
    match write(&mut lent.conn(), &group).await {
        Ok(settled) => Ok(settled),
        Err(error) => {
            lent.discard().await;
            Err(out_of_reach(error))
        }
    }
}

async fn write(conn: &mut Conn<'_>, group: &[Settling]) -> Result<Vec<bool>, sqlx::Error> {
    let now = conn.now().await?;
    let rows: Vec<Row> = group.iter().map(|settling| row(settling, now)).collect();
    let done: BTreeMap<&str, u64> = rows
        .iter()
        .filter(|row| row.state == "done")
        .map(|row| (row.id.as_str(), row.fence))
        .collect();
    let have_succeeded = done.len() == rows.len();
    let json = if have_succeeded { json(&done)? } else { json(&rows)? };
    let args = [Arg::Text(&json), Arg::Int(now.0)];
    let mut settled: Vec<(String,)> = if have_succeeded {
        conn.fetch(SUCCEED, &args).await?
    } else if rows.iter().any(|row| row.error.is_some()) {
        let mut tx = conn.begin().await?;
        tx.conn().execute(FAILED, &args).await?;
        let settled = tx.conn().fetch(SETTLE, &args).await?;
        tx.commit().await?;
        settled
    } else {
        conn.fetch(SETTLE, &args).await?
    };
    if settled.len() < rows.len() {
        let rows = self::json(&rows)?;
        settled.extend(conn.fetch::<(String,)>(DONE, &[Arg::Text(&rows)]).await?);
    }
    Ok(rows.iter().map(|row| settled.iter().any(|(id,)| *id == row.id)).collect())
}

fn row(settling: &Settling, now: Micros) -> Row {
    let Settling { task, fence, attempt, settlement } = settling;
    let (state, ready, released, error) = match settlement {
        Settlement::Dead { error } => ("dead", None, 0, Some(error.clone())),
        Settlement::Released => ("retry", Some(now.0), 1, None),
        Settlement::Retry { after, error } => {
            ("retry", Some(now.after(*after).0), 0, Some(error.clone()))
        }
        // What a later version adds has at least ended.
        _ => ("done", None, 0, None),
    };
    let (fence, attempt) = (*fence, *attempt);
    Row { id: task.to_string(), fence, attempt, state, ready, released, error }
}

/// Writes rows as JSON, for statements that take any number of them.
pub(crate) fn json(rows: &impl Serialize) -> Result<String, sqlx::Error> {
    let text = serde_json::to_string(rows).map_err(|error| sqlx::Error::Encode(error.into()))?;
    // PostgreSQL keeps no NUL in texts.
    Ok(if text.contains("\\u0000") { text.replace("\\u0000", "\\ufffd") } else { text })
}
