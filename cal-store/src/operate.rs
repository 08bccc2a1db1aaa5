//! What operators do with single tasks, and who did what.

use cal_webhook::{StoreError, TaskId};
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{
    SqlStore,
    database::{Arg, Conn, Lent},
    error::out_of_reach,
    plan,
    time::Micros,
};

/// How many tasks are brought back in one transaction.
const BATCH: i64 = 1000;

/// Which dead tasks get another chance.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum DeadTasks {
    /// Those of one hook.
    Hook {
        /// The hook's name.
        hook: String,
        /// Only those that died then or later.
        since: Option<DateTime<Utc>>,
    },
    /// A single one.
    Task(TaskId),
}

impl DeadTasks {
    /// All dead tasks of a hook.
    #[must_use]
    pub fn of(hook: impl Into<String>) -> Self {
        Self::Hook { hook: hook.into(), since: None }
    }

    /// The dead tasks of a hook that died at this time or later.
    #[must_use]
    pub fn since(hook: impl Into<String>, at: DateTime<Utc>) -> Self {
        Self::Hook { hook: hook.into(), since: Some(at) }
    }
}

impl From<TaskId> for DeadTasks {
    fn from(id: TaskId) -> Self {
        Self::Task(id)
    }
}

/// Something that an operator did.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct AuditRecord {
    /// The record's number; later ones have higher numbers.
    pub id: i64,
    /// When it was done.
    pub at: DateTime<Utc>,
    /// What was done: `replay`, `replan`, `redrive`, `retire`, `skip`, `refund` or `erase`.
    pub action: String,
    /// What it was done to.
    pub object: String,
    /// Who did it.
    pub actor: String,
}

impl SqlStore {
    /// Gives dead tasks another chance, and returns how many there were.
    ///
    /// They are due at once, with all their attempts before them, and with the idempotency keys that
    /// they had: whoever honours those keys does nothing twice. Dead tasks whose delivery has lost
    /// its body stay dead.
    ///
    /// # Errors
    ///
    /// Fails when no actor is named or the database is out of reach. Of many tasks some may be
    /// waiting again by then.
    pub async fn redrive(
        &self,
        tasks: impl Into<DeadTasks>,
        actor: &str,
    ) -> Result<usize, StoreError> {
        let actor = named(actor)?;
        let tasks = tasks.into();
        let (mut redriven, mut after) = (0, 0);
        loop {
            let mut lent = self.shared.database.write().await?;
            let done = bring_back(&mut lent.conn(), &tasks, after, actor, redriven == 0).await;
            let batch = lent.end(done).await?;
            let Some(last) = batch.iter().max() else { return Ok(redriven) };
            after = *last;
            redriven += batch.len();
            self.shared.work.notify_one();
        }
    }

    /// Drops a task that is dead or waits; `false` when there is no such task.
    ///
    /// Unlike [`Store::cancel`](cal_webhook::Store::cancel) it also takes dead tasks, and tells
    /// [`SqlStore::audit`] who did it.
    ///
    /// # Errors
    ///
    /// Fails when no actor is named or the database is out of reach.
    pub async fn skip(&self, task: TaskId, actor: &str) -> Result<bool, StoreError> {
        let actor = named(actor)?;
        let mut lent = self.shared.database.write().await?;
        let done = drop_task(&mut lent.conn(), task, actor).await;
        let skipped = lent.end(done).await?;
        self.shared.work.notify_one();
        Ok(skipped)
    }

    /// Returns up to `limit` records of what operators did, newest first, that are older than the
    /// one named.
    ///
    /// # Errors
    ///
    /// Fails when the database is out of reach.
    pub async fn audit(
        &self,
        limit: usize,
        before: Option<i64>,
    ) -> Result<Vec<AuditRecord>, StoreError> {
        const AUDIT: &str = "SELECT seq, at, action, object, actor FROM cal_audit \
            WHERE seq < $1 ORDER BY seq DESC LIMIT $2";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let args = [Arg::Int(before.unwrap_or(i64::MAX)), Arg::Int(limit)];
        let rows: Vec<(i64, i64, String, String, String)> = self.ask(AUDIT, &args).await?;
        let record = |(id, at, action, object, actor)| AuditRecord {
            id,
            at: Micros(at).into(),
            action,
            object,
            actor,
        };
        Ok(rows.into_iter().map(record).collect())
    }
}

async fn bring_back(
    conn: &mut Conn<'_>,
    tasks: &DeadTasks,
    after: i64,
    actor: &str,
    is_first: bool,
) -> Result<Vec<i64>, sqlx::Error> {
    // A dead task kept the name that its lane had: chains are renamed for those that wait.
    macro_rules! redrive {
        ($which:literal) => {
            concat!(
                "UPDATE cal_tasks SET state = 'waiting', attempts = 0, superseded = FALSE, \
                    due_at = $1, ready_at = $1, settled_at = NULL, \
                    lane = CASE WHEN lane IS NOT NULL THEN coalesce((SELECT b.chain \
                        FROM cal_bookings b WHERE b.uid = cal_tasks.uid), lane) END \
                WHERE state = 'dead' AND seq IN (SELECT t.seq FROM cal_tasks t \
                    JOIN cal_deliveries d ON d.id = t.delivery_id WHERE t.state = 'dead' \
                    AND d.body IS NOT NULL AND t.seq > $2 AND ",
                $which,
                " ORDER BY t.seq LIMIT $3) RETURNING seq"
            )
        };
    }
    let mut tx = conn.begin().await?;
    let mut conn = tx.conn();
    plan::take_turn(&mut conn).await?;
    let now = conn.now().await?;
    let (now_arg, after, limit) = (Arg::Int(now.0), Arg::Int(after), Arg::Int(BATCH));
    let rows: Vec<(i64,)> = match tasks {
        DeadTasks::Task(id) => {
            let id = id.to_string();
            conn.fetch(redrive!("t.id = $4"), &[now_arg, after, limit, Arg::Text(&id)]).await?
        }
        DeadTasks::Hook { hook, since } => {
            let since = since.map_or(i64::MIN, |at| Micros::from(at).0);
            let args = [now_arg, after, limit, Arg::Text(hook), Arg::Int(since)];
            let sql = redrive!("t.hook = $4 AND coalesce(t.settled_at, $1) >= $5");
            conn.fetch(sql, &args).await?
        }
    };
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    if is_first {
        let object = match tasks {
            DeadTasks::Hook { hook, since: None } => format!("dead tasks of {hook}"),
            DeadTasks::Hook { hook, since: Some(at) } => format!("tasks of {hook} dead since {at}"),
            DeadTasks::Task(id) => format!("task {id}"),
        };
        note(&mut conn, now, "redrive", &object, actor).await?;
    }
    plan::tell(&mut conn).await?;
    tx.commit().await?;
    Ok(rows.into_iter().map(|(seq,)| seq).collect())
}

async fn drop_task(conn: &mut Conn<'_>, task: TaskId, actor: &str) -> Result<bool, sqlx::Error> {
    const SKIP: &str = "UPDATE cal_tasks SET state = 'skipped', ready_at = NULL, settled_at = $2 \
        WHERE id = $1 AND state IN ('dead', 'retry', 'waiting')";
    let mut tx = conn.begin().await?;
    let mut conn = tx.conn();
    let now = conn.now().await?;
    if conn.execute(SKIP, &[Arg::Text(&task.to_string()), Arg::Int(now.0)]).await? == 0 {
        return Ok(false);
    }
    note(&mut conn, now, "skip", &format!("task {task}"), actor).await?;
    // The next task of its lane may go.
    plan::tell(&mut conn).await?;
    tx.commit().await?;
    Ok(true)
}

/// Writes down who did what, in the transaction that does it.
pub(crate) async fn note(
    conn: &mut Conn<'_>,
    now: Micros,
    action: &str,
    object: &str,
    actor: &str,
) -> Result<(), sqlx::Error> {
    const NOTE: &str = "INSERT INTO cal_audit (at, action, object, actor) VALUES ($1, $2, $3, $4)";
    let args = [Arg::Int(now.0), Arg::Text(action), Arg::Text(object), Arg::Text(actor)];
    conn.execute(NOTE, &args).await.map(drop)
}

/// Who does something has a name.
pub(crate) fn named(actor: &str) -> Result<&str, StoreError> {
    if actor.trim().is_empty() {
        return Err(StoreError::new("expected the name of who does this, found none"));
    }
    Ok(actor)
}

impl Lent<'_> {
    /// Gives the connection back, or up if it has failed.
    pub(crate) async fn end<T>(self, done: Result<T, sqlx::Error>) -> Result<T, StoreError> {
        if done.is_err() {
            self.discard().await;
        }
        done.map_err(out_of_reach)
    }
}
