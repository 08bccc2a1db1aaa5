//! What a hook knows besides the payload.

use std::sync::Arc;

use cal_core::{Booking, Delivery, Event};
use chrono::{DateTime, Utc};

use crate::{DeliveryId, Task, Transition};

/// What a hook knows besides the payload; cheap to clone.
#[derive(Clone, Debug)]
pub struct Context {
    task: Arc<Task>,
}

impl Context {
    /// Makes the context in which a task runs.
    #[must_use]
    pub fn new(task: Arc<Task>) -> Self {
        Self { task }
    }

    /// Returns the task that runs.
    #[must_use]
    pub fn task(&self) -> &Task {
        &self.task
    }

    /// Returns the id of the stored delivery.
    #[must_use]
    pub fn delivery_id(&self) -> DeliveryId {
        self.task.delivery_id
    }

    /// Returns when the delivery was received.
    #[must_use]
    pub fn received_at(&self) -> DateTime<Utc> {
        self.task.received_at
    }

    /// Returns when Cal.com reported it, or else when the delivery was received.
    #[must_use]
    pub fn reported_at(&self) -> DateTime<Utc> {
        self.task.delivery.created_at.unwrap_or(self.task.received_at)
    }

    /// Returns what happened; `None` for unknown triggers and opaque bodies.
    #[must_use]
    pub fn transition(&self) -> Option<&Transition> {
        self.task.transition.as_ref()
    }

    /// Returns the delivery with its envelope and raw bytes.
    #[must_use]
    pub fn delivery(&self) -> &Delivery {
        &self.task.delivery
    }

    /// Returns the delivery's event.
    #[must_use]
    pub fn event(&self) -> &Event {
        &self.task.delivery.event
    }

    /// Returns the booking that the delivery is about, if it carries one.
    #[must_use]
    pub fn booking(&self) -> Option<&Booking> {
        self.event().booking().map(AsRef::as_ref)
    }

    /// Returns the name of the reminder that this is; `None` when a delivery came in just now.
    #[must_use]
    pub fn reminder(&self) -> Option<&str> {
        self.task.reminder.as_deref()
    }

    /// Returns which attempt this is, from 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.task.attempt
    }

    /// Returns a key that is the same in every attempt of this hook at this delivery or reminder.
    ///
    /// Pass it to whatever must not happen twice: as `Idempotency-Key`, as part of a `Message-ID`,
    /// as an external id in a CRM. It is `delivery/hook`, or `delivery/hook/reminder`.
    #[must_use]
    pub fn idempotency_key(&self) -> String {
        let Task { delivery_id, hook, reminder, .. } = &*self.task;
        match reminder {
            Some(reminder) => format!("{delivery_id}/{hook}/{reminder}"),
            None => format!("{delivery_id}/{hook}"),
        }
    }
}
