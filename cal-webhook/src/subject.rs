//! What a delivery is about.

use std::fmt;

use cal_core::{Booking, BookingUid, PaymentId, SeatUid};

/// What a delivery is about; deliveries about one subject belong together.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Subject {
    /// A booking.
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
        let uid = booking.uid.clone()?;
        Some(match Seat::of(booking) {
            Some(seat) => Self::Seat(uid, seat),
            None => Self::Booking(uid),
        })
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
