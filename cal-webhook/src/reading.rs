//! A delivery as the planner sees it.

use std::panic::catch_unwind;

use bytes::Bytes;
use cal_core::{Booking, BookingId, BookingStatus, BookingUid, Delivery, Event, FormSubmission};
use chrono::{DateTime, Utc};
use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    Change, Seat, Subject, Transition,
    chain::{About, Rank},
    crash,
    log::quietly,
};

/// The longest text that counts as an id; Cal.com's uids have 22 letters.
const ID: usize = 200;

/// A delivery as the planner sees it: what happened to what, when, and what it says about it.
///
/// People appear as digests only, except in what a booking's row shows anyway.
#[derive(Clone, Debug)]
pub struct Reading {
    pub(crate) transition: Transition,
    /// When it happened: when Cal.com sent the delivery, or else when it was received.
    pub(crate) at: DateTime<Utc>,
    pub(crate) received_at: DateTime<Utc>,
    pub(crate) uid: Option<BookingUid>,
    pub(crate) number: Option<BookingId>,
    pub(crate) identity: Option<String>,
    pub(crate) about: Option<About>,
    /// Whose seat it is about.
    pub(crate) attendee: Option<String>,
    /// Where a seat was before it was moved.
    pub(crate) seat_from: Option<BookingUid>,
    /// The later state that the payload shows already.
    pub(crate) shown: Option<Rank>,
    /// When a meeting starts.
    pub(crate) start: Option<DateTime<Utc>>,
    /// Values that can come back, by their keys.
    pub(crate) values: Vec<(String, String)>,
}

/// Reading a body panicked.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("reading the delivery panicked")]
pub struct Unreadable;

impl Reading {
    /// Reads a body and what it means.
    ///
    /// A body over which reading panics, which none is known to do, counts as empty; see
    /// [`Reading::try_parse`].
    #[must_use]
    pub fn parse(body: impl Into<Bytes>, received_at: DateTime<Utc>) -> (Delivery, Option<Self>) {
        Self::try_parse(body, received_at)
            .unwrap_or_else(|Unreadable| (Delivery::parse(Bytes::new()), None))
    }

    /// Reads a body and what it means, as planners do: nothing may keep them from going on.
    ///
    /// # Errors
    ///
    /// Fails when reading panics.
    pub fn try_parse(
        body: impl Into<Bytes>,
        received_at: DateTime<Utc>,
    ) -> Result<(Delivery, Option<Self>), Unreadable> {
        let body = body.into();
        let read = catch_unwind(|| {
            crash::panic_over("reading", &body);
            let delivery = Delivery::parse(body);
            let reading = Self::of(&delivery, received_at);
            (delivery, reading)
        });
        read.map_err(|_| {
            quietly(|| {
                tracing::error!("reading a delivery panicked; please report what it looks like");
            });
            Unreadable
        })
    }

    /// Reads what a delivery means; `None` for unknown triggers and opaque bodies.
    #[must_use]
    pub fn of(delivery: &Delivery, received_at: DateTime<Utc>) -> Option<Self> {
        let event = &delivery.event;
        let booking = event.booking().map(AsRef::as_ref);
        let transition = sane(Transition::of(delivery)?, booking);
        let trigger = event.trigger()?;
        let created_at = delivery.created_at;
        let subject = transition.subject.as_ref().map(|subject| digest(&[&subject.to_string()]));
        let values = values(event, &transition);
        let identity = created_at.zip(subject).map(|(at, subject)| {
            let at = at.timestamp_micros().to_string();
            let mut parts = vec![trigger.as_str(), &subject, &at];
            if transition.change == Change::NoShow {
                // Two attendees may be marked in one moment.
                parts.extend(values.iter().map(|(key, _)| key.as_str()));
            }
            digest(&parts)
        });
        Some(Self {
            at: created_at.unwrap_or(received_at),
            received_at,
            uid: event.booking_uid().filter(|uid| is_id(uid)).cloned(),
            number: number(event),
            identity,
            about: booking.and_then(|booking| About::of(booking, &transition, created_at)),
            attendee: booking.and_then(|booking| Some(person(&booking.booker()?.email))),
            seat_from: seat_from(booking, &transition),
            shown: shown(event),
            start: match event {
                Event::MeetingEnded(meeting) | Event::MeetingStarted(meeting) => {
                    Some(meeting.start)
                }
                _ => None,
            },
            values,
            transition,
        })
    }

    /// Returns what happened, as read from the delivery alone.
    #[must_use]
    pub fn transition(&self) -> &Transition {
        &self.transition
    }

    /// Returns what a repeat with other content has in common with the first delivery.
    ///
    /// The same trigger, subject and time of sending; `None` where one of them is missing.
    #[must_use]
    pub fn identity(&self) -> Option<&str> {
        self.identity.as_deref()
    }

    /// Returns the bookings that must be known to decide about this delivery.
    pub fn uids(&self) -> impl Iterator<Item = &BookingUid> {
        let Transition { moved_from, root, .. } = &self.transition;
        [&self.uid, moved_from, root, &self.seat_from].into_iter().flatten()
    }

    /// Returns the number of a booking whose uid the delivery leaves out.
    #[must_use]
    pub fn number(&self) -> Option<BookingId> {
        self.number.filter(|_| self.uid.is_none())
    }

    /// Returns the keys of the values that must be known to decide about this delivery.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.values.iter().map(|(key, _)| key.as_str())
    }
}

/// Drops ids that no database could index: nothing can be linked by them.
fn sane(mut transition: Transition, booking: Option<&Booking>) -> Transition {
    if let Some(Subject::Seat(_, seat)) = &mut transition.subject
        && matches!(seat, Seat::Reference(seat) if !is_id(&seat.as_str().into()))
    {
        // Cal.com writes an empty reference where it made none.
        let email = booking.and_then(|booking| Some(booking.booker()?.email.clone()));
        *seat = Seat::Attendee(email.unwrap_or_default());
    }
    let whole = |subject: &Subject| match subject {
        Subject::Booking(uid) | Subject::Seat(uid, _) => is_id(uid),
        _ => true,
    };
    transition.subject = transition.subject.filter(whole);
    transition.moved_from = transition.moved_from.filter(is_id);
    transition.root = transition.root.filter(is_id);
    transition
}

fn is_id(uid: &BookingUid) -> bool {
    let uid = uid.as_str();
    !uid.is_empty() && uid.len() <= ID && !uid.contains('\0')
}

fn number(event: &Event) -> Option<BookingId> {
    match event {
        Event::BookingNoShowUpdated(update) => update.booking_id,
        Event::MeetingEnded(meeting) | Event::MeetingStarted(meeting) => meeting.id,
        other => other.booking()?.id,
    }
}

fn shown(event: &Event) -> Option<Rank> {
    let status = match event {
        Event::MeetingEnded(meeting) | Event::MeetingStarted(meeting) => meeting.status.as_ref(),
        Event::BookingCreated(booking)
        | Event::BookingRequested(booking)
        | Event::BookingRescheduled(booking) => booking.status.as_ref(),
        _ => None,
    };
    match status? {
        BookingStatus::Cancelled => Some(Rank::Cancelled),
        BookingStatus::Rejected => Some(Rank::Rejected),
        _ => None,
    }
}

/// The booking that a moved seat was in, unless Cal.com wrote the seat's reference there.
fn seat_from(booking: Option<&Booking>, transition: &Transition) -> Option<BookingUid> {
    let booking = booking?;
    let Some(Subject::Seat(uid, seat)) = &transition.subject else { return None };
    let from = booking.reschedule_uid.as_ref().filter(|from| *from != uid && is_id(from))?;
    // Cal.com's references are UUIDs in their long form, its bookings' uids are not.
    if from.as_str().len() == 36 && Uuid::try_parse(from.as_str()).is_ok() {
        return None;
    }
    let own = matches!(seat, Seat::Reference(seat) if seat.as_str() == from.as_str());
    (!own).then(|| from.clone())
}

fn values(event: &Event, transition: &Transition) -> Vec<(String, String)> {
    let uid = event.booking_uid().filter(|uid| is_id(uid));
    let one =
        |key: Option<String>, value: String| key.map(|key| (key, value)).into_iter().collect();
    let of_booking = |kind: &str| uid.map(|uid| format!("{kind}:{uid}"));
    match (transition.change, event) {
        (Change::NoShow, Event::BookingNoShowUpdated(update)) => {
            let Some(uid) = uid else { return Vec::new() };
            let rows = update.attendees.iter();
            rows.map(|row| {
                (format!("no_show:{uid}:{}", person(&row.email)), row.no_show.to_string())
            })
            .collect()
        }
        (Change::LocationChanged, _) => {
            let location = event.booking().map(|booking| json(&booking.location));
            one(of_booking("location"), digest(&[&location.unwrap_or_default()]))
        }
        (Change::Reassigned, _) => {
            let hosts = event.booking().map(|booking| {
                let ids = (&booking.added_host_user_ids, &booking.removed_host_user_ids);
                json(&(&booking.organizer.email, ids))
            });
            one(of_booking("hosts"), digest(&[&hosts.unwrap_or_default()]))
        }
        (Change::OutOfOffice, Event::OooCreated(out)) => {
            let uuid = out.entry.uuid.as_deref().map(|uuid| format!("away:{}", digest(&[uuid])));
            one(uuid, digest(&[&json(&out.entry)]))
        }
        (Change::Paid | Change::NoShowFee, _) => {
            let key = transition
                .subject
                .as_ref()
                .map(|subject| format!("{}:{subject}", transition.change));
            one(key, "reached".to_owned())
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

/// Returns 32 hexadecimal digits that stand for these texts.
fn digest(parts: &[&str]) -> String {
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
