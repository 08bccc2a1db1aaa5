//! Settings of event types that are more than a number or a text.

use chrono::NaiveDate;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::wire::{open_enum, or_default, value};

/// A setting that is off, or on with what belongs to it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Toggle<T> {
    /// It is off: `{"disabled": true}`.
    Off,
    /// It is on.
    On(T),
    /// A form that this version does not know.
    Unknown(Value),
}

impl<T> Toggle<T> {
    /// Returns the setting if it is on.
    pub const fn on(&self) -> Option<&T> {
        match self {
            Self::On(setting) => Some(setting),
            Self::Off | Self::Unknown(_) => None,
        }
    }
}

impl<T> From<T> for Toggle<T> {
    fn from(setting: T) -> Self {
        Self::On(setting)
    }
}

impl<T: Serialize> Serialize for Toggle<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Off => json!({"disabled": true}).serialize(serializer),
            Self::On(setting) => setting.serialize(serializer),
            Self::Unknown(value) => value.serialize(serializer),
        }
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Toggle<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        if value.get("disabled") == Some(&Value::Bool(true)) {
            return Ok(Self::Off);
        }
        Ok(T::deserialize(&value).map_or(Self::Unknown(value), Self::On))
    }
}

value! {
    /// How often, or for how many minutes, an event type can be booked.
    pub struct BookingLimits {
        optional {
            /// At most this much in a day.
            day: u32,
            /// At most this much in a week.
            week: u32,
            /// At most this much in a month.
            month: u32,
            /// At most this much in a year.
            year: u32,
        }
    }
}

value! {
    /// How many bookings one guest can have at a time.
    pub struct ActiveBookingsLimit {
        optional {
            /// At most this many that are yet to come.
            maximum_active_bookings: u32,
            /// Whether the guest who has so many is offered to move the last one.
            offer_reschedule: bool,
        }
    }
}

/// How far ahead an event type can be booked.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum BookingWindow {
    /// A number of business days.
    BusinessDays {
        /// How many.
        #[serde(rename = "value")]
        days: u32,
        /// Whether days on which nothing is free do not count.
        #[serde(default)]
        rolling: bool,
    },
    /// A number of days.
    CalendarDays {
        /// How many.
        #[serde(rename = "value")]
        days: u32,
        /// Whether days on which nothing is free do not count.
        #[serde(default)]
        rolling: bool,
    },
    /// From one day to another.
    Range {
        /// The first day and the last.
        #[serde(rename = "value")]
        days: (NaiveDate, NaiveDate),
    },
}

/// Which bookings wait for the host.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ConfirmationPolicy {
    /// All of them.
    Always {
        /// Whether nobody else can book the time meanwhile.
        block_unconfirmed_bookings_in_booker: bool,
    },
    /// Those that are made at short notice.
    Time {
        /// What short notice is.
        notice_threshold: NoticeThreshold,
        /// Whether nobody else can book the time meanwhile.
        block_unconfirmed_bookings_in_booker: bool,
    },
}

value! {
    /// A time before a booking.
    pub struct NoticeThreshold {
        required {
            /// How many.
            count: u32,
            /// Of what.
            unit: NoticeUnit,
        }
    }
}

open_enum! {
    /// The unit of a [`NoticeThreshold`].
    pub enum NoticeUnit {
        /// Hours.
        Hours = "hours",
        /// Minutes.
        Minutes = "minutes",
    }
}

value! {
    /// How a series of bookings goes on.
    pub struct Recurrence {
        required {
            /// Every how many weeks, months or years.
            interval: u32,
            /// How many bookings the series has at the most.
            occurrences: u32,
            /// Weeks, months or years.
            frequency: Frequency,
        }
    }
}

open_enum! {
    /// The rhythm of a series.
    pub enum Frequency {
        /// By months.
        Monthly = "monthly",
        /// By weeks.
        Weekly = "weekly",
        /// By years.
        Yearly = "yearly",
    }
}

value! {
    /// Seats, which several guests take in one booking.
    pub struct Seats {
        required {
            /// How many there are.
            seats_per_time_slot: u32,
            /// Whether guests see each other.
            show_attendee_info: bool,
            /// Whether guests see how many are left.
            show_availability_count: bool,
        }
    }
}

value! {
    /// Which views of free times guests have.
    pub struct BookerLayouts {
        required {
            /// The one they see first.
            default_layout: BookerLayout,
            /// Those they can choose.
            #[serde(default, deserialize_with = "or_default")]
            enabled_layouts: Vec<BookerLayout>,
        }
    }
}

open_enum! {
    /// A view of free times.
    pub enum BookerLayout {
        /// Days side by side.
        Column = "column",
        /// A month, and the times of one day.
        Month = "month",
        /// A week.
        Week = "week",
    }
}

value! {
    /// The colours of an event type, such as `#292929`.
    pub struct Colors {
        required {
            /// The one on light pages.
            #[serde(default, deserialize_with = "or_default")]
            light_theme_hex: String,
            /// The one on dark pages.
            #[serde(default, deserialize_with = "or_default")]
            dark_theme_hex: String,
        }
    }
}

value! {
    /// The calendar that bookings are written to.
    pub struct DestinationCalendar {
        required {
            /// The kind of calendar, such as `google_calendar`; lists of calendars have it.
            #[serde(default, deserialize_with = "or_default")]
            integration: String,
            /// The calendar's id at its provider.
            #[serde(default, deserialize_with = "or_default")]
            external_id: String,
        }
    }
}

value! {
    /// Whether bookings cannot be cancelled.
    pub struct DisableCancelling {
        optional {
            /// Whether it is never possible.
            disabled: bool,
        }
    }
}

value! {
    /// When bookings cannot be moved.
    pub struct DisableRescheduling {
        optional {
            /// Whether it is never possible.
            disabled: bool,
            /// Whether it is no longer possible so many minutes before.
            minutes_before: u32,
        }
    }
}

value! {
    /// Who gets no e-mail; only of event types of an organization's teams.
    pub struct EmailSettings {
        optional {
            /// Whether guests get none, but for those of workflows.
            disable_emails_to_attendees: bool,
            /// Whether hosts get none, but for those of workflows.
            disable_emails_to_hosts: bool,
        }
    }
}

open_enum! {
    /// How hosts are chosen for bookings of a team's event type.
    pub enum SchedulingType {
        /// All of them attend.
        Collective = "collective",
        /// Every member has an event type of their own, made from one.
        Managed = "managed",
        /// One of them attends.
        RoundRobin = "roundRobin",
    }
}

open_enum! {
    /// How soon a host has a turn.
    pub enum HostPriority {
        /// Among the first.
        High = "high",
        /// Before all others.
        Highest = "highest",
        /// Among the last.
        Low = "low",
        /// After all others.
        Lowest = "lowest",
        /// Neither first nor last.
        Medium = "medium",
    }
}
