//! Bookings: making, reading, moving, cancelling, confirming.

mod booking;
mod change;
mod create;
mod event_type;
mod filter;
mod location;
mod meeting;

use cal_core::{BookingUid, SeatUid};

use self::booking::OneOrMore;
pub use self::{
    booking::{Booking, BookingEventType, BookingGuest, BookingHost, BookingStatus},
    change::{
        AttendeeAbsence, Cancel, CancelSeat, MarkAbsent, NewGuest, NewHost, Reassigned, Reschedule,
        RescheduleSeat,
    },
    create::{NewAttendee, NewBooking, Routing},
    event_type::EventTypeRef,
    filter::{BookingFilter, SeesChanges, Sort},
    location::{NewLocation, UpdateLocation},
    meeting::{
        BookingReference, CalendarLink, Recording, ReferenceKind, VideoParticipant, VideoSession,
    },
};
#[cfg(feature = "orgs")]
use crate::scope::{Org, OrgTeam, OrgUser};
use crate::{
    error::Error,
    list::List,
    request::version,
    scope::{Me, Team, handler},
};

handler! {
    /// Bookings of a scope.
    ///
    /// Whoever has a booking's uid may read, move and cancel it, even without credentials.
    ///
    /// ```no_run
    /// # async fn example(client: cal_client::Client) -> Result<(), cal_client::Error> {
    /// use cal_client::bookings::{Cancel, NewAttendee, NewBooking, Reschedule};
    /// use chrono::{TimeDelta, Utc};
    ///
    /// # let start = chrono::DateTime::<Utc>::UNIX_EPOCH;
    /// let ann = NewAttendee::new("Ann", "Europe/Oslo").email("ann@example.org");
    /// let bookings = client.bookings();
    /// let booking = bookings.create(&NewBooking::new(17, start, ann)).await?;
    ///
    /// let later = Reschedule::new(start + TimeDelta::hours(1)).reason("A train is late");
    /// let moved = bookings.reschedule(&booking.uid, &later).await?;
    /// bookings.cancel(&moved.uid, &Cancel::new().reason("Ill")).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub struct Bookings;
    Me.bookings: "Returns the handler of the account's bookings.",
    Team.bookings: "Returns the handler of the team's bookings.",
    #[cfg(feature = "orgs")]
    Org.bookings: "Returns the handler of the organization's bookings.",
    #[cfg(feature = "orgs")]
    OrgTeam.bookings: "Returns the handler of the team's bookings.",
    #[cfg(feature = "orgs")]
    OrgUser.bookings: "Returns the handler of the user's bookings.",
}

impl Bookings {
    /// Lists the bookings of the account, as host or guest.
    pub fn list(&self) -> List<Booking, Me> {
        self.at.get("/bookings", &[]).version(version::BOOKINGS).list()
    }

    /// Returns a booking.
    ///
    /// The uid of a series stands for its first booking; [`Bookings::get_series`] has all of them.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn get(&self, uid: impl Into<BookingUid>) -> Result<Booking, Error> {
        let uid = uid.into();
        Ok(self.read(&uid).await?.one(&uid))
    }

    /// Returns all bookings of a series, by its uid ([`Booking::recurring_booking_uid`]).
    ///
    /// The uid of a booking, also of one in a series, stands for that booking alone.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn get_series(&self, uid: impl Into<BookingUid>) -> Result<Vec<Booking>, Error> {
        Ok(self.read(&uid.into()).await?.all())
    }

    /// Returns the booking that a seat belongs to.
    ///
    /// Other attendees are shown to the hosts only, unless the event type shows them to everybody.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn get_by_seat(&self, seat: impl Into<SeatUid>) -> Result<Booking, Error> {
        let request = self.at.get("/bookings/by-seat/{}", &[&seat.into()]);
        Ok(request.version(version::BOOKINGS).data::<OneOrMore>().await?.first())
    }

    async fn read(&self, uid: &BookingUid) -> Result<OneOrMore, Error> {
        self.at.get("/bookings/{}", &[uid]).version(version::BOOKINGS).data().await
    }
}

impl Bookings<Team> {
    /// Lists the bookings of the team.
    pub fn list(&self) -> List<Booking, Team> {
        self.at.get("/bookings", &[]).list()
    }
}

#[cfg(feature = "orgs")]
impl Bookings<Org> {
    /// Lists the bookings of all users and teams of the organization.
    pub fn list(&self) -> List<Booking, Org> {
        self.at.get("/bookings", &[]).list()
    }
}

#[cfg(feature = "orgs")]
impl Bookings<OrgTeam> {
    /// Lists the bookings of the team.
    pub fn list(&self) -> List<Booking, OrgTeam> {
        self.at.get("/bookings", &[]).list()
    }

    /// Lists where else a booking stands: calendars and video rooms; of one kind, if given.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn references(
        &self,
        uid: impl Into<BookingUid>,
        kind: Option<ReferenceKind>,
    ) -> Result<Vec<BookingReference>, Error> {
        let request = self.at.get("/bookings/{}/references", &[&uid.into()]);
        request.query_some("type", kind).data().await
    }
}

#[cfg(feature = "orgs")]
impl Bookings<OrgUser> {
    /// Lists the bookings of the user.
    pub fn list(&self) -> List<Booking, OrgUser> {
        self.at.get("/bookings", &[]).list()
    }
}
