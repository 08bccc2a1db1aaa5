//! The store itself.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    time::Duration,
};

use cal_core::{BookingUid, Delivery};
use cal_webhook::{
    Accepted, Arrival, DeliveryId, Dispatcher, Settlement, Store, StoreError, Task, TaskId,
    log::quietly,
};
use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use serde_json::json;
use tokio::{
    sync::{Notify, OnceCell},
    time,
};

use crate::{
    accept, claim,
    clock::TestClock,
    database::{Arg, Database},
    error::{OpenError, SetUpError, out_of_reach},
    plan,
    settle::{self, Settling},
    sql::{Sql, sql},
    time::Micros,
    writer::{self, DEADLINE, Grouped, Row},
};

/// How long a store sleeps at the most when nobody tells it of news.
const POLL: Duration = Duration::from_secs(5);

/// How long planning, and claiming and settling tasks, wait for a moment in which no delivery comes
/// in. A burst is over by then; under a load that never ends they go on at this pace.
const CALM: Duration = Duration::from_secs(1);
const CALM_TASKS: Duration = Duration::from_millis(100);

/// A store in SQLite or PostgreSQL; cheap to clone.
///
/// One store keeps the deliveries of one Cal.com account, whichever of its webhooks sent them. For
/// several accounts take several SQLite files, or several schemas of one PostgreSQL database.
#[derive(Clone)]
pub struct SqlStore {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) database: Arc<Database>,
    accepts: Arc<Grouped<Row, Accepted>>,
    settles: Grouped<Settling, bool>,
    /// Something may be planned or claimed.
    pub(crate) work: Arc<Notify>,
    /// When each hook's tasks were claimed last, on the database's clock.
    claimed_at: Mutex<HashMap<String, Micros>>,
    /// The name of this process among those that share the database.
    pub(crate) process: String,
    /// It has told its hooks once.
    pub(crate) is_told: OnceCell<()>,
}

/// Futures are boxed where much stands behind them: it is compiled here then, and not again in each
/// program.
impl Shared {
    pub(crate) fn accept(&self, row: Row) -> BoxFuture<'_, Result<Accepted, StoreError>> {
        Box::pin(self.accepts.run(row))
    }

    fn settle(&self, settling: Settling) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(self.settles.run(settling))
    }
}

impl SqlStore {
    /// Opens a store at an address such as `sqlite://site.db` or `postgres://user@host/site`.
    ///
    /// SQLite files are made when they are not there. The tables, whose names begin with `cal_`, are
    /// made and brought up to date; two processes may do so at once. A PostgreSQL schema other than
    /// the default one is named by `?options=-c%20search_path%3Dname`.
    ///
    /// A database that is out of reach is no error here: until it is there, deliveries are refused
    /// with 503 and [`SqlStore::ready`] tells why.
    ///
    /// # Errors
    ///
    /// Fails when the address cannot be read, when the tables are newer than this version, and when
    /// the database is set up in a way that could lose what was committed.
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        Self::open_at(url, None).await
    }

    /// Opens a store that goes by a clock which a test sets forward.
    ///
    /// # Errors
    ///
    /// Fails as [`SqlStore::open`] does.
    pub async fn open_with_clock(url: &str, clock: &TestClock) -> Result<Self, OpenError> {
        Self::open_at(url, Some(clock.clone())).await
    }

    /// How many rows planning has looked up and written, for tests of what it costs.
    #[doc(hidden)]
    #[must_use]
    pub fn planning_rows(&self) -> [u64; 2] {
        self.shared.database.planning.each_ref().map(|rows| rows.load(Ordering::Relaxed))
    }

    fn open_at(url: &str, clock: Option<TestClock>) -> BoxFuture<'_, Result<Self, OpenError>> {
        Box::pin(async move {
            let work = Arc::new(Notify::new());
            if let Some(clock) = &clock {
                clock.wake(&work);
            }
            let database = Arc::new(Database::new(url, clock)?);
            let is_there = match database.set_up().await {
                Ok(()) => true,
                Err(SetUpError::Never(error)) => return Err(error),
                Err(SetUpError::Now(error)) => {
                    quietly(|| {
                        tracing::error!(%error, "the database is out of reach; deliveries are refused");
                    });
                    false
                }
            };
            let (accepting, settling) = (Arc::clone(&database), Arc::clone(&database));
            let accepts = Arc::new(Grouped::new(accept::GROUP, Duration::ZERO, move |rows| {
                let database = Arc::clone(&accepting);
                Box::pin(async move { accept::accept(&database, rows).await })
            }));
            let calm = Arc::clone(&accepts);
            let settles = Grouped::new(settle::GROUP, settle::GATHER, move |group| {
                let (database, calm) = (Arc::clone(&settling), Arc::clone(&calm));
                Box::pin(async move {
                    calm.calm(CALM_TASKS).await;
                    settle::settle(&database, group).await
                })
            });
            database.listen(&work);
            let claimed_at = Mutex::default();
            let process = DeliveryId::new().to_string();
            let is_told = OnceCell::new();
            let shared = Shared { database, accepts, settles, work, claimed_at, process, is_told };
            let store = Self { shared: Arc::new(shared) };
            if is_there && let Err(error) = store.replan_after_upgrade().await {
                tracing::warn!(%error, "what another version could not plan is not tried again");
            }
            Ok(store)
        })
    }

    /// Checks that the database can be written to.
    ///
    /// Takes six seconds at the most.
    ///
    /// # Errors
    ///
    /// Fails when a delivery that came now could not be kept.
    pub async fn ready(&self) -> Result<(), StoreError> {
        let tried = async {
            let mut lent = self.shared.database.write().await?;
            let tried = lent.try_to_write().await;
            if tried.is_err() {
                lent.discard().await;
            }
            tried
        };
        time::timeout(DEADLINE, tried).await.unwrap_or_else(|_| Err(writer::late()))
    }

    /// Closes all connections; what is under way is ended first.
    pub async fn close(&self) {
        self.shared.database.close().await;
    }

    /// Returns the time by the clock that the store goes by.
    pub(crate) async fn now(&self) -> Result<DateTime<Utc>, StoreError> {
        let mut lent = self.shared.database.read().await?;
        Ok(lent.conn().now().await.map_err(out_of_reach)?.into())
    }

    /// Returns when the next of these hooks' tasks is due, or a delivery that is held back.
    fn next_due<'a>(&'a self, hooks: &'a [&str]) -> BoxFuture<'a, Result<Duration, StoreError>> {
        Box::pin(async move {
            const NEXT: Sql = sql!(
                "SELECT min(v.at) FROM (SELECT (SELECT min(t.ready_at) FROM cal_tasks t \
                    WHERE t.hook = item.value ->> 'hook' \
                    AND t.ready_at > CAST(item.value ->> 'after' AS BIGINT)) AS at \
                FROM" rows(1) "UNION ALL SELECT min(held_until) FROM cal_deliveries \
                    WHERE decision = 'early') AS v"
            );
            let rows: Vec<_> = {
                let claimed_at =
                    self.shared.claimed_at.lock().unwrap_or_else(PoisonError::into_inner);
                // What was due when tasks were claimed last had no place, or is being claimed elsewhere.
                let after = |hook: &str| claimed_at.get(hook).map_or(0, |at| at.0);
                hooks.iter().map(|hook| json!({"hook": hook, "after": after(hook)})).collect()
            };
            let rows = settle::json(&rows).map_err(out_of_reach)?;
            let mut lent = self.shared.database.read().await?;
            let mut conn = lent.conn();
            let now = conn.now().await.map_err(out_of_reach)?;
            let next: Vec<(Option<i64>,)> =
                conn.fetch(NEXT, &[Arg::Text(&rows)]).await.map_err(out_of_reach)?;
            let next = next.first().and_then(|(at,)| *at).map(Micros);
            Ok(next.map_or(POLL, |next| now.until(next)))
        })
    }
}

impl Store for SqlStore {
    async fn accept(&self, arrival: Arrival) -> Result<Accepted, StoreError> {
        let accepted = self.shared.accept(Row::new(&arrival)).await?;
        self.shared.work.notify_one();
        Ok(accepted)
    }

    async fn plan(&self, hooks: &Dispatcher) -> Result<usize, StoreError> {
        // Whoever waits for an answer comes first.
        let calm = self.shared.accepts.calm(CALM).await;
        let batch = if calm { plan::BATCH } else { plan::SMALL_BATCH };
        plan::plan(&self.shared.database, hooks, batch).await
    }

    async fn announce(&self, hooks: &[&str]) -> Result<(), StoreError> {
        self.tell(hooks).await
    }

    async fn claim(
        &self,
        hooks: &[(&str, usize)],
        lease: Duration,
    ) -> Result<Vec<Task>, StoreError> {
        self.shared.accepts.calm(CALM_TASKS).await;
        let found = claim::claim(&self.shared.database, hooks, lease).await?;
        if found.is_all {
            let mut claimed_at =
                self.shared.claimed_at.lock().unwrap_or_else(PoisonError::into_inner);
            claimed_at.extend(hooks.iter().map(|(hook, _)| ((*hook).to_owned(), found.now)));
        }
        Ok(found.tasks)
    }

    async fn renew(&self, tasks: &[Arc<Task>], lease: Duration) -> Result<Vec<TaskId>, StoreError> {
        claim::renew(&self.shared.database, tasks, lease).await
    }

    async fn settle(&self, task: &Task, settlement: Settlement) -> Result<bool, StoreError> {
        let (task, fence, attempt) = (task.id, task.fence, task.attempt);
        let settled = self.shared.settle(Settling { task, fence, attempt, settlement }).await;
        self.shared.work.notify_one();
        settled
    }

    async fn move_to(&self, task: TaskId, due_at: DateTime<Utc>) -> Result<bool, StoreError> {
        const MOVE: &str = "UPDATE cal_tasks SET due_at = $2, \
                ready_at = CASE WHEN ready_at < 9223372036854775806 THEN $2 ELSE ready_at END \
            WHERE id = $1 AND state IN ('waiting', 'retry')";
        let id = task.to_string();
        let args = [Arg::Text(&id), Arg::Int(Micros::from(due_at).0)];
        self.change(MOVE, &args).await
    }

    async fn cancel(&self, task: TaskId) -> Result<bool, StoreError> {
        const CANCEL: &str = "UPDATE cal_tasks SET state = 'skipped', ready_at = NULL \
            WHERE id = $1 AND state IN ('waiting', 'retry')";
        self.change(CANCEL, &[Arg::Text(&task.to_string())]).await
    }

    async fn pause(&self, hook: &str, time: Duration) -> Result<(), StoreError> {
        self.hold_back(hook, time).await
    }

    async fn reports(&self, uid: &BookingUid) -> Result<Vec<Arc<Delivery>>, StoreError> {
        self.last_reports(uid).await
    }

    async fn keep_facts(&self, task: &Task, facts: &str) -> Result<String, StoreError> {
        self.first_facts(task, facts).await
    }

    async fn wake(&self, hooks: &[&str]) {
        // A connection that died without a word must not put the worker to sleep for ever.
        let pause = match time::timeout(DEADLINE, self.next_due(hooks)).await {
            Ok(Ok(due)) => due.min(POLL),
            Ok(Err(_)) | Err(_) => Duration::from_secs(1),
        };
        let _ = time::timeout(pause, self.shared.work.notified()).await;
    }
}

impl SqlStore {
    /// Runs a statement that changes one task, and tells whether there was such a task.
    async fn change(&self, sql: &'static str, args: &[Arg<'_>]) -> Result<bool, StoreError> {
        let mut lent = self.shared.database.write().await?;
        let changed = lent.conn().execute(sql, args).await;
        if changed.is_err() {
            lent.discard().await;
        }
        self.shared.work.notify_one();
        Ok(changed.map_err(out_of_reach)? > 0)
    }
}

impl fmt::Debug for SqlStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // An address may hold a password.
        f.debug_struct("SqlStore").finish_non_exhaustive()
    }
}
