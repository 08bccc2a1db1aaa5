//! What a hook knows besides the payload.

use std::{collections::BTreeSet, fmt, fmt::Write as _, sync::Arc};

use cal_core::{Booking, Delivery, Event};
use chrono::{DateTime, Utc};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::{
    DeliveryId, HookError, Origin, Store, Task, Transition, newest, origin, worker::ErasedStore,
};

/// How many moves back it is looked for what the booking page stored.
const MOVES: usize = 16;

/// What a hook knows besides the payload; cheap to clone.
#[derive(Clone)]
pub struct Context {
    task: Arc<Task>,
    store: Option<Arc<dyn ErasedStore>>,
}

impl Context {
    /// Makes the context in which a task runs.
    #[must_use]
    pub fn new(task: Arc<Task>) -> Self {
        Self { task, store: None }
    }

    /// Makes the context in which a task of a store runs.
    pub(crate) fn of(task: Arc<Task>, store: Option<Arc<dyn ErasedStore>>) -> Self {
        Self { task, store }
    }

    /// Gives it a store to ask what has changed meanwhile, unless it has one.
    ///
    /// A [`Receiver`](crate::Receiver) gives hooks its own; a [`Dispatcher`](crate::Dispatcher) that
    /// runs alone has none.
    #[must_use]
    pub fn or_store(self, store: impl Store) -> Self {
        let Self { task, store: own } = self;
        Self { task, store: own.or_else(|| Some(Arc::new(store))) }
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

    /// Returns the booking that the delivery is about, if it carries one, as it was reported then.
    #[must_use]
    pub fn booking(&self) -> Option<&Booking> {
        self.event().booking().map(AsRef::as_ref)
    }

    /// Returns the booking as it is known now: what was reported since the delivery is in it.
    ///
    /// Time, place, people, answers and languages are those of the newest report that tells them; what
    /// the delivery leaves out, the reports before tell. Of a booking with seats only the time, the place
    /// and the hosts are. All else is the delivery's. Without a store it is what the delivery says.
    ///
    /// A message that is sent later must say what is true then: read this, and take the key from
    /// [`Context::key_for`].
    ///
    /// # Errors
    ///
    /// Fails when the store is out of reach.
    pub async fn newest(&self) -> Result<Option<Booking>, HookError> {
        let reports = match (&self.store, self.event().booking_uid()) {
            (Some(store), Some(uid)) => store.reports(uid).await?,
            _ => Vec::new(),
        };
        Ok(newest::newest(self.delivery(), reports))
    }

    /// Returns where the booking comes from: what the booking page stored with it or with those that it
    /// replaced, and the first of those.
    ///
    /// A payment, a move or a cancellation does not tell the visitor and the campaign, earlier reports
    /// do. What a later report tells counts more. Of a booking with seats only the reports about the same
    /// person count.
    ///
    /// # Errors
    ///
    /// Fails when the store is out of reach.
    pub async fn origin(&self) -> Result<Origin, HookError> {
        let mut origin = Origin::of(self.delivery());
        let transition = self.transition();
        let root = transition.and_then(|transition| transition.root.clone());
        let mut told = transition.and_then(Transition::predecessor).or(root.as_ref()).cloned();
        let own = || self.event().booking_uid().cloned();
        let Some(store) = &self.store else {
            origin.first = root.or(told).or_else(own);
            return Ok(origin);
        };
        let mut next = own();
        let mut seen = BTreeSet::new();
        while let Some(uid) = next.filter(|uid| seen.len() <= MOVES && !seen.contains(uid)) {
            origin.first = Some(uid.clone());
            let reports = origin.add(store.reports(&uid).await?);
            seen.insert(uid);
            next = told.take().or_else(|| origin::predecessor(&reports));
        }
        origin.first = root.or(origin.first);
        Ok(origin)
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

    /// Returns a key that stands for these facts alone: give it to a side that refuses another content
    /// under a key that it knows.
    ///
    /// It is [`Context::idempotency_key`] for what the first attempt told, which the store remembers, and
    /// `key/<8 hex>` for any other facts. Take what is told of [`Context::newest`], and not the text that
    /// is written of it: a template that changes makes no news.
    ///
    /// # Errors
    ///
    /// Fails when the facts are none that JSON can hold, and when the store is out of reach.
    pub async fn key_for(&self, facts: &(impl Serialize + Sync)) -> Result<String, HookError> {
        let key = self.idempotency_key();
        let Some(store) = &self.store else { return Ok(key) };
        let facts = digest(facts)?;
        let first = store.keep_facts(&self.task, &facts).await?;
        Ok(if first == facts { key } else { format!("{key}/{}", short(&facts)) })
    }

    /// Returns a key for one of several things that a task tells, `key/<8 hex>` from the first attempt
    /// on. Their facts must tell them apart, by the reader for instance.
    ///
    /// # Errors
    ///
    /// Fails when the facts are none that JSON can hold.
    pub fn key_among(&self, facts: &impl Serialize) -> Result<String, HookError> {
        Ok(format!("{}/{}", self.idempotency_key(), short(&digest(facts)?)))
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("task", &self.task).finish_non_exhaustive()
    }
}

/// Writes the first half of the SHA-256 of facts in hex.
fn digest(facts: &impl Serialize) -> Result<String, HookError> {
    let bytes = serde_json::to_vec(facts).map_err(HookError::permanent)?;
    let mut hex = String::with_capacity(32);
    for byte in Sha256::digest(bytes).iter().take(16) {
        // Writing into a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    Ok(hex)
}

fn short(digest: &str) -> &str {
    digest.get(..8).unwrap_or(digest)
}
