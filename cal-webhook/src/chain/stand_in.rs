//! Bookings whose uid was missing at first.

use cal_core::BookingUid;

use crate::{Reading, Subject, subject::is_stand_in};

use super::{Chains, booking::Facts};

impl Chains {
    /// Returns the booking that a delivery is about, also where it names only its number.
    pub(crate) fn uid_of(&self, reading: &Reading) -> Option<BookingUid> {
        let by_number = || self.numbers.get(&reading.number()?).cloned();
        let stand_in = || reading.stand_in.clone().filter(|uid| self.bookings.contains_key(uid));
        let named = || self.bookings.get(reading.stand_in.as_ref()?)?.facts.named.clone();
        match &reading.uid {
            Some(uid) if is_stand_in(uid) => {
                self.uid_for(uid, reading).or_else(|| Some(uid.clone()))
            }
            Some(uid) => Some(uid.clone()),
            None => by_number().or_else(named).or_else(stand_in),
        }
    }

    /// Returns what stands for a booking without its uid, where a delivery makes both known.
    ///
    /// People who share a booking have seats of their own, which nothing stands for.
    pub(super) fn stand_in_of(
        &self,
        reading: &Reading,
        uid: Option<&BookingUid>,
    ) -> Option<BookingUid> {
        if matches!(reading.transition.subject, Some(Subject::Seat(..))) {
            return None;
        }
        let numbered = reading.stand_in.as_ref();
        let is_told = reading.uid.as_ref().is_some_and(is_stand_in);
        let numbered = numbered.filter(|it| is_told || self.bookings.contains_key(*it));
        let left = reading.transition.moved_from.as_ref();
        let nameless = || self.bookings.get(left?)?.facts.nameless.as_ref();
        numbered.or_else(nameless).filter(|it| uid.is_some_and(|uid| uid != *it)).cloned()
    }

    /// Names what has replaced a booking without a uid, once another delivery tells the uid.
    pub(super) fn name_successor(&mut self, from: &BookingUid) {
        let Some(facts) = self.bookings.get(from).map(|link| &link.facts) else { return };
        let Some((stand_in, uid)) = facts.nameless.clone().zip(facts.successor.clone()) else {
            return;
        };
        let named = self.bookings.get(&stand_in).and_then(|link| link.facts.named.as_ref());
        if named.is_none_or(|named| *named > uid) {
            self.name(&stand_in, &uid);
        }
    }

    /// Gives a booking whose uid was missing its uid: what was told of the one was told of the other.
    pub(super) fn name(&mut self, stand_in: &BookingUid, uid: &BookingUid) {
        self.ensure(uid);
        self.ensure(stand_in);
        let Some(link) = self.bookings.get(stand_in) else { return };
        let (facts, about) = (link.facts.clone(), link.about.clone());
        if facts.crowd.seats > 0 {
            return;
        }
        self.change(stand_in, |link| {
            // Of two bookings with one number the same one must win in any order.
            let known = link.facts.named.take();
            let named = known.map_or_else(|| uid.clone(), |known| known.min(uid.clone()));
            link.facts.named = Some(named);
        });
        let Facts {
            reached, shown, moved_from, root, first_at, paid, meetings, venue, guests, ..
        } = facts;
        self.change(uid, |link| {
            let facts = &mut link.facts;
            facts.reached.extend(reached);
            facts.shown = facts.shown.max(shown);
            facts.first_at = [facts.first_at, first_at].into_iter().flatten().min();
            facts.meetings.extend(meetings);
            facts.venue = facts.venue.take().max(venue);
            facts.guests.extend(guests);
            facts.stand_ins.insert(stand_in.clone());
            link.about = link.about.take().max(about);
        });
        if paid {
            self.pay(uid);
        } else if self.bookings.get(uid).is_some_and(|link| link.facts.paid) {
            self.pay(stand_in);
        }
        if let Some(from) = moved_from.filter(|from| from != uid) {
            self.replaces(uid, &from);
        }
        if let Some(root) = root.filter(|root| root != uid) {
            self.root(uid, &root);
        }
        self.join(uid, stand_in);
    }

    /// What is known of bookings at hand that go, or went, without their uids.
    pub(super) fn stand_ins(&self) -> impl Iterator<Item = &Facts> {
        let facts = self.bookings.iter().map(|(uid, link)| (uid, &link.facts));
        let without = facts.filter(|(uid, it)| {
            is_stand_in(uid) || !it.stand_ins.is_empty() || it.nameless.is_some()
        });
        without.map(|(_, facts)| facts)
    }

    /// Returns the uid of a booking whose delivery lacks it, where it is known.
    fn uid_for(&self, stand_in: &BookingUid, reading: &Reading) -> Option<BookingUid> {
        let numbered = || self.numbers.get(&reading.number()?).cloned();
        if matches!(reading.transition.subject, Some(Subject::Seat(..))) {
            return numbered();
        }
        let named = || self.bookings.get(stand_in)?.facts.named.clone();
        let left = reading.transition.moved_from.as_ref();
        let successor = || self.bookings.get(left?)?.facts.successor.clone();
        numbered().or_else(named).or_else(successor)
    }
}
