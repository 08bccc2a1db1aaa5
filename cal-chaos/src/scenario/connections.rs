//! Strangers hold more connections than the site has file descriptors, and open new ones.

use std::{collections::HashSet, time::Duration};

use clap::Args;
use fastrand::Rng;
use tokio::{
    net::TcpStream,
    time::{self, Instant},
};

use super::{
    apart::Attack,
    attacker::{Crowd, Tally},
    deliveries::{self, Deliveries},
    outcome::Outcome,
    series::{Promise, Series, millis},
    stage::{self, Stage},
};
use crate::{common::Workshop, database::Choice, report::Report};

/// How often a delivery is sent.
const PACE: Duration = Duration::from_millis(100);

/// How soon pages answer again.
const RECOVERY: Duration = Duration::from_secs(30);

/// The settings of the attack.
#[derive(Debug, Args)]
pub(crate) struct Options {
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

pub(crate) async fn run(
    options: &Options,
    workshop: &Workshop,
    report: &mut Report,
) -> anyhow::Result<()> {
    let mut stage = Stage::set(workshop, "", &Choice::file()).await?;
    stage.site.limits = Some(format!("ulimit -n {}", options.descriptors));
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
    let (fresh, mut kept) = stage
        .series_until(&mut deliveries, PACE, send_kept(&stage, others, (kept, pauses), until))
        .await;
    let tally = attack.end().await?;
    kept.push(first);
    let after = stage.series(&mut deliveries, 20, PACE / 2).await?;

    report.figure("file descriptors", options.descriptors);
    strangers(&tally, options.seconds, report);
    fresh.report("fresh connection", options.promise, report);
    kept.report("kept connection", options.promise, report);
    after.report("after the attack", options.promise, report);
    pages(&stage, report).await;
    ledger(&stage, [&fresh, &kept, &after], report).await?;
    stage::stop(child, "", report).await
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
    let outcome = Outcome::of(stage, RECOVERY).await?;
    let ids: Vec<&str> = all.iter().flat_map(|series| series.ids()).collect();
    let distinct: HashSet<&str> = ids.iter().copied().collect();
    report.equal("acknowledged under an id of its own", distinct.len(), ids.len());
    report.none("acknowledged and lost", outcome.lost(&distinct));
    let deliveries = &outcome.ledger.deliveries;
    let known: HashSet<&str> = deliveries.iter().map(|one| one.id.as_str()).collect();
    report.equal("rows listed once", known.len(), deliveries.len());
    let sent: usize = all.iter().map(|series| series.len()).sum();
    let extra = known.len().saturating_sub(sent);
    report.none("rows that nobody sent", (extra > 0).then_some(extra));
    Ok(())
}
