//! The origin of a booking: visitor and campaign, however often the booking was moved.

use std::sync::Arc;

use cal_core::{Booking, BookingUid, Delivery, Event};
use serde_json::{Map, Value};

use crate::{Transition, newest::LINK};

/// The origin of a booking; see [`Context::origin`](crate::Context::origin).
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Origin {
    /// The metadata that the booking page stored: visitor and campaign, but no links of meetings.
    pub metadata: Map<String, Value>,
    /// The first booking of those that replaced each other, as far back as is known.
    pub first: Option<BookingUid>,
    /// The person whose reports count, where seats are shared.
    person: Option<Option<String>>,
}

impl Origin {
    /// Reads what one delivery tells alone.
    #[must_use]
    pub fn of(delivery: &Delivery) -> Self {
        let booking = delivery.event.booking();
        let shared = booking.filter(|booking| booking.seats_per_time_slot.is_some());
        let mut origin = Self { person: shared.map(|it| person(it)), ..Self::default() };
        origin.tell(&delivery.event);
        origin
    }

    /// Adds what earlier reports tell, the newest first, and returns those that count.
    pub(crate) fn add(&mut self, mut reports: Vec<Arc<Delivery>>) -> Vec<Arc<Delivery>> {
        if let Some(own) = self.person.clone() {
            let is_own = |report: &Arc<Delivery>| {
                let booking = report.event.booking();
                own.is_some() && booking.is_some_and(|booking| person(booking) == own)
            };
            reports.retain(is_own);
        }
        for report in &reports {
            self.tell(&report.event);
        }
        reports
    }

    fn tell(&mut self, event: &Event) {
        let metadata = match event {
            Event::MeetingEnded(meeting) | Event::MeetingStarted(meeting) => {
                meeting.metadata.as_ref()
            }
            event => event.booking().and_then(|booking| booking.metadata.as_ref()),
        };
        for (name, value) in metadata.into_iter().flatten().filter(|(name, _)| *name != LINK) {
            if !self.metadata.contains_key(name) {
                self.metadata.insert(name.clone(), value.clone());
            }
        }
    }
}

/// Returns the booking that one of these reports names as the one before.
pub(crate) fn predecessor(reports: &[Arc<Delivery>]) -> Option<BookingUid> {
    reports.iter().find_map(|report| {
        let transition = Transition::of(report)?;
        transition.predecessor().or(transition.root.as_ref()).cloned()
    })
}

/// Returns the address of the seat's guest, or of the payer.
fn person(booking: &Booking) -> Option<String> {
    let payer = booking.metadata.as_ref().and_then(|data| data.get("bookerEmail")?.as_str());
    let only = booking.attendees.first().filter(|_| booking.attendees.len() == 1);
    let email = payer.or_else(|| only.map(|person| person.email.as_str()))?;
    Some(email.trim().to_lowercase())
}
