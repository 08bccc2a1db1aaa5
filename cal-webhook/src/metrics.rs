//! What is counted; the crate's documentation has the table. Without the feature, nothing is.

pub(crate) use form::{Stopwatch, answered, describe, failed, refused, settled};

#[cfg(feature = "metrics")]
mod form {
    use std::sync::Arc;

    use metrics::{Unit, counter, describe_counter, describe_histogram, histogram};
    use tokio::time::Instant;

    use crate::{Accepted, Rejection, StoreError};

    const ACKNOWLEDGE: &str = "cal_acknowledge_seconds";
    const DELIVERIES: &str = "cal_deliveries_total";
    const FAILED: &str = "cal_failed_total";
    const HOOK: &str = "cal_hook_seconds";
    const REFUSALS: &str = "cal_refusals_total";
    const TASKS: &str = "cal_tasks_total";

    /// Tells the recorder what the names mean.
    pub(crate) fn describe() {
        describe_histogram!(
            ACKNOWLEDGE,
            Unit::Seconds,
            "from the last byte of a delivery to its answer of 200"
        );
        describe_counter!(DELIVERIES, "verified deliveries that the store took");
        describe_counter!(FAILED, "deliveries that could not be planned and were set aside");
        describe_histogram!(HOOK, Unit::Seconds, "how long hooks took, also those that failed");
        describe_counter!(REFUSALS, "requests that were refused");
        describe_counter!(TASKS, "attempts at tasks that ended");
    }

    /// Counts what the store answered to a delivery.
    pub(crate) fn answered(answer: &Result<Accepted, StoreError>) {
        let outcome = match answer {
            Ok(Accepted::Duplicate(_)) => "duplicate",
            Ok(Accepted::Stored(_)) => "stored",
            Err(_) => return refused(&Rejection::Unavailable),
        };
        counter!(DELIVERIES, "outcome" => outcome).increment(1);
    }

    /// Counts a delivery that could not be planned.
    pub(crate) fn failed() {
        counter!(FAILED).increment(1);
    }

    /// Counts a request that was refused.
    pub(crate) fn refused(rejection: &Rejection) {
        let reason = match rejection {
            Rejection::Busy => "busy",
            Rejection::Encoded => "encoded",
            Rejection::Interrupted => "interrupted",
            Rejection::Method { .. } => "method",
            Rejection::Slow(_) => "slow",
            Rejection::TooLarge { .. } => "too_large",
            Rejection::Unavailable => "unavailable",
            Rejection::Unmounted => "unmounted",
            Rejection::Unverified(_) => "unverified",
        };
        counter!(REFUSALS, "reason" => reason).increment(1);
    }

    /// Counts an attempt at a task that ended.
    pub(crate) fn settled(hook: &Arc<str>, outcome: &'static str) {
        counter!(TASKS, "hook" => Arc::clone(hook), "outcome" => outcome).increment(1);
    }

    /// Measures how long something takes.
    pub(crate) struct Stopwatch(Instant);

    impl Stopwatch {
        pub(crate) fn start() -> Self {
            Self(Instant::now())
        }

        /// Notes how long a delivery waited for its answer.
        pub(crate) fn acknowledged(&self) {
            histogram!(ACKNOWLEDGE).record(self.0.elapsed());
        }

        /// Notes how long a hook took.
        pub(crate) fn ran(&self, hook: &Arc<str>) {
            histogram!(HOOK, "hook" => Arc::clone(hook)).record(self.0.elapsed());
        }
    }
}

#[cfg(not(feature = "metrics"))]
mod form {
    use std::sync::Arc;

    use crate::{Accepted, Rejection, StoreError};

    pub(crate) fn describe() {}

    pub(crate) fn answered(_: &Result<Accepted, StoreError>) {}

    pub(crate) fn failed() {}

    pub(crate) fn refused(_: &Rejection) {}

    pub(crate) fn settled(_: &Arc<str>, _: &'static str) {}

    pub(crate) struct Stopwatch;

    impl Stopwatch {
        pub(crate) fn start() -> Self {
            Self
        }

        pub(crate) fn acknowledged(&self) {}

        pub(crate) fn ran(&self, _: &Arc<str>) {}
    }
}
