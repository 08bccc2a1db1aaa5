//! Making bookings.

use std::collections::BTreeMap;

use cal_core::UserId;
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde::Serialize;
use serde_json::Value;

use super::{Booking, Bookings, EventTypeRef, NewLocation, booking::OneOrMore};
use crate::{error::Error, request::version, secret, wire::input};
#[cfg(feature = "orgs")]
use crate::{id::FormResponseId, routing_form_responses::FormRouting};

impl Bookings {
    /// Makes a booking.
    ///
    /// The attendee may be anyone: the account is the host of its own event types, and books those
    /// of others for whoever the attendee is. If the event type repeats, a series is made, and this
    /// is its first booking; see [`Bookings::create_recurring`].
    ///
    /// It is sent once only, as two requests may make two bookings. After a failure that leaves open
    /// what happened, such as [`Error::is_timeout`], look for the booking before the next try.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`]. A slot that is taken is 400, or 409 when another
    /// request was faster.
    pub async fn create(&self, booking: &NewBooking) -> Result<Booking, Error> {
        self.post(booking).await.map(OneOrMore::first)
    }

    /// Makes a series of bookings, of an event type that repeats.
    ///
    /// Without a count there are as many as the event type says, which is also the most.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn create_recurring(
        &self,
        booking: &NewBooking,
        count: impl Into<Option<u32>>,
    ) -> Result<Vec<Booking>, Error> {
        let recurrence_count = count.into();
        self.post(&Recurring { booking, recurrence_count }).await.map(OneOrMore::all)
    }

    /// Makes a booking for right now, of a team's event type that allows it.
    ///
    /// The answer is a booking as any other (read in Cal.com's source: its API description has none).
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn create_instant(&self, booking: &NewBooking) -> Result<Booking, Error> {
        self.post(&Instant { booking, instant: true }).await.map(OneOrMore::first)
    }

    async fn post(&self, body: &impl Serialize) -> Result<OneOrMore, Error> {
        self.at.post("/bookings", &[]).version(version::BOOKINGS).json(body).data().await
    }
}

input! {
    /// A booking to be made.
    pub struct NewBooking {
        required {
            #[serde(flatten)]
            event_type: EventTypeRef,
            start: DateTime<Utc>,
            attendee: NewAttendee,
        }
        optional {
            /// Answers the questions of the event type, by their slugs; what was answered is gone.
            #[serde(rename = "bookingFieldsResponses")]
            answers: BTreeMap<String, Value>,
            /// Invites these e-mail addresses, too.
            guests: Vec<String>,
            /// Says where it takes place; needed if the event type offers several locations.
            location: NewLocation,
            /// Adds data of your own: at most 50 keys of 40 characters, values of 500.
            metadata: BTreeMap<String, String>,
            /// Says how long it is, in minutes, if the event type has several lengths.
            length_in_minutes: u32,
            /// Says what a routing form has found out.
            routing: Routing,
            /// Shows the code that the attendee got by e-mail, if the event type asks for it.
            #[serde(serialize_with = "secret::send_some")]
            email_verification_code: SecretString,
        }
    }
}

impl NewBooking {
    /// Answers one question of the event type, by its slug.
    pub fn answer(mut self, slug: impl Into<String>, answer: impl Into<Value>) -> Self {
        self.answers.get_or_insert_default().insert(slug.into(), answer.into());
        self
    }
}

input! {
    /// Who books, or for whom: a name, a time zone by its IANA name, and an e-mail address or a
    /// phone number.
    pub struct NewAttendee {
        required {
            name: String,
            time_zone: String,
        }
        optional {
            /// Sets the e-mail address.
            email: String,
            /// Sets the phone number, in international format such as `+4722225555`.
            phone_number: String,
            /// Sets the language of what is sent to the attendee, such as `de` or `pt-BR`.
            language: String,
        }
    }
}

input! {
    /// What a routing form has found out: who may host, and why.
    pub struct Routing {
        required {
            team_member_ids: Vec<UserId>,
        }
        optional {
            /// Sets the number of the form's response.
            response_id: i64,
            /// Sets the id of the form's response that waits in the queue.
            queued_response_id: String,
            /// Sets the e-mail address of the member who shall host.
            team_member_email: String,
            /// Leaves the owner of the contact in the CRM out of it.
            skip_contact_owner: bool,
            /// Sets the name of the CRM's app, such as `salesforce`.
            crm_app_slug: String,
            /// Sets what the owner of the contact is in the CRM, such as `Account`.
            crm_owner_record_type: String,
        }
    }
}

#[cfg(feature = "orgs")]
impl From<FormRouting> for Routing {
    /// Books by what a form's answers have led to.
    fn from(found: FormRouting) -> Self {
        Self {
            team_member_ids: found.team_member_ids,
            response_id: found.response_id.map(|FormResponseId(number)| number),
            queued_response_id: found.queued_response_id,
            team_member_email: found.team_member_email,
            skip_contact_owner: found.skip_contact_owner,
            crm_app_slug: found.crm_app_slug,
            crm_owner_record_type: found.crm_owner_record_type,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Recurring<'a> {
    #[serde(flatten)]
    booking: &'a NewBooking,
    #[serde(skip_serializing_if = "Option::is_none")]
    recurrence_count: Option<u32>,
}

#[derive(Serialize)]
struct Instant<'a> {
    #[serde(flatten)]
    booking: &'a NewBooking,
    instant: bool,
}
