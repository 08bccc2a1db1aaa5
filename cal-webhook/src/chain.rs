//! Bookings that replace each other, and what a delivery means among them.

mod booking;
mod value;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use cal_core::{BookingId, BookingUid};
use chrono::{DateTime, TimeDelta, Utc};

use crate::{Change, Decision, Reading, Subject, Transition};

pub(crate) use booking::Rank;
pub use booking::{About, BookingRow, BookingState};
pub use value::Value;

use booking::{Facts, Reached, Seat};
use value::Step;

/// How long a payment waits for its booking.
const PATIENCE: TimeDelta = TimeDelta::seconds(30);

/// How far apart two webhooks may report the same thing.
const MOMENT: TimeDelta = TimeDelta::seconds(30);

/// What is known about chains of bookings, and the rules by which deliveries change it.
///
/// A chain holds the bookings that replaced each other. Everything a delivery reports is a fact that
/// is added, never taken back, so that the bookings' rows do not depend on the order of arrival;
/// [`Chains::decide`] tells whether the delivery is news, and what it supersedes. It does no I/O: a
/// store loads the rows that a [`Reading`] needs, decides, and keeps [`Chains::take_changes`].
#[derive(Clone, Debug, Default)]
pub struct Chains {
    bookings: HashMap<BookingUid, Link>,
    members: HashMap<BookingUid, BTreeSet<BookingUid>>,
    numbers: HashMap<BookingId, BookingUid>,
    values: HashMap<String, Value>,
    identities: HashSet<String>,
    touched: BTreeSet<BookingUid>,
    written: BTreeSet<String>,
    renamed: Vec<(BookingUid, BookingUid)>,
}

#[derive(Clone, Debug)]
struct Link {
    chain: BookingUid,
    number: Option<BookingId>,
    about: Option<About>,
    facts: Facts,
}

impl Link {
    /// Whether its meeting has ended, and no other one that the booking was before.
    fn has_ended(&self) -> bool {
        let about = self.about.as_ref();
        about.is_some_and(|about| self.facts.has_met(Reached::Ended, about.start))
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

/// What must be kept after a round of planning.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Changes {
    /// Bookings that are new or changed.
    pub bookings: Vec<BookingRow>,
    /// Values that are new or changed.
    pub values: Vec<(String, Value)>,
    /// Chains that go by another name now, from the old name to the new one, in order.
    pub renamed: Vec<(BookingUid, BookingUid)>,
}

impl Chains {
    /// Takes in a booking that a store has kept; its whole chain must be taken in.
    ///
    /// Facts that cannot be read are logged and count as unknown.
    pub fn insert(&mut self, row: BookingRow) {
        let facts = serde_json::from_str(&row.facts).unwrap_or_else(|error| {
            tracing::error!(uid = %row.uid, %error, "a booking's row cannot be read");
            Facts::default()
        });
        if let Some(number) = row.number {
            self.numbers.insert(number, row.uid.clone());
        }
        self.members.entry(row.chain.clone()).or_default().insert(row.uid.clone());
        let link = Link { chain: row.chain, number: row.number, about: row.about, facts };
        self.bookings.insert(row.uid, link);
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
            paid: self.is_paid(uid),
            known: link.facts.is_known(),
            about: link.about.clone(),
            facts: serde_json::to_string(&link.facts).unwrap_or_default(),
        })
    }

    /// Decides what a delivery means, and takes in what it reports.
    ///
    /// A payment that comes before its booking is [`Decision::Early`] until the booking is known
    /// or half a minute has passed since it was received.
    pub fn decide(&mut self, reading: &Reading, turn: Turn, now: DateTime<Utc>) -> Ruling {
        let uid = self.uid_of(reading);
        let repeated = turn == Turn::First
            && reading.identity.as_ref().is_some_and(|id| !self.identities.insert(id.clone()));
        let before = self.standings(reading, uid.as_ref());
        let case = Case::new(self, reading, uid.as_ref());
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
        if turn == Turn::First {
            left.extend(self.note_values(reading));
        }
        let mut ruling = Ruling {
            decision,
            transition: reading.transition.clone(),
            rank: rank_of(reading.transition.change),
            seat: case.seat.and_then(|seat| i32::try_from(seat).ok()),
            overtaken: [self.overtaken(&before, uid.as_ref(), &case), left].concat(),
            held_until: (decision == Decision::Early).then(|| reading.received_at + PATIENCE),
            uid,
        };
        self.retell(&mut ruling);
        ruling
    }

    /// Forgets a chain with all its bookings.
    pub(crate) fn forget(&mut self, uid: &BookingUid) {
        let Some(link) = self.bookings.get(uid) else { return };
        for member in self.members.remove(&link.chain.clone()).unwrap_or_default() {
            if let Some(number) = self.bookings.remove(&member).and_then(|link| link.number) {
                self.numbers.remove(&number);
            }
        }
    }

    pub(crate) fn forget_value(&mut self, key: &str) {
        self.values.remove(key);
    }

    pub(crate) fn forget_identity(&mut self, identity: &str) {
        self.identities.remove(identity);
    }

    /// Returns the first booking of a booking's chain, by which the chain goes.
    #[must_use]
    pub fn chain_of(&self, uid: &BookingUid) -> Option<&BookingUid> {
        self.bookings.get(uid).map(|link| &link.chain)
    }

    /// Returns the bookings of a booking's chain.
    pub(crate) fn chain(&self, uid: &BookingUid) -> impl Iterator<Item = &BookingUid> {
        self.chain_of(uid).and_then(|chain| self.members.get(chain)).into_iter().flatten()
    }

    pub(crate) fn is_known(&self, uid: &BookingUid) -> bool {
        self.bookings.get(uid).is_some_and(|link| link.facts.is_known())
    }

    /// Returns all bookings, in no particular order.
    pub(crate) fn uids(&self) -> impl Iterator<Item = &BookingUid> {
        self.bookings.keys()
    }

    /// Returns the booking that a delivery is about, also where it names only its number.
    pub(crate) fn uid_of(&self, reading: &Reading) -> Option<BookingUid> {
        let by_number = || self.numbers.get(&reading.number?).cloned();
        reading.uid.clone().or_else(by_number)
    }

    /// Takes what changed since the last call.
    pub fn take_changes(&mut self) -> Changes {
        let touched = std::mem::take(&mut self.touched);
        let written = std::mem::take(&mut self.written);
        Changes {
            bookings: touched.iter().filter_map(|uid| self.booking(uid)).collect(),
            values: written
                .into_iter()
                .filter_map(|key| Some((key.clone(), self.values.get(&key)?.clone())))
                .collect(),
            renamed: std::mem::take(&mut self.renamed),
        }
    }
}

/// What was known when a delivery was decided about.
struct Case {
    /// The seat it is about, by its place in the booking.
    seat: Option<usize>,
    /// Whether its subject had reached this state.
    reached: bool,
    /// Whether who took the seat has given it up since.
    left: bool,
    /// How far the subject had come: the seat, or the booking.
    rank: Option<Rank>,
    /// How far the booking with all its seats had come by what was reported about it as a whole.
    whole: Option<Rank>,
    /// How the values compare, each with the one known before.
    step: Option<Step>,
}

impl Case {
    fn new(chains: &mut Chains, reading: &Reading, uid: Option<&BookingUid>) -> Self {
        let step = chains.step(reading);
        let Some(uid) = uid else {
            return Self { seat: None, reached: false, left: false, rank: None, whole: None, step };
        };
        let state = Reached::by(reading.transition.change);
        let seat = chains.find_seat(uid, reading);
        let whole = chains.whole(uid);
        let facts = chains.bookings.get(uid).map(|link| &link.facts);
        let taken = seat.zip(facts).and_then(|(seat, facts)| facts.seats.get(seat));
        let left = taken.is_some_and(|seat| seat.left_at() >= Some(reading.at));
        let (reached, rank) = match (seat, facts) {
            (Some(seat), Some(facts)) => {
                let seat = facts.seats.get(seat);
                (
                    seat.is_some_and(|seat| state.is_some_and(|s| seat.reached.contains(&s))),
                    seat.and_then(Seat::rank),
                )
            }
            (_, Some(facts)) => {
                let met = |state| reading.start.is_some_and(|start| facts.has_met(state, start));
                let reached = |state| facts.reached.contains(&state) || met(state);
                (state.is_some_and(reached), chains.rank(uid))
            }
            (_, None) => (false, None),
        };
        Self { seat, reached, left, rank, whole, step }
    }
}

impl Chains {
    fn judge(
        &self,
        reading: &Reading,
        uid: Option<&BookingUid>,
        case: &Case,
        turn: Turn,
        now: DateTime<Utc>,
    ) -> Decision {
        let change = reading.transition.change;
        let standing = uid.and_then(|uid| self.rank(uid));
        let is_over = standing > Some(Rank::Accepted);
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
                match () {
                    () if reading.transition.stale => Decision::Stale,
                    () if case.reached || (empty && rank == case.rank) => Decision::Same,
                    () if late || before > rank => Decision::Stale,
                    () => Decision::Applied,
                }
            }
            Change::PaymentInitiated => {
                let paid = uid.is_some_and(|uid| self.is_paid(uid));
                match () {
                    () if case.reached => Decision::Same,
                    () if paid || is_over => Decision::Stale,
                    () => Decision::Applied,
                }
            }
            Change::Paid | Change::NoShowFee => {
                if turn == Turn::First && case.step == Some(Step::Same) {
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
                    () if case.reached => Decision::Same,
                    () if is_over || elsewhen || reading.shown.is_some() => Decision::Stale,
                    () => Decision::Applied,
                }
            }
            Change::LocationChanged | Change::Reassigned if is_over => Decision::Stale,
            _ => case.step.map_or(Decision::Applied, Step::decision),
        }
    }

    /// Makes the booking known, and joins the chains of what it replaces.
    fn link(&mut self, uid: &BookingUid, reading: &Reading) {
        self.ensure(uid);
        let Transition { moved_from, root, .. } = &reading.transition;
        // The chain's first booking cannot hang on itself through a longer way.
        for (other, strong) in [(moved_from, true), (root, false)] {
            let Some(other) = other.clone().filter(|other| other != uid) else { continue };
            self.ensure(&other);
            if let Some(link) = self.bookings.get_mut(uid) {
                let slot = if strong { &mut link.facts.moved_from } else { &mut link.facts.root };
                // Of two contradicting deliveries the same one must win in any order.
                if slot.as_ref().is_none_or(|known| *known > other) {
                    *slot = Some(other.clone());
                }
            }
            self.join(uid, &other);
        }
    }

    fn ensure(&mut self, uid: &BookingUid) {
        self.touched.insert(uid.clone());
        if !self.bookings.contains_key(uid) {
            let facts = Facts::default();
            let link = Link { chain: uid.clone(), number: None, about: None, facts };
            self.bookings.insert(uid.clone(), link);
            self.members.entry(uid.clone()).or_default().insert(uid.clone());
        }
    }

    fn join(&mut self, one: &BookingUid, other: &BookingUid) {
        let chains = [one, other].map(|uid| self.bookings.get(uid).map(|link| link.chain.clone()));
        let [Some(one), Some(other)] = chains else { return };
        let mut members = self.members.remove(&one).unwrap_or_default();
        if one != other {
            members.extend(self.members.remove(&other).unwrap_or_default());
        }
        // The first is the one that replaces none.
        let is_first = |uid: &&BookingUid| {
            self.bookings
                .get(*uid)
                .is_some_and(|link| link.facts.moved_from.is_none() && link.facts.root.is_none())
        };
        let first = members.iter().find(is_first).or_else(|| members.first()).cloned();
        let Some(first) = first else { return };
        for member in &members {
            if let Some(link) = self.bookings.get_mut(member) {
                link.chain = first.clone();
            }
        }
        for old in BTreeSet::from([one, other]) {
            if old != first {
                self.renamed.push((old, first.clone()));
            }
        }
        self.touched.extend(members.iter().cloned());
        self.members.insert(first, members);
    }

    /// Adds what a delivery reports about a booking.
    fn inform(&mut self, uid: &BookingUid, reading: &Reading, seat: Option<usize>) {
        let change = reading.transition.change;
        let state = Reached::by(change);
        let is_meeting = matches!(change, Change::Started | Change::Ended);
        let Some(link) = self.bookings.get_mut(uid) else { return };
        if let Some(number) = reading.number {
            let number = link.number.map_or(number, |known| known.min(number));
            link.number = Some(number);
            self.numbers.insert(number, uid.clone());
        }
        if change == Change::Paid {
            link.facts.paid = true;
        }
        if is_meeting {
            // The row is what the booking was when the webhook was scheduled.
            if reading.shown.is_none() {
                link.facts.meetings.extend(state.zip(reading.start));
            }
            return;
        }
        if reading.about.is_some() && reading.about > link.about {
            link.about.clone_from(&reading.about);
        }
        if state.is_none() {
            return;
        }
        link.facts.shown = link.facts.shown.max(reading.shown);
        let first = link.facts.first_at.map_or(reading.at, |first| first.min(reading.at));
        link.facts.first_at = Some(first);
        match seat.and_then(|seat| link.facts.seats.get_mut(seat)) {
            None => link.facts.reached.extend(state),
            Some(seat) => {
                if state == Some(Reached::Cancelled) {
                    seat.cancelled_at = seat.cancelled_at.max(Some(reading.at));
                } else {
                    link.facts.reached.extend(state);
                    seat.taken_at = seat.taken_at.max(Some(reading.at));
                }
                seat.reached.extend(state);
            }
        }
    }

    /// Marks whether a seat was moved out of a booking.
    fn seat_moved(
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
    fn leave(&mut self, reading: &Reading) -> Option<Overtaken> {
        let from = reading.seat_from.as_ref()?;
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
    fn find_seat(&mut self, uid: &BookingUid, reading: &Reading) -> Option<usize> {
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

    fn find_seat_of(&mut self, uid: &BookingUid, reading: &Reading) -> Option<usize> {
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
    fn step(&self, reading: &Reading) -> Option<Step> {
        let known =
            |(key, value): &(String, String)| Step::from(self.values.get(key), value, reading.at);
        reading.values.iter().map(known).max()
    }

    /// Keeps the values of a delivery, and returns the seats that are elsewhere by them.
    fn note_values(&mut self, reading: &Reading) -> Vec<Overtaken> {
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

    /// How far a booking has come within its chain.
    fn rank(&self, uid: &BookingUid) -> Option<Rank> {
        let link = self.bookings.get(uid)?;
        if self.current(&link.chain).is_some_and(|current| current != uid) {
            return Some(Rank::Moved);
        }
        link.facts.rank()
    }

    /// How far a booking has come, its single seats left aside.
    fn whole(&self, uid: &BookingUid) -> Option<Rank> {
        let link = self.bookings.get(uid)?;
        if self.rank(uid) == Some(Rank::Moved) && link.facts.rank() != Some(Rank::Moved) {
            return Some(Rank::Moved);
        }
        let reached = link.facts.reached.iter();
        reached.filter_map(|reached| reached.rank()).max().max(link.facts.shown)
    }

    /// The booking that a chain has come to: of those that none replaces, the latest.
    fn current(&self, chain: &BookingUid) -> Option<&BookingUid> {
        let members = self.members.get(chain)?;
        let replaced: HashSet<&BookingUid> = members
            .iter()
            .filter_map(|uid| self.bookings.get(uid)?.facts.moved_from.as_ref())
            .collect();
        let latest = |one: &&BookingUid, other: &&BookingUid| self.made(one).cmp(&self.made(other));
        let open = members.iter().filter(|uid| !replaced.contains(uid)).max_by(latest);
        open.or_else(|| members.iter().max_by(latest))
    }

    /// By what the bookings of a chain are put in order where no link does it: those that replace
    /// another one come later, and then the time of their first delivery counts.
    fn made<'a>(&'a self, uid: &'a BookingUid) -> (bool, Option<DateTime<Utc>>, &'a BookingUid) {
        let facts = self.bookings.get(uid).map(|link| &link.facts);
        let linked = facts.is_some_and(|facts| facts.moved_from.is_some() || facts.root.is_some());
        (linked, facts.and_then(|facts| facts.first_at), uid)
    }

    /// The booking that this one replaces.
    fn predecessor(&self, uid: &BookingUid) -> Option<&BookingUid> {
        let link = self.bookings.get(uid)?;
        match (&link.facts.moved_from, &link.facts.root) {
            (Some(from), _) => Some(from),
            (None, Some(_)) => {
                let earlier = self.members.get(&link.chain)?.iter();
                let earlier = earlier.filter(|other| self.made(other) < self.made(uid));
                earlier.max_by(|one, other| self.made(one).cmp(&self.made(other)))
            }
            (None, None) => None,
        }
    }

    fn is_paid(&self, uid: &BookingUid) -> bool {
        // Going back from each booking of a long chain takes its time.
        let chain = self.chain(uid).filter_map(|member| self.bookings.get(member));
        if !chain.into_iter().any(|link| link.facts.paid) {
            return false;
        }
        let mut seen = HashSet::new();
        let mut at = Some(uid);
        while let Some(uid) = at.filter(|uid| seen.insert(*uid)) {
            if self.bookings.get(uid).is_some_and(|link| link.facts.paid) {
                return true;
            }
            at = self.predecessor(uid);
        }
        false
    }

    /// How far everything has come that a delivery may touch.
    fn standings(
        &self,
        reading: &Reading,
        uid: Option<&BookingUid>,
    ) -> BTreeMap<BookingUid, Option<Rank>> {
        let chains = reading.uids().chain(uid).filter_map(|uid| self.chain_of(uid));
        let members = chains.filter_map(|chain| self.members.get(chain)).flatten();
        members.map(|uid| (uid.clone(), self.rank(uid))).collect()
    }

    /// What has come further than before, and leaves earlier tasks behind.
    fn overtaken(
        &mut self,
        before: &BTreeMap<BookingUid, Option<Rank>>,
        uid: Option<&BookingUid>,
        case: &Case,
    ) -> Vec<Overtaken> {
        let mut overtaken = Vec::new();
        for (member, before) in before {
            let now = self.rank(member);
            // Rows of the same chain show each other's payments and ends.
            self.touched.insert(member.clone());
            let own_seat = case.seat.is_some() && Some(member) == uid;
            if now > *before && !(own_seat && now <= Some(Rank::Accepted)) {
                // Whose seat was moved silences nobody who had left.
                let is_moved = self.whole(member) == Some(Rank::Moved);
                let now = if is_moved { now } else { now.min(Some(Rank::Cancelled)) };
                overtaken.extend(Overtaken::new(member, None, now));
            }
        }
        let Some(uid) = uid else { return overtaken };
        let now = self.rank(uid);
        if !before.contains_key(uid) && case.seat.is_none() {
            overtaken.extend(Overtaken::new(uid, None, now));
        }
        if let Some(place) = case.seat {
            let seat = self.bookings.get(uid).and_then(|link| link.facts.seats.get(place));
            let now = seat.and_then(Seat::rank);
            if now > case.rank {
                overtaken.extend(now.and_then(|now| Overtaken::of_seat(uid, place, now)));
            }
        }
        overtaken
    }

    /// Tells a transition with what only the chain knows.
    fn retell(&self, ruling: &mut Ruling) {
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
            return;
        }
        if !matches!(change, Change::Booked | Change::Rescheduled | Change::Requested) {
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

impl Overtaken {
    fn new(uid: &BookingUid, seat: Option<i32>, rank: Option<Rank>) -> Option<Self> {
        Some(Self { uid: uid.clone(), seat, below: number_of(rank?) })
    }

    /// A seat that was moved silences nobody who had left.
    fn of_seat(uid: &BookingUid, place: usize, rank: Rank) -> Option<Self> {
        Self::new(uid, i32::try_from(place).ok(), Some(rank.min(Rank::Cancelled)))
    }
}

fn number_of(rank: Rank) -> i16 {
    rank as i16 + 1
}

/// The rank below which a change's tasks stay valid; news that no state overtakes have the highest.
fn rank_of(change: Change) -> i16 {
    match change {
        Change::Requested => number_of(Rank::Pending),
        Change::Booked
        | Change::Ended
        | Change::LocationChanged
        | Change::PaymentInitiated
        | Change::Reassigned
        | Change::Rescheduled
        | Change::Started => number_of(Rank::Accepted),
        Change::Rejected => number_of(Rank::Rejected),
        Change::Cancelled | Change::RescheduleRequested => number_of(Rank::Cancelled),
        _ => i16::MAX,
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
