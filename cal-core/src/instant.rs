//! Instant meetings: somebody asks now, and the first host to accept joins.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use serde_with::skip_serializing_none;

use crate::{
    Answer, BookingId, BookingStatus, BookingUid, EventTypeId, Fields, Location, Person, Trigger,
    time, wire::null_as_default,
};

/// A visitor who waits for a host (`INSTANT_MEETING`).
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct InstantMeeting {
    /// The trigger once more; Cal.com repeats it in the payload.
    pub trigger_event: Option<Trigger>,
    /// The booking's public id.
    pub uid: Option<BookingUid>,
    /// The answers, without labels.
    #[serde(default, deserialize_with = "null_as_default")]
    pub responses: Fields<Answer>,
    /// Where a host accepts and joins; the link holds a token.
    pub connect_and_join_url: Option<String>,
    /// The event type's number.
    pub event_type_id: Option<EventTypeId>,
    /// The event type's title.
    pub event_type_title: Option<String>,
    /// Answers of event types from before 2023; free-form and usually empty.
    pub custom_inputs: Option<Value>,
}

/// An instant meeting that a host accepted (`INSTANT_MEETING_ACCEPTED`).
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AcceptedInstantMeeting {
    /// The booking's number.
    pub booking_id: Option<BookingId>,
    /// The booking's public id.
    #[serde(rename = "bookingUid")]
    pub uid: Option<BookingUid>,
    /// The event type's number.
    pub event_type_id: Option<EventTypeId>,
    /// The status.
    pub status: Option<BookingStatus>,
    /// The title.
    #[serde(default, deserialize_with = "null_as_default")]
    pub title: String,
    /// The start.
    #[serde(default, rename = "startTime", deserialize_with = "time::maybe")]
    pub start: Option<DateTime<Utc>>,
    /// The end.
    #[serde(default, rename = "endTime", deserialize_with = "time::maybe")]
    pub end: Option<DateTime<Utc>>,
    /// The host who accepted.
    #[serde(default, deserialize_with = "null_as_default")]
    pub organizer: Person,
    /// The visitor first.
    #[serde(default, deserialize_with = "null_as_default")]
    pub attendees: Vec<Person>,
    /// The answers.
    pub responses: Option<Fields<Answer>>,
    /// Where it takes place.
    pub location: Option<Location>,
    /// `videoCallUrl` and what the booking page stored; free-form.
    pub metadata: Option<Map<String, Value>>,
}
