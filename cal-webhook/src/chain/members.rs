//! The bookings of one chain, in the orders in which they are asked for.

use std::collections::BTreeSet;

use cal_core::BookingUid;
use chrono::{DateTime, Utc};

/// By what the bookings of a chain are put in order where no link does it: those that replace
/// another one come later, and then the time of their first delivery counts. The uid comes last.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub struct Made {
    /// Whether it names a booking that it replaces.
    pub linked: bool,
    /// When the earliest delivery about it was sent, in microseconds since 1970; the least number
    /// while there is none.
    pub at: i64,
}

impl Made {
    pub(super) fn of(linked: bool, first_at: Option<DateTime<Utc>>) -> Self {
        Self { linked, at: first_at.map_or(i64::MIN, |at| at.timestamp_micros()) }
    }
}

/// Where a booking stands in its chain: first those that others replace, then by [`Made`].
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub struct Place {
    /// Whether no other booking is known to replace it.
    pub open: bool,
    /// When it was made.
    pub made: Made,
}

impl Place {
    /// Returns the part that comes before the time as a number.
    #[must_use]
    pub fn number(self) -> i64 {
        i64::from(self.open) * 2 + i64::from(self.made.linked)
    }
}

impl Default for Place {
    fn default() -> Self {
        Self { open: true, made: Made { linked: false, at: i64::MIN } }
    }
}

/// The bookings of one chain that are at hand.
#[derive(Clone, Debug, Default)]
pub(super) struct Members {
    /// How many there are, at hand or not.
    pub(super) size: u64,
    /// How many of them somebody holds on to.
    pub(super) held: usize,
    /// How many of those at hand were paid.
    pub(super) paid: usize,
    by_place: BTreeSet<(Place, BookingUid)>,
    by_made: BTreeSet<(Made, BookingUid)>,
    by_name: BTreeSet<(bool, BookingUid)>,
}

impl Members {
    pub(super) fn insert(&mut self, uid: &BookingUid, place: Place) {
        self.by_place.insert((place, uid.clone()));
        self.by_made.insert((place.made, uid.clone()));
        self.by_name.insert((place.made.linked, uid.clone()));
    }

    pub(super) fn remove(&mut self, uid: &BookingUid, place: Place) {
        self.by_place.remove(&(place, uid.clone()));
        self.by_made.remove(&(place.made, uid.clone()));
        self.by_name.remove(&(place.made.linked, uid.clone()));
    }

    /// The booking that the chain has come to: of those that none replaces, the latest.
    pub(super) fn current(&self) -> Option<&BookingUid> {
        self.by_place.last().map(|(_, uid)| uid)
    }

    /// The booking by whose uid people know the chain: the first one that replaces none, or else the
    /// one that was made first.
    pub(super) fn first(&self) -> Option<&BookingUid> {
        let named = self.by_name.first().filter(|(linked, _)| !linked).map(|(_, uid)| uid);
        named.or_else(|| self.by_made.first().map(|(_, uid)| uid))
    }

    /// The latest booking that was made before this one.
    pub(super) fn before(&self, uid: &BookingUid, made: Made) -> Option<&BookingUid> {
        self.by_made.range(..(made, uid.clone())).next_back().map(|(_, uid)| uid)
    }

    pub(super) fn uids(&self) -> impl Iterator<Item = &BookingUid> {
        self.by_name.iter().map(|(_, uid)| uid)
    }

    /// Whether bookings of the chain are not at hand.
    pub(super) fn is_partial(&self) -> bool {
        (self.by_name.len() as u64) < self.size
    }
}
