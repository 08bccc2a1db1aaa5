//! Seats of bookings that several people share.

use std::collections::BTreeSet;

use cal_core::BookingUid;
use chrono::{DateTime, TimeDelta, Utc};

use crate::{Change, Reading, Subject};

use super::{
    Chains, Overtaken,
    booking::{Rank, Reached},
    seat::{Seat, Seats, TakenSeat},
    value::{Step, Value},
};

/// How far apart two webhooks may report the same thing.
const MOMENT: TimeDelta = TimeDelta::seconds(30);

impl Chains {
    /// Returns the seats of a booking that are taken, as far as they are at hand.
    pub fn taken(&self, uid: &BookingUid) -> impl Iterator<Item = TakenSeat> {
        self.seats.get(uid).into_iter().flat_map(Seats::taken)
    }

    /// Whether a seat with this reference is at hand, taken or given up.
    #[must_use]
    pub fn knows_seat(&self, uid: &BookingUid, reference: &str) -> bool {
        self.seats.get(uid).is_some_and(|seats| seats.knows(reference))
    }

    /// Marks whether a seat was moved out of a booking.
    fn seat_moved(
        &mut self,
        uid: &BookingUid,
        reading: &Reading,
        moved: bool,
    ) -> Option<Overtaken> {
        let number = self.seats.get(uid)?.by_reference(&reference(reading)?)?;
        self.advance_seat(uid, number, |seat| seat.moved = moved)
    }

    /// Takes a seat out of the booking from which it was moved.
    ///
    /// A move to a time without a booking deletes the seat and makes a new one: only the
    /// attendee's address is the same.
    pub(super) fn leave(&mut self, reading: &Reading) -> Option<Overtaken> {
        let from = reading.seat_from.as_ref().filter(|_| moves_in(reading))?;
        reading.attendee.as_ref()?;
        self.ensure(from);
        let latest = self
            .seats
            .get(from)
            .and_then(|seats| taken_before(seats, reading).max_by_key(|(_, seat)| seat.taken_at));
        let number = match latest {
            Some((number, _)) => number,
            None => {
                let attendee = reading.attendee.clone();
                self.push_seat(from, Seat { attendee, ..Seat::default() })?
            }
        };
        self.advance_seat(from, number, |seat| {
            seat.moved_at = seat.moved_at.max(Some(reading.at));
        })
    }

    /// Finds the seat that a delivery is about, or takes it in; tells whether it was known.
    pub(super) fn find_seat(&mut self, uid: &BookingUid, reading: &Reading) -> Option<(i64, bool)> {
        let Some(Subject::Seat(..)) = reading.transition.subject else { return None };
        self.ensure(uid);
        let known = self.find_seat_of(uid, reading);
        let number = match known {
            Some(number) => number,
            None => {
                let (reference, attendee) = (reference(reading), reading.attendee.clone());
                self.push_seat(uid, Seat { reference, attendee, ..Seat::default() })?
            }
        };
        let seats = self.seats.get(uid)?;
        let seat = seats.get(number)?;
        let again = seat.taken_at.is_none_or(|at| reading.at - at > MOMENT);
        if again
            && seat.left_at() < Some(reading.at)
            && reading.transition.change != Change::Cancelled
        {
            // Somebody who left before may have taken a seat again, unless this is older news.
            let mine = seats.of(reading.attendee.as_deref()).map(|(_, seat)| seat);
            let since = |at: &DateTime<Utc>| *at >= reading.at;
            let cancelled_at = mine.clone().filter_map(|it| it.cancelled_at).max().filter(since);
            let moved_at = mine.filter_map(|seat| seat.moved_at).max().filter(since);
            self.change_seat(uid, number, |seat| {
                seat.reached.extend(cancelled_at.map(|_| Reached::Cancelled));
                seat.cancelled_at = seat.cancelled_at.max(cancelled_at);
                seat.moved_at = seat.moved_at.max(moved_at);
            });
        }
        Some((number, known.is_some()))
    }

    fn find_seat_of(&mut self, uid: &BookingUid, reading: &Reading) -> Option<i64> {
        let seats = self.seats.get(uid)?;
        let reference = reference(reading);
        if let Some(number) = reference.as_ref().and_then(|it| seats.by_reference(it)) {
            return Some(number);
        }
        if reading.transition.change == Change::Cancelled {
            return given_up(seats, reading);
        }
        // A seat that was known by its attendee only, unless they have left it since.
        let unnamed = |seat: &Seat| reference.is_none() || seat.reference.is_none();
        let later = |at: Option<DateTime<Utc>>| at.is_none_or(|at| at >= reading.at);
        let open = |seat: &Seat| later(seat.cancelled_at) && later(seat.moved_at);
        let mine = seats.of(reading.attendee.as_deref());
        let mine = mine.filter(|(_, seat)| unnamed(seat) && open(seat));
        let latest = DateTime::<Utc>::MAX_UTC;
        let (number, _) = mine.min_by_key(|(_, seat)| seat.left_at().unwrap_or(latest))?;
        if reference.is_some() {
            self.change_seat(uid, number, |seat| seat.reference = reference);
        }
        Some(number)
    }

    /// Makes a row of a seat as an earlier version kept it, in the order of their numbers.
    pub(super) fn take_seat(&mut self, uid: &BookingUid, seat: Seat) {
        self.push_seat(uid, seat);
        self.touched.insert(uid.clone());
    }

    fn push_seat(&mut self, uid: &BookingUid, seat: Seat) -> Option<i64> {
        let link = self.bookings.get_mut(uid)?;
        let seats = self.seats.entry(uid.clone()).or_default();
        let (number, forgotten) = seats.push(&mut link.facts.crowd, seat);
        self.seated.extend(forgotten.into_iter().chain([number]).map(|it| (uid.clone(), it)));
        Some(number)
    }

    pub(super) fn change_seat(
        &mut self,
        uid: &BookingUid,
        number: i64,
        change: impl FnOnce(&mut Seat),
    ) {
        let (Some(link), Some(seats)) = (self.bookings.get_mut(uid), self.seats.get_mut(uid))
        else {
            return;
        };
        seats.change(&mut link.facts.crowd, number, change);
        self.seated.insert((uid.clone(), number));
        self.touched.insert(uid.clone());
    }

    /// Changes a seat, and tells what is out of date if it has come further by that.
    fn advance_seat(
        &mut self,
        uid: &BookingUid,
        number: i64,
        change: impl FnOnce(&mut Seat),
    ) -> Option<Overtaken> {
        let rank = |chains: &Self| chains.seats.get(uid)?.get(number)?.rank();
        let before = rank(self);
        self.change_seat(uid, number, change);
        let now = rank(self).filter(|now| Some(*now) > before);
        Overtaken::of_seat(uid, number, now?)
    }

    /// Compares the values of a delivery with those known; news about one of them is news.
    pub(super) fn step(&self, reading: &Reading) -> Option<Step> {
        let known =
            |(key, value): &(String, String)| Step::from(self.values.get(key), value, reading.at);
        reading.marks.values.iter().map(known).max()
    }

    /// The booking in which a seat was reported last, by its reference.
    pub(super) fn seat_place(&self, reading: &Reading) -> Option<BookingUid> {
        let mut keys = reading.keys().filter(|key| key.starts_with("seat:"));
        Some(BookingUid::from(self.values.get(keys.next()?)?.value.as_str()))
    }

    /// Keeps the values of a delivery, and returns the seats that are elsewhere by them.
    pub(super) fn note_values(&mut self, reading: &Reading) -> Vec<Overtaken> {
        let mut left = Vec::new();
        for (key, value) in &reading.marks.values {
            let known = self.values.remove(key);
            let before = known.as_ref().map(|known| known.value.clone());
            let after = Value::after(known, value, reading.at);
            if key.starts_with("seat:") {
                // Wherever the seat was reported, it is only where it was reported last.
                let places = [before.as_deref(), Some(value)].into_iter().flatten();
                let places = places.map(BookingUid::from).chain(reading.seat_from.clone());
                for place in places.collect::<BTreeSet<_>>() {
                    left.extend(self.seat_moved(&place, reading, place.as_str() != after.value));
                }
            }
            self.values.insert(key.clone(), after);
            self.written.insert(key.clone());
        }
        left
    }
}

/// Whether somebody may come from another booking by this, or go to one.
pub(super) fn moves_in(reading: &Reading) -> bool {
    let change = reading.transition.change;
    reading.is_moved_away()
        || matches!(change, Change::Booked | Change::Requested | Change::Rescheduled)
}

/// The seat that somebody gives up, of those that they took before: the latest since they last
/// left, or the one that another delivery gave up in the same moment, or an earlier one.
fn given_up(seats: &Seats, reading: &Reading) -> Option<i64> {
    let mine = || taken_before(seats, reading);
    let left_at = mine().filter_map(|(_, seat)| seat.left_at()).max();
    let likely = |seat: &Seat| {
        if seat.rank() > Some(Rank::Accepted) {
            let is_near = |at: DateTime<Utc>| (at - reading.at).abs() < MOMENT;
            // It was seen to be gone some time after this one had told it.
            let is_before = |at: DateTime<Utc>| seat.seen_gone && at >= reading.at;
            seat.cancelled_at.is_some_and(|at| is_near(at) || is_before(at)).then_some(1)
        } else if left_at.is_some() && seat.taken_at <= left_at {
            Some(0)
        } else {
            Some(2)
        }
    };
    let named = reference(reading).is_some();
    let unnamed = mine().filter(|(_, seat)| !named || seat.reference.is_none());
    let likely = unnamed.filter_map(|(place, seat)| Some(((likely(seat)?, seat.taken_at), place)));
    likely.max().map(|(_, place)| place)
}

/// The seats that the attendee of a delivery took before it.
fn taken_before<'a>(
    seats: &'a Seats,
    reading: &'a Reading,
) -> impl Iterator<Item = (i64, &'a Seat)> {
    let mine = seats.of(reading.attendee.as_deref());
    mine.filter(|(_, seat)| seat.taken_at <= Some(reading.at))
}

pub(super) fn reference(reading: &Reading) -> Option<String> {
    match &reading.transition.subject {
        Some(Subject::Seat(_, crate::Seat::Reference(seat))) => Some(seat.as_str().to_owned()),
        _ => None,
    }
}
