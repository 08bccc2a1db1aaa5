//! When a request is sent again.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// How often and how long a client tries.
///
/// A 429 is repeated for every method, after the time the server names: nothing was done. So is a
/// request for which no connection came about. After a 502, 503 or 504, or a connection that broke,
/// only methods that may be repeated are (GET, PUT, DELETE); a POST or PATCH that was written never
/// is. Nor is anything whose answer did not come in time.
///
/// ```
/// use std::time::Duration;
///
/// use cal_client::RetryPolicy;
///
/// let patient = RetryPolicy::default().retries(8).deadline(Duration::from_secs(300));
/// let never = RetryPolicy::never();
/// # let _ = (patient, never);
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct RetryPolicy {
    pub(crate) retries: u32,
    pub(crate) first: Duration,
    pub(crate) longest: Duration,
    pub(crate) deadline: Duration,
}

impl Default for RetryPolicy {
    /// Four retries, after half a second and then twice as long each time, within two minutes.
    fn default() -> Self {
        Self {
            retries: 4,
            first: Duration::from_millis(500),
            longest: Duration::from_secs(20),
            deadline: Duration::from_secs(120),
        }
    }
}

impl RetryPolicy {
    /// Sends everything once.
    pub fn never() -> Self {
        Self { retries: 0, ..Self::default() }
    }

    /// How often a request is sent again at the most.
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// How long to wait before the first retry; each further wait is twice as long, up to
    /// [`longest`](Self::longest), and between half and all of that at random.
    pub fn first(mut self, wait: Duration) -> Self {
        self.first = wait;
        self
    }

    /// How long to wait between two tries at the most, unless the server asks for more.
    pub fn longest(mut self, wait: Duration) -> Self {
        self.longest = wait;
        self
    }

    /// How long a request may take with all its retries. A wait that would end later is not begun:
    /// the error comes at once.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Returns how long to wait before a retry, counted from 0.
    pub(crate) fn wait(&self, retry: u32) -> Duration {
        let whole = self.first.saturating_mul(1 << retry.min(16)).min(self.longest);
        whole / 2 + (whole / 2).mul_f64(fastrand::f64())
    }
}

/// What retries of all requests of a client draw on, so that they never make an outage worse:
/// a retry takes ten, a request that succeeds gives one back.
#[derive(Debug)]
pub(crate) struct Budget(Mutex<u32>);

impl Budget {
    const FULL: u32 = 1000;
    const RETRY: u32 = 10;

    pub(crate) fn take(&self) -> bool {
        let mut left = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let rest = left.checked_sub(Self::RETRY);
        *left = rest.unwrap_or(*left);
        rest.is_some()
    }

    pub(crate) fn give_back(&self) {
        let mut left = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *left = (*left + 1).min(Self::FULL);
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self(Mutex::new(Self::FULL))
    }
}
