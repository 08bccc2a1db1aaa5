//! Commits what waits as one group.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use cal_webhook::StoreError;
use futures_util::future::BoxFuture;
use tokio::{
    sync::{Notify, mpsc, oneshot},
    task, time,
};

use crate::time::Micros;

/// How many jobs may wait; who comes later waits for a place.
const QUEUE: usize = 1024;

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
/// There is no timer: a job that comes alone is done at once. Only what has arrived already, and is
/// about to be handed in, is taken along. A job goes on although nobody waits
/// for it any more, so whoever sends a delivery cannot break the group of others by hanging up.
#[derive(Debug)]
pub(crate) struct Grouped<J, R> {
    sender: mpsc::Sender<Job<J, R>>,
    load: Arc<Load>,
}

#[derive(Debug)]
struct Job<J, R> {
    job: J,
    reply: oneshot::Sender<Result<R, Arc<StoreError>>>,
}

#[derive(Debug)]
struct Load {
    waiting: AtomicUsize,
    calm: Notify,
    start: Instant,
    /// When the last group was done, in microseconds after the start; zero when there was none.
    last: AtomicU64,
}

impl<J: Send + 'static, R: Send + 'static> Grouped<J, R> {
    /// Starts a task that does up to `limit` jobs at a time with `work`, which returns one result
    /// for each job, in order.
    pub(crate) fn start<W>(limit: usize, work: W) -> Self
    where
        W: Fn(Vec<J>) -> BoxFuture<'static, Result<Vec<R>, StoreError>> + Send + 'static,
    {
        let (sender, mut jobs) = mpsc::channel::<Job<J, R>>(QUEUE);
        let (waiting, calm, last) = (AtomicUsize::new(0), Notify::new(), AtomicU64::new(0));
        let load = Arc::new(Load { waiting, calm, start: Instant::now(), last });
        let shared = Arc::clone(&load);
        tokio::spawn(async move {
            let mut group = Vec::with_capacity(limit);
            while jobs.recv_many(&mut group, limit).await > 0 {
                gather(&mut jobs, &mut group, limit).await;
                let count = group.len();
                // Whoever gave up will come again.
                let asked = group.drain(..).filter(|job| !job.reply.is_closed());
                let (jobs, replies): (Vec<J>, Vec<_>) =
                    asked.map(|Job { job, reply }| (job, reply)).unzip();
                if !jobs.is_empty() {
                    // Nobody waits for longer. A connection that died without a word would never
                    // answer, and hold up all who come later.
                    let done = time::timeout(DEADLINE, work(jobs)).await;
                    answer(replies, done.unwrap_or_else(|_| Err(late())));
                }
                shared.rest();
                if shared.waiting.fetch_sub(count, Ordering::AcqRel) == count {
                    shared.calm.notify_waiters();
                }
            }
        });
        Self { sender, load }
    }

    /// Hands a job in and waits until its group is done.
    pub(crate) async fn run(&self, job: J) -> Result<R, StoreError> {
        let (reply, done) = oneshot::channel();
        let work = async {
            self.load.waiting.fetch_add(1, Ordering::AcqRel);
            if self.sender.send(Job { job, reply }).await.is_err() {
                self.load.waiting.fetch_sub(1, Ordering::AcqRel);
            }
            done.await
        };
        match time::timeout(DEADLINE, work).await {
            Ok(Ok(Ok(result))) => Ok(result),
            Ok(Ok(Err(error))) => Err(StoreError::caused("the group could not be written", error)),
            Ok(Err(_)) => Err(StoreError::new("the store was opened on a runtime that has ended")),
            Err(_) => Err(late()),
        }
    }

    /// Waits until nothing has come for a moment, but no longer than this, and tells whether it is
    /// calm.
    pub(crate) async fn calm(&self, limit: Duration) -> bool {
        let quiet = async {
            loop {
                let calm = self.load.calm.notified();
                if self.load.waiting.load(Ordering::Acquire) > 0 {
                    calm.await;
                    continue;
                }
                match self.load.restless() {
                    Some(rest) => time::sleep(rest).await,
                    None => return,
                }
            }
        };
        // Those who keep coming do not hold others up for ever.
        time::timeout(limit, quiet).await.is_ok()
    }
}

/// Tells that the deadline has passed.
pub(crate) fn late() -> StoreError {
    StoreError::new("the database did not become free in time")
}

impl Load {
    /// Notes that a group is done.
    fn rest(&self) {
        let micros = u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.last.store(micros.max(1), Ordering::Release);
    }

    /// Returns how long it takes until it has been quiet for long enough.
    fn restless(&self) -> Option<Duration> {
        let last = Duration::from_micros(self.last.load(Ordering::Acquire));
        let quiet = self.start.elapsed().saturating_sub(last);
        (!last.is_zero() && quiet < QUIET).then(|| QUIET.saturating_sub(quiet))
    }
}

/// Lets the requests that have arrived hand in their jobs, as long as that brings more.
async fn gather<J>(jobs: &mut mpsc::Receiver<J>, group: &mut Vec<J>, limit: usize) {
    let mut before = 0;
    while before < group.len() && group.len() < limit {
        before = group.len();
        task::yield_now().await;
        while group.len() < limit
            && let Ok(job) = jobs.try_recv()
        {
            group.push(job);
        }
    }
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
