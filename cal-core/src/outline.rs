//! What routing needs to know of a body, without building the payload.

use std::{borrow::Cow, fmt};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, de::Visitor};

use crate::{ParseError, time};

/// A body's trigger, booking and times, read in one pass without building the payload.
///
/// Costs about a third of [`Delivery::parse`](crate::Delivery::parse) on a usual booking
/// (`cargo bench -p benches`), and nothing is copied. It still checks the whole body's JSON.
///
/// ```
/// use cal_core::Outline;
///
/// let body = br#"{"triggerEvent":"BOOKING_CREATED","createdAt":"2026-05-04T09:30:00.000Z",
///     "payload":{"uid":"b1","startTime":"2026-05-11T08:00:00Z"}}"#;
/// let outline = Outline::of(body)?;
/// assert_eq!(outline.trigger.as_deref(), Some("BOOKING_CREATED"));
/// assert_eq!(outline.uid.as_deref(), Some("b1"));
/// # Ok::<(), cal_core::ParseError>(())
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Outline<'a> {
    /// The trigger's spelling.
    pub trigger: Option<Cow<'a, str>>,
    /// When Cal.com sent the delivery; of a flat meeting row, when the booking was made.
    pub created_at: Option<DateTime<Utc>>,
    /// The booking's public id, wherever this trigger has it.
    pub uid: Option<Cow<'a, str>>,
    /// When the booking starts.
    pub start: Option<DateTime<Utc>>,
    /// When the booking ends.
    pub end: Option<DateTime<Utc>>,
}

impl<'a> Outline<'a> {
    /// Reads the outline of a body.
    ///
    /// # Errors
    ///
    /// Fails when the body is no UTF-8, no JSON object, or one of these members has another type;
    /// [`Delivery::parse`](crate::Delivery::parse) takes such bodies too.
    pub fn of(body: &'a [u8]) -> Result<Self, ParseError> {
        let text = std::str::from_utf8(body).map_err(|_| ParseError::new("expected UTF-8"))?;
        // Serde would take an array for an object, member by member.
        if !text.trim_ascii_start().starts_with('{') {
            return Err(ParseError::new("expected a JSON object"));
        }
        let envelope: Envelope<'a> =
            serde_json::from_str(text).map_err(|error| ParseError::from_json("", &error))?;
        let text = |member: Option<Text<'a>>| member.map(|Text(text)| text);
        // Beside a payload, these names can only be a form's answers.
        let payload = envelope.payload.unwrap_or(Payload {
            booking: None,
            booking_uid: None,
            end_time: envelope.end_time,
            start_time: envelope.start_time,
            uid: envelope.uid,
        });
        let booking = payload.booking.unwrap_or_default();
        Ok(Self {
            trigger: text(envelope.trigger_event),
            created_at: envelope.created_at,
            uid: text(payload.uid.or(payload.booking_uid).or(booking.uid)),
            start: payload.start_time.or(booking.start_time),
            end: payload.end_time.or(booking.end_time),
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    #[serde(borrow)]
    trigger_event: Option<Text<'a>>,
    #[serde(default, deserialize_with = "time::maybe")]
    created_at: Option<DateTime<Utc>>,
    #[serde(borrow)]
    payload: Option<Payload<'a>>,
    #[serde(borrow)]
    uid: Option<Text<'a>>,
    #[serde(default, deserialize_with = "time::maybe")]
    start_time: Option<DateTime<Utc>>,
    #[serde(default, deserialize_with = "time::maybe")]
    end_time: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload<'a> {
    #[serde(borrow)]
    booking: Option<Reported<'a>>,
    #[serde(borrow)]
    uid: Option<Text<'a>>,
    #[serde(borrow)]
    booking_uid: Option<Text<'a>>,
    #[serde(default, deserialize_with = "time::maybe")]
    start_time: Option<DateTime<Utc>>,
    #[serde(default, deserialize_with = "time::maybe")]
    end_time: Option<DateTime<Utc>>,
}

/// The booking of a report about a wrong assignment.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reported<'a> {
    #[serde(borrow)]
    uid: Option<Text<'a>>,
    #[serde(default, deserialize_with = "time::maybe")]
    start_time: Option<DateTime<Utc>>,
    #[serde(default, deserialize_with = "time::maybe")]
    end_time: Option<DateTime<Utc>>,
}

/// A text that is borrowed wherever it holds no escape; `Option<Cow<str>>` alone always copies.
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Borrowing;

        impl<'de> Visitor<'de> for Borrowing {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(Borrowing)
    }
}
