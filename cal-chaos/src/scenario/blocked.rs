//! A hook is dead, and thousands of bookings wait for it.

use std::time::Duration;

use clap::Args;
use tokio::{process::Child, time::Instant};

use super::{
    deliveries::Deliveries,
    gate::{self, Gate},
    series::Series,
    stage::{self, Stage},
};
use crate::{common::Workshop, database::Choice, model::Fact, report::Report};

/// How many healthy hooks there are.
const HEALTHY: usize = 2;

/// The settings of the attack.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    choice: Choice,

    /// How many bookings wait for the dead hook, each with a second delivery behind the first.
    #[arg(long, default_value_t = 50_000)]
    chains: usize,

    /// How many fresh deliveries healthy hooks have to do at once.
    #[arg(long, default_value_t = 5000)]
    fresh: usize,

    /// How often that is measured; the middle one counts.
    #[arg(long, default_value_t = 3)]
    rounds: usize,

    /// How much of their rate healthy hooks keep, in hundredths.
    #[arg(long, default_value_t = 90)]
    promise: u64,
}

/// A site with a dead hook.
struct Patient {
    stage: Stage,
    gate: Gate,
    deliveries: Deliveries,
    times: Vec<Duration>,
    fresh: Series,
    /// The ways in which the site did not stop in good order.
    problems: Vec<String>,
}

pub(crate) async fn run(
    options: &Options,
    workshop: &Workshop,
    report: &mut Report,
) -> anyhow::Result<()> {
    let mut free = Patient::new(options, workshop, "free").await?;
    let mut blocked = Patient::new(options, workshop, "blocked").await?;
    blocked.block(options.chains, report).await?;
    for _ in 0..options.rounds {
        for patient in [&mut free, &mut blocked] {
            patient.measure(options.fresh).await?;
        }
    }
    let [free_rate, blocked_rate] =
        [&mut free, &mut blocked].map(|patient| patient.rate(options.fresh));
    report.figure("tasks of healthy hooks a second, with nothing blocked", free_rate);
    report.figure("tasks of healthy hooks a second, beside what is blocked", blocked_rate);
    let part = blocked_rate * 100 / free_rate.max(1);
    report.at_least("rate that healthy hooks keep, in hundredths", part, options.promise);
    for (name, patient) in [("nothing blocked", free), ("blocked", blocked)] {
        patient.fresh.acknowledged(&format!("{name}: fresh deliveries"), report);
        let what = format!("{name}: SIGTERM that did not end it with 0");
        report.none(what, &patient.problems);
        patient.stage.strike(report).await?;
    }
    Ok(())
}

impl Patient {
    async fn new(options: &Options, workshop: &Workshop, name: &str) -> anyhow::Result<Self> {
        let mut stage = Stage::set(workshop, name, &options.choice).await?;
        stage.site.variables.push(("CALCOM_TEST_DEAD", "1".to_owned()));
        let gate = Gate::close(&mut stage)?;
        let deliveries = stage.deliveries()?;
        let (times, fresh, problems) = (Vec::new(), Series::default(), Vec::new());
        Ok(Self { stage, gate, deliveries, times, fresh, problems })
    }

    /// Lets bookings wait for the dead hook.
    async fn block(&mut self, chains: usize, report: &mut Report) -> anyhow::Result<()> {
        const BLOCKED: &str = "SELECT count(*) FROM cal_tasks WHERE state IN ('waiting', 'retry')";
        let child = self.start(0).await?;
        let began = Instant::now();
        let facts = [Fact::Accepted { from: None }, Fact::Paid];
        let series = gate::fill(&self.stage, &mut self.deliveries, chains, &facts).await?;
        series.acknowledged("to be blocked", report);
        report.figure("seconds of blocking", began.elapsed().as_secs());
        report.figure("tasks of the dead hook", self.stage.database.number(BLOCKED).await?);
        self.problems.extend(stage::end(child).await?);
        Ok(())
    }

    /// Measures how long healthy hooks take.
    async fn measure(&mut self, fresh: usize) -> anyhow::Result<()> {
        let child = self.start(HEALTHY).await?;
        let facts = [Fact::Accepted { from: None }];
        let series = gate::fill(&self.stage, &mut self.deliveries, fresh, &facts).await?;
        self.fresh.extend(series);
        self.times.push(self.gate.open(&self.stage).await?);
        self.problems.extend(stage::end(child).await?);
        Ok(())
    }

    async fn start(&mut self, healthy: usize) -> anyhow::Result<Child> {
        self.stage.site.variables.retain(|(name, _)| *name != "CALCOM_TEST_HOOKS");
        self.stage.site.variables.push(("CALCOM_TEST_HOOKS", healthy.to_string()));
        self.stage.start(None).await
    }

    /// Returns how many tasks were done in a second.
    fn rate(&mut self, fresh: usize) -> u64 {
        self.times.sort_unstable();
        let middle = self.times.get(self.times.len() / 2).copied().unwrap_or_default();
        ((fresh * HEALTHY) as f64 / middle.as_secs_f64().max(0.001)) as u64
    }
}
