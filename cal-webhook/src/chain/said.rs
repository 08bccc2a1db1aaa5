//! What was said a moment ago: reports that only their content tells apart.

use chrono::{DateTime, TimeDelta, Utc};

use crate::Reading;

use super::{Chains, value::Value};

/// How far apart two webhooks may say the same.
const MOMENT: TimeDelta = TimeDelta::seconds(10);

/// What a delivery says, and when: under a key for each ten seconds, so that all who say the same in
/// a moment are found, whichever comes first.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    /// The keys of its own ten seconds, and of those before and after.
    keys: [String; 3],
}

impl Said {
    pub(crate) fn new(content: &str, at: DateTime<Utc>) -> Self {
        let slot = at.timestamp().div_euclid(MOMENT.num_seconds());
        let key = |slot: i64| format!("said:{content}:{slot}");
        Self { keys: [key(slot), key(slot - 1), key(slot + 1)] }
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(String::as_str)
    }
}

impl Chains {
    /// Whether somebody has said the same less than ten seconds before or after.
    pub(super) fn was_said(&self, reading: &Reading) -> bool {
        let known = reading.said.iter().flat_map(Said::keys).filter_map(|key| self.values.get(key));
        let is_near = |known: &Value| {
            let first = first(known).unwrap_or(known.at);
            reading.at - known.at < MOMENT && first - reading.at < MOMENT
        };
        known.into_iter().any(is_near)
    }

    /// Whether nothing about the same is known that was sent much later.
    pub(super) fn is_recent(&self, reading: &Reading) -> bool {
        let mut known = reading.marks.values.iter().filter_map(|(key, _)| self.values.get(key));
        known.all(|known| known.at - reading.at < MOMENT)
    }

    /// Notes what was said, from the first time in these ten seconds to the last.
    pub(super) fn note_said(&mut self, reading: &Reading) {
        let Some(key) = reading.said.as_ref().and_then(|said| said.keys().next()) else { return };
        let known = self.values.get(key);
        let start = known.and_then(first).unwrap_or(reading.at).min(reading.at);
        let at = known.map_or(reading.at, |known| known.at.max(reading.at));
        let value = Value::new(start.timestamp_micros().to_string(), at, 1);
        self.values.insert(key.to_owned(), value);
        self.written.insert(key.to_owned());
    }
}

/// When it was said first.
fn first(known: &Value) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_micros(known.value.parse().ok()?)
}
