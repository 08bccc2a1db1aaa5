//! Times, in the spellings that deliveries have.

use std::fmt;

use chrono::{DateTime, FixedOffset, Offset, Utc};
use serde::{
    Deserialize, Deserializer,
    de::{Error, Visitor},
};

/// Numbers below this are no times: as milliseconds it is 1973.
const EARLIEST: i64 = 100_000_000_000;

/// Reads a time that may be missing, whichever zone the type keeps.
///
/// Beside RFC 3339, which Cal.com writes, templates and other versions spell times with a blank for
/// the `T`, with an offset without a colon, as milliseconds since 1970, or as JavaScript prints a date.
pub(crate) fn maybe<'de, D, Z>(deserializer: D) -> Result<Option<DateTime<Z>>, D::Error>
where
    D: Deserializer<'de>,
    Z: Zone,
{
    let time: Option<Time> = Option::deserialize(deserializer)?;
    Ok(time.map(|Time(at)| Z::convert(at)))
}

/// Reads a time that must be there.
pub(crate) fn required<'de, D, Z>(deserializer: D) -> Result<DateTime<Z>, D::Error>
where
    D: Deserializer<'de>,
    Z: Zone,
{
    let Time(at) = Time::deserialize(deserializer)?;
    Ok(Z::convert(at))
}

/// A time zone that a payload keeps.
pub(crate) trait Zone: chrono::TimeZone {
    fn convert(at: DateTime<FixedOffset>) -> DateTime<Self>;
}

impl Zone for Utc {
    fn convert(at: DateTime<FixedOffset>) -> DateTime<Self> {
        at.to_utc()
    }
}

impl Zone for FixedOffset {
    fn convert(at: DateTime<FixedOffset>) -> DateTime<Self> {
        at
    }
}

/// A time in any of the spellings.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Time(pub(crate) DateTime<FixedOffset>);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Spelling;

        impl Visitor<'_> for Spelling {
            type Value = Time;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Time, E> {
                of_text(text).map(Time).ok_or_else(|| E::custom("expected a time, found a text"))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Time, E> {
                let at = of_number(number);
                at.map(Time).ok_or_else(|| E::custom("expected a time, found a number"))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Time, E> {
                self.visit_i64(i64::try_from(number).unwrap_or(i64::MAX))
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Time, E> {
                #[expect(clippy::cast_possible_truncation, reason = "what is too large saturates")]
                self.visit_i64(number as i64)
            }
        }

        deserializer.deserialize_any(Spelling)
    }
}

fn of_text(text: &str) -> Option<DateTime<FixedOffset>> {
    if let Ok(at) = text.parse() {
        return Some(at);
    }
    let text = text.trim();
    // `Thu Mar 04 2027 10:00:00 GMT+0100 (Central European Standard Time)`
    let printed = text.split_once(" (").map_or(text, |(time, _)| time);
    let spelled = |format| DateTime::parse_from_str(printed, format).ok();
    let number = || of_number(text.parse().ok()?);
    text.parse()
        .ok()
        .or_else(|| spelled("%Y-%m-%dT%H:%M:%S%.f%#z"))
        .or_else(|| spelled("%Y-%m-%d %H:%M:%S%.f%#z"))
        .or_else(|| spelled("%Y-%m-%dT%H:%M%#z"))
        .or_else(|| spelled("%Y-%m-%d %H:%M%#z"))
        .or_else(|| spelled("%a %b %d %Y %H:%M:%S GMT%z"))
        .or_else(|| DateTime::parse_from_rfc2822(text).ok())
        .or_else(number)
}

fn of_number(number: i64) -> Option<DateTime<FixedOffset>> {
    let at = DateTime::from_timestamp_millis(number).filter(|_| number >= EARLIEST);
    at.map(|at| at.with_timezone(&Utc.fix()))
}
