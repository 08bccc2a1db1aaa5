//! Who somebody is: whether they have an address, and who of several has paid.

use cal_core::{Booking, Person};

/// How many digits a telephone number has at least, and at the most (E.164).
const DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// Returns an e-mail address in lower case; `None` when this is none, or one that Cal.com made up.
pub(crate) fn address(email: &str) -> Option<String> {
    let email = email.trim().to_lowercase();
    let (name, domain) = email.rsplit_once('@')?;
    let is_real = !name.is_empty() && !domain.is_empty() && !email.ends_with(Person::MADE_UP);
    is_real.then_some(email)
}

/// Returns a text when it is a telephone number and nothing else, as it was typed.
pub(crate) fn telephone(text: &str) -> Option<String> {
    let text = text.trim();
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let rest = text.strip_prefix('+').unwrap_or(text);
    let is_plain = rest.chars().all(|it| it.is_ascii_digit() || " ()-./\u{a0}".contains(it));
    (is_plain && DIGITS.contains(&digits)).then(|| text.to_owned())
}

/// Returns the telephone number of which Cal.com made up an address.
pub(crate) fn number(email: &str) -> Option<String> {
    let email = email.trim().to_lowercase();
    let digits: String =
        email.strip_suffix(Person::MADE_UP)?.chars().filter(char::is_ascii_digit).collect();
    (!digits.is_empty()).then(|| format!("+{digits}"))
}

/// Returns how people may see an address: one that Cal.com made up as the telephone number that it is.
#[cfg(feature = "notify")]
pub(crate) fn shown(email: &str) -> String {
    number(email).unwrap_or_else(|| match address(email) {
        None if email.trim().to_lowercase().ends_with(Person::MADE_UP) => String::new(),
        _ => email.to_owned(),
    })
}

/// Returns who hosts: the organiser, then the other members of the team.
#[cfg(any(feature = "email", feature = "notify"))]
pub(crate) fn hosts(booking: &Booking) -> impl Iterator<Item = &Person> {
    let members = booking.team.iter().flat_map(|team| &team.members);
    [&booking.organizer].into_iter().chain(members)
}

pub(crate) fn is_same(one: &Person, email: &str) -> bool {
    one.email.trim().eq_ignore_ascii_case(email.trim())
}

/// Returns who has paid: whom the payment's metadata names, else the booker.
///
/// The metadata of `BOOKING_PAID` is the payment's own, with the payer's address as `bookerEmail`.
/// The attendees may be everybody in a shared slot: nobody is taken for the payer there whom the
/// payment does not name.
pub(crate) fn payer(booking: &Booking) -> Option<&Person> {
    let named = booking.metadata.as_ref().and_then(|data| data.get("bookerEmail")?.as_str());
    let named = named.and_then(|email| booking.attendees.iter().find(|it| is_same(it, email)));
    let is_shared = booking.seats_per_time_slot.is_some() && booking.attendees.len() > 1;
    named.or_else(|| booking.booker().filter(|_| !is_shared))
}
