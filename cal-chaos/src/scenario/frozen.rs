//! One of two processes on one PostgreSQL stands still wherever it is.

use std::{collections::BTreeMap, time::Duration};

use anyhow::Context as _;
use clap::Args;
use rustix::process::Signal;
use sqlx::postgres::PgConnectOptions;
use tokio::{
    process::Child,
    task::JoinSet,
    time::{self, Instant, MissedTickBehavior},
};

use super::{
    deliveries::{self, Deliveries, Writes},
    locked,
    outcome::{HOOKS, Outcome},
    process,
    series::{Reply, Series},
    stage::{self, LAST, Stage},
};
use crate::{
    common::Workshop,
    database::Server,
    killer::POINTS,
    report::Report,
    site::{self, Site},
};

/// How often each process is sent a delivery.
const PACE: Duration = Duration::from_millis(25);

/// How many deliveries the other process gets while one stands still.
const MEANWHILE: usize = 20;

/// How long a process may take to get to a place.
const APPROACH: Duration = Duration::from_secs(15);

/// How long what is left open may stay so.
const LEFT_OPEN: Duration = Duration::from_secs(30);

/// The settings of the attack.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    server: Server,

    /// How often a process stands still, at each place in turn.
    #[arg(long, default_value_t = 100)]
    rounds: usize,

    /// How many seconds the other one may take to do all that there is to do.
    #[arg(long, default_value_t = 30)]
    patience: u64,

    /// How many seconds a stranger locks rows of each kind.
    #[arg(long, default_value_t = 120)]
    locks: u64,
}

/// Two processes of one site.
pub(crate) struct Pair {
    pub(crate) stage: Stage,
    /// The one that goes on.
    pub(crate) steady: Child,
    /// How the other one is started.
    pub(crate) other: Site,
    pub(crate) deliveries: Deliveries,
    /// The deliveries that were acknowledged.
    pub(crate) series: Series,
    port: u16,
}

/// The results of all rounds.
#[derive(Default)]
struct Toll {
    /// How often a place was tried, and how often a process stood still there.
    points: BTreeMap<&'static str, (usize, usize)>,
    slowest: Duration,
    late: Vec<String>,
    problems: Vec<String>,
    refused: Vec<String>,
    left_open: Vec<String>,
}

pub(crate) async fn run(
    options: &Options,
    workshop: &Workshop,
    report: &mut Report,
) -> anyhow::Result<()> {
    let patience = Duration::from_secs(options.patience);
    let mut toll = Toll::default();
    let mut pair = Pair::start(options, workshop, &mut toll).await?;
    let mut deck = Vec::new();
    for _ in 1..options.rounds {
        if deck.is_empty() {
            deck = POINTS.into_iter().filter(|point| *point != "migrating").collect();
            pair.stage.random.shuffle(&mut deck);
        }
        if let Some(point) = deck.pop() {
            pair.round(point, patience, &mut toll).await?;
        }
    }
    toll.report(report);
    if options.locks > 0 {
        locked::run(&mut pair, Duration::from_secs(options.locks), report).await?;
    }
    let Pair { stage, steady, series, .. } = pair;
    let outcome = Outcome::of(&stage, patience).await?;
    report.figure("acknowledged", series.ids().count());
    outcome.report("", &series.ids().collect(), &HOOKS, report);
    stage::stop(steady, "", report).await?;
    stage.strike(report).await
}

impl Pair {
    /// Starts both, the first of which stands still while it makes the tables.
    async fn start(
        options: &Options,
        workshop: &Workshop,
        toll: &mut Toll,
    ) -> anyhow::Result<Self> {
        let mut stage = Stage::set(workshop, "", &options.server.choice()).await?;
        let other = Site { address: site::free_address()?, ..stage.site.clone() };
        let port = stage.database.url().parse::<PgConnectOptions>()?.get_port();
        let mut frozen = spawn(&other, "migrating:1")?;
        let hit = process::is_stopped(&mut frozen, APPROACH).await?;
        toll.points.insert("migrating", (1, usize::from(hit)));
        let (began, patience) = (Instant::now(), Duration::from_secs(options.patience));
        let started = time::timeout(patience, stage.start(None)).await;
        toll.slowest = began.elapsed();
        site::signal(&frozen, Signal::CONT)?;
        let steady = match started {
            Ok(started) => started?,
            Err(_) => {
                toll.late.push("migrating: the other did not start".to_owned());
                stage.start(None).await?
            }
        };
        toll.end(stage::alive(other.ready(frozen).await?)?, "migrating").await?;
        let deliveries = stage.deliveries()?;
        Ok(Self { stage, steady, other, deliveries, series: Series::default(), port })
    }

    async fn round(
        &mut self,
        point: &'static str,
        patience: Duration,
        toll: &mut Toll,
    ) -> anyhow::Result<()> {
        let pass = match point {
            "renewing" => 1,
            "planning" | "planned" | "inserting" => self.stage.random.u32(1..4),
            _ => self.stage.random.u32(1..16),
        };
        self.stage.provider.slow_down(point == "renewing");
        let mut child = spawn(&self.other, &format!("{point}:{pass}"))?;
        let (hit, mut sent) = self.lure(&mut child).await?;
        self.stage.provider.slow_down(false);
        let (tried, hits) = toll.points.entry(point).or_default();
        *tried += 1;
        *hits += usize::from(hit);
        if hit {
            let began = Instant::now();
            let meanwhile = self.stage.series(&mut self.deliveries, MEANWHILE, PACE).await?;
            let refused = meanwhile.failures().into_iter();
            toll.refused
                .extend(refused.map(|(reason, count)| format!("{point}: {reason}, {count} times")));
            self.series.extend(meanwhile);
            let left = patience.saturating_sub(began.elapsed());
            match self.stage.rest([LAST].into_iter(), left).await? {
                Some(_) => toll.slowest = toll.slowest.max(began.elapsed()),
                None => toll.late.push(format!("{point}:{pass}")),
            }
            site::signal(&child, Signal::CONT)?;
            for _ in 0..MEANWHILE {
                sent.spawn(deliveries::send(
                    self.other.address,
                    self.deliveries.next(0),
                    Writes::Whole,
                ));
            }
        }
        for reply in sent.join_all().await {
            self.series.push(reply);
        }
        self.stage.rest([LAST].into_iter(), patience).await?;
        if let Some(left) = self.left_open(&[&self.steady, &child]).await? {
            toll.left_open.push(format!("{point}: {left}"));
        }
        toll.end(child, point).await
    }

    /// Sends deliveries to both until one stands still; whether it does.
    async fn lure(&mut self, child: &mut Child) -> anyhow::Result<(bool, JoinSet<Reply>)> {
        let (mut sent, mut ticks) = (JoinSet::new(), time::interval(PACE));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let stopped = process::is_stopped(child, APPROACH);
        let mut stopped = std::pin::pin!(stopped);
        loop {
            tokio::select! {
                stopped = &mut stopped => return Ok((stopped?, sent)),
                _ = ticks.tick() => {
                    for address in [self.other.address, self.stage.site.address] {
                        sent.spawn(deliveries::send(address, self.deliveries.next(0), Writes::Whole));
                    }
                }
            }
        }
    }

    /// Waits until the server has no connection that no process holds; says how many there are else.
    pub(crate) async fn left_open(&self, all: &[&Child]) -> anyhow::Result<Option<String>> {
        let began = Instant::now();
        loop {
            let mut held = 0;
            for child in all {
                held += process::connections(child, self.port)?;
            }
            let open = self.stage.database.connections().await?;
            if open <= held {
                return Ok(None);
            }
            if began.elapsed() > LEFT_OPEN {
                return Ok(Some(format!("{open} connections, of which {held} are held")));
            }
            time::sleep(Duration::from_millis(200)).await;
        }
    }
}

impl Toll {
    async fn end(&mut self, child: Child, point: &str) -> anyhow::Result<()> {
        let problem = stage::end(child).await?;
        self.problems.extend(problem.map(|problem| format!("{point}: {problem}")));
        Ok(())
    }

    fn report(&self, report: &mut Report) {
        let tried: usize = self.points.values().map(|(tried, _)| tried).sum();
        report.figure("times that a process stood still", tried);
        for (point, (tried, hit)) in &self.points {
            report.figure(format!("  at {point}"), format!("{hit} of {tried}"));
        }
        report.none("meanwhile: refused by the other", &self.refused);
        let slowest = format!("{:.1}", self.slowest.as_secs_f64());
        report.figure("meanwhile: until the other had done all, s, the slowest in time", slowest);
        report.none("meanwhile: not all done in time", &self.late);
        report.none("connections left open", &self.left_open);
        report.none("SIGTERM that did not end it with 0", &self.problems);
    }
}

/// Starts a process that stands still at a place, maybe before it is ready.
fn spawn(site: &Site, freeze: &str) -> anyhow::Result<Child> {
    let mut command = site.logged()?;
    command.env("CALCOM_TEST_FREEZE", freeze);
    command.spawn().context("could not start the site")
}
