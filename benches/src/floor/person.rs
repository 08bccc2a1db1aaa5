//! People, places and seats, borrowed.

use std::fmt;

use cal_core::{BookingId, UserId};
use serde::{
    Deserialize, Deserializer,
    de::{Error, Visitor},
};
use serde_json::{Number, value::RawValue};

use super::text::{Text, null_as_default};

/// [`cal_core::Person`], borrowed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields of the owned struct")]
pub struct Person<'a> {
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    pub name: Text<'a>,
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    pub email: Text<'a>,
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    pub time_zone: &'a str,
    #[serde(borrow)]
    pub language: Option<Language<'a>>,
    pub utc_offset: Option<i32>,
    #[serde(borrow)]
    pub first_name: Option<Text<'a>>,
    #[serde(borrow)]
    pub last_name: Option<Text<'a>>,
    #[serde(borrow)]
    pub phone_number: Option<Text<'a>>,
    pub id: Option<UserId>,
    #[serde(borrow)]
    pub username: Option<&'a str>,
    #[serde(borrow)]
    pub username_in_org: Option<&'a str>,
    #[serde(borrow)]
    pub time_format: Option<TimeFormat<'a>>,
    pub booking_id: Option<BookingId>,
    #[serde(borrow)]
    pub locale: Option<&'a str>,
    pub no_show: Option<bool>,
    #[serde(borrow)]
    pub booking_seat: Option<Box<BookingSeat<'a>>>,
}

/// [`cal_core::Language`], borrowed.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[expect(missing_docs, reason = "the fields of the owned struct")]
pub struct Language<'a> {
    #[serde(borrow)]
    pub locale: Option<&'a str>,
}

/// [`cal_core::BookingSeat`], borrowed.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields of the owned struct")]
pub struct BookingSeat<'a> {
    pub id: Option<i64>,
    #[serde(borrow)]
    pub reference_uid: Option<&'a str>,
    pub booking_id: Option<BookingId>,
    pub attendee_id: Option<i64>,
    #[serde(borrow)]
    pub data: Option<&'a RawValue>,
    #[serde(borrow)]
    pub metadata: Option<&'a RawValue>,
}

/// [`cal_core::TimeFormat`], borrowed.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the variants of the owned enum")]
pub enum TimeFormat<'a> {
    Hours(Number),
    Pattern(Text<'a>),
}

impl<'de: 'a, 'a> Deserialize<'de> for TimeFormat<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Format;

        impl<'de> Visitor<'de> for Format {
            type Value = TimeFormat<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a pattern or a number")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(TimeFormat::Pattern(Text(text.into())))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(TimeFormat::Pattern(Text(text.to_owned().into())))
            }

            fn visit_u64<E>(self, hours: u64) -> Result<Self::Value, E> {
                Ok(TimeFormat::Hours(hours.into()))
            }

            fn visit_i64<E>(self, hours: i64) -> Result<Self::Value, E> {
                Ok(TimeFormat::Hours(hours.into()))
            }

            fn visit_f64<E: Error>(self, hours: f64) -> Result<Self::Value, E> {
                Number::from_f64(hours)
                    .map(TimeFormat::Hours)
                    .ok_or_else(|| E::custom("no finite number"))
            }
        }

        deserializer.deserialize_any(Format)
    }
}

/// [`cal_core::Location`], borrowed.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the variants of the owned enum")]
pub enum Location<'a> {
    Address(Text<'a>),
    AttendeeInPerson,
    AttendeePhone,
    CalVideo,
    Conferencing,
    GoogleMeet,
    InPerson,
    Integration(Text<'a>),
    Link,
    MicrosoftTeams,
    OrganizerPhone,
    Phone(Text<'a>),
    SomewhereElse,
    Unspecified,
    Url(Text<'a>),
    Zoom,
}

impl<'de: 'a, 'a> Deserialize<'de> for Location<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Text::deserialize(deserializer)?;
        Ok(match &*text {
            "" => Self::Unspecified,
            "attendeeInPerson" => Self::AttendeeInPerson,
            "conferencing" => Self::Conferencing,
            "inPerson" => Self::InPerson,
            "integrations:daily" => Self::CalVideo,
            "integrations:google:meet" => Self::GoogleMeet,
            "integrations:office365_video" => Self::MicrosoftTeams,
            "integrations:zoom" => Self::Zoom,
            "link" => Self::Link,
            "phone" => Self::AttendeePhone,
            "somewhereElse" => Self::SomewhereElse,
            "userPhone" => Self::OrganizerPhone,
            _ if text.starts_with("integrations:") => Self::Integration(text),
            _ if text.starts_with("https://") || text.starts_with("http://") => Self::Url(text),
            _ if text.starts_with('+') => Self::Phone(text),
            _ => Self::Address(text),
        })
    }
}
