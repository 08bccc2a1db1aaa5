//! Plans deliveries in memory: decides what each means, and makes its tasks.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use bytes::Bytes;
use cal_core::{Delivery, Parsed};
use chrono::{DateTime, Utc};

use crate::{
    Decision, DeliveryId, Dispatcher, EndedSeries, Overtaken, Reading, Reminder, Ruling, TaskId,
    TaskRecord, TaskState, Turn, clock::Moment, crash, log::quietly, metrics,
};

use super::{
    Held, Hold, Ledger,
    entry::Planned,
    queue::{Standing, Work},
};

/// How many bytes the bodies may have together that are read at a time, unless a single one has more.
const ROUND: usize = 8 * 1024 * 1024;

/// Deciding about a delivery panicked.
struct Panicked;

impl Ledger {
    /// Takes bodies to read; what was taken must be given to [`Ledger::plan`].
    pub(in crate::memory) fn unplanned(
        &mut self,
        limit: usize,
    ) -> Vec<(DeliveryId, Bytes, DateTime<Utc>)> {
        let mut bytes = 0;
        let fits = |id: &&DeliveryId| {
            let is_first = bytes == 0;
            bytes += self.deliveries.get(id).map_or(0, |entry| entry.arrival.body().len()).max(1);
            is_first || bytes <= ROUND
        };
        let count = self.unplanned.iter().take(limit).take_while(fits).count();
        let ids: Vec<_> = self.unplanned.drain(..count).collect();
        ids.into_iter()
            .filter_map(|id| {
                let arrival = &self.deliveries.get(&id)?.arrival;
                Some((id, arrival.body().clone(), arrival.received_at()))
            })
            .collect()
    }

    pub(in crate::memory) fn plan(
        &mut self,
        id: DeliveryId,
        delivery: Delivery,
        reading: Option<&Reading>,
        hooks: &Dispatcher,
        now: Moment,
    ) {
        let ruling = match reading.map(|it| self.decide(it, &delivery, Turn::First, now.wall())) {
            Some(Err(Panicked)) => return self.fail(id),
            Some(Ok(ruling)) => Some(ruling),
            None => None,
        };
        let holds = reading.map(|reading| self.hold(reading, ruling.as_ref()));
        let holds = holds.unwrap_or_default();
        let Some(entry) = self.deliveries.get_mut(&id) else { return };
        let received_at = entry.arrival.received_at();
        entry.planned = Some(Planned {
            parsed: delivery.parsed(),
            trigger: delivery.event.trigger().map(|trigger| trigger.as_str().to_owned()),
            at: delivery.created_at.unwrap_or(received_at),
            delivery: Some(Arc::new(delivery)),
            transition: None,
            uid: None,
            decision: Decision::Applied,
            holds,
        });
        self.rule(id, ruling, reading, hooks, now);
    }

    /// Decides what a delivery means, and drops the tasks that it leaves behind.
    fn decide(
        &mut self,
        reading: &Reading,
        delivery: &Delivery,
        turn: Turn,
        now: DateTime<Utc>,
    ) -> Result<Ruling, Panicked> {
        // What a decision that panics has added are facts, which stay true.
        let decided = catch_unwind(AssertUnwindSafe(|| {
            crash::panic_over("deciding", delivery.body());
            self.chains.decide(reading, turn, now)
        }));
        let ruling = decided.map_err(|_| Panicked)?;
        self.supersede(&ruling);
        Ok(ruling)
    }

    /// Sets a delivery aside that cannot be planned, so that others can.
    pub(in crate::memory) fn fail(&mut self, id: DeliveryId) {
        let Some(entry) = self.deliveries.get_mut(&id) else { return };
        quietly(|| {
            tracing::error!(delivery = %id, "a delivery cannot be planned and is set aside");
        });
        metrics::failed();
        entry.planned = Some(Planned {
            // Its bytes recognise it: nobody knows what it says.
            parsed: Parsed::Unknown,
            trigger: None,
            at: entry.arrival.received_at(),
            delivery: None,
            transition: None,
            uid: None,
            decision: Decision::Failed,
            holds: Vec::new(),
        });
        self.finished.push_back(id);
    }

    /// Holds on to what the chains know because of a delivery.
    fn hold(&mut self, reading: &Reading, ruling: Option<&Ruling>) -> Vec<Hold> {
        let mut holds = holds(reading, ruling);
        holds.retain(|hold| match hold {
            Hold::Booking(uid) => self.chains.hold(uid),
            Hold::Identity(_) | Hold::Value(_) => {
                *self.holds.entry(hold.clone()).or_default() += 1;
                true
            }
        });
        holds
    }

    /// Decides again about deliveries whose booking has come, or that have waited long enough.
    pub(in crate::memory) fn release_held(&mut self, hooks: &Dispatcher, now: Moment) -> usize {
        let held = std::mem::take(&mut self.held);
        let mut released = 0;
        for waiting in held {
            let Held { until, id, reading } = &waiting;
            let planned = self.deliveries.get(id).and_then(|entry| entry.planned.as_ref());
            let Some(delivery) = planned.and_then(|it| it.delivery.clone()) else { continue };
            // A fee names its booking by a number that may have become known meanwhile.
            let uid = self.chains.uid_of(reading);
            let is_late = *until <= now.machine();
            if !is_late && !uid.is_some_and(|uid| self.chains.is_known(&uid)) {
                self.held.push(waiting);
                continue;
            }
            released += 1;
            // Waiting goes by the machine's clock.
            let wall = if is_late { DateTime::<Utc>::MAX_UTC } else { now.wall() };
            match self.decide(reading, &delivery, Turn::Held, wall) {
                Ok(ruling) => self.rule(*id, Some(ruling), Some(reading), hooks, now),
                Err(Panicked) => self.fail(*id),
            }
        }
        released
    }

    /// Writes down what was decided, and makes the tasks.
    fn rule(
        &mut self,
        id: DeliveryId,
        ruling: Option<Ruling>,
        reading: Option<&Reading>,
        hooks: &Dispatcher,
        now: Moment,
    ) {
        // There is no state to compare of what nobody understands; it reaches the hooks.
        let decision = ruling.as_ref().map_or(Decision::Applied, |ruling| ruling.decision);
        let Some(entry) = self.deliveries.get_mut(&id) else { return };
        let Some(planned) = &mut entry.planned else { return };
        planned.decision = decision;
        planned.uid = ruling.as_ref().and_then(|ruling| ruling.uid.clone());
        planned.transition = ruling.as_ref().map(|ruling| ruling.transition.clone());
        let received_at = entry.arrival.received_at();
        let ended = planned.delivery.as_deref().zip(ruling.as_ref());
        let ended = ended.and_then(|(it, ruling)| EndedSeries::of(it, ruling, received_at));
        let until = ruling.as_ref().and_then(|ruling| ruling.held_until);
        if let Some((until, reading)) = until.zip(reading) {
            let (until, reading) = (now.machine_at(until), reading.clone());
            self.held.push(Held { until, id, reading });
            return;
        }
        let mut works = Vec::new();
        if decision == Decision::Applied {
            let delivery = planned.delivery.as_deref();
            let received_at = entry.arrival.received_at();
            for hook in hooks.told(ruling.as_ref()) {
                let told = planned.transition.as_ref().zip(delivery);
                let mut at_once = TaskRecord::new(TaskId::new(), id, hook.to_owned(), received_at);
                at_once.expires_at =
                    told.and_then(|(now, delivery)| hooks.expiry(hook, now, delivery, received_at));
                let wanted = told.map(|(now, delivery)| hooks.reminders(hook, now, delivery));
                let later = wanted.iter().flatten().map(|reminder| later(&at_once, reminder));
                let later: Vec<_> = later.collect();
                works.push(at_once);
                works.extend(later);
            }
        }
        entry.open = works.len();
        entry.tasks = works.iter().map(|record| record.id).collect();
        if works.is_empty() {
            planned.delivery = None;
            self.finished.push_back(id);
        }
        let chain = planned.uid.as_ref().and_then(|uid| self.chains.chain_of(uid)).cloned();
        let standing = ruling.map(Standing::of);
        for record in works {
            // Reminders stand outside the order of their chain.
            let lane = chain.clone().filter(|_| record.reminder.is_none());
            let due = now.machine_at(record.due_at);
            let expires = record.expires_at.map(|at| now.machine_at(at));
            self.queue.add(Work::new(record, lane, standing.clone(), (due, expires)));
        }
        if let Some(ended) = ended {
            self.end_series(&ended);
        }
    }

    /// Drops the tasks about the other occurrences of a series that was cancelled as a whole.
    fn end_series(&mut self, ended: &EndedSeries) {
        let of_series = self.deliveries.values().filter_map(|entry| {
            // A delivery whose tasks have ended has nothing to drop.
            let planned = entry.planned.as_ref().filter(|_| entry.open > 0)?;
            let is_in = ended.has(planned.delivery.as_ref()?.event.booking()?);
            planned.uid.clone().filter(|_| is_in)
        });
        let overtaken: Vec<_> = of_series.map(|uid| Overtaken::below(uid, ended.below())).collect();
        for task in overtaken
            .iter()
            .flat_map(|overtaken| self.queue.overtaken(overtaken))
            .collect::<Vec<_>>()
        {
            self.close(task, TaskState::Superseded, None);
        }
    }

    /// Drops the tasks that a decision has left behind.
    fn supersede(&mut self, ruling: &Ruling) {
        for (old, new) in self.chains.take_changes().renamed {
            self.queue.rename(&old, &new);
        }
        for overtaken in &ruling.overtaken {
            for task in self.queue.overtaken(overtaken) {
                self.close(task, TaskState::Superseded, None);
            }
        }
    }
}

/// The task of a reminder that is planned beside the work that follows at once.
fn later(at_once: &TaskRecord, reminder: &Reminder) -> TaskRecord {
    let (due_at, expires_at) = match reminder.is_at_once() {
        true => (at_once.due_at, at_once.expires_at),
        false => (reminder.due_at(), reminder.expiry()),
    };
    let hook = at_once.hook.clone();
    TaskRecord {
        reminder: Some(reminder.name().to_owned()),
        expires_at,
        ..TaskRecord::new(TaskId::new(), at_once.delivery_id, hook, due_at)
    }
}

fn holds(reading: &Reading, ruling: Option<&Ruling>) -> Vec<Hold> {
    let own = ruling.and_then(|ruling| ruling.uid.as_ref());
    let bookings = reading.uids().chain(own).map(|uid| Hold::Booking(uid.clone()));
    let values = reading.keys().map(|key| Hold::Value(key.to_owned()));
    let identity = reading.identity().map(|identity| Hold::Identity(identity.to_owned()));
    bookings.chain(values).chain(identity).collect()
}
