//! Which booking replaced which, and how far each has come.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    mem,
};

use cal_core::BookingUid;

use crate::{Change, Reading, Subject, Transition, subject::is_stand_in};

use super::{
    Chains, Link, Overtaken,
    booking::{Facts, Rank, Reached},
    judge::Case,
    seat::Seat,
    seats::reference,
};

impl Chains {
    /// Makes the booking known, and joins the chains of what it replaces.
    pub(super) fn link(&mut self, uid: &BookingUid, reading: &Reading) {
        self.ensure(uid);
        let Transition { moved_from, moved_to, root, .. } = &reading.transition;
        // The chain's first booking cannot hang on itself through a longer way.
        if let Some(from) = moved_from.as_ref().filter(|from| *from != uid) {
            self.replaces(uid, from);
        }
        // Moving a seat links no bookings.
        let is_whole = !matches!(reading.transition.subject, Some(Subject::Seat(..)));
        if let Some(to) = moved_to.as_ref().filter(|to| *to != uid && is_whole) {
            self.ensure(to);
            self.replaces(to, uid);
            // It is as old as what names it, so that it comes after what came before.
            self.change(to, |link| link.facts.heard(reading.at));
        }
        if let Some(root) = root.as_ref().filter(|root| *root != uid) {
            self.root(uid, root);
        }
    }

    /// Notes the first booking of a booking's chain, which may become known later or never.
    pub(super) fn root(&mut self, uid: &BookingUid, root: &BookingUid) {
        self.change(uid, |link| {
            // Of two contradicting deliveries the same one must win in any order.
            if link.facts.root.as_ref().is_none_or(|known| known > root) {
                link.facts.root = Some(root.clone());
            }
        });
        if self.bookings.contains_key(root) {
            self.join(uid, root);
        } else {
            self.wait(uid, root);
        }
    }

    /// Notes that a booking was paid, and so what has stood for it.
    pub(super) fn pay(&mut self, uid: &BookingUid) {
        let Some(link) = self.bookings.get_mut(uid) else { return };
        if mem::replace(&mut link.facts.paid, true) {
            return;
        }
        if let Some(members) = self.chains.get_mut(&link.chain) {
            members.paid += 1;
        }
        let stand_ins = link.facts.stand_ins.clone();
        self.touched.insert(uid.clone());
        for stand_in in &stand_ins {
            self.pay(stand_in);
        }
    }

    /// Notes that a booking replaces another one.
    pub(super) fn replaces(&mut self, uid: &BookingUid, from: &BookingUid) {
        self.ensure(from);
        let known = self.bookings.get(uid).and_then(|link| link.facts.moved_from.clone());
        // Of two contradicting deliveries the same one must win in any order.
        if known.as_ref().is_none_or(|known| known > from) {
            self.change(uid, |link| link.facts.moved_from = Some(from.clone()));
            if let Some(known) = &known {
                self.change(known, |link| link.replaced -= 1);
            }
            self.change(from, |link| link.replaced += 1);
        }
        self.change(from, |link| {
            let facts = &mut link.facts;
            let known = if is_stand_in(uid) { &mut facts.nameless } else { &mut facts.successor };
            // Of two contradicting deliveries the same one must win in any order.
            if known.as_ref().is_none_or(|known| known > uid) {
                *known = Some(uid.clone());
            }
        });
        self.join(uid, from);
        self.name_successor(from);
    }

    /// Notes that a booking was replaced by another one, of which nothing else needs to be known.
    pub fn replace(&mut self, uid: &BookingUid, successor: &BookingUid) -> Vec<Overtaken> {
        let before = self.standings([uid].into_iter());
        let is_new = !before.contains_key(uid);
        self.ensure(uid);
        self.ensure(successor);
        if uid != successor {
            self.replaces(successor, uid);
        }
        let new = is_new.then(|| Overtaken::new(uid, None, self.rank(uid))).flatten();
        self.overtaken(&before, None, None).into_iter().chain(new).collect()
    }

    pub(super) fn ensure(&mut self, uid: &BookingUid) {
        self.touched.insert(uid.clone());
        if !self.bookings.contains_key(uid) {
            let facts = Facts::default();
            let link =
                Link { chain: uid.clone(), number: None, about: None, facts, replaced: 0, held: 0 };
            let members = self.chains.entry(uid.clone()).or_default();
            members.size = 1;
            members.insert(uid, link.place());
            self.bookings.insert(uid.clone(), link);
            self.end_waiting(uid);
        }
    }

    /// Changes a booking, and puts it where it belongs in its chain then.
    pub(super) fn change(&mut self, uid: &BookingUid, change: impl FnOnce(&mut Link)) {
        let Some(link) = self.bookings.get_mut(uid) else { return };
        let before = link.place();
        change(link);
        let after = link.place();
        if before != after
            && let Some(members) = self.chains.get_mut(&link.chain)
        {
            members.remove(uid, before);
            members.insert(uid, after);
        }
        self.touched.insert(uid.clone());
    }

    /// Makes one chain of two: the larger one takes in the other, so that no booking is taken into
    /// another chain often.
    pub(super) fn join(&mut self, one: &BookingUid, other: &BookingUid) {
        let chain = |uid| self.bookings.get(uid).map(|link| link.chain.clone());
        let (Some(one), Some(other)) = (chain(one), chain(other)) else { return };
        if one == other {
            return;
        }
        let size = |id| self.chains.get(id).map_or(0, |members| members.size);
        let (old, new) = match size(&one).cmp(&size(&other)).then_with(|| other.cmp(&one)) {
            std::cmp::Ordering::Less => (one, other),
            _ => (other, one),
        };
        let small = self.chains.remove(&old).unwrap_or_default();
        let large = self.chains.entry(new.clone()).or_default();
        large.size += small.size;
        large.held += small.held;
        large.paid += small.paid;
        for uid in small.uids() {
            if let Some(link) = self.bookings.get_mut(uid) {
                link.chain = new.clone();
                large.insert(uid, link.place());
            }
        }
        self.sized.insert(new.clone());
        self.renamed.push((old, new));
    }

    /// Adds what a delivery reports about a booking.
    pub(super) fn inform(&mut self, uid: &BookingUid, reading: &Reading, seat: Option<i64>) {
        let change = reading.transition.change;
        let state = Reached::by(change);
        let is_meeting = matches!(change, Change::Started | Change::Ended);
        let Some(link) = self.bookings.get_mut(uid) else { return };
        // A stand-in has its number for a name.
        let is_named = reading.uid.as_ref().is_none_or(|uid| !is_stand_in(uid));
        if let Some(number) = reading.number.filter(|_| is_named && !is_stand_in(uid)) {
            let number = link.number.map_or(number, |known| known.min(number));
            link.number = Some(number);
            self.numbers.insert(number, uid.clone());
        }
        if change == Change::Paid {
            self.pay(uid);
        }
        let Some(link) = self.bookings.get_mut(uid) else { return };
        if is_meeting {
            // The row is what the booking was when the webhook was scheduled.
            if reading.shown.is_none() {
                link.facts.meetings.extend(state.zip(reading.start));
            }
            return;
        }
        if let Some(details) = &reading.details {
            link.facts.shows(details, reading.at);
        }
        if reading.about.is_some() && reading.about > link.about {
            link.about.clone_from(&reading.about);
        }
        if state.is_none() {
            return;
        }
        let takes = seat.is_none() || state != Some(Reached::Cancelled);
        self.change(uid, |link| {
            let facts = &mut link.facts;
            facts.shown = facts.shown.max(reading.shown);
            facts.heard(reading.at);
            facts.reached.extend(state.filter(|_| takes));
        });
        let Some(seat) = seat.filter(|_| !reading.is_moved_away()) else { return };
        let is_named = reference(reading).is_some();
        self.change_seat(uid, seat, |seat| {
            if takes {
                seat.taken_at = seat.taken_at.max(Some(reading.at));
            } else {
                seat.cancelled_at = seat.cancelled_at.max(Some(reading.at));
                seat.seen_gone |= is_named;
            }
            seat.reached.extend(state);
        });
    }

    /// How far a booking has come within its chain.
    pub(super) fn rank(&self, uid: &BookingUid) -> Option<Rank> {
        let link = self.bookings.get(uid)?;
        // A booking that has its uid now is as far as that one.
        let named = link.facts.named.as_ref().filter(|named| self.bookings.contains_key(*named));
        if let Some(named) = named.filter(|named| *named != uid) {
            return self.rank(named);
        }
        if self.current(uid).is_some_and(|current| current != uid) {
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

    /// The booking that a booking's chain has come to.
    fn current(&self, uid: &BookingUid) -> Option<&BookingUid> {
        self.chains.get(&self.bookings.get(uid)?.chain)?.current()
    }

    /// The booking that this one replaces.
    pub(super) fn predecessor(&self, uid: &BookingUid) -> Option<&BookingUid> {
        let link = self.bookings.get(uid)?;
        match (&link.facts.moved_from, &link.facts.root) {
            (Some(from), _) => Some(from),
            (None, Some(_)) => {
                let before = self.chains.get(&link.chain)?.before(uid, link.place().made)?;
                let named = self.bookings.get(before).and_then(|link| link.facts.named.as_ref());
                named.or(Some(before)).filter(|before| *before != uid)
            }
            (None, None) => None,
        }
    }

    /// Whether a booking, or one of so many that it replaced, was paid.
    pub(super) fn is_paid_within(&self, uid: &BookingUid, reach: usize) -> bool {
        let is_paid = |uid| self.bookings.get(uid).is_some_and(|link: &Link| link.facts.paid);
        let chain = self.bookings.get(uid).and_then(|link| self.chains.get(&link.chain));
        if chain.is_none_or(|members| members.paid == 0) {
            return false;
        }
        let mut seen = HashSet::new();
        let mut at = Some(uid);
        while let Some(uid) = at.filter(|uid| seen.len() <= reach && seen.insert(*uid)) {
            if is_paid(uid) {
                return true;
            }
            at = self.predecessor(uid);
        }
        false
    }

    /// How far everything has come that a delivery about these bookings may touch.
    ///
    /// Of a chain that is the booking that it has come to: all others cannot come further.
    pub(super) fn standings<'a>(
        &'a self,
        uids: impl Iterator<Item = &'a BookingUid>,
    ) -> BTreeMap<BookingUid, Option<Rank>> {
        let mut all: BTreeSet<&BookingUid> = BTreeSet::new();
        for uid in uids.filter(|uid| self.bookings.contains_key(*uid)) {
            all.extend(self.current(uid).into_iter().chain([uid]));
        }
        let links = all.iter().filter_map(|uid| self.bookings.get(*uid));
        let stand_ins: Vec<_> = links.flat_map(|link| &link.facts.stand_ins).collect();
        let all = all.into_iter().chain(stand_ins);
        all.map(|uid| (uid.clone(), self.rank(uid))).collect()
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
        for (member, was) in before {
            let now = self.rank(member);
            if now != *was {
                self.touched.insert(member.clone());
            }
            // Another booking may be the current one since, also one that was replaced before.
            let current = self.current(member).filter(|current| !before.contains_key(*current));
            let link = current.and_then(|uid| self.bookings.get(uid));
            let stand_ins = link.into_iter().flat_map(|link| &link.facts.stand_ins);
            let moved: Vec<_> = stand_ins.chain(current).cloned().collect();
            self.touched.extend(moved);
            let own_seat = seat.is_some() && Some(member) == uid;
            if now > *was && !(own_seat && now <= Some(Rank::Accepted)) {
                // A cancellation says nothing to who was declined, and silences nothing.
                let declined = *was == Some(Rank::Rejected) && now == Some(Rank::Cancelled);
                let now = if declined { *was } else { now };
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
        if let Some((case, number)) = case.zip(seat) {
            let seat = self.seats.get(uid).and_then(|seats| seats.get(number));
            let now = seat.and_then(Seat::rank);
            if now > case.rank {
                overtaken.extend(now.and_then(|now| Overtaken::of_seat(uid, number, now)));
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
    pub(super) fn of_seat(uid: &BookingUid, number: i64, rank: Rank) -> Option<Self> {
        Self::new(uid, i32::try_from(number).ok(), Some(rank.min(Rank::Cancelled)))
    }
}
