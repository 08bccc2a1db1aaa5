//! From a booking to a view: what a mail says, to whom, in which language and zone.

use cal_core::{Booking, Person};
use cal_webhook::Change;
use chrono::{DateTime, Utc};
use url::Url;

use super::{
    Button, Fact, Kind, View, Zone, clean,
    facts::{self, named},
    links::{self, Pages},
    locale::Language,
};
use crate::person::{address, is_same};

/// What stands for a time that nobody knows.
const UNKNOWN: &str = "–";

/// Everything that a mail is written from.
pub(super) struct Letter<'a> {
    pub(super) kind: Kind,
    /// What happened; tells the notices to the host apart.
    pub(super) change: Change,
    pub(super) booking: &'a Booking,
    /// Whom a notice to the host is about.
    pub(super) guest: Option<&'a Person>,
    /// Whose name, zone and language count.
    pub(super) reader: &'a Person,
    pub(super) role: Role,
    pub(super) language: &'a Language,
    /// When the booking started before it was moved.
    pub(super) before: Option<DateTime<Utc>>,
    /// Who did not come, for the host.
    pub(super) absent: &'a [Person],
    /// The site whose pages are linked unless the booking names one.
    pub(super) origin: Option<&'a Url>,
    /// The owner's page to book at.
    pub(super) rebook: Option<&'a Url>,
    pub(super) rate: Option<String>,
    pub(super) unsubscribe: Option<String>,
}

/// Who reads a mail.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Role {
    Booker,
    Guest,
    Host,
}

impl Role {
    /// Tells the booker from the guests, by the address; in a shared slot everybody has booked.
    pub(super) fn of(reader: &Person, booking: &Booking) -> Self {
        let is_booker = booking.booker().is_some_and(|booker| is_same(booker, &reader.email));
        match is_booker || booking.seats_per_time_slot.is_some() {
            true => Self::Booker,
            false => Self::Guest,
        }
    }
}

impl Letter<'_> {
    /// Writes the mail's texts.
    pub(super) fn view(&self) -> View {
        let language = self.language;
        let words = language.mails.of(self.kind, self.change);
        let (service, name) = (clean::isolated(&self.service()), clean::isolated(&self.name()));
        let (date, time) = match self.booking.start {
            Some(start) => (language.date(&self.zone(), start), language.time(&self.zone(), start)),
            None => (UNKNOWN.to_owned(), UNKNOWN.to_owned()),
        };
        let values = [("service", &*service), ("name", &*name), ("date", &*date), ("time", &*time)];
        let own = clean::line(&self.reader.name);
        let greeting = match own.is_empty() {
            true => language.greeting_without_name.clone(),
            false => language.greeting.fill(&[("name", &clean::isolated(&own))]),
        };
        let footer = if self.role == Role::Host { &language.host_footer } else { &language.footer };
        View {
            kind: self.kind,
            lang: language.tag.clone(),
            dir: language.dir(),
            subject: words.subject.fill(&values),
            preheader: words.preheader.fill(&values),
            heading: words.heading.fill(&values),
            greeting,
            lead: words.lead.fill(&values),
            facts: self.facts(),
            buttons: self.buttons(),
            footer: footer.clone(),
            unsubscribe: self.unsubscribe.clone().map(|url| {
                let label = language.unsubscribe.clone();
                Button { name: "unsubscribe", label, url }
            }),
        }
    }

    /// The facts that this mail shows, in their order.
    fn facts(&self) -> Vec<Fact> {
        let labels = &self.language.labels;
        let (is_host, is_ahead) = (self.role == Role::Host, self.is_ahead());
        let other_time = if is_host { &labels.attendee_time } else { &labels.host_time };
        let notes = self.booking.additional_notes.as_deref().filter(|_| self.shows_notes());
        let people = |people: &[Person]| people.iter().map(named).collect::<Vec<_>>();
        let lists = [
            ("service", &labels.service, vec![self.service()]),
            ("when", &labels.when, self.when()),
            ("before", &labels.before, self.before()),
            ("other_zone", other_time, self.other_zone()),
            ("duration", &labels.duration, self.duration()),
            ("place", &labels.place, facts::place(self.booking, self.language, is_ahead)),
            ("host", &labels.host, if is_host { vec![] } else { facts::host(self.booking) }),
            ("attendee", &labels.attendee, if is_host { self.attendee() } else { vec![] }),
            ("guests", &labels.guests, facts::guests(self.booking, self.role, is_ahead)),
            ("absent", &labels.absent, people(self.absent)),
            ("price", &labels.price, self.price()),
            ("amount", &labels.amount, self.amount()),
            ("cancelled_by", &labels.cancelled_by, self.cancelled_by()),
            ("reason", &labels.reason, facts::reason(self.booking, self.is_off())),
            ("notes", &labels.notes, notes.map(clean::lines).unwrap_or_default()),
        ];
        let shown = lists.into_iter().filter(|(_, _, lines)| !lines.is_empty());
        let fact = |(name, label, lines): (&'static str, &String, Vec<String>)| {
            let url = (name == "place").then(|| self.booking.location.as_ref()?.url()).flatten();
            Fact { name, label: label.clone(), lines, url: url.and_then(links::safe) }
        };
        shown.map(fact).collect()
    }

    /// The buttons that this mail has, the most likely first.
    fn buttons(&self) -> Vec<Button> {
        let labels = &self.language.buttons;
        let pages = Pages::new(self.origin, self.booking, self.reader);
        let join = || self.booking.meeting_url().and_then(links::safe);
        let host_page = || self.rebook.map(Url::to_string).or_else(|| pages.book());
        // Guests have the same links to the booking as who made it: those stay with the latter.
        let own = |url: Option<String>| url.filter(|_| self.role == Role::Booker);
        let buttons = match (self.kind, self.change) {
            (
                Kind::Host,
                Change::Cancelled | Change::NoShow | Change::NoShowFee | Change::Requested,
            ) => {
                vec![("open", &labels.open, pages.booking())]
            }
            (Kind::Host, _) => {
                vec![("join", &labels.join, join()), ("open", &labels.open, pages.booking())]
            }
            (
                Kind::Confirmed
                | Kind::LocationChanged
                | Kind::Reassigned
                | Kind::Rescheduled
                | Kind::Reminder,
                _,
            ) => vec![
                ("join", &labels.join, join()),
                ("move", &labels.move_it, own(pages.reschedule())),
                ("cancel", &labels.cancel, own(pages.cancel())),
            ],
            (Kind::Requested, _) => vec![("cancel", &labels.cancel, own(pages.cancel()))],
            // Whoever of them chooses first has chosen for all.
            (Kind::RescheduleRequested, _) => vec![("move", &labels.move_it, pages.revive())],
            (Kind::Cancelled | Kind::Declined | Kind::Return, _) => {
                let url = host_page().or_else(|| own(pages.revive()));
                vec![("rebook", &labels.rebook, url)]
            }
            (Kind::NoShow | Kind::NoShowFee | Kind::FollowUp, _) => {
                vec![("rebook", &labels.rebook, host_page())]
            }
            (Kind::Receipt, _) => vec![("join", &labels.join, join())],
            (Kind::Feedback, _) => vec![("rate", &labels.rate, self.rate.clone())],
        };
        let button = |(name, label, url): (_, &String, Option<String>)| {
            Some(Button { name, label: label.clone(), url: url? })
        };
        buttons.into_iter().filter_map(button).collect()
    }

    /// What the booking is for: the event type's title, else the booking's.
    fn service(&self) -> String {
        let Booking { event_title, title, event_type_slug, .. } = self.booking;
        let names = [event_title.as_deref(), Some(title), event_type_slug.as_deref()];
        let known = names.into_iter().flatten().map(clean::line).find(|name| !name.is_empty());
        known.unwrap_or_else(|| self.language.labels.untitled.clone())
    }

    /// Whom a notice to the host is about.
    fn name(&self) -> String {
        let names: Vec<_> = match self.absent {
            [] => self.guest.map(named).into_iter().collect(),
            absent => absent.iter().take(3).map(named).collect(),
        };
        let names = clean::line(&names.join(", "));
        if names.is_empty() { self.language.labels.unnamed.clone() } else { names }
    }

    /// The reader's zone, else the other side's.
    fn zone(&self) -> Zone {
        let known = zone(self.reader).or_else(|| zone(self.other()));
        known.unwrap_or_else(Zone::utc)
    }

    fn other(&self) -> &Person {
        match (self.role, self.guest) {
            (Role::Host, Some(guest)) => guest,
            _ => &self.booking.organizer,
        }
    }

    fn time(&self, start: DateTime<Utc>, end: DateTime<Utc>, with_zone: bool) -> Vec<String> {
        let (zone, language) = (self.zone(), self.language);
        let mut lines = vec![language.date(&zone, start), language.range(&zone, start, end)];
        lines.extend(with_zone.then(|| language.zone(&zone, start)));
        lines
    }

    fn when(&self) -> Vec<String> {
        let period = self.booking.period();
        period.map(|(start, end)| self.time(start, end, true)).unwrap_or_default()
    }

    fn before(&self) -> Vec<String> {
        let Some(before) = self.before else { return vec![] };
        let length = || self.booking.period().map(|(start, end)| end - start);
        let until = self.booking.reschedule_end;
        let until = until.or_else(|| before.checked_add_signed(length()?));
        self.time(before, until.unwrap_or(before), false)
    }

    /// The same time on the other side's clocks, when they show another one.
    fn other_zone(&self) -> Vec<String> {
        let other = zone(self.other()).filter(|_| self.is_ahead());
        let (Some((start, end)), Some(other)) = (self.booking.period(), other) else {
            return vec![];
        };
        if other.local(start) == self.zone().local(start) {
            return vec![];
        }
        let language = self.language;
        let mut lines = vec![language.range(&other, start, end), language.zone(&other, start)];
        let date = language.date(&other, start);
        if date != language.date(&self.zone(), start) {
            lines.insert(0, date);
        }
        lines
    }

    fn duration(&self) -> Vec<String> {
        let minutes = self.booking.period().map(|(start, end)| (end - start).num_minutes());
        let minutes = minutes.and_then(|minutes| u64::try_from(minutes).ok());
        let minutes = minutes.filter(|minutes| *minutes > 0);
        let minutes = minutes.filter(|_| self.is_ahead());
        minutes.map(|minutes| self.language.duration(minutes)).into_iter().collect()
    }

    fn attendee(&self) -> Vec<String> {
        let Some(guest) = self.guest else { return vec![] };
        let email = address(&guest.email).map(|_| guest.email.as_str());
        let contacts = [email, guest.phone_number.as_deref()].into_iter().flatten();
        let lines = [named(guest)].into_iter().chain(contacts.map(clean::line));
        let mut lines: Vec<_> = lines.filter(|line| !line.is_empty()).collect();
        lines.dedup();
        lines
    }

    fn price(&self) -> Vec<String> {
        let is_new = matches!(self.change, Change::Booked | Change::Requested);
        let is_told = matches!(self.kind, Kind::Confirmed | Kind::Requested | Kind::Host);
        let price = self.booking.price().filter(|price| is_new && is_told && price.minor_units > 0);
        facts::money(price, self.language)
    }

    fn amount(&self) -> Vec<String> {
        let is_told = matches!(self.kind, Kind::NoShowFee | Kind::Receipt)
            || matches!(self.change, Change::NoShowFee | Change::Paid);
        let Booking { payment_data, payment_info, .. } = self.booking;
        let paid = payment_data.as_ref().and_then(|payment| payment.money());
        let paid = paid.or_else(|| payment_info.as_ref()?.money()).or_else(|| self.booking.price());
        facts::money(paid.filter(|paid| is_told && paid.minor_units > 0), self.language)
    }

    fn cancelled_by(&self) -> Vec<String> {
        let by = self.booking.cancelled_by.as_deref().filter(|_| self.is_off()).unwrap_or_default();
        let is = |person: &&Person| !by.is_empty() && person.email.eq_ignore_ascii_case(by);
        if is(&self.reader) {
            return vec![self.language.labels.you.clone()];
        }
        let people = [&self.booking.organizer].into_iter().chain(&self.booking.attendees);
        people.filter(is).take(1).map(named).filter(|name| !name.contains('@')).collect()
    }

    /// Whether the mail is about a time that is still to come.
    fn is_ahead(&self) -> bool {
        let kinds = [
            Kind::Confirmed,
            Kind::LocationChanged,
            Kind::Reassigned,
            Kind::Receipt,
            Kind::Reminder,
            Kind::Requested,
            Kind::Rescheduled,
        ];
        let changes = [
            Change::Booked,
            Change::LocationChanged,
            Change::Paid,
            Change::Reassigned,
            Change::Requested,
            Change::Rescheduled,
        ];
        kinds.contains(&self.kind) || self.kind == Kind::Host && changes.contains(&self.change)
    }

    /// Whether the mail is about a time that will not be.
    fn is_off(&self) -> bool {
        let kinds = [Kind::Cancelled, Kind::Declined, Kind::RescheduleRequested];
        kinds.contains(&self.kind) || self.kind == Kind::Host && self.change == Change::Cancelled
    }

    fn shows_notes(&self) -> bool {
        self.role != Role::Guest
            && matches!(self.kind, Kind::Confirmed | Kind::Requested | Kind::Host)
    }
}

fn zone(person: &Person) -> Option<Zone> {
    Zone::named(&person.time_zone)
}
