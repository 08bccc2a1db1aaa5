//! A stranger holds locks on rows of the site for minutes.

use std::time::Duration;

use hyper::StatusCode;
use sqlx::Connection as _;
use tokio::time::{self, Instant};

use super::{
    frozen::Pair,
    stage::{self, LAST, Stage},
};
use crate::{
    http::Client,
    report::Report,
    site::{self, Site},
};

/// How often deliveries are sent.
const PACE: Duration = Duration::from_millis(100);

/// How often pages are fetched.
const GLANCE: Duration = Duration::from_secs(1);

/// How long a page may take.
const PAGE: Duration = Duration::from_secs(10);

/// How long the backlog may take once the locks are gone.
const BACKLOG: Duration = Duration::from_secs(60);

/// How many connections a process may hold: ten, one to accept with and one to listen on.
const CONNECTIONS: u64 = 12;

const PAGES: [&str; 2] = ["/readyz", "/admin/api/deliveries?limit=1"];

/// Which rows are locked.
const LOCKS: [(&str, &str); 2] = [
    ("cal_values", "SELECT key FROM cal_values FOR UPDATE"),
    ("cal_tasks", "SELECT id FROM cal_tasks WHERE state <> 'done' FOR UPDATE"),
];

/// The observations while rows were locked.
#[derive(Default)]
struct Seen {
    /// How many connections the server had at the most.
    most: usize,
    /// Pages that were not there.
    missing: Vec<String>,
}

pub(crate) async fn run(
    pair: &mut Pair,
    length: Duration,
    report: &mut Report,
) -> anyhow::Result<()> {
    let other = stage::start(&pair.other).await?;
    for (table, lock) in LOCKS {
        // Hooks run while their rows are locked.
        pair.stage.provider.slow_down(true);
        pair.series.extend(pair.stage.series(&mut pair.deliveries, 20, PACE / 4).await?);
        time::sleep(GLANCE).await;
        let mut stranger = pair.stage.database.connect().await?;
        let mut held = stranger.begin().await?;
        let rows = sqlx::query(lock).fetch_all(&mut *held).await?.len();
        let watch = watch(&pair.stage, &pair.other, length);
        let (sent, seen) = pair.stage.series_until(&mut pair.deliveries, PACE, watch).await;
        let (seen, left) = (seen?, pair.left_open(&[&pair.steady, &other]).await?);
        held.rollback().await?;
        pair.stage.provider.slow_down(false);
        let rest = pair.stage.rest([LAST].into_iter(), BACKLOG).await?;

        report.figure(format!("{table}: rows locked"), rows);
        report.figure(format!("{table}: seconds"), length.as_secs());
        sent.acknowledged(table, report);
        report.none(format!("{table}: pages that are not there"), seen.missing);
        let most = u64::try_from(seen.most).unwrap_or(u64::MAX);
        report.at_most(format!("{table}: connections at the most"), most, CONNECTIONS * 2);
        report.none(format!("{table}: connections left open"), left);
        let left = rest.is_none().then(|| format!("after {BACKLOG:?}"));
        report.none(format!("{table}: backlog that does not end"), left);
        pair.series.extend(sent);
    }
    stage::stop(other, "the other: ", report).await
}

/// Looks at both processes once a second.
async fn watch(stage: &Stage, other: &Site, length: Duration) -> anyhow::Result<Seen> {
    let mut clients = [&stage.site, other].map(|site| Client::new(site.address));
    let (mut seen, began, mut ticks) = (Seen::default(), Instant::now(), time::interval(GLANCE));
    while began.elapsed() < length {
        ticks.tick().await;
        for client in &mut clients {
            for page in PAGES {
                match client.get(page, site::TOKEN, PAGE).await {
                    Ok((StatusCode::OK, _)) => {}
                    Ok((status, _)) => seen.missing.push(format!("{page}: {status}")),
                    Err(error) => seen.missing.push(format!("{page}: {error:#}")),
                }
            }
        }
        seen.most = seen.most.max(stage.database.connections().await?);
    }
    Ok(seen)
}
