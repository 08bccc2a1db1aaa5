//! The site's log can no longer be written.

use std::{collections::HashSet, time::Duration};

use anyhow::Context as _;
use clap::Args;
use tokio::time;

use super::{
    outcome::{HOOKS, Outcome},
    output::{Case, Output},
    series::Series,
    stage::{self, Stage},
};
use crate::{common::Workshop, database::Choice, report::Report};

/// How far apart deliveries are sent.
const PACE: Duration = Duration::from_millis(10);

/// How long a page may take.
const PAGE: Duration = Duration::from_secs(5);

/// The settings of the attack.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How many deliveries are sent while the log can be written, then while it cannot, and at
    /// last while the site stops.
    #[arg(long, default_value_t = 50)]
    deliveries: usize,

    /// How many seconds hooks may take.
    #[arg(long, default_value_t = 20)]
    patience: u64,
}

pub(crate) async fn run(
    options: &Options,
    workshop: &Workshop,
    report: &mut Report,
) -> anyhow::Result<()> {
    for case in Case::ALL {
        try_case(case, options, workshop, report).await?;
    }
    Ok(())
}

async fn try_case(
    case: Case,
    options: &Options,
    workshop: &Workshop,
    report: &mut Report,
) -> anyhow::Result<()> {
    let name = case.name();
    let mut stage = Stage::set(workshop, name, &Choice::file()).await?;
    stage.site.limits = case.limits();
    let mut deliveries = stage.deliveries()?;
    let mut command = stage.site.command();
    let output = Output::of(case, &mut command, &stage.site.folder)?;
    let child = stage.start(Some(command)).await;
    let failed = child.as_ref().err().map(|error| format!("{error:#}"));
    report.none(format!("{name}: starts that failed"), failed);
    let Ok(child) = child else { return Ok(()) };

    let before = stage.series(&mut deliveries, options.deliveries, PACE).await?;
    let _broken = output.break_off(case).await?;
    let after = stage.series(&mut deliveries, options.deliveries, PACE).await?;
    before.acknowledged(&format!("{name}: before"), report);
    after.acknowledged(&format!("{name}: after"), report);
    let ready = match stage.page("/readyz", PAGE).await {
        Ok(status) => status.as_u16().to_string(),
        Err(error) => format!("{error:#}"),
    };
    report.none(format!("{name}: /readyz that is not 200"), (ready != "200").then_some(ready));
    let patience = Duration::from_secs(options.patience);
    let ids = ids([&before, &after]);
    hooks(&stage, name, &ids, patience, report).await;

    let (last, stopped) =
        tokio::join!(stage.series(&mut deliveries, options.deliveries, PACE), async {
            // Some of them are on their way.
            time::sleep(PACE * 10).await;
            stage::stop(child, &format!("{name}: "), report).await
        });
    stopped?;
    let last = last?;
    report.figure(format!("{name}: acknowledged while it stopped"), last.ids().count());
    restarted(&stage, name, [&before, &after, &last], patience, report).await
}

/// Reports whether hooks run, as the site and as the provider sees it.
async fn hooks(
    stage: &Stage,
    name: &str,
    ids: &HashSet<&str>,
    patience: Duration,
    report: &mut Report,
) {
    let outcome = match time::timeout(patience + PAGE, Outcome::of(stage, patience)).await {
        Ok(Ok(outcome)) => Ok(outcome),
        Ok(Err(error)) => Err(format!("{error:#}")),
        Err(_) => Err("no answer".to_owned()),
    };
    report.none(format!("{name}: ledger out of reach"), outcome.as_ref().err());
    let outcome = outcome.unwrap_or_default();
    let done = ids.len() * 2 - outcome.undone(ids, &HOOKS).len();
    report.equal(format!("{name}: tasks done"), done, ids.len() * 2);
    let calls = stage.provider.calls();
    let told: HashSet<&str> = calls.iter().filter_map(|call| call.key.split('/').next()).collect();
    let told = ids.iter().filter(|id| told.contains(*id)).count();
    report.equal(format!("{name}: told to the provider"), told, ids.len());
}

/// P1, P2 and P10: what was acknowledged is there after a restart, and ends.
async fn restarted(
    stage: &Stage,
    name: &str,
    all: [&Series; 3],
    patience: Duration,
    report: &mut Report,
) -> anyhow::Result<()> {
    let child = stage.start(None).await.context("the restart")?;
    let outcome = Outcome::of(stage, patience).await?;
    let ids = ids(all);
    report.none(format!("{name}: acknowledged and lost"), outcome.lost(&ids));
    report.none(format!("{name}: tasks not done after a restart"), outcome.undone(&ids, &HOOKS));
    stage::stop(child, &format!("{name}, restarted: "), report).await
}

fn ids<const N: usize>(all: [&Series; N]) -> HashSet<&str> {
    all.into_iter().flat_map(Series::ids).collect()
}
