//! The site's clock is wrong, is set while it runs, and while it does not.

use std::{
    collections::{BTreeMap, HashSet},
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use chrono::{TimeDelta, Utc};
use clap::Args;
use tokio::time;

use super::{
    deliveries::{self, Deliveries, Writes},
    outcome::{HOOKS, Outcome},
    series::Series,
    stage::{self, Stage},
};
use crate::{
    common::Workshop,
    database::{Choice, Kind},
    model::Fact,
    report::Report,
};

/// How far apart deliveries are sent.
const PACE: Duration = Duration::from_millis(20);

/// How soon bookings start that are reminded of.
const SOON: TimeDelta = TimeDelta::seconds(3);

/// When a booking starts that must not be reminded of yet: before the clock that is ahead says so.
const LATER: TimeDelta = TimeDelta::minutes(30);

/// The settings of the attack.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    choice: Choice,

    /// How many deliveries are sent before the clock is set, and after it.
    #[arg(long, default_value_t = 50)]
    deliveries: usize,

    /// How many seconds each of them may take.
    #[arg(long, default_value_t = 30)]
    patience: u64,
}

/// A way in which the clock is wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Case {
    /// It is an hour ahead all the time.
    Ahead,
    /// It is set back by an hour while the site does not run.
    BackWhileStopped,
    /// It is set back by an hour while hooks run.
    BackWhileRunning,
    /// It leaps an hour ahead while hooks run, as after a sleep.
    AheadWhileRunning,
}

impl Case {
    /// Only the machine's clock counts with SQLite; it says nothing where the server has its own.
    const fn all(kind: Kind) -> &'static [Self] {
        match kind {
            Kind::Sqlite => {
                &[Self::BackWhileStopped, Self::BackWhileRunning, Self::AheadWhileRunning]
            }
            Kind::Postgres => &[Self::Ahead, Self::BackWhileRunning, Self::AheadWhileRunning],
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Ahead => "an hour ahead",
            Self::BackWhileStopped => "set back while stopped",
            Self::BackWhileRunning => "set back while running",
            Self::AheadWhileRunning => "set ahead while running",
        }
    }
}

/// A clock for a process.
#[derive(Debug)]
struct Clock(PathBuf);

pub(crate) async fn run(
    options: &Options,
    workshop: &Workshop,
    report: &mut Report,
) -> anyhow::Result<()> {
    for case in Case::all(options.choice.database) {
        try_case(*case, options, workshop, report).await?;
    }
    Ok(())
}

async fn try_case(
    case: Case,
    options: &Options,
    workshop: &Workshop,
    report: &mut Report,
) -> anyhow::Result<()> {
    let (name, patience) = (case.name(), Duration::from_secs(options.patience));
    let mut stage = Stage::set(workshop, name, &options.choice).await?;
    let clock = Clock::of(&mut stage)?;
    stage.site.variables.push(("CALCOM_TEST_NEXT", "1".to_owned()));
    let mut deliveries = stage.deliveries()?;
    clock.set(if case == Case::Ahead { "+1h" } else { "+0" })?;
    let mut child = stage.start(None).await?;

    let soon = remind(&stage, &mut deliveries, SOON).await;
    let later = remind(&stage, &mut deliveries, LATER).await;
    // The reminders of the first are done, and hooks run, when the clock is set.
    time::sleep(SOON.to_std()? + Duration::from_secs(2)).await;
    stage.provider.slow_down(true);
    let mut sent = stage.series(&mut deliveries, options.deliveries, PACE).await?;
    match case {
        Case::Ahead => {}
        Case::BackWhileStopped => {
            stage::stop(child, &format!("{name}: "), report).await?;
            clock.set("-1h")?;
            child = stage.start(None).await?;
        }
        Case::BackWhileRunning => clock.set("-1h")?,
        Case::AheadWhileRunning => clock.set("+1h")?,
    }
    stage.provider.slow_down(false);
    sent.extend(stage.series(&mut deliveries, options.deliveries, PACE).await?);
    let rest = stage.rest(sent.ids(), patience).await?;

    sent.acknowledged(name, report);
    let took = rest.map_or("for ever".to_owned(), |rest| format!("{:.2}", rest.as_secs_f64()));
    report.figure(format!("{name}: until all was done, s"), took);
    let late = rest.is_none().then(|| format!("after {} s", options.patience));
    report.none(format!("{name}: tasks that wait for longer"), late);
    let outcome = Outcome::of(&stage, Duration::ZERO).await?;
    let ids: HashSet<&str> = sent.ids().chain(soon.ids()).chain(later.ids()).collect();
    outcome.report(&format!("{name}: "), &ids, &HOOKS, report);
    // A machine without another clock takes it that the later ones are due.
    let are_due = case == Case::AheadWhileRunning && options.choice.database == Kind::Sqlite;
    let later = if are_due { Series::default() } else { later };
    reminders(name, &outcome, (&soon, &later), report);
    if case != Case::BackWhileStopped {
        let again = again(&stage);
        report.none(format!("{name}: calls that came again"), again);
    }
    stage::stop(child, &format!("{name}: "), report).await?;
    stage.strike(report).await
}

/// Books what starts after this time.
#[expect(clippy::disallowed_methods, reason = "reminders are due by the clock of this machine")]
async fn remind(stage: &Stage, deliveries: &mut Deliveries, after: TimeDelta) -> Series {
    let mut series = Series::default();
    for _ in 0..5 {
        let mut booking = deliveries.book();
        booking.start = Utc::now() + after;
        booking.end = booking.start + TimeDelta::minutes(45);
        let body = deliveries.body(&booking, Fact::Accepted { from: None });
        let request = deliveries.sign(&body);
        series.push(deliveries::send(stage.site.address, request, Writes::Whole).await);
    }
    series
}

/// Reports that a reminder that was due has run once, and one that is not has not.
fn reminders(
    name: &str,
    outcome: &Outcome,
    (soon, later): (&Series, &Series),
    report: &mut Report,
) {
    let count = |id: &str| {
        let rows = outcome.effects.iter();
        rows.filter(|(delivery, hook)| delivery == id && hook == "start").count()
    };
    let wrong = soon.ids().filter(|id| count(id) != 1);
    let wrong: Vec<String> = wrong.map(|id| format!("{id} {} times", count(id))).collect();
    report.none(format!("{name}: reminders not run once"), wrong);
    let early = later.ids().filter(|id| count(id) > 0);
    report.none(format!("{name}: reminders before their time"), early);
}

/// Returns what the provider was told several times although nobody was killed.
fn again(stage: &Stage) -> Vec<String> {
    let mut keys: BTreeMap<String, usize> = BTreeMap::new();
    for call in stage.provider.calls() {
        *keys.entry(call.key).or_default() += 1;
    }
    let again = keys.into_iter().filter(|(_, count)| *count > 1);
    again.map(|(key, count)| format!("{key} {count} times")).collect()
}

impl Clock {
    /// Gives the site a clock of its own; how long something takes it still tells right.
    fn of(stage: &mut Stage) -> anyhow::Result<Self> {
        let path = stage.site.folder.join("clock");
        let library = library().context("found no libfaketimeMT.so.1: install faketime")?;
        let variables = [
            ("LD_PRELOAD", library.display().to_string()),
            ("FAKETIME_TIMESTAMP_FILE", path.display().to_string()),
            ("FAKETIME_NO_CACHE", "1".to_owned()),
            ("DONT_FAKE_MONOTONIC", "1".to_owned()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ];
        stage.site.variables.extend(variables);
        Ok(Self(path))
    }

    /// Sets it, relative to the one of the machine.
    fn set(&self, offset: &str) -> anyhow::Result<()> {
        // The site must never see a file that is half written.
        let new = self.0.with_extension("new");
        fs::write(&new, format!("{offset}\n"))?;
        Ok(fs::rename(new, &self.0)?)
    }
}

fn library() -> Option<PathBuf> {
    let folders = fs::read_dir("/usr/lib").ok()?.filter_map(Result::ok);
    let paths = folders.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"));
    let mut paths = paths.filter(|path: &PathBuf| Path::exists(path));
    paths.next()
}
