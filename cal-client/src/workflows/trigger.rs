//! When a workflow runs.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::wire::open_enum;

/// What starts a workflow of event types.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum EventTypeTrigger {
    /// Some time after the end of a booking.
    AfterEvent {
        /// How long after.
        offset: Offset,
    },
    /// A guest is not in the Cal Video call, some time after its beginning.
    AfterGuestsCalVideoNoShow {
        /// How long after.
        offset: Offset,
    },
    /// A host is not in the Cal Video call, some time after its beginning.
    AfterHostsCalVideoNoShow {
        /// How long after.
        offset: Offset,
    },
    /// Some time before the beginning of a booking.
    BeforeEvent {
        /// How long before.
        offset: Offset,
    },
    /// Somebody was marked as missing, or no longer is.
    BookingNoShowUpdated,
    /// A booking was paid for.
    BookingPaid,
    /// A guest began to pay for a booking.
    BookingPaymentInitiated,
    /// A host declined a booking.
    BookingRejected,
    /// A booking waits for a host.
    BookingRequested,
    /// A booking was cancelled.
    EventCancelled,
    /// A booking was made.
    NewEvent,
    /// A booking was moved.
    RescheduleEvent,
    /// One that this version does not know, as it came; it is sent like that, too.
    #[serde(untagged)]
    Unknown(Value),
}

/// What starts a workflow of routing forms.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum FormTrigger {
    /// Somebody sent the form.
    FormSubmitted,
    /// Somebody sent the form, and has booked nothing some time after that.
    FormSubmittedNoEvent {
        /// How long after.
        offset: Offset,
    },
    /// One that this version does not know, as it came; it is sent like that, too.
    #[serde(untagged)]
    Unknown(Value),
}

/// How long before or after something.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Offset {
    /// How many.
    pub value: u32,
    /// Of what.
    pub unit: TimeUnit,
}

impl Offset {
    /// A number of minutes.
    #[must_use]
    pub const fn minutes(value: u32) -> Self {
        Self { value, unit: TimeUnit::Minute }
    }

    /// A number of hours.
    #[must_use]
    pub const fn hours(value: u32) -> Self {
        Self { value, unit: TimeUnit::Hour }
    }

    /// A number of days.
    #[must_use]
    pub const fn days(value: u32) -> Self {
        Self { value, unit: TimeUnit::Day }
    }
}

open_enum! {
    /// What an offset is counted in.
    pub enum TimeUnit {
        /// Days.
        Day = "day",
        /// Hours.
        Hour = "hour",
        /// Minutes.
        Minute = "minute",
    }
}
