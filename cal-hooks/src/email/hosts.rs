//! The hook that tells hosts what happened.

use cal_core::{Event, Person};
use cal_webhook::{Change, Context, HookError, Lifecycle};

use super::{
    Kind, Mailer,
    attendees::{absent, before, booking},
    letter::Role,
    mailer::News,
};
use crate::person::is_same;

/// Tells hosts what happened; made by [`Mailer::host_notices`].
#[derive(Clone, Debug)]
pub struct HostNotices {
    mailer: Mailer,
}

impl HostNotices {
    pub(super) fn new(mailer: Mailer) -> Self {
        Self { mailer }
    }
}

impl Lifecycle for HostNotices {
    fn name(&self) -> &str {
        "email-host"
    }

    fn hears_of_the_past(&self) -> bool {
        false
    }

    async fn on_any(&self, cx: &Context) -> Result<(), HookError> {
        let Some(transition) = cx.transition().filter(|transition| !transition.stale) else {
            return Ok(());
        };
        let told = [
            Change::Booked,
            Change::Cancelled,
            Change::NoShow,
            Change::Paid,
            Change::Requested,
            Change::Rescheduled,
        ];
        if !told.contains(&transition.change) {
            return Ok(());
        }
        let Some(booking) = booking(&self.mailer, cx).await? else { return Ok(()) };
        let absent: Vec<Person> = match cx.event() {
            Event::BookingNoShowUpdated(update) => absent(update),
            _ => vec![],
        };
        if transition.change == Change::NoShow && absent.is_empty() {
            return Ok(());
        }
        // The update knows their addresses only, the booking their names.
        let known = |person: Person| {
            let mut attendees = booking.attendees.iter();
            attendees.find(|attendee| is_same(attendee, &person.email)).cloned().unwrap_or(person)
        };
        let absent: Vec<_> = absent.into_iter().map(known).collect();
        let before = before(&self.mailer, transition, &booking).await?;
        let change = transition.change;
        let news = News { kind: Kind::Host, change, booking: &booking, before, absent: &absent };
        self.mailer.send(cx, news, Role::Host, &booking.organizer).await
    }
}
