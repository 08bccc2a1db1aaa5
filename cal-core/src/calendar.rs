//! Calendars, conferences, series and teams that a booking mentions.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{
        MapAccess, SeqAccess, Visitor,
        value::{MapAccessDeserializer, SeqAccessDeserializer},
    },
};
use serde_with::skip_serializing_none;

use crate::{EventTypeId, Person, TeamId, UserId, time, wire::null_as_default};

/// The calendars a booking is written to: a list, in deliveries of 2022 a single object.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum DestinationCalendars {
    /// The list of newer versions; empty when there is none.
    Many(Vec<DestinationCalendar>),
    /// The one calendar of 2022.
    One(Box<DestinationCalendar>),
}

impl DestinationCalendars {
    /// Returns the calendars, however they came.
    #[must_use]
    pub fn as_slice(&self) -> &[DestinationCalendar] {
        match self {
            Self::Many(calendars) => calendars,
            Self::One(calendar) => std::slice::from_ref(calendar),
        }
    }
}

impl<'de> Deserialize<'de> for DestinationCalendars {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListOrOne;

        impl<'de> Visitor<'de> for ListOrOne {
            type Value = DestinationCalendars;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of calendars or one calendar")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(seq)).map(DestinationCalendars::Many)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                Box::deserialize(MapAccessDeserializer::new(map)).map(DestinationCalendars::One)
            }
        }

        deserializer.deserialize_any(ListOrOne)
    }
}

/// A calendar that a booking is written to.
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DestinationCalendar {
    /// The number of the row.
    pub id: Option<i64>,
    /// The calendar app, `google_calendar`.
    pub integration: Option<String>,
    /// The calendar's id at its provider.
    pub external_id: Option<String>,
    /// The address of the calendar's account.
    pub primary_email: Option<String>,
    /// The user it belongs to.
    pub user_id: Option<UserId>,
    /// The event type it belongs to.
    pub event_type_id: Option<EventTypeId>,
    /// The number of the stored credential.
    pub credential_id: Option<i64>,
    /// When the row was made.
    #[serde(default, deserialize_with = "time::maybe")]
    pub created_at: Option<DateTime<Utc>>,
    /// When the row was last changed.
    #[serde(default, deserialize_with = "time::maybe")]
    pub updated_at: Option<DateTime<Utc>>,
    /// The id of the delegated credential.
    pub delegation_credential_id: Option<String>,
    /// The name that `delegationCredentialId` had in early 2025.
    pub domain_wide_delegation_credential_id: Option<String>,
    /// Minutes before the start at which this calendar reminds.
    pub custom_calendar_reminder: Option<i64>,
}

/// The room of a video call at its provider; for Cal Video not the public link.
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct VideoCall {
    /// The app, `daily_video`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The room's id.
    pub id: Option<String>,
    /// The room's password or token; keep it out of logs.
    pub password: Option<String>,
    /// The room's address at the provider.
    pub url: Option<String>,
}

/// A conference as Google Calendar describes it (`conferenceData`).
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Conference {
    /// The request that makes the conference.
    pub create_request: Option<ConferenceRequest>,
    /// The conference's id.
    pub conference_id: Option<String>,
    /// The kind of conference.
    pub conference_solution: Option<ConferenceSolution>,
    /// The ways to join.
    pub entry_points: Option<Vec<EntryPoint>>,
    /// Notes that Google Calendar shows.
    pub notes: Option<String>,
    /// Google's signature of the conference.
    pub signature: Option<String>,
}

/// The request for a new conference.
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ConferenceRequest {
    /// The id that makes the request unique.
    pub request_id: Option<String>,
    /// The kind of conference that is asked for.
    pub conference_solution_key: Option<ConferenceSolution>,
    /// How the request went.
    pub status: Option<ConferenceStatus>,
}

/// The kind of a conference.
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ConferenceSolution {
    /// `hangoutsMeet` and the like.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The name people see.
    pub name: Option<String>,
    /// The icon's address.
    pub icon_uri: Option<String>,
    /// The key of an existing conference's kind.
    pub key: Option<Box<Self>>,
}

/// How a request for a conference went.
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ConferenceStatus {
    /// `success`, `pending` or `failure`.
    pub status_code: Option<String>,
}

/// One way to join a conference.
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct EntryPoint {
    /// `video`, `phone`, `sip` or `more`.
    pub entry_point_type: Option<String>,
    /// The address or number to join at.
    pub uri: Option<String>,
    /// What people see instead of the address.
    pub label: Option<String>,
    /// The PIN.
    pub pin: Option<String>,
    /// The access code.
    pub access_code: Option<String>,
    /// The meeting's code.
    pub meeting_code: Option<String>,
    /// The pass code.
    pub passcode: Option<String>,
    /// The password.
    pub password: Option<String>,
    /// The region of a phone number.
    pub region_code: Option<String>,
}

/// What the calendar answered when the booking was written to it (`additionalInformation`).
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AdditionalInformation {
    /// The Google Meet link.
    pub hangout_link: Option<String>,
    /// The conference.
    pub conference_data: Option<Conference>,
    /// The ways to join.
    pub entry_points: Option<Vec<EntryPoint>>,
}

/// How writing to one app went; a series adds its occurrences up.
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AppStatus {
    /// The app's name.
    pub app_name: Option<String>,
    /// The app's kind, `google_calendar`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// How often it worked.
    pub success: Option<i64>,
    /// How often it failed.
    pub failures: Option<i64>,
    /// What went wrong.
    #[serde(default, deserialize_with = "null_as_default")]
    pub errors: Vec<String>,
    /// What went almost wrong.
    pub warnings: Option<Vec<String>>,
}

/// How a booking repeats.
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Recurrence {
    /// RFC 5545's frequency by number: 0 yearly, 1 monthly, 2 weekly, 3 daily.
    pub freq: Option<i64>,
    /// How many occurrences there are.
    pub count: Option<i64>,
    /// Every how many years, months, weeks or days.
    pub interval: Option<i64>,
    /// The first start.
    #[serde(default, deserialize_with = "time::maybe")]
    pub dtstart: Option<DateTime<Utc>>,
    /// The last possible start.
    #[serde(default, deserialize_with = "time::maybe")]
    pub until: Option<DateTime<Utc>>,
    /// The IANA time zone it repeats in.
    pub tzid: Option<String>,
}

/// The calendar's own series that a booking joins.
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ExistingSeries {
    /// The series' id at the calendar.
    pub recurring_event_id: Option<String>,
}

/// The team that hosts a booking.
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Team {
    /// The team's number; absent in deliveries of 2023.
    pub id: Option<TeamId>,
    /// The team's name, or `Nameless`.
    pub name: Option<String>,
    /// The hosts besides the organiser; empty where a booking was confirmed, declined or paid.
    #[serde(default, deserialize_with = "null_as_default")]
    pub members: Vec<Person>,
}
