//! The booking as webhooks describe it.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use serde_with::skip_serializing_none;

use crate::{
    AdditionalInformation, Amount, Answer, AppStatus, AssignmentReason, BookingId, BookingStatus,
    BookingUid, Conference, DestinationCalendars, EventTypeId, ExistingSeries, Fields, Location,
    Money, OrganizationId, Payment, PaymentId, PaymentInfo, Person, Recurrence, SchedulingType,
    SeatUid, Team, UserId, VideoCall, time,
    wire::{few, null_as_default},
};

/// A booking, as every booking-shaped trigger describes it.
///
/// One struct serves `BOOKING_CREATED`, `_RESCHEDULED`, `_REQUESTED`, `_CANCELLED`, `_REJECTED`,
/// `_PAID`, `_PAYMENT_INITIATED`, `_LOCATION_UPDATED`, `_REASSIGNED` and `PING`; what only some of
/// them carry is an `Option`, and so is what only some versions of Cal.com send. Members keep
/// Cal.com's names on the wire (`startTime`, `bookingId`), see `sendPayload.ts` and
/// `CalendarEvent` in Cal.com's source.
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Booking {
    /// The public id; after a reschedule the new one. Absent in a no-show fee and in a ping.
    pub uid: Option<BookingUid>,
    /// The number in Cal.com's database.
    #[serde(rename = "bookingId")]
    pub id: Option<BookingId>,
    /// The title that attendees see.
    #[serde(default, deserialize_with = "null_as_default")]
    pub title: String,
    /// When the booking starts; only what accepts or requests a booking that moves none is sure to
    /// say it.
    #[serde(default, rename = "startTime", deserialize_with = "time::maybe")]
    pub start: Option<DateTime<Utc>>,
    /// When the booking ends.
    #[serde(default, rename = "endTime", deserialize_with = "time::maybe")]
    pub end: Option<DateTime<Utc>>,
    /// The length in minutes.
    pub length: Option<i64>,
    /// The status; absent in some deliveries, and `ACCEPTED` while a payment is still due.
    pub status: Option<BookingStatus>,
    /// The host.
    #[serde(default, deserialize_with = "null_as_default")]
    pub organizer: Person,
    /// The booker first, then the guests; of a seated booking only the seats concerned.
    #[serde(default, deserialize_with = "few")]
    pub attendees: Vec<Person>,
    /// Where it takes place.
    pub location: Option<Location>,
    /// The answers to all booking questions.
    pub responses: Option<Fields<Answer>>,
    /// The answers to the questions that the host added.
    pub user_fields_responses: Option<Fields<Answer>>,
    /// What the booking page stored: `videoCallUrl`, campaign parameters; free-form.
    pub metadata: Option<Map<String, Value>>,

    /// The last part of the event type's link.
    #[serde(rename = "type")]
    pub event_type_slug: Option<String>,
    /// The event type's number.
    pub event_type_id: Option<EventTypeId>,
    /// The event type's title.
    pub event_title: Option<String>,
    /// The event type's description.
    pub event_description: Option<String>,
    /// The price; see [`Booking::price`] for the amount with its currency.
    #[serde(rename = "price")]
    pub price_amount: Option<Amount>,
    /// The currency code, in either case.
    pub currency: Option<String>,
    /// Whether the host confirms bookings; never `false` in confirmed, rejected and cancelled ones.
    pub requires_confirmation: Option<bool>,
    /// How hosts are assigned.
    pub scheduling_type: Option<SchedulingType>,

    /// The description; falls back to the booker's notes.
    pub description: Option<String>,
    /// The booker's notes.
    pub additional_notes: Option<String>,
    /// Answers of event types from before 2023; free-form and usually empty.
    pub custom_inputs: Option<Value>,

    /// The booking this one replaces; for a seat it may be the seat's reference.
    pub reschedule_uid: Option<BookingUid>,
    /// The number of the booking this one replaces; absent when a seat was moved.
    pub reschedule_id: Option<BookingId>,
    /// When the replaced booking started.
    #[serde(default, rename = "rescheduleStartTime", deserialize_with = "time::maybe")]
    pub reschedule_start: Option<DateTime<Utc>>,
    /// When the replaced booking ended.
    #[serde(default, rename = "rescheduleEndTime", deserialize_with = "time::maybe")]
    pub reschedule_end: Option<DateTime<Utc>>,
    /// The booking that replaces this one, where the end of this one is reported.
    pub rescheduled_to_uid: Option<BookingUid>,
    /// The e-mail address of who moved the booking.
    pub rescheduled_by: Option<String>,
    /// Why the booking was cancelled; may be empty.
    pub cancellation_reason: Option<String>,
    /// The e-mail address of who cancelled the booking.
    pub cancelled_by: Option<String>,
    /// Whether the cancellation asks the guest to choose another time; since January 2026.
    pub request_reschedule: Option<bool>,
    /// Why the host declined the booking.
    pub rejection_reason: Option<String>,
    /// The location before `BOOKING_LOCATION_UPDATED`.
    pub previous_location: Option<Location>,
    /// The addresses of guests who were added to a booking that stands. Cal.com sends no webhook then:
    /// only a delivery that says what its API shows has this.
    pub guests_added: Option<Vec<String>>,
    /// The hosts that `BOOKING_REASSIGNED` added.
    pub added_host_user_ids: Option<Vec<UserId>>,
    /// The hosts that `BOOKING_REASSIGNED` removed.
    pub removed_host_user_ids: Option<Vec<UserId>>,

    /// The payment's number.
    pub payment_id: Option<PaymentId>,
    /// What the booking says about its payment; a no-show fee carries its amount here.
    pub payment_info: Option<Box<PaymentInfo>>,
    /// The payment row of a no-show fee.
    pub payment_data: Option<Box<Payment>>,

    /// How many seats one time slot has; absent or null for ordinary bookings.
    pub seats_per_time_slot: Option<i64>,
    /// Whether attendees see each other.
    pub seats_show_attendees: Option<bool>,
    /// Whether the booking page shows how many seats are left.
    pub seats_show_availability_count: Option<bool>,
    /// The seat concerned.
    pub attendee_seat_id: Option<SeatUid>,
    /// How the booking repeats; in a cancellation, that the whole series was cancelled.
    pub recurring_event: Option<Box<Recurrence>>,
    /// The calendar's own series.
    pub existing_recurring_event: Option<ExistingSeries>,
    /// The team that hosts.
    pub team: Option<Box<Team>>,
    /// The organisation that hosts.
    pub organization_id: Option<OrganizationId>,
    /// Why this host was chosen.
    pub assignment_reason: Option<Box<AssignmentReason>>,

    /// The UID of the calendar entry; it often survives a reschedule.
    #[serde(rename = "iCalUID")]
    pub ical_uid: Option<String>,
    /// The sequence number of the calendar entry; often absent.
    #[serde(rename = "iCalSequence")]
    pub ical_sequence: Option<i64>,
    /// The attendee's complete calendar file; version `2026-07-27` only.
    pub attendee_ics_content: Option<String>,
    /// The organiser's complete calendar file; version `2026-07-27` only.
    pub organizer_ics_content: Option<String>,
    /// The calendars the booking is written to.
    pub destination_calendar: Option<DestinationCalendars>,
    /// The video call's room; see [`Booking::meeting_url`].
    pub video_call_data: Option<Box<VideoCall>>,
    /// The conference as Google Calendar describes it.
    pub conference_data: Option<Box<Conference>>,
    /// What the calendar answered.
    pub additional_information: Option<Box<AdditionalInformation>>,
    /// How writing to the host's apps went.
    pub apps_status: Option<Vec<AppStatus>>,
    /// The number of the conferencing app's credential.
    pub conference_credential_id: Option<i64>,
    /// The id of the delegated calendar credential.
    pub delegation_credential_id: Option<String>,

    /// The site the booking was made on, `https://cal.com`.
    pub booker_url: Option<String>,
    /// The private link it was booked through.
    pub hashed_link: Option<String>,
    /// The address replies go to instead of the organiser's.
    pub custom_reply_to_email: Option<String>,
    /// The number that text message reminders go to.
    pub sms_reminder_number: Option<String>,
    /// The one-time password of confirmation links; keep it out of logs.
    pub one_time_password: Option<String>,
    /// The OAuth client of a platform booking.
    pub platform_client_id: Option<String>,
    /// Where a platform booking is rescheduled.
    pub platform_reschedule_url: Option<String>,
    /// Where a platform booking is cancelled.
    pub platform_cancel_url: Option<String>,
    /// Where a platform booking is shown.
    pub platform_booking_url: Option<String>,
    /// Whether the calendar entry hides the notes.
    pub hide_calendar_notes: Option<bool>,
    /// Whether the calendar entry hides all details.
    pub hide_calendar_event_details: Option<bool>,
    /// Whether attendees do not see the organiser's address.
    pub hide_organizer_email: Option<bool>,
    /// Whether Cal.com's branding is hidden.
    pub hide_branding: Option<bool>,
    /// Whether guests may not reschedule.
    pub disable_rescheduling: Option<bool>,
    /// Whether guests may not cancel.
    pub disable_cancelling: Option<bool>,
}

impl Booking {
    /// Returns the first attendee: who made the booking, or whose seat it is.
    #[must_use]
    pub fn booker(&self) -> Option<&Person> {
        self.attendees.first()
    }

    /// Returns when the booking starts and ends; where only the end is missing, its length tells.
    #[must_use]
    pub fn period(&self) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let start = self.start?;
        let length = || TimeDelta::try_minutes(self.length.unwrap_or(0)).unwrap_or_default();
        let end = self.end.or_else(|| start.checked_add_signed(length()));
        Some((start, end.unwrap_or(start)))
    }

    /// Returns the address where attendees join, wherever this version of Cal.com put it.
    ///
    /// The public link in the metadata comes first, then a location that is a link, then Google
    /// Meet's link. The provider's room in [`Booking::video_call_data`] is not a link for guests.
    #[must_use]
    pub fn meeting_url(&self) -> Option<&str> {
        let public = self.metadata.as_ref().and_then(|data| data.get("videoCallUrl")?.as_str());
        let hangout = || self.additional_information.as_ref()?.hangout_link.as_deref();
        public
            .filter(|url| !url.is_empty())
            .or_else(|| self.location.as_ref()?.url())
            .or_else(hangout)
    }

    /// Returns the price with its currency, when both are known and the amount is whole.
    #[must_use]
    pub fn price(&self) -> Option<Money> {
        Money::of(self.price_amount, self.currency.as_deref())
    }
}
