//! What a delivery means beside what is known.

use cal_core::BookingUid;
use chrono::{DateTime, Utc};

use crate::{Change, Decision, Reading, Subject};

use super::{
    Chains, PATIENCE, REACH, Ruling, Turn,
    booking::{Rank, Reached},
    seat::{Seat, Seats},
    value::Step,
};

/// What was known when a delivery was decided about.
pub(super) struct Case {
    /// The seat it is about, by its number in the booking.
    pub(super) seat: Option<i64>,
    /// Whether its subject had reached this state.
    pub(super) reached: bool,
    /// Whether who took the seat has given it up since.
    pub(super) left: bool,
    /// How far the subject had come: the seat, or the booking.
    pub(super) rank: Option<Rank>,
    /// How far the booking with all its seats had come by what was reported about it as a whole.
    pub(super) whole: Option<Rank>,
    /// How the values compare, each with the one known before.
    pub(super) step: Option<Step>,
}

impl Case {
    pub(super) fn new(chains: &mut Chains, reading: &Reading, uid: Option<&BookingUid>) -> Self {
        let step = chains.step(reading);
        let Some(uid) = uid else {
            return Self { seat: None, reached: false, left: false, rank: None, whole: None, step };
        };
        let state = Reached::by(reading.transition.change);
        let found = chains.find_seat(uid, reading);
        let whole = chains.whole(uid);
        let facts = chains.bookings.get(uid).map(|link| &link.facts);
        let Some((number, is_known)) = found else {
            let met =
                |state| reading.start.zip(facts).is_some_and(|(at, it)| it.has_met(state, at));
            let reached = |state| facts.is_some_and(|it| it.reached.contains(&state)) || met(state);
            let (reached, rank) = (state.is_some_and(reached), chains.rank(uid));
            return Self { seat: None, reached, left: false, rank, whole, step };
        };
        let seat = chains.seats.get(uid).and_then(|seats| seats.get(number));
        let left = seat.is_some_and(|seat| seat.left_at() >= Some(reading.at));
        // A seat that was reported here before and is not known any more was forgotten.
        let reached = (!is_known && step == Some(Step::Same))
            || seat.zip(state).is_some_and(|(seat, state)| seat.reached.contains(&state));
        let (seat, rank) = (Some(number), seat.and_then(Seat::rank));
        Self { seat, reached, left, rank, whole, step }
    }
}

impl Chains {
    pub(super) fn judge(
        &self,
        reading: &Reading,
        uid: Option<&BookingUid>,
        case: &Case,
        turn: Turn,
        now: DateTime<Utc>,
    ) -> Decision {
        let change = reading.transition.change;
        let is_over = self.is_over(uid);
        match change {
            Change::Rescheduled if case.seat.is_some() && reading.shown.is_none() => {
                // A seat can be moved back, so it goes by where the seat is, not by a state.
                match case.step {
                    _ if case.whole > Some(Rank::Accepted) => Decision::Stale,
                    _ if case.left || case.rank == Some(Rank::Cancelled) => Decision::Stale,
                    Some(step) => step.decision(),
                    None if case.reached => Decision::Same,
                    None => Decision::Applied,
                }
            }
            Change::Requested
            | Change::Booked
            | Change::Rescheduled
            | Change::Rejected
            | Change::Cancelled
            | Change::RescheduleRequested => {
                let rank = Reached::by(change).and_then(Reached::rank);
                // Of a booking with seats, what befell all of them befell this one.
                let late = match case.seat {
                    Some(_) => case.whole > Some(Rank::Accepted) || case.step == Some(Step::Late),
                    None => uid.and_then(|uid| self.whole(uid)) == Some(Rank::Moved),
                };
                // Who left last has cancelled the booking already.
                let empty = case.seat.is_none()
                    && case.rank == Some(Rank::Cancelled)
                    && case.whole <= Some(Rank::Accepted);
                // A cancellation tells of all seats, also of those that nobody has reported.
                let is_cancel = rank == Some(Rank::Cancelled) && case.seat.is_none();
                let before = if is_cancel { case.whole } else { case.rank };
                // Who was declined hears no more of it.
                let is_declined = is_cancel && case.whole == Some(Rank::Rejected);
                match () {
                    () if reading.transition.stale || is_declined => Decision::Stale,
                    // It is part of a move, of which the new booking tells.
                    () if reading.is_moved_away() && !case.reached => Decision::Stale,
                    // Nothing tells them apart but what they say.
                    () if self.was_said(reading) => Decision::Same,
                    () if case.reached || (empty && rank == case.rank) => Decision::Same,
                    () if late || before > rank => Decision::Stale,
                    () => Decision::Applied,
                }
            }
            Change::PaymentInitiated => {
                let paid = uid.is_some_and(|uid| self.is_paid_within(uid, REACH));
                match () {
                    () if case.reached || self.was_said(reading) => Decision::Same,
                    () if paid || is_over => Decision::Stale,
                    () => Decision::Applied,
                }
            }
            Change::Paid | Change::NoShowFee => {
                if turn == Turn::First && (case.step == Some(Step::Same) || self.was_said(reading))
                {
                    return Decision::Same;
                }
                let waits = now < reading.received_at + PATIENCE;
                let known = uid.is_some_and(|uid| self.is_known(uid));
                let named = uid.is_some() || reading.number.is_some();
                if named && !known && waits { Decision::Early } else { Decision::Applied }
            }
            Change::Started | Change::Ended => {
                let start = uid.and_then(|uid| self.bookings.get(uid)?.about.as_ref());
                let elsewhen = start.is_some_and(|about| Some(about.start) != reading.start);
                match () {
                    () if case.reached || self.was_said(reading) => Decision::Same,
                    () if is_over || elsewhen || reading.shown.is_some() => Decision::Stale,
                    () => Decision::Applied,
                }
            }
            _ if is_over && !change.outlives_booking() => Decision::Stale,
            _ if self.have_all_left(uid, reading) => Decision::Stale,
            _ if self.was_said(reading) => Decision::Same,
            // Several hosts may be exchanged in one moment.
            Change::Reassigned if case.step == Some(Step::Late) && self.is_recent(reading) => {
                Decision::Applied
            }
            _ => case.step.map_or(Decision::Applied, Step::decision),
        }
    }

    /// Whether a booking was cancelled, declined or moved away.
    pub(super) fn is_over(&self, uid: Option<&BookingUid>) -> bool {
        uid.and_then(|uid| self.rank(uid)) > Some(Rank::Accepted)
    }

    /// Whether all whom a delivery calls absent had given up their seats.
    fn have_all_left(&self, uid: Option<&BookingUid>, reading: &Reading) -> bool {
        let absent = &reading.marks.absent;
        let seats = uid.and_then(|uid| self.seats.get(uid));
        let left = |seats: &Seats| absent.iter().all(|person| seats.has_left(person));
        !absent.is_empty() && seats.is_some_and(left)
    }

    /// Tells a transition with what only the chain knows.
    pub(super) fn retell(&self, ruling: &mut Ruling, seat_from: Option<BookingUid>) {
        let Ruling { transition, uid: Some(uid), seat, decision: Decision::Applied, .. } = ruling
        else {
            return;
        };
        let change = transition.change;
        if seat.is_some() {
            // Who leaves last takes the booking along.
            if change == Change::Cancelled && self.rank(uid) == Some(Rank::Cancelled) {
                transition.subject = Some(Subject::Booking(uid.clone()));
                *seat = None;
            }
            if change == Change::Rescheduled && transition.seat_from.is_none() {
                transition.seat_from = seat_from.filter(|from| from != uid);
            }
            return;
        }
        let makes = [Change::Booked, Change::Rejected, Change::Rescheduled, Change::Requested];
        if !makes.contains(&change) {
            return;
        }
        if let Some(from) = self.predecessor(uid) {
            transition.moved_from = Some(from.clone());
            if change == Change::Booked {
                transition.change = Change::Rescheduled;
            }
        }
    }
}

/// The rank below which a change's tasks stay valid; news that no state overtakes have the highest.
pub(super) fn rank_of(change: Change) -> i16 {
    match change {
        Change::Requested => Rank::Pending.number(),
        Change::Booked
        | Change::Ended
        | Change::GuestNoShow
        | Change::GuestsAdded
        | Change::HostNoShow
        | Change::InstantMeeting
        | Change::InstantMeetingAccepted
        | Change::LocationChanged
        | Change::NoShow
        | Change::PaymentInitiated
        | Change::Reassigned
        | Change::Rescheduled
        | Change::Started => Rank::Accepted.number(),
        Change::Rejected => Rank::Rejected.number(),
        Change::Cancelled | Change::RescheduleRequested => Rank::Cancelled.number(),
        _ => i16::MAX,
    }
}
