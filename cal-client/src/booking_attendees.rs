//! Who attends a booking.

use cal_core::{BookingId, BookingUid};
use serde::Deserialize;

use crate::{error::Error, id::AttendeeId, request::version, scope::handler, wire::input};

handler! {
    /// The attendees of bookings, [`Client::booking_attendees`](crate::Client::booking_attendees).
    ///
    /// ```no_run
    /// # async fn example(client: cal_client::Client) -> Result<(), cal_client::Error> {
    /// use cal_client::booking_attendees::AddAttendee;
    ///
    /// let ann = AddAttendee::new("Ann", "ann@example.org", "Europe/Oslo");
    /// let attendee = client.booking_attendees().add("a-booking", &ann).await?;
    /// client.booking_attendees().remove("a-booking", attendee.id).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub struct BookingAttendees;
    Me.booking_attendees: "Returns the handler of the attendees of bookings.",
}

impl BookingAttendees {
    /// Lists the attendees of a booking.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn list(&self, booking: impl Into<BookingUid>) -> Result<Vec<Attendee>, Error> {
        let request = self.at.get("/bookings/{}/attendees", &[&booking.into()]);
        request.version(version::BOOKINGS).data().await
    }

    /// Returns an attendee of a booking.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn get(
        &self,
        booking: impl Into<BookingUid>,
        id: impl Into<AttendeeId>,
    ) -> Result<Attendee, Error> {
        let request = self.at.get("/bookings/{}/attendees/{}", &[&booking.into(), &id.into()]);
        request.version(version::BOOKINGS).data().await
    }

    /// Adds an attendee to a booking, who gets an e-mail.
    ///
    /// Cal.com takes 5 such requests in a minute.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn add(
        &self,
        booking: impl Into<BookingUid>,
        attendee: &AddAttendee,
    ) -> Result<Attendee, Error> {
        let request = self.at.post("/bookings/{}/attendees", &[&booking.into()]);
        request.version(version::BOOKINGS).json(attendee).data().await
    }

    /// Removes an attendee from a booking, and returns who it was.
    ///
    /// Cal.com takes 5 such requests in a minute. Its API description does not have this operation;
    /// it was seen on a real server.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn remove(
        &self,
        booking: impl Into<BookingUid>,
        id: impl Into<AttendeeId>,
    ) -> Result<Attendee, Error> {
        let request = self.at.delete("/bookings/{}/attendees/{}", &[&booking.into(), &id.into()]);
        request.version(version::BOOKINGS).data().await
    }
}

input! {
    /// Who is to attend, too: a name, an e-mail address, and a time zone by its IANA name.
    pub struct AddAttendee {
        required {
            name: String,
            email: String,
            time_zone: String,
        }
        optional {
            /// Sets the phone number, in international format such as `+4722225555`.
            phone_number: String,
            /// Sets the language of what is sent to the attendee, such as `de` or `pt-BR`.
            language: String,
        }
    }
}

/// An attendee with a number (`BookingAttendeeOutput_2024_08_13` in Cal.com's API description).
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct Attendee {
    /// The attendee's number.
    pub id: AttendeeId,
    /// The booking's number, when somebody was added or removed.
    pub booking_id: Option<BookingId>,
    /// The name; empty for guests.
    pub name: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The e-mail address for people to read.
    pub display_email: Option<String>,
    /// The IANA name of the time zone.
    pub time_zone: Option<String>,
    /// The language.
    pub language: Option<String>,
    /// Whether the attendee was marked as missing.
    pub absent: Option<bool>,
    /// The phone number.
    pub phone_number: Option<String>,
}
