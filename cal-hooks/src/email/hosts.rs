//! The hook that tells hosts what happened.

use cal_core::{Delivery, Event, Person, SchedulingType};
use cal_webhook::{Change, Context, HookError, Lifecycle, Reminder, Transition};

use super::{
    Kind, Mailer,
    attendees::{absent, before, distinct},
    letter::Role,
    mailer::News,
};
use crate::person::{self, is_same};

/// How many hosts of one booking get notices.
const HOSTS: usize = 50;

/// The reminder for hosts whom the delivery leaves out.
const OTHERS: &str = "host/others";

/// Tells hosts what happened; made by [`Mailer::host_notices`].
///
/// The organiser's notice is the work that follows a delivery. Every other host's is a task of its own,
/// the reminder `host/2` and so on. Where a delivery names a team without its members, as that of a
/// confirmed booking does, `host/others` tells those who are known from earlier reports.
#[derive(Clone, Debug)]
pub struct HostNotices {
    mailer: Mailer,
}

impl HostNotices {
    pub(super) fn new(mailer: Mailer) -> Self {
        Self { mailer }
    }

    async fn tell(&self, cx: &Context, whom: Whom) -> Result<(), HookError> {
        let Some(transition) = cx.transition().filter(|it| !it.stale && is_told(it.change)) else {
            return Ok(());
        };
        let Some(booking) = self.mailer.newest(cx).await? else { return Ok(()) };
        let mut absent: Vec<Person> = match cx.event() {
            Event::BookingNoShowUpdated(update) => absent(update),
            _ => vec![],
        };
        for place in (0..absent.len()).rev() {
            if self.mailer.records.was_absent(cx, &absent[place].email).await? {
                absent.remove(place);
            }
        }
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
        let mut named = readers(transition, cx.delivery());
        if named.is_empty() {
            // A delivery that has only the booking's uid names no host.
            named.push(booking.organizer.clone());
        }
        match whom {
            Whom::Named(number) => {
                let Some(reader) = named.get(number - 1) else { return Ok(()) };
                let known = person::hosts(&booking).find(|host| is_same(host, &reader.email));
                self.mailer.send(cx, news, Role::Host, known.unwrap_or(reader)).await
            }
            Whom::Others if self.mailer.has_one_host() => Ok(()),
            Whom::Others => {
                let hosts: Vec<Person> = person::hosts(&booking).cloned().collect();
                let is_named = |host: &Person| named.iter().any(|it| is_same(it, &host.email));
                for host in distinct(&hosts).filter(|host| !is_named(host)).take(HOSTS) {
                    self.mailer.send_one(cx, news, Role::Host, host, true).await?;
                }
                Ok(())
            }
        }
    }
}

/// Which hosts a task tells.
#[derive(Clone, Copy)]
enum Whom {
    /// The one of this number, from 1, whom the delivery names.
    Named(usize),
    /// Those whom it leaves out.
    Others,
}

impl Lifecycle for HostNotices {
    fn name(&self) -> &str {
        "email-host"
    }

    fn hears_of_the_past(&self) -> bool {
        false
    }

    fn reminders(&self, transition: &Transition, delivery: &Delivery) -> Vec<Reminder> {
        if self.mailer.has_one_host() || !is_told(transition.change) {
            return Vec::new();
        }
        let count = readers(transition, delivery).len();
        let names = (2..=count).map(|number| format!("host/{number}"));
        let others = leaves_out(transition, delivery).then(|| OTHERS.to_owned());
        names.chain(others).map(Reminder::at_once).collect()
    }

    async fn on_reminder(&self, cx: &Context, name: &str) -> Result<(), HookError> {
        if name == OTHERS {
            return self.tell(cx, Whom::Others).await;
        }
        let number = name.strip_prefix("host/").and_then(|number| number.parse().ok());
        match number {
            Some(number @ 1..=HOSTS) => self.tell(cx, Whom::Named(number)).await,
            _ => Err(HookError::permanent("expected a reminder such as `host/2`")),
        }
    }

    async fn on_any(&self, cx: &Context) -> Result<(), HookError> {
        self.tell(cx, Whom::Named(1)).await?;
        match cx.booking() {
            // A mark of absence names no host at all.
            None => self.tell(cx, Whom::Others).await,
            Some(_) => Ok(()),
        }
    }
}

fn is_told(change: Change) -> bool {
    matches!(
        change,
        Change::Booked
            | Change::Cancelled
            | Change::LocationChanged
            | Change::NoShow
            | Change::NoShowFee
            | Change::Paid
            | Change::Reassigned
            | Change::Requested
            | Change::Rescheduled
    )
}

/// Returns the hosts whom a delivery names, each address once; of those who were exchanged, who is new.
fn readers(transition: &Transition, delivery: &Delivery) -> Vec<Person> {
    let Some(booking) = delivery.event.booking() else { return Vec::new() };
    let all: Vec<Person> = person::hosts(booking).cloned().collect();
    let hosts: Vec<Person> = distinct(&all).take(HOSTS).cloned().collect();
    let added = booking.added_host_user_ids.as_deref().unwrap_or_default();
    let is_new = |host: &&Person| host.id.is_some_and(|id| added.contains(&id));
    match transition.change {
        Change::Reassigned if hosts.iter().any(|host| is_new(&host)) => {
            hosts.iter().filter(is_new).cloned().collect()
        }
        Change::Reassigned => hosts.into_iter().take(1).collect(),
        _ => hosts,
    }
}

/// Whether hosts may be missing: a team's members are left out where a booking was confirmed, declined
/// or paid.
fn leaves_out(transition: &Transition, delivery: &Delivery) -> bool {
    let Some(booking) = delivery.event.booking() else { return false };
    let is_missing = match &booking.team {
        Some(team) => team.members.is_empty(),
        None => booking.scheduling_type == Some(SchedulingType::Collective),
    };
    is_missing && transition.change != Change::Reassigned
}
