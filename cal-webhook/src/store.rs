//! Where deliveries are kept until every hook is done with them.

mod ids;
mod names;

use std::{fmt, future::Future, sync::Arc, time::Duration};

use bytes::Bytes;
use cal_core::{BookingUid, Delivery};
use chrono::{DateTime, Utc};
use serde::Serialize;

pub use ids::{DeliveryId, TaskId};

use crate::{Dispatcher, StoreError, Transition, Verified, clock, signature::Tag};

/// Where deliveries are kept until every hook is done with them.
///
/// A delivery is *accepted* before it is acknowledged. Then it is *planned*: read, compared with
/// what came before, and turned into one task for every hook. Tasks are *claimed*, run and
/// *settled*; one that waits can be *moved* in time or *cancelled*. A claim is a lease that is
/// *renewed* while the hook runs: a task whose lease has ended is claimed again, and the late
/// settlement is refused.
///
/// [`MemoryStore`](crate::MemoryStore) keeps everything in memory, `cal-store` in SQLite or
/// PostgreSQL. Every method may fail when the store is out of reach; nothing may be lost by calling
/// it again.
pub trait Store: Send + Sync + 'static {
    /// Keeps a delivery, unless the same bytes are kept already.
    ///
    /// When this returns, the delivery survives whatever the store promises to survive.
    fn accept(&self, arrival: Arrival)
    -> impl Future<Output = Result<Accepted, StoreError>> + Send;

    /// Plans what was accepted and not planned yet, and what was held back and may go now.
    ///
    /// Makes one task for every hook of the dispatcher, and those for its reminders; and one for each
    /// other hook that was announced, whose reminders are left to a process that runs it. Returns
    /// how many deliveries were planned; the store may leave some for the next call.
    fn plan(&self, hooks: &Dispatcher) -> impl Future<Output = Result<usize, StoreError>> + Send;

    /// Tells which hooks this process runs, before it accepts its first delivery and now and then
    /// after that.
    ///
    /// A store that processes share makes a task for every hook that any of them has told lately.
    fn announce(&self, hooks: &[&str]) -> impl Future<Output = Result<(), StoreError>> + Send {
        let _ = hooks;
        async { Ok(()) }
    }

    /// Takes tasks that are due, each for the time of the lease: of every hook up to so many.
    ///
    /// Tasks of one hook about one chain of bookings come one after the other, in order; reminders
    /// stand outside that order. A task that is due but has expired is skipped instead, and one
    /// about a change that this [`vocabulary`](crate::vocabulary) lacks is left to a newer process.
    fn claim(
        &self,
        hooks: &[(&str, usize)],
        lease: Duration,
    ) -> impl Future<Output = Result<Vec<Task>, StoreError>> + Send;

    /// Lets the leases of claimed tasks start anew, and returns the ids of those still claimed.
    ///
    /// Whoever runs a task that is missing from the answer has lost it and should stop.
    fn renew(
        &self,
        tasks: &[Arc<Task>],
        lease: Duration,
    ) -> impl Future<Output = Result<Vec<TaskId>, StoreError>> + Send;

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

    /// Lets no task of a hook be claimed for a while: the other side has asked the hook to wait.
    ///
    /// The pause that ends last counts. By default nothing is held back.
    fn pause(
        &self,
        hook: &str,
        time: Duration,
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        let _ = (hook, time);
        async { Ok(()) }
    }

    /// Returns the last reports about a booking that count, the newest first; by default none.
    ///
    /// [`Context::newest`](crate::Context::newest) reads from them what is true now.
    fn reports(
        &self,
        uid: &BookingUid,
    ) -> impl Future<Output = Result<Vec<Arc<Delivery>>, StoreError>> + Send {
        let _ = uid;
        async { Ok(Vec::new()) }
    }

    /// Keeps a digest of the facts that a task is about to tell, unless one is kept from an earlier
    /// attempt, and returns the one that is kept.
    ///
    /// By default none is kept: what a task tells must not change then, see
    /// [`Context::key_for`](crate::Context::key_for).
    fn keep_facts(
        &self,
        task: &Task,
        facts: &str,
    ) -> impl Future<Output = Result<String, StoreError>> + Send {
        let _ = task;
        let facts = facts.to_owned();
        async { Ok(facts) }
    }

    /// Waits until there may be something to plan, or to claim for one of these hooks.
    ///
    /// What happened since it last returned counts, and dropping the future loses none of it. It
    /// need not tell of tasks that a call of `plan` or `settle` by the same worker made due.
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
    /// The name of the reminder that this is; `None` for the work that follows a delivery at once.
    pub reminder: Option<String>,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// Which claim of the task this is: a later claim has a higher fence.
    pub fence: u64,
    /// When the task was due.
    pub due_at: DateTime<Utc>,
    /// How long after its claim the task expires, if it does.
    pub expires_in: Option<Duration>,
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
    /// It was stopped, because the process ends: it is due at once, and the attempt does not count.
    Released,
    /// It failed for now.
    Retry {
        /// After which time it is due again.
        after: Duration,
        /// Why it failed.
        error: String,
    },
}

/// Something to do later because of a delivery; see [`Lifecycle::reminders`](crate::Lifecycle::reminders).
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct Reminder {
    name: String,
    due_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    is_at_once: bool,
}

impl Reminder {
    /// Makes a reminder; of two with one name, planned by one hook for one delivery, one remains.
    pub fn new(name: impl Into<String>, due_at: DateTime<Utc>) -> Self {
        Self { name: name.into(), due_at, expires_at: None, is_at_once: false }
    }

    /// Makes one that is due as soon as the delivery is there, for work that follows at once and has
    /// attempts of its own.
    ///
    /// It expires when the hook's other work at once does, see
    /// [`Lifecycle::expiry`](crate::Lifecycle::expiry).
    pub fn at_once(name: impl Into<String>) -> Self {
        Self { is_at_once: true, ..Self::new(name, DateTime::<Utc>::UNIX_EPOCH) }
    }

    /// Sets from when on it is better skipped than late.
    ///
    /// A failure is followed by another attempt before that while more than ten minutes are left,
    /// unless the other side asks for a longer pause.
    pub fn expires_at(mut self, at: DateTime<Utc>) -> Self {
        self.expires_at = Some(at);
        self
    }

    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns when it is due.
    #[must_use]
    pub fn due_at(&self) -> DateTime<Utc> {
        self.due_at
    }

    /// Returns from when on it is skipped.
    #[must_use]
    pub fn expiry(&self) -> Option<DateTime<Utc>> {
        self.expires_at
    }

    /// Whether it is due as soon as the delivery is there.
    #[must_use]
    pub fn is_at_once(&self) -> bool {
        self.is_at_once
    }
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
    /// It was cancelled, or had expired when it was due.
    Skipped,
    /// Something newer was decided before it was done.
    Superseded,
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
    /// It came before the booking it belongs to, and is held back for up to 30 seconds.
    Early,
    /// It cannot be planned, and was set aside so that others can; no hook runs.
    Failed,
    /// It repeats a delivery with other content; no hook runs.
    Revision,
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
    /// A comparison with what Cal.com's API shows.
    Reconcile,
    /// An operator, who sent a kept delivery through hooks again.
    Replay,
    /// A simulated Cal.com.
    Simulator,
    /// A webhook.
    Webhook,
}
