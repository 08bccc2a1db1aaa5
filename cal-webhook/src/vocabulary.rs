//! Which changes a build knows, so that an older one leaves alone what it would not understand.

use crate::{Change, crash};

/// Grows whenever a change is added, together with [`Change::vocabulary`].
const NEWEST: u32 = 1;

/// The vocabulary of this build: it can run tasks about changes of this one and of those before.
#[must_use]
pub fn vocabulary() -> u32 {
    NEWEST + u32::from(crash::is_next())
}

impl Change {
    /// Returns in which vocabulary this change came, from 1.
    ///
    /// While processes of two builds share a store, a task is run by one that knows its change.
    #[must_use]
    pub fn vocabulary(self) -> u32 {
        if crash::is_next() && self == crash::NEXT { NEWEST + 1 } else { 1 }
    }
}
