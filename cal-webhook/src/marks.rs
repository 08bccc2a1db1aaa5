//! What a delivery has in common with others that report the same.

use cal_core::{Booking, CalVideoNoShow, Delivery, Event, FormSubmission, OutOfOfficeEntry};
use chrono::{DateTime, Utc};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::{Change, Identity, Seat, Subject, Transition, subject};

/// What a delivery has in common with one that reports the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Marks {
    /// The trigger, subject and time of sending.
    pub(crate) identity: Option<String>,
    /// Values that can come back, and ids that are used up, by their keys.
    pub(crate) values: Vec<(String, String)>,
    /// What it says, where nothing else tells.
    pub(crate) said: Option<String>,
    /// Who was absent by it.
    pub(crate) absent: Vec<String>,
}

impl Marks {
    pub(crate) fn of(delivery: &Delivery, transition: &Transition) -> Option<Self> {
        let event = &delivery.event;
        let trigger = event.trigger()?;
        let change = transition.change;
        let subject = transition.subject.as_ref().map(|subject| digest(&[&subject.to_string()]));
        let values = values(event, transition);
        let sent_at = delivery.created_at.filter(|_| change.has_revisions());
        let identity = sent_at.zip(subject.as_ref()).map(|(at, subject)| {
            let at = micros(at);
            let mut parts = vec![trigger.as_str(), subject, &at];
            if change == Change::NoShow {
                // Two attendees may be marked, and one unmarked, in one moment.
                parts.extend(values.iter().flat_map(|(key, value)| [key.as_str(), value]));
            }
            digest(&parts)
        });
        let is_told = match change.identity() {
            Identity::Content => false,
            Identity::State => subject.is_some(),
            Identity::Value | Identity::Id => !values.is_empty() && change != Change::Reassigned,
        };
        let said = (!is_told).then(|| digest(&[trigger.as_str(), &content(event)]));
        Some(Self { identity, values, said, absent: absent(event) })
    }
}

/// What a delivery says, without what two webhooks say differently.
fn content(event: &Event) -> String {
    match event {
        Event::FormSubmitted(form) | Event::FormSubmittedNoEvent(form) => submission(form),
        Event::InstantMeeting(meeting) if meeting.uid.is_some() => json(&meeting.uid),
        Event::InstantMeetingAccepted(meeting) if meeting.uid.is_some() => json(&meeting.uid),
        Event::AfterGuestsCalVideoNoShow(call) | Event::AfterHostsCalVideoNoShow(call) => {
            json(&(&call.uid, call.booking_id, call.start, &call.message))
        }
        Event::BookingReassigned(booking) => hosts(booking),
        Event::CalendarEntryRejected(entry) => {
            serde_json::from_str::<serde_json::Value>(entry.payload.get())
                .unwrap_or_default()
                .to_string()
        }
        event => json(event),
    }
}

fn values(event: &Event, transition: &Transition) -> Vec<(String, String)> {
    let change = transition.change;
    let uid = subject::named(event);
    let of_booking = |kind: &str| uid.as_ref().map(|uid| format!("{kind}:{uid}"));
    let one =
        |key: Option<String>, value: String| key.map(|key| (key, value)).into_iter().collect();
    match (change, event) {
        (Change::NoShow, Event::BookingNoShowUpdated(update)) => {
            let rows = update.attendees.iter();
            let row = |uid| {
                rows.map(|row| (of_person("no_show", uid, &row.email), row.no_show.to_string()))
                    .collect()
            };
            uid.as_ref().map(row).unwrap_or_default()
        }
        (Change::GuestNoShow, Event::AfterGuestsCalVideoNoShow(call)) => {
            let people = call.absent_guests().into_iter();
            let row = |uid| {
                people
                    .map(|guest| (of_person("absent", uid, &guest.email), REACHED.to_owned()))
                    .collect()
            };
            uid.as_ref().map(row).unwrap_or_default()
        }
        (Change::HostNoShow, Event::AfterHostsCalVideoNoShow(call)) => {
            let key = uid
                .as_ref()
                .zip(call.absent_host())
                .map(|(uid, host)| of_person("absent_host", uid, host));
            one(key, is_absent(call).to_string())
        }
        (Change::LocationChanged, _) => {
            let location = event.booking().map(|booking| json(&booking.location));
            one(of_booking("location"), digest(&[&location.unwrap_or_default()]))
        }
        (Change::GuestsAdded, _) => {
            let added = event.booking().and_then(|booking| booking.guests_added.as_ref());
            let added = added.into_iter().flatten();
            let row =
                |uid| added.map(|it| (of_person("guest", uid, it), REACHED.to_owned())).collect();
            uid.as_ref().map(row).unwrap_or_default()
        }
        (Change::Reassigned, _) => {
            let hosts = event.booking().map(|booking| hosts(booking));
            one(of_booking("hosts"), digest(&[&hosts.unwrap_or_default()]))
        }
        (Change::OutOfOffice, Event::OooCreated(out)) => {
            let key = away(&out.entry).map(|id| format!("away:{}", digest(&[&id])));
            one(key, digest(&[&json(&out.entry)]))
        }
        (Change::Paid | Change::NoShowFee, _) => {
            let payment = event.booking().and_then(|booking| payment(booking, transition));
            one(payment.map(|payment| format!("{change}:{payment}")), REACHED.to_owned())
        }
        (
            Change::Recording | Change::Transcript,
            Event::RecordingReady(recording) | Event::RecordingTranscriptionGenerated(recording),
        ) => {
            let uid = uid.as_ref().map(ToString::to_string).unwrap_or_default();
            let key = recording.id().map(|id| format!("{change}:{}", digest(&[&uid, &id])));
            one(key, REACHED.to_owned())
        }
        (Change::Booked | Change::Rescheduled, _) => match &transition.subject {
            Some(Subject::Seat(uid, Seat::Reference(seat))) => {
                one(Some(format!("seat:{seat}")), uid.to_string())
            }
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// The value of what happens once.
const REACHED: &str = "reached";

fn of_person(kind: &str, uid: impl std::fmt::Display, email: &str) -> String {
    format!("{kind}:{uid}:{}", person(email))
}

fn is_absent(call: &CalVideoNoShow) -> bool {
    call.no_show_host.unwrap_or(true)
}

/// The hosts that a booking was given to, and those that it was taken from.
fn hosts(booking: &Booking) -> String {
    let ids = (&booking.added_host_user_ids, &booking.removed_host_user_ids);
    json(&(&booking.uid, &booking.organizer.email, ids))
}

fn away(entry: &OutOfOfficeEntry) -> Option<String> {
    let uuid = entry.uuid.clone().filter(|uuid| !uuid.is_empty());
    uuid.or_else(|| entry.id.map(|id| format!("#{id}")))
}

/// What a payment is told from others by: its number, its id at the provider, or its booking.
fn payment(booking: &Booking, transition: &Transition) -> Option<String> {
    if let Some(Subject::Payment(id)) = &transition.subject {
        return Some(id.to_string());
    }
    let row = booking.payment_data.as_ref();
    let row = row.and_then(|row| row.uid.clone().or_else(|| row.external_id.clone()));
    let info = || booking.payment_info.as_ref()?.id.clone();
    let stored = || Some(booking.metadata.as_ref()?.get("externalId")?.as_str()?.to_owned());
    let provider = row.or_else(info).or_else(stored).filter(|id| !id.is_empty());
    let of_booking = || transition.subject.as_ref().map(ToString::to_string);
    let number = || booking.id.map(subject::numbered).map(|uid| uid.to_string());
    provider.map(|id| digest(&[&id])).or_else(of_booking).or_else(number)
}

/// Who was absent by a delivery.
fn absent(event: &Event) -> Vec<String> {
    match event {
        Event::BookingNoShowUpdated(update) => {
            update.attendees.iter().map(|row| person(&row.email)).collect()
        }
        Event::AfterGuestsCalVideoNoShow(call) => {
            call.absent_guests().into_iter().map(|guest| person(&guest.email)).collect()
        }
        _ => Vec::new(),
    }
}

pub(crate) fn micros(at: DateTime<Utc>) -> String {
    at.timestamp_micros().to_string()
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// What one submission of a form has in common with its repeats.
pub(crate) fn submission(form: &FormSubmission) -> String {
    digest(&[&json(form), &json(&form.root_answers)])
}

/// Stands for a person by a digest of the address, in which case does not matter.
pub(crate) fn person(email: &str) -> String {
    digest(&[&email.trim().to_lowercase()])
}

/// Returns as much of a digest as tells the few that stand together from each other.
pub(crate) fn short(digest: &str) -> String {
    digest.chars().take(12).collect()
}

/// Returns 32 hexadecimal digits that stand for these texts.
pub(crate) fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let digest = hash.finalize();
    digest[..16].iter().fold(String::with_capacity(32), |mut text, byte| {
        for digit in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(digit.into(), 16));
        }
        text
    })
}
