//! The floor: the same work as the library's, written straight down and with borrowed texts.
//!
//! It checks a signature with a prepared key, and reads a body into structs with the fields and
//! shapes of [`cal_core::Booking`], in the two passes of [`cal_core::Delivery::parse`]. It keeps no
//! bytes, sets no drifting member aside, and leaves free-form members as the JSON they are.

mod answer;
mod booking;
mod calendar;
mod key;
mod person;
mod text;

use std::str::Utf8Error;

use cal_core::Trigger;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;

pub use answer::{Answer, AnswerValue, Fields};
pub use booking::{AssignmentReason, AssignmentReasonRow, Booking, Payment, PaymentInfo};
pub use calendar::{
    AdditionalInformation, AppStatus, Conference, ConferenceRequest, ConferenceSolution,
    ConferenceStatus, DestinationCalendar, DestinationCalendars, EntryPoint, ExistingSeries,
    Recurrence, Team, VideoCall,
};
pub use key::{Key, RingKey};
pub use person::{BookingSeat, Language, Location, Person, TimeFormat};
pub use text::Text;

/// A delivery of a booking.
#[derive(Clone, Debug)]
pub struct Delivery<'a> {
    /// When it was sent.
    pub created_at: Option<DateTime<Utc>>,
    /// The booking.
    pub booking: Booking<'a>,
}

/// Why the floor could not read a body.
#[derive(Debug)]
pub enum Unreadable {
    /// The body is not UTF-8.
    Encoding(Utf8Error),
    /// The body is no delivery of a booking.
    Json(serde_json::Error),
    /// The trigger is another one.
    Trigger(Option<Trigger>),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    trigger_event: Option<Trigger>,
    created_at: Option<DateTime<Utc>>,
    #[serde(borrow)]
    payload: &'a RawValue,
}

/// Reads a `BOOKING_CREATED`: the envelope first, then its payload.
///
/// # Errors
///
/// Fails when the body is anything else.
pub fn read(body: &[u8]) -> Result<Delivery<'_>, Unreadable> {
    let text = std::str::from_utf8(body).map_err(Unreadable::Encoding)?;
    let envelope: Envelope<'_> = serde_json::from_str(text).map_err(Unreadable::Json)?;
    match envelope.trigger_event {
        Some(Trigger::BookingCreated) => {}
        other => return Err(Unreadable::Trigger(other)),
    }
    let booking = serde_json::from_str(envelope.payload.get()).map_err(Unreadable::Json)?;
    Ok(Delivery { created_at: envelope.created_at, booking })
}
