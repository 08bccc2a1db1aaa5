//! Who did not come.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use serde_with::skip_serializing_none;

use crate::{BookingId, BookingUid, EventTypeId, Person, TeamId, time, wire::null_as_default};

/// Attendees who were marked, or unmarked, as absent (`BOOKING_NO_SHOW_UPDATED`).
///
/// Marking the host alone sends nothing.
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct NoShowUpdate {
    /// A sentence in the language of who marked them.
    pub message: Option<String>,
    /// The attendees and whether they are absent now.
    #[serde(default, deserialize_with = "null_as_default")]
    pub attendees: Vec<NoShowAttendee>,
    /// The booking's public id.
    #[serde(rename = "bookingUid")]
    pub uid: Option<BookingUid>,
    /// The booking's number.
    pub booking_id: Option<BookingId>,
    /// The OAuth client of a platform booking.
    pub platform_client_id: Option<String>,
    /// Where a platform booking is rescheduled.
    pub platform_reschedule_url: Option<String>,
    /// Where a platform booking is cancelled.
    pub platform_cancel_url: Option<String>,
    /// Where a platform booking is shown.
    pub platform_booking_url: Option<String>,
}

/// An attendee of a [`NoShowUpdate`].
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct NoShowAttendee {
    /// The e-mail address.
    #[serde(default, deserialize_with = "null_as_default")]
    pub email: String,
    /// Whether the attendee is absent; `false` takes an earlier mark back.
    #[serde(default, deserialize_with = "null_as_default")]
    pub no_show: bool,
}

/// A Cal Video meeting that a host or a guest did not join in time.
///
/// `AFTER_HOSTS_CAL_VIDEO_NO_SHOW` comes once for every absent host.
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CalVideoNoShow {
    /// The booking's title.
    #[serde(default, deserialize_with = "null_as_default")]
    pub title: String,
    /// The booking's number.
    pub booking_id: Option<BookingId>,
    /// The booking's public id.
    #[serde(rename = "bookingUid")]
    pub uid: Option<BookingUid>,
    /// When the meeting starts.
    #[serde(default, rename = "startTime", deserialize_with = "time::maybe")]
    pub start: Option<DateTime<Utc>>,
    /// When the meeting ends.
    #[serde(default, rename = "endTime", deserialize_with = "time::maybe")]
    pub end: Option<DateTime<Utc>>,
    /// The attendees as the database has them.
    #[serde(default, deserialize_with = "null_as_default")]
    pub attendees: Vec<Person>,
    /// Who was in the room.
    #[serde(default, deserialize_with = "null_as_default")]
    pub participants: Vec<CalVideoParticipant>,
    /// The absent host's e-mail address.
    pub host_email: Option<String>,
    /// Whether the host is absent.
    pub no_show_host: Option<bool>,
    /// The guests and whether they are absent.
    pub guests: Option<Vec<Person>>,
    /// The e-mail address of who moved the booking.
    pub rescheduled_by: Option<String>,
    /// The event type.
    pub event_type: Option<NoShowEventType>,
    /// The webhook that was scheduled.
    pub webhook: Option<NoShowWebhook>,
    /// A sentence for people.
    pub message: Option<String>,
}

impl CalVideoNoShow {
    /// Returns the guests who did not come.
    ///
    /// Since December 2025 [`CalVideoNoShow::guests`] tells. Before, no row was marked: the trigger
    /// itself says that nobody came but hosts, who are among the attendees of a team's booking.
    #[must_use]
    pub fn absent_guests(&self) -> Vec<&Person> {
        let is_absent = |guest: &&Person| guest.no_show == Some(true);
        if let Some(guests) = self.guests.as_deref().filter(|guests| !guests.is_empty()) {
            return guests.iter().filter(|guest| guest.no_show != Some(false)).collect();
        }
        let marked: Vec<_> = self.attendees.iter().filter(is_absent).collect();
        if !marked.is_empty() {
            return marked;
        }
        let hosts = self.participants.iter().filter(|participant| participant.user_id.is_some());
        let hosts = hosts.filter_map(|host| host.email.as_deref()).chain(self.absent_host());
        let hosts: Vec<_> = hosts.map(str::to_lowercase).collect();
        let is_guest = |person: &&Person| !hosts.contains(&person.email.to_lowercase());
        self.attendees.iter().filter(is_guest).collect()
    }

    /// Returns the e-mail address of the absent host; where no member names it, the message does.
    #[must_use]
    pub fn absent_host(&self) -> Option<&str> {
        let named = self.host_email.as_deref().filter(|email| !email.is_empty());
        let written = || self.message.as_deref()?.split_whitespace().find_map(address);
        named.or_else(written)
    }
}

/// Takes an e-mail address out of a word of a sentence.
fn address(word: &str) -> Option<&str> {
    let word = word.trim_matches(['.', ',', ';', ':', '(', ')', '<', '>', '"', '\'']);
    let (local, domain) = word.split_once('@')?;
    (!local.is_empty() && domain.contains('.')).then_some(word)
}

/// Somebody who was in a Cal Video room; members as the video provider names them.
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CalVideoParticipant {
    /// The Cal.com user, as text.
    pub user_id: Option<String>,
    /// The id in the room.
    pub participant_id: Option<String>,
    /// The name in the room.
    pub user_name: Option<String>,
    /// When the participant joined, in seconds since 1970.
    pub join_time: Option<i64>,
    /// How long the participant stayed, in seconds.
    pub duration: Option<i64>,
    /// The e-mail address, when known.
    pub email: Option<String>,
    /// Whether the participant was signed in to Cal.com.
    #[serde(rename = "isLoggedIn")]
    pub is_logged_in: Option<bool>,
}

/// The event type of a [`CalVideoNoShow`].
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct NoShowEventType {
    /// The number.
    pub id: Option<EventTypeId>,
    /// The team it belongs to.
    pub team_id: Option<TeamId>,
    /// The managed event type it comes from.
    pub parent_id: Option<EventTypeId>,
    /// Settings of Cal Video; free-form.
    pub cal_video_settings: Option<Map<String, Value>>,
}

/// The webhook that a [`CalVideoNoShow`] was scheduled for; its secret is not part of it.
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct NoShowWebhook {
    /// The webhook's id.
    pub id: Option<String>,
    /// The address it sends to.
    pub subscriber_url: Option<String>,
    /// The app it belongs to.
    pub app_id: Option<String>,
    /// How long after the start it fires; the unit is in `time_unit`.
    pub time: Option<i64>,
    /// `DAY`, `HOUR` or `MINUTE`.
    pub time_unit: Option<String>,
    /// The triggers it subscribes to.
    pub event_triggers: Option<Vec<crate::Trigger>>,
    /// Its template.
    pub payload_template: Option<String>,
    /// Its payload version.
    pub version: Option<String>,
}
