//! Bookings of invented people, and what happens to them.

use chrono::{DateTime, TimeDelta, Utc};
use fastrand::Rng;

use crate::model::Fact;

/// 1 March 2027, 08:00 UTC: times come from the seed, not from the clock.
const START: i64 = 1_803_888_000;

const FIRST: [&str; 8] = ["Amara", "Bela", "Chidi", "Dalia", "Edda", "Farid", "Greta", "Hamid"];
const LAST: [&str; 8] =
    ["Lindqvist", "Okafor", "Petrov", "Quispe", "Rahimi", "Sandoval", "Tanaka", "Ulbrich"];

/// One booking of a chain.
#[derive(Clone, Debug)]
pub(crate) struct Booking {
    pub(crate) uid: String,
    pub(crate) number: u64,
    pub(crate) start: DateTime<Utc>,
    pub(crate) end: DateTime<Utc>,
    pub(crate) name: String,
    pub(crate) email: String,
}

/// Something that happened, as Cal.com reports it.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// The booking, by its place in the schedule.
    pub(crate) booking: usize,
    pub(crate) fact: Fact,
    pub(crate) at: DateTime<Utc>,
    /// Whether a cancellation only asks the guest for another time.
    pub(crate) asks: bool,
    /// Whether the booking is gone in the end, which a late copy may show already.
    pub(crate) gone: bool,
}

/// A chain of bookings that replace each other, in the order in which it happens.
#[derive(Debug)]
pub(crate) struct Story {
    pub(crate) bookings: Vec<Booking>,
    pub(crate) events: Vec<Event>,
    offset: usize,
    now: DateTime<Utc>,
}

impl Story {
    /// Invents a chain; its bookings come after `offset` others.
    pub(crate) fn invent(random: &mut Rng, chain: usize, offset: usize) -> Self {
        let minutes = i64::try_from(chain).unwrap_or_default() * 7;
        let now = DateTime::from_timestamp(START + minutes * 60, 0).unwrap_or_default();
        let mut story = Self { bookings: Vec::new(), events: Vec::new(), offset, now };
        story.book(random);
        let declined = random.u8(..100) < 10;
        story.open(random, None, declined);
        if !declined {
            if random.u8(..100) < 25 {
                story.pay(random);
            }
            let mut goes_on = true;
            while goes_on && story.bookings.len() < 3 && random.u8(..100) < 45 {
                goes_on = story.replace(random);
            }
            if goes_on {
                story.finish(random);
            }
        }
        story.mark_gone();
        story
    }

    fn last(&self) -> usize {
        self.bookings.len() - 1
    }

    fn book(&mut self, random: &mut Rng) {
        let (name, email) = match self.bookings.first() {
            Some(first) => (first.name.clone(), first.email.clone()),
            None => {
                let [first, last] = [FIRST, LAST].map(|names| names[random.usize(..names.len())]);
                let number = random.u32(1000..10_000);
                let email = format!("{}.{}{number}@example.org", first, last).to_lowercase();
                (format!("{first} {last}"), email)
            }
        };
        let start = self.now + TimeDelta::days(random.i64(2..30));
        self.bookings.push(Booking {
            uid: std::iter::repeat_with(|| random.alphanumeric()).take(22).collect(),
            number: 1000 + (self.offset + self.bookings.len()) as u64,
            start,
            end: start + TimeDelta::minutes(45),
            name,
            email,
        });
    }

    fn tell(&mut self, random: &mut Rng, booking: usize, fact: Fact) {
        self.now += TimeDelta::milliseconds(random.i64(500..3_600_000));
        let asks = fact == Fact::Cancelled && random.u8(..100) < 20;
        let (booking, at) = (self.offset + booking, self.now);
        self.events.push(Event { booking, fact, at, asks, gone: false });
    }

    /// The newest booking comes into being: at once, or by way of the host.
    fn open(&mut self, random: &mut Rng, from: Option<&str>, declined: bool) {
        let (last, from) = (self.last(), from.map(str::to_owned));
        if declined || random.u8(..100) < 25 {
            self.tell(random, last, Fact::Requested { from });
            let fact = if declined { Fact::Rejected } else { Fact::Accepted { from: None } };
            self.tell(random, last, fact);
        } else {
            self.tell(random, last, Fact::Accepted { from });
        }
    }

    fn pay(&mut self, random: &mut Rng) {
        let last = self.last();
        if random.bool() {
            self.tell(random, last, Fact::PaymentDue);
        }
        self.tell(random, last, Fact::Paid);
    }

    /// Another booking takes the place of the newest; `false` when the host declines it.
    fn replace(&mut self, random: &mut Rng) -> bool {
        let old = self.last();
        let from = self.bookings[old].uid.clone();
        self.book(random);
        if random.u8(..100) < 8 {
            // The host cancels in the moment in which the guest moves.
            self.tell(random, old, Fact::Cancelled);
        }
        let declined = random.u8(..100) < 10;
        self.open(random, Some(&from), declined);
        if random.u8(..100) < 15 {
            // The end of the old time was scheduled when it was booked.
            self.tell(random, old, Fact::Ended);
        }
        !declined
    }

    fn finish(&mut self, random: &mut Rng) {
        let last = self.last();
        match random.u8(..100) {
            0..30 => {
                self.tell(random, last, Fact::Cancelled);
                if random.u8(..100) < 20 {
                    self.tell(random, last, Fact::Ended);
                }
            }
            30..75 => {
                self.tell(random, last, Fact::Ended);
                if random.u8(..100) < 30 {
                    self.tell(random, last, Fact::NoShow(true));
                    if random.bool() {
                        self.tell(random, last, Fact::NoShow(false));
                    }
                }
            }
            _ => {}
        }
    }

    fn mark_gone(&mut self) {
        let last = self.offset + self.last();
        let gone = |booking: usize, events: &[Event]| {
            let cancelled =
                |event: &&Event| event.booking == booking && event.fact == Fact::Cancelled;
            booking != last || events.iter().any(|event| cancelled(&event))
        };
        let gone: Vec<bool> =
            self.events.iter().map(|event| gone(event.booking, &self.events)).collect();
        for (event, gone) in self.events.iter_mut().zip(gone) {
            event.gone = gone;
        }
    }
}
