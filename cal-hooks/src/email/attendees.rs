//! The hook that mails attendees what happened to their booking.

use std::{borrow::Cow, collections::HashSet};

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
        let Some(booking) = booking(&self.mailer, cx).await? else { return Ok(()) };
        if kind == Kind::NoShow && !self.mailer.can_unsubscribe() {
            tracing::trace!("no mail: it could not be unsubscribed from");
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
        let at = delivery.created_at.unwrap_or(DateTime::<Utc>::UNIX_EPOCH);
        let count = readers(transition, delivery).len();
        (2..=count).map(|number| Reminder::new(format!("guest/{number}"), at)).collect()
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
        Change::Booked => Kind::Confirmed,
        Change::Cancelled => Kind::Cancelled,
        Change::NoShow => Kind::NoShow,
        Change::Paid => Kind::Receipt,
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
        event => event.booking().map(|booking| booking.attendees.clone()).unwrap_or_default(),
    };
    distinct(&people).take(READERS).cloned().collect()
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

/// Returns the booking of a delivery; the store knows it where the delivery names only its uid, and
/// when it is where the delivery leaves that out.
pub(super) async fn booking<'a>(
    mailer: &Mailer,
    cx: &'a Context,
) -> Result<Option<Cow<'a, Booking>>, HookError> {
    let told = cx.booking().map(Cow::Borrowed);
    if told.as_ref().is_some_and(|booking| booking.start.is_some()) {
        return Ok(told);
    }
    let Some(uid) = cx.event().booking_uid() else { return Ok(told) };
    let latest = mailer.records.latest(uid).await?;
    let Some(mut told) = told else { return Ok(latest.map(Cow::Owned)) };
    if let Some(latest) = latest {
        (told.to_mut().start, told.to_mut().end) = (latest.start, latest.end);
    }
    Ok(Some(told))
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
