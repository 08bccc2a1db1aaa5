//! One booking, as far as deliveries have told.

use std::collections::BTreeSet;

use cal_core::{Booking, BookingId, BookingUid};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    details::Details,
    members::Place,
    seat::{Crowd, Seat},
};
use crate::{Change, Subject, Transition, venue::Venue};

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
            | (Change::Booked | Change::GuestsAdded | Change::LocationChanged, _)
            | (Change::Reassigned | Change::Rescheduled, _) => 2,
            (Change::Cancelled | Change::Rejected | Change::RescheduleRequested, _) => 3,
            _ => return None,
        };
        let (start, end) = booking.period()?;
        let readable = |text: &str| text.replace('\0', "\u{fffd}");
        let email = booking.booker().map(|booker| readable(&booker.email));
        Some(Self {
            rank,
            at: created_at.unwrap_or(DateTime::UNIX_EPOCH),
            title: readable(&booking.title),
            start,
            end,
            attendee_email: email.filter(|email| !email.is_empty()),
        })
    }
}

/// How many guests of a booking are told apart.
const GUESTS: usize = 64;

/// What is known about a booking besides what its row shows.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub(crate) struct Facts {
    pub(crate) reached: BTreeSet<Reached>,
    /// The later state that some payload showed although no trigger reported it.
    pub(crate) shown: Option<Rank>,
    pub(crate) moved_from: Option<BookingUid>,
    /// The chain's first booking, where only the calendar entry links them; it may not be known.
    pub(crate) root: Option<BookingUid>,
    /// Of what stands for a booking whose uid was missing: the uid, once it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) named: Option<BookingUid>,
    /// What has stood for this booking while its uid was missing.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) stand_ins: BTreeSet<BookingUid>,
    /// The booking that replaces it, and what stands for one whose uid was missing: a booking is
    /// moved only once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) successor: Option<BookingUid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) nameless: Option<BookingUid>,
    /// When the earliest delivery about it was sent.
    pub(crate) first_at: Option<DateTime<Utc>>,
    pub(crate) paid: bool,
    /// The latest report of its place, and when that was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) venue: Option<(DateTime<Utc>, Venue)>,
    /// Its guests, as short digests; seats have rows of their own.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) guests: BTreeSet<String>,
    /// What began or ended, with the start that it was about.
    pub(crate) meetings: BTreeSet<(Reached, DateTime<Utc>)>,
    /// What its seats come to; each has a row of its own.
    pub(crate) crowd: Crowd,
    /// Seats as an earlier version kept them; they become rows when they are taken in.
    #[serde(skip_serializing)]
    pub(crate) seats: Vec<Seat>,
}

impl Facts {
    /// Whether a delivery has told about the booking itself.
    pub(crate) fn is_known(&self) -> bool {
        self.shown.is_some() || self.reached.iter().any(|reached| reached.rank().is_some())
    }

    /// Notes where it is, and who comes.
    pub(crate) fn shows(&mut self, details: &Details, at: DateTime<Utc>) {
        let told = details.venue.clone().map(|venue| (at, venue));
        // The same one of two simultaneous reports must win in any order.
        self.venue = self.venue.take().max(told);
        if details.greets || self.guests.is_empty() {
            let free = GUESTS.saturating_sub(self.guests.len());
            self.guests.extend(details.guests.iter().take(free).cloned());
        }
    }

    /// Notes that a delivery was sent about it.
    pub(crate) fn heard(&mut self, at: DateTime<Utc>) {
        self.first_at = Some(self.first_at.map_or(at, |first| first.min(at)));
    }

    /// Whether the meeting that starts then has begun or ended.
    pub(crate) fn has_met(&self, state: Reached, start: DateTime<Utc>) -> bool {
        self.meetings.contains(&(state, start))
    }

    /// How far the booking has come, its chain left aside.
    pub(crate) fn rank(&self) -> Option<Rank> {
        let whole = self.reached.iter().filter_map(|reached| reached.rank()).max();
        let whole = whole.max(self.shown);
        if self.crowd.is_gone() && whole.is_some() && whole <= Some(Rank::Accepted) {
            // Nobody is left that we know of; the last one tells what became of the booking.
            return Some(if self.crowd.moved_last() { Rank::Moved } else { Rank::Cancelled });
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
    /// The id of its chain: the uid of one of the chain's bookings, whichever.
    pub chain: BookingUid,
    /// Its number in Cal.com's database.
    pub number: Option<BookingId>,
    /// How far it has come.
    pub status: BookingState,
    /// Whether it was paid itself; see [`Chains::is_paid`](crate::Chains::is_paid).
    pub paid: bool,
    /// Whether a delivery has told about the booking itself, not only about one that replaced it.
    pub known: bool,
    /// The booking that it replaces, where a link tells.
    pub moved_from: Option<BookingUid>,
    /// How many bookings replace it by such a link.
    pub replaced: i64,
    /// Where it stands in its chain; the last one is what the chain has come to.
    pub place: Place,
    /// What the row shows of its content.
    pub about: Option<About>,
    /// What else is known, as JSON without personal data; only [`Chains`](crate::Chains) reads it.
    pub facts: String,
}

impl BookingRow {
    /// Puts together what a store has kept; all else follows from the facts.
    #[must_use]
    pub fn kept(
        uid: BookingUid,
        chain: BookingUid,
        (number, replaced): (Option<BookingId>, i64),
        about: Option<About>,
        facts: String,
    ) -> Self {
        let (status, paid, known, place) = (BookingState::Pending, false, false, Place::default());
        let moved_from = None;
        Self { uid, chain, number, status, paid, known, moved_from, replaced, place, about, facts }
    }
}
