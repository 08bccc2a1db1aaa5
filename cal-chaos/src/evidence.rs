//! What a run leaves behind: three ledgers that must agree.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use crate::{admin::Ledger, outbox::Tally, provider::Call, schedule::Schedule};

/// What was sent and acknowledged, what the site keeps, and what was received outside.
#[derive(Debug)]
pub(crate) struct Evidence {
    pub(crate) schedule: Arc<Schedule>,
    pub(crate) tally: Tally,
    pub(crate) ledger: Ledger,
    pub(crate) calls: Vec<Call>,
    /// The delivery and the hook of every row that a hook wrote.
    pub(crate) effects: Vec<(String, String)>,
}

impl Evidence {
    /// Returns the ids that each delivery was acknowledged with.
    pub(crate) fn ids(&self) -> BTreeMap<usize, HashSet<&str>> {
        let mut ids: BTreeMap<usize, HashSet<&str>> = BTreeMap::new();
        for ack in &self.tally.acks {
            ids.entry(ack.delivery).or_default().insert(&ack.id);
        }
        ids
    }

    /// Returns what was decided about each delivery of the ledger.
    pub(crate) fn decisions(&self) -> HashMap<&str, Option<&str>> {
        let deliveries = self.ledger.deliveries.iter();
        deliveries.map(|one| (one.id.as_str(), one.decision.as_deref())).collect()
    }

    /// Returns how many applied deliveries each event has, by its place in the schedule.
    ///
    /// Only deliveries that were acknowledged belong to an event.
    pub(crate) fn applied(&self) -> BTreeMap<usize, usize> {
        let decisions = self.decisions();
        let mut applied = BTreeMap::new();
        for (delivery, ids) in self.ids() {
            let count =
                ids.iter().filter(|id| decisions.get(*id) == Some(&Some("applied"))).count();
            *applied.entry(self.schedule.deliveries[delivery].event).or_default() += count;
        }
        applied
    }

    /// Returns the deliveries that a hook is done with.
    pub(crate) fn done(&self, hook: &str) -> HashSet<&str> {
        let tasks = self.ledger.tasks.iter();
        let done = tasks.filter(|task| task.hook == hook && task.state == "done");
        done.map(|task| task.delivery_id.as_str()).collect()
    }

    /// Says what an event is, for a person.
    pub(crate) fn describe(&self, event: usize) -> String {
        let event = &self.schedule.events[event];
        format!("{:?} of {}", event.fact, self.schedule.bookings[event.booking].uid)
    }
}
