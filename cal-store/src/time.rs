//! Times as the ledger keeps them.

use std::time::Duration;

use chrono::{DateTime, Utc};

/// Microseconds since 1970.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Micros(pub(crate) i64);

impl Micros {
    /// The clock of this machine; PostgreSQL has one of its own.
    #[cfg(any(feature = "reconcile", feature = "sqlite"))]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    pub(crate) fn now() -> Self {
        Utc::now().into()
    }

    pub(crate) fn after(self, delay: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(delay.as_micros()).unwrap_or(i64::MAX)))
    }

    pub(crate) fn before(self, delay: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(delay.as_micros()).unwrap_or(i64::MAX)))
    }

    /// Returns how long it is until then; nothing when it has passed.
    pub(crate) fn until(self, then: Self) -> Duration {
        Duration::from_micros(u64::try_from(then.0.saturating_sub(self.0)).unwrap_or_default())
    }
}

impl From<DateTime<Utc>> for Micros {
    fn from(at: DateTime<Utc>) -> Self {
        Self(at.timestamp_micros())
    }
}

/// A number that is no time becomes the first or the last one.
impl From<Micros> for DateTime<Utc> {
    fn from(at: Micros) -> Self {
        let limit = if at.0 < 0 { Self::MIN_UTC } else { Self::MAX_UTC };
        Self::from_timestamp_micros(at.0).unwrap_or(limit)
    }
}
