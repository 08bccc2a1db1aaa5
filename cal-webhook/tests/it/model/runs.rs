//! Schedules of a story's facts, and what comes of them.

use std::collections::{BTreeMap, HashMap};

use cal_webhook::{BookingRow, BookingState, Change, Decision, Reading, Ruling};
use fastrand::Rng;

use super::{
    story::{Fact, What},
    truth::Row,
};
use crate::{
    desk::{Desk, Kept},
    news::number_of,
};

/// The facts as they happened, or in another order: a little or altogether.
pub(crate) fn shuffled<'a>(facts: &'a [Fact], order: usize, rng: &mut Rng) -> Vec<&'a Fact> {
    let mut schedule: Vec<&Fact> = facts.iter().collect();
    schedule.sort_by_key(|fact| fact.minute);
    match order % 3 {
        _ if order == 0 => {}
        0 => {
            let keys: Vec<_> = (0..schedule.len()).map(|place| place + rng.usize(..5)).collect();
            let mut keyed: Vec<_> = keys.into_iter().zip(schedule).collect();
            keyed.sort_by_key(|(key, _)| *key);
            schedule = keyed.into_iter().map(|(_, fact)| fact).collect();
        }
        _ => rng.shuffle(&mut schedule),
    }
    schedule
}

/// What came of a schedule.
pub(crate) struct Run<'a> {
    pub(crate) desk: Desk,
    pub(crate) decisions: Vec<Ruling>,
    kept: Kept,
    schedule: &'a [&'a Fact],
}

impl<'a> Run<'a> {
    /// Plans one delivery after the other.
    pub(crate) fn whole(schedule: &'a [&'a Fact], is_hasty: bool) -> Self {
        let mut desk = Desk::default();
        desk.is_hasty = is_hasty;
        let decisions = schedule.iter().map(|fact| desk.plan(&fact.reading)).collect();
        desk.wait();
        Self { desk, decisions, kept: Kept::default(), schedule }
    }

    /// Plans in batches, each from what a store has kept.
    pub(crate) fn in_parts(schedule: &'a [&'a Fact], rng: &mut Rng) -> Self {
        let mut kept = Kept::default();
        let mut decisions = Vec::new();
        let mut rest = schedule;
        while !rest.is_empty() {
            let (batch, later) = rest.split_at(rng.usize(1..=rest.len().min(6)));
            let batch: Vec<Reading> = batch.iter().map(|fact| fact.reading.clone()).collect();
            decisions.extend(kept.plan(&batch));
            rest = later;
        }
        kept.wait();
        Self { desk: Desk::default(), decisions, kept, schedule }
    }

    /// The rows of all bookings that a delivery names.
    pub(crate) fn rows(&self) -> BTreeMap<String, BookingRow> {
        let uids = self.schedule.iter().flat_map(|fact| fact.reading.uids());
        let row = |uid| self.kept.rows.get(uid).cloned().or_else(|| self.desk.chains.booking(uid));
        uids.filter_map(|uid| Some((uid.to_string(), row(uid)?))).collect()
    }

    /// The rows as people see them.
    pub(crate) fn public(&self) -> BTreeMap<String, BookingRow> {
        let uids = self.schedule.iter().flat_map(|fact| fact.reading.uids());
        let rows = uids.filter_map(|uid| Some((uid.to_string(), self.desk.public(uid)?)));
        let mut rows: BTreeMap<_, _> = rows.collect();
        for row in rows.values_mut() {
            row.facts.clear();
        }
        rows
    }

    /// Checks that everything ran once, in time, and that only what still holds is left to be done.
    pub(crate) fn check(&self, truth: &BTreeMap<String, Row>) -> Result<(), String> {
        let mut runs: HashMap<(String, What, i64), usize> = HashMap::new();
        for (place, (fact, ruling)) in self.schedule.iter().zip(&self.decisions).enumerate() {
            if ruling.decision != Decision::Applied {
                continue;
            }
            let is_state = fact.seat.is_none() && rank(fact.what).is_some();
            let minute = if is_state { 0 } else { fact.minute };
            let count = runs.entry((fact.uid.clone(), fact.what, minute)).or_default();
            *count += 1;
            if *count > 1 {
                return Err(format!("{fact:?} ran twice"));
            }
            if fact.what == What::Replaced {
                return Err(format!("{fact:?} is told although it is part of a move"));
            }
            // While nobody knows which booking it is about, it goes ahead.
            if !fact.is_nameless()
                && let Some(earlier) = overtaken(fact, &self.schedule[..place])
            {
                return Err(format!("{fact:?} ran after {earlier:?}"));
            }
        }
        let payments = |what: &dyn Fn(&&&Fact) -> bool| {
            let mut minutes: Vec<_> =
                self.schedule.iter().filter(what).map(|it| it.minute).collect();
            minutes.sort_unstable();
            minutes.dedup();
            minutes.len()
        };
        let paid = self.desk.jobs.iter().filter(|job| job.change == Change::Paid);
        if paid.clone().count() != payments(&|fact| fact.what == What::Paid)
            || !paid.clone().all(|it| it.is_valid)
        {
            return Err("not every payment ran once".to_owned());
        }
        for job in &self.desk.jobs {
            let row = job.uid.as_ref().and_then(|uid| self.desk.chains.booking(uid));
            if !self.desk.is_hasty && job.lane != row.map(|row| row.chain) {
                return Err(format!("{job:?} is in the wrong lane"));
            }
        }
        truth.iter().try_for_each(|(uid, row)| self.check_jobs(uid, row))
    }

    fn check_jobs(&self, uid: &str, row: &Row) -> Result<(), String> {
        let mut valid = self.desk.valid(uid);
        // What was told before the uid was known goes by the booking's number.
        valid.extend(self.desk.valid(&format!("#{}", number_of(uid))));
        let count = |changes: &[Change]| valid.iter().filter(|it| changes.contains(it)).count();
        let requested = count(&[Change::Requested]);
        let accepted = count(&[Change::Booked, Change::Rescheduled]);
        let rejected = count(&[Change::Rejected]);
        let cancelled = count(&[Change::Cancelled, Change::RescheduleRequested]);
        let expected = match (row.status, row.seats) {
            (BookingState::Accepted, Some(seats)) => (0, seats, 0, cancelled),
            (BookingState::Cancelled, Some(_)) => (0, 0, 0, cancelled.max(1)),
            (BookingState::Moved, Some(_)) => (0, 0, 0, cancelled),
            (BookingState::Pending, _) => (1, 0, 0, 0),
            (BookingState::Accepted | BookingState::Ended, None) => (0, 1, 0, 0),
            (BookingState::Rejected, _) => (0, 0, 1, 0),
            (BookingState::Cancelled, None) => (0, 0, 0, 1),
            // That the guest was asked to choose another time is said before they do.
            _ => (0, 0, 0, 0),
        };
        let found = (requested, accepted, rejected, cancelled);
        let weak = [Change::Started, Change::Ended, Change::LocationChanged, Change::NoShow];
        let is_over = !matches!(
            row.status,
            BookingState::Accepted | BookingState::Ended | BookingState::Pending
        );
        if found != expected || (is_over && count(&weak) > 0) {
            return Err(format!("left to be done about {uid}: {valid:?}, expected {expected:?}"));
        }
        Ok(())
    }
}

/// How far a booking has come by a fact.
fn rank(what: What) -> Option<u8> {
    Some(match what {
        What::Requested => 1,
        What::Accepted => 2,
        What::Rejected => 3,
        What::AskedToMove | What::Cancelled => 4,
        _ => return None,
    })
}

/// The fact by which a later one is out of date.
fn overtaken<'a>(fact: &Fact, earlier: &[&'a Fact]) -> Option<&'a Fact> {
    let standing = match fact.what {
        What::Paid => return None,
        // All but a payment is over with the booking.
        what => rank(what).unwrap_or(2),
    };
    let higher = |other: &&&Fact| other.uid == fact.uid && rank(other.what) > Some(standing);
    if let Some(higher) = earlier.iter().find(higher) {
        return Some(higher);
    }
    // The bookings that the links told so far put into one chain.
    let links = || earlier.iter().copied().chain([fact]).filter(|other| other.chain == fact.chain);
    let mut chain = vec![fact.uid.as_str()];
    let mut size = 0;
    while size < chain.len() {
        size = chain.len();
        for other in links() {
            let Some(link) = &other.link else { continue };
            let ends = [other.uid.as_str(), link.as_str()];
            for end in ends {
                if ends.iter().any(|end| chain.contains(end)) && !chain.contains(&end) {
                    chain.push(end);
                }
            }
        }
    }
    let later = |other: &&&Fact| other.place > fact.place && chain.contains(&other.uid.as_str());
    earlier.iter().find(later).copied()
}
