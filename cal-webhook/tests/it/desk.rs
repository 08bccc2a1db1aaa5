//! A store without a database: it plans deliveries, and keeps which tasks are still valid.

use std::collections::{BTreeMap, HashMap, HashSet};

use cal_core::{BookingId, BookingUid, Delivery};
use cal_webhook::{
    BookingRow, Chains, Change, Changes, Decision, Reading, Ruling, SeatRow, Turn, Value,
};
use chrono::{DateTime, TimeDelta, Utc};

/// When deliveries arrive: later than any of them was sent.
pub(crate) const NOW: DateTime<Utc> = DateTime::from_timestamp(1_800_000_000, 0).unwrap();

/// How long a payment waits for its booking.
const PATIENCE: TimeDelta = TimeDelta::seconds(30);

/// Plans one delivery after the other with all that is known at hand.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    pub(crate) chains: Chains,
    pub(crate) jobs: Vec<Job>,
    /// Whether it keeps nothing, so that no chain has a name that lasts.
    pub(crate) is_hasty: bool,
    held: Vec<Reading>,
}

/// A task of the only hook.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) uid: Option<BookingUid>,
    pub(crate) seat: Option<i32>,
    pub(crate) rank: i16,
    pub(crate) change: Change,
    pub(crate) is_valid: bool,
    /// The chain within which tasks run one after the other.
    pub(crate) lane: Option<BookingUid>,
}

pub(crate) fn reading(body: &str) -> Reading {
    Reading::of(&Delivery::parse(body.to_owned()), NOW).unwrap()
}

impl Desk {
    /// Plans a body, and then the payments that have waited for it.
    pub(crate) fn tell(&mut self, body: &str) -> Ruling {
        self.plan(&reading(body))
    }

    /// Plans a body, and returns what was decided.
    pub(crate) fn told(&mut self, body: &str) -> Decision {
        self.tell(body).decision
    }

    pub(crate) fn plan(&mut self, reading: &Reading) -> Ruling {
        let ruling = self.chains.decide(reading, Turn::First, NOW);
        self.write_down(&ruling);
        if ruling.decision == Decision::Early {
            assert_eq!(ruling.held_until, Some(NOW + PATIENCE));
            self.held.push(reading.clone());
        }
        self.release(|chains, reading| {
            let booking = reading.uids().next().and_then(|uid| chains.booking(uid));
            booking.is_some_and(|booking| booking.known)
        });
        ruling
    }

    /// Lets half a minute pass; returns what was decided about what has waited.
    pub(crate) fn wait(&mut self) -> Vec<Ruling> {
        self.release(|_, _| true)
    }

    fn release(&mut self, is_due: impl Fn(&Chains, &Reading) -> bool) -> Vec<Ruling> {
        let held = std::mem::take(&mut self.held);
        let mut rulings = Vec::new();
        for reading in held {
            if !is_due(&self.chains, &reading) {
                self.held.push(reading);
                continue;
            }
            let ruling = self.chains.decide(&reading, Turn::Held, NOW + PATIENCE);
            self.write_down(&ruling);
            rulings.push(ruling);
        }
        rulings
    }

    fn write_down(&mut self, ruling: &Ruling) {
        let changes = (!self.is_hasty).then(|| self.chains.take_changes());
        for (old, new) in changes.unwrap_or_default().renamed {
            for job in self.jobs.iter_mut().filter(|job| job.lane.as_ref() == Some(&old)) {
                job.lane = Some(new.clone());
            }
        }
        for overtaken in &ruling.overtaken {
            for job in self.jobs.iter_mut().filter(|job| job.uid.as_ref() == Some(&overtaken.uid)) {
                let is_meant = overtaken.seat.is_none() || overtaken.seat == job.seat;
                job.is_valid &= !(is_meant && job.rank < overtaken.below);
            }
        }
        if ruling.decision == Decision::Applied {
            let chain = ruling.uid.as_ref().and_then(|uid| self.chains.booking(uid));
            self.jobs.push(Job {
                uid: ruling.uid.clone(),
                seat: ruling.seat,
                rank: ruling.rank,
                change: ruling.transition.change,
                is_valid: true,
                lane: chain.map(|row| row.chain),
            });
        }
    }

    /// The row as people see it: with the name of its chain, and paid if one before it was.
    pub(crate) fn row(&self, uid: &str) -> BookingRow {
        self.public(&uid.into()).unwrap()
    }

    pub(crate) fn public(&self, uid: &BookingUid) -> Option<BookingRow> {
        let mut row = self.chains.booking(uid)?;
        row.chain = self.chains.first_of(uid)?.clone();
        row.paid = self.chains.is_paid(uid);
        Some(row)
    }

    /// What tasks about a booking are still to be done, in the order in which they were made.
    pub(crate) fn valid(&self, uid: &str) -> Vec<Change> {
        let about = |job: &&Job| job.uid.as_ref().is_some_and(|own| own.as_str() == uid);
        self.jobs.iter().filter(|job| job.is_valid).filter(about).map(|job| job.change).collect()
    }
}

/// What a database keeps; it looks up only what deliveries ask for.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    pub(crate) rows: BTreeMap<BookingUid, BookingRow>,
    pub(crate) seats: BTreeMap<(BookingUid, i64), SeatRow>,
    sizes: BTreeMap<BookingUid, u64>,
    pub(crate) values: BTreeMap<String, Value>,
    numbers: HashMap<BookingId, BookingUid>,
    identities: HashSet<String>,
    held: Vec<Reading>,
    /// How many rows were looked up, and kept, for the last batch.
    pub(crate) work: (usize, usize),
}

impl Kept {
    /// Plans a batch of deliveries in a round of its own.
    pub(crate) fn plan(&mut self, batch: &[Reading]) -> Vec<Ruling> {
        let mut chains = self.load(batch);
        let mut rulings = Vec::new();
        for reading in batch {
            let ruling = chains.decide(reading, Turn::First, NOW);
            if ruling.decision == Decision::Early {
                self.held.push(reading.clone());
            }
            rulings.push(ruling);
        }
        self.identities.extend(batch.iter().filter_map(Reading::identity).map(str::to_owned));
        self.keep(chains.take_changes());
        rulings
    }

    /// Decides about what was held back, after its time.
    pub(crate) fn wait(&mut self) {
        let held = std::mem::take(&mut self.held);
        let mut chains = self.load(&held);
        for reading in &held {
            chains.decide(reading, Turn::Held, NOW + PATIENCE);
        }
        self.keep(chains.take_changes());
    }

    fn load(&mut self, batch: &[Reading]) -> Chains {
        let mut chains = Chains::default();
        for key in batch.iter().flat_map(Reading::keys) {
            let Some(known) = self.values.get(key).cloned() else { continue };
            chains.insert_value(key.to_owned(), Value::new(known.value, known.at, known.number));
        }
        for identity in batch.iter().filter_map(Reading::identity) {
            if self.identities.contains(identity) {
                chains.insert_identity(identity.to_owned());
            }
        }
        let batch: Vec<&Reading> = batch.iter().collect();
        let mut loaded = HashSet::new();
        self.work = (0, 0);
        loop {
            let wants = chains.wants(&batch, &[]);
            if wants.is_empty() {
                return chains;
            }
            let numbers = wants.numbers.iter().filter_map(|number| self.numbers.get(number));
            let mut uids: Vec<BookingUid> = wants.bookings.iter().chain(numbers).cloned().collect();
            let rest = |row: &&BookingRow| !loaded.contains(&row.uid) && !uids.contains(&row.uid);
            let of = |chain: &BookingUid| {
                let chain = chain.clone();
                self.rows.values().filter(rest).filter(move |row| row.chain == chain)
            };
            let latest = wants
                .latest
                .iter()
                .filter_map(|chain| of(chain).max_by_key(|row| (row.place, row.uid.clone())));
            let before = wants.before.iter().filter_map(|it| {
                let below = |row: &&BookingRow| (row.place.made, &row.uid) < (it.made, &it.uid);
                of(&it.chain).filter(below).max_by_key(|row| (row.place.made, row.uid.clone()))
            });
            let found: Vec<_> = latest.chain(before).map(|row| row.uid.clone()).collect();
            uids.extend(found);
            for uid in uids {
                let Some(row) = self.rows.get(&uid).cloned() else { continue };
                loaded.insert(uid);
                self.work.0 += 1;
                let size = self.sizes.get(&row.chain).copied().unwrap_or(1);
                let BookingRow { uid, chain, number, about, replaced, facts, .. } = row;
                chains.insert(BookingRow::kept(uid, chain, (number, replaced), about, facts), size);
            }
            let is_wanted = |row: &&SeatRow| {
                let reference = row.reference.clone().unwrap_or_default();
                wants.people.contains(&(row.uid.clone(), row.attendee.clone()))
                    || wants.references.contains(&(row.uid.clone(), reference))
            };
            for row in self.seats.values().filter(is_wanted).cloned() {
                self.work.0 += 1;
                let facts = row.facts.unwrap_or_default();
                chains.insert_seat(SeatRow::kept(row.uid, row.number, facts));
            }
        }
    }

    fn keep(&mut self, changes: Changes) {
        self.work.1 = changes.bookings.len() + changes.seats.len() + changes.sizes.len();
        for (old, new) in changes.renamed {
            self.rows.values_mut().filter(|row| row.chain == old).for_each(|row| {
                row.chain = new.clone();
            });
        }
        for row in changes.bookings {
            if let Some(number) = row.number {
                self.numbers.insert(number, row.uid.clone());
            }
            self.rows.insert(row.uid.clone(), row);
        }
        for row in changes.seats {
            match &row.facts {
                Some(_) => self.seats.insert((row.uid.clone(), row.number), row),
                None => self.seats.remove(&(row.uid, row.number)),
            };
        }
        self.sizes.extend(changes.sizes);
        self.values.extend(changes.values);
    }
}
