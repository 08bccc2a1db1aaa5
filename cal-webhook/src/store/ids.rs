//! Ids of what is stored.

use std::fmt;

use serde::Serialize;
use uuid::Uuid;

macro_rules! ids {
    ($( $(#[$doc:meta])* $name:ident, )+) => { $(
        $(#[$doc])*
        ///
        /// A UUID of version 7: ids sort by the time at which they were made.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Makes a new id.
            #[must_use]
            #[expect(clippy::new_without_default, reason = "every id is another one")]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )+ };
}

impl TaskId {
    /// Comes before all others.
    pub(crate) const MIN: Self = Self(Uuid::nil());
}

ids! {
    /// The id of a stored delivery.
    DeliveryId,
    /// The id of a task.
    TaskId,
}
