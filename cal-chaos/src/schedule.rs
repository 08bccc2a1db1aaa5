//! What is sent, and in which order; all of it follows from the seed.

use bytes::Bytes;
use fastrand::Rng;

use crate::{
    body,
    story::{Booking, Event, Story},
};

/// How far apart the events of one chain are sent, in places of the queue.
const GAP: f64 = 40.0;

/// One body that the site must keep once.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    /// What it reports, by its place in the schedule.
    pub(crate) event: usize,
    /// Whether it repeats a delivery with other bytes.
    pub(crate) refreshed: bool,
    pub(crate) body: Bytes,
}

/// What is sent, and in which order.
#[derive(Debug, Default)]
pub(crate) struct Schedule {
    pub(crate) bookings: Vec<Booking>,
    pub(crate) events: Vec<Event>,
    pub(crate) deliveries: Vec<Delivery>,
    /// Deliveries by their place, in the order of sending; duplicates appear again.
    pub(crate) sends: Vec<usize>,
}

impl Schedule {
    /// Invents chains until there are this many deliveries, and completes the last one.
    pub(crate) fn invent(random: &mut Rng, deliveries: usize) -> Self {
        let mut schedule = Self::default();
        let mut queue = Vec::new();
        let length = deliveries as f64;
        let mut chain = 0;
        while schedule.deliveries.len() < deliveries {
            let story = Story::invent(random, chain, schedule.bookings.len());
            chain += 1;
            schedule.bookings.extend(story.bookings);
            let mut place = random.f64() * length;
            for event in story.events {
                place += random.f64() * GAP;
                schedule.send(random, &mut queue, event, place, length);
            }
        }
        queue.sort_by(|(one, _), (other, _): &(f64, usize)| one.total_cmp(other));
        schedule.sends = queue.into_iter().map(|(_, delivery)| delivery).collect();
        schedule
    }

    /// Adds an event: its delivery, and what the sender makes of it.
    fn send(
        &mut self,
        random: &mut Rng,
        queue: &mut Vec<(f64, usize)>,
        event: Event,
        place: f64,
        length: f64,
    ) {
        // Some overtake what happened before them.
        let place = if random.u8(..100) < 25 { place - random.f64() * 2.5 * GAP } else { place };
        let number = self.events.len();
        let refreshed = (random.u8(..100) < 12).then(|| random.u32(1..1000));
        let booking = &self.bookings[event.booking];
        for copy in [Some(None), refreshed.map(Some)].into_iter().flatten() {
            let later = if copy.is_some() { random.f64() * 2.0 * GAP - GAP / 2.0 } else { 0.0 };
            let delivery = self.deliveries.len();
            let body = body::write(booking, &event, copy);
            self.deliveries.push(Delivery { event: number, refreshed: copy.is_some(), body });
            queue.push((place + later, delivery));
            match random.u8(..100) {
                // At the same time through several connections, for the queue is sorted stably.
                0..15 => queue.extend((0..random.u8(1..4)).map(|_| (place + later, delivery))),
                // Soon after, or much later.
                15..25 => queue.push((place + later + random.f64() * GAP, delivery)),
                25..35 => queue.push((place + later + random.f64() * length, delivery)),
                _ => {}
            }
        }
        self.events.push(event);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;
    use crate::model::{Fact, Status, end_states};

    fn schedule(seed: u64) -> Schedule {
        Schedule::invent(&mut Rng::with_seed(seed), 2000)
    }

    #[test]
    fn a_seed_stands_for_one_schedule() {
        let [one, same, other] = [1, 1, 2].map(schedule);
        let bodies = |schedule: &Schedule| -> Vec<Bytes> {
            schedule.sends.iter().map(|send| schedule.deliveries[*send].body.clone()).collect()
        };
        assert_eq!(bodies(&one), bodies(&same));
        assert_ne!(bodies(&one), bodies(&other));
    }

    #[test]
    fn bodies_differ_and_each_is_sent() {
        let schedule = schedule(3);
        let bodies: HashSet<_> = schedule.deliveries.iter().map(|one| &one.body).collect();
        assert_eq!(bodies.len(), schedule.deliveries.len());
        assert!((2000..2030).contains(&bodies.len()));
        let sent: HashSet<_> = schedule.sends.iter().copied().collect();
        assert_eq!(sent.len(), bodies.len());
        assert!(schedule.sends.len() > sent.len() + sent.len() / 4, "too few duplicates");
        assert!(schedule.deliveries.iter().filter(|one| one.refreshed).count() > 100);
    }

    #[test]
    fn chains_interleave_and_are_reordered() {
        let schedule = schedule(4);
        let mut last: HashMap<&str, usize> = HashMap::new();
        let (mut overtaken, mut apart) = (0, 0);
        let mut before = usize::MAX;
        for send in &schedule.sends {
            let event = schedule.deliveries[*send].event;
            let booking = schedule.events[event].booking;
            let seen = last.entry(&schedule.bookings[booking].email).or_default();
            overtaken += usize::from(*seen > event);
            apart += usize::from(before != booking);
            *seen = event.max(*seen);
            before = booking;
        }
        assert!(overtaken > 100, "{overtaken} were overtaken");
        assert!(apart > schedule.sends.len() / 2, "{apart} changes of the booking");
    }

    #[test]
    fn every_end_state_is_reached() {
        let schedule = schedule(5);
        let uid = |event: &Event| schedule.bookings[event.booking].uid.as_str();
        let reports =
            schedule.events.iter().enumerate().map(|(number, e)| (number, uid(e), &e.fact));
        let states = end_states(reports);
        assert_eq!(states.len(), schedule.bookings.len());
        let count = |status| states.values().filter(|state| state.status == status).count();
        for status in
            [Status::Accepted, Status::Cancelled, Status::Ended, Status::Moved, Status::Rejected]
        {
            assert!(count(status) > 10, "{status:?}: {}", count(status));
        }
        assert!(states.values().any(|state| state.status == Status::Moved && state.paid));
        let asked = schedule.events.iter().filter(|e| e.fact == Fact::Cancelled && e.asks);
        assert!(asked.count() > 5);
    }

    #[test]
    fn bodies_are_read_as_what_they_report() {
        let schedule = schedule(6);
        for delivery in &schedule.deliveries {
            let event = &schedule.events[delivery.event];
            let read = cal_core::Delivery::parse(delivery.body.clone());
            assert_eq!(read.parsed(), cal_core::Parsed::Typed);
            assert!(read.set_aside().is_empty());
            let uid = read.event.booking_uid().map(|uid| uid.as_str());
            assert_eq!(uid, Some(schedule.bookings[event.booking].uid.as_str()));
            let trigger = read.event.trigger().unwrap();
            assert_eq!(trigger.as_str(), body::trigger(&event.fact));
        }
    }
}
