//! What a store must look up before deliveries can be decided about.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use cal_core::{BookingId, BookingUid};

use crate::{Change, Reading, Subject, Transition, subject::is_stand_in};

use super::{
    Chains, REACH,
    booking::{Facts, Reached},
    members::Made,
    seats::{moves_in, reference},
};

/// What a store must look up before deliveries can be decided about.
///
/// However long the chains are, and however many seats their bookings have, this is a few rows for
/// each delivery.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Wants {
    /// Bookings by their uids.
    pub bookings: BTreeSet<BookingUid>,
    /// Bookings by their numbers.
    pub numbers: BTreeSet<BookingId>,
    /// Chains, by id, of which the booking with the greatest [`Place`](crate::Place) is wanted
    /// among those that are not at hand.
    pub latest: BTreeSet<BookingUid>,
    /// Bookings that were made before others.
    pub before: BTreeSet<Before>,
    /// All seats that a person had in a booking.
    pub people: BTreeSet<(BookingUid, String)>,
    /// The first seat of a booking that has a reference.
    pub references: BTreeSet<(BookingUid, String)>,
}

/// The booking of a chain with the greatest [`Made`] and uid below these, among those that are not at
/// hand.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub struct Before {
    /// The chain's id.
    pub chain: BookingUid,
    /// When the other booking was made.
    pub made: Made,
    /// The other booking.
    pub uid: BookingUid,
}

impl Wants {
    /// Whether everything is at hand.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// Returns how much has to be looked up.
    #[must_use]
    pub fn count(&self) -> usize {
        let Self { bookings, numbers, latest, before, people, references } = self;
        let seats = people.len() + references.len();
        bookings.len() + numbers.len() + latest.len() + before.len() + seats
    }
}

/// What was asked for before.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    bookings: HashSet<BookingUid>,
    numbers: HashSet<BookingId>,
    latest: HashSet<BookingUid>,
    before: HashSet<Before>,
    people: HashSet<(BookingUid, String)>,
    references: HashSet<(BookingUid, String)>,
}

impl Chains {
    /// Returns what must be looked up before these deliveries, and about these other bookings, can
    /// be decided about one after the other.
    ///
    /// What was found is taken in, and then this is asked again, until nothing is wanted: what one
    /// booking shows may lead to another one. The values that the deliveries report must be at hand.
    pub fn wants(&mut self, batch: &[&Reading], others: &[&BookingUid]) -> Wants {
        let mut wants = Wants::default();
        for uid in others {
            wants.bookings.insert((*uid).clone());
        }
        for reading in batch {
            wants.bookings.extend(reading.uids().chain(&reading.stand_in).cloned());
            wants.numbers.extend(reading.number());
            wants.bookings.extend(self.waiting(reading));
            self.want_seats(reading, &mut wants);
        }
        for (uid, seats) in &self.seats {
            // Whoever is found by a reference has other seats, too.
            wants.people.extend(seats.people().map(|person| (uid.clone(), person.to_owned())));
        }
        let named: BTreeSet<BookingUid> =
            batch.iter().filter_map(|it| self.uid_of(it)).chain(wants.bookings.clone()).collect();
        let links = |reading: &&&Reading| reading.transition.moved_from.is_some();
        for reading in batch.iter().filter(links) {
            // A booking that loses its successor to another one may be open again.
            let uid = self.uid_of(reading);
            let link = uid.and_then(|uid| self.bookings.get(&uid));
            wants.bookings.extend(link.and_then(|link| link.facts.moved_from.clone()));
        }
        for to in batch.iter().filter_map(|reading| reading.transition.moved_to.as_ref()) {
            let link = self.bookings.get(to);
            wants.bookings.extend(link.and_then(|link| link.facts.moved_from.clone()));
        }
        self.want_names(batch, &named, &mut wants);
        for uid in &named {
            let Some(link) = self.bookings.get(uid) else { continue };
            if self.chains.get(&link.chain).is_some_and(|members| members.is_partial()) {
                wants.latest.insert(link.chain.clone());
            }
        }
        self.want_before(batch, &mut wants);
        if batch.iter().any(|reading| reading.transition.change == Change::PaymentInitiated) {
            for uid in &named {
                self.want_back(uid, &mut wants);
            }
        }
        self.asked.unless_asked(wants)
    }

    /// What bookings without uids, and those that may turn out to be these, are linked with.
    fn want_names(&self, batch: &[&Reading], named: &BTreeSet<BookingUid>, wants: &mut Wants) {
        let mut nameless = batch.iter().filter_map(|reading| reading.uid.as_ref());
        let is_told = nameless.any(is_stand_in) || self.stand_ins().next().is_some();
        let named = named.iter().filter(|_| is_told);
        let named = named.filter_map(|uid| Some(&self.bookings.get(uid)?.facts));
        for facts in self.stand_ins().chain(named) {
            let Facts { named, stand_ins, successor, nameless, moved_from, root, .. } = facts;
            let links = [named, successor, nameless, moved_from, root];
            wants.bookings.extend(links.into_iter().flatten().chain(stand_ins).cloned());
        }
    }

    /// The seats that a delivery is about.
    fn want_seats(&self, reading: &Reading, wants: &mut Wants) {
        let person = |uid: &BookingUid| Some((uid.clone(), reading.attendee.clone()?));
        if let Some(from) = reading.seat_from.as_ref().filter(|_| moves_in(reading)) {
            wants.people.extend(person(from));
        }
        let absent = reading.marks.absent.iter();
        wants.people.extend(
            reading.uid.iter().flat_map(|uid| absent.clone().map(|it| (uid.clone(), it.clone()))),
        );
        let Some(Subject::Seat(..)) = reading.transition.subject else { return };
        let known = reading.keys().filter(|key| key.starts_with("seat:"));
        let known = known.filter_map(|key| self.values.get(key));
        let known = known.map(|known| BookingUid::from(known.value.as_str()));
        let places: Vec<_> =
            known.chain(reading.uid.clone()).chain(reading.seat_from.clone()).collect();
        wants.people.extend(reading.uid.as_ref().and_then(person));
        if reading.uid.is_some() && reading.attendee.is_none() {
            wants.people.extend(reading.uid.clone().map(|uid| (uid, String::new())));
        }
        if let Some(reference) = reference(reading) {
            wants.references.extend(places.iter().map(|uid| (uid.clone(), reference.clone())));
        }
        wants.bookings.extend(places);
    }

    /// What comes before bookings that only a calendar entry links: the latest of their chain.
    fn want_before(&self, batch: &[&Reading], wants: &mut Wants) {
        let mut told: BTreeMap<BookingUid, Vec<&Reading>> = BTreeMap::new();
        for reading in batch {
            if let Some(uid) = self.uid_of(reading) {
                told.entry(uid).or_default().push(reading);
            }
        }
        let makes = [Change::Booked, Change::Rescheduled, Change::Requested];
        let asks = |uid: &BookingUid, readings: &[&Reading]| {
            let facts = self.bookings.get(uid).map(|link| &link.facts);
            let is_root = facts.is_some_and(|facts| facts.root.is_some())
                || readings.iter().any(|reading| reading.transition.root.is_some());
            is_root
                && facts.is_none_or(|facts| facts.moved_from.is_none())
                && readings.iter().any(|reading| makes.contains(&reading.transition.change))
        };
        told.retain(|uid, readings| asks(uid, readings));
        if told.is_empty() {
            return;
        }
        let together = self.joined_by(batch);
        for (uid, readings) in told {
            let id = self.bookings.get(&uid).map_or(&uid, |link| &link.chain);
            let Some(chains) = together.get(id) else { continue };
            let mut first = self.bookings.get(&uid).and_then(|link| link.facts.first_at);
            let mut times = BTreeSet::from([first]);
            for reading in readings {
                if Reached::by(reading.transition.change).is_some() {
                    first = Some(first.map_or(reading.at, |first| first.min(reading.at)));
                    times.insert(first);
                }
            }
            for chain in chains
                .iter()
                .filter(|chain| self.chains.get(*chain).is_some_and(|members| members.is_partial()))
            {
                wants.before.extend(times.iter().map(|at| {
                    let made = Made::of(true, *at);
                    Before { chain: chain.clone(), made, uid: uid.clone() }
                }));
            }
        }
    }

    /// The chains that become one by what the deliveries report, under each of their ids.
    fn joined_by(&self, batch: &[&Reading]) -> HashMap<BookingUid, BTreeSet<BookingUid>> {
        let id = |uid: &BookingUid| self.bookings.get(uid).map_or(uid, |link| &link.chain).clone();
        let mut neighbours: HashMap<BookingUid, BTreeSet<BookingUid>> = HashMap::new();
        for reading in batch {
            let Some(uid) = self.uid_of(reading) else { continue };
            let own = id(&uid);
            neighbours.entry(own.clone()).or_default();
            let transition = &reading.transition;
            let Transition { moved_from, moved_to, root, .. } = transition;
            for other in [moved_from, moved_to, root, &reading.stand_in].into_iter().flatten() {
                let other = id(other);
                neighbours.entry(own.clone()).or_default().insert(other.clone());
                neighbours.entry(other).or_default().insert(own.clone());
            }
            for (uid, waiting) in self.waiting_for(reading) {
                let (uid, waiting) = (id(uid), id(&waiting));
                neighbours.entry(uid.clone()).or_default().insert(waiting.clone());
                neighbours.entry(waiting).or_default().insert(uid);
            }
        }
        let mut together = HashMap::new();
        for start in neighbours.keys() {
            if together.contains_key(start) {
                continue;
            }
            let mut all = BTreeSet::new();
            let mut rest = vec![start];
            while let Some(next) = rest.pop() {
                if all.insert(next.clone()) {
                    rest.extend(neighbours.get(next).into_iter().flatten());
                }
            }
            together.extend(all.iter().map(|id| (id.clone(), all.clone())));
        }
        together
    }

    /// The bookings that a booking replaced, as far back as a payment counts.
    fn want_back(&self, uid: &BookingUid, wants: &mut Wants) {
        let mut at = uid;
        for _ in 0..REACH {
            let Some(link) = self.bookings.get(at) else {
                wants.bookings.insert(at.clone());
                return;
            };
            let chain = link.chain.clone();
            let is_partial = self.chains.get(&chain).is_some_and(|members| members.is_partial());
            if link.facts.moved_from.is_none() && link.facts.root.is_some() && is_partial {
                let made = link.place().made;
                wants.before.insert(Before { chain, made, uid: at.clone() });
            }
            let Some(before) = self.predecessor(at) else { return };
            at = before;
        }
    }
}

impl Asked {
    /// Leaves out what was asked for before.
    fn unless_asked(&mut self, mut wants: Wants) -> Wants {
        wants.bookings.retain(|it| self.bookings.insert(it.clone()));
        wants.numbers.retain(|it| self.numbers.insert(*it));
        wants.latest.retain(|it| self.latest.insert(it.clone()));
        wants.before.retain(|it| self.before.insert(it.clone()));
        wants.people.retain(|it| self.people.insert(it.clone()));
        wants.references.retain(|it| self.references.insert(it.clone()));
        wants
    }
}
