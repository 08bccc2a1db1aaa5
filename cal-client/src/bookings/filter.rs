//! Which bookings to list, and in which order.

#[cfg(feature = "orgs")]
use cal_core::UserId;
use cal_core::{BookingUid, EventTypeId, TeamId};
use chrono::{DateTime, Utc};

use super::Booking;
#[cfg(feature = "orgs")]
use crate::scope::{Org, OrgUser};
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
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Asc => "asc",
            Self::Desc => "desc",
        }
    }
}

/// Scopes whose lists can be narrowed by teams, and by when bookings were made and changed.
pub trait SeesChanges: sealed::Sealed {}

impl SeesChanges for Me {}
#[cfg(feature = "orgs")]
impl SeesChanges for Org {}
#[cfg(feature = "orgs")]
impl SeesChanges for OrgUser {}

mod sealed {
    #[expect(unnameable_types, reason = "nobody else may add a scope")]
    pub trait Sealed {}

    impl Sealed for super::Me {}
    #[cfg(feature = "orgs")]
    impl Sealed for super::Org {}
    #[cfg(feature = "orgs")]
    impl Sealed for super::OrgUser {}
}

impl<S> List<Booking, S> {
    /// Only bookings in any of these states.
    pub fn status(self, status: impl IntoIterator<Item = BookingFilter>) -> Self {
        self.map(|request| request.query_list("status", status))
    }

    /// Only bookings that someone with this e-mail address attends.
    pub fn attendee_email(self, email: &str) -> Self {
        self.map(|request| request.query("attendeeEmail", email))
    }

    /// Only bookings that someone of this name attends.
    pub fn attendee_name(self, name: &str) -> Self {
        self.map(|request| request.query("attendeeName", name))
    }

    /// Only the booking with this uid.
    pub fn uid(self, uid: impl Into<BookingUid>) -> Self {
        self.map(|request| request.query("bookingUid", uid.into()))
    }

    /// Only bookings of this event type.
    pub fn event_type(self, id: impl Into<EventTypeId>) -> Self {
        self.map(|request| request.query("eventTypeId", id.into()))
    }

    /// Only bookings of these event types.
    pub fn event_types(self, ids: impl IntoIterator<Item = EventTypeId>) -> Self {
        self.map(|request| request.query_list("eventTypeIds", ids))
    }

    /// Only bookings that begin after this time.
    pub fn starting_after(self, at: DateTime<Utc>) -> Self {
        self.map(|request| request.query_time("afterStart", at))
    }

    /// Only bookings that end before this time.
    pub fn ending_before(self, at: DateTime<Utc>) -> Self {
        self.map(|request| request.query_time("beforeEnd", at))
    }

    /// Sorts by the time of the beginning.
    pub fn sort_start(self, sort: Sort) -> Self {
        self.map(|request| request.query("sortStart", sort.as_str()))
    }

    /// Sorts by the time of the end.
    pub fn sort_end(self, sort: Sort) -> Self {
        self.map(|request| request.query("sortEnd", sort.as_str()))
    }

    /// Sorts by the time of the booking.
    pub fn sort_created(self, sort: Sort) -> Self {
        self.map(|request| request.query("sortCreated", sort.as_str()))
    }
}

impl<S: SeesChanges> List<Booking, S> {
    /// Only bookings of this team's event types.
    pub fn team(self, id: impl Into<TeamId>) -> Self {
        self.map(|request| request.query("teamId", id.into()))
    }

    /// Only bookings of these teams' event types.
    pub fn teams(self, ids: impl IntoIterator<Item = TeamId>) -> Self {
        // The server reads this name, although examples in its description have another.
        self.map(|request| request.query_list("teamsIds", ids))
    }

    /// Only bookings that were made after this time.
    pub fn created_after(self, at: DateTime<Utc>) -> Self {
        self.map(|request| request.query_time("afterCreatedAt", at))
    }

    /// Only bookings that were made before this time.
    pub fn created_before(self, at: DateTime<Utc>) -> Self {
        self.map(|request| request.query_time("beforeCreatedAt", at))
    }

    /// Only bookings that were changed at this time or later, to the millisecond.
    pub fn updated_after(self, at: DateTime<Utc>) -> Self {
        self.map(|request| request.query_time("afterUpdatedAt", at))
    }

    /// Only bookings that were changed before this time.
    pub fn updated_before(self, at: DateTime<Utc>) -> Self {
        self.map(|request| request.query_time("beforeUpdatedAt", at))
    }

    /// Sorts by the time of the last change.
    pub fn sort_updated(self, sort: Sort) -> Self {
        self.map(|request| request.query("sortUpdatedAt", sort.as_str()))
    }
}

#[cfg(feature = "orgs")]
impl List<Booking, Org> {
    /// Only bookings of these users.
    pub fn users(self, ids: impl IntoIterator<Item = UserId>) -> Self {
        self.map(|request| request.query_list("userIds", ids))
    }
}
