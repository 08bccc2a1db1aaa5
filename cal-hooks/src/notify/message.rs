//! Notices in words, in Slack's markup.

use cal_core::{Booking, CalVideoNoShow, Event, Money, NoShowUpdate, Person};
use cal_webhook::{Change, Context};
use chrono::{DateTime, Utc};

use crate::{money::digits, person, typed};

/// How many characters are shown of what somebody typed.
const SHOWN: usize = 300;

/// How many hosts are named.
const HOSTS: usize = 20;

/// Writes the notice of what happened, to the booking as it is known now; `None` where nobody needs one.
pub(super) fn of(cx: &Context, newest: Option<&Booking>) -> Option<String> {
    let change = cx.transition()?.change;
    let headline = headline(change)?;
    let lines = match cx.event() {
        Event::AfterGuestsCalVideoNoShow(absent) | Event::AfterHostsCalVideoNoShow(absent) => {
            missed(headline, change, absent)
        }
        Event::BookingNoShowUpdated(update) => marked(headline, update),
        event => booking(headline, change, event.booking().and(newest)?),
    };
    Some(lines.join("\n"))
}

fn headline(change: Change) -> Option<&'static str> {
    Some(match change {
        Change::Booked => "Booked",
        Change::Cancelled => "Cancelled",
        Change::GuestNoShow => "Guest did not come",
        Change::HostNoShow => "Host did not come",
        Change::NoShow => "No-show",
        Change::NoShowFee => "No-show fee charged",
        Change::Paid => "Paid",
        Change::Rejected => "Declined",
        Change::Requested => "Requested: waits for the host",
        Change::RescheduleRequested => "Asked to choose another time",
        Change::Rescheduled => "Rescheduled",
        _ => return None,
    })
}

fn booking(headline: &str, change: Change, booking: &Booking) -> Vec<String> {
    let mut lines = vec![format!("*{headline}* – {}", text(&booking.title))];
    lines.extend(booking.start.map(|start| format!("When: {}", date(start))));
    if let Some(old) = booking.reschedule_start.filter(|_| change == Change::Rescheduled) {
        lines.push(format!("Before: {}", date(old)));
    }
    let who = if change == Change::Paid { person::payer(booking) } else { booking.booker() };
    lines.extend(who.map(|who| format!("Who: {}", named(who))));
    lines.push(format!("Host: {}", hosts(booking)));
    let ends = [Change::Cancelled, Change::Rejected, Change::RescheduleRequested];
    if let Some(reason) = typed::reason(booking).filter(|_| ends.contains(&change)) {
        lines.push(format!("Why: {}", text(&reason)));
    }
    let money = match change {
        Change::NoShowFee => booking.payment_info.as_ref().and_then(|info| info.money()),
        Change::Paid => booking.price(),
        _ => None,
    };
    if let Some(money) = money {
        lines.push(format!("Amount: {}", amount(&money)));
    }
    lines
}

/// Names all hosts, each once.
fn hosts(booking: &Booking) -> String {
    let mut names: Vec<String> = Vec::new();
    for name in person::hosts(booking).map(named) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.truncate(HOSTS);
    names.join(", ")
}

fn missed(headline: &str, change: Change, absent: &CalVideoNoShow) -> Vec<String> {
    let mut lines = vec![format!("*{headline}* – {}", text(&absent.title))];
    lines.extend(absent.start.map(|start| format!("When: {}", date(start))));
    if change == Change::HostNoShow {
        lines.extend(
            absent.absent_host().map(|host| format!("Host: {}", text(&person::shown(host)))),
        );
    } else {
        let guests = absent.absent_guests().into_iter();
        lines.extend(guests.map(|guest| format!("Who: {}", named(guest))));
    }
    lines
}

fn marked(headline: &str, update: &NoShowUpdate) -> Vec<String> {
    let mut lines = vec![format!("*{headline}*")];
    lines.extend(update.uid.as_ref().map(|uid| format!("Booking: {}", text(uid.as_str()))));
    lines.extend(update.attendees.iter().map(|attendee| {
        let mark = if attendee.no_show { "did not come" } else { "came after all" };
        format!("{}: {mark}", text(&person::shown(&attendee.email)))
    }));
    lines
}

fn named(who: &Person) -> String {
    let shown = text(&person::shown(&who.email));
    let phone = who.phone_number.as_deref().map(text).unwrap_or_default();
    let reached = if shown.is_empty() { phone } else { shown };
    match (text(&who.name), reached) {
        (name, email) if name.is_empty() => email,
        (name, email) if email.is_empty() => name,
        (name, email) => format!("{name} ({email})"),
    }
}

/// Writes a moment so that every reader sees it in their own zone.
fn date(at: DateTime<Utc>) -> String {
    let plain = at.format("%Y-%m-%d %H:%M UTC");
    format!("<!date^{}^{{date_short_pretty}} {{time}}|{plain}>", at.timestamp())
}

/// Writes what somebody typed: on one line, not too long, and as nothing but text.
fn text(typed: &str) -> String {
    let typed = typed.trim();
    let mut text = String::with_capacity(typed.len());
    for character in typed.chars().take(SHOWN) {
        match character {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            other if other.is_control() => text.push(' '),
            other => text.push(other),
        }
    }
    if typed.chars().nth(SHOWN).is_some() {
        text.push('…');
    }
    text
}

/// Writes an amount with as many decimals as its currency has.
fn amount(money: &Money) -> String {
    let decimals = digits(money.currency.as_str()) as usize;
    let sign = if money.minor_units < 0 { "-" } else { "" };
    let digits = format!("{:0>1$}", money.minor_units.unsigned_abs(), decimals + 1);
    let (whole, part) = digits.split_at(digits.len() - decimals);
    let point = if decimals == 0 { "" } else { "." };
    format!("{sign}{whole}{point}{part} {}", text(money.currency.as_str()))
}
