//! Who somebody is: whether they have an address, and who of several has paid.

use cal_core::{Booking, Person};

/// What the addresses end in that Cal.com makes up for people who gave only a phone number.
const MADE_UP: &str = "@sms.cal.com";

/// Returns an e-mail address in lower case; `None` when this is none, or one that Cal.com made up.
pub(crate) fn address(email: &str) -> Option<String> {
    let email = email.trim().to_lowercase();
    let (name, domain) = email.rsplit_once('@')?;
    let is_real = !name.is_empty() && !domain.is_empty() && !email.ends_with(MADE_UP);
    is_real.then_some(email)
}

/// Returns who hosts: the organiser, then the other members of the team.
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
