//! An old and a new version take turns on one PostgreSQL, and run side by side.

use std::{collections::HashSet, net::SocketAddr, pin::pin, time::Duration};

use clap::Args;
use tokio::{
    process::Child,
    task::JoinSet,
    time::{self, MissedTickBehavior},
};

use super::{
    deliveries::{self, Deliveries, Writes},
    outcome::{HOOKS, Outcome},
    series::Series,
    stage::{self, Stage},
};
use crate::{
    admin::Task,
    common::Workshop,
    database::Server,
    model::{Fact, Status},
    report::Report,
    site::{self, Site},
    story::Booking,
};

/// The hook that only the new version has.
const NEXT: &str = "next";

/// How often a delivery is sent.
const PACE: Duration = Duration::from_millis(15);

/// The settings of the attack.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    server: Server,

    /// How often the new version takes the place of the old one, and the old one its place again.
    #[arg(long, default_value_t = 3)]
    rounds: usize,

    /// How many seconds each of them runs alone, and both together.
    #[arg(long, default_value_t = 4)]
    seconds: u64,

    /// How many seconds what is left may take in the end.
    #[arg(long, default_value_t = 60)]
    patience: u64,
}

/// Deliveries that are sent meanwhile, and their answers.
struct Load {
    deliveries: Deliveries,
    requests: usize,
    before: Series,
    /// Once the new version had started.
    since: Series,
    has_started: bool,
    /// Versions that did not stop as they should.
    problems: Vec<String>,
}

pub(crate) async fn run(
    options: &Options,
    workshop: &Workshop,
    report: &mut Report,
) -> anyhow::Result<()> {
    let mut stage = Stage::set(workshop, "", &options.server.choice()).await?;
    let mut load = Load::new(stage.deliveries()?);
    let old = stage.site.clone();
    let mut new = Site { address: site::free_address()?, ..old.clone() };
    new.variables.push(("CALCOM_TEST_NEXT", "1".to_owned()));
    // The ledger is read from whichever runs in the end.
    stage.site.address = new.address;
    let length = Duration::from_secs(options.seconds);

    let mut running = stage::start(&old).await?;
    load.during(&[&old], time::sleep(length)).await;
    for _ in 0..options.rounds {
        for (from, to) in [(&old, &new), (&new, &old)] {
            running = roll(&mut load, (running, from), to, length).await?;
        }
    }
    running = roll(&mut load, (running, &old), &new, length).await?;

    let patience = Duration::from_secs(options.patience);
    let outcome = Outcome::of(&stage, patience).await?;
    load.before.acknowledged("before the new version", report);
    load.since.acknowledged("since the new version", report);
    outcome.report("", &load.before.ids().chain(load.since.ids()).collect(), &HOOKS, report);
    let since: HashSet<&str> = load.since.ids().collect();
    outcome.report("new hook: ", &since, &[NEXT], report);
    report.none("new hook: reminders missing", reminders(&outcome, &since));
    let dead = outcome.ledger.tasks.iter().filter(|task| task.state == "dead");
    report.none("dead", dead.map(|task| format!("{} of {}", task.hook, task.delivery_id)));
    report.none("while rolling: SIGTERM that did not end it with 0", &load.problems);
    stage::stop(running, "", report).await?;
    stage.strike(report).await
}

/// Lets one version take the place of another, both of which run for a while.
async fn roll(
    load: &mut Load,
    (running, from): (Child, &Site),
    to: &Site,
    length: Duration,
) -> anyhow::Result<Child> {
    let started = load.during(&[from], stage::start(to)).await?;
    load.has_started = true;
    load.during(&[from, to], time::sleep(length)).await;
    let problem = load.during(&[to], stage::end(running)).await?;
    load.problems.extend(problem);
    load.during(&[to], time::sleep(length)).await;
    Ok(started)
}

/// Returns what was applied about a booking that stands, and has no reminder.
fn reminders<'a>(outcome: &Outcome, ids: &HashSet<&'a str>) -> Vec<&'a str> {
    let ledger = &outcome.ledger;
    let bookings = ledger.bookings.iter().filter(|booking| booking.status == Status::Accepted);
    let standing: HashSet<&str> = bookings.map(|booking| booking.uid.as_str()).collect();
    let is_one = |task: &&Task| task.hook == NEXT && task.reminder.is_some();
    let reminded: HashSet<&str> =
        ledger.tasks.iter().filter(is_one).map(|task| task.delivery_id.as_str()).collect();
    let wanted = ledger.deliveries.iter().filter(|one| {
        let trigger = one.trigger.as_deref();
        one.decision.as_deref() == Some("applied")
            && one.booking_uid.as_deref().is_some_and(|uid| standing.contains(uid))
            && matches!(trigger, Some("BOOKING_CREATED" | "BOOKING_RESCHEDULED"))
    });
    let missing = wanted.filter(|one| !reminded.contains(one.id.as_str()));
    missing.filter_map(|one| ids.get(one.id.as_str()).copied()).collect()
}

impl Load {
    fn new(deliveries: Deliveries) -> Self {
        let (before, since, problems) = (Series::default(), Series::default(), Vec::new());
        Self { deliveries, requests: 0, before, since, has_started: false, problems }
    }

    /// Sends bookings and what happens to them to each site in turn until something has ended.
    async fn during<T>(&mut self, sites: &[&Site], end: impl Future<Output = T>) -> T {
        let addresses: Vec<SocketAddr> = sites.iter().map(|site| site.address).collect();
        let (mut end, mut ticks) = (pin!(end), time::interval(PACE));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut sent, mut last) = (JoinSet::new(), None::<Booking>);
        let ended = loop {
            tokio::select! {
                ended = &mut end => break ended,
                _ = ticks.tick() => {}
            }
            let address = addresses[self.requests % addresses.len()];
            // The first is a change that the old version does not know under the name of the new.
            let (booking, fact) = match (self.requests % 5, last.take()) {
                (0, Some(booking)) => (booking, Fact::WronglyAssigned),
                // Another process may hear of that than of the booking.
                (1, Some(booking)) => (booking, Fact::Paid),
                (2, Some(booking)) => (booking, Fact::NoShow(true)),
                (3, Some(booking)) => {
                    (self.deliveries.book(), Fact::Accepted { from: Some(booking.uid) })
                }
                _ => (self.deliveries.book(), Fact::Accepted { from: None }),
            };
            self.requests += 1;
            let body = self.deliveries.body(&booking, fact);
            let request = self.deliveries.sign(&body);
            sent.spawn(deliveries::send(address, request, Writes::Whole));
            last = Some(booking);
        };
        let series = if self.has_started { &mut self.since } else { &mut self.before };
        for reply in sent.join_all().await {
            series.push(reply);
        }
        ended
    }
}
