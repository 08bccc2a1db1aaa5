//! A delivery as the planner sees it.

use std::{collections::BTreeMap, panic::catch_unwind};

use bytes::Bytes;
use cal_core::{Booking, BookingId, BookingStatus, BookingUid, Delivery, Event};
use chrono::{DateTime, Utc};

use crate::{
    Change, Seat, Subject, Transition,
    chain::{About, Details, Rank, Said, waits_for},
    crash,
    log::quietly,
    marks::{Marks, person},
    subject::{self, is_id, is_stand_in},
};

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
    /// What stands for the booking where its uid is missing, by its number.
    pub(crate) stand_in: Option<BookingUid>,
    pub(crate) marks: Marks,
    /// What it says, where nothing else tells it from others.
    pub(crate) said: Option<Said>,
    pub(crate) about: Option<About>,
    /// The booking's place and guests.
    pub(crate) details: Option<Details>,
    /// Whose seat it is about.
    pub(crate) attendee: Option<String>,
    /// Where a seat was before it was moved.
    pub(crate) seat_from: Option<BookingUid>,
    /// The later state that the payload shows already.
    pub(crate) shown: Option<Rank>,
    /// When a meeting starts.
    pub(crate) start: Option<DateTime<Utc>>,
    /// Under which keys others wait for the bookings that it makes known.
    pub(crate) waits: BTreeMap<BookingUid, String>,
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
        let created_at = delivery.created_at;
        let marks = Marks::of(delivery, &transition)?;
        let uid = match &transition.subject {
            Some(Subject::Booking(uid) | Subject::Seat(uid, _)) => Some(uid.clone()),
            _ => event.booking_uid().filter(|uid| is_id(uid)).cloned(),
        };
        let at = created_at.unwrap_or(received_at);
        let number = subject::number(event);
        let mut reading = Self {
            at,
            received_at,
            stand_in: uid.clone().filter(is_stand_in).or_else(|| number.map(subject::numbered)),
            uid,
            number,
            said: marks.said.as_ref().map(|said| Said::new(said, at)),
            marks,
            about: booking.and_then(|booking| About::of(booking, &transition, created_at)),
            details: booking.and_then(|booking| Details::of(booking, &transition)),
            attendee: booking.and_then(|booking| Some(person(&booking.booker()?.email))),
            seat_from: left(&transition).or_else(|| transition.seat_from.clone()),
            shown: shown(event),
            start: match event {
                Event::MeetingEnded(meeting) | Event::MeetingStarted(meeting) => {
                    Some(meeting.start)
                }
                _ => None,
            },
            transition,
            waits: BTreeMap::new(),
        };
        reading.waits = reading.uids().map(|uid| (uid.clone(), waits_for(uid))).collect();
        Some(reading)
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
        self.marks.identity.as_deref()
    }

    /// Returns the bookings that must be known to decide about this delivery.
    pub fn uids(&self) -> impl Iterator<Item = &BookingUid> {
        let Transition { moved_from, moved_to, root, .. } = &self.transition;
        [&self.uid, moved_from, moved_to, root, &self.seat_from].into_iter().flatten()
    }

    /// Returns the number of a booking whose uid the delivery leaves out.
    #[must_use]
    pub fn number(&self) -> Option<BookingId> {
        let is_unnamed = self.uid.as_ref().is_none_or(is_stand_in);
        self.number.filter(|_| is_unnamed)
    }

    /// Returns the keys of the values that must be known to decide about this delivery.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        let values = self.marks.values.iter().map(|(key, _)| key.as_str());
        let waits = self.waits.values().map(String::as_str);
        values.chain(self.said.iter().flat_map(Said::keys)).chain(waits)
    }

    /// Whether a cancellation or a decline names the booking that takes the subject's place.
    pub(crate) fn is_moved_away(&self) -> bool {
        let ends = [Change::Cancelled, Change::Rejected, Change::RescheduleRequested];
        self.transition.moved_to.is_some() && ends.contains(&self.transition.change)
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
    transition.moved_to = transition.moved_to.filter(is_id);
    transition.seat_from = transition.seat_from.filter(is_id);
    transition.root = transition.root.filter(is_id);
    transition
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

/// The booking that somebody leaves for another one, where that is told as a cancellation.
fn left(transition: &Transition) -> Option<BookingUid> {
    match &transition.subject {
        Some(Subject::Seat(uid, _)) if transition.change == Change::Cancelled => {
            transition.moved_to.as_ref().map(|_| uid.clone())
        }
        _ => None,
    }
}
