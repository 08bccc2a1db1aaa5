//! Meetings as HubSpot describes them.

use cal_core::BookingUid;
use cal_webhook::Change;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use super::{Activity, BOOKING, ContactId};

/// The property that holds the outcome.
pub(super) const OUTCOME: &str = "hs_meeting_outcome";

/// The association of a meeting with a contact.
const MEETING_TO_CONTACT: u32 = 200;

/// How a meeting came out; a later variant replaces an earlier one.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Outcome {
    Scheduled,
    Completed,
    NoShow,
    Rescheduled,
    Canceled,
}

impl Outcome {
    const ALL: [Self; 5] =
        [Self::Scheduled, Self::Completed, Self::NoShow, Self::Rescheduled, Self::Canceled];

    /// What a change means for the meeting; `None` if it says nothing about its outcome.
    fn of(change: Change) -> Option<Self> {
        Some(match change {
            Change::Booked | Change::Rescheduled => Self::Scheduled,
            Change::Cancelled | Change::Rejected => Self::Canceled,
            Change::Ended => Self::Completed,
            Change::GuestNoShow | Change::NoShow => Self::NoShow,
            Change::RescheduleRequested => Self::Rescheduled,
            _ => return None,
        })
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "SCHEDULED",
            Self::Completed => "COMPLETED",
            Self::NoShow => "NO_SHOW",
            Self::Rescheduled => "RESCHEDULED",
            Self::Canceled => "CANCELED",
        }
    }

    /// Sets the outcome unless the meeting has this one, a later one or one of the account's own.
    pub(super) fn put(self, properties: &mut Map<String, Value>, now: &str) {
        let known = Self::ALL.into_iter().find(|outcome| outcome.as_str() == now);
        if now.is_empty() || known.is_some_and(|known| known < self) {
            properties.insert(OUTCOME.to_owned(), self.as_str().into());
        }
    }
}

/// Returns what a contact's meeting of a booking is found by.
pub(super) fn key(uid: &BookingUid, contact: &ContactId) -> String {
    format!("{uid}-{}", contact.0)
}

/// Returns the body that makes a meeting, associated with the contact.
pub(super) fn new(
    key: &str,
    start: DateTime<Utc>,
    contact: &ContactId,
    activity: &Activity,
) -> Value {
    let mut properties = news(activity, "");
    properties.insert(BOOKING.to_owned(), key.into());
    properties.insert("hs_timestamp".to_owned(), time(start).into());
    let kind = json!({
        "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": MEETING_TO_CONTACT,
    });
    json!({
        "properties": properties,
        "associations": [{ "to": { "id": contact.0 }, "types": [kind] }],
    })
}

/// Returns what an activity tells about a meeting that has an outcome now.
pub(super) fn news(activity: &Activity, outcome: &str) -> Map<String, Value> {
    let mut properties = Map::new();
    let mut put = |name: &str, value: Option<String>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            properties.insert(name.to_owned(), value.into());
        }
    };
    put("hs_timestamp", activity.start.map(time));
    put("hs_meeting_title", Some(activity.title.clone()));
    put("hs_meeting_start_time", activity.start.map(time));
    put("hs_meeting_end_time", activity.end.map(time));
    put("hs_meeting_location", activity.meeting_url.clone());
    put("hs_meeting_external_url", activity.meeting_url.clone());
    put("hs_meeting_body", activity.note.as_deref().map(html));
    match Outcome::of(activity.change) {
        Some(Outcome::NoShow) if activity.absent == Some(false) => pardon(&mut properties, outcome),
        Some(change) => change.put(&mut properties, outcome),
        None => {}
    }
    properties
}

/// The only way back: a person took the mark of absence away.
fn pardon(properties: &mut Map<String, Value>, now: &str) {
    if now == Outcome::NoShow.as_str() {
        properties.insert(OUTCOME.to_owned(), Outcome::Completed.as_str().into());
    }
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Writes a text that somebody typed as HTML, which the body of a meeting is.
fn html(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            '\n' => html.push_str("<br>"),
            '\r' => {}
            other => html.push(other),
        }
    }
    html
}
