//! Which hooks the processes of a store run.

use std::time::Duration;

use cal_webhook::{StoreError, log::quietly, vocabulary};

use crate::{
    SqlStore,
    database::{Arg, Conn, Kind},
    operate::{named, note},
    plan, settle,
    sql::{Sql, sql},
    time::Micros,
};

/// For how long a hook has tasks made for it after its last process was seen: longer than a crash or
/// a deployment takes, and not for ever, because nobody may come again.
const ANNOUNCED: Duration = Duration::from_secs(60 * 60);

/// For how long a process counts as running after it was seen.
const RUNNING: Duration = Duration::from_secs(90);

/// How many tasks of a retired hook end in one transaction.
const BATCH: i64 = 1000;

const TELL: Sql = sql!(
    "INSERT INTO cal_hooks (hook, process, vocabulary, seen_at) \
    SELECT item.value, $2, $3, $4 FROM" texts(1) "WHERE TRUE \
    ON CONFLICT (hook, process) DO UPDATE SET vocabulary = excluded.vocabulary, \
        seen_at = excluded.seen_at"
);

/// Those that tell no more, after so long that nobody goes by them.
const FORGET: &str = "DELETE FROM cal_hooks WHERE process <> $1 AND seen_at < $2";

const ABANDONED: &str = "SELECT t.hook, count(*) FROM cal_tasks t WHERE t.ready_at IS NOT NULL \
    AND NOT EXISTS (SELECT 1 FROM cal_hooks h WHERE h.hook = t.hook AND h.seen_at > $1) \
    GROUP BY t.hook ORDER BY t.hook";

impl SqlStore {
    /// Ends everything that waits for a hook which was removed, and returns how many tasks that were.
    ///
    /// They become `skipped`, and no more tasks are made for the hook. A process that starts warns of
    /// hooks that nobody runs.
    ///
    /// # Errors
    ///
    /// Fails when no actor is named, when a process that runs the hook was seen in the last 90
    /// seconds, and when the database is out of reach. Of many tasks some may have ended by then.
    pub async fn retire(&self, hook: &str, actor: &str) -> Result<usize, StoreError> {
        let actor = named(actor)?;
        let mut retired = 0;
        loop {
            let mut lent = self.shared.database.write().await?;
            let done = retire(&mut lent.conn(), hook, actor, retired == 0).await;
            match lent.end(done).await? {
                None => {
                    return Err(StoreError::new(
                        "expected a hook that nobody runs; a process that runs it was seen less \
                        than 90 seconds ago: stop it first",
                    ));
                }
                Some(0) => return Ok(retired),
                Some(count) => retired += usize::try_from(count).unwrap_or_default(),
            }
        }
    }

    /// Writes down that this process runs these hooks, and warns once of those that nobody runs.
    pub(crate) async fn tell(&self, hooks: &[&str]) -> Result<(), StoreError> {
        if hooks.is_empty() {
            return Ok(());
        }
        let shared = &self.shared;
        let mut lent = shared.database.write().await?;
        let done = tell(&mut lent.conn(), hooks, &shared.process).await;
        let now = lent.end(done).await?;
        shared
            .is_told
            .get_or_try_init(async || {
                let since = Arg::Int(now.before(ANNOUNCED).0);
                for (hook, tasks) in self.ask::<(String, i64)>(ABANDONED, &[since]).await? {
                    quietly(|| {
                        tracing::warn!(hook, tasks, "tasks wait for a hook that no process runs");
                    });
                }
                Ok(())
            })
            .await
            .map(drop)
    }
}

async fn tell(conn: &mut Conn<'_>, hooks: &[&str], process: &str) -> Result<Micros, sqlx::Error> {
    let now = conn.now().await?;
    let hooks = settle::json(&hooks)?;
    let known = Arg::Int(vocabulary().into());
    let mut tx = conn.begin().await?;
    let mut conn = tx.conn();
    conn.execute(TELL, &[Arg::Text(&hooks), Arg::Text(process), known, Arg::Int(now.0)]).await?;
    let gone = match conn.kind {
        #[cfg(feature = "postgres")]
        Kind::Postgres(_) => now.before(ANNOUNCED * 24),
        #[cfg(feature = "sqlite")]
        // A file has one process: whoever told before has ended.
        Kind::Sqlite(_) => now,
    };
    conn.execute(FORGET, &[Arg::Text(process), Arg::Int(gone.0)]).await?;
    tx.commit().await?;
    Ok(now)
}

/// Returns the hooks that need tasks.
pub(crate) async fn announced(
    conn: &mut Conn<'_>,
    now: Micros,
) -> Result<Vec<String>, sqlx::Error> {
    const HOOKS: &str = "SELECT DISTINCT hook FROM cal_hooks WHERE seen_at > $1 ORDER BY hook";
    let hooks: Vec<(String,)> = conn.fetch(HOOKS, &[Arg::Int(now.before(ANNOUNCED).0)]).await?;
    Ok(hooks.into_iter().map(|(hook,)| hook).collect())
}

/// Returns the hooks that tasks wait for and that no process has run since then.
///
/// None while nobody has told anything: a store is pruned before its hooks are announced.
pub(crate) async fn abandoned(
    conn: &mut Conn<'_>,
    since: Micros,
) -> Result<Vec<String>, sqlx::Error> {
    const TOLD: &str = "SELECT hook FROM cal_hooks LIMIT 1";
    if conn.fetch::<(String,)>(TOLD, &[]).await?.is_empty() {
        return Ok(Vec::new());
    }
    let hooks: Vec<(String, i64)> = conn.fetch(ABANDONED, &[Arg::Int(since.0)]).await?;
    Ok(hooks.into_iter().map(|(hook, _)| hook).collect())
}

/// Ends some tasks of a hook that nobody runs, about deliveries that were received before this time,
/// and returns how many.
pub(crate) async fn end(
    conn: &mut Conn<'_>,
    hook: &str,
    now: Micros,
    before: Micros,
) -> Result<u64, sqlx::Error> {
    const END: &str = "UPDATE cal_tasks SET state = 'skipped', ready_at = NULL, settled_at = $2, \
            last_error = 'no process runs its hook any more' \
        WHERE seq IN (SELECT t.seq FROM cal_tasks t JOIN cal_deliveries d ON d.id = t.delivery_id \
            WHERE t.hook = $1 AND t.ready_at IS NOT NULL AND d.received_at < $3 \
            ORDER BY t.ready_at, t.seq LIMIT $4)";
    let args = [Arg::Text(hook), Arg::Int(now.0), Arg::Int(before.0), Arg::Int(BATCH)];
    conn.execute(END, &args).await
}

/// Ends some tasks; `None` when somebody runs the hook.
async fn retire(
    conn: &mut Conn<'_>,
    hook: &str,
    actor: &str,
    is_first: bool,
) -> Result<Option<u64>, sqlx::Error> {
    const RUNS: &str = "SELECT hook FROM cal_hooks WHERE hook = $1 AND seen_at > $2 LIMIT 1";
    const RETIRE: &str = "DELETE FROM cal_hooks WHERE hook = $1";
    let mut tx = conn.begin().await?;
    let mut conn = tx.conn();
    plan::take_turn(&mut conn).await?;
    let now = conn.now().await?;
    let (hook_arg, running) = (Arg::Text(hook), Arg::Int(now.before(RUNNING).0));
    if !conn.fetch::<(String,)>(RUNS, &[hook_arg, running]).await?.is_empty() {
        return Ok(None);
    }
    conn.execute(RETIRE, &[hook_arg]).await?;
    let ended = end(&mut conn, hook, now, Micros(i64::MAX)).await?;
    if is_first {
        note(&mut conn, now, "retire", &format!("hook {hook}"), actor).await?;
    }
    tx.commit().await?;
    Ok(Some(ended))
}
