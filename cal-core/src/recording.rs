//! Recordings and transcripts of Cal Video meetings.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use crate::{BookingUid, Person, time, wire::null_as_default};

/// A recording that can be downloaded (`RECORDING_READY`), or its transcript
/// (`RECORDING_TRANSCRIPTION_GENERATED`).
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Recording {
    /// The booking's public id.
    pub uid: Option<BookingUid>,
    /// The booking's title.
    #[serde(default, deserialize_with = "null_as_default")]
    pub title: String,
    /// The booking's title once more; here Cal.com's `type` is not the event type's slug.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The description.
    pub description: Option<String>,
    /// When the meeting started.
    #[serde(default, rename = "startTime", deserialize_with = "time::maybe")]
    pub start: Option<DateTime<Utc>>,
    /// When the meeting ended.
    #[serde(default, rename = "endTime", deserialize_with = "time::maybe")]
    pub end: Option<DateTime<Utc>>,
    /// The host.
    #[serde(default, deserialize_with = "null_as_default")]
    pub organizer: Person,
    /// The attendees.
    #[serde(default, deserialize_with = "null_as_default")]
    pub attendees: Vec<Person>,
    /// The address replies go to instead of the organiser's.
    pub custom_reply_to_email: Option<String>,
    /// Where the recording is downloaded; the link is signed and expires soon.
    pub download_link: Option<String>,
    /// Where the transcript is downloaded; absent when only the recording is ready.
    pub download_links: Option<TranscriptLinks>,
}

/// The links of a transcript; they are signed and expire soon.
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct TranscriptLinks {
    /// The transcript in several formats.
    #[serde(default, deserialize_with = "null_as_default")]
    pub transcription: Vec<TranscriptLink>,
    /// The recording.
    pub recording: Option<String>,
}

/// One format of a transcript.
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct TranscriptLink {
    /// `json`, `srt`, `txt` or `vtt`.
    pub format: Option<String>,
    /// Where it is downloaded.
    pub link: Option<String>,
}
