//! A delivery in memory.

use std::sync::Arc;

use cal_core::{BookingUid, Delivery, Parsed};
use chrono::{DateTime, Utc};

use crate::{Arrival, Decision, DeliveryId, DeliveryRecord, TaskId, Transition};

use super::Hold;

/// Why a delivery fails here.
const FAILURE: &str = "it could not be read or decided about: the planner panicked";

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) arrival: Arrival,
    pub(super) planned: Option<Planned>,
    /// How many tasks are not settled for good.
    pub(super) open: usize,
    pub(super) tasks: Vec<TaskId>,
}

#[derive(Debug)]
pub(super) struct Planned {
    /// The delivery while a hook may want it; it takes much more room than the body.
    pub(super) delivery: Option<Arc<Delivery>>,
    pub(super) parsed: Parsed,
    pub(super) trigger: Option<String>,
    pub(super) transition: Option<Transition>,
    pub(super) uid: Option<BookingUid>,
    pub(super) at: DateTime<Utc>,
    pub(super) decision: Decision,
    pub(super) holds: Vec<Hold>,
}

impl Entry {
    pub(super) fn record(&self, id: DeliveryId) -> DeliveryRecord {
        let arrival = &self.arrival;
        if self.planned.as_ref().is_some_and(|planned| planned.decision == Decision::Failed) {
            // Whoever lists it must not fail as well.
            let record = DeliveryRecord::new(id, arrival.received_at(), arrival.source());
            let failure = Some(FAILURE.to_owned());
            return DeliveryRecord { decision: Some(Decision::Failed), failure, ..record };
        }
        let kept = self.planned.as_ref().and_then(|planned| planned.delivery.clone());
        let delivery = kept.unwrap_or_else(|| Arc::new(arrival.parse()));
        let event = &delivery.event;
        let headers = arrival.headers().iter();
        let read = || Transition::of(&delivery).map(|transition| transition.change);
        DeliveryRecord {
            headers: headers.map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
            trigger: match &self.planned {
                Some(planned) => planned.trigger.clone(),
                None => event.trigger().map(|trigger| trigger.as_str().to_owned()),
            },
            booking_uid: event.booking_uid().cloned(),
            parsed: Some(delivery.parsed()),
            change: match &self.planned {
                Some(planned) => planned.transition.as_ref().map(|transition| transition.change),
                None => read(),
            },
            decision: self.planned.as_ref().map(|planned| planned.decision),
            delivery: Some(delivery),
            ..DeliveryRecord::new(id, arrival.received_at(), arrival.source())
        }
    }
}
