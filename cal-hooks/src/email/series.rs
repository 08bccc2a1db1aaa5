//! The hook that sends mails at the times of a plan.

use cal_core::Delivery;
use cal_webhook::{Change, Context, HookError, Lifecycle, Reminder, Transition};

use super::{Kind, Mailer, attendees::distinct, letter::Role, mailer::News};
use crate::{person::is_same, sequence::Sequence};

/// Sends mails at the times of a plan; made by [`Mailer::sequence`].
///
/// The booker gets them. Reminders, and whatever else is about the booking itself, go to the other
/// attendees too, each as a task of its own: `<step>/guest/2` and so on.
#[derive(Clone, Debug)]
pub struct Series {
    name: String,
    sequence: Sequence,
    mailer: Mailer,
}

impl Series {
    pub(super) fn new(name: String, sequence: Sequence, mailer: Mailer) -> Self {
        Self { name, sequence, mailer }
    }

    fn is_for_guests(&self, reminder: &str) -> bool {
        let kind = self.sequence.step_of(reminder).and_then(|step| Kind::named(step.action()));
        kind.is_some_and(is_for_guests)
    }
}

impl Lifecycle for Series {
    fn name(&self) -> &str {
        &self.name
    }

    fn hears_of_the_past(&self) -> bool {
        false
    }

    fn reminders(&self, transition: &Transition, delivery: &Delivery) -> Vec<Reminder> {
        let people = delivery.event.booking().map(|booking| booking.attendees.as_slice());
        let count = distinct(people.unwrap_or_default()).count().min(GUESTS);
        let mut reminders = Vec::new();
        for reminder in self.sequence.plan(transition, delivery) {
            if self.is_for_guests(reminder.name()) {
                reminders.extend((2..=count).map(|number| for_guest(&reminder, number)));
            }
            reminders.push(reminder);
        }
        reminders
    }

    async fn on_reminder(&self, cx: &Context, name: &str) -> Result<(), HookError> {
        let (step, number) = match name.rsplit_once(GUEST) {
            Some((step, number)) => (step, number.parse().unwrap_or(0)),
            None => (name, 1_usize),
        };
        let Some(step) = self.sequence.step_of(step) else {
            return Err(HookError::permanent("the plan has no such step any more"));
        };
        let kind = Kind::named(step.action()).filter(|kind| *kind != Kind::Host);
        let Some(kind) = kind else {
            let action = step.action();
            let message =
                format!("expected the name of a mail such as `reminder`, found `{action}`");
            return Err(HookError::permanent(message));
        };
        if !kind.is_transactional() && !self.mailer.can_unsubscribe() {
            return Err(HookError::permanent(
                "mails that are not about the booking itself need the mailer's `site` and `store`",
            ));
        }
        let Some(planned) = cx.booking() else { return Ok(()) };
        let uid = planned.uid.as_ref();
        let reader = distinct(&planned.attendees).nth(number.wrapping_sub(1));
        let Some(reader) = reader else { return Ok(()) };
        let role = Role::of(reader, planned);
        if role == Role::Guest && !is_for_guests(kind) {
            tracing::trace!(kind = kind.as_str(), "no mail: the booker has no address");
            return Ok(());
        }
        if !self.mailer.records.hold(step.conditions(), uid, reader).await? {
            tracing::trace!(kind = kind.as_str(), "no mail: its conditions do not hold");
            return Ok(());
        }
        let Some(booking) = self.mailer.newest(cx).await? else { return Ok(()) };
        // A guest who was taken off the list does not come. With seats the list is the reader's own.
        let Some(reader) = booking.attendees.iter().find(|it| is_same(it, &reader.email)) else {
            tracing::trace!(kind = kind.as_str(), "no mail: no longer a guest");
            return Ok(());
        };
        let change = cx.transition().map_or(Change::Booked, |transition| transition.change);
        let news = News { kind, change, booking: &booking, before: None, absent: &[] };
        self.mailer.send(cx, news, role, reader).await
    }
}

/// Whether a mail goes to all who come.
fn is_for_guests(kind: Kind) -> bool {
    kind.is_transactional() && kind != Kind::Receipt
}

/// How many attendees of one booking are reminded.
const GUESTS: usize = 50;

/// What stands between a step's name and a guest's number.
const GUEST: &str = "/guest/";

fn for_guest(reminder: &Reminder, number: usize) -> Reminder {
    let name = format!("{}{GUEST}{number}", reminder.name());
    let copy = Reminder::new(name, reminder.due_at());
    match reminder.expiry() {
        Some(at) => copy.expires_at(at),
        None => copy,
    }
}
