//! One webhook delivery: its envelope, its event and its bytes.

use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize, Serializer, de::DeserializeOwned, ser::SerializeMap};
use serde_json::{Value, value::RawValue};

use crate::{
    AnswerValue, Booking, CalendarEntryRejected, Event, Fields, FormSubmission, Meeting, Opaque,
    ParseError, Trigger, Unknown, salvage, time::Time,
};

/// One webhook delivery: what it reports, when it was sent, and the bytes it came in.
///
/// A delivery serialises the way Cal.com sends it: `triggerEvent`, `createdAt` and `payload`, the
/// meeting triggers flat. What the types do not know stays in [`Delivery::body`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Delivery {
    /// When Cal.com sent or queued the delivery.
    ///
    /// Absent for a flat `MEETING_STARTED` or `MEETING_ENDED`: their `createdAt` is the booking's,
    /// see [`Meeting::created_at`].
    pub created_at: Option<DateTime<Utc>>,
    /// What the delivery reports.
    pub event: Event,
    body: Bytes,
    set_aside: Vec<ParseError>,
    /// Whether the payload's members stood beside the envelope's.
    flat: bool,
}

/// How far a body could be read.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Parsed {
    /// Not at all; see [`Event::Opaque`].
    Opaque,
    /// To a typed payload.
    Typed,
    /// To the envelope; see [`Event::Unknown`].
    Unknown,
}

impl Delivery {
    /// Reads a body; whatever cannot be typed is kept, so that reading never fails.
    ///
    /// The content type does not matter: Cal.com sends JSON under several. Of a member that occurs
    /// twice the last one counts. A member of an unexpected type is left out of the typed payload
    /// and reported by [`Delivery::set_aside`].
    #[must_use]
    pub fn parse(body: impl Into<Bytes>) -> Self {
        let body = body.into();
        let Read { created_at, event, set_aside, flat } = read(&body);
        Self { created_at, event, body, set_aside, flat }
    }

    /// Returns the body as it came.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Returns the members that were left out because their type was not the expected one.
    #[must_use]
    pub fn set_aside(&self) -> &[ParseError] {
        &self.set_aside
    }

    /// Returns how far the body could be read.
    #[must_use]
    pub fn parsed(&self) -> Parsed {
        match self.event {
            Event::Opaque(_) => Parsed::Opaque,
            Event::Unknown(_) => Parsed::Unknown,
            _ => Parsed::Typed,
        }
    }

    /// Reads a body without envelope as a form's bare answers.
    ///
    /// Until early 2024 `FORM_SUBMITTED` sent nothing else (version 3 of Cal.com), which no rule can
    /// tell from a custom template: only call it on a webhook that subscribes to forms alone.
    /// `None` when the event is not [`Event::Opaque`] or the body is no JSON object.
    #[must_use]
    pub fn bare_answers(&self) -> Option<Fields<AnswerValue>> {
        match &self.event {
            Event::Opaque(opaque) if opaque.trigger.is_none() => {
                serde_json::from_slice(&self.body).ok()
            }
            _ => None,
        }
    }
}

/// A body that was read.
struct Read {
    created_at: Option<DateTime<Utc>>,
    event: Event,
    set_aside: Vec<ParseError>,
    flat: bool,
}

impl Read {
    fn opaque(trigger: Option<Trigger>, reason: ParseError) -> Self {
        let event = Event::Opaque(Arc::new(Opaque { trigger, reason }));
        Self { created_at: None, event, set_aside: Vec::new(), flat: false }
    }
}

/// The default envelope; the meeting triggers have no `payload`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    trigger_event: Option<Trigger>,
    #[serde(borrow)]
    created_at: Option<&'a RawValue>,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
}

fn read(body: &[u8]) -> Read {
    let text = match std::str::from_utf8(body) {
        Ok(text) => text.trim_ascii(),
        Err(_) => return Read::opaque(None, ParseError::new("expected UTF-8")),
    };
    if !text.starts_with('{') {
        return Read::opaque(None, ParseError::new("expected a JSON object"));
    }
    match serde_json::from_str(text) {
        Ok(envelope) => read_envelope(text, &envelope),
        Err(error) => match once(text) {
            Some(text) => serde_json::from_str(&text).map_or_else(
                |error| Read::opaque(None, ParseError::from_json("", &error)),
                |envelope| read_envelope(&text, &envelope),
            ),
            None => Read::opaque(None, ParseError::from_json("", &error)),
        },
    }
}

/// Writes an object anew with every member once, the last one of each name.
fn once(text: &str) -> Option<String> {
    let tree: Value = serde_json::from_str(text).ok()?;
    Some(tree.to_string())
}

fn read_envelope(text: &str, envelope: &Envelope<'_>) -> Read {
    let Some(trigger) = envelope.trigger_event.clone() else {
        return Read::opaque(None, ParseError::new("expected a member triggerEvent"));
    };
    let created_at = envelope.created_at.map(|raw| serde_json::from_str::<Option<Time>>(raw.get()));
    let (payload, prefix) = envelope.payload.map_or((text, ""), |raw| (raw.get(), "payload"));
    let is_meeting = matches!(trigger, Trigger::MeetingEnded | Trigger::MeetingStarted);
    let is_unknown = matches!(trigger, Trigger::Other(_));
    if envelope.payload.is_none() && !is_meeting && !is_unknown {
        return Read::opaque(Some(trigger), ParseError::new("expected a member payload"));
    }
    match read_payload(&trigger, payload, prefix, text) {
        Err(reason) => Read::opaque(Some(trigger), reason),
        Ok((event, mut set_aside)) => {
            let flat = is_meeting && envelope.payload.is_none();
            let created_at = match created_at {
                Some(Ok(Some(Time(at)))) if !flat => Some(at.to_utc()),
                Some(Err(error)) if !flat => {
                    set_aside.push(ParseError::from_json("createdAt", &error));
                    None
                }
                _ => None,
            };
            Read { created_at, event, set_aside, flat }
        }
    }
}

type Payload = Result<(Event, Vec<ParseError>), ParseError>;

fn read_payload(trigger: &Trigger, json: &str, prefix: &str, whole: &str) -> Payload {
    fn typed<T: DeserializeOwned>(event: fn(Arc<T>) -> Event, json: &str, prefix: &str) -> Payload {
        let (payload, set_aside) = salvage::read::<T>(json, prefix)?;
        Ok((event(payload), set_aside))
    }
    let booking = |event: fn(Arc<Booking>) -> Event| typed(event, json, prefix);
    // What makes a booking says when it is; what ends or moves one has a meaning without that.
    let made = |event: fn(Arc<Booking>) -> Event| {
        let (booking, set_aside) = salvage::read::<Booking>(json, prefix)?;
        if booking.start.is_some() || booking.reschedule_uid.is_some() {
            return Ok((event(booking), set_aside));
        }
        let path = if prefix.is_empty() { "startTime" } else { "payload.startTime" };
        let unreadable = set_aside.into_iter().find(|problem| problem.path() == path);
        Err(unreadable.unwrap_or_else(|| ParseError::new("missing field `startTime`").within(path)))
    };
    // What is kept raw must be JSON that can be read, or nobody could serialise it again.
    let raw = || {
        serde_json::from_str::<Value>(json)
            .and_then(|_| RawValue::from_string(json.to_owned()))
            .map_err(|error| ParseError::from_json(prefix, &error))
    };
    match trigger {
        Trigger::AfterGuestsCalVideoNoShow => typed(Event::AfterGuestsCalVideoNoShow, json, prefix),
        Trigger::AfterHostsCalVideoNoShow => typed(Event::AfterHostsCalVideoNoShow, json, prefix),
        Trigger::BookingCancelled => booking(Event::BookingCancelled),
        Trigger::BookingCreated => made(Event::BookingCreated),
        Trigger::BookingLocationUpdated => booking(Event::BookingLocationUpdated),
        Trigger::BookingNoShowUpdated => typed(Event::BookingNoShowUpdated, json, prefix),
        Trigger::BookingPaid => booking(Event::BookingPaid),
        Trigger::BookingPaymentInitiated => booking(Event::BookingPaymentInitiated),
        Trigger::BookingReassigned => booking(Event::BookingReassigned),
        Trigger::BookingRejected => booking(Event::BookingRejected),
        Trigger::BookingRequested => made(Event::BookingRequested),
        Trigger::BookingRescheduled => booking(Event::BookingRescheduled),
        Trigger::CalendarEntryRejected => {
            let event = CalendarEntryRejected { payload: raw()? };
            Ok((Event::CalendarEntryRejected(Arc::new(event)), Vec::new()))
        }
        Trigger::DelegationCredentialError => typed(Event::DelegationCredentialError, json, prefix),
        Trigger::DelegationCredentialRotationRequired => {
            typed(Event::DelegationCredentialRotationRequired, json, prefix)
        }
        Trigger::DelegationCredentialSecretRotated => {
            typed(Event::DelegationCredentialSecretRotated, json, prefix)
        }
        Trigger::DelegationCredentialSecretRotationFailed => {
            typed(Event::DelegationCredentialSecretRotationFailed, json, prefix)
        }
        Trigger::FormSubmitted => {
            let (mut form, set_aside) = salvage::read::<FormSubmission>(json, prefix)?;
            Arc::make_mut(&mut form).root_answers = root_answers(whole);
            Ok((Event::FormSubmitted(form), set_aside))
        }
        Trigger::FormSubmittedNoEvent => typed(Event::FormSubmittedNoEvent, json, prefix),
        Trigger::InstantMeeting => typed(Event::InstantMeeting, json, prefix),
        Trigger::InstantMeetingAccepted => typed(Event::InstantMeetingAccepted, json, prefix),
        Trigger::MeetingEnded => typed(Event::MeetingEnded, json, prefix),
        Trigger::MeetingStarted => typed(Event::MeetingStarted, json, prefix),
        Trigger::OooCreated => typed(Event::OooCreated, json, prefix),
        Trigger::Other(_) => {
            let event = Unknown { trigger: trigger.clone(), payload: raw()? };
            Ok((Event::Unknown(Arc::new(event)), Vec::new()))
        }
        Trigger::Ping => booking(Event::Ping),
        Trigger::RecordingReady => typed(Event::RecordingReady, json, prefix),
        Trigger::RecordingTranscriptionGenerated => {
            typed(Event::RecordingTranscriptionGenerated, json, prefix)
        }
        Trigger::RoutingFormFallbackHit => typed(Event::RoutingFormFallbackHit, json, prefix),
        Trigger::WrongAssignmentReport => typed(Event::WrongAssignmentReport, json, prefix),
    }
}

/// The members of the envelope that Cal.com's names for it do not cover: a form's bare answers.
fn root_answers(whole: &str) -> Fields<AnswerValue> {
    let members: Fields<&RawValue> = serde_json::from_str(whole).unwrap_or_default();
    members
        .iter()
        .filter(|(name, _)| !["triggerEvent", "createdAt", "payload"].contains(name))
        .filter_map(|(name, raw)| Some((name.to_owned(), serde_json::from_str(raw.get()).ok()?)))
        .collect()
}

impl Serialize for Delivery {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Flat<'a> {
            trigger_event: Option<Trigger>,
            #[serde(flatten)]
            row: &'a Meeting,
        }

        match &self.event {
            Event::Opaque(_) => self.serialize_opaque(serializer),
            Event::MeetingEnded(row) | Event::MeetingStarted(row) if self.flat => {
                Flat { trigger_event: self.event.trigger(), row }.serialize(serializer)
            }
            event => {
                let mut envelope = serializer.serialize_map(None)?;
                if let Event::FormSubmitted(form) = event {
                    for (field, answer) in form.root_answers.iter() {
                        envelope.serialize_entry(field, answer)?;
                    }
                }
                envelope.serialize_entry("triggerEvent", &event.trigger())?;
                envelope.serialize_entry("createdAt", &self.created_at)?;
                envelope.serialize_entry("payload", event)?;
                envelope.end()
            }
        }
    }
}

impl Delivery {
    /// Writes an opaque body as the JSON it is, as a text, or as the number of its bytes.
    fn serialize_opaque<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(&self.body) {
            Ok(text) => match serde_json::from_str::<Value>(text) {
                Ok(json) => json.serialize(serializer),
                Err(_) => serializer.serialize_str(text),
            },
            Err(_) => serializer.collect_str(&format_args!("{} bytes", self.body.len())),
        }
    }
}
