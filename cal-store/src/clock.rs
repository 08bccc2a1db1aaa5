//! The clock that the store goes by.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use tokio::sync::Notify;

#[cfg(feature = "sqlite")]
use crate::sqlite::Steady;
use crate::time::Micros;

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

/// The clock of a connection.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Clock<'a> {
    test: Option<&'a TestClock>,
    #[cfg(feature = "sqlite")]
    steady: Option<&'a Steady>,
}

impl<'a> Clock<'a> {
    pub(crate) fn new(test: Option<&'a TestClock>) -> Self {
        Self {
            test,
            #[cfg(feature = "sqlite")]
            steady: None,
        }
    }

    /// Goes by a clock of ours where the database has none.
    #[cfg(feature = "sqlite")]
    pub(crate) fn by(self, steady: &'a Steady) -> Self {
        Self { steady: Some(steady), ..self }
    }

    /// Returns the time where the database has none.
    #[cfg(feature = "sqlite")]
    pub(crate) fn steady(self) -> Micros {
        self.steady.map_or_else(Micros::now, Steady::now)
    }

    /// Returns what a clock that shows this time would be set to in a test.
    pub(crate) fn set(self, real: Micros) -> Micros {
        self.test.map_or(real, |clock| clock.set(real))
    }
}

impl fmt::Debug for TestClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ahead = Duration::from_micros(
            u64::try_from(self.shared.ahead.load(Ordering::SeqCst)).unwrap_or_default(),
        );
        f.debug_struct("TestClock").field("ahead", &ahead).finish()
    }
}
