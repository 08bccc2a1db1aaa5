//! How a story ends, from the set of its facts and not from any order of arrival.

use std::collections::BTreeMap;

use cal_webhook::{BookingRow, BookingState};

use super::story::{Fact, What, start};
use crate::news::text;

/// The columns that the model knows.
#[derive(Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) status: BookingState,
    paid: bool,
    known: bool,
    chain: String,
    /// The title and the start that are shown.
    about: Option<(String, String)>,
    /// How many people have a seat.
    pub(crate) seats: Option<usize>,
}

impl Row {
    /// Compares all but the seats, which no column shows.
    pub(crate) fn of(row: &BookingRow) -> Self {
        Self {
            status: row.status,
            paid: row.paid,
            known: row.known,
            chain: row.chain.to_string(),
            about: row.about.as_ref().map(|about| (about.title.clone(), text(about.start))),
            seats: None,
        }
    }

    pub(crate) fn without_seats(&self) -> Self {
        let Self { status, paid, known, .. } = *self;
        Self {
            status,
            paid,
            known,
            chain: self.chain.clone(),
            about: self.about.clone(),
            seats: None,
        }
    }
}

/// The rows of all bookings of a story.
pub(crate) fn end(facts: &[Fact]) -> BTreeMap<String, Row> {
    facts.iter().map(|fact| (fact.uid.clone(), row(&fact.uid, facts))).collect()
}

fn row(uid: &str, facts: &[Fact]) -> Row {
    let own: Vec<_> = facts.iter().filter(|fact| fact.uid == uid).collect();
    let chain = own[0].chain.clone();
    let place = own[0].place;
    let is = |what: What| own.iter().any(|fact| fact.what == what);
    let seats = seats(uid, facts);
    let later = facts.iter().any(|fact| fact.chain == chain && fact.place > place);
    let status = if later {
        BookingState::Moved
    } else if is(What::Cancelled) || is(What::AskedToMove) {
        BookingState::Cancelled
    } else if is(What::Rejected) {
        BookingState::Rejected
    } else if let Some(seats) = &seats {
        match () {
            () if seats.contains(&Seat::Taken) => BookingState::Accepted,
            // The last one to go tells what became of the booking.
            () if went_last(uid, facts) == What::Left => BookingState::Cancelled,
            () => BookingState::Moved,
        }
    } else if is(What::Accepted) {
        if is(What::Ended) { BookingState::Ended } else { BookingState::Accepted }
    } else {
        BookingState::Pending
    };
    let before = |fact: &&Fact| fact.chain == chain && fact.place <= place;
    let latest = own
        .iter()
        .filter_map(|fact| Some((weight(fact.what)?, fact.minute, *fact)))
        .max_by_key(|it| (it.0, it.1));
    Row {
        status,
        paid: facts.iter().filter(before).any(|fact| fact.what == What::Paid),
        known: own.iter().any(|fact| !matches!(fact.what, What::Paid | What::Initiated)),
        chain: own[0].chain.clone(),
        about: latest.map(|(_, _, fact)| (fact.title(), start(fact.start))),
        seats: seats.map(|seats| seats.iter().filter(|seat| **seat == Seat::Taken).count()),
    }
}

/// Whose word about the content counts more.
fn weight(what: What) -> Option<u8> {
    Some(match what {
        What::Absent | What::Started | What::Ended => return None,
        What::Initiated | What::Left | What::Paid | What::Requested => 1,
        What::Accepted | What::Located | What::SeatMoved | What::Taken => 2,
        What::AskedToMove | What::Cancelled | What::Rejected | What::Replaced => 3,
    })
}

#[derive(Clone, Copy, PartialEq)]
enum Seat {
    Left,
    Taken,
}

/// How the last one to leave a booking went.
fn went_last(uid: &str, facts: &[Fact]) -> What {
    let went = |fact: &&Fact| match fact.what {
        What::Left => fact.uid == uid,
        _ => fact.from.as_deref() == Some(uid),
    };
    facts.iter().filter(went).max_by_key(|fact| fact.minute).unwrap().what
}

/// The seats of a booking as they came to be.
fn seats(uid: &str, facts: &[Fact]) -> Option<Vec<Seat>> {
    let mut own: Vec<_> = facts.iter().filter(|fact| fact.seat.is_some()).collect();
    own.sort_by_key(|fact| fact.minute);
    own.dedup_by_key(|fact| fact.minute);
    let mut seats: Vec<((String, String), Seat)> = Vec::new();
    for fact in own {
        let seat = fact.seat.clone()?;
        let mine =
            seats.iter_mut().rev().find(|(other, it)| other.0 == seat.0 && *it == Seat::Taken);
        let leaves = fact.uid == uid && fact.what == What::Left;
        if leaves || fact.from.as_deref() == Some(uid) {
            mine?.1 = Seat::Left;
        } else if fact.uid == uid {
            seats.retain(|(other, _)| seat.1.is_empty() || *other != seat);
            seats.push((seat, Seat::Taken));
        }
    }
    (!seats.is_empty()).then(|| seats.into_iter().map(|(_, seat)| seat).collect())
}
