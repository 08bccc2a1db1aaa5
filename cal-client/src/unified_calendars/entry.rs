//! An entry of a calendar as the API shows it.

use chrono::{DateTime, FixedOffset};
use secrecy::SecretString;
use serde::Deserialize;

use crate::{
    calendars::CalendarProvider,
    secret::read_some,
    wire::{open_enum, or_default},
};

/// An entry of a calendar (`UnifiedCalendarEventOutput` in Cal.com's API description).
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct CalendarEntry {
    /// The entry's id at its provider.
    pub id: String,
    /// When it begins.
    pub start: Option<EntryTime>,
    /// When it ends.
    pub end: Option<EntryTime>,
    /// The title.
    pub title: Option<String>,
    /// The description.
    pub description: Option<String>,
    /// Where it is.
    #[serde(default, deserialize_with = "or_default")]
    pub locations: Vec<EntryLocation>,
    /// Who attends.
    #[serde(default, deserialize_with = "or_default")]
    pub attendees: Vec<EntryAttendee>,
    /// The status.
    pub status: Option<EntryStatus>,
    /// Who hosts it.
    #[serde(default, deserialize_with = "or_default")]
    pub hosts: Vec<EntryHost>,
    /// The account in whose calendar it is.
    pub calendar_event_owner: Option<EntryHost>,
    /// Who provides the calendar.
    pub source: Option<CalendarProvider>,
}

/// A time of an entry.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct EntryTime {
    /// The time.
    pub time: Option<DateTime<FixedOffset>>,
    /// The IANA name of the time zone to show it in.
    pub time_zone: Option<String>,
}

/// A way to join; which of its members there are depends on the kind.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct EntryLocation {
    /// The kind of way.
    #[serde(rename = "type")]
    pub kind: Option<EntryLocationKind>,
    /// The address or phone number.
    pub url: Option<String>,
    /// The name, for people.
    pub label: Option<String>,
    /// The number of the meeting, of a video conference.
    pub meeting_code: Option<String>,
    /// The country of a phone number.
    pub region_code: Option<String>,
    /// The password.
    #[serde(default, deserialize_with = "read_some")]
    pub password: Option<SecretString>,
    /// The code that lets one in, of a video or phone conference.
    #[serde(default, deserialize_with = "read_some")]
    pub access_code: Option<SecretString>,
    /// The number that lets one in, by phone.
    #[serde(default, deserialize_with = "read_some")]
    pub pin: Option<SecretString>,
}

/// An attendee of an entry.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct EntryAttendee {
    /// The e-mail address.
    pub email: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// What they answered to the invitation.
    pub response_status: Option<EntryResponse>,
    /// Whether it is the user of the calendar.
    #[serde(rename = "self")]
    pub is_self: Option<bool>,
    /// Whether they need not come.
    pub optional: Option<bool>,
    /// Whether they host it.
    pub host: Option<bool>,
}

/// A host or the owner of an entry.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct EntryHost {
    /// The e-mail address.
    pub email: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// What they answered to the invitation; owners have none.
    pub response_status: Option<EntryResponse>,
}

open_enum! {
    /// The kind of way to join.
    pub enum EntryLocationKind {
        /// A video conference.
        Video = "video",
        /// A phone number.
        Phone = "phone",
        /// A phone number of the internet.
        Sip = "sip",
        /// Where there are more phone numbers.
        More = "more",
    }
}

open_enum! {
    /// What somebody answered to an invitation.
    pub enum EntryResponse {
        /// They will come.
        Accepted = "accepted",
        /// They may come.
        Pending = "pending",
        /// They will not come.
        Declined = "declined",
        /// They have not answered yet.
        NeedsAction = "needsAction",
    }
}

open_enum! {
    /// The status of an entry.
    pub enum EntryStatus {
        /// It takes place.
        Accepted = "accepted",
        /// It is not certain yet.
        Pending = "pending",
        /// It was declined.
        Declined = "declined",
        /// It was cancelled.
        Cancelled = "cancelled",
    }
}
