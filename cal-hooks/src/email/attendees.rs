//! The hook that mails attendees what happened to their booking.

use std::collections::HashSet;

use cal_core::{Booking, Delivery, Event, NoShowUpdate, Person};
use cal_webhook::{Change, Context, HookError, Lifecycle, Reminder, Transition};
use chrono::{DateTime, Utc};

use super::{
    Kind, Mailer,
    letter::Role,
    mailer::{News, address},
};
use crate::person::{is_same, payer};

/// How many attendees of one booking get mails.
const READERS: usize = 50;

/// Mails attendees what happened to their booking; made by [`Mailer::attendees`].
///
/// The first attendee's mail is the work that follows a delivery. Everybody else's is a task of its
/// own, the reminder `guest/2` and so on, so that none is sent again because another one failed.
#[derive(Clone, Debug)]
pub struct Attendees {
    mailer: Mailer,
}

impl Attendees {
    pub(super) fn new(mailer: Mailer) -> Self {
        Self { mailer }
    }

    /// Mails the reader of a number, from 1.
    async fn mail(&self, cx: &Context, number: usize) -> Result<(), HookError> {
        let Some(transition) = cx.transition().filter(|transition| !transition.stale) else {
            return Ok(());
        };
        let readers = readers(transition, cx.delivery());
        let (Some(kind), Some(reader)) = (kind(transition.change), readers.get(number - 1)) else {
            tracing::trace!(change = transition.change.as_str(), "no mail: nobody to tell");
            return Ok(());
        };
        let Some(booking) = self.mailer.newest(cx).await? else { return Ok(()) };
        if kind == Kind::NoShow && !self.mailer.can_unsubscribe() {
            tracing::trace!("no mail: it could not be unsubscribed from");
            return Ok(());
        }
        if kind == Kind::NoShow && self.mailer.records.was_absent(cx, &reader.email).await? {
            tracing::trace!("no mail: it was told before that they did not come");
            return Ok(());
        }
        let known = booking.attendees.iter().find(|person| is_same(person, &reader.email));
        let role = Role::of(reader, &booking);
        let before = before(&self.mailer, transition, &booking).await?;
        let news = News { kind, change: transition.change, booking: &booking, before, absent: &[] };
        self.mailer.send(cx, news, role, known.unwrap_or(reader)).await
    }
}

impl Lifecycle for Attendees {
    fn name(&self) -> &str {
        "email"
    }

    fn hears_of_the_past(&self) -> bool {
        false
    }

    fn reminders(&self, transition: &Transition, delivery: &Delivery) -> Vec<Reminder> {
        let count = readers(transition, delivery).len();
        (2..=count).map(|number| Reminder::at_once(format!("guest/{number}"))).collect()
    }

    /// Mails that tell a time are useless once it has come.
    fn expiry(&self, transition: &Transition, delivery: &Delivery) -> Option<DateTime<Utc>> {
        let kinds = [
            Kind::Confirmed,
            Kind::LocationChanged,
            Kind::Reassigned,
            Kind::Requested,
            Kind::Rescheduled,
        ];
        let kind = kind(transition.change).filter(|kind| kinds.contains(kind));
        kind.and_then(|_| delivery.event.booking()?.start)
    }

    async fn on_reminder(&self, cx: &Context, name: &str) -> Result<(), HookError> {
        let number = name.strip_prefix("guest/").and_then(|number| number.parse().ok());
        match number {
            Some(number @ 1..=READERS) => self.mail(cx, number).await,
            _ => Err(HookError::permanent("expected a reminder such as `guest/2`")),
        }
    }

    async fn on_any(&self, cx: &Context) -> Result<(), HookError> {
        self.mail(cx, 1).await
    }
}

/// Returns the mail that a transition causes at once.
fn kind(change: Change) -> Option<Kind> {
    Some(match change {
        Change::Booked | Change::GuestsAdded => Kind::Confirmed,
        Change::Cancelled => Kind::Cancelled,
        Change::LocationChanged => Kind::LocationChanged,
        Change::NoShow => Kind::NoShow,
        Change::NoShowFee => Kind::NoShowFee,
        Change::Paid => Kind::Receipt,
        Change::Reassigned => Kind::Reassigned,
        Change::Rejected => Kind::Declined,
        Change::Requested => Kind::Requested,
        Change::RescheduleRequested => Kind::RescheduleRequested,
        Change::Rescheduled => Kind::Rescheduled,
        _ => return None,
    })
}

/// Returns who is told, in the payload's order: each address once. A receipt is for who has paid.
pub(super) fn readers(transition: &Transition, delivery: &Delivery) -> Vec<Person> {
    let people = match &delivery.event {
        _ if kind(transition.change).is_none() => vec![],
        Event::BookingNoShowUpdated(update) => absent(update),
        Event::BookingPaid(booking) => payer(booking).cloned().into_iter().collect(),
        event => event.booking().map(|booking| told(booking)).unwrap_or_default(),
    };
    distinct(&people).take(READERS).cloned().collect()
}

/// Returns whom news of a booking concern: all who come, or the guests who were added.
fn told(booking: &Booking) -> Vec<Person> {
    let Some(added) = &booking.guests_added else { return booking.attendees.clone() };
    let is_added = |person: &&Person| added.iter().any(|email| is_same(person, email));
    booking.attendees.iter().filter(is_added).cloned().collect()
}

/// Returns the people with an address, each address once.
pub(super) fn distinct(people: &[Person]) -> impl Iterator<Item = &Person> {
    let mut seen = HashSet::new();
    people.iter().filter(move |person| {
        address(person).is_some_and(|mailbox| seen.insert(mailbox.email().to_ascii_lowercase()))
    })
}

/// Returns who is newly marked as absent; only their addresses are known.
pub(super) fn absent(update: &NoShowUpdate) -> Vec<Person> {
    let marked = update.attendees.iter().filter(|attendee| attendee.no_show);
    let person = |email: &String| {
        let mut person = Person::default();
        person.email.clone_from(email);
        person
    };
    marked.map(|attendee| person(&attendee.email)).collect()
}

/// Returns when a moved booking started before, as the payload says or the store knows.
pub(super) async fn before(
    mailer: &Mailer,
    transition: &Transition,
    booking: &Booking,
) -> Result<Option<DateTime<Utc>>, HookError> {
    let told = booking.reschedule_start;
    let moved = matches!(transition.change, Change::Requested | Change::Rescheduled);
    match transition.moved_from.as_ref().or(booking.reschedule_uid.as_ref()) {
        _ if !moved => Ok(None),
        Some(uid) if told.is_none() => {
            Ok(mailer.records.latest(uid).await?.and_then(|before| before.start))
        }
        _ => Ok(told),
    }
}
