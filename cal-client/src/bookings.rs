//! Bookings: making, reading, moving, cancelling, confirming.

mod booking;
mod filter;

use cal_core::BookingUid;

pub use booking::{Booking, BookingEventType, BookingGuest, BookingHost, BookingStatus};
pub use filter::{BookingFilter, SeesChanges, Sort};

use crate::{
    error::Error,
    list::List,
    request::version,
    scope::{Me, handler},
};

handler! {
    /// Bookings of a scope.
    pub struct Bookings;
    Me.bookings: "Returns the handler of the account's bookings.",
}

impl Bookings {
    /// Lists the bookings of the account, as host or guest.
    pub fn list(&self) -> List<Booking, Me> {
        self.at.get("/bookings", &[]).version(version::BOOKINGS).list()
    }

    /// Returns a booking.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn get(&self, uid: impl Into<BookingUid>) -> Result<Booking, Error> {
        let uid = uid.into();
        self.at.get("/bookings/{}", &[&uid]).version(version::BOOKINGS).data().await
    }
}
