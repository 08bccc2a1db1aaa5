//! Names, telephones and the addresses in forms, read from wherever Cal.com puts them.

use cal_core::{AnswerValue, Booking, Fields, FormSubmission, Location, Person};

use super::Contact;
use crate::person::{address, number, telephone};

/// Parts of the names of fields that ask for a telephone, in several languages.
const TELEPHONE: [&str; 6] = ["phone", "mobil", "tel", "cell", "whatsapp", "number"];

/// Reads an attendee; `None` when neither an address nor a telephone is known.
pub(super) fn of_person(person: &Person) -> Option<Contact> {
    of_person_at(person, person.phone_number.as_deref().and_then(telephone))
}

/// Reads the attendee of a booking at this place; the answers are those of the first one.
pub(super) fn of_attendee(booking: &Booking, place: usize) -> Option<Contact> {
    let person = booking.attendees.get(place)?;
    let answers_are_theirs =
        place == 0 && (booking.seats_per_time_slot.is_none() || booking.attendees.len() == 1);
    let own = person.phone_number.as_deref().and_then(telephone);
    if !answers_are_theirs {
        return of_person_at(person, own);
    }
    let mut contact = of_person_at(person, own.or_else(|| of_answers(booking)))?;
    let parts = booking.responses.as_ref().and_then(|answers| answers.get("name")?.value.as_ref());
    if let (None, None, Some(AnswerValue::Name { first_name, last_name })) =
        (&contact.first_name, &contact.last_name, parts)
    {
        (contact.first_name, contact.last_name) = (text(first_name), text(last_name));
    }
    Some(contact)
}

/// Reads somebody of whom only the address is told; a made-up one tells the telephone.
pub(super) fn of_email(email: &str) -> Option<Contact> {
    match address(email) {
        Some(email) => Some(Contact { email, ..Contact::default() }),
        None => Some(Contact { phone: Some(number(email)?), ..Contact::default() }),
    }
}

/// Reads who filled in a form: by the field called `email`, or else by the value that is an address.
pub(super) fn of_form(form: &FormSubmission) -> Option<Contact> {
    let fields = fields(form);
    let find = |fits: &dyn Fn(&str, &str) -> bool| {
        fields.iter().find(|(name, value)| fits(name, value)).map(|(_, value)| value.as_str())
    };
    let email = find(&|name, value| plain(name) == "email" && is_address(value))
        .or_else(|| find(&|name, value| name.to_lowercase().contains("mail") && is_address(value)))
        .or_else(|| find(&|_, value| is_address(value)))
        .and_then(address);
    let named = |names: &[&str]| find(&|name, _| names.contains(&&*plain(name))).and_then(text);
    let phone = find(&|name, value| asks_for_telephone(name) && telephone(value).is_some())
        .or_else(|| find(&|_, value| value.starts_with('+') && telephone(value).is_some()))
        .and_then(telephone);
    let (mut first_name, mut last_name) =
        (named(&["firstname", "givenname"]), named(&["lastname", "surname", "familyname"]));
    if let (None, None, Some(AnswerValue::Name { first_name: first, last_name: last })) =
        (&first_name, &last_name, form.answer("name"))
    {
        (first_name, last_name) = (text(first), text(last));
    }
    let whole = || text(&[first_name.as_deref()?, last_name.as_deref()?].join(" "));
    let name = named(&["name", "fullname", "yourname"]).or_else(whole).or(first_name.clone());
    if email.is_none() && phone.is_none() {
        return None;
    }
    let phone = if email.is_none() { phone.as_deref().map(digits) } else { phone };
    let email = email.unwrap_or_default();
    Some(Contact { email, name, first_name, last_name, phone, ..Contact::default() })
}

fn of_person_at(person: &Person, phone: Option<String>) -> Option<Contact> {
    let email = address(&person.email).unwrap_or_default();
    // Without an address they are found by the number, however it was typed.
    let phone = match email.is_empty() {
        true => number(&person.email).or_else(|| phone.as_deref().map(digits)),
        false => phone,
    };
    (!email.is_empty() || phone.is_some()).then(|| Contact {
        email,
        name: text(&person.name),
        first_name: person.first_name.as_deref().and_then(text),
        last_name: person.last_name.as_deref().and_then(text),
        phone,
        time_zone: text(&person.time_zone),
        locale: person.locale().and_then(text),
    })
}

/// Finds the booker's telephone in the answers, the place and the number for text messages.
fn of_answers(booking: &Booking) -> Option<String> {
    let own = booking.responses.iter().chain(&booking.user_fields_responses);
    let answers: Vec<_> = own
        .flat_map(Fields::iter)
        .filter(|(slug, _)| !matches!(*slug, "location" | "name" | "email" | "guests" | "notes"))
        .filter_map(|(slug, answer)| {
            let name = format!("{slug} {}", answer.label.as_deref().unwrap_or_default());
            Some((name, telephone(&answer.value.as_ref()?.to_string())?))
        })
        .collect();
    let asked = || answers.iter().find(|(name, _)| asks_for_telephone(name));
    let found = asked().map(|(_, phone)| phone.clone());
    found
        .or_else(|| of_place(booking))
        .or_else(|| booking.sms_reminder_number.as_deref().and_then(telephone))
        .or_else(|| {
            // One that nobody asked for by name may be anybody's, unless it is the only one.
            let mut others: Vec<_> = answers.iter().map(|(_, phone)| phone).collect();
            others.retain(|phone| phone.starts_with('+'));
            others.dedup();
            if let [only] = others[..] { Some(only.clone()) } else { None }
        })
}

/// The number at which the attendee is called; one at which the host is called is the host's.
fn of_place(booking: &Booking) -> Option<String> {
    let choice = booking.responses.as_ref().and_then(|it| it.get("location")?.value.as_ref());
    let (kind, typed) = match choice {
        Some(AnswerValue::Choice { value, option_value }) => {
            (value.as_str(), option_value.as_str())
        }
        _ => ("", ""),
    };
    if kind == Location::OrganizerPhone.as_str() {
        return None;
    }
    let place = match &booking.location {
        Some(Location::Phone(number)) => Some(number.as_str()),
        _ => None,
    };
    let hosts = booking.organizer.phone_number.as_deref().and_then(telephone);
    let found = telephone(typed).or_else(|| place.and_then(telephone));
    found.filter(|found| Some(found) != hosts.as_ref())
}

/// The fields of a form with their answers as texts, wherever they stand.
fn fields(form: &FormSubmission) -> Vec<(String, String)> {
    let typed = form.responses.iter().flat_map(Fields::iter).filter_map(|(name, answer)| {
        let name = format!("{name} {}", answer.label.as_deref().unwrap_or_default());
        Some((name.trim().to_owned(), answer.value.as_ref()?.to_string()))
    });
    let bare = form.root_answers.iter().chain(form.payload_answers.iter());
    let bare = bare.map(|(name, answer)| (name.to_owned(), answer.to_string()));
    typed.chain(bare).filter(|(_, value)| !value.trim().is_empty()).collect()
}

fn asks_for_telephone(name: &str) -> bool {
    let name = name.to_lowercase();
    TELEPHONE.iter().any(|part| name.contains(part))
}

/// Whether a value is one e-mail address and nothing else.
fn is_address(value: &str) -> bool {
    let value = value.trim();
    let plain = !value.chars().any(|it| it.is_whitespace() || ",;<>()\"".contains(it));
    let parts = value.split_once('@');
    plain
        && parts.is_some_and(|(name, domain)| {
            !name.is_empty()
                && !domain.contains('@')
                && domain.split('.').count() > 1
                && domain.split('.').all(|label| !label.is_empty())
        })
        && address(value).is_some()
}

/// A telephone number as it is compared.
fn digits(phone: &str) -> String {
    phone.chars().filter(|it| it.is_ascii_digit() || *it == '+').collect()
}

/// The letters of a field's name.
fn plain(name: &str) -> String {
    name.chars().filter(|it| it.is_alphanumeric()).collect::<String>().to_lowercase()
}

fn text(text: &str) -> Option<String> {
    Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned)
}
