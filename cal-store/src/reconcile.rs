//! Finds bookings whose webhooks never came.

mod fill_in;
mod ledger;
mod look;
mod news;
mod seats;
mod title;

use std::{
    collections::HashMap,
    panic::AssertUnwindSafe,
    pin::pin,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use cal_client::{
    List, Page,
    bookings::{Booking, SeesChanges, Sort},
};
use cal_core::BookingUid;
use cal_webhook::{
    StoreError,
    log::{OneLine, quietly},
};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{FutureExt as _, TryStreamExt as _};
use tokio::time::{self, Instant};

use crate::{SqlStore, time::Micros};
use ledger::Mark;
use news::{Kind, News};

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
/// that was missed, and a cancellation that asks the guest for another time, cannot be told from what
/// the API shows. Now and then sweeps look for what the API does not show as changes: who was absent,
/// and which seats were taken and given up.
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
    seats: Duration,
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
    /// How many bookings could not be read as they came; the log names them, and what did not fit.
    pub set_aside: usize,
    /// How many of these lack what a booking cannot do without, so that nothing is known of them.
    pub lost: usize,
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
            seats: Duration::from_secs(60 * 60),
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

    /// How often to look at all bookings with seats that are yet to come; every hour unless set. The
    /// API does not show as a change that a seat was taken or given up.
    #[must_use]
    pub fn seats(mut self, every: Duration) -> Self {
        self.seats = every;
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

    /// Sweeps once: what has changed and, when it is time, who was absent and who has which seat.
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
        if self.is_time(Mark::Look, self.look, now).await? {
            self.absent(now, &mut sweep).await?;
            self.store.set_mark(Mark::Look, now).await?;
        }
        if self.is_time(Mark::Seats, self.seats, now).await? {
            self.seated(now, &mut sweep).await?;
            self.store.set_mark(Mark::Seats, now).await?;
        }
        #[cfg(feature = "metrics")]
        metrics::counter!("calcom_missed_total").increment(sweep.missed as u64);
        Ok(sweep)
    }

    /// Whether it is so long ago that something was looked at.
    async fn is_time(
        &self,
        mark: Mark,
        every: Duration,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let last = self.store.mark(mark).await?;
        Ok(last.is_none_or(|last| now - last >= span(every)))
    }

    /// Takes note of all bookings there are.
    async fn import(&self, sweep: &mut Sweep) -> Result<(), ReconcileError> {
        let start = match self.store.mark(Mark::Start).await? {
            Some(start) => start,
            None => {
                let newest = self.list.clone().sort_updated(Sort::Desc).take(1).await?;
                // What is younger is not old news.
                let ripe = self.store.now().await? - span(self.age);
                let start = match newest.items.first() {
                    Some(booking) => booking.updated_at.unwrap_or(ripe).min(ripe),
                    None if newest.count() > 0 => ripe,
                    None => DateTime::UNIX_EPOCH,
                };
                self.store.set_mark(Mark::Start, start).await?;
                start
            }
        };
        // The time of the booking does not change, so the pages do not move.
        let mut pages = pin!(self.list.clone().sort_created(Sort::Asc).take(PAGE).pages());
        while let Some(page) = pages.try_next().await? {
            sweep.note(&page);
            sweep.seen += page.items.len();
            let old = |booking: &&Booking| booking.updated_at.is_none_or(|at| at <= start);
            let old: Vec<_> = page.items.iter().filter(old).collect();
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
            sweep.note(&page);
            let count = page.count();
            let is_last = match &page.pagination {
                Some(pagination) => !pagination.has_next_page || count == 0,
                None => count < PAGE,
            };
            let young = page.items.iter().position(|booking| self.is_young(booking));
            let ripe = &page.items[..young.unwrap_or(page.items.len())];
            sweep.seen += ripe.len();
            sweep.young += page.items.len() - ripe.len();
            // Places are compared first: news of a state says less about them.
            let told = |it| news::details(it).into_iter().chain(news::of(it));
            let news = ripe.iter().flat_map(told);
            sweep.missed += self.bring(news.collect()).await?;
            let last = ripe.iter().rev().find_map(|booking| booking.updated_at);
            if let Some(last) = last {
                self.store.set_mark(Mark::Cursor, last).await?;
            }
            if is_last || young.is_some() {
                return Ok(());
            }
            // Bookings that change meanwhile leave their place, so pages go on by time; only where
            // a whole page changed in one moment are its bookings counted.
            match last.filter(|last| *last != from) {
                Some(last) => (from, skip) = (last, 0),
                None => skip += count,
            }
        }
    }

    /// Takes in what is not known, and returns how much that was for hooks.
    async fn bring(&self, news: Vec<News>) -> Result<usize, ReconcileError> {
        let unknown = self.store.unknown(news).await?;
        let (noted, unknown): (Vec<_>, Vec<_>) =
            unknown.into_iter().partition(|news| matches!(news.kind, Kind::First | Kind::Moved(_)));
        self.store.import(&noted).await?;
        let unknown = self.store.fill_in(unknown).await?;
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

impl Sweep {
    /// Counts what could not be read on a page, and names it.
    fn note(&mut self, page: &Page<Booking>) {
        for item in &page.set_aside {
            self.set_aside += 1;
            self.lost += usize::from(item.is_lost);
            let name = OneLine(item.name.as_deref().unwrap_or("without a name")).to_string();
            let problems: Vec<_> = item.problems.iter().map(ToString::to_string).collect();
            let problems = OneLine(&problems.join(", ")).to_string();
            quietly(|| {
                let is_lost = item.is_lost;
                tracing::warn!(booking = name, is_lost, problems, "a booking cannot be read");
            });
        }
    }
}

fn span(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}
