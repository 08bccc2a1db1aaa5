//! An event type as the API shows it.

use cal_core::{EventTypeId, TeamId, UserId};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::{
    ActiveBookingsLimit, BookerLayouts, BookingField, BookingLimits, BookingWindow, Colors,
    ConfirmationPolicy, DestinationCalendar, DisableCancelling, DisableRescheduling, EmailSettings,
    EventTypeLocation, HostPriority, Recurrence, SchedulingType, Seats, Toggle,
};
use crate::{id::ScheduleId, wire::or_default};

/// An event type, of a user or a team.
///
/// What only one of them has is an `Option` or may be empty (`EventTypeOutput_2024_06_14` and
/// `TeamEventTypeOutput_2024_06_14` in Cal.com's API description).
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct EventType {
    /// The event type's number.
    pub id: EventTypeId,
    /// The title.
    #[serde(default, deserialize_with = "or_default")]
    pub title: String,
    /// The name in addresses.
    #[serde(default, deserialize_with = "or_default")]
    pub slug: String,
    /// The description.
    pub description: Option<String>,
    /// How many minutes it takes.
    pub length_in_minutes: Option<i64>,
    /// The lengths that guests can choose from, in minutes.
    pub length_in_minutes_options: Option<Vec<i64>>,
    /// The places.
    #[serde(default, deserialize_with = "or_default")]
    pub locations: Vec<EventTypeLocation>,
    /// The questions of the booking form.
    #[serde(default, deserialize_with = "or_default")]
    pub booking_fields: Vec<BookingField>,
    /// The address to book at; of a user's event types.
    pub booking_url: Option<String>,
    /// The user it belongs to.
    pub owner_id: Option<UserId>,
    /// The user it belongs to, with name; of a user's event types.
    #[serde(default, deserialize_with = "readable")]
    pub users: Vec<EventTypeUser>,
    /// The team it belongs to.
    pub team_id: Option<TeamId>,
    /// The team it belongs to, with name.
    pub team: Option<EventTypeTeam>,
    /// The managed event type that it was made from.
    pub parent_event_type_id: Option<EventTypeId>,
    /// How hosts are chosen; of a team's event types.
    pub scheduling_type: Option<SchedulingType>,
    /// The hosts; of a team's event types.
    #[serde(default, deserialize_with = "readable")]
    pub hosts: Vec<EventTypeHost>,
    /// Whether all members of the team are hosts.
    pub assign_all_team_members: Option<bool>,
    /// Whether bookings that are moved keep their host.
    pub reschedule_with_same_round_robin_host: Option<bool>,
    /// Who gets no e-mail; of event types of an organization's teams.
    pub email_settings: Option<EmailSettings>,
    /// Whether guests cannot add further guests.
    pub disable_guests: Option<bool>,
    /// The minutes from one time to the next; none if that is the length.
    pub slot_interval: Option<i64>,
    /// How many minutes before it begins a booking can be made at the latest.
    pub minimum_booking_notice: Option<i64>,
    /// The minutes that are kept free before a booking.
    pub before_event_buffer: Option<i64>,
    /// The minutes that are kept free after a booking.
    pub after_event_buffer: Option<i64>,
    /// The schedule; none if that is the host's default one.
    pub schedule_id: Option<ScheduleId>,
    /// How many bookings there are at the most.
    pub booking_limits_count: Option<Toggle<BookingLimits>>,
    /// How many minutes are booked at the most.
    pub booking_limits_duration: Option<Toggle<BookingLimits>>,
    /// How many bookings one guest has at a time.
    pub booker_active_bookings_limit: Option<Toggle<ActiveBookingsLimit>>,
    /// Whether only the first free time of each day is shown.
    pub only_show_first_available_slot: Option<bool>,
    /// How far ahead bookings are.
    #[serde(default, deserialize_with = "window")]
    pub booking_window: Option<Toggle<BookingWindow>>,
    /// By how many minutes all times are moved.
    pub offset_start: Option<i64>,
    /// Which views of free times guests have.
    pub booker_layouts: Option<BookerLayouts>,
    /// Which bookings wait for the host.
    pub confirmation_policy: Option<Toggle<ConfirmationPolicy>>,
    /// How a series goes on, if bookings are series.
    pub recurrence: Option<Toggle<Recurrence>>,
    /// The seats, if guests share bookings.
    pub seats: Option<Toggle<Seats>>,
    /// How many seats there are; [`EventType::seats`] has it, too.
    pub seats_per_time_slot: Option<i64>,
    /// Whether guests see how many seats are left; [`EventType::seats`] has it, too.
    pub seats_show_availability_count: Option<bool>,
    /// Whether guests must prove that the e-mail address is theirs.
    pub requires_booker_email_verification: Option<bool>,
    /// Whether calendar entries have no notes.
    pub hide_calendar_notes: Option<bool>,
    /// Whether calendar entries show no details.
    pub hide_calendar_event_details: Option<bool>,
    /// Whether guests do not see the host's e-mail address.
    pub hide_organizer_email: Option<bool>,
    /// Whether guests cannot change the time zone.
    pub lock_time_zone_toggle_on_booking_page: Option<bool>,
    /// The colours.
    pub color: Option<Colors>,
    /// The title of bookings, with names such as `{Scheduler}` for what differs.
    pub custom_name: Option<String>,
    /// The calendar that bookings are written to.
    pub destination_calendar: Option<DestinationCalendar>,
    /// Whether that calendar's e-mail address is the organizer's.
    pub use_destination_calendar_email: Option<bool>,
    /// Where guests are sent when they have booked.
    pub success_redirect_url: Option<String>,
    /// Whether they take the parameters of the page's address along.
    pub forward_params_success_redirect: Option<bool>,
    /// What Cal Video does.
    pub cal_video_settings: Option<CalVideo>,
    /// Whether it is not on the host's page.
    pub hidden: Option<bool>,
    /// Whether only its owners and administrators can book it with the API.
    pub booking_requires_authentication: Option<bool>,
    /// Whether bookings cannot be cancelled.
    pub disable_cancelling: Option<DisableCancelling>,
    /// When bookings cannot be moved.
    pub disable_rescheduling: Option<DisableRescheduling>,
    /// The language of the page; none or empty if it is the guest's.
    pub interface_language: Option<String>,
    /// Whether bookings of the past can be moved.
    pub allow_rescheduling_past_bookings: Option<bool>,
    /// Whether moving a cancelled booking makes a new one.
    pub allow_rescheduling_cancelled_bookings: Option<bool>,
    /// Whether times are laid so that more bookings fit in a day.
    pub show_optimized_slots: Option<bool>,
    /// Whether it is booked to begin at once.
    pub is_instant_event: Option<bool>,
    /// What a booking costs, in the smallest unit of [`EventType::currency`].
    pub price: Option<f64>,
    /// The currency, such as `usd`.
    pub currency: Option<String>,
    /// What apps keep with it.
    pub metadata: Option<Map<String, Value>>,
}

/// The user of an event type.
///
/// Cal.com's API description calls users texts; the members were seen on a real server.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct EventTypeUser {
    /// The user's number.
    pub id: UserId,
    /// The name.
    pub name: Option<String>,
    /// The name in addresses, `cal.com/<username>`.
    pub username: Option<String>,
    /// The address of a picture.
    pub avatar_url: Option<String>,
    /// The colour of light pages.
    pub brand_color: Option<String>,
    /// The colour of dark pages.
    pub dark_brand_color: Option<String>,
    /// The day on which a week begins.
    pub week_start: Option<String>,
    /// Data of the user's own.
    pub metadata: Option<Map<String, Value>>,
}

/// A host of a team's event type.
///
/// Cal.com's API description calls hosts texts; the members are those of its server's source.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct EventTypeHost {
    /// The user's number.
    pub user_id: UserId,
    /// The name.
    pub name: Option<String>,
    /// The name in addresses, `cal.com/<username>`.
    pub username: Option<String>,
    /// The address of a picture.
    pub avatar_url: Option<String>,
    /// Whether they attend every booking, whoever else has a turn.
    pub mandatory: Option<bool>,
    /// How soon they have a turn.
    pub priority: Option<HostPriority>,
}

/// The team of an event type.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct EventTypeTeam {
    /// The team's number.
    pub id: TeamId,
    /// The name in addresses.
    pub slug: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// The address of a picture, wide.
    pub banner_url: Option<String>,
    /// The address of a picture, small.
    pub logo_url: Option<String>,
    /// The day on which a week begins.
    pub week_start: Option<String>,
    /// The colour of light pages.
    pub brand_color: Option<String>,
    /// The colour of dark pages.
    pub dark_brand_color: Option<String>,
    /// Light or dark pages.
    pub theme: Option<String>,
}

/// What Cal Video does in meetings.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct CalVideo {
    /// Whether hosts cannot record.
    pub disable_recording_for_organizer: Option<bool>,
    /// Whether guests cannot record.
    pub disable_recording_for_guests: Option<bool>,
    /// Where people are sent who leave.
    pub redirect_url_on_exit: Option<String>,
    /// Whether a recording begins when the host comes.
    pub enable_automatic_recording_for_organizer: Option<bool>,
    /// Whether a transcript begins when anybody comes.
    pub enable_automatic_transcription: Option<bool>,
    /// Whether guests get no transcript.
    pub disable_transcription_for_guests: Option<bool>,
    /// Whether hosts get no transcript.
    pub disable_transcription_for_organizer: Option<bool>,
    /// Whether the transcript is sent by e-mail.
    pub send_transcription_emails: Option<bool>,
}

/// An event type that is no more.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct DeletedEventType {
    /// The number it had.
    pub id: EventTypeId,
    /// The title it had.
    pub title: Option<String>,
    /// The name it had in addresses.
    pub slug: Option<String>,
    /// How many minutes it took.
    pub length_in_minutes: Option<i64>,
}

/// Reads those items of a list that can be read.
fn readable<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    let items: Vec<Value> = or_default(deserializer)?;
    Ok(items.iter().filter_map(|item| T::deserialize(item).ok()).collect())
}

/// Reads a window: an object on a real server, a list of one in Cal.com's API description.
fn window<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Toggle<BookingWindow>>, D::Error> {
    let window = match Option::deserialize(deserializer)? {
        Some(Value::Array(windows)) => windows.into_iter().next(),
        window => window,
    };
    // A toggle takes every value.
    Ok(window.and_then(|window| Toggle::deserialize(window).ok()))
}
