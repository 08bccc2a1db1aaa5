//! The clocks that the store goes by.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use cal_webhook::log::quietly;
use tokio::sync::Notify;

use crate::{
    claim::UNREMINDED,
    database::{Arg, Conn},
    time::Micros,
};

/// A clock that a test sets forward: what is due tomorrow is due at once.
///
/// A store that was opened with it adds what it was set forward by to the database's own time.
/// Nothing else changes: a hook's timeout and the worker's pauses are real.
#[derive(Clone, Default)]
pub struct TestClock {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    ahead: AtomicI64,
    /// Who sleeps until something is due.
    sleepers: Mutex<Vec<Weak<Notify>>>,
}

impl TestClock {
    /// Makes a clock that shows the real time until it is set forward.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the clock forward, and wakes the stores that go by it.
    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        self.shared.ahead.fetch_add(by, Ordering::SeqCst);
        for sleeper in self.sleepers().iter().filter_map(Weak::upgrade) {
            sleeper.notify_one();
        }
    }

    pub(crate) fn wake(&self, sleeper: &Arc<Notify>) {
        self.sleepers().push(Arc::downgrade(sleeper));
    }

    /// Returns what a clock that shows the real time would have to be set to.
    pub(crate) fn set(&self, real: Micros) -> Micros {
        Micros(real.0.saturating_add(self.shared.ahead.load(Ordering::SeqCst)))
    }

    fn sleepers(&self) -> std::sync::MutexGuard<'_, Vec<Weak<Notify>>> {
        self.shared.sleepers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The machine's clock, which never runs back here: what was due stays due when somebody sets it.
#[derive(Debug)]
pub(crate) struct Steady {
    /// What it showed last, and when that was.
    last: Mutex<(Micros, Instant)>,
}

impl Steady {
    pub(crate) fn new() -> Self {
        Self { last: Mutex::new((Micros::now(), Instant::now())) }
    }

    pub(crate) fn now(&self) -> Micros {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let (real, since) = (Micros::now(), last.1.elapsed());
        let now = real.max(last.0.after(since));
        *last = (now, Instant::now());
        now
    }

    /// Goes on where another process has stopped.
    fn go_on_at(&self, mark: Micros) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = (last.0.max(mark), Instant::now());
    }
}

/// The clock of a connection.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Clock<'a> {
    test: Option<&'a TestClock>,
    steady: Option<&'a Steady>,
}

impl<'a> Clock<'a> {
    pub(crate) fn new(test: Option<&'a TestClock>, steady: Option<&'a Steady>) -> Self {
        Self { test, steady }
    }

    /// Returns the time where the database has none.
    pub(crate) fn steady(self) -> Micros {
        self.steady.map_or_else(Micros::now, Steady::now)
    }

    /// Returns what a clock that shows this time would be set to in a test.
    pub(crate) fn set(self, real: Micros) -> Micros {
        self.test.map_or(real, |clock| clock.set(real))
    }
}

/// How far ahead the last process of a file may have been. What is further was a mistake of its
/// machine, or is one of this machine.
const AHEAD: Duration = Duration::from_secs(24 * 60 * 60);

/// Goes on with the clock of the process that used the file before, or sets right what it has left.
pub(crate) async fn go_on(conn: &mut Conn<'_>, clock: &Steady) -> Result<(), sqlx::Error> {
    const MARK: &str = "SELECT max(v.at) FROM (SELECT at FROM cal_values \
            WHERE key = 'planner:generation' UNION ALL SELECT received_at FROM (SELECT received_at \
            FROM cal_deliveries ORDER BY seq DESC LIMIT 1)) AS v";
    const TASKS: &str = "UPDATE cal_tasks SET ready_at = $1 WHERE ready_at > $1 AND ready_at < $2 \
        AND (state <> 'waiting' OR reminder = '')";
    const HELD: &str = "UPDATE cal_deliveries SET held_until = $1 \
        WHERE decision = 'early' AND held_until > $1";
    let mark = conn.fetch::<(Option<i64>,)>(MARK, &[]).await?;
    let mark = Micros(mark.first().and_then(|(at,)| *at).unwrap_or_default());
    let now = clock.now();
    if mark <= now.after(AHEAD) {
        clock.go_on_at(mark);
        return Ok(());
    }
    quietly(|| tracing::warn!("the clock is more than a day behind what the store was kept by"));
    conn.execute(TASKS, &[Arg::Int(now.0), Arg::Int(UNREMINDED)]).await?;
    conn.execute(HELD, &[Arg::Int(now.0)]).await.map(drop)
}

impl fmt::Debug for TestClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ahead = Duration::from_micros(
            u64::try_from(self.shared.ahead.load(Ordering::SeqCst)).unwrap_or_default(),
        );
        f.debug_struct("TestClock").field("ahead", &ahead).finish()
    }
}
