//! Organisers, attendees, guests and team members.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, Visitor},
};
use serde_json::{Map, Number, Value};
use serde_with::skip_serializing_none;

use crate::{BookingId, SeatUid, UserId, wire::null_as_default};

/// Somebody who takes part in a booking.
///
/// Strings are empty when Cal.com has nothing to say. Guests have no name. People who gave only a
/// phone number get an address that ends in `@sms.cal.com`.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Person {
    /// The full name as typed; empty for additional guests.
    #[serde(default, deserialize_with = "null_as_default")]
    pub name: String,
    /// The e-mail address; empty or no address at all when it is unknown.
    #[serde(default, deserialize_with = "null_as_default")]
    pub email: String,
    /// The IANA time zone, `Europe/Oslo`; empty when unknown.
    #[serde(default, deserialize_with = "null_as_default")]
    pub time_zone: String,
    /// The language the person booked in; see [`Person::locale`].
    pub language: Option<Language>,
    /// Minutes east of UTC at the booking's start.
    pub utc_offset: Option<i32>,
    /// The first name, often empty.
    pub first_name: Option<String>,
    /// The last name, often empty.
    pub last_name: Option<String>,
    /// The phone number, when the booking asked for it.
    pub phone_number: Option<String>,
    /// A host's user id; for attendees, the number of the attendee row.
    pub id: Option<UserId>,
    /// A host's user name, the first part of the booking link.
    pub username: Option<String>,
    /// A host's user name within an organisation.
    pub username_in_org: Option<String>,
    /// How a host wants times to be written.
    pub time_format: Option<TimeFormat>,
    /// The attendee row's booking; only rows read from the database carry it.
    pub booking_id: Option<BookingId>,
    /// The attendee row's language, where it does not stand in `language`.
    pub locale: Option<String>,
    /// Whether the attendee was marked as absent.
    pub no_show: Option<bool>,
    /// The seat of a seated booking.
    pub booking_seat: Option<Box<BookingSeat>>,
}

impl Person {
    /// The ending of the e-mail addresses that Cal.com makes up for people who gave only a phone number;
    /// the number's digits stand before it.
    pub const MADE_UP: &str = "@sms.cal.com";

    /// Returns the language tag, `en` or `pt-BR`, wherever Cal.com put it.
    #[must_use]
    pub fn locale(&self) -> Option<&str> {
        let language = self.language.as_ref().and_then(|language| language.locale.as_deref());
        language.or(self.locale.as_deref()).filter(|locale| !locale.is_empty())
    }
}

/// The wrapper that Cal.com puts around a language tag.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Language {
    /// A language tag such as `en`, `de` or `pt-BR`.
    pub locale: Option<String>,
}

/// How a host wants times to be written: a pattern, or in some documents a number of hours.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum TimeFormat {
    /// `12` or `24`.
    Hours(Number),
    /// `h:mma` or `HH:mm`.
    Pattern(String),
}

impl TimeFormat {
    /// Whether hours count to 24.
    #[must_use]
    pub fn is_24_hours(&self) -> bool {
        match self {
            Self::Hours(hours) => hours.as_u64() == Some(24),
            Self::Pattern(pattern) => pattern.starts_with('H'),
        }
    }
}

impl<'de> Deserialize<'de> for TimeFormat {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct HoursOrPattern;

        impl Visitor<'_> for HoursOrPattern {
            type Value = TimeFormat;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a pattern or a number of hours")
            }

            fn visit_str<E>(self, pattern: &str) -> Result<TimeFormat, E> {
                Ok(TimeFormat::Pattern(pattern.to_owned()))
            }

            fn visit_i64<E>(self, hours: i64) -> Result<TimeFormat, E> {
                Ok(TimeFormat::Hours(hours.into()))
            }

            fn visit_u64<E>(self, hours: u64) -> Result<TimeFormat, E> {
                Ok(TimeFormat::Hours(hours.into()))
            }

            fn visit_f64<E: Error>(self, hours: f64) -> Result<TimeFormat, E> {
                Number::from_f64(hours).map(TimeFormat::Hours).ok_or_else(|| E::custom("no number"))
            }
        }

        deserializer.deserialize_any(HoursOrPattern)
    }
}

/// An attendee's seat in a seated booking.
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct BookingSeat {
    /// The number of the seat's row.
    pub id: Option<i64>,
    /// The seat's public reference.
    pub reference_uid: Option<SeatUid>,
    /// The booking's number.
    pub booking_id: Option<BookingId>,
    /// The number of the attendee's row.
    pub attendee_id: Option<i64>,
    /// The answers and the description stored with the seat; free-form.
    pub data: Option<Value>,
    /// What the booking page stored with the seat; free-form.
    pub metadata: Option<Map<String, Value>>,
}
