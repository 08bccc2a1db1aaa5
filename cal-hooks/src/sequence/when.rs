//! Times relative to a booking: `24h before start`.

use std::{fmt, str::FromStr};

use chrono::TimeDelta;

use super::StepError;

const EXPECTED: &str =
    "a step such as `24h before start`, `1h after end` or `3 days after cancellation`";

const DAY: i64 = 24 * 60;

/// A time relative to something of a booking.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct When {
    /// How long after the anchor; negative before it.
    pub(super) offset: TimeDelta,
    pub(super) anchor: Anchor,
}

/// What times are relative to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Anchor {
    Booking,
    Cancellation,
    End,
    Start,
}

impl FromStr for When {
    type Err = StepError;

    fn from_str(text: &str) -> Result<Self, StepError> {
        let error = || StepError { expected: EXPECTED, found: text.to_owned() };
        read(&text.to_ascii_lowercase()).ok_or_else(error)
    }
}

/// The one way in which a time is written, however it was read.
impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let anchor = self.anchor.as_str();
        let minutes = self.offset.num_minutes();
        let side = if minutes < 0 { "before" } else { "after" };
        match minutes.abs() {
            0 => write!(f, "at {anchor}"),
            many if many > DAY && many % DAY == 0 => {
                write!(f, "{} days {side} {anchor}", many / DAY)
            }
            many if many % 60 == 0 => write!(f, "{}h {side} {anchor}", many / 60),
            many => write!(f, "{many} min {side} {anchor}"),
        }
    }
}

impl Anchor {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "booking" => Self::Booking,
            "cancellation" => Self::Cancellation,
            "end" => Self::End,
            "start" => Self::Start,
            _ => return None,
        })
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Booking => "booking",
            Self::Cancellation => "cancellation",
            Self::End => "end",
            Self::Start => "start",
        }
    }

    /// Whether it is known before it comes.
    fn is_foreseen(self) -> bool {
        matches!(self, Self::End | Self::Start)
    }
}

fn read(text: &str) -> Option<When> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (length, side, anchor) = match words.as_slice() {
        ["at", anchor] => {
            return Some(When { offset: TimeDelta::zero(), anchor: Anchor::named(anchor)? });
        }
        [length, side, anchor] => {
            let unit = length.find(|it: char| !it.is_ascii_digit())?;
            (length.split_at_checked(unit)?, *side, *anchor)
        }
        [count, unit, side, anchor] => ((*count, *unit), *side, *anchor),
        _ => return None,
    };
    let anchor = Anchor::named(anchor)?;
    let length = read_length(length)?;
    let offset = match side {
        "after" => length,
        "before" if anchor.is_foreseen() => -length,
        _ => return None,
    };
    Some(When { offset, anchor })
}

/// Reads a number and its unit; in minutes it must fit 32 bits, so that what is written for it can be
/// read too.
fn read_length((count, unit): (&str, &str)) -> Option<TimeDelta> {
    let minutes = match unit {
        "m" | "min" | "mins" | "minute" | "minutes" => 1,
        "h" | "hour" | "hours" => 60,
        "d" | "day" | "days" => DAY,
        "w" | "week" | "weeks" => 7 * DAY,
        _ => return None,
    };
    let count = count.bytes().all(|it| it.is_ascii_digit()).then_some(count)?;
    let minutes = i64::from(count.parse::<u32>().ok()?) * minutes;
    (minutes <= i64::from(u32::MAX)).then(|| TimeDelta::minutes(minutes))
}
