//! The members of a language file.

use cal_webhook::Change;
use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::{
    Phrase,
    plural::{Forms, Rule},
};
use crate::email::{Kind, Local, Zone};

/// One language, as its file in `locales` describes it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::email) struct Language {
    /// The language tag: `de`, `pt-BR`.
    pub(in crate::email) tag: String,
    direction: Direction,
    plural: Rule,
    months: [String; 12],
    /// From Monday on.
    weekdays: [String; 7],
    date: Phrase,
    clock: Clock,
    clock_time: Phrase,
    am: String,
    pm: String,
    time: Phrase,
    range: Phrase,
    range_days: Phrase,
    zone: Phrase,
    hours: Forms,
    minutes: Forms,
    pub(in crate::email) decimal: String,
    pub(in crate::email) group: String,
    pub(in crate::email) money: Phrase,
    pub(in crate::email) greeting: Phrase,
    pub(in crate::email) greeting_without_name: String,
    pub(in crate::email) footer: String,
    pub(in crate::email) host_footer: String,
    pub(in crate::email) unsubscribe: String,
    pub(in crate::email) labels: Labels,
    pub(in crate::email) places: Places,
    pub(in crate::email) buttons: Buttons,
    pub(in crate::email) mails: Letters,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Direction {
    #[default]
    Ltr,
    Rtl,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
enum Clock {
    #[serde(rename = "12h")]
    Twelve,
    #[default]
    #[serde(rename = "24h")]
    TwentyFour,
}

macro_rules! texts {
    ($( $(#[$doc:meta])* $name:ident { $( $member:ident ),+ $(,)? } of $text:ty; )+) => { $(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(in crate::email) struct $name { $( pub(in crate::email) $member: $text, )+ }
    )+ };
}

texts! {
    /// What stands before the facts.
    Labels {
        absent, amount, attendee, attendee_time, before, cancelled_by, duration, guests, host,
        host_time, notes, place, price, reason, service, unnamed, untitled, when,
        you,
    } of String;
    /// Places that Cal.com knows by a word.
    Places { in_person, link_follows, phone, video } of String;
    /// What stands on the buttons.
    Buttons { cancel, join, move_it, open, rate, rebook } of String;
    /// The sentences of one mail.
    Words { subject, preheader, heading, lead } of Phrase;
    /// The mails.
    Letters {
        cancelled, confirmed, declined, feedback, follow_up, host_booked, host_cancelled,
        host_location_changed, host_no_show, host_no_show_fee, host_paid, host_reassigned,
        host_requested, host_rescheduled, location_changed, no_show, no_show_fee, reassigned,
        receipt, reminder, requested, reschedule_requested, rescheduled, come_back,
    } of Words;
}

impl Letters {
    /// Returns the sentences of a mail; a notice to the host depends on what happened.
    pub(in crate::email) fn of(&self, kind: Kind, change: Change) -> &Words {
        match (kind, change) {
            (Kind::Cancelled, _) => &self.cancelled,
            (Kind::Confirmed, _) => &self.confirmed,
            (Kind::Declined, _) => &self.declined,
            (Kind::Feedback, _) => &self.feedback,
            (Kind::FollowUp, _) => &self.follow_up,
            (Kind::LocationChanged, _) => &self.location_changed,
            (Kind::NoShow, _) => &self.no_show,
            (Kind::NoShowFee, _) => &self.no_show_fee,
            (Kind::Reassigned, _) => &self.reassigned,
            (Kind::Receipt, _) => &self.receipt,
            (Kind::Reminder, _) => &self.reminder,
            (Kind::Requested, _) => &self.requested,
            (Kind::RescheduleRequested, _) => &self.reschedule_requested,
            (Kind::Rescheduled, _) => &self.rescheduled,
            (Kind::Return, _) => &self.come_back,
            (Kind::Host, Change::Cancelled) => &self.host_cancelled,
            (Kind::Host, Change::LocationChanged) => &self.host_location_changed,
            (Kind::Host, Change::NoShow) => &self.host_no_show,
            (Kind::Host, Change::NoShowFee) => &self.host_no_show_fee,
            (Kind::Host, Change::Reassigned) => &self.host_reassigned,
            (Kind::Host, Change::Paid) => &self.host_paid,
            (Kind::Host, Change::Requested) => &self.host_requested,
            (Kind::Host, Change::Rescheduled) => &self.host_rescheduled,
            (Kind::Host, _) => &self.host_booked,
        }
    }
}

impl Language {
    /// Returns the direction of the script: `ltr` or `rtl`.
    pub(in crate::email) fn dir(&self) -> &'static str {
        match self.direction {
            Direction::Ltr => "ltr",
            Direction::Rtl => "rtl",
        }
    }

    /// Writes the date of a moment: `Monday, May 11, 2026`.
    pub(in crate::email) fn date(&self, zone: &Zone, at: DateTime<Utc>) -> String {
        let Local { year, month, day, weekday, .. } = zone.local(at);
        let name = |names: &[String], number: u8| {
            names.get(usize::from(number).saturating_sub(1)).cloned().unwrap_or_default()
        };
        self.date.fill(&[
            ("weekday", &name(&self.weekdays, weekday)),
            ("day", &day.to_string()),
            ("month", &name(&self.months, month)),
            ("month_number", &month.to_string()),
            ("year", &year.to_string()),
        ])
    }

    /// Writes the time of a moment: `2:30 PM`, `14:30 Uhr`.
    pub(in crate::email) fn time(&self, zone: &Zone, at: DateTime<Utc>) -> String {
        self.time.fill(&[("time", &self.clock_time(zone, at))])
    }

    /// Writes from when until when, with the day of the end when it is another one.
    pub(in crate::email) fn range(
        &self,
        zone: &Zone,
        start: DateTime<Utc>,
        end: DateTime<Utc>,
    ) -> String {
        let days = [start, end].map(|at| self.date(zone, at));
        let pattern = if days[0] == days[1] { &self.range } else { &self.range_days };
        pattern.fill(&[
            ("start", &self.clock_time(zone, start)),
            ("end", &self.clock_time(zone, end)),
            ("end_date", &days[1]),
        ])
    }

    /// Writes a zone with its offset at a moment: `Europe/Berlin (UTC+02:00)`.
    pub(in crate::email) fn zone(&self, zone: &Zone, at: DateTime<Utc>) -> String {
        let offset = zone.local(at).offset;
        let name = zone.name();
        if name == offset {
            return offset;
        }
        self.zone.fill(&[("zone", name), ("offset", &offset)])
    }

    /// Writes how long something takes, in whole hours or in minutes.
    pub(in crate::email) fn duration(&self, minutes: u64) -> String {
        if minutes > 0 && minutes.is_multiple_of(60) {
            self.hours.write(self.plural, minutes / 60)
        } else {
            self.minutes.write(self.plural, minutes)
        }
    }

    fn clock_time(&self, zone: &Zone, at: DateTime<Utc>) -> String {
        let Local { hour, minute, .. } = zone.local(at);
        let (hour, half) = match self.clock {
            Clock::Twelve if hour < 12 => ((hour + 11) % 12 + 1, &self.am),
            Clock::Twelve => ((hour + 11) % 12 + 1, &self.pm),
            Clock::TwentyFour => (hour, &self.am),
        };
        let hour = match self.clock {
            Clock::Twelve => hour.to_string(),
            Clock::TwentyFour => format!("{hour:02}"),
        };
        self.clock_time.fill(&[
            ("hour", &hour),
            ("minute", &format!("{minute:02}")),
            ("half", half),
        ])
    }
}
