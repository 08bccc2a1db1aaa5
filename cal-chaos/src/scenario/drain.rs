//! A backlog goes through many hooks.

use std::time::Duration;

use clap::Args;

use super::{
    gate::{self, Gate},
    stage::{self, Stage},
};
use crate::{
    common::Workshop,
    database::{Choice, Kind},
    model::Fact,
    report::Report,
};

/// The settings of the attack.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    choice: Choice,

    /// How many deliveries wait.
    #[arg(long, default_value_t = 20_000)]
    deliveries: usize,

    /// How many hooks each has to go through.
    #[arg(long, default_value_t = 5)]
    hooks: usize,

    /// How many seconds that may take on SQLite.
    #[arg(long, default_value_t = 20)]
    promise: u64,

    /// How much longer the slowest hook may take than the fastest, in hundredths.
    #[arg(long, default_value_t = 130)]
    spread: u64,
}

pub(crate) async fn run(
    options: &Options,
    workshop: &Workshop,
    report: &mut Report,
) -> anyhow::Result<()> {
    const ENDS: &str = "SELECT min(settled_at), max(settled_at), count(*) FROM cal_tasks \
        WHERE state = 'done' GROUP BY hook";
    let mut stage = Stage::set(workshop, "", &options.choice).await?;
    stage.site.variables.push(("CALCOM_TEST_HOOKS", options.hooks.to_string()));
    let gate = Gate::close(&mut stage)?;
    let mut deliveries = stage.deliveries()?;
    let child = stage.start(None).await?;
    let facts = [Fact::Accepted { from: None }];
    let series = gate::fill(&stage, &mut deliveries, options.deliveries, &facts).await?;
    series.acknowledged("deliveries", report);

    let took = gate.open(&stage).await?;
    let ends: Vec<(i64, i64, i64)> = stage.database.fetch(ENDS).await?;
    let done: i64 = ends.iter().map(|(_, _, count)| count).sum();
    report.equal("tasks done", usize::try_from(done)?, options.deliveries * options.hooks);
    // The first task ends as soon as the gate is open.
    let began = ends.iter().map(|(first, ..)| *first).min().unwrap_or_default();
    let times: Vec<i64> = ends.iter().map(|(_, end, _)| end - began).collect();
    let (fastest, slowest) = (times.iter().min().copied(), times.iter().max().copied());
    let (fastest, slowest) = (fastest.unwrap_or_default().max(1), slowest.unwrap_or_default());
    report.figure("fastest hook, s", seconds(fastest));
    report.figure("slowest hook, s", seconds(slowest));
    let spread = u64::try_from(slowest * 100 / fastest)?;
    report.at_most("slowest hook, hundredths of the fastest", spread, options.spread);
    report.figure("until all was done, s", format!("{:.2}", took.as_secs_f64()));
    if options.choice.database == Kind::Sqlite {
        let whole = took.as_secs() + u64::from(took.subsec_nanos() > 0);
        report.at_most("until all was done, whole seconds", whole, options.promise);
    }
    stage::stop(child, "", report).await?;
    stage.strike(report).await
}

fn seconds(micros: i64) -> String {
    format!("{:.2}", Duration::from_micros(micros.unsigned_abs()).as_secs_f64())
}
