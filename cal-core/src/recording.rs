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

impl Recording {
    /// Returns what tells this recording, or transcript, from others of the booking; `None` where
    /// the delivery has no link.
    ///
    /// That is where its links lead to, without what signs them: two webhooks may get links that
    /// are signed at different times.
    #[must_use]
    pub fn id(&self) -> Option<String> {
        let links = self.download_links.iter();
        let links = links.flat_map(|links| {
            let formats = links.transcription.iter().filter_map(|one| one.link.as_deref());
            formats.chain(links.recording.as_deref())
        });
        let mut ids: Vec<_> = self.download_link.as_deref().into_iter().chain(links).collect();
        ids.retain(|link| !link.trim().is_empty());
        let mut ids: Vec<_> = ids.into_iter().map(unsigned).collect();
        ids.sort_unstable();
        ids.dedup();
        (!ids.is_empty()).then(|| ids.join(" "))
    }
}

/// Takes from a link what signs it. A path that names nothing leaves only the token to go by.
fn unsigned(link: &str) -> String {
    let link = link.trim().split_once('#').map_or(link.trim(), |(link, _)| link);
    let Some((path, query)) = link.split_once('?') else { return link.to_owned() };
    let last = path.rsplit('/').next().unwrap_or_default();
    let names_one = last.bytes().any(|byte| byte.is_ascii_digit());
    let signs = |name: &str| {
        let name = name.to_ascii_lowercase();
        let is_token = ["token", "jwt", "auth"].contains(&&*name) && names_one;
        let prefixes = ["x-amz-", "x-goog-", "sig", "expir"];
        let others = [
            "awsaccesskeyid",
            "exp",
            "hmac",
            "key-pair-id",
            "policy",
            "se",
            "sp",
            "sr",
            "st",
            "sv",
        ];
        is_token || prefixes.iter().any(|it| name.starts_with(it)) || others.contains(&&*name)
    };
    let mut rest: Vec<_> = query
        .split('&')
        .filter(|pair| !signs(pair.split_once('=').map_or(*pair, |(name, _)| name)))
        .collect();
    rest.sort_unstable();
    if rest.is_empty() { path.to_owned() } else { format!("{path}?{}", rest.join("&")) }
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
