//! A site of its own for one attack, with a database and a provider that does well.

use std::{fs, time::Duration};

use anyhow::bail;
use bytes::Bytes;
use cal_webhook::Signer;
use fastrand::Rng;
use hyper::StatusCode;
use tokio::{
    process::{Child, Command},
    task::JoinSet,
    time::{self, Instant},
};

use super::{
    deliveries::{self, Deliveries, Writes},
    series::{Reply, Series},
};
use crate::{
    common::Workshop,
    database::{Choice, Database},
    http::Client,
    killer::GRACE,
    provider::Provider,
    report::Report,
    site::{self, Site, Start},
};

/// An id that comes after all others.
pub(crate) const LAST: &str = "~";

/// How often it is looked whether something is left to do.
const GLANCE: Duration = Duration::from_millis(50);

/// A site, and what it works with.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) site: Site,
    pub(crate) database: Database,
    pub(crate) provider: Provider,
    pub(crate) random: Rng,
}

impl Stage {
    /// Makes everything that the site needs, in a folder for this case.
    pub(crate) async fn set(
        workshop: &Workshop,
        case: &str,
        choice: &Choice,
    ) -> anyhow::Result<Self> {
        let case = case.replace(' ', "-");
        let folder = workshop.folder.join(&case);
        fs::create_dir_all(&folder)?;
        let name = format!("{}-{case}", workshop.name);
        let database = choice.create(name.trim_end_matches('-'), &folder).await?;
        let provider = Provider::start(None).await?;
        let site = Site {
            program: workshop.program.clone(),
            folder,
            address: site::free_address()?,
            database: database.url().to_owned(),
            provider: provider.address,
            limits: None,
            variables: Vec::new(),
        };
        Ok(Self { site, database, provider, random: Rng::with_seed(workshop.seed) })
    }

    /// Starts the site by a command, or as every run does.
    pub(crate) async fn start(&self, command: Option<Command>) -> anyhow::Result<Child> {
        match command {
            Some(command) => alive(self.site.launch(command).await?),
            None => start(&self.site).await,
        }
    }

    /// Returns deliveries to send.
    pub(crate) fn deliveries(&mut self) -> anyhow::Result<Deliveries> {
        Ok(Deliveries::new(self.random.fork(), Signer::new(site::SECRET.to_owned())?))
    }

    /// Fetches a page, and returns its status.
    pub(crate) async fn page(&self, path: &str, limit: Duration) -> anyhow::Result<StatusCode> {
        let page = Client::new(self.site.address).get(path, site::TOKEN, limit).await?;
        Ok(page.0)
    }

    /// Sends deliveries one after the other for some time, and does not wait for answers meanwhile.
    pub(crate) async fn series(
        &self,
        deliveries: &mut Deliveries,
        count: usize,
        pace: Duration,
    ) -> anyhow::Result<Series> {
        let mut sent = JoinSet::new();
        let mut ticks = time::interval(pace);
        for _ in 0..count {
            ticks.tick().await;
            sent.spawn(deliveries::send(self.site.address, deliveries.next(0), Writes::Whole));
        }
        Ok(answers(sent).await)
    }

    /// Sends deliveries in the same way until something has ended, and returns what came of that.
    pub(crate) async fn series_until<T>(
        &self,
        deliveries: &mut Deliveries,
        pace: Duration,
        end: impl Future<Output = T>,
    ) -> (Series, T) {
        let mut sent = JoinSet::new();
        let mut ticks = time::interval(pace);
        let mut end = std::pin::pin!(end);
        let ended = loop {
            tokio::select! {
                ended = &mut end => break ended,
                _ = ticks.tick() => {
                    let request = deliveries.next(0);
                    sent.spawn(deliveries::send(self.site.address, request, Writes::Whole));
                }
            }
        };
        (answers(sent).await, ended)
    }

    /// Sends requests as fast as they are answered, over several connections, each in its order.
    pub(crate) async fn pour(&self, requests: Vec<Vec<Bytes>>) -> Series {
        let address = self.site.address;
        let sent = requests.into_iter().map(|requests| async move {
            let (mut series, mut kept) = (Series::default(), None);
            for request in requests {
                series.push(deliveries::send_kept(address, &mut kept, request).await);
            }
            series
        });
        let mut all = Series::default();
        for series in sent.collect::<JoinSet<_>>().join_all().await {
            all.extend(series);
        }
        all
    }

    /// Waits until nothing is left to do for the last of these and for all that came before, and
    /// returns how long that took; `None` after this time.
    pub(crate) async fn rest<'a>(
        &self,
        ids: impl Iterator<Item = &'a str>,
        patience: Duration,
    ) -> anyhow::Result<Option<Duration>> {
        let began = Instant::now();
        // Ids grow with time.
        let last = ids.max().unwrap_or_default();
        while self.database.has_work(last).await? {
            if began.elapsed() > patience {
                return Ok(None);
            }
            time::sleep(GLANCE).await;
        }
        Ok(Some(began.elapsed()))
    }

    /// Removes what was made outside the run's folder, unless a promise was broken.
    pub(crate) async fn strike(self, report: &Report) -> anyhow::Result<()> {
        if report.broken().is_empty() { self.database.remove().await } else { Ok(()) }
    }
}

async fn answers(sent: JoinSet<Reply>) -> Series {
    let mut series = Series::default();
    for reply in sent.join_all().await {
        series.push(reply);
    }
    series
}

/// Starts a site as every run does.
pub(crate) async fn start(site: &Site) -> anyhow::Result<Child> {
    alive(site.start(None).await?)
}

pub(crate) fn alive(start: Start) -> anyhow::Result<Child> {
    match start {
        Start::Ready(child, _) => Ok(*child),
        Start::Died(status) => bail!("the site ended before it was ready: {status}"),
    }
}

/// Reports that SIGTERM ends the site in good order and in time.
pub(crate) async fn stop(child: Child, name: &str, report: &mut Report) -> anyhow::Result<()> {
    let began = Instant::now();
    report.none(format!("{name}SIGTERM that did not end it with 0"), end(child).await?);
    let took = format!("{:.2}", began.elapsed().as_secs_f64());
    report.figure(format!("{name}time to stop, s"), took);
    Ok(())
}

/// Asks a site to end, and says what is wrong with how it does.
pub(crate) async fn end(child: Child) -> anyhow::Result<Option<String>> {
    let (status, took) = site::stop(child, GRACE).await?;
    Ok(match status {
        Some(status) if status.success() => None,
        Some(status) => Some(format!("{status} after {took:.1?}")),
        None => Some(format!("killed after {took:.1?}")),
    })
}
