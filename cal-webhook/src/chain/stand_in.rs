//! Bookings whose uid was missing at first.

use cal_core::BookingUid;

use crate::{Reading, Subject};

use super::{Chains, booking::Facts};

impl Chains {
    /// Returns what stands for a booking without its uid, where a delivery makes both known.
    ///
    /// People who share a booking have seats of their own, which nothing stands for.
    pub(super) fn stand_in_of(
        &self,
        reading: &Reading,
        uid: Option<&BookingUid>,
    ) -> Option<BookingUid> {
        let stand_in = reading.stand_in.as_ref().filter(|it| uid.is_some_and(|uid| uid != *it))?;
        let is_seat = matches!(reading.transition.subject, Some(Subject::Seat(..)));
        let tells = reading.uid.as_ref() == Some(stand_in) || self.bookings.contains_key(stand_in);
        (tells && !is_seat).then(|| stand_in.clone())
    }

    /// Gives a booking whose uid was missing its uid: what was told of the one was told of the other.
    pub(super) fn name(&mut self, stand_in: &BookingUid, uid: &BookingUid, reading: &Reading) {
        self.ensure(uid);
        if reading.uid.as_ref() == Some(stand_in) {
            self.link(stand_in, reading);
            self.inform(stand_in, reading, None);
        }
        let Some(link) = self.bookings.get(stand_in) else { return };
        let (facts, about) = (link.facts.clone(), link.about.clone());
        if facts.crowd.seats > 0 {
            return;
        }
        let Facts { reached, shown, moved_from, root, first_at, paid, meetings, .. } = facts;
        self.change(uid, |link| {
            let facts = &mut link.facts;
            facts.reached.extend(reached);
            facts.shown = facts.shown.max(shown);
            facts.first_at = [facts.first_at, first_at].into_iter().flatten().min();
            facts.meetings.extend(meetings);
            facts.stand_in = Some(stand_in.clone());
            link.about = link.about.take().max(about);
        });
        if paid {
            self.pay(uid);
        }
        if let Some(from) = moved_from.filter(|from| from != uid) {
            self.replaces(uid, &from);
        }
        if let Some(root) = root.filter(|root| root != uid) {
            self.root(uid, &root);
        }
        self.change(stand_in, |link| {
            // Of two bookings with one number the same one must win in any order.
            let known = link.facts.named.take();
            link.facts.named =
                Some(known.map_or_else(|| uid.clone(), |known| known.min(uid.clone())));
        });
        self.join(uid, stand_in);
    }

    /// What is known of bookings at hand that go, or went, without their uids.
    pub(super) fn stand_ins(&self) -> impl Iterator<Item = &Facts> {
        let facts = self.bookings.values().map(|link| &link.facts);
        facts.filter(|facts| facts.named.is_some() || facts.stand_in.is_some())
    }
}
