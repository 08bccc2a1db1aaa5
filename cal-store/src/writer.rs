//! Commits what waits as one group.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use cal_webhook::StoreError;
use futures_util::future::BoxFuture;
use tokio::{
    runtime::Handle,
    sync::oneshot,
    time::{self, Instant},
};

use crate::time::Micros;

/// How long a job may take, from when it was handed in.
pub(crate) const DEADLINE: Duration = Duration::from_secs(6);

/// How long nothing must have come for it to be calm.
///
/// Longer than a sender on the same machine needs from one answer to the next request, so that one
/// that sends delivery after delivery does not wait for what its last one has set off.
const QUIET: Duration = Duration::from_millis(1);

/// A delivery on its way into the table.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) digest: [u8; 32],
    pub(crate) received_at: Micros,
    pub(crate) source: &'static str,
    pub(crate) headers: Option<String>,
    pub(crate) body: Bytes,
}

/// Does jobs in groups: those that came while the last group was written are the next one.
///
/// No task waits for jobs: whoever finds nobody at work does its own job, at once or after a moment in
/// which more may come. It goes on in a task when nobody waits for it any more, and so does what has come
/// meanwhile: whoever sends a delivery and hangs up breaks neither its own nor the group of others.
pub(crate) struct Grouped<J, R>(Arc<Inner<J, R>>);

type Work<J, R> = dyn Fn(Vec<J>) -> BoxFuture<'static, Result<Vec<R>, StoreError>> + Send + Sync;

struct Inner<J, R> {
    limit: usize,
    /// How long more jobs are waited for.
    gather: Duration,
    work: Box<Work<J, R>>,
    queue: Mutex<Queue<J, R>>,
}

struct Queue<J, R> {
    jobs: Vec<Job<J, R>>,
    /// Somebody is at work, and looks here again before leaving.
    is_led: bool,
    /// The last group had more than one job.
    is_crowded: bool,
    /// When the last group was done.
    last: Option<Instant>,
}

struct Job<J, R> {
    job: J,
    reply: oneshot::Sender<Result<R, Arc<StoreError>>>,
}

impl<J: Send + 'static, R: Send + 'static> Grouped<J, R> {
    /// Does up to `limit` jobs at a time with `work`, which returns one result for each job, in
    /// order.
    pub(crate) fn new<W>(limit: usize, gather: Duration, work: W) -> Self
    where
        W: Fn(Vec<J>) -> BoxFuture<'static, Result<Vec<R>, StoreError>> + Send + Sync + 'static,
    {
        let queue = Queue { jobs: Vec::new(), is_led: false, is_crowded: false, last: None };
        Self(Arc::new(Inner { limit, gather, work: Box::new(work), queue: Mutex::new(queue) }))
    }

    /// Hands a job in and waits until its group is done.
    pub(crate) async fn run(&self, job: J) -> Result<R, StoreError> {
        let (reply, done) = oneshot::channel();
        let work = async {
            if let Some(mut lead) = self.enter(Job { job, reply }) {
                gather(self.0.gather).await;
                let group = lead.take();
                lead.write(group).await;
            }
            done.await
        };
        match time::timeout(DEADLINE, work).await {
            Ok(Ok(Ok(result))) => Ok(result),
            Ok(Ok(Err(error))) => Err(StoreError::caused("the group could not be written", error)),
            Ok(Err(_)) => Err(StoreError::new("the group was given up")),
            Err(_) => Err(late()),
        }
    }

    /// Puts a job into the queue, and takes the lead when nobody has it.
    fn enter(&self, job: Job<J, R>) -> Option<Lead<J, R>> {
        let mut queue = self.0.queue();
        queue.jobs.push(job);
        if queue.is_led {
            return None;
        }
        queue.is_led = true;
        let is_crowded = queue.is_crowded;
        drop(queue);
        let lead =
            Lead { inner: Arc::clone(&self.0), is_task: is_crowded, is_over: false, work: None };
        if !is_crowded {
            return Some(lead);
        }
        tokio::spawn(lead.run());
        None
    }

    /// Waits until nothing has come for a moment, but no longer than this, and tells whether it is
    /// calm.
    pub(crate) async fn calm(&self, limit: Duration) -> bool {
        // Those who keep coming do not hold others up for ever.
        let end = Instant::now() + limit;
        while let Some(rest) = self.0.restless() {
            let now = Instant::now();
            if now >= end {
                return false;
            }
            time::sleep(rest.min(end - now)).await;
        }
        true
    }
}

impl<J, R> Inner<J, R> {
    fn queue(&self) -> MutexGuard<'_, Queue<J, R>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns how long it takes until it has been quiet for long enough.
    fn restless(&self) -> Option<Duration> {
        let queue = self.queue();
        if queue.is_led {
            return Some(QUIET);
        }
        let quiet = queue.last?.elapsed();
        (quiet < QUIET).then(|| QUIET.saturating_sub(quiet))
    }
}

impl<J, R> fmt::Debug for Grouped<J, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grouped").finish_non_exhaustive()
    }
}

/// Whoever has it writes; it is handed on, or given up, when it is dropped.
struct Lead<J: Send + 'static, R: Send + 'static> {
    inner: Arc<Inner<J, R>>,
    is_task: bool,
    /// Nothing was waiting.
    is_over: bool,
    /// The group that is being written.
    work: Option<BoxFuture<'static, ()>>,
}

impl<J: Send + 'static, R: Send + 'static> Lead<J, R> {
    /// Writes groups until nothing waits.
    async fn run(mut self) {
        self.finish().await;
        while !self.is_over {
            gather(self.inner.gather).await;
            let group = self.take();
            self.write(group).await;
        }
    }

    /// Takes what waits; when that is nothing, the lead is over.
    fn take(&mut self) -> Vec<Job<J, R>> {
        let mut queue = self.inner.queue();
        let count = queue.jobs.len().min(self.inner.limit);
        if count == 0 {
            queue.is_led = false;
            self.is_over = true;
        } else {
            queue.is_crowded = count > 1;
        }
        queue.jobs.drain(..count).collect()
    }

    async fn write(&mut self, group: Vec<Job<J, R>>) {
        // Whoever gave up will come again.
        let asked = group.into_iter().filter(|job| !job.reply.is_closed());
        let (jobs, replies): (Vec<J>, Vec<_>) =
            asked.map(|Job { job, reply }| (job, reply)).unzip();
        if jobs.is_empty() {
            return;
        }
        let work = (self.inner.work)(jobs);
        self.work = Some(Box::pin(async move {
            // Nobody waits for longer. A connection that died without a word would never answer,
            // and hold up all who come later.
            let done = time::timeout(DEADLINE, work).await;
            answer(replies, done.unwrap_or_else(|_| Err(late())));
        }));
        self.finish().await;
    }

    /// Lets the group that is being written be written to its end.
    async fn finish(&mut self) {
        if let Some(work) = &mut self.work {
            work.await;
            self.work = None;
            self.inner.queue().last = Some(Instant::now());
        }
    }
}

impl<J: Send + 'static, R: Send + 'static> Drop for Lead<J, R> {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let mut queue = self.inner.queue();
        let is_left = self.work.is_some() || !queue.jobs.is_empty();
        // A task that ends before its time has panicked, or its runtime has ended.
        let runtime = Handle::try_current().ok().filter(|_| is_left && !self.is_task);
        let Some(runtime) = runtime else {
            queue.is_led = false;
            queue.jobs.clear();
            return;
        };
        drop(queue);
        let (inner, work) = (Arc::clone(&self.inner), self.work.take());
        runtime.spawn(Self { inner, is_task: true, is_over: false, work }.run());
    }
}

async fn gather(moment: Duration) {
    if !moment.is_zero() {
        time::sleep(moment).await;
    }
}

/// Tells that the deadline has passed.
pub(crate) fn late() -> StoreError {
    StoreError::new("the database did not become free in time")
}

fn answer<R>(
    replies: Vec<oneshot::Sender<Result<R, Arc<StoreError>>>>,
    done: Result<Vec<R>, StoreError>,
) {
    match done {
        Ok(results) => {
            for (reply, result) in replies.into_iter().zip(results) {
                let _ = reply.send(Ok(result));
            }
        }
        Err(error) => {
            let error = Arc::new(error);
            for reply in replies {
                let _ = reply.send(Err(Arc::clone(&error)));
            }
        }
    }
}

/// Puts equal rows together: of each body only the first goes to the database.
///
/// Returns the rows that are left, and for every row the place of the one that stands for it.
pub(crate) fn distinct(rows: Vec<Row>) -> (Vec<Row>, Vec<usize>) {
    let mut places = HashMap::with_capacity(rows.len());
    let mut left = Vec::with_capacity(rows.len());
    let standing = rows.into_iter().map(|row| {
        let next = left.len();
        let place = *places.entry(row.digest).or_insert(next);
        if place == next {
            left.push(row);
        }
        place
    });
    let standing = standing.collect();
    (left, standing)
}
