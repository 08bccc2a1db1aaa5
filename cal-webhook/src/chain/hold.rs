//! Bookings that are forgotten once nobody holds on to them.

use cal_core::BookingUid;

use super::{Chains, members::Members};

impl Chains {
    /// Holds on to a booking; `false` when it is not known.
    pub(crate) fn hold(&mut self, uid: &BookingUid) -> bool {
        let Some(link) = self.bookings.get_mut(uid) else { return false };
        link.held += 1;
        if link.held == 1
            && let Some(members) = self.chains.get_mut(&link.chain)
        {
            members.held += 1;
        }
        true
    }

    /// Lets go of a booking, and forgets its chain when nobody holds on to any of it.
    pub(crate) fn release(&mut self, uid: &BookingUid) {
        let Some(link) = self.bookings.get_mut(uid) else { return };
        link.held = link.held.saturating_sub(1);
        if link.held > 0 {
            return;
        }
        let chain = link.chain.clone();
        if let Some(members) = self.chains.get_mut(&chain) {
            members.held = members.held.saturating_sub(1);
            if members.held > 0 {
                return;
            }
        }
        let members = self.chains.remove(&chain);
        for member in members.iter().flat_map(Members::uids) {
            self.seats.remove(member);
            if let Some(number) = self.bookings.remove(member).and_then(|link| link.number) {
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
}
