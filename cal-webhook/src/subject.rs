//! What a delivery is about.

use std::fmt;

use cal_core::{Booking, BookingId, BookingUid, Event, PaymentId, SeatUid};

use crate::marks::{digest, micros};

/// What a delivery is about; deliveries about one subject belong together.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Subject {
    /// A booking; one that replaces another and has no uid goes by its number, `#121`.
    Booking(BookingUid),
    /// What somebody filled into a form, by a digest of the answers.
    Form(String),
    /// An entry about days on which somebody is away, by its uuid.
    OutOfOffice(String),
    /// A payment.
    Payment(PaymentId),
    /// One seat of a booking.
    Seat(BookingUid, Seat),
}

/// How a seat of a booking is told from the others.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Seat {
    /// By the attendee's e-mail address, where Cal.com leaves the reference out.
    Attendee(String),
    /// By its reference.
    Reference(SeatUid),
}

impl Subject {
    /// Returns the booking, unless the subject is none.
    #[must_use]
    pub fn booking_uid(&self) -> Option<&BookingUid> {
        match self {
            Self::Booking(uid) | Self::Seat(uid, _) => Some(uid),
            _ => None,
        }
    }

    /// Returns the booking, or the seat where the booking has seats.
    pub(crate) fn of_booking(booking: &Booking) -> Option<Self> {
        Some(Self::of_seat(booking, booking.uid.clone()?))
    }

    /// Returns the booking that was made, or the seat, also where its uid is missing.
    pub(crate) fn of_made(booking: &Booking) -> Option<Self> {
        Some(Self::of_seat(booking, made(booking)?))
    }

    fn of_seat(booking: &Booking, uid: BookingUid) -> Self {
        match Seat::of(booking) {
            Some(seat) => Self::Seat(uid, seat),
            None => Self::Booking(uid),
        }
    }
}

impl Seat {
    /// Returns the seat a delivery names by its reference, or by its attendee.
    pub(crate) fn of(booking: &Booking) -> Option<Self> {
        if let Some(seat) = &booking.attendee_seat_id {
            return Some(Self::Reference(seat.clone()));
        }
        booking.seats_per_time_slot?;
        let attendee = booking.booker()?;
        let reference = attendee.booking_seat.as_ref().and_then(|seat| seat.reference_uid.clone());
        Some(reference.map_or_else(|| Self::Attendee(attendee.email.clone()), Self::Reference))
    }
}

/// The longest text that counts as an id; Cal.com's uids have 22 letters.
const ID: usize = 200;

/// What the stand-ins for uids begin with, and no uid does.
const STAND_IN: char = '#';

/// Whether a database can find something by this.
pub(crate) fn is_id(uid: &BookingUid) -> bool {
    let uid = uid.as_str();
    !uid.is_empty() && uid.len() <= ID && !uid.contains('\0')
}

/// Returns what stands for the uid of a booking of which only the number is known.
pub(crate) fn numbered(BookingId(number): BookingId) -> BookingUid {
    format!("{STAND_IN}{number}").into()
}

pub(crate) fn is_stand_in(uid: &BookingUid) -> bool {
    uid.as_str().starts_with(STAND_IN)
}

/// Returns the uid of a booking that was made, or what stands for it.
///
/// A booking that replaces another one says enough without a uid: it goes by its number, or else by
/// what it replaces and when it is.
pub(crate) fn made(booking: &Booking) -> Option<BookingUid> {
    if let Some(uid) = booking.uid.as_ref().filter(|uid| !uid.as_str().is_empty()) {
        return Some(uid.clone());
    }
    let from = booking.reschedule_uid.as_ref().filter(|from| is_id(from))?;
    let start = || booking.start.map(micros).unwrap_or_default();
    let unnumbered = || format!("{STAND_IN}{}", digest(&[from.as_str(), &start()])).into();
    Some(booking.id.map_or_else(unnumbered, numbered))
}

/// Returns the uid that an event names, or what stands for it.
pub(crate) fn named(event: &Event) -> Option<BookingUid> {
    let uid = event.booking_uid().filter(|uid| is_id(uid));
    uid.cloned().or_else(|| number(event).map(numbered))
}

/// Returns the number of the booking that an event is about.
pub(crate) fn number(event: &Event) -> Option<BookingId> {
    match event {
        Event::AfterGuestsCalVideoNoShow(call) | Event::AfterHostsCalVideoNoShow(call) => {
            call.booking_id.filter(|_| call.uid.is_none())
        }
        Event::BookingNoShowUpdated(update) => update.booking_id,
        Event::MeetingEnded(meeting) | Event::MeetingStarted(meeting) => meeting.id,
        other => other.booking()?.id,
    }
}

/// Writes a key: the booking's uid, with the seat behind a `+`, or the other subject's id.
impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Booking(uid) => uid.fmt(f),
            Self::Form(digest) => digest.fmt(f),
            Self::OutOfOffice(uuid) => uuid.fmt(f),
            Self::Payment(id) => id.fmt(f),
            Self::Seat(uid, Seat::Attendee(email)) => write!(f, "{uid}+{email}"),
            Self::Seat(uid, Seat::Reference(seat)) => write!(f, "{uid}+{seat}"),
        }
    }
}
