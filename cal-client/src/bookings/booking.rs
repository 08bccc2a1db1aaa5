//! A booking as the API shows it.

use cal_core::{BookingId, BookingUid, EventTypeId, SeatUid};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::{Map, Value};

use crate::wire::{OneOrMany, open_enum, or_default};

/// A booking, of whatever kind: single, of a series, or with seats.
///
/// What only some kinds have is an `Option` (the variants of `BookingOutput_2024_08_13` in Cal.com's
/// API description; what may be `null` was seen on a real server).
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct Booking {
    /// The booking's number.
    pub id: BookingId,
    /// The booking's public id; anyone who has it may read, move and cancel the booking.
    pub uid: BookingUid,
    /// The title.
    #[serde(default, deserialize_with = "or_default")]
    pub title: String,
    /// The description, or what the guest wrote as a note.
    pub description: Option<String>,
    /// Who hosts it.
    #[serde(default, deserialize_with = "or_default")]
    pub hosts: Vec<BookingHost>,
    /// The status.
    pub status: BookingStatus,
    /// Why it was cancelled; empty when nobody said.
    pub cancellation_reason: Option<String>,
    /// Who cancelled it.
    pub cancelled_by_email: Option<String>,
    /// Why it was moved.
    pub rescheduling_reason: Option<String>,
    /// Who moved it.
    pub rescheduled_by_email: Option<String>,
    /// The booking that this one took the place of.
    pub rescheduled_from_uid: Option<BookingUid>,
    /// The booking that took the place of this one.
    pub rescheduled_to_uid: Option<BookingUid>,
    /// When it begins.
    pub start: DateTime<Utc>,
    /// When it ends.
    pub end: DateTime<Utc>,
    /// How long it is, in minutes.
    pub duration: Option<f64>,
    /// The event type's number; [`Booking::event_type`] has it, too.
    pub event_type_id: Option<EventTypeId>,
    /// The event type.
    pub event_type: Option<BookingEventType>,
    /// The address of the meeting; [`Booking::location`] has it, too.
    pub meeting_url: Option<String>,
    /// Where it is: the provider's code until the booking is accepted, then an address.
    pub location: Option<String>,
    /// Whether a host was marked as missing.
    pub absent_host: Option<bool>,
    /// When it was made.
    pub created_at: Option<DateTime<Utc>>,
    /// When it was last changed.
    pub updated_at: Option<DateTime<Utc>>,
    /// Data of your own.
    pub metadata: Option<Map<String, Value>>,
    /// What the guest thought of it.
    pub rating: Option<f64>,
    /// The calendar entry's UID: `<first uid of the chain>@Cal.com`.
    pub ics_uid: Option<String>,
    /// Who attends.
    #[serde(default, deserialize_with = "or_default")]
    pub attendees: Vec<BookingGuest>,
    /// The addresses of further guests.
    pub guests: Option<Vec<String>>,
    /// What the guest answered, by the questions' slugs.
    pub booking_fields_responses: Option<Map<String, Value>>,
    /// The series this is one of.
    pub recurring_booking_uid: Option<String>,
    /// The seat that was just taken; only in the answer to that.
    pub seat_uid: Option<SeatUid>,
}

/// A host of a booking.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct BookingHost {
    /// The user's number, or the text `unknown` when nobody hosts the booking.
    pub id: Option<Value>,
    /// The name.
    pub name: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The e-mail address for people to read.
    pub display_email: Option<String>,
    /// The name in addresses, `cal.com/<username>`.
    pub username: Option<String>,
    /// The IANA name of the time zone.
    pub time_zone: Option<String>,
}

/// The event type of a booking.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct BookingEventType {
    /// The event type's number.
    pub id: EventTypeId,
    /// The name in addresses.
    pub slug: Option<String>,
}

/// Who attends a booking.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct BookingGuest {
    /// The name; empty for guests who were added.
    pub name: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The e-mail address for people to read.
    pub display_email: Option<String>,
    /// The IANA name of the time zone.
    pub time_zone: Option<String>,
    /// The language.
    pub language: Option<String>,
    /// Whether the guest was marked as missing.
    pub absent: Option<bool>,
    /// The phone number.
    pub phone_number: Option<String>,
    /// The seat, of a booking with seats.
    pub seat_uid: Option<SeatUid>,
    /// What the guest answered, of a booking with seats.
    pub booking_fields_responses: Option<Map<String, Value>>,
    /// Data of your own, of a booking with seats.
    pub metadata: Option<Map<String, Value>>,
}

open_enum! {
    /// The status of a booking.
    pub enum BookingStatus {
        /// It takes place.
        Accepted = "accepted",
        /// It was cancelled, or another one took its place.
        Cancelled = "cancelled",
        /// It waits for the host.
        Pending = "pending",
        /// The host declined.
        Rejected = "rejected",
    }
}

/// What stands where a booking does: one, or those of a series.
///
/// Which of them it is depends on the event type, and on whether the uid is that of a series.
pub(super) struct OneOrMore {
    first: Booking,
    rest: Vec<Booking>,
}

impl OneOrMore {
    /// Returns the first booking.
    pub(super) fn first(self) -> Booking {
        self.first
    }

    /// Returns the booking with this uid, or else the first.
    pub(super) fn one(self, uid: &BookingUid) -> Booking {
        if self.first.uid == *uid {
            return self.first;
        }
        let asked = self.rest.into_iter().find(|booking| booking.uid == *uid);
        asked.unwrap_or(self.first)
    }

    /// Returns all bookings.
    pub(super) fn all(self) -> Vec<Booking> {
        let mut bookings = self.rest;
        bookings.insert(0, self.first);
        bookings
    }
}

impl<'de> Deserialize<'de> for OneOrMore {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let OneOrMany(mut rest) = OneOrMany::deserialize(deserializer)?;
        if rest.is_empty() {
            return Err(D::Error::custom("expected a booking, found an empty list"));
        }
        Ok(Self { first: rest.remove(0), rest })
    }
}
