//! A site of its own for one attack, with a database and a provider that does well.

use std::{path::PathBuf, time::Duration};

use anyhow::bail;
use cal_webhook::Signer;
use fastrand::Rng;
use hyper::StatusCode;
use tokio::{
    process::{Child, Command},
    time::{self, Instant},
};

use super::{
    deliveries::{self, Deliveries, Writes},
    series::Series,
};
use crate::{
    common::Workshop,
    database::{Database, Kind},
    http::Client,
    killer::GRACE,
    provider::Provider,
    report::Report,
    site::{self, Site, Start},
};

/// A site, and what it works with.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) site: Site,
    pub(crate) provider: Provider,
    pub(crate) random: Rng,
}

impl Stage {
    /// Makes everything that the site needs in this folder.
    pub(crate) async fn set(
        workshop: &Workshop,
        folder: PathBuf,
        limits: Option<String>,
    ) -> anyhow::Result<Self> {
        let database = Database::create(Kind::Sqlite, &workshop.name, &folder, None).await?;
        let provider = Provider::start(None).await?;
        let site = Site {
            program: workshop.program.clone(),
            folder,
            address: site::free_address()?,
            database: database.url().to_owned(),
            provider: provider.address,
            limits,
        };
        Ok(Self { site, provider, random: Rng::with_seed(workshop.seed) })
    }

    /// Starts the site by a command, or as every run does.
    pub(crate) async fn start(&self, command: Option<Command>) -> anyhow::Result<Child> {
        let start = match command {
            Some(command) => self.site.launch(command).await?,
            None => self.site.start(None).await?,
        };
        match start {
            Start::Ready(child, _) => Ok(*child),
            Start::Died(status) => bail!("the site ended before it was ready: {status}"),
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
        let mut ticks = time::interval(pace);
        let mut sent = tokio::task::JoinSet::new();
        for _ in 0..count {
            ticks.tick().await;
            let request = deliveries.next(0);
            sent.spawn(deliveries::send(self.site.address, request, Writes::Whole));
        }
        let mut series = Series::default();
        while let Some(reply) = sent.join_next().await {
            series.push(reply?);
        }
        Ok(series)
    }
}

/// Reports that SIGTERM ends the site in good order and in time.
pub(crate) async fn stop(child: Child, name: &str, report: &mut Report) -> anyhow::Result<()> {
    let began = Instant::now();
    let (status, _) = site::stop(child, GRACE).await?;
    let took = began.elapsed();
    let failed = match status {
        Some(status) if status.success() => None,
        Some(status) => Some(format!("{status} after {took:.1?}")),
        None => Some(format!("killed after {took:.1?}")),
    };
    report.none(format!("{name}SIGTERM that did not end it with 0"), failed);
    report.figure(format!("{name}time to stop, s"), format!("{:.2}", took.as_secs_f64()));
    Ok(())
}
