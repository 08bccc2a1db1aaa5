//! The facts that a mail tells, by which its key stands for one content.

use cal_core::{Booking, Person};
use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{CalendarFile, mailer::News};
use crate::{person::hosts, typed};

/// The facts of one mail, and never its text, which changes with a template.
#[derive(Serialize)]
pub(super) struct Told<'a> {
    kind: &'static str,
    change: &'static str,
    reader: Who<'a>,
    title: &'a str,
    service: Option<&'a str>,
    start: Option<DateTime<Utc>>,
    end: Option<DateTime<Utc>>,
    before: Option<DateTime<Utc>>,
    place: Option<&'a str>,
    link: Option<&'a str>,
    hosts: Vec<Who<'a>>,
    people: Vec<Who<'a>>,
    absent: Vec<Who<'a>>,
    notes: Option<&'a str>,
    reason: Option<String>,
    calendar: Option<&'static str>,
}

/// Somebody, as far as mails tell or go by it.
#[derive(Serialize)]
struct Who<'a> {
    name: &'a str,
    email: &'a str,
    time_zone: &'a str,
    locale: Option<&'a str>,
}

impl<'a> Told<'a> {
    pub(super) fn new(
        news: &News<'a>,
        reader: &'a Person,
        email: &'a str,
        calendar: Option<&CalendarFile>,
    ) -> Self {
        let News { kind, change, booking, before, absent } = *news;
        let Booking { title, event_title, start, end, location, .. } = booking;
        Self {
            kind: kind.as_str(),
            change: change.as_str(),
            reader: Who { email, ..who(reader) },
            title,
            service: event_title.as_deref(),
            start: *start,
            end: *end,
            before,
            place: location.as_ref().map(cal_core::Location::as_str),
            link: booking.meeting_url(),
            hosts: hosts(booking).map(who).collect(),
            people: booking.attendees.iter().map(who).collect(),
            absent: absent.iter().map(who).collect(),
            notes: booking.additional_notes.as_deref(),
            reason: typed::reason(booking),
            calendar: calendar.map(|file| file.method.as_str()),
        }
    }
}

fn who(person: &Person) -> Who<'_> {
    let Person { name, email, time_zone, .. } = person;
    Who { name, email, time_zone, locale: person.locale() }
}
