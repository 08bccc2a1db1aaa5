//! One booking, as far as deliveries have told.

use std::collections::BTreeSet;

use cal_core::{Booking, BookingId, BookingUid};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{Change, Subject, Transition};

/// How far a booking has come; a later rank is never overwritten by an earlier one.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Rank {
    Pending,
    Accepted,
    Rejected,
    Cancelled,
    Moved,
}

impl Rank {
    /// Returns the rank as it is kept beside tasks; 0 would be none.
    pub(crate) fn number(self) -> i16 {
        self as i16 + 1
    }
}

/// Something that a booking or a seat has reached; reported once, it stays.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Reached {
    Accepted,
    Cancelled,
    Ended,
    Initiated,
    Pending,
    Rejected,
    Started,
}

impl Reached {
    pub(crate) fn by(change: Change) -> Option<Self> {
        Some(match change {
            Change::Booked | Change::Rescheduled => Self::Accepted,
            Change::Cancelled | Change::RescheduleRequested => Self::Cancelled,
            Change::Ended => Self::Ended,
            Change::PaymentInitiated => Self::Initiated,
            Change::Rejected => Self::Rejected,
            Change::Requested => Self::Pending,
            Change::Started => Self::Started,
            _ => return None,
        })
    }

    pub(crate) fn rank(self) -> Option<Rank> {
        Some(match self {
            Self::Accepted => Rank::Accepted,
            Self::Cancelled => Rank::Cancelled,
            Self::Pending => Rank::Pending,
            Self::Rejected => Rank::Rejected,
            Self::Ended | Self::Initiated | Self::Started => return None,
        })
    }
}

/// What a booking's row shows of its content: the latest news of the highest rank.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub struct About {
    /// Of two contents the one with the higher rank is shown, then the later one.
    pub rank: i16,
    /// When Cal.com sent the content.
    pub at: DateTime<Utc>,
    /// The title.
    pub title: String,
    /// When the booking starts.
    pub start: DateTime<Utc>,
    /// When the booking ends.
    pub end: DateTime<Utc>,
    /// The e-mail address of who booked.
    pub attendee_email: Option<String>,
}

impl About {
    /// Puts together what a store has kept.
    #[must_use]
    pub fn new(
        (rank, at): (i16, DateTime<Utc>),
        title: String,
        (start, end): (DateTime<Utc>, DateTime<Utc>),
        attendee_email: Option<String>,
    ) -> Self {
        Self { rank, at, title, start, end, attendee_email }
    }

    pub(crate) fn of(
        booking: &Booking,
        transition: &Transition,
        created_at: Option<DateTime<Utc>>,
    ) -> Option<Self> {
        let rank = match (transition.change, &transition.subject) {
            // The others stay when somebody leaves, and are whom the row shows.
            (Change::Cancelled, Some(Subject::Seat(..)))
            | (Change::Paid | Change::NoShowFee, _)
            | (Change::PaymentInitiated | Change::Requested, _) => 1,
            (_, Some(Subject::Seat(..)))
            | (Change::Booked | Change::LocationChanged, _)
            | (Change::Reassigned | Change::Rescheduled, _) => 2,
            (Change::Cancelled | Change::Rejected | Change::RescheduleRequested, _) => 3,
            _ => return None,
        };
        let readable = |text: &str| text.replace('\0', "\u{fffd}");
        let email = booking.booker().map(|booker| readable(&booker.email));
        Some(Self {
            rank,
            at: created_at.unwrap_or(DateTime::UNIX_EPOCH),
            title: readable(&booking.title),
            start: booking.start,
            end: booking.end,
            attendee_email: email.filter(|email| !email.is_empty()),
        })
    }
}

/// One seat of a booking.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Seat {
    pub(crate) reference: Option<String>,
    /// Whose it is, as a digest.
    pub(crate) attendee: Option<String>,
    pub(crate) reached: BTreeSet<Reached>,
    /// When it was last reported as taken; who leaves by the address had taken it before.
    pub(crate) taken_at: Option<DateTime<Utc>>,
    pub(crate) cancelled_at: Option<DateTime<Utc>>,
    /// When whose seat it is moved to another booking under a new reference.
    pub(crate) moved_at: Option<DateTime<Utc>>,
    pub(crate) moved: bool,
}

impl Seat {
    pub(crate) fn rank(&self) -> Option<Rank> {
        if self.moved || (self.moved_at.is_some() && self.moved_at >= self.taken_at) {
            return Some(Rank::Moved);
        }
        self.reached.iter().filter_map(|reached| reached.rank()).max()
    }

    /// Whether it is this attendee's.
    pub(crate) fn is_of(&self, attendee: Option<&str>) -> bool {
        self.attendee.is_some() && self.attendee.as_deref() == attendee
    }

    /// When its attendee was last known to leave.
    pub(crate) fn left_at(&self) -> Option<DateTime<Utc>> {
        self.cancelled_at.max(self.moved_at)
    }

    fn is_gone(&self) -> bool {
        self.rank() > Some(Rank::Accepted)
    }
}

/// What is known about a booking besides what its row shows.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub(crate) struct Facts {
    pub(crate) reached: BTreeSet<Reached>,
    /// The later state that some payload showed although no trigger reported it.
    pub(crate) shown: Option<Rank>,
    pub(crate) moved_from: Option<BookingUid>,
    /// The chain's first booking, where only the calendar entry links them.
    pub(crate) root: Option<BookingUid>,
    /// When the earliest delivery about it was sent.
    pub(crate) first_at: Option<DateTime<Utc>>,
    pub(crate) paid: bool,
    /// What began or ended, with the start that it was about.
    pub(crate) meetings: BTreeSet<(Reached, DateTime<Utc>)>,
    pub(crate) seats: Vec<Seat>,
}

impl Facts {
    /// Whether a delivery has told about the booking itself.
    pub(crate) fn is_known(&self) -> bool {
        self.shown.is_some() || self.reached.iter().any(|reached| reached.rank().is_some())
    }

    /// Whether the meeting that starts then has begun or ended.
    pub(crate) fn has_met(&self, state: Reached, start: DateTime<Utc>) -> bool {
        self.meetings.contains(&(state, start))
    }

    /// How far the booking has come, its chain left aside.
    pub(crate) fn rank(&self) -> Option<Rank> {
        let whole = self.reached.iter().filter_map(|reached| reached.rank()).max();
        let whole = whole.max(self.shown);
        // Who gives up a seat has given up those that they took before, whatever was reported.
        let left = |seat: &Seat| {
            let mine = self.seats.iter().filter(|other| other.is_of(seat.attendee.as_deref()));
            mine.filter_map(Seat::left_at).max().is_some_and(|at| seat.taken_at <= Some(at))
        };
        let is_gone = |seat: &Seat| seat.is_gone() || left(seat);
        let seated = !self.seats.is_empty() && self.seats.iter().all(is_gone);
        if seated && whole.is_some() && whole <= Some(Rank::Accepted) {
            // Nobody is left that we know of; the last one tells what became of the booking.
            let moved_at = self.seats.iter().filter_map(|seat| seat.moved_at).max();
            let cancelled_at = self.seats.iter().filter_map(|seat| seat.cancelled_at).max();
            let moved = match moved_at {
                Some(_) => moved_at > cancelled_at,
                None => self.seats.iter().any(|seat| seat.moved),
            };
            return Some(if moved { Rank::Moved } else { Rank::Cancelled });
        }
        whole
    }
}

/// The status of a booking, as its row shows it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum BookingState {
    /// It is confirmed.
    Accepted,
    /// It was cancelled.
    Cancelled,
    /// It took place, as far as its time tells.
    Ended,
    /// Another booking has replaced it.
    Moved,
    /// It waits for the host or for a payment.
    Pending,
    /// The host declined it.
    Rejected,
}

/// A booking as a store keeps it between two rounds of planning.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct BookingRow {
    /// The booking.
    pub uid: BookingUid,
    /// The first booking of its chain.
    pub chain: BookingUid,
    /// Its number in Cal.com's database.
    pub number: Option<BookingId>,
    /// How far it has come.
    pub status: BookingState,
    /// Whether it or a booking that it replaced was paid.
    pub paid: bool,
    /// Whether a delivery has told about the booking itself, not only about one that replaced it.
    pub known: bool,
    /// What the row shows of its content.
    pub about: Option<About>,
    /// What else is known, as JSON without personal data; only [`Chains`](crate::Chains) reads it.
    pub facts: String,
}

impl BookingRow {
    /// Puts together what a store has kept; `status`, `paid` and `known` follow from the facts.
    #[must_use]
    pub fn kept(
        uid: BookingUid,
        chain: BookingUid,
        number: Option<BookingId>,
        about: Option<About>,
        facts: String,
    ) -> Self {
        let (status, paid, known) = (BookingState::Pending, false, false);
        Self { uid, chain, number, status, paid, known, about, facts }
    }
}
