//! What can be done with a booking that is there.

use cal_core::{BookingUid, SeatUid, UserId};
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::{Booking, Bookings, UpdateLocation, booking::OneOrMore};
use crate::{
    error::Error,
    request::{Request, version},
    secret,
    wire::input,
};

impl Bookings {
    /// Moves a booking, and returns the one that takes its place, which has a new uid.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn reschedule(
        &self,
        uid: impl Into<BookingUid>,
        to: &Reschedule,
    ) -> Result<Booking, Error> {
        let request = self.post_to("/bookings/{}/reschedule", &uid.into());
        request.json(to).data().await.map(OneOrMore::first)
    }

    /// Moves one seat of a booking, and returns the booking that it is in now.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn reschedule_seat(
        &self,
        uid: impl Into<BookingUid>,
        to: &RescheduleSeat,
    ) -> Result<Booking, Error> {
        let request = self.post_to("/bookings/{}/reschedule", &uid.into());
        request.json(to).data().await.map(OneOrMore::first)
    }

    /// Cancels a booking; one with seats as a whole, which only the host may do.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`]. A booking that is cancelled or over is 400.
    pub async fn cancel(&self, uid: impl Into<BookingUid>, how: &Cancel) -> Result<Booking, Error> {
        let uid = uid.into();
        let request = self.post_to("/bookings/{}/cancel", &uid);
        Ok(request.json(how).data::<OneOrMore>().await?.one(&uid))
    }

    /// Cancels bookings of a series, and returns all of the series.
    ///
    /// The uid of the series cancels all of them; that of one booking only this one, and those
    /// after it with [`Cancel::subsequent`].
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn cancel_series(
        &self,
        uid: impl Into<BookingUid>,
        how: &Cancel,
    ) -> Result<Vec<Booking>, Error> {
        let request = self.post_to("/bookings/{}/cancel", &uid.into());
        request.json(how).data().await.map(OneOrMore::all)
    }

    /// Gives one seat of a booking back; the booking goes on for the others.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn cancel_seat(
        &self,
        uid: impl Into<BookingUid>,
        how: &CancelSeat,
    ) -> Result<Booking, Error> {
        let uid = uid.into();
        let request = self.post_to("/bookings/{}/cancel", &uid);
        Ok(request.json(how).data::<OneOrMore>().await?.one(&uid))
    }

    /// Accepts a booking that waits for the host.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn confirm(&self, uid: impl Into<BookingUid>) -> Result<Booking, Error> {
        let uid = uid.into();
        let request = self.post_to("/bookings/{}/confirm", &uid);
        Ok(request.data::<OneOrMore>().await?.one(&uid))
    }

    /// Declines a booking that waits for the host.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn decline(
        &self,
        uid: impl Into<BookingUid>,
        reason: Option<&str>,
    ) -> Result<Booking, Error> {
        let uid = uid.into();
        let request = self.post_to("/bookings/{}/decline", &uid);
        Ok(request.json(&Reason { reason }).data::<OneOrMore>().await?.one(&uid))
    }

    /// Says who did not come to a booking that has begun, or takes it back.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`]. A booking that is yet to begin is 400.
    pub async fn mark_absent(
        &self,
        uid: impl Into<BookingUid>,
        who: &MarkAbsent,
    ) -> Result<Booking, Error> {
        let uid = uid.into();
        let request = self.post_to("/bookings/{}/mark-absent", &uid);
        Ok(request.json(who).data::<OneOrMore>().await?.one(&uid))
    }

    /// Gives a booking to another host, whom Cal.com picks; round-robin event types only.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn reassign(&self, uid: impl Into<BookingUid>) -> Result<Reassigned, Error> {
        self.post_to("/bookings/{}/reassign", &uid.into()).data().await
    }

    /// Gives a booking to this host; round-robin event types only.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn reassign_to(
        &self,
        uid: impl Into<BookingUid>,
        user: impl Into<UserId>,
        reason: Option<&str>,
    ) -> Result<Reassigned, Error> {
        let request = self.at.post("/bookings/{}/reassign/{}", &[&uid.into(), &user.into()]);
        request.version(version::BOOKINGS).json(&Reason { reason }).data().await
    }

    /// Invites guests to a booking: at most 10 at once, and 30 in all.
    ///
    /// Cal.com takes 5 such requests in a minute.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn add_guests(
        &self,
        uid: impl Into<BookingUid>,
        guests: &[NewGuest],
    ) -> Result<Booking, Error> {
        let uid = uid.into();
        let request = self.post_to("/bookings/{}/guests", &uid);
        Ok(request.json(&Guests { guests }).data::<OneOrMore>().await?.one(&uid))
    }

    /// Changes where a booking takes place; entries in calendars stay as they are.
    ///
    /// Cal.com takes 5 such requests in a minute.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn update_location(
        &self,
        uid: impl Into<BookingUid>,
        location: &UpdateLocation,
    ) -> Result<Booking, Error> {
        let uid = uid.into();
        let request = self.at.patch("/bookings/{}/location", &[&uid]).version(version::BOOKINGS);
        Ok(request.json(&Location { location }).data::<OneOrMore>().await?.one(&uid))
    }

    fn post_to(&self, template: &str, uid: &BookingUid) -> Request {
        self.at.post(template, &[uid]).version(version::BOOKINGS)
    }
}

input! {
    /// To when a booking is moved.
    pub struct Reschedule {
        required {
            start: DateTime<Utc>,
        }
        optional {
            /// Says why.
            #[serde(rename = "reschedulingReason")]
            reason: String,
            /// Says who moves it, by e-mail address. It matters when the event type asks the host:
            /// what the host moves is accepted, what anyone else moves waits for the host.
            rescheduled_by: String,
            /// Shows the code that the attendee got by e-mail, if the event type asks for it.
            #[serde(serialize_with = "secret::send_some")]
            email_verification_code: SecretString,
        }
    }
}

input! {
    /// Which seat is moved, and to when.
    pub struct RescheduleSeat {
        required {
            seat_uid: SeatUid,
            start: DateTime<Utc>,
        }
        optional {
            /// Says who moves it, by e-mail address; see [`Reschedule::rescheduled_by`].
            rescheduled_by: String,
            /// Shows the code that the attendee got by e-mail, if the event type asks for it.
            #[serde(serialize_with = "secret::send_some")]
            email_verification_code: SecretString,
        }
    }
}

input! {
    /// Why a booking is cancelled, and what goes with it.
    pub struct Cancel {
        optional {
            /// Says why; some event types insist on it.
            #[serde(rename = "cancellationReason")]
            reason: String,
            /// Cancels the later bookings of the series, too.
            #[serde(rename = "cancelSubsequentBookings")]
            subsequent: bool,
        }
    }
}

input! {
    /// Which seat is given back, and why.
    pub struct CancelSeat {
        required {
            seat_uid: SeatUid,
        }
        optional {
            /// Says why.
            #[serde(rename = "cancellationReason")]
            reason: String,
        }
    }
}

input! {
    /// Who did not come.
    pub struct MarkAbsent {
        optional {
            /// Says whether the host was missing.
            host: bool,
            /// Says which attendees were missing.
            attendees: Vec<AttendeeAbsence>,
        }
    }
}

input! {
    /// Whether an attendee, by e-mail address, did not come.
    pub struct AttendeeAbsence {
        required {
            email: String,
            absent: bool,
        }
    }
}

input! {
    /// A guest to invite, by e-mail address.
    pub struct NewGuest {
        required {
            email: String,
        }
        optional {
            /// Sets the name.
            name: String,
            /// Sets the time zone, by its IANA name.
            time_zone: String,
            /// Sets the phone number, in international format such as `+4722225555`.
            phone_number: String,
            /// Sets the language of what is sent to the guest, such as `de` or `pt-BR`.
            language: String,
        }
    }
}

/// Who hosts a booking now (`ReassignBookingOutput_2024_08_13` in Cal.com's API description).
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct Reassigned {
    /// The booking.
    pub booking_uid: BookingUid,
    /// The new host.
    pub reassigned_to: NewHost,
}

/// The new host of a booking.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct NewHost {
    /// The user's number.
    pub id: UserId,
    /// The name.
    pub name: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The e-mail address for people to read.
    pub display_email: Option<String>,
}

#[derive(Serialize)]
struct Reason<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

#[derive(Serialize)]
struct Guests<'a> {
    guests: &'a [NewGuest],
}

#[derive(Serialize)]
struct Location<'a> {
    location: &'a UpdateLocation,
}
