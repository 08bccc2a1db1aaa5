//! Bookings that replace each other, and what a delivery means among them.

mod booking;
mod details;
mod hold;
mod judge;
mod links;
mod members;
mod said;
mod seat;
mod seats;
mod stand_in;
mod value;
mod waits;
mod wants;

use std::collections::{BTreeSet, HashMap, HashSet};

use cal_core::{BookingId, BookingUid};
use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    Decision, Reading, Transition,
    log::{OneLine, quietly},
    subject::is_stand_in,
};

pub(crate) use booking::Rank;
pub use booking::{About, BookingRow, BookingState};
pub use details::Detail;
pub(crate) use details::Details;
pub use members::{Made, Place};
pub(crate) use said::Said;
pub use seat::{SeatRow, TakenSeat};
pub use value::Value;
pub(crate) use waits::waits_for;
pub use wants::{Before, Wants};

use booking::{Facts, Reached};
use judge::{Case, rank_of};
use members::Members;
use seat::{Seat, Seats};
use wants::Asked;

/// How long a payment waits for its booking.
const PATIENCE: TimeDelta = TimeDelta::seconds(30);

/// How many moves a payment may lie back to make it pointless to ask for another one.
const REACH: usize = 16;

/// What is known about chains of bookings, and the rules by which deliveries change it.
///
/// A chain holds the bookings that replaced each other. Everything a delivery reports is a fact that
/// is added, never taken back, so that the bookings' rows do not depend on the order of arrival;
/// [`Chains::decide`] tells whether the delivery is news, and what it supersedes. It does no I/O: a
/// store looks up what a delivery [wants](Chains::wants), decides, and keeps
/// [`Chains::take_changes`]. What it has to know does not grow with a chain: who replaces whom is
/// told by counts, and the bookings of a chain are kept in the orders in which they are asked for.
#[derive(Clone, Debug, Default)]
pub struct Chains {
    bookings: HashMap<BookingUid, Link>,
    /// The chains by their ids.
    chains: HashMap<BookingUid, Members>,
    seats: HashMap<BookingUid, Seats>,
    numbers: HashMap<BookingId, BookingUid>,
    values: HashMap<String, Value>,
    identities: HashSet<String>,
    asked: Asked,
    touched: BTreeSet<BookingUid>,
    seated: BTreeSet<(BookingUid, i64)>,
    sized: BTreeSet<BookingUid>,
    written: BTreeSet<String>,
    renamed: Vec<(BookingUid, BookingUid)>,
}

#[derive(Clone, Debug)]
struct Link {
    chain: BookingUid,
    number: Option<BookingId>,
    about: Option<About>,
    facts: Facts,
    /// How many bookings replace it.
    replaced: i64,
    /// How often somebody holds on to it.
    held: usize,
}

impl Link {
    /// Whether its meeting has ended, and no other one that the booking was before.
    fn has_ended(&self) -> bool {
        let about = self.about.as_ref();
        about.is_some_and(|about| self.facts.has_met(Reached::Ended, about.start))
    }

    fn place(&self) -> Place {
        let Facts { moved_from, root, first_at, named, .. } = &self.facts;
        let linked = moved_from.is_some() || root.is_some();
        // What stood for a booking is what the chain has come to no more than the booking itself.
        Place { open: self.replaced <= 0 && named.is_none(), made: Made::of(linked, *first_at) }
    }
}

/// Whether a delivery is decided about for the first time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Turn {
    /// It was just read.
    First,
    /// It was held back before.
    Held,
}

/// What a delivery means among all that is known.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Ruling {
    /// Whether hooks run.
    pub decision: Decision,
    /// What happened, with what the chain adds: a confirmed move reads as rescheduled.
    pub transition: Transition,
    /// The booking it is about, also where the delivery names only its number.
    pub uid: Option<BookingUid>,
    /// The number of the seat within its booking; `None` when the whole booking is meant.
    pub seat: Option<i32>,
    /// Its rank: the delivery's tasks are superseded by [`Overtaken`] ones of a higher rank.
    pub rank: i16,
    /// Whether the booking was cancelled, declined or moved away: only hooks that
    /// [hear of such bookings](crate::Lifecycle::hears_of_the_past) are told.
    pub over: bool,
    /// What is out of date from now on.
    pub overtaken: Vec<Overtaken>,
    /// When a delivery that is [`Decision::Early`] goes ahead without its booking.
    pub held_until: Option<DateTime<Utc>>,
}

/// Tasks that are out of date: those about a booking, or about one seat of it, below a rank.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Overtaken {
    /// The booking.
    pub uid: BookingUid,
    /// The seat; `None` for the booking with all its seats.
    pub seat: Option<i32>,
    /// Tasks of a lower rank are superseded.
    pub below: i16,
}

impl Overtaken {
    /// Names the tasks of a booking below a rank.
    #[must_use]
    pub fn below(uid: BookingUid, below: i16) -> Self {
        Self { uid, seat: None, below }
    }
}

/// What must be kept after a round of planning.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Changes {
    /// Bookings that are new or changed.
    pub bookings: Vec<BookingRow>,
    /// Seats that are new, changed or forgotten.
    pub seats: Vec<SeatRow>,
    /// Values that are new or changed.
    pub values: Vec<(String, Value)>,
    /// Chains that were taken into another one, from the old id to the new one, in order: all their
    /// bookings, also those that were not at hand.
    pub renamed: Vec<(BookingUid, BookingUid)>,
    /// How many bookings a chain has, by its id, where that has changed.
    pub sizes: Vec<(BookingUid, u64)>,
}

impl Chains {
    /// Takes in a booking that a store has kept, and how many bookings its chain has.
    ///
    /// Facts that cannot be read are logged and count as unknown.
    pub fn insert(&mut self, row: BookingRow, size: u64) {
        if self.bookings.contains_key(&row.uid) {
            return;
        }
        let mut facts = serde_json::from_str(&row.facts).unwrap_or_else(|error| {
            let uid = OneLine(&row.uid);
            quietly(|| tracing::error!(%uid, %error, "a booking's row cannot be read"));
            Facts::default()
        });
        if let Some(number) = row.number.filter(|_| !is_stand_in(&row.uid)) {
            self.numbers.insert(number, row.uid.clone());
        }
        let seats = std::mem::take(&mut facts.seats);
        let BookingRow { uid, chain, number, about, replaced, .. } = row;
        let link = Link { chain, number, about, facts, replaced, held: 0 };
        let members = self.chains.entry(link.chain.clone()).or_default();
        members.size = members.size.max(size).max(1);
        members.paid += usize::from(link.facts.paid);
        members.insert(&uid, link.place());
        self.bookings.insert(uid.clone(), link);
        for seat in seats {
            self.take_seat(&uid, seat);
        }
    }

    /// Takes in a seat that a store has kept.
    ///
    /// Facts that cannot be read are logged and count as unknown.
    pub fn insert_seat(&mut self, row: SeatRow) {
        let seat = serde_json::from_str(&row.facts.unwrap_or_default());
        let seat: Seat = seat.unwrap_or_else(|error| {
            let uid = OneLine(&row.uid);
            quietly(|| tracing::error!(%uid, %error, "a seat's row cannot be read"));
            Seat::default()
        });
        let seats = self.seats.entry(row.uid).or_default();
        if seats.get(row.number).is_none() {
            seats.insert(row.number, seat);
        }
    }

    /// Takes in a value that a store has kept.
    pub fn insert_value(&mut self, key: String, value: Value) {
        self.values.insert(key, value);
    }

    /// Takes in the identity of a delivery that a store has kept.
    pub fn insert_identity(&mut self, identity: String) {
        self.identities.insert(identity);
    }

    /// Returns a booking as its row shows it.
    #[must_use]
    pub fn booking(&self, uid: &BookingUid) -> Option<BookingRow> {
        let link = self.bookings.get(uid)?;
        let status = match self.rank(uid) {
            Some(Rank::Moved) => BookingState::Moved,
            Some(Rank::Cancelled) => BookingState::Cancelled,
            Some(Rank::Rejected) => BookingState::Rejected,
            Some(Rank::Accepted) if link.has_ended() => BookingState::Ended,
            Some(Rank::Accepted) => BookingState::Accepted,
            Some(Rank::Pending) | None => BookingState::Pending,
        };
        Some(BookingRow {
            uid: uid.clone(),
            chain: link.chain.clone(),
            number: link.number,
            status,
            paid: link.facts.paid,
            known: link.facts.is_known(),
            moved_from: link.facts.moved_from.clone(),
            replaced: link.replaced,
            place: link.place(),
            about: link.about.clone(),
            facts: serde_json::to_string(&link.facts).unwrap_or_default(),
        })
    }

    /// Whether a booking or one that it replaced was paid, as far as these are at hand.
    #[must_use]
    pub fn is_paid(&self, uid: &BookingUid) -> bool {
        self.is_paid_within(uid, usize::MAX)
    }

    /// Returns the first booking of a booking's chain, as far as these are at hand: people know the
    /// chain by it.
    #[must_use]
    pub fn first_of(&self, uid: &BookingUid) -> Option<&BookingUid> {
        self.chains.get(self.chain_of(uid)?)?.first()
    }

    /// Decides what a delivery means, and takes in what it reports.
    ///
    /// A payment that comes before its booking is [`Decision::Early`] until the booking is known
    /// or half a minute has passed since it was received.
    pub fn decide(&mut self, reading: &Reading, turn: Turn, now: DateTime<Utc>) -> Ruling {
        let uid = self.uid_of(reading);
        let stand_in = self.stand_in_of(reading, uid.as_ref());
        let repeated = turn == Turn::First
            && reading
                .marks
                .identity
                .as_ref()
                .is_some_and(|id| !self.identities.insert(id.clone()));
        let waiting = self.waiting(reading);
        let before = self.standings(reading.uids().chain(&uid).chain(&stand_in).chain(&waiting));
        if let Some((uid, stand_in)) = uid.as_ref().zip(stand_in.as_ref()) {
            self.name(stand_in, uid);
        }
        let case = Case::new(self, reading, uid.as_ref());
        let nameless = stand_in.filter(|stand_in| reading.uid.as_ref() == Some(stand_in));
        if let Some(stand_in) = &nameless {
            self.link(stand_in, reading);
            self.inform(stand_in, reading, None);
            // Where two bookings are said to be this one, both are told.
            let named = self.bookings.get(stand_in).and_then(|link| link.facts.named.clone());
            if let Some(named) = named.filter(|named| Some(named) != uid.as_ref()) {
                self.name(stand_in, &named);
            }
        }
        if let Some(uid) = &uid {
            self.link(uid, reading);
            self.inform(uid, reading, case.seat);
        }
        let left = self.leave(reading);
        let decision = if repeated {
            Decision::Revision
        } else {
            self.judge(reading, uid.as_ref(), &case, turn, now)
        };
        let mut left = Vec::from_iter(left);
        let seat_from = self.seat_place(reading);
        if turn == Turn::First {
            left.extend(self.note_values(reading));
            self.note_said(reading);
        }
        // What ended the booking is told to everybody.
        let over = reading.transition.change.outlives_booking() && self.is_over(uid.as_ref());
        let mut ruling = Ruling {
            decision,
            over,
            transition: reading.transition.clone(),
            rank: rank_of(reading.transition.change),
            seat: case.seat.and_then(|seat| i32::try_from(seat).ok()),
            overtaken: [self.overtaken(&before, uid.as_ref(), Some(&case)), left].concat(),
            held_until: (decision == Decision::Early).then(|| reading.received_at + PATIENCE),
            uid,
        };
        self.retell(&mut ruling, seat_from);
        ruling
    }

    /// Whether any of the values is known that a delivery reports.
    #[must_use]
    pub fn knows_values(&self, reading: &Reading) -> bool {
        reading.marks.values.iter().any(|(key, _)| self.values.contains_key(key))
    }

    /// Returns the id of a booking's chain: the uid of one of its bookings, whichever.
    #[must_use]
    pub fn chain_of(&self, uid: &BookingUid) -> Option<&BookingUid> {
        self.bookings.get(uid).map(|link| &link.chain)
    }

    pub(crate) fn is_known(&self, uid: &BookingUid) -> bool {
        self.bookings.get(uid).is_some_and(|link| link.facts.is_known())
    }

    /// Returns all bookings, in no particular order.
    pub(crate) fn uids(&self) -> impl Iterator<Item = &BookingUid> {
        self.bookings.keys()
    }

    /// Takes what changed since the last call.
    pub fn take_changes(&mut self) -> Changes {
        let touched = std::mem::take(&mut self.touched);
        let seated = std::mem::take(&mut self.seated);
        let sized = std::mem::take(&mut self.sized);
        let written = std::mem::take(&mut self.written);
        let seat = |(uid, number): &(BookingUid, i64)| Some(self.seats.get(uid)?.row(uid, *number));
        let size = |id: BookingUid| self.chains.get(&id).map(|members| (id.clone(), members.size));
        Changes {
            bookings: touched.iter().filter_map(|uid| self.booking(uid)).collect(),
            seats: seated.iter().filter_map(seat).collect(),
            sizes: sized.into_iter().filter_map(size).collect(),
            values: written
                .into_iter()
                .filter_map(|key| Some((key.clone(), self.values.get(&key)?.clone())))
                .collect(),
            renamed: std::mem::take(&mut self.renamed),
        }
    }
}
