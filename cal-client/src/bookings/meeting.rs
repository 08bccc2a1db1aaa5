//! What surrounds a booking: calendars, video rooms, recordings.

use cal_core::BookingUid;
use chrono::{DateTime, Utc, serde::ts_seconds_option};
use secrecy::SecretString;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::Bookings;
use crate::{
    error::Error,
    request::{Request, version},
    secret,
    wire::{open_enum, or_default},
};

impl Bookings {
    /// Lists links that add a booking to the attendee's own calendar.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn calendar_links(
        &self,
        uid: impl Into<BookingUid>,
    ) -> Result<Vec<CalendarLink>, Error> {
        self.get_from("/bookings/{}/calendar-links", &uid.into()).data().await
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
        let request = self.get_from("/bookings/{}/references", &uid.into());
        request.query_some("type", kind).data().await
    }

    /// Lists what was recorded; Cal Video only.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`]. A booking without Cal Video is 404.
    pub async fn recordings(&self, uid: impl Into<BookingUid>) -> Result<Vec<Recording>, Error> {
        self.get_from("/bookings/{}/recordings", &uid.into()).data().await
    }

    /// Lists links to what was said, word by word, which work for an hour; Cal Video only.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn transcripts(&self, uid: impl Into<BookingUid>) -> Result<Vec<String>, Error> {
        self.get_from("/bookings/{}/transcripts", &uid.into()).data().await
    }

    /// Lists who was in the video room, and when; Cal Video only.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn video_sessions(
        &self,
        uid: impl Into<BookingUid>,
    ) -> Result<Vec<VideoSession>, Error> {
        self.get_from("/bookings/{}/conferencing-sessions", &uid.into()).data().await
    }

    fn get_from(&self, template: &str, uid: &BookingUid) -> Request {
        self.at.get(template, &[uid]).version(version::BOOKINGS)
    }
}

/// A link that adds a booking to a calendar (`CalendarLink` in Cal.com's API description).
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
pub struct CalendarLink {
    /// Which calendar it is, such as `googleCalendar` or `ics`; seen on a real server.
    pub id: Option<String>,
    /// The calendar's name for people to read.
    #[serde(default, deserialize_with = "or_default")]
    pub label: String,
    /// The link; of `ics` a `data:` address with the whole entry.
    #[serde(default, deserialize_with = "or_default")]
    pub link: String,
}

/// An entry in a calendar, or a video room (`BookingReference` in Cal.com's API description).
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct BookingReference {
    /// The reference's number.
    pub id: i64,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: ReferenceKind,
    /// The id of the entry or the room at its provider.
    #[serde(default, deserialize_with = "or_default")]
    pub event_uid: String,
    /// The calendar that the entry is in.
    #[serde(default, deserialize_with = "text")]
    pub destination_calendar_id: Option<String>,
}

open_enum! {
    /// What a booking's reference is.
    pub enum ReferenceKind {
        /// A room of Cal Video, which Daily provides.
        DailyVideo = "daily_video",
        /// An entry in Google Calendar.
        GoogleCalendar = "google_calendar",
        /// A meeting of Google Meet.
        GoogleVideo = "google_video",
        /// An entry in Outlook.
        Office365Calendar = "office365_calendar",
        /// A meeting of Microsoft Teams.
        Office365Video = "office365_video",
        /// A meeting of Zoom.
        ZoomVideo = "zoom_video",
    }
}

/// A recording of a video meeting (`RecordingItem` in Cal.com's API description).
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct Recording {
    /// The recording's id.
    pub id: String,
    /// The video room's name.
    pub room_name: Option<String>,
    /// When it begins.
    #[serde(default, rename = "startTs", with = "ts_seconds_option")]
    pub start: Option<DateTime<Utc>>,
    /// How far it is, such as `completed`.
    pub status: Option<String>,
    /// How many people there were at the same time, at the most.
    pub max_participants: Option<u32>,
    /// How long it is, in seconds.
    pub duration: Option<f64>,
    /// The token with which it is shared.
    #[serde(default, deserialize_with = "secret::read_some")]
    pub share_token: Option<SecretString>,
    /// Where it can be had; the link may work for anyone.
    #[serde(default, deserialize_with = "secret::read_some")]
    pub download_link: Option<SecretString>,
    /// Why it cannot be had.
    pub error: Option<String>,
}

/// A meeting in a video room (`CalMeetingSession` in Cal.com's API description).
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct VideoSession {
    /// The session's id.
    pub id: String,
    /// The video room's name.
    pub room: Option<String>,
    /// When it began.
    #[serde(default, with = "ts_seconds_option")]
    pub start_time: Option<DateTime<Utc>>,
    /// How long it was, in seconds.
    pub duration: Option<f64>,
    /// Whether it goes on.
    pub ongoing: Option<bool>,
    /// How many people there were at the same time, at the most.
    pub max_participants: Option<u32>,
    /// Who was there.
    #[serde(default, deserialize_with = "or_default")]
    pub participants: Vec<VideoParticipant>,
}

/// Someone in a video room (`CalMeetingParticipant` in Cal.com's API description).
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct VideoParticipant {
    /// The user's id, if it is known.
    #[serde(default, deserialize_with = "text")]
    pub user_id: Option<String>,
    /// The name.
    pub user_name: Option<String>,
    /// When they came.
    #[serde(default, with = "ts_seconds_option")]
    pub join_time: Option<DateTime<Utc>>,
    /// How long they stayed, in seconds.
    pub duration: Option<f64>,
}

/// Reads an id that is described as a text but stands in the database as a number.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Option::<Value>::deserialize(deserializer)? {
        Some(Value::String(text)) => Some(text),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    })
}
