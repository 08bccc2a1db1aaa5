//! Calendars, conferences, series and teams, borrowed.

use std::fmt;

use cal_core::{EventTypeId, TeamId, UserId};
use chrono::{DateTime, Utc};
use serde::{
    Deserialize, Deserializer,
    de::{
        MapAccess, SeqAccess, Visitor,
        value::{MapAccessDeserializer, SeqAccessDeserializer},
    },
};

use super::{
    person::Person,
    text::{Text, null_as_default},
};

/// [`cal_core::DestinationCalendars`], borrowed.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the variants of the owned enum")]
pub enum DestinationCalendars<'a> {
    Many(Vec<DestinationCalendar<'a>>),
    One(Box<DestinationCalendar<'a>>),
}

impl<'de: 'a, 'a> Deserialize<'de> for DestinationCalendars<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListOrOne;

        impl<'de> Visitor<'de> for ListOrOne {
            type Value = DestinationCalendars<'de>;

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

/// [`cal_core::DestinationCalendar`], borrowed.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields of the owned struct")]
pub struct DestinationCalendar<'a> {
    pub id: Option<i64>,
    #[serde(borrow)]
    pub integration: Option<&'a str>,
    #[serde(borrow)]
    pub external_id: Option<&'a str>,
    #[serde(borrow)]
    pub primary_email: Option<Text<'a>>,
    pub user_id: Option<UserId>,
    pub event_type_id: Option<EventTypeId>,
    pub credential_id: Option<i64>,
    pub created_at: Option<DateTime<Utc>>,
    pub updated_at: Option<DateTime<Utc>>,
    #[serde(borrow)]
    pub delegation_credential_id: Option<&'a str>,
    #[serde(borrow)]
    pub domain_wide_delegation_credential_id: Option<&'a str>,
    pub custom_calendar_reminder: Option<i64>,
}

/// [`cal_core::VideoCall`], borrowed.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "the fields of the owned struct")]
pub struct VideoCall<'a> {
    #[serde(borrow, rename = "type")]
    pub kind: Option<&'a str>,
    #[serde(borrow)]
    pub id: Option<&'a str>,
    #[serde(borrow)]
    pub password: Option<Text<'a>>,
    #[serde(borrow)]
    pub url: Option<&'a str>,
}

/// [`cal_core::Conference`], borrowed.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields of the owned struct")]
pub struct Conference<'a> {
    #[serde(borrow)]
    pub create_request: Option<ConferenceRequest<'a>>,
    #[serde(borrow)]
    pub conference_id: Option<&'a str>,
    #[serde(borrow)]
    pub conference_solution: Option<ConferenceSolution<'a>>,
    #[serde(borrow)]
    pub entry_points: Option<Vec<EntryPoint<'a>>>,
    #[serde(borrow)]
    pub notes: Option<Text<'a>>,
    #[serde(borrow)]
    pub signature: Option<&'a str>,
}

/// [`cal_core::ConferenceRequest`], borrowed.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields of the owned struct")]
pub struct ConferenceRequest<'a> {
    #[serde(borrow)]
    pub request_id: Option<&'a str>,
    #[serde(borrow)]
    pub conference_solution_key: Option<ConferenceSolution<'a>>,
    #[serde(borrow)]
    pub status: Option<ConferenceStatus<'a>>,
}

/// [`cal_core::ConferenceSolution`], borrowed.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields of the owned struct")]
pub struct ConferenceSolution<'a> {
    #[serde(borrow, rename = "type")]
    pub kind: Option<&'a str>,
    #[serde(borrow)]
    pub name: Option<Text<'a>>,
    #[serde(borrow)]
    pub icon_uri: Option<&'a str>,
    pub key: Option<Box<Self>>,
}

/// [`cal_core::ConferenceStatus`], borrowed.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields of the owned struct")]
pub struct ConferenceStatus<'a> {
    #[serde(borrow)]
    pub status_code: Option<&'a str>,
}

/// [`cal_core::EntryPoint`], borrowed.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields of the owned struct")]
pub struct EntryPoint<'a> {
    #[serde(borrow)]
    pub entry_point_type: Option<&'a str>,
    #[serde(borrow)]
    pub uri: Option<&'a str>,
    #[serde(borrow)]
    pub label: Option<Text<'a>>,
    #[serde(borrow)]
    pub pin: Option<Text<'a>>,
    #[serde(borrow)]
    pub access_code: Option<Text<'a>>,
    #[serde(borrow)]
    pub meeting_code: Option<Text<'a>>,
    #[serde(borrow)]
    pub passcode: Option<Text<'a>>,
    #[serde(borrow)]
    pub password: Option<Text<'a>>,
    #[serde(borrow)]
    pub region_code: Option<Text<'a>>,
}

/// [`cal_core::AdditionalInformation`], borrowed.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields of the owned struct")]
pub struct AdditionalInformation<'a> {
    #[serde(borrow)]
    pub hangout_link: Option<&'a str>,
    #[serde(borrow)]
    pub conference_data: Option<Conference<'a>>,
    #[serde(borrow)]
    pub entry_points: Option<Vec<EntryPoint<'a>>>,
}

/// [`cal_core::AppStatus`], borrowed.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields of the owned struct")]
pub struct AppStatus<'a> {
    #[serde(borrow)]
    pub app_name: Option<&'a str>,
    #[serde(borrow, rename = "type")]
    pub kind: Option<&'a str>,
    pub success: Option<i64>,
    pub failures: Option<i64>,
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    pub errors: Vec<Text<'a>>,
    #[serde(borrow)]
    pub warnings: Option<Vec<Text<'a>>>,
}

/// [`cal_core::Recurrence`], borrowed.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields of the owned struct")]
pub struct Recurrence<'a> {
    pub freq: Option<i64>,
    pub count: Option<i64>,
    pub interval: Option<i64>,
    pub dtstart: Option<DateTime<Utc>>,
    pub until: Option<DateTime<Utc>>,
    #[serde(borrow)]
    pub tzid: Option<&'a str>,
}

/// [`cal_core::ExistingSeries`], borrowed.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields of the owned struct")]
pub struct ExistingSeries<'a> {
    #[serde(borrow)]
    pub recurring_event_id: Option<&'a str>,
}

/// [`cal_core::Team`], borrowed.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields of the owned struct")]
pub struct Team<'a> {
    pub id: Option<TeamId>,
    #[serde(borrow)]
    pub name: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    pub members: Vec<Person<'a>>,
}
