//! Seats of bookings that several people share.

use std::collections::BTreeSet;

use cal_core::BookingUid;
use chrono::{DateTime, TimeDelta, Utc};

use crate::{Change, Reading, Subject};

use super::{
    Chains, Overtaken,
    booking::{Rank, Reached, Seat},
    value::{Step, Value},
};

/// How far apart two webhooks may report the same thing.
const MOMENT: TimeDelta = TimeDelta::seconds(30);

impl Chains {
    /// Marks whether a seat was moved out of a booking.
    pub(super) fn seat_moved(
        &mut self,
        uid: &BookingUid,
        reading: &Reading,
        moved: bool,
    ) -> Option<Overtaken> {
        let seats = &mut self.bookings.get_mut(uid)?.facts.seats;
        let reference = reference(reading);
        let place = seats.iter().position(|seat| seat.reference == reference)?;
        let before = seats[place].rank();
        seats[place].moved = moved;
        let now = seats[place].rank().filter(|now| Some(*now) > before);
        self.touched.insert(uid.clone());
        Overtaken::of_seat(uid, place, now?)
    }

    /// Takes a seat out of the booking from which it was moved.
    ///
    /// A move to a time without a booking deletes the seat and makes a new one: only the
    /// attendee's address is the same.
    pub(super) fn leave(&mut self, reading: &Reading) -> Option<Overtaken> {
        let from = reading.seat_from.as_ref()?;
        let comes = [Change::Booked, Change::Requested, Change::Rescheduled];
        if reading.attendee.is_none() || !comes.contains(&reading.transition.change) {
            return None;
        }
        self.ensure(from);
        let seats = &mut self.bookings.get_mut(from)?.facts.seats;
        let latest = taken_before(seats, reading).max_by_key(|(_, seat)| seat.taken_at);
        let place = latest.map(|(place, _)| place).unwrap_or_else(|| {
            seats.push(Seat { attendee: reading.attendee.clone(), ..Seat::default() });
            seats.len() - 1
        });
        let before = seats[place].rank();
        seats[place].moved_at = seats[place].moved_at.max(Some(reading.at));
        let now = seats[place].rank().filter(|now| Some(*now) > before);
        Overtaken::of_seat(from, place, now?)
    }

    /// Finds the seat that a delivery is about, or takes it in.
    pub(super) fn find_seat(&mut self, uid: &BookingUid, reading: &Reading) -> Option<usize> {
        let Some(Subject::Seat(..)) = reading.transition.subject else { return None };
        self.ensure(uid);
        let known = self.find_seat_of(uid, reading);
        let seats = &mut self.bookings.get_mut(uid)?.facts.seats;
        let place = known.unwrap_or_else(|| {
            let (reference, attendee) = (reference(reading), reading.attendee.clone());
            seats.push(Seat { reference, attendee, ..Seat::default() });
            seats.len() - 1
        });
        let Seat { taken_at, .. } = seats[place];
        let again = taken_at.is_none_or(|at| reading.at - at > MOMENT);
        if again
            && seats[place].left_at() < Some(reading.at)
            && reading.transition.change != Change::Cancelled
        {
            // Somebody who left before may have taken a seat again, unless this is older news.
            let mine = seats.iter().filter(|seat| seat.is_of(reading.attendee.as_deref()));
            let since = |at: &DateTime<Utc>| *at >= reading.at;
            let cancelled_at = mine.clone().filter_map(|it| it.cancelled_at).max().filter(since);
            let moved_at = mine.filter_map(|seat| seat.moved_at).max().filter(since);
            let seat = &mut seats[place];
            seat.reached.extend(cancelled_at.map(|_| Reached::Cancelled));
            seat.cancelled_at = seat.cancelled_at.max(cancelled_at);
            seat.moved_at = seat.moved_at.max(moved_at);
        }
        Some(place)
    }

    pub(super) fn find_seat_of(&mut self, uid: &BookingUid, reading: &Reading) -> Option<usize> {
        let seats = &mut self.bookings.get_mut(uid)?.facts.seats;
        let reference = reference(reading);
        let by_reference = |seat: &Seat| seat.reference == reference;
        if reference.is_some()
            && let Some(place) = seats.iter().position(by_reference)
        {
            return Some(place);
        }
        if reading.transition.change == Change::Cancelled {
            return place_given_up(seats, reading);
        }
        // A seat that was known by its attendee only, unless they have left it since.
        let unnamed = |seat: &Seat| reference.is_none() || seat.reference.is_none();
        let later = |at: Option<DateTime<Utc>>| at.is_none_or(|at| at >= reading.at);
        let open = |seat: &Seat| later(seat.cancelled_at) && later(seat.moved_at);
        let mine = seats.iter().enumerate().filter(|(_, seat)| {
            seat.is_of(reading.attendee.as_deref()) && unnamed(seat) && open(seat)
        });
        let latest = DateTime::<Utc>::MAX_UTC;
        let (place, _) = mine.min_by_key(|(_, seat)| seat.left_at().unwrap_or(latest))?;
        if reference.is_some() {
            seats[place].reference = reference;
        }
        Some(place)
    }

    /// Compares the values of a delivery with those known; news about one of them is news.
    pub(super) fn step(&self, reading: &Reading) -> Option<Step> {
        let known =
            |(key, value): &(String, String)| Step::from(self.values.get(key), value, reading.at);
        reading.values.iter().map(known).max()
    }

    /// Keeps the values of a delivery, and returns the seats that are elsewhere by them.
    pub(super) fn note_values(&mut self, reading: &Reading) -> Vec<Overtaken> {
        let mut left = Vec::new();
        for (key, value) in &reading.values {
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

/// The seat that somebody gives up, of those that they took before: the latest since they last
/// left, or the one that another delivery gave up in the same moment, or an earlier one.
fn place_given_up(seats: &[Seat], reading: &Reading) -> Option<usize> {
    let mine = || taken_before(seats, reading);
    let left_at = mine().filter_map(|(_, seat)| seat.left_at()).max();
    let likely = |seat: &Seat| match () {
        () if seat.rank() > Some(Rank::Accepted) => {
            seat.cancelled_at.is_some_and(|at| (at - reading.at).abs() < MOMENT).then_some(1)
        }
        () if left_at.is_some() && seat.taken_at <= left_at => Some(0),
        () => Some(2),
    };
    let named = reference(reading).is_some();
    let unnamed = mine().filter(|(_, seat)| !named || seat.reference.is_none());
    let likely = unnamed.filter_map(|(place, seat)| Some(((likely(seat)?, seat.taken_at), place)));
    likely.max().map(|(_, place)| place)
}

/// The seats that the attendee of a delivery took before it.
fn taken_before<'a>(
    seats: &'a [Seat],
    reading: &'a Reading,
) -> impl Iterator<Item = (usize, &'a Seat)> {
    let seats = seats.iter().enumerate();
    seats.filter(|(_, seat)| {
        seat.is_of(reading.attendee.as_deref()) && seat.taken_at <= Some(reading.at)
    })
}

fn reference(reading: &Reading) -> Option<String> {
    match &reading.transition.subject {
        Some(Subject::Seat(_, crate::Seat::Reference(seat))) => Some(seat.as_str().to_owned()),
        _ => None,
    }
}
