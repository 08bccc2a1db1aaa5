//! The names under which states are stored and shown.

use super::{Decision, Source, TaskState};
use crate::BookingState;

macro_rules! names {
    ($( $name:ident { $( $variant:ident = $text:literal, )+ } )+) => { $(
        impl $name {
            /// Returns the name in lower case.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $( Self::$variant => $text, )+ }
            }

            /// Reads a name as `as_str` writes it.
            #[must_use]
            pub fn named(name: &str) -> Option<Self> {
                match name {
                    $( $text => Some(Self::$variant), )+
                    _ => None,
                }
            }
        }
    )+ };
}

names! {
    BookingState {
        Accepted = "accepted",
        Cancelled = "cancelled",
        Ended = "ended",
        Moved = "moved",
        Pending = "pending",
        Rejected = "rejected",
    }
    Decision {
        Applied = "applied",
        Early = "early",
        Failed = "failed",
        Revision = "revision",
        Same = "same",
        Stale = "stale",
    }
    Source {
        Reconcile = "reconcile",
        Replay = "replay",
        Simulator = "simulator",
        Webhook = "webhook",
    }
    TaskState {
        Dead = "dead",
        Done = "done",
        Retry = "retry",
        Running = "running",
        Skipped = "skipped",
        Superseded = "superseded",
        Waiting = "waiting",
    }
}
