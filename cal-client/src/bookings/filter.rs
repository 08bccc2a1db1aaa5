//! Which bookings to list, and in which order.

use cal_core::EventTypeId;
use chrono::{DateTime, Utc};

use super::Booking;
use crate::{list::List, scope::Me, wire::open_enum};

open_enum! {
    /// Which bookings a list has.
    pub enum BookingFilter {
        /// Cancelled and declined ones.
        Cancelled = "cancelled",
        /// Those that have ended.
        Past = "past",
        /// Those of series.
        Recurring = "recurring",
        /// Those that wait for the host.
        Unconfirmed = "unconfirmed",
        /// Those that are yet to come.
        Upcoming = "upcoming",
    }
}

/// An order.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Sort {
    /// The smallest or earliest first.
    Asc,
    /// The largest or latest first.
    Desc,
}

impl Sort {
    fn as_str(self) -> &'static str {
        match self {
            Self::Asc => "asc",
            Self::Desc => "desc",
        }
    }
}

/// Scopes whose lists can be narrowed by when bookings were made and changed.
pub trait SeesChanges {}

impl SeesChanges for Me {}

impl<S> List<Booking, S> {
    /// Only bookings in any of these states.
    pub fn status(self, status: impl IntoIterator<Item = BookingFilter>) -> Self {
        self.map(|request| request.query_list("status", status))
    }

    /// Only bookings of these event types.
    pub fn event_types(self, ids: impl IntoIterator<Item = EventTypeId>) -> Self {
        self.map(|request| request.query_list("eventTypeIds", ids))
    }

    /// Only bookings that begin after this time.
    pub fn starts_after(self, at: DateTime<Utc>) -> Self {
        self.map(|request| request.query_time("afterStart", at))
    }

    /// Only bookings that end before this time.
    pub fn ends_before(self, at: DateTime<Utc>) -> Self {
        self.map(|request| request.query_time("beforeEnd", at))
    }

    /// Sorts by the time of the beginning.
    pub fn sort_start(self, sort: Sort) -> Self {
        self.map(|request| request.query("sortStart", sort.as_str()))
    }

    /// Sorts by the time of the booking.
    pub fn sort_created(self, sort: Sort) -> Self {
        self.map(|request| request.query("sortCreated", sort.as_str()))
    }
}

impl<S: SeesChanges> List<Booking, S> {
    /// Only bookings that were changed at this time or later, to the millisecond.
    pub fn updated_after(self, at: DateTime<Utc>) -> Self {
        self.map(|request| request.query_time("afterUpdatedAt", at))
    }

    /// Sorts by the time of the last change.
    pub fn sort_updated(self, sort: Sort) -> Self {
        self.map(|request| request.query("sortUpdatedAt", sort.as_str()))
    }
}
