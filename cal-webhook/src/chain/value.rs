//! Values that can come back, such as a location.

use chrono::{DateTime, Utc};

use crate::Decision;

/// The last known value of something that can change back and forth.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Value {
    /// The value, or a digest of it.
    pub value: String,
    /// When it was reported last.
    pub at: DateTime<Utc>,
    /// How often it has changed.
    pub number: i64,
}

impl Value {
    /// Puts together what a store has kept.
    #[must_use]
    pub fn new(value: String, at: DateTime<Utc>, number: i64) -> Self {
        Self { value, at, number }
    }

    /// The value after a report, which may be older than what is known.
    pub(super) fn after(known: Option<Self>, value: &str, at: DateTime<Utc>) -> Self {
        match known {
            None => Self { value: value.to_owned(), at, number: 1 },
            Some(known) if known.value == value => Self { at: known.at.max(at), ..known },
            // Of two reports of one moment the same one must win in any order.
            Some(known) if (known.at, known.value.as_str()) < (at, value) => {
                Self { value: value.to_owned(), at, number: known.number + 1 }
            }
            Some(known) => known,
        }
    }
}

/// How a report compares with the value known before.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Step {
    /// It says what is known.
    Same,
    /// It is older than what is known.
    Late,
    /// It is news.
    New,
}

impl Step {
    pub(super) fn from(known: Option<&Value>, value: &str, at: DateTime<Utc>) -> Self {
        match known {
            None => Self::New,
            Some(known) if known.value == value => Self::Same,
            Some(known) if (known.at, known.value.as_str()) < (at, value) => Self::New,
            Some(_) => Self::Late,
        }
    }

    pub(super) fn decision(self) -> Decision {
        match self {
            Self::Same => Decision::Same,
            Self::Late => Decision::Stale,
            Self::New => Decision::Applied,
        }
    }
}
