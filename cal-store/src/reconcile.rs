//! Finds bookings whose webhooks never came.

mod ledger;
mod news;

use std::{
    collections::HashMap,
    panic::AssertUnwindSafe,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use cal_client::{
    List,
    bookings::{Booking, SeesChanges, Sort},
};
use cal_core::BookingUid;
use cal_webhook::{StoreError, log::quietly};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{FutureExt as _, TryStreamExt as _};
use tokio::time::{self, Instant};

use crate::{SqlStore, time::Micros};
use ledger::Mark;
use news::News;

/// How many bookings are asked for at a time.
const PAGE: u32 = 100;

/// Compares the ledger with what Cal.com's API shows, and brings in what is missing.
///
/// Cal.com sends most webhooks once. A sweep asks for all bookings that have changed since the last
/// one, and whatever no webhook has told becomes a delivery, with the source
/// [`Reconcile`](cal_webhook::Source::Reconcile): the same planner decides about it, so each hook
/// runs once, whichever comes first.
///
/// The first sweep of a store only takes note of the bookings there are: no hook runs. A payment
/// that was missed, a seat given up, and a cancellation that asks the guest for another time cannot
/// be told from what the API shows.
///
/// ```no_run
/// # async fn example(store: cal_store::SqlStore) -> Result<(), Box<dyn std::error::Error>> {
/// let client = cal_client::Client::new("cal_live_...")?;
/// let reconciler = cal_store::Reconciler::new(store, client.bookings().list());
/// tokio::spawn(async move { reconciler.run().await });
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Reconciler<S> {
    store: SqlStore,
    list: List<Booking, S>,
    every: Duration,
    age: Duration,
    overlap: Duration,
    look: Duration,
    reach: Duration,
    /// When changes were seen first that were too young then, by a clock that is never set.
    young: Mutex<HashMap<(BookingUid, DateTime<Utc>), Instant>>,
}

/// What a sweep has found.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Sweep {
    /// How many bookings the API showed; some of them every time, for safety.
    pub seen: usize,
    /// How many of the first sweep were taken note of.
    pub imported: usize,
    /// How much no webhook had told, and hooks are told now.
    pub missed: usize,
    /// How many changes are so young that their webhook may be on its way.
    pub young: usize,
}

/// Why a sweep ended early. What it had found until then is kept; the next one goes on there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReconcileError {
    /// The API could not be asked.
    #[error("cal.com's api could not be asked")]
    Api(#[from] cal_client::Error),
    /// The ledger could not be read or written.
    #[error("the store could not be used")]
    Store(#[from] StoreError),
}

impl<S: SeesChanges> Reconciler<S> {
    /// Compares a store with a list of bookings: those of the account, or of an organization.
    #[must_use]
    pub fn new(store: SqlStore, list: List<Booking, S>) -> Self {
        Self {
            store,
            list,
            every: Duration::from_secs(5 * 60),
            age: Duration::from_secs(2 * 60),
            overlap: Duration::from_secs(10 * 60),
            look: Duration::from_secs(60 * 60),
            reach: Duration::from_secs(3 * 24 * 60 * 60),
            young: Mutex::default(),
        }
    }

    /// How long [`run`](Self::run) waits between two sweeps; five minutes unless set.
    #[must_use]
    pub fn every(mut self, interval: Duration) -> Self {
        self.every = interval;
        self
    }

    /// How old a change must be, so that its webhook is not merely on its way; two minutes unless
    /// set.
    #[must_use]
    pub fn age(mut self, age: Duration) -> Self {
        self.age = age;
        self
    }

    /// How far a sweep goes back behind the last one, for changes that became visible late; ten
    /// minutes unless set.
    #[must_use]
    pub fn overlap(mut self, overlap: Duration) -> Self {
        self.overlap = overlap;
        self
    }

    /// How often to look for attendees who were marked as absent, and how long after the end of a
    /// booking; every hour and for three days unless set. The API does not show such marks as
    /// changes.
    #[must_use]
    pub fn absences(mut self, every: Duration, reach: Duration) -> Self {
        self.look = every;
        self.reach = reach;
        self
    }

    /// Sweeps again and again, until it is dropped. Failures are logged; the next sweep goes on.
    pub async fn run(&self) {
        loop {
            let swept = AssertUnwindSafe(self.sweep()).catch_unwind().await;
            quietly(|| match swept {
                Ok(Ok(sweep)) if sweep.missed > 0 => tracing::warn!(?sweep, "webhooks were missed"),
                Ok(Ok(sweep)) => tracing::debug!(?sweep, "swept"),
                Ok(Err(error)) => {
                    let cause = std::error::Error::source(&error).map(ToString::to_string);
                    tracing::warn!(%error, cause, "a sweep ended early");
                }
                Err(_) => tracing::error!("a sweep panicked; the next one goes on"),
            });
            time::sleep(self.every).await;
        }
    }

    /// Sweeps once: what has changed and, when it is time, who was absent.
    ///
    /// # Errors
    ///
    /// Fails when the API or the store cannot be used. What was found until then is kept.
    pub async fn sweep(&self) -> Result<Sweep, ReconcileError> {
        let mut sweep = Sweep::default();
        match self.store.mark(Mark::Cursor).await? {
            None => self.import(&mut sweep).await?,
            Some(cursor) => self.changes(cursor, &mut sweep).await?,
        }
        let now = self.store.now().await?;
        let last = self.store.mark(Mark::Look).await?;
        if last.is_none_or(|last| now - last >= span(self.look)) {
            self.look(now, &mut sweep).await?;
            self.store.set_mark(Mark::Look, now).await?;
        }
        #[cfg(feature = "metrics")]
        metrics::counter!("calcom_missed_total").increment(sweep.missed as u64);
        Ok(sweep)
    }

    /// Takes note of all bookings there are.
    async fn import(&self, sweep: &mut Sweep) -> Result<(), ReconcileError> {
        let start = match self.store.mark(Mark::Start).await? {
            Some(start) => start,
            None => {
                let newest = self.list.clone().sort_updated(Sort::Desc).take(1).await?;
                let newest = newest.items.first().and_then(|booking| booking.updated_at);
                // What is younger is not old news.
                let now = self.store.now().await?;
                let start = newest.unwrap_or(DateTime::UNIX_EPOCH).min(now - span(self.age));
                self.store.set_mark(Mark::Start, start).await?;
                start
            }
        };
        // The time of the booking does not change, so the pages do not move.
        let bookings = self.list.clone().sort_created(Sort::Asc).take(PAGE).stream();
        let mut pages = std::pin::pin!(bookings.try_chunks(PAGE as usize));
        while let Some(page) = pages.try_next().await.map_err(|error| error.1)? {
            sweep.seen += page.len();
            let old = |booking: &&Booking| booking.updated_at.is_none_or(|at| at <= start);
            let old: Vec<_> = page.iter().filter(old).collect();
            sweep.imported += old.len();
            let news: Vec<_> = old.into_iter().flat_map(news::of).collect();
            self.store.import(&news).await?;
        }
        Ok(self.store.set_mark(Mark::Cursor, start).await?)
    }

    /// Brings in what has changed since the cursor.
    async fn changes(
        &self,
        cursor: DateTime<Utc>,
        sweep: &mut Sweep,
    ) -> Result<(), ReconcileError> {
        let mut from = cursor - span(self.overlap);
        let mut skip = 0;
        loop {
            let list = self.list.clone().updated_after(from).sort_updated(Sort::Asc);
            let page = list.take(PAGE).skip(skip).await?;
            let count = page.items.len();
            let is_last = match &page.pagination {
                Some(pagination) => !pagination.has_next_page || count == 0,
                None => count < PAGE as usize,
            };
            let young = page.items.iter().position(|booking| self.is_young(booking));
            let ripe = &page.items[..young.unwrap_or(count)];
            sweep.seen += ripe.len();
            sweep.young += count - ripe.len();
            sweep.missed += self.bring(ripe.iter().flat_map(news::of).collect()).await?;
            let Some(last) = ripe.last().and_then(|booking| booking.updated_at) else {
                return Ok(());
            };
            self.store.set_mark(Mark::Cursor, last).await?;
            if is_last || young.is_some() {
                return Ok(());
            }
            // Bookings that change meanwhile leave their place, so pages go on by time; only where
            // a whole page changed in one moment are its bookings counted.
            skip = if last == from { skip + PAGE } else { 0 };
            from = last;
        }
    }

    /// Brings in who was absent, and who was not after all.
    async fn look(&self, now: DateTime<Utc>, sweep: &mut Sweep) -> Result<(), ReconcileError> {
        let list = self.list.clone().starting_after(now - span(self.reach)).ending_before(now);
        let bookings = list.sort_start(Sort::Asc).take(PAGE).stream();
        let mut pages = std::pin::pin!(bookings.try_chunks(PAGE as usize));
        while let Some(page) = pages.try_next().await.map_err(|error| error.1)? {
            // Nobody is marked before the end is near. Where the opposite was reported later than
            // that, the API is newer still.
            let marks = |at: Option<DateTime<Utc>>| {
                page.iter().flat_map(|it| news::absences(it, at.unwrap_or(it.end))).collect()
            };
            let mut unknown = self.store.unknown(marks(None)).await?;
            let later = self.store.unknown(marks(Some(now))).await?;
            let is_new = |news: &News| !unknown.iter().any(|other| other.has_subject_of(news));
            let later: Vec<_> = later.into_iter().filter(is_new).collect();
            unknown.extend(later);
            sweep.missed += self.store.bring(unknown).await?;
        }
        Ok(())
    }

    /// Takes in what is not known, and returns how much that was for hooks.
    async fn bring(&self, news: Vec<News>) -> Result<usize, ReconcileError> {
        let unknown = self.store.unknown(news).await?;
        let (moved, unknown): (Vec<_>, Vec<_>) =
            unknown.into_iter().partition(|news| news.successor.is_some());
        self.store.import(&moved).await?;
        Ok(self.store.bring(unknown).await?)
    }

    /// Whether the webhook of a change may be on its way: neither by Cal.com's clock nor by ours
    /// has enough time passed. A clock that is set wrong delays, and changes nothing.
    fn is_young(&self, booking: &Booking) -> bool {
        let Some(at) = booking.updated_at else { return false };
        let now: DateTime<Utc> = Micros::now().into();
        let key = (booking.uid.clone(), at);
        let mut young = self.young.lock().unwrap_or_else(PoisonError::into_inner);
        young.retain(|(_, at), _| now - *at < span(self.age));
        if now - at >= span(self.age) {
            return false;
        }
        young.entry(key).or_insert_with(Instant::now).elapsed() < self.age
    }
}

fn span(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}
