//! Strangers hold more connections than the site has file descriptors, and open new ones.

use std::{collections::HashSet, process::ExitCode, time::Duration};

use clap::Args;
use fastrand::Rng;
use tokio::{
    net::TcpStream,
    task::JoinSet,
    time::{self, Instant},
};

use super::{
    apart::Attack,
    attacker::{Crowd, Tally},
    deliveries::{self, Deliveries, Writes},
    series::{Promise, Series, millis},
    stage::{self, Stage},
};
use crate::{
    admin,
    common::{Common, Workshop},
    report::Report,
};

/// How often a delivery is sent.
const PACE: Duration = Duration::from_millis(100);

/// How soon pages answer again.
const RECOVERY: Duration = Duration::from_secs(30);

/// The settings of the attack.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    common: Common,

    #[command(flatten)]
    promise: Promise,

    /// How many file descriptors the site has; strangers hold four times as many connections.
    #[arg(long, default_value_t = 512)]
    descriptors: usize,

    /// How many connections strangers open in a second.
    #[arg(long, default_value_t = 1000)]
    rate: usize,

    /// How many seconds the attack goes on.
    #[arg(long, default_value_t = 30)]
    seconds: u64,
}

pub(crate) async fn start(options: &Options) -> anyhow::Result<ExitCode> {
    let workshop = Workshop::open(&options.common).await?;
    let report = run(options, &workshop).await;
    workshop.close(report, "")
}

async fn run(options: &Options, workshop: &Workshop) -> anyhow::Result<Report> {
    let limits = format!("ulimit -n {}", options.descriptors);
    let mut stage = Stage::set(workshop, workshop.folder.clone(), Some(limits)).await?;
    let address = stage.site.address;
    let child = stage.start(None).await?;
    let mut deliveries = stage.deliveries()?;
    let mut kept = None;
    let first = deliveries::send_kept(address, &mut kept, deliveries.next(0)).await;

    let most = options.descriptors * 4;
    let crowd = Crowd { address, most, per_second: options.rate };
    let (random, length) = (stage.random.fork(), Duration::from_secs(options.seconds));
    let attack = Attack::start(|over| crowd.attack(random, over))?;
    let (others, pauses) = (stage.deliveries()?, stage.random.fork());
    let until = Instant::now() + length;
    let (fresh, mut kept) = tokio::join!(
        send_fresh(&stage, &mut deliveries, until),
        send_kept(&stage, others, (kept, pauses), until)
    );
    let tally = attack.end().await?;
    kept.push(first);
    let after = stage.series(&mut deliveries, 20, PACE / 2).await?;

    let mut report = Report::default();
    report.figure("seed", workshop.seed);
    report.figure("file descriptors", options.descriptors);
    strangers(&tally, options.seconds, &mut report);
    fresh.report("fresh connection", options.promise, &mut report);
    kept.report("kept connection", options.promise, &mut report);
    after.report("after the attack", options.promise, &mut report);
    pages(&stage, &mut report).await;
    ledger(&stage, [&fresh, &kept, &after], &mut report).await?;
    stage::stop(child, "", &mut report).await?;
    Ok(report)
}

/// Sends each delivery over a connection of its own, whether those before were answered or not.
async fn send_fresh(stage: &Stage, deliveries: &mut Deliveries, until: Instant) -> Series {
    let mut ticks = time::interval(PACE);
    let mut sent = JoinSet::new();
    while Instant::now() < until {
        ticks.tick().await;
        sent.spawn(deliveries::send(stage.site.address, deliveries.next(0), Writes::Whole));
    }
    let mut series = Series::default();
    for reply in sent.join_all().await {
        series.push(reply);
    }
    series
}

/// Sends one delivery after the other over a connection that is older than the attack.
async fn send_kept(
    stage: &Stage,
    mut deliveries: Deliveries,
    (mut kept, mut pauses): (Option<TcpStream>, Rng),
    until: Instant,
) -> Series {
    let mut series = Series::default();
    while Instant::now() < until {
        time::sleep(Duration::from_millis(pauses.u64(20..2000))).await;
        let request = deliveries.next(0);
        series.push(deliveries::send_kept(stage.site.address, &mut kept, request).await);
    }
    series
}

fn strangers(tally: &Tally, seconds: u64, report: &mut Report) {
    report.figure("seconds of attack", seconds);
    report.figure("connections held at once", tally.most);
    report.figure("connections opened", tally.opened);
    report.figure("  closed by the site", tally.closed_by_site);
    report.figure("  left by strangers", tally.left);
    report.figure("  not connected", tally.not_connected);
}

/// Reports how soon each page answers after the attack.
async fn pages(stage: &Stage, report: &mut Report) {
    let began = Instant::now();
    let mut silent = Vec::new();
    for (path, expected) in [("/", 200), ("/healthz", 200), ("/feedback/x", 404)] {
        loop {
            let left = RECOVERY.saturating_sub(began.elapsed());
            match stage.page(path, left).await {
                Ok(status) if status == expected => break,
                _ if left.is_zero() => {
                    silent.push(path);
                    break;
                }
                _ => time::sleep(Duration::from_millis(50)).await,
            }
        }
    }
    report.none("pages that stay silent for 30 s", silent);
    report.figure("pages answer after, ms", millis(began.elapsed()));
}

/// P1: what was acknowledged is there, and once.
async fn ledger(stage: &Stage, all: [&Series; 3], report: &mut Report) -> anyhow::Result<()> {
    let ledger = admin::settled(stage.site.address, RECOVERY).await?;
    let known: HashSet<&str> = ledger.deliveries.iter().map(|one| one.id.as_str()).collect();
    let ids: Vec<&str> = all.iter().flat_map(|series| series.ids()).collect();
    let distinct: HashSet<&str> = ids.iter().copied().collect();
    report.equal("acknowledged under an id of its own", distinct.len(), ids.len());
    report.none("acknowledged and lost", ids.iter().filter(|id| !known.contains(*id)));
    report.equal("rows listed once", known.len(), ledger.deliveries.len());
    let sent: usize = all.iter().map(|series| series.len()).sum();
    let extra = known.len().saturating_sub(sent);
    report.none("rows that nobody sent", (extra > 0).then_some(extra));
    Ok(())
}
