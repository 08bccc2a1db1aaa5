//! The place and the guests of a booking: both can change without a webhook.

use cal_core::{Booking, BookingUid};

use super::{Chains, booking::Rank};
use crate::{
    Change, Reading, Subject, Transition,
    marks::{person, short},
    venue::Venue,
};

/// The place and the guests of a booking that stands, as a delivery tells them.
#[derive(Clone, Debug)]
pub(crate) struct Details {
    pub(crate) venue: Option<Venue>,
    /// The people who come, hosts among them, as short digests; of a report of added guests only these.
    pub(crate) guests: Vec<String>,
    /// Whether this makes guests known of whom hooks are told: of a new place others are.
    pub(crate) greets: bool,
    /// Those of them who were added by this.
    pub(crate) added: Vec<String>,
}

/// The news value of a place or a guest; see [`Chains::detail`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Detail {
    /// It is known already, or the booking does not stand.
    Known,
    /// It is another place, or a guest of whom nobody has heard.
    New,
    /// Nothing is known that it could be compared with.
    First,
}

impl Details {
    pub(crate) fn of(booking: &Booking, transition: &Transition) -> Option<Self> {
        let change = transition.change;
        let tells = matches!(
            change,
            Change::Booked
                | Change::GuestsAdded
                | Change::LocationChanged
                | Change::Requested
                | Change::Rescheduled
        );
        if !tells {
            return None;
        }
        let is_seat = matches!(transition.subject, Some(Subject::Seat(..)));
        let mark = |email: &str| short(&person(email));
        let added: Vec<_> =
            booking.guests_added.iter().flatten().map(|email| mark(email)).collect();
        // Where all who come are listed together, hosts of a team are among them.
        let members = booking.team.iter().flat_map(|team| &team.members);
        let hosts = members.chain([&booking.organizer]);
        let all = booking.attendees.iter().chain(hosts).filter(|_| !is_seat);
        Some(Self {
            venue: Some(Venue::of(booking)),
            guests: match change {
                Change::GuestsAdded => added.clone(),
                _ => all.map(|guest| mark(&guest.email)).collect(),
            },
            greets: change != Change::LocationChanged,
            added,
        })
    }
}

impl Chains {
    /// Compares a place, or guests, that were read somewhere with what is known of the booking.
    ///
    /// Only of a booking that was accepted there is something to tell: whatever accepts it says where it
    /// is and who comes.
    #[must_use]
    pub fn detail(&self, uid: &BookingUid, reading: &Reading) -> Detail {
        let link = self.bookings.get(uid).filter(|_| self.rank(uid) == Some(Rank::Accepted));
        let Some((link, details)) = link.zip(reading.details.as_ref()) else {
            return Detail::Known;
        };
        let facts = &link.facts;
        match (reading.transition.change, &facts.venue, &details.venue) {
            (Change::GuestsAdded, ..) if facts.guests.is_empty() => Detail::First,
            (Change::GuestsAdded, ..) => {
                match details.added.iter().all(|it| facts.guests.contains(it)) {
                    true => Detail::Known,
                    false => Detail::New,
                }
            }
            (_, None, _) => Detail::First,
            (_, Some((_, known)), Some(venue)) if !known.is_same(venue) => Detail::New,
            _ => Detail::Known,
        }
    }
}
