//! One seat of a booking, and all that are at hand.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use cal_core::BookingUid;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::booking::{Rank, Reached};

/// How many seats of one person in one booking are told apart; older ones are forgotten.
const SEATS: usize = 32;

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
    /// Whether it was named as given up: who had it may have left before that was seen.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) seen_gone: bool,
}

/// A seat that nobody has given up, as far as is known.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TakenSeat {
    /// The number of the seat within its booking.
    pub number: i64,
    /// By which reference it is told from the others.
    pub reference: Option<String>,
    /// The holder, as [`SeatRow::holder`] writes it.
    pub attendee: Option<String>,
    /// When it was last reported as taken.
    pub taken_at: Option<DateTime<Utc>>,
}

impl Seat {
    pub(crate) fn rank(&self) -> Option<Rank> {
        if self.moved || (self.moved_at.is_some() && self.moved_at >= self.taken_at) {
            return Some(Rank::Moved);
        }
        self.reached.iter().filter_map(|reached| reached.rank()).max()
    }

    /// When its attendee was last known to leave.
    pub(crate) fn left_at(&self) -> Option<DateTime<Utc>> {
        self.cancelled_at.max(self.moved_at)
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.rank() > Some(Rank::Accepted)
    }
}

/// What the seats of a booking come to.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub(crate) struct Crowd {
    /// How many seats there have been; the next one gets this number.
    pub(crate) seats: i64,
    /// How many people still have one.
    standing: i64,
    cancelled_at: Option<DateTime<Utc>>,
    moved_at: Option<DateTime<Utc>>,
    /// How many seats were marked as moved.
    moved: i64,
}

impl Crowd {
    /// Whether there were seats, and none is left that we know of.
    pub(crate) fn is_gone(&self) -> bool {
        self.seats > 0 && self.standing == 0
    }

    /// Whether the last one to go went to another booking.
    pub(crate) fn moved_last(&self) -> bool {
        match self.moved_at {
            Some(_) => self.moved_at > self.cancelled_at,
            None => self.moved > 0,
        }
    }
}

/// A seat as a store keeps it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SeatRow {
    /// The booking.
    pub uid: BookingUid,
    /// The number of the seat within its booking.
    pub number: i64,
    /// By which reference it is told from the others.
    pub reference: Option<String>,
    /// Whose it is, as a digest; empty while nobody knows.
    pub attendee: String,
    /// What else is known, as JSON without personal data; `None` once it is forgotten.
    pub facts: Option<String>,
}

impl SeatRow {
    /// Returns by which digest [`SeatRow::attendee`] names a person.
    #[must_use]
    pub fn holder(email: &str) -> String {
        crate::marks::person(email)
    }

    /// Puts together what a store has kept.
    #[must_use]
    pub fn kept(uid: BookingUid, number: i64, facts: String) -> Self {
        Self { uid, number, reference: None, attendee: String::new(), facts: Some(facts) }
    }
}

/// The seats of one booking that are at hand: of each person all or none.
#[derive(Clone, Debug, Default)]
pub(super) struct Seats {
    seats: BTreeMap<i64, Seat>,
    references: HashMap<String, BTreeSet<i64>>,
    people: HashMap<Option<String>, BTreeSet<i64>>,
}

impl Seats {
    pub(super) fn get(&self, number: i64) -> Option<&Seat> {
        self.seats.get(&number)
    }

    pub(super) fn by_reference(&self, reference: &str) -> Option<i64> {
        self.references.get(reference)?.first().copied()
    }

    /// The seats of a person, the oldest first.
    pub(super) fn of<'a>(
        &'a self,
        attendee: Option<&str>,
    ) -> impl Iterator<Item = (i64, &'a Seat)> + Clone + use<'a> {
        let numbers = attendee.and_then(|it| self.people.get(&Some(it.to_owned())));
        let numbers = numbers.into_iter().flatten();
        numbers.filter_map(|number| Some((*number, self.seats.get(number)?)))
    }

    /// Returns whose seats there are; an empty text stands for people that nobody knows.
    pub(super) fn people(&self) -> impl Iterator<Item = &str> {
        self.people.keys().map(|person| person.as_deref().unwrap_or_default())
    }

    /// Takes in a seat that is known already.
    pub(super) fn insert(&mut self, number: i64, seat: Seat) {
        if let Some(reference) = &seat.reference {
            self.references.entry(reference.clone()).or_default().insert(number);
        }
        self.people.entry(seat.attendee.clone()).or_default().insert(number);
        self.seats.insert(number, seat);
    }

    fn remove(&mut self, number: i64) -> Option<Seat> {
        let seat = self.seats.remove(&number)?;
        if let Some(numbers) = seat.reference.as_ref().and_then(|it| self.references.get_mut(it)) {
            numbers.remove(&number);
        }
        if let Some(numbers) = self.people.get_mut(&seat.attendee) {
            numbers.remove(&number);
        }
        Some(seat)
    }

    /// Adds a seat; returns its number, and that of one that is forgotten for it.
    pub(super) fn push(&mut self, crowd: &mut Crowd, seat: Seat) -> (i64, Option<i64>) {
        let attendee = seat.attendee.clone();
        let known = self.people.get(&attendee);
        let stood = self.stands(&attendee);
        let forgotten = known.filter(|known| known.len() >= SEATS).and_then(|known| {
            let age = |number: &&i64| {
                let seat = self.seats.get(*number);
                // Whoever has left a seat needs it less.
                seat.map(|seat| (!seat.is_gone(), seat.taken_at.max(seat.left_at())))
            };
            known.iter().min_by_key(age).copied()
        });
        if let Some(number) = forgotten {
            self.remove(number);
        }
        let number = crowd.seats;
        crowd.seats += 1;
        crowd.add(&seat);
        self.insert(number, seat);
        crowd.standing += i64::from(self.stands(&attendee)) - i64::from(stood);
        (number, forgotten)
    }

    /// Changes a seat.
    pub(super) fn change(
        &mut self,
        crowd: &mut Crowd,
        number: i64,
        change: impl FnOnce(&mut Seat),
    ) {
        let Some(attendee) = self.seats.get(&number).map(|seat| seat.attendee.clone()) else {
            return;
        };
        let stood = self.stands(&attendee);
        if let Some(mut seat) = self.remove(number) {
            crowd.moved -= i64::from(seat.moved);
            change(&mut seat);
            crowd.add(&seat);
            self.insert(number, seat);
        }
        crowd.standing += i64::from(self.stands(&attendee)) - i64::from(stood);
    }

    /// Whether a person had a seat, and has none any more.
    pub(super) fn has_left(&self, attendee: &str) -> bool {
        self.of(Some(attendee)).next().is_some() && !self.stands(&Some(attendee.to_owned()))
    }

    /// The seats that are taken.
    pub(super) fn taken(&self) -> impl Iterator<Item = TakenSeat> {
        let stands = |seat: &Seat| {
            let left_at =
                self.of(seat.attendee.as_deref()).filter_map(|(_, it)| it.left_at()).max();
            !seat.is_gone() && left_at.is_none_or(|at| seat.taken_at > Some(at))
        };
        self.seats.iter().filter(move |(_, seat)| stands(seat)).map(|(number, seat)| TakenSeat {
            number: *number,
            reference: seat.reference.clone(),
            attendee: seat.attendee.clone(),
            taken_at: seat.taken_at,
        })
    }

    /// Whether there is a seat with this reference, taken or given up.
    pub(super) fn knows(&self, reference: &str) -> bool {
        self.by_reference(reference).is_some()
    }

    /// Whether a person still has a seat.
    ///
    /// Who gives up a seat has given up those that they took before, whatever was reported.
    fn stands(&self, attendee: &Option<String>) -> bool {
        let Some(numbers) = self.people.get(attendee) else { return false };
        let seats = || numbers.iter().filter_map(|number| self.seats.get(number));
        let left_at = seats().filter_map(Seat::left_at).max().filter(|_| attendee.is_some());
        seats().any(|seat| !seat.is_gone() && left_at.is_none_or(|at| seat.taken_at > Some(at)))
    }

    pub(super) fn row(&self, uid: &BookingUid, number: i64) -> SeatRow {
        let seat = self.seats.get(&number);
        SeatRow {
            uid: uid.clone(),
            number,
            reference: seat.and_then(|seat| seat.reference.clone()),
            attendee: seat.and_then(|seat| seat.attendee.clone()).unwrap_or_default(),
            facts: seat.and_then(|seat| serde_json::to_string(seat).ok()),
        }
    }
}

impl Crowd {
    fn add(&mut self, seat: &Seat) {
        self.moved += i64::from(seat.moved);
        self.cancelled_at = self.cancelled_at.max(seat.cancelled_at);
        self.moved_at = self.moved_at.max(seat.moved_at);
    }
}
