//! Where deliveries are kept until every hook is done with them.

use std::{fmt, future::Future, sync::Arc, time::Duration};

use bytes::Bytes;
use cal_core::Delivery;
use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use crate::{StoreError, Transition, Verified, clock, signature::Tag};

/// Where deliveries are kept until every hook is done with them.
///
/// A delivery is *accepted* before it is acknowledged. Then it is *planned*: read, compared with
/// what came before, and turned into one task for every hook. Tasks are *claimed*, run and
/// *settled*; one that waits can be *moved* in time or *cancelled*. A claim is a lease: a task that
/// was not settled in time is claimed again, and the late settlement is refused.
///
/// [`MemoryStore`](crate::MemoryStore) keeps everything in memory. Every method may fail when the
/// store is out of reach; nothing may be lost by calling it again.
pub trait Store: Send + Sync + 'static {
    /// Keeps a delivery, unless the same bytes are kept already.
    ///
    /// When this returns, the delivery survives whatever the store promises to survive.
    fn accept(&self, arrival: Arrival)
    -> impl Future<Output = Result<Accepted, StoreError>> + Send;

    /// Plans what was accepted and not planned yet, for the hooks with these names.
    ///
    /// Returns how many deliveries were planned; the store may leave some for the next call.
    fn plan(&self, hooks: &[String]) -> impl Future<Output = Result<usize, StoreError>> + Send;

    /// Takes up to `limit` tasks of a hook that are due, each for the time of the lease.
    ///
    /// Tasks of one hook about one booking come one after the other, in order.
    fn claim(
        &self,
        hook: &str,
        limit: usize,
        lease: Duration,
    ) -> impl Future<Output = Result<Vec<Task>, StoreError>> + Send;

    /// Writes down how a claimed task ended; `false` when the claim was lost meanwhile.
    fn settle(
        &self,
        task: &Task,
        settlement: Settlement,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Sets when a waiting task is due; `false` when no such task waits.
    fn move_to(
        &self,
        task: TaskId,
        due_at: DateTime<Utc>,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Drops a waiting task; `false` when no such task waits.
    fn cancel(&self, task: TaskId) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Waits until there may be something to plan, or to claim for one of these hooks.
    fn wake(&self, hooks: &[&str]) -> impl Future<Output = ()> + Send;
}

/// A delivery on its way into the store.
#[derive(Clone)]
pub struct Arrival {
    body: Bytes,
    fingerprint: Tag,
    headers: Vec<(&'static str, String)>,
    received_at: DateTime<Utc>,
    source: Source,
}

impl Arrival {
    /// Takes a verified delivery in, at this moment.
    #[must_use]
    pub fn new(verified: Verified) -> Self {
        let (body, fingerprint) = verified.into_parts();
        Self {
            body,
            fingerprint,
            headers: Vec::new(),
            received_at: clock::now(),
            source: Source::Webhook,
        }
    }

    /// Keeps headers beside the body.
    #[must_use]
    pub fn with_headers(mut self, headers: Vec<(&'static str, String)>) -> Self {
        self.headers = headers;
        self
    }

    /// Copies the body out of the buffer that it was read into, which may be much larger.
    pub(crate) fn compact(&mut self) {
        self.body = Bytes::copy_from_slice(&self.body);
    }

    /// Pretends that the delivery came at another time.
    #[cfg(test)]
    pub(crate) fn received(mut self, at: DateTime<Utc>) -> Self {
        self.received_at = at;
        self
    }

    /// Returns the raw bytes.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Returns what equal bodies have in common as long as the secrets stay: it cost nothing, as
    /// verifying has made it.
    pub(crate) fn fingerprint(&self) -> Tag {
        self.fingerprint
    }

    /// Returns when the delivery was received.
    #[must_use]
    pub fn received_at(&self) -> DateTime<Utc> {
        self.received_at
    }

    /// Reads the body.
    #[must_use]
    pub fn parse(&self) -> Delivery {
        Delivery::parse(self.body.clone())
    }

    /// Returns the headers that are kept beside the body, their names in lower case.
    #[must_use]
    pub fn headers(&self) -> &[(&'static str, String)] {
        &self.headers
    }

    /// Returns where the delivery came from.
    #[must_use]
    pub fn source(&self) -> Source {
        self.source
    }
}

/// Shows the size of the body instead of the body: it holds personal data.
impl fmt::Debug for Arrival {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arrival")
            .field("size", &self.body.len())
            .field("received_at", &self.received_at)
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

/// What became of a delivery that was offered to the store.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Accepted {
    /// The same bytes are kept already, under this id.
    Duplicate(DeliveryId),
    /// The delivery is kept under this id.
    Stored(DeliveryId),
}

/// One hook's work on one delivery.
#[derive(Clone, Debug)]
pub struct Task {
    /// The task's id.
    pub id: TaskId,
    /// The delivery's id.
    pub delivery_id: DeliveryId,
    /// The hook's name.
    pub hook: String,
    /// Which attempt this is, from 1; also the fence of the claim.
    pub attempt: u32,
    /// When the task was due.
    pub due_at: DateTime<Utc>,
    /// When the delivery was received.
    pub received_at: DateTime<Utc>,
    /// What happened; `None` for unknown triggers and opaque bodies.
    pub transition: Option<Transition>,
    /// The delivery.
    pub delivery: Arc<Delivery>,
}

/// How a claimed task ended.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Settlement {
    /// It failed for good.
    Dead {
        /// Why it failed.
        error: String,
    },
    /// It succeeded.
    Done,
    /// It failed for now.
    Retry {
        /// When it is due again.
        at: DateTime<Utc>,
        /// Why it failed.
        error: String,
    },
}

/// The state of a task.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum TaskState {
    /// It failed for good, or too often.
    Dead,
    /// It succeeded.
    Done,
    /// It failed and waits for the next attempt.
    Retry,
    /// It is claimed.
    Running,
    /// It was cancelled.
    Skipped,
    /// It waits for its first attempt.
    Waiting,
}

/// What a delivery meant after all that came before.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Decision {
    /// It was new; every hook has a task.
    Applied,
    /// Its subject had reached this state before; no hook runs.
    Same,
    /// It came too late to act upon; no hook runs.
    Stale,
}

/// Where a delivery came from.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Source {
    /// A webhook.
    Webhook,
}

macro_rules! ids {
    ($( $(#[$doc:meta])* $name:ident, )+) => { $(
        $(#[$doc])*
        ///
        /// A UUID of version 7: ids sort by the time at which they were made.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Makes a new id.
            #[must_use]
            #[expect(clippy::new_without_default, reason = "every id is another one")]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )+ };
}

ids! {
    /// The id of a stored delivery.
    DeliveryId,
    /// The id of a task.
    TaskId,
}
