//! The site's log can no longer be written.

use std::{
    collections::{BTreeSet, HashSet},
    fs,
    process::ExitCode,
    time::Duration,
};

use anyhow::Context as _;
use clap::Args;
use tokio::time;

use super::{
    output::{Case, Output},
    series::Series,
    stage::{self, Stage},
};
use crate::{
    admin::{self, Ledger},
    check::{EFFECTS, PROVIDER},
    common::{Common, Workshop},
    report::Report,
};

/// How far apart deliveries are sent.
const PACE: Duration = Duration::from_millis(10);

/// How long a page may take.
const PAGE: Duration = Duration::from_secs(5);

/// What the run is like.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    common: Common,

    /// How many deliveries are sent while the log can be written, then while it cannot, and at
    /// last while the site stops.
    #[arg(long, default_value_t = 50)]
    deliveries: usize,

    /// How many seconds hooks may take.
    #[arg(long, default_value_t = 20)]
    patience: u64,
}

pub(crate) async fn start(options: &Options) -> anyhow::Result<ExitCode> {
    let workshop = Workshop::open(&options.common).await?;
    let report = run(options, &workshop).await;
    workshop.close(report, ", in a folder for each case")
}

async fn run(options: &Options, workshop: &Workshop) -> anyhow::Result<Report> {
    let mut report = Report::default();
    report.figure("seed", workshop.seed);
    for case in Case::ALL {
        try_case(case, options, workshop, &mut report).await?;
    }
    Ok(report)
}

async fn try_case(
    case: Case,
    options: &Options,
    workshop: &Workshop,
    report: &mut Report,
) -> anyhow::Result<()> {
    let name = case.name();
    let folder = workshop.folder.join(name.replace(' ', "-"));
    fs::create_dir_all(&folder)?;
    let mut stage = Stage::set(workshop, folder, case.limits()).await?;
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
    ids: &BTreeSet<&str>,
    patience: Duration,
    report: &mut Report,
) {
    let settled = admin::settled(stage.site.address, patience);
    let ledger = match time::timeout(patience + PAGE, settled).await {
        Ok(Ok(ledger)) => Ok(ledger),
        Ok(Err(error)) => Err(format!("{error:#}")),
        Err(_) => Err("no answer".to_owned()),
    };
    report.none(format!("{name}: ledger out of reach"), ledger.as_ref().err());
    let done = ids.len() * 2 - undone(&ledger.unwrap_or_default(), ids).len();
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
    let ledger = admin::settled(stage.site.address, patience).await?;
    let known: HashSet<&str> = ledger.deliveries.iter().map(|one| one.id.as_str()).collect();
    let ids = ids(all);
    let lost = ids.iter().filter(|id| !known.contains(*id));
    report.none(format!("{name}: acknowledged and lost"), lost);
    report.none(format!("{name}: tasks not done after a restart"), undone(&ledger, &ids));
    stage::stop(child, &format!("{name}, restarted: "), report).await
}

fn ids<const N: usize>(all: [&Series; N]) -> BTreeSet<&str> {
    all.into_iter().flat_map(Series::ids).collect()
}

/// Returns the tasks of these deliveries that are not there, or not done.
fn undone(ledger: &Ledger, ids: &BTreeSet<&str>) -> Vec<String> {
    let done = ledger.tasks.iter().filter(|task| task.state == "done");
    let done: HashSet<(&str, &str)> =
        done.map(|task| (task.delivery_id.as_str(), task.hook.as_str())).collect();
    let all = ids.iter().flat_map(|id| [(*id, PROVIDER), (*id, EFFECTS)]);
    all.filter(|task| !done.contains(task)).map(|(id, hook)| format!("{hook} of {id}")).collect()
}
