//! The only place that reads the clock.

use chrono::{DateTime, Utc};

#[expect(clippy::disallowed_methods, reason = "everything else takes its time from here")]
pub(crate) fn now() -> DateTime<Utc> {
    Utc::now()
}
