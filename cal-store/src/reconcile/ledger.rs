//! What the ledger lacks, and how it gets it.

use std::time::Duration;

use cal_webhook::{
    Accepted, BookingState, Chains, Change, Decision, DeliveryId, Detail, StoreError, Turn,
};
use chrono::{DateTime, Utc};
use futures_util::future::try_join_all;

use super::news::{Kind, News};
use crate::{
    SqlStore,
    accept::digest,
    database::{Arg, Conn},
    error::out_of_reach,
    plan,
    time::Micros,
    writer::Row,
};

/// How far in the future a mark may lie: less than a sweep looks back.
const AHEAD: Duration = Duration::from_secs(5 * 60);

/// Where the first sweep began, and how far later ones have come.
#[derive(Clone, Copy, Debug)]
pub(super) enum Mark {
    Start,
    Cursor,
    Look,
    Seats,
}

impl Mark {
    fn key(self) -> &'static str {
        match self {
            Self::Start => "reconcile:start",
            Self::Cursor => "reconcile:cursor",
            Self::Look => "reconcile:look",
            Self::Seats => "reconcile:seats",
        }
    }
}

impl SqlStore {
    /// Returns a mark, unless it lies in the future: then a clock was wrong, and it counts as unset.
    pub(super) async fn mark(&self, mark: Mark) -> Result<Option<DateTime<Utc>>, StoreError> {
        const MARK: &str = "SELECT at FROM cal_values WHERE key = $1 AND at <= $2";
        let last = Micros::from(self.now().await?).after(AHEAD);
        let args = [Arg::Text(mark.key()), Arg::Int(last.0)];
        let rows: Vec<(i64,)> = self.ask(MARK, &args).await?;
        Ok(rows.first().map(|(at,)| Micros(*at).into()))
    }

    /// Moves a mark; it never goes back, except from the future.
    pub(super) async fn set_mark(&self, mark: Mark, at: DateTime<Utc>) -> Result<(), StoreError> {
        const SET: &str = "INSERT INTO cal_values (key, value, at, number) VALUES ($1, '', $2, 0) \
            ON CONFLICT (key) DO UPDATE SET at = excluded.at \
            WHERE cal_values.at < excluded.at OR cal_values.at > $3";
        let now = Micros::from(self.now().await?);
        // A booking may have been changed by a clock that was wrong.
        let at = Micros::from(at).min(now);
        let args = [Arg::Text(mark.key()), Arg::Int(at.0), Arg::Int(now.after(AHEAD).0)];
        let mut lent = self.shared.database.write().await?;
        match lent.conn().execute(SET, &args).await {
            Ok(_) => Ok(()),
            Err(error) => {
                lent.discard().await;
                Err(out_of_reach(error))
            }
        }
    }

    /// Returns which of the news is not known yet. Nothing is written.
    pub(super) async fn unknown(&self, news: Vec<News>) -> Result<Vec<News>, StoreError> {
        let mut lent = self.shared.database.read().await?;
        unknown(&mut lent.conn(), news).await.map_err(out_of_reach)
    }

    /// Takes news in like deliveries, and returns how many there were. What a webhook tells
    /// meanwhile makes it the same as before.
    pub(super) async fn bring(&self, news: Vec<News>) -> Result<usize, StoreError> {
        let now = self.now().await?.into();
        let rows = news.into_iter().map(|news| {
            let body = news.body();
            self.shared.accept(Row {
                id: DeliveryId::new().to_string(),
                digest: digest(&body),
                received_at: now,
                source: cal_webhook::Source::Reconcile.as_str(),
                headers: None,
                body,
            })
        });
        let accepted = try_join_all(rows).await?;
        self.shared.work.notify_one();
        // The sweep before may have brought it, and nobody has planned it yet.
        Ok(accepted.iter().filter(|accepted| matches!(accepted, Accepted::Stored(_))).count())
    }

    /// Notes what the news tell without running any hook.
    pub(super) async fn import(&self, news: &[News]) -> Result<(), StoreError> {
        if news.is_empty() {
            return Ok(());
        }
        let mut lent = self.shared.database.write().await?;
        match import(&mut lent.conn(), news).await {
            Ok(()) => Ok(()),
            Err(error) => {
                lent.discard().await;
                Err(out_of_reach(error))
            }
        }
    }
}

async fn unknown(conn: &mut Conn<'_>, news: Vec<News>) -> Result<Vec<News>, sqlx::Error> {
    let now = conn.now().await?.into();
    let mut chains = load(conn, &news).await?.chains;
    let unknown = news.into_iter().filter_map(|news| unknown_one(&mut chains, news, now));
    Ok(unknown.collect())
}

/// Returns news unless they are known. Several of a page are decided one after the other, as the
/// planner will.
fn unknown_one(chains: &mut Chains, mut news: News, now: DateTime<Utc>) -> Option<News> {
    let row = news.uid().and_then(|uid| chains.booking(uid));
    match &news.kind {
        Kind::Moved(_) => {
            return Some(news).filter(|_| row.is_none_or(|row| row.status != BookingState::Moved));
        }
        Kind::Denial if !chains.knows_values(&news.reading) => return None,
        Kind::Detail => match chains.detail(news.uid()?, &news.reading) {
            Detail::New => {}
            // A booking from before places were noted gets its place now.
            Detail::First if news.is_change(&[Change::LocationChanged]) => {
                news.kind = Kind::First;
                return Some(news);
            }
            _ => return None,
        },
        _ => {}
    }
    let waited = row.is_some_and(|row| row.known && row.status == BookingState::Pending);
    if waited && news.is_change(&[Change::Booked, Change::Rescheduled]) {
        news = news.dated_by_change();
    }
    let ruling = chains.decide(&news.reading, Turn::First, now);
    matches!(ruling.decision, Decision::Applied | Decision::Early).then_some(news)
}

async fn import(conn: &mut Conn<'_>, news: &[News]) -> Result<(), sqlx::Error> {
    let mut tx = conn.begin().await?;
    let mut conn = tx.conn();
    plan::interrupt(&mut conn).await?;
    let now = conn.now().await?;
    let plan::Loaded { mut chains, known, .. } = load(&mut conn, news).await?;
    let mut overtaken = Vec::new();
    for news in news {
        if let (Some(uid), Kind::Moved(successor)) = (news.uid(), &news.kind) {
            overtaken.extend(chains.replace(uid, successor));
        }
        overtaken.extend(chains.decide(&news.reading, Turn::First, now.into()).overtaken);
    }
    let changes = chains.take_changes();
    plan::keep_changes(&mut conn, &changes, &known, now).await?;
    plan::supersede(&mut conn, overtaken.iter(), now).await?;
    tx.commit().await
}

async fn load(conn: &mut Conn<'_>, news: &[News]) -> Result<plan::Loaded, sqlx::Error> {
    let readings: Vec<_> = news.iter().map(|news| (&news.reading, Turn::First)).collect();
    let successors = news.iter().filter_map(|news| match &news.kind {
        Kind::Moved(successor) => Some(successor),
        _ => None,
    });
    let successors: Vec<_> = successors.collect();
    plan::load(conn, &readings, &successors, usize::MAX).await
}
