//! The run that kills the site, or the database server, while deliveries come in.

use std::{io::Write as _, process::ExitCode, sync::Arc, time::Duration};

use anyhow::bail;
use cal_webhook::Signer;
use clap::Args;
use fastrand::Rng;
use tokio::{task::JoinSet, time, time::Instant};

use crate::{
    admin, check,
    common::{Common, Workshop},
    database::Choice,
    effect,
    evidence::Evidence,
    killer::{self, Toll},
    outage::{Outages, Server},
    outbox::Outbox,
    provider::Provider,
    report::Report,
    schedule::Schedule,
    sender,
    site::{self, Site},
};

/// The settings of the run.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    common: Common,

    #[command(flatten)]
    choice: Choice,

    /// How many different deliveries are sent; the last chain of bookings is completed.
    #[arg(long, default_value_t = 500)]
    deliveries: usize,

    /// How many times the site is killed; for every five kills it is once asked to stop.
    #[arg(long, default_value_t = 15)]
    kills: usize,

    /// How many times a PostgreSQL of its own is crashed and restarted, instead of the site.
    #[arg(long, default_value_t = 0)]
    outages: usize,

    /// How many connections deliveries are sent over.
    #[arg(long, default_value_t = 8)]
    senders: usize,

    /// How many seconds the site may take to finish its work after the last kill.
    #[arg(long, default_value_t = 240)]
    patience: u64,
}

/// Kills what is to be killed, and says whether every promise was kept.
pub(crate) async fn start(options: &Options) -> anyhow::Result<ExitCode> {
    let workshop = Workshop::open(&options.common).await?;
    let server = match options.outages {
        0 => None,
        _ => Some(Server::start(&workshop.folder).await?),
    };
    let report = run(options, &workshop, server.as_ref()).await;
    if let Some(server) = server {
        server.stop().await?;
    }
    let kept = if options.outages == 0 { ", and its database is kept" } else { "" };
    workshop.close(report, kept)
}

async fn run(
    options: &Options,
    workshop: &Workshop,
    server: Option<&Server>,
) -> anyhow::Result<Report> {
    let seed = workshop.seed;
    let (choice, kills) = match server {
        Some(server) => (server.choice(), 0),
        None => (options.choice.clone(), options.kills),
    };
    writeln!(std::io::stderr(), "seed {seed}, {:?}", choice.database)?;
    let mut random = Rng::with_seed(seed);
    let schedule = Arc::new(Schedule::invent(&mut random, options.deliveries));
    let rounds = killer::rounds(&mut random, kills, schedule.sends.len());
    let database = choice.create(&workshop.name, &workshop.folder).await?;
    let provider = Provider::start(Some(seed)).await?;
    let address = site::free_address()?;
    let site = Site {
        program: workshop.program.clone(),
        folder: workshop.folder.clone(),
        address,
        database: database.url().to_owned(),
        provider: provider.address,
        limits: None,
        variables: Vec::new(),
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
