//! The booking row that `MEETING_STARTED` and `MEETING_ENDED` send.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use serde_with::skip_serializing_none;

use crate::{
    Answer, AppStatus, BookingId, BookingStatus, BookingUid, DestinationCalendar, EventTypeId,
    Fields, Location, Payment, Person, Question, SchedulingType, TeamId, TimeFormat, UserId, time,
    wire::null_as_default,
};

/// A meeting whose scheduled start or end has come (`scheduleTrigger.ts`).
///
/// The row is what the booking was when the webhook was scheduled: later changes do not show, and
/// nobody looked whether people joined or hung up. It comes without a `payload` around it, and its
/// `createdAt` is the booking's, not the delivery's.
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Meeting {
    /// The booking's number.
    pub id: Option<BookingId>,
    /// The booking's public id.
    pub uid: Option<BookingUid>,
    /// The key that makes the booking unique at its slot.
    pub idempotency_key: Option<String>,
    /// The host's number.
    pub user_id: Option<UserId>,
    /// The host's uuid.
    pub user_uuid: Option<String>,
    /// The host's main e-mail address.
    pub user_primary_email: Option<String>,
    /// The event type's number.
    pub event_type_id: Option<EventTypeId>,
    /// The title that attendees see.
    #[serde(default, deserialize_with = "null_as_default")]
    pub title: String,
    /// The description.
    pub description: Option<String>,
    /// Answers of event types from before 2023; free-form and usually empty.
    pub custom_inputs: Option<Value>,
    /// The answers; until early 2025 without labels.
    pub responses: Option<Fields<Answer>>,
    /// The answers to the questions that the host added.
    pub user_fields_responses: Option<Fields<Answer>>,
    /// When the meeting starts.
    #[serde(rename = "startTime", deserialize_with = "time::required")]
    pub start: DateTime<Utc>,
    /// When the meeting ends.
    #[serde(rename = "endTime", deserialize_with = "time::required")]
    pub end: DateTime<Utc>,
    /// Where it takes place.
    pub location: Option<Location>,
    /// When the booking was made.
    #[serde(default, deserialize_with = "time::maybe")]
    pub created_at: Option<DateTime<Utc>>,
    /// When the booking was last changed before this webhook was scheduled.
    #[serde(default, deserialize_with = "time::maybe")]
    pub updated_at: Option<DateTime<Utc>>,
    /// The status when this webhook was scheduled.
    pub status: Option<BookingStatus>,
    /// Whether the booking was paid.
    pub paid: Option<bool>,
    /// The number of the calendar it is written to.
    pub destination_calendar_id: Option<i64>,
    /// Why the booking was cancelled.
    pub cancellation_reason: Option<String>,
    /// Why the host declined the booking.
    pub rejection_reason: Option<String>,
    /// Why the booking was given to another host.
    pub reassign_reason: Option<String>,
    /// Who gave the booking to another host.
    pub reassign_by_id: Option<UserId>,
    /// The event type of a booking with several people's links.
    pub dynamic_event_slug_ref: Option<String>,
    /// The people of a booking with several people's links.
    pub dynamic_group_slug_ref: Option<String>,
    /// Whether the booking was replaced.
    pub rescheduled: Option<bool>,
    /// The booking this one replaced.
    pub from_reschedule: Option<BookingUid>,
    /// The id that occurrences of one series share.
    pub recurring_event_id: Option<String>,
    /// The number that text message reminders go to.
    pub sms_reminder_number: Option<String>,
    /// The ids of scheduled jobs.
    pub scheduled_jobs: Option<Vec<String>>,
    /// What the booking page stored; free-form.
    pub metadata: Option<Map<String, Value>>,
    /// Whether the meeting is recorded.
    pub is_recorded: Option<bool>,
    /// The UID of the calendar entry; may be empty.
    #[serde(rename = "iCalUID")]
    pub ical_uid: Option<String>,
    /// The sequence number of the calendar entry.
    #[serde(rename = "iCalSequence")]
    pub ical_sequence: Option<i64>,
    /// The rating that an attendee gave.
    pub rating: Option<i64>,
    /// What an attendee wrote about the meeting.
    pub rating_feedback: Option<String>,
    /// Whether the host was marked as absent.
    pub no_show_host: Option<bool>,
    /// The one-time password of confirmation links; keep it out of logs.
    pub one_time_password: Option<String>,
    /// The e-mail address of who cancelled the booking.
    pub cancelled_by: Option<String>,
    /// The e-mail address of who moved the booking.
    pub rescheduled_by: Option<String>,
    /// `WEBAPP`, `API_V1` or `API_V2`.
    pub creation_source: Option<String>,
    /// The host.
    pub user: Option<MeetingUser>,
    /// The attendees, hosts of a team among them; of a seated booking the first one only.
    #[serde(default, deserialize_with = "null_as_default")]
    pub attendees: Vec<Person>,
    /// The payments.
    pub payment: Option<Vec<Payment>>,
    /// What the booking is called in calendars and video apps.
    pub references: Option<Vec<BookingReference>>,
    /// How writing to the host's apps went.
    pub apps_status: Option<Vec<AppStatus>>,
    /// The event type, where the booking was confirmed by its host.
    pub event_type: Option<MeetingEventType>,
}

/// The host of a meeting: four members, or what the row of Cal.com's user table showed.
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MeetingUser {
    /// The number.
    pub id: Option<UserId>,
    /// The uuid.
    pub uuid: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// The user name, the first part of the booking link.
    pub username: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The IANA time zone.
    pub time_zone: Option<String>,
    /// The language tag.
    pub locale: Option<String>,
    /// How times are to be written.
    pub time_format: Option<TimeFormat>,
    /// The first day of the week, `Sunday`.
    pub week_start: Option<String>,
    /// Whether Cal.com's branding is hidden.
    pub hide_branding: Option<bool>,
    /// Whether a platform manages the account.
    pub is_platform_managed: Option<bool>,
    /// The calendar that bookings are written to; of a team's hosts (`handleConfirmation.ts`).
    pub destination_calendar: Option<DestinationCalendar>,
}

/// What a booking is called in a calendar or a video app.
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct BookingReference {
    /// The number of the row.
    pub id: Option<i64>,
    /// The app, `google_calendar` or `daily_video`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The id in the app.
    pub uid: Option<String>,
    /// The meeting's id in the app.
    pub meeting_id: Option<String>,
    /// The id of the series in the app.
    pub third_party_recurring_event_id: Option<String>,
    /// The meeting's password; keep it out of logs.
    pub meeting_password: Option<String>,
    /// The meeting's address.
    pub meeting_url: Option<String>,
    /// The booking's number.
    pub booking_id: Option<BookingId>,
    /// The calendar's id at its provider.
    pub external_calendar_id: Option<String>,
    /// Whether the entry was deleted.
    pub deleted: Option<bool>,
    /// The number of the credential.
    pub credential_id: Option<i64>,
    /// The id of the delegated credential.
    pub delegation_credential_id: Option<String>,
    /// The name that `delegationCredentialId` had in early 2025.
    pub domain_wide_delegation_credential_id: Option<String>,
}

/// The event type of a meeting.
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MeetingEventType {
    /// The number.
    pub id: Option<EventTypeId>,
    /// The title.
    pub title: Option<String>,
    /// The last part of the link.
    pub slug: Option<String>,
    /// The length in minutes.
    pub length: Option<i64>,
    /// The team it belongs to.
    pub team_id: Option<TeamId>,
    /// How hosts are assigned.
    pub scheduling_type: Option<SchedulingType>,
    /// The owner's settings.
    pub owner: Option<EventTypeOwner>,
    /// The hosts.
    pub hosts: Option<Vec<EventTypeHost>>,
    /// The booking questions.
    pub booking_fields: Option<Vec<Question>>,
}

/// The settings of an event type's owner.
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct EventTypeOwner {
    /// The number.
    pub id: Option<UserId>,
    /// Whether Cal.com's branding is hidden.
    pub hide_branding: Option<bool>,
}

/// A host of an event type.
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct EventTypeHost {
    /// The host's number.
    pub user_id: Option<UserId>,
    /// The event type's number.
    pub event_type_id: Option<EventTypeId>,
    /// Whether the host attends every booking.
    pub is_fixed: Option<bool>,
    /// The host's priority.
    pub priority: Option<i64>,
    /// The host's weight.
    pub weight: Option<i64>,
    /// Who the host is.
    pub user: Option<MeetingUser>,
}
