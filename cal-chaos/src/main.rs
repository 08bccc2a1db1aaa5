//! Kills the example site under load and compares its ledger with what was sent.
//!
//! Senders post signed deliveries, a provider outside writes down what hooks send, and the site is
//! stopped at random moments and at named places. In the end the three ledgers must agree. With
//! `--outages` it is the database server that is crashed under the site.

mod admin;
mod body;
mod check;
mod database;
mod effect;
mod evidence;
mod http;
mod killer;
mod model;
mod outage;
mod outbox;
mod provider;
mod report;
mod schedule;
mod sender;
mod site;
mod story;

use std::{
    env, fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, bail};
use cal_webhook::Signer;
use clap::Parser;
use fastrand::Rng;
use tokio::{task::JoinSet, time, time::Instant};

use crate::{
    database::{Database, Kind},
    evidence::Evidence,
    killer::Toll,
    outage::{Outages, Server},
    outbox::Outbox,
    provider::Provider,
    report::Report,
    schedule::Schedule,
    site::Site,
};

/// Kills the example site under load and compares its ledger with what was sent.
#[derive(Debug, Parser)]
struct Options {
    /// Which database the site keeps its ledger in.
    #[arg(long, value_enum, default_value_t = Kind::Sqlite)]
    database: Kind,

    /// The PostgreSQL server; a schema of its own is made there and removed.
    #[arg(long, env = "CALCOM_TEST_POSTGRES_URL", hide_env_values = true)]
    url: Option<String>,

    /// How many different deliveries are sent; the last chain of bookings is completed.
    #[arg(long, default_value_t = 500)]
    deliveries: usize,

    /// How many times the site is killed; for every five kills it is once asked to stop.
    #[arg(long, default_value_t = 15)]
    kills: usize,

    /// How many times a PostgreSQL of its own is crashed and restarted, instead of the site.
    #[arg(long, default_value_t = 0)]
    outages: usize,

    /// What all chance follows from; a random number unless given.
    #[arg(long)]
    seed: Option<u64>,

    /// How many connections deliveries are sent over.
    #[arg(long, default_value_t = 8)]
    senders: usize,

    /// How many seconds the site may take to finish its work after the last kill.
    #[arg(long, default_value_t = 240)]
    patience: u64,

    /// A site that is built already, with its feature `chaos`.
    #[arg(long)]
    site: Option<PathBuf>,

    /// A file to write the table to.
    #[arg(long)]
    report: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let options = Options::parse();
    let program = match &options.site {
        Some(program) => program.canonicalize().context(program.display().to_string())?,
        None => site::build().await?,
    };
    let name = format!("calcom-chaos-{}-{}", std::process::id(), fastrand::u16(..));
    let folder = env::temp_dir().join(&name);
    fs::create_dir_all(&folder)?;
    let server = match options.outages {
        0 => None,
        _ => Some(Server::start(&folder).await?),
    };
    let report = run(&options, program, &name, &folder, server.as_ref()).await;
    if let Some(server) = server {
        server.stop().await?;
    }
    let report = report
        .with_context(|| format!("the run broke off; the site's log is in {}", folder.display()))?;
    let table = report.to_string();
    if let Some(path) = &options.report {
        fs::write(path, &table).with_context(|| path.display().to_string())?;
    }
    std::io::stdout().write_all(table.as_bytes())?;
    if report.broken().is_empty() {
        fs::remove_dir_all(&folder)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut stderr = std::io::stderr();
    for broken in report.broken() {
        writeln!(stderr, "broken: {broken}")?;
    }
    let kept = if options.outages == 0 { ", and its database is kept" } else { "" };
    writeln!(stderr, "the site's log is in {}{kept}", folder.display())?;
    Ok(ExitCode::FAILURE)
}

async fn run(
    options: &Options,
    program: PathBuf,
    name: &str,
    folder: &Path,
    server: Option<&Server>,
) -> anyhow::Result<Report> {
    let seed = options.seed.unwrap_or_else(|| fastrand::u64(..1_000_000));
    let (kind, url, kills) = match server {
        Some(server) => (Kind::Postgres, Some(server.url()), 0),
        None => (options.database, options.url.clone(), options.kills),
    };
    writeln!(std::io::stderr(), "seed {seed}, {kind:?}")?;
    let mut random = Rng::with_seed(seed);
    let schedule = Arc::new(Schedule::invent(&mut random, options.deliveries));
    let rounds = killer::rounds(&mut random, kills, schedule.sends.len());
    let database = Database::create(kind, name, folder, url.as_deref()).await?;
    let provider = Provider::start(seed).await?;
    let address = site::free_address()?;
    let site = Site {
        program,
        folder: folder.to_owned(),
        address,
        database: database.url().to_owned(),
        provider: provider.address,
    };

    let began = Instant::now();
    let outbox = Outbox::new(Arc::clone(&schedule));
    let signer = Signer::new(site::SECRET.to_owned())?;
    let mut senders = JoinSet::new();
    for _ in 0..options.senders.max(1) {
        let (schedule, outbox) = (Arc::clone(&schedule), Arc::clone(&outbox));
        senders.spawn(sender::send_all(address, signer.clone(), schedule, outbox));
    }
    let mut toll = Toll::default();
    let child = killer::run(&site, &rounds, &outbox, &provider, &mut toll).await?;
    let mut outages = Outages::default();
    if let Some(server) = server {
        let plan = (options.outages, schedule.sends.len());
        outages.run(server, plan, &mut random, &outbox, &database).await?;
    }
    outbox.release_all();
    all_sent(&outbox, senders).await?;
    let ledger = admin::settled(address, Duration::from_secs(options.patience)).await?;
    toll.stop(child).await?;
    let seconds = began.elapsed().as_secs();

    let evidence = Evidence {
        schedule,
        tally: outbox.tally(),
        ledger,
        calls: provider.calls(),
        effects: database.effects().await?,
    };
    let mut report = Report::default();
    report.figure("seed", seed);
    report.figure("database", database.describe());
    stops(&toll, &mut report);
    outages.report(&mut report);
    check::deliveries(&evidence, &mut report);
    check::tasks(&evidence, &mut report);
    effect::inside(&evidence, &mut report);
    effect::outside(&evidence, &mut report);
    check::bookings(&evidence, &mut report);
    report.figure("seconds", seconds);
    if report.broken().is_empty() {
        database.remove().await?;
    }
    Ok(report)
}

/// Waits until everything is acknowledged, as long as that goes on.
async fn all_sent(outbox: &Outbox, mut senders: JoinSet<()>) -> anyhow::Result<()> {
    const STANDSTILL: Duration = Duration::from_secs(30);
    let mut before = outbox.acknowledged();
    loop {
        match time::timeout(STANDSTILL, senders.join_next()).await {
            Ok(None) => return Ok(()),
            Ok(Some(ended)) => ended?,
            Err(_) => {
                let now = outbox.acknowledged();
                if now == before {
                    bail!("nothing was acknowledged for {STANDSTILL:?}");
                }
                before = now;
            }
        }
    }
}

fn stops(toll: &Toll, report: &mut Report) {
    let at_points: usize = toll.points.values().map(|(tried, _)| tried).sum();
    report.figure("killed at random moments", toll.random);
    report.figure("killed at crash points", at_points);
    for (point, (tried, hit)) in &toll.points {
        report.figure(format!("  at {point}"), format!("{hit} of {tried}"));
    }
    report.figure("asked to stop", toll.terminated + 1);
    report.figure("slowest stop, s", format!("{:.2}", toll.slowest_stop.as_secs_f64()));
    report.figure("starts", toll.starts);
    report.figure("slowest start, s", format!("{:.2}", toll.slowest_start.as_secs_f64()));
    report.none("unexpected ends", &toll.problems);
}
