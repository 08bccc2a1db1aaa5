//! Which booking replaced which, and how far each has come.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use cal_core::BookingUid;
use chrono::{DateTime, Utc};

use crate::{Change, Reading, Transition};

use super::{
    Chains, Link, Overtaken,
    booking::{Facts, Rank, Reached, Seat},
    judge::Case,
};

impl Chains {
    /// Makes the booking known, and joins the chains of what it replaces.
    pub(super) fn link(&mut self, uid: &BookingUid, reading: &Reading) {
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

    /// Notes that a booking was replaced by another one, of which nothing else needs to be known.
    pub fn replace(&mut self, uid: &BookingUid, successor: &BookingUid) -> Vec<Overtaken> {
        let members: Vec<_> = self.chain(uid).chain([uid]).cloned().collect();
        let before = members.into_iter().map(|uid| (uid.clone(), self.rank(&uid))).collect();
        self.ensure(uid);
        self.ensure(successor);
        if uid != successor
            && let Some(link) = self.bookings.get_mut(successor)
        {
            let slot = &mut link.facts.moved_from;
            // Of two contradicting reports the same one must win in any order.
            if slot.as_ref().is_none_or(|known| known > uid) {
                *slot = Some(uid.clone());
            }
            self.join(uid, successor);
        }
        self.overtaken(&before, None, None)
    }

    pub(super) fn ensure(&mut self, uid: &BookingUid) {
        self.touched.insert(uid.clone());
        if !self.bookings.contains_key(uid) {
            let facts = Facts::default();
            let link = Link { chain: uid.clone(), number: None, about: None, facts };
            self.bookings.insert(uid.clone(), link);
            self.members.entry(uid.clone()).or_default().insert(uid.clone());
        }
    }

    pub(super) fn join(&mut self, one: &BookingUid, other: &BookingUid) {
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
    pub(super) fn inform(&mut self, uid: &BookingUid, reading: &Reading, seat: Option<usize>) {
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

    /// How far a booking has come within its chain.
    pub(super) fn rank(&self, uid: &BookingUid) -> Option<Rank> {
        let link = self.bookings.get(uid)?;
        if self.current(&link.chain).is_some_and(|current| current != uid) {
            return Some(Rank::Moved);
        }
        link.facts.rank()
    }

    /// How far a booking has come, its single seats left aside.
    pub(super) fn whole(&self, uid: &BookingUid) -> Option<Rank> {
        let link = self.bookings.get(uid)?;
        if self.rank(uid) == Some(Rank::Moved) && link.facts.rank() != Some(Rank::Moved) {
            return Some(Rank::Moved);
        }
        let reached = link.facts.reached.iter();
        reached.filter_map(|reached| reached.rank()).max().max(link.facts.shown)
    }

    /// The booking that a chain has come to: of those that none replaces, the latest.
    pub(super) fn current(&self, chain: &BookingUid) -> Option<&BookingUid> {
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
    pub(super) fn made<'a>(
        &'a self,
        uid: &'a BookingUid,
    ) -> (bool, Option<DateTime<Utc>>, &'a BookingUid) {
        let facts = self.bookings.get(uid).map(|link| &link.facts);
        let linked = facts.is_some_and(|facts| facts.moved_from.is_some() || facts.root.is_some());
        (linked, facts.and_then(|facts| facts.first_at), uid)
    }

    /// The booking that this one replaces.
    pub(super) fn predecessor(&self, uid: &BookingUid) -> Option<&BookingUid> {
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

    pub(super) fn is_paid(&self, uid: &BookingUid) -> bool {
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
    pub(super) fn standings(
        &self,
        reading: &Reading,
        uid: Option<&BookingUid>,
    ) -> BTreeMap<BookingUid, Option<Rank>> {
        let chains = reading.uids().chain(uid).filter_map(|uid| self.chain_of(uid));
        let members = chains.filter_map(|chain| self.members.get(chain)).flatten();
        members.map(|uid| (uid.clone(), self.rank(uid))).collect()
    }

    /// What has come further than before, and leaves earlier tasks behind.
    pub(super) fn overtaken(
        &mut self,
        before: &BTreeMap<BookingUid, Option<Rank>>,
        uid: Option<&BookingUid>,
        case: Option<&Case>,
    ) -> Vec<Overtaken> {
        let seat = case.and_then(|case| case.seat);
        let mut overtaken = Vec::new();
        for (member, before) in before {
            let now = self.rank(member);
            // Rows of the same chain show each other's payments and ends.
            self.touched.insert(member.clone());
            let own_seat = seat.is_some() && Some(member) == uid;
            if now > *before && !(own_seat && now <= Some(Rank::Accepted)) {
                // Whose seat was moved silences nobody who had left.
                let is_moved = self.whole(member) == Some(Rank::Moved);
                let now = if is_moved { now } else { now.min(Some(Rank::Cancelled)) };
                overtaken.extend(Overtaken::new(member, None, now));
            }
        }
        let Some(uid) = uid else { return overtaken };
        let now = self.rank(uid);
        if !before.contains_key(uid) && seat.is_none() {
            overtaken.extend(Overtaken::new(uid, None, now));
        }
        if let Some((case, place)) = case.zip(seat) {
            let seat = self.bookings.get(uid).and_then(|link| link.facts.seats.get(place));
            let now = seat.and_then(Seat::rank);
            if now > case.rank {
                overtaken.extend(now.and_then(|now| Overtaken::of_seat(uid, place, now)));
            }
        }
        overtaken
    }
}

impl Overtaken {
    pub(super) fn new(uid: &BookingUid, seat: Option<i32>, rank: Option<Rank>) -> Option<Self> {
        Some(Self { uid: uid.clone(), seat, below: rank?.number() })
    }

    /// A seat that was moved silences nobody who had left.
    pub(super) fn of_seat(uid: &BookingUid, place: usize, rank: Rank) -> Option<Self> {
        Self::new(uid, i32::try_from(place).ok(), Some(rank.min(Rank::Cancelled)))
    }
}
