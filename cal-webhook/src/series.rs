//! Series of bookings that are cancelled with one message.

use cal_core::{Booking, Delivery};
use chrono::{DateTime, TimeDelta, Utc};

use crate::{Change, Decision, Ruling};

/// How far the clock of a series may leap between two occurrences, twice a year.
const LEAP: i64 = 60;

/// A series that a cancellation has ended as a whole.
#[derive(Clone, Debug)]
pub struct EndedSeries {
    cancelled: Booking,
    at: DateTime<Utc>,
    below: i16,
}

impl EndedSeries {
    /// Reads a cancellation; `None` when it ends one booking alone.
    ///
    /// Cal.com sends one `BOOKING_CANCELLED`, for one occurrence, and it names the recurrence only then.
    #[must_use]
    pub fn of(delivery: &Delivery, ruling: &Ruling, received_at: DateTime<Utc>) -> Option<Self> {
        let booking = delivery.event.booking()?;
        let ends = ruling.decision == Decision::Applied
            && ruling.transition.change == Change::Cancelled
            && booking.recurring_event.is_some()
            && booking.seats_per_time_slot.is_none();
        ends.then(|| Self {
            cancelled: Booking::clone(booking),
            at: delivery.created_at.unwrap_or(received_at),
            below: ruling.rank,
        })
    }

    /// Returns the address of who had booked it.
    #[must_use]
    pub fn attendee_email(&self) -> Option<&str> {
        self.cancelled.booker().map(|booker| booker.email.as_str())
    }

    /// Returns when it ended: occurrences that had begun by then have taken place.
    #[must_use]
    pub fn ended_at(&self) -> DateTime<Utc> {
        self.at
    }

    /// Returns the rank below which tasks about its occurrences are superseded.
    #[must_use]
    pub fn below(&self) -> i16 {
        self.below
    }

    /// Whether a booking is one of the occurrences that were still to come.
    ///
    /// Nothing names the series: an occurrence has the same service, host, booker and recurrence, and
    /// starts whole steps of it apart.
    #[must_use]
    pub fn has(&self, other: &Booking) -> bool {
        let Booking { recurring_event, event_type_id, event_type_slug, organizer, .. } = other;
        let own = &self.cancelled;
        let (Some(one), Some(two)) = (&own.recurring_event, recurring_event) else { return false };
        let email = |booking: &Booking| booking.booker().map(|it| it.email.trim().to_lowercase());
        let (Some(first), Some(start)) = (own.start, other.start) else { return false };
        (one.freq, one.interval) == (two.freq, two.interval)
            && *event_type_id == own.event_type_id
            && (event_type_slug == &own.event_type_slug || event_type_id.is_some())
            && organizer.email.eq_ignore_ascii_case(&own.organizer.email)
            && email(own).is_some_and(|own| email(other) == Some(own))
            && start > self.at
            && are_steps_apart(start - first, one.freq, one.interval.unwrap_or(1))
    }
}

/// Whether two starts can be those of one series; of months and years only the time of day is compared.
fn are_steps_apart(apart: TimeDelta, freq: Option<i64>, interval: i64) -> bool {
    const DAY: i64 = 24 * 60;
    let days = match freq {
        Some(2) => 7,
        Some(3) => 1,
        _ => return rest_of(apart.num_minutes(), DAY) <= LEAP,
    };
    let step = days * DAY * interval.clamp(1, 366);
    rest_of(apart.num_minutes(), step) <= LEAP
}

/// How far a number is from the next multiple of a step.
fn rest_of(number: i64, step: i64) -> i64 {
    let rest = number.rem_euclid(step);
    rest.min(step - rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn occurrences_are_whole_steps_apart() {
        let weeks = |days: i64, minutes: i64| TimeDelta::minutes(days * 24 * 60 + minutes);
        assert!(are_steps_apart(weeks(14, 0), Some(2), 1));
        assert!(are_steps_apart(weeks(-14, 60), Some(2), 2), "the clock has leaped");
        assert!(!are_steps_apart(weeks(7, 0), Some(2), 2));
        assert!(!are_steps_apart(weeks(8, 0), Some(2), 1));
        assert!(are_steps_apart(weeks(3, 0), Some(3), 1));
        assert!(!are_steps_apart(weeks(30, 90), Some(1), 1));
        assert!(are_steps_apart(weeks(31, 0), Some(1), 1));
    }
}
