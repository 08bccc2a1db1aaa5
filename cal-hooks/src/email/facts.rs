//! Single facts of a booking, as lines.

use cal_core::{Booking, Location, Money, Person};

use super::{clean, letter::Role, locale::Language, money};
use crate::{
    person::{self, address},
    typed,
};

/// How many guests are listed.
const GUESTS: usize = 20;

/// What somebody is called: the name, else the address, else the number.
pub(super) fn named(person: &Person) -> String {
    let email = address(&person.email).map(|_| person.email.as_str());
    let names = [Some(person.name.as_str()), email, person.phone_number.as_deref()];
    let known = names.into_iter().flatten().map(clean::line).find(|name| !name.is_empty());
    known.unwrap_or_default()
}

/// Who hosts: the team and the organiser, without any address.
pub(super) fn host(booking: &Booking) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in person::hosts(booking).map(|host| clean::line(&host.name)) {
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    }
    names.truncate(GUESTS);
    names
}

/// Who else comes; told to the host and to who invited them, and of shared slots to the host alone.
pub(super) fn guests(booking: &Booking, role: Role, is_told: bool) -> Vec<String> {
    let is_shared = booking.seats_per_time_slot.is_some();
    if !is_told || role == Role::Guest || (role == Role::Booker && is_shared) {
        return vec![];
    }
    let names = booking.attendees.iter().skip(1).map(named);
    names.filter(|name| !name.is_empty()).take(GUESTS).collect()
}

/// Where it takes place, as far as that is told.
pub(super) fn place(booking: &Booking, language: &Language, is_told: bool) -> Vec<String> {
    let Some(location) = booking.location.as_ref().filter(|_| is_told) else { return vec![] };
    let places = &language.places;
    let word = match location {
        Location::Address(text) => return clean::lines(text),
        Location::Phone(number) => return vec![places.phone.clone(), clean::line(number)],
        Location::Url(url) => return vec![clean::line(url)],
        Location::CalVideo => "Cal Video",
        Location::GoogleMeet => "Google Meet",
        Location::MicrosoftTeams => "Microsoft Teams",
        Location::Zoom => "Zoom",
        Location::AttendeeInPerson | Location::InPerson | Location::SomewhereElse => {
            &places.in_person
        }
        Location::AttendeePhone | Location::OrganizerPhone => &places.phone,
        Location::Link => &places.link_follows,
        Location::Unspecified => return vec![],
        _ => &places.video,
    };
    vec![word.to_owned()]
}

/// Why it was cancelled or declined.
pub(super) fn reason(booking: &Booking, is_told: bool) -> Vec<String> {
    let reason = typed::reason(booking).filter(|_| is_told);
    reason.map(|text| clean::lines(&text)).unwrap_or_default()
}

/// Writes an amount that is known.
pub(super) fn money(amount: Option<Money>, language: &Language) -> Vec<String> {
    amount.map(|amount| money::written(&amount, language)).into_iter().collect()
}
