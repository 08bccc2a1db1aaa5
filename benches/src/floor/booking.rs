//! The booking and its payments, borrowed.

use cal_core::{
    Amount, BookingId, BookingStatus, EventTypeId, OrganizationId, PaymentId, PaymentOption,
    SchedulingType, UserId,
};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    answer::{Answer, Fields},
    calendar::{
        AdditionalInformation, AppStatus, Conference, DestinationCalendars, ExistingSeries,
        Recurrence, Team, VideoCall,
    },
    person::{Location, Person},
    text::{Text, null_as_default},
};

/// [`cal_core::Booking`], borrowed.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields of the owned struct")]
pub struct Booking<'a> {
    #[serde(borrow)]
    pub uid: Option<&'a str>,
    #[serde(rename = "bookingId")]
    pub id: Option<BookingId>,
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    pub title: Text<'a>,
    #[serde(rename = "startTime")]
    pub start: DateTime<Utc>,
    #[serde(rename = "endTime")]
    pub end: DateTime<Utc>,
    pub length: Option<i64>,
    pub status: Option<BookingStatus>,
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    pub organizer: Person<'a>,
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    pub attendees: Vec<Person<'a>>,
    #[serde(borrow)]
    pub location: Option<Location<'a>>,
    #[serde(borrow)]
    pub responses: Option<Fields<'a, Answer<'a>>>,
    #[serde(borrow)]
    pub user_fields_responses: Option<Fields<'a, Answer<'a>>>,
    #[serde(borrow)]
    pub metadata: Option<&'a RawValue>,
    #[serde(borrow, rename = "type")]
    pub event_type_slug: Option<&'a str>,
    pub event_type_id: Option<EventTypeId>,
    #[serde(borrow)]
    pub event_title: Option<Text<'a>>,
    #[serde(borrow)]
    pub event_description: Option<Text<'a>>,
    #[serde(rename = "price")]
    pub price_amount: Option<Amount>,
    #[serde(borrow)]
    pub currency: Option<&'a str>,
    pub requires_confirmation: Option<bool>,
    pub scheduling_type: Option<SchedulingType>,
    #[serde(borrow)]
    pub description: Option<Text<'a>>,
    #[serde(borrow)]
    pub additional_notes: Option<Text<'a>>,
    #[serde(borrow)]
    pub custom_inputs: Option<&'a RawValue>,
    #[serde(borrow)]
    pub reschedule_uid: Option<&'a str>,
    pub reschedule_id: Option<BookingId>,
    #[serde(rename = "rescheduleStartTime")]
    pub reschedule_start: Option<DateTime<Utc>>,
    #[serde(rename = "rescheduleEndTime")]
    pub reschedule_end: Option<DateTime<Utc>>,
    #[serde(borrow)]
    pub rescheduled_by: Option<Text<'a>>,
    #[serde(borrow)]
    pub cancellation_reason: Option<Text<'a>>,
    #[serde(borrow)]
    pub cancelled_by: Option<Text<'a>>,
    pub request_reschedule: Option<bool>,
    #[serde(borrow)]
    pub rejection_reason: Option<Text<'a>>,
    #[serde(borrow)]
    pub previous_location: Option<Location<'a>>,
    pub added_host_user_ids: Option<Vec<UserId>>,
    pub removed_host_user_ids: Option<Vec<UserId>>,
    pub payment_id: Option<PaymentId>,
    #[serde(borrow)]
    pub payment_info: Option<Box<PaymentInfo<'a>>>,
    #[serde(borrow)]
    pub payment_data: Option<Box<Payment<'a>>>,
    pub seats_per_time_slot: Option<i64>,
    pub seats_show_attendees: Option<bool>,
    pub seats_show_availability_count: Option<bool>,
    #[serde(borrow)]
    pub attendee_seat_id: Option<&'a str>,
    #[serde(borrow)]
    pub recurring_event: Option<Box<Recurrence<'a>>>,
    #[serde(borrow)]
    pub existing_recurring_event: Option<ExistingSeries<'a>>,
    #[serde(borrow)]
    pub team: Option<Box<Team<'a>>>,
    pub organization_id: Option<OrganizationId>,
    #[serde(borrow)]
    pub assignment_reason: Option<Box<AssignmentReason<'a>>>,
    #[serde(borrow, rename = "iCalUID")]
    pub ical_uid: Option<&'a str>,
    #[serde(rename = "iCalSequence")]
    pub ical_sequence: Option<i64>,
    #[serde(borrow)]
    pub attendee_ics_content: Option<Text<'a>>,
    #[serde(borrow)]
    pub organizer_ics_content: Option<Text<'a>>,
    #[serde(borrow)]
    pub destination_calendar: Option<DestinationCalendars<'a>>,
    #[serde(borrow)]
    pub video_call_data: Option<Box<VideoCall<'a>>>,
    #[serde(borrow)]
    pub conference_data: Option<Box<Conference<'a>>>,
    #[serde(borrow)]
    pub additional_information: Option<Box<AdditionalInformation<'a>>>,
    #[serde(borrow)]
    pub apps_status: Option<Vec<AppStatus<'a>>>,
    pub conference_credential_id: Option<i64>,
    #[serde(borrow)]
    pub delegation_credential_id: Option<&'a str>,
    #[serde(borrow)]
    pub booker_url: Option<&'a str>,
    #[serde(borrow)]
    pub hashed_link: Option<&'a str>,
    #[serde(borrow)]
    pub custom_reply_to_email: Option<Text<'a>>,
    #[serde(borrow)]
    pub sms_reminder_number: Option<Text<'a>>,
    #[serde(borrow)]
    pub one_time_password: Option<&'a str>,
    #[serde(borrow)]
    pub platform_client_id: Option<&'a str>,
    #[serde(borrow)]
    pub platform_reschedule_url: Option<&'a str>,
    #[serde(borrow)]
    pub platform_cancel_url: Option<&'a str>,
    #[serde(borrow)]
    pub platform_booking_url: Option<&'a str>,
    pub hide_calendar_notes: Option<bool>,
    pub hide_calendar_event_details: Option<bool>,
    pub hide_organizer_email: Option<bool>,
    pub hide_branding: Option<bool>,
    pub disable_rescheduling: Option<bool>,
    pub disable_cancelling: Option<bool>,
}

/// [`cal_core::PaymentInfo`], borrowed.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields of the owned struct")]
pub struct PaymentInfo<'a> {
    #[serde(borrow)]
    pub link: Option<&'a str>,
    #[serde(borrow)]
    pub reason: Option<Text<'a>>,
    #[serde(borrow)]
    pub id: Option<&'a str>,
    pub payment_option: Option<PaymentOption>,
    pub amount: Option<Amount>,
    #[serde(borrow)]
    pub currency: Option<&'a str>,
}

/// [`cal_core::Payment`], borrowed.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields of the owned struct")]
pub struct Payment<'a> {
    pub id: Option<PaymentId>,
    #[serde(borrow)]
    pub uid: Option<&'a str>,
    #[serde(borrow)]
    pub app_id: Option<&'a str>,
    pub booking_id: Option<BookingId>,
    pub amount: Option<Amount>,
    pub fee: Option<Amount>,
    #[serde(borrow)]
    pub currency: Option<&'a str>,
    pub success: Option<bool>,
    pub refunded: Option<bool>,
    #[serde(borrow)]
    pub data: Option<&'a RawValue>,
    #[serde(borrow)]
    pub external_id: Option<&'a str>,
    pub payment_option: Option<PaymentOption>,
}

/// [`cal_core::AssignmentReasonRow`], borrowed.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields of the owned struct")]
pub struct AssignmentReasonRow<'a> {
    #[serde(borrow)]
    pub reason_enum: Option<&'a str>,
    #[serde(borrow)]
    pub reason_string: Option<Text<'a>>,
}

/// [`cal_core::AssignmentReason`], borrowed.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
#[expect(missing_docs, reason = "the variants of the owned enum")]
pub enum AssignmentReason<'a> {
    Text(#[serde(borrow)] Text<'a>),
    Rows(#[serde(borrow)] Vec<AssignmentReasonRow<'a>>),
    Category {
        #[serde(borrow)]
        category: Text<'a>,
        #[serde(borrow, default)]
        details: Option<Text<'a>>,
    },
}
