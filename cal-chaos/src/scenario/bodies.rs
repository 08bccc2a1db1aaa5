//! Strangers fill the memory with bodies that nobody signed, and with all else that is buffered.

use std::{pin::pin, time::Duration};

use anyhow::Context as _;
use clap::Args;
use tokio::{
    task::JoinSet,
    time::{self, MissedTickBehavior},
};

use super::{
    apart::Attack,
    deliveries::{self, Deliveries, Writes},
    flood::Flood,
    memory::Memory,
    series::{Promise, Series},
    stage::{self, Stage},
};
use crate::{common::Workshop, database::Choice, report::Report};

/// How often a delivery is sent.
const PACE: Duration = Duration::from_millis(50);

/// How long a delivery that comes in two parts is on its way.
const PAUSE: Duration = Duration::from_millis(20);

/// How much memory may be resident, in MiB.
const RESIDENT: u64 = 160;

/// The settings of the attack.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    promise: Promise,

    /// How many bodies, and other requests, of each kind are sent.
    #[arg(long, default_value_t = 2500)]
    bodies: usize,

    /// How many seconds those of one kind are held once all have been sent.
    #[arg(long, default_value_t = 3)]
    hold: u64,

    /// How many seconds after the attack memory is looked at again.
    #[arg(long, default_value_t = 15)]
    rest: u64,
}

pub(crate) async fn run(
    options: &Options,
    workshop: &Workshop,
    report: &mut Report,
) -> anyhow::Result<()> {
    let mut stage = Stage::set(workshop, "", &Choice::file()).await?;
    stage.site.limits = Some("ulimit -n 16384".to_owned());
    let child = stage.start(None).await?;
    let process = child.id().context("the site has ended already")?;
    let before = Memory::of(process)?;

    let flood = Flood {
        address: stage.site.address,
        bodies: options.bodies,
        hold: Duration::from_secs(options.hold),
        process,
    };
    let random = stage.random.fork();
    let mut attack = Attack::start(|_| flood.attack(random))?;
    let mut deliveries = stage.deliveries()?;
    let mut answers = JoinSet::new();
    let mut ticks = time::interval(PACE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let fates = {
        let mut ended = pin!(attack.ended());
        loop {
            tokio::select! {
                fates = &mut ended => break fates?,
                _ = ticks.tick() => spawn(&stage, &mut deliveries, &mut answers),
            }
        }
    };
    let mut series: [Series; 3] = Default::default();
    for (kind, reply) in answers.join_all().await {
        series[kind].push(reply);
    }
    let peak = Memory::of(process)?.peak;
    time::sleep(Duration::from_secs(options.rest)).await;
    let after = Memory::of(process)?;

    for fates in &fates {
        fates.report(report);
    }
    report.figure("resident before, MiB", before.now);
    report.at_most("resident at the peak, MiB", peak, RESIDENT);
    report.figure(format!("resident {} s later, MiB", options.rest), after.now);
    let [whole, split, large] = series;
    whole.report("4 KB", options.promise, report);
    split.report("4 KB in two parts", options.promise, report);
    // Those may be asked to come back.
    let answered = format!("{} of {}", large.ids().count(), large.len());
    report.figure("32 KB: answered 200", answered);
    for (reason, count) in large.failures() {
        report.figure(format!("32 KB: {reason}"), count);
    }
    stage::stop(child, "", report).await
}

/// Sends one delivery of each kind in turn; the kind is its place in the table.
fn spawn(
    stage: &Stage,
    deliveries: &mut Deliveries,
    answers: &mut JoinSet<(usize, super::series::Reply)>,
) {
    let kind = deliveries.count() % 3;
    let (size, writes) = match kind {
        0 => (4096, Writes::Whole),
        1 => (4096, Writes::Split(PAUSE)),
        _ => (32 * 1024, Writes::Whole),
    };
    let (address, request) = (stage.site.address, deliveries.next(size));
    answers.spawn(async move { (kind, deliveries::send(address, request, writes).await) });
}
