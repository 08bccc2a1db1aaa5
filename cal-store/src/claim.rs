//! Hands tasks out, and keeps them handed out.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use cal_webhook::{StoreError, Task, TaskId, log::quietly, vocabulary};
use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use serde_json::json;

use crate::{
    SqlStore,
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

/// The prefix of the key of a hook's pause; the number of that value is when the pause ends.
const PAUSE: &str = "pause:";

/// How many tasks of a hook are looked at once some of them turned out to stand behind others.
const WIDE: i64 = 256;

/// How often one claim looks, when it finds such tasks.
const LOOKS: usize = 4;

/// Finds what is due, of each hook up to so many, and keeps other processes from claiming it.
const DUE: Sql = sql!(
    "SELECT t.seq, t.hook FROM" texts(1) "CROSS JOIN cal_tasks t WHERE t.seq" one_of
    "SELECT c.seq FROM cal_tasks c WHERE c.hook = item.value AND c.ready_at <= $2 \
        AND c.vocabulary <= $4 ORDER BY c.ready_at, c.seq LIMIT $3" skip_locked end
    "ORDER BY t.ready_at, t.seq"
);

/// Tells which of them stand behind others, and behind which first one.
///
/// It is a statement of its own because it must see what ended while the rows were being locked. Its
/// limits leave PostgreSQL one way to look for those before a task: by the index of lanes. Left to its
/// statistics, which know nothing of a backlog that came since, it compares every task of the backlog
/// with every other.
const FOLLOWERS: Sql = sql!(
    "SELECT v.seq, v.head FROM (SELECT t.seq, (SELECT e.seq FROM cal_tasks e WHERE e.lane = t.lane \
            AND e.hook = t.hook AND e.seq < t.seq AND e.ready_at IS NOT NULL \
            ORDER BY e.seq LIMIT 1) AS head \
        FROM cal_tasks t WHERE t.seq" one_of "SELECT item.value FROM" numbers(1) end
        "AND t.lane IS NOT NULL LIMIT 1000000) AS v WHERE v.head IS NOT NULL"
);

/// Those of the first ones that do not end before this claim is committed: when they do, the trigger
/// sees who is out of sight. Of one that ends at this moment it has looked already.
const HEADS: Sql = sql!(
    "SELECT e.seq FROM cal_tasks e WHERE e.ready_at IS NOT NULL AND e.seq" one_of
    "SELECT item.value FROM" numbers(1) end unless_changing
);

const WAIT: Sql = sql!(
    "UPDATE cal_tasks SET ready_at = 9223372036854775807 \
    WHERE seq" one_of "SELECT item.value FROM" numbers(1) end
);

const CLAIM: Sql = sql!(
    "UPDATE cal_tasks SET \
        state = CASE WHEN superseded THEN 'superseded' \
            WHEN coalesce(expires_at <= $2, FALSE) THEN 'skipped' ELSE 'running' END, \
        last_error = CASE WHEN NOT superseded AND coalesce(expires_at <= $2, FALSE) \
            THEN 'it had expired when it was due' ELSE last_error END, \
        attempts = attempts + \
            CASE WHEN superseded OR coalesce(expires_at <= $2, FALSE) THEN 0 ELSE 1 END, \
        fence = fence + 1, \
        claimed_at = $2, \
        ready_at = CASE WHEN superseded OR coalesce(expires_at <= $2, FALSE) THEN NULL ELSE $3 END \
    WHERE seq" one_of "SELECT item.value FROM" numbers(1) end "\
    RETURNING id, hook, delivery_id, reminder, state, attempts, fence, due_at, expires_at"
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
pub(crate) fn claim<'a>(
    database: &'a Database,
    hooks: &'a [(&'a str, usize)],
    lease: Duration,
) -> BoxFuture<'a, Result<Found, StoreError>> {
    Box::pin(async move {
        let mut lent = database.write_quickly().await?;
        let done = take(&mut lent.conn(), hooks, lease).await;
        lent.end(done).await
    })
}

async fn take(
    conn: &mut Conn<'_>,
    hooks: &[(&str, usize)],
    lease: Duration,
) -> Result<Found, sqlx::Error> {
    let now = conn.now().await?;
    let mut tx = conn.begin().await?;
    let mut conn = tx.conn();
    let mut free: BTreeMap<&str, usize> = hooks.iter().copied().collect();
    for hook in paused(&mut conn, hooks, now).await? {
        free.remove(&*hook);
    }
    let (mut wide, mut first, mut is_all) = (0, BTreeSet::new(), false);
    for _ in 0..LOOKS {
        let due = due(&mut conn, &free, now, wide).await?;
        let followers = followers(&mut conn, &due).await?;
        // Behind them there may be tasks that are the first of their lanes.
        let mut more = BTreeSet::new();
        for (seq, hook) in due {
            let Some(left) = free.get_mut(&*hook) else { continue };
            if followers.contains(&seq) {
                more.insert(hook);
            } else if *left > 0 && first.insert(seq) {
                *left -= 1;
            }
        }
        free.retain(|hook, left| *left > 0 && more.contains(*hook));
        wide = WIDE;
        is_all = free.is_empty();
        if is_all {
            break;
        }
    }
    let tasks = if first.is_empty() {
        Vec::new()
    } else {
        let first = settle::json(&first)?;
        let args = [Arg::Text(&first), Arg::Int(now.0), Arg::Int(now.after(lease).0)];
        let mut claimed: Vec<Claimed> = conn.fetch(CLAIM, &args).await?;
        claimed.retain(|(_, _, _, _, state, ..)| state == "running");
        read(&mut conn, claimed, now).await?
    };
    tx.commit().await?;
    Ok(Found { tasks, now, is_all })
}

/// Finds the hooks that the other side has asked to wait.
async fn paused(
    conn: &mut Conn<'_>,
    hooks: &[(&str, usize)],
    now: Micros,
) -> Result<Vec<String>, sqlx::Error> {
    const PAUSED: Sql = sql!(
        "SELECT key FROM cal_values WHERE number > $2 AND key" one_of
        "SELECT item.value FROM" texts(1) end
    );
    let keys: Vec<_> = hooks.iter().map(|(hook, _)| format!("{PAUSE}{hook}")).collect();
    let args = [Arg::Text(&settle::json(&keys)?), Arg::Int(now.0)];
    let found: Vec<(String,)> = conn.fetch(PAUSED, &args).await?;
    Ok(found.iter().filter_map(|(key,)| key.strip_prefix(PAUSE).map(str::to_owned)).collect())
}

/// Finds what is due, of each hook so much as it has places for, or as much as is looked at once.
async fn due(
    conn: &mut Conn<'_>,
    free: &BTreeMap<&str, usize>,
    now: Micros,
    wide: i64,
) -> Result<Vec<(i64, String)>, sqlx::Error> {
    let hooks = settle::json(&free.keys().collect::<Vec<_>>())?;
    let most = free.values().copied().max().unwrap_or_default();
    let limit = i64::try_from(most).unwrap_or(i64::MAX).max(wide);
    let known = Arg::Int(vocabulary().into());
    conn.fetch(DUE, &[Arg::Text(&hooks), Arg::Int(now.0), Arg::Int(limit), known]).await
}

/// Puts those out of sight that stand behind others, and returns all that do.
async fn followers(
    conn: &mut Conn<'_>,
    due: &[(i64, String)],
) -> Result<BTreeSet<i64>, sqlx::Error> {
    if due.is_empty() {
        return Ok(BTreeSet::new());
    }
    let due = settle::json(&due.iter().map(|(seq, _)| seq).collect::<Vec<_>>())?;
    let found: Vec<(i64, i64)> = conn.fetch(FOLLOWERS, &[Arg::Text(&due)]).await?;
    if found.is_empty() {
        return Ok(BTreeSet::new());
    }
    let heads = settle::json(&found.iter().map(|(_, head)| head).collect::<BTreeSet<_>>())?;
    let heads: Vec<(i64,)> = conn.fetch(HEADS, &[Arg::Text(&heads)]).await?;
    let heads: BTreeSet<i64> = heads.into_iter().map(|(seq,)| seq).collect();
    let waiting = found.iter().filter(|(_, head)| heads.contains(head)).map(|(seq, _)| seq);
    let waiting: Vec<&i64> = waiting.collect();
    if !waiting.is_empty() {
        conn.execute(WAIT, &[Arg::Text(&settle::json(&waiting)?)]).await?;
    }
    Ok(found.into_iter().map(|(seq, _)| seq).collect())
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
pub(crate) fn renew<'a>(
    database: &'a Database,
    tasks: &'a [Arc<Task>],
    lease: Duration,
) -> BoxFuture<'a, Result<Vec<TaskId>, StoreError>> {
    Box::pin(async move {
        let rows: Vec<_> =
            tasks.iter().map(|task| json!({"id": task.id, "fence": task.fence})).collect();
        let rows = settle::json(&rows).map_err(out_of_reach)?;
        let mut lent = database.write_quickly().await?;
        let mut conn = lent.conn();
        let renewed = async {
            let now = conn.now().await?;
            let args = [Arg::Text(&rows), Arg::Int(now.after(lease).0)];
            conn.fetch::<(String,)>(RENEW, &args).await
        };
        let held = renewed.await;
        let held = lent.end(held).await?;
        Ok(held.into_iter().filter_map(|(id,)| id.parse().ok()).collect())
    })
}

impl SqlStore {
    /// Lets no task of a hook be claimed for a while, in any process.
    pub(crate) async fn hold_back(&self, hook: &str, time: Duration) -> Result<(), StoreError> {
        const HOLD: &str = "INSERT INTO cal_values (key, value, at, number) VALUES ($1, '', $3, $2) \
            ON CONFLICT (key) DO UPDATE SET at = excluded.at, \
                number = CASE WHEN excluded.number > cal_values.number \
                    THEN excluded.number ELSE cal_values.number END";
        let key = format!("{PAUSE}{hook}");
        let mut lent = self.shared.database.write_quickly().await?;
        let mut conn = lent.conn();
        let held = async {
            let now = conn.now().await?;
            let args = [Arg::Text(&key), Arg::Int(now.after(time).0), Arg::Int(now.0)];
            conn.execute(HOLD, &args).await
        };
        let held = held.await;
        lent.end(held).await.map(drop)
    }

    /// Returns the hooks that wait because the other side has asked them to, and until when.
    ///
    /// # Errors
    ///
    /// Fails when the database is out of reach.
    pub async fn paused(&self) -> Result<BTreeMap<String, DateTime<Utc>>, StoreError> {
        const PAUSED: &str = "SELECT key, number FROM cal_values WHERE key >= $1 AND key < $2 \
            AND number > $3";
        let now = Micros::from(self.now().await?);
        // `;` follows `:`, so that this is greater than all keys with the prefix.
        let args = [Arg::Text(PAUSE), Arg::Text("pause;"), Arg::Int(now.0)];
        let rows: Vec<(String, i64)> = self.ask(PAUSED, &args).await?;
        let hook = |key: &str| key.strip_prefix(PAUSE).map(str::to_owned);
        Ok(rows.iter().filter_map(|(key, at)| Some((hook(key)?, Micros(*at).into()))).collect())
    }

    /// Keeps what a task is about to tell, unless it is known what it told first; returns the latter.
    pub(crate) async fn first_facts(&self, task: &Task, facts: &str) -> Result<String, StoreError> {
        const FACTS: &str = "UPDATE cal_tasks SET facts = coalesce(facts, $2) \
            WHERE id = $1 AND fence = $3 RETURNING facts";
        const KNOWN: &str = "SELECT id FROM cal_tasks WHERE id = $1";
        let (id, fence) = (task.id.to_string(), i64::try_from(task.fence).unwrap_or(i64::MAX));
        let mut lent = self.shared.database.write_quickly().await?;
        let mut conn = lent.conn();
        let kept = async {
            let args = [Arg::Text(&id), Arg::Text(facts), Arg::Int(fence)];
            let kept: Vec<(String,)> = conn.fetch(FACTS, &args).await?;
            let is_known = match kept.is_empty() {
                true => !conn.fetch::<(String,)>(KNOWN, &[Arg::Text(&id)]).await?.is_empty(),
                false => true,
            };
            Ok((kept, is_known))
        };
        let kept = kept.await;
        match lent.end(kept).await? {
            (kept, true) => {
                let kept = kept.into_iter().next().map(|(facts,)| facts);
                kept.ok_or_else(|| StoreError::new("the claim of the task was lost"))
            }
            // It is kept elsewhere.
            (_, false) => Ok(facts.to_owned()),
        }
    }
}
