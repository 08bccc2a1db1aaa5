//! Stops the site again and again, and starts it at once.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::bail;
use fastrand::Rng;
use tokio::{process::Child, time};

use crate::{
    outbox::Outbox,
    provider::Provider,
    site::{self, Site, Start, was_killed},
};

/// The places at which the site can kill itself.
pub(crate) const POINTS: [&str; 11] = [
    "accepting",
    "inserting",
    "accepted",
    "planning",
    "planned",
    "claimed",
    "called",
    "settling",
    "settled",
    "renewing",
    "migrating",
];

/// How long a site may take to end after SIGTERM.
pub(crate) const GRACE: Duration = Duration::from_secs(25);

/// How many starts may fail before the run is given up.
const FAILURES: usize = 5;

/// How a round ends.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Stop {
    /// SIGKILL at a random moment.
    Random,
    /// SIGKILL where the site gets to a place for this time.
    Point(&'static str, u32),
    /// SIGTERM.
    Terminate,
}

/// The life of one process.
#[derive(Clone, Debug)]
pub(crate) struct Round {
    pub(crate) stop: Stop,
    /// How much of the queue is sent, and over which time.
    share: usize,
    length: Duration,
    /// When it is stopped.
    after: Duration,
}

/// The results of all rounds.
#[derive(Debug, Default)]
pub(crate) struct Toll {
    pub(crate) random: usize,
    pub(crate) terminated: usize,
    /// How often a place was tried, and how often the site got there.
    pub(crate) points: BTreeMap<&'static str, (usize, usize)>,
    pub(crate) starts: usize,
    pub(crate) slowest_start: Duration,
    pub(crate) slowest_stop: Duration,
    /// What should not have happened.
    pub(crate) problems: Vec<String>,
}

/// Plans this many SIGKILLs, and one SIGTERM for every five of them.
pub(crate) fn rounds(random: &mut Rng, kills: usize, sends: usize) -> Vec<Round> {
    // Only an empty database is migrated; it takes some starts when each is cut off.
    let migrating = kills.div_ceil(5).min(3);
    let mut deck: Vec<&'static str> = Vec::new();
    let mut stops: Vec<Stop> = (migrating..kills)
        .map(|number| {
            if number % 5 < 3 {
                return Stop::Random;
            }
            if deck.is_empty() {
                deck = POINTS.into_iter().filter(|point| *point != "migrating").collect();
                random.shuffle(&mut deck);
            }
            deck.pop().map_or(Stop::Random, |point| Stop::Point(point, nth(random, point)))
        })
        .collect();
    stops.extend((0..kills.div_ceil(5)).map(|_| Stop::Terminate));
    random.shuffle(&mut stops);
    let first = (1..).take(migrating).map(|nth| Stop::Point("migrating", nth));
    let stops: Vec<Stop> = first.chain(stops).collect();
    // The last part of the queue is sent while nobody disturbs.
    let share = sends / (stops.len() + 1);
    let round = |stop: Stop| {
        let length = Duration::from_millis(random.u64(500..1500));
        let after = length.mul_f64(random.f64() * 1.2);
        let share = if matches!(stop, Stop::Point("migrating", _)) { 0 } else { share };
        Round { stop, share, length, after }
    };
    stops.into_iter().map(round).collect()
}

/// Places that are passed once for several deliveries are counted in smaller steps.
fn nth(random: &mut Rng, point: &str) -> u32 {
    match point {
        "renewing" => 1,
        "planning" | "planned" | "inserting" => random.u32(1..4),
        _ => random.u32(1..16),
    }
}

/// How long to wait until the site gets to a place before it is killed elsewhere.
fn patience(point: &str) -> Duration {
    match point {
        // Claims are renewed rarely.
        "renewing" => Duration::from_secs(15),
        // The site starts without having been there.
        "migrating" => Duration::ZERO,
        _ => Duration::from_secs(4),
    }
}

/// Runs the rounds, and starts the site a last time.
pub(crate) async fn run(
    site: &Site,
    rounds: &[Round],
    outbox: &Arc<Outbox>,
    provider: &Provider,
    toll: &mut Toll,
) -> anyhow::Result<Child> {
    for round in rounds {
        toll.run(site, round, outbox, provider).await?;
    }
    toll.start(site).await
}

impl Toll {
    async fn run(
        &mut self,
        site: &Site,
        round: &Round,
        outbox: &Arc<Outbox>,
        provider: &Provider,
    ) -> anyhow::Result<()> {
        outbox.release(round.share, round.length);
        match round.stop {
            Stop::Random => {
                let child = self.start(site).await?;
                self.random += 1;
                self.disturb(child, round.after, false).await
            }
            Stop::Terminate => {
                let child = self.start(site).await?;
                self.terminated += 1;
                self.disturb(child, round.after, true).await
            }
            Stop::Point(point, nth) => {
                provider.slow_down(point == "renewing");
                let hit = self.reach(site, point, nth).await?;
                provider.slow_down(false);
                let (tried, hits) = self.points.entry(point).or_default();
                *tried += 1;
                *hits += usize::from(hit);
                Ok(())
            }
        }
    }

    /// Starts the site, which must come up.
    async fn start(&mut self, site: &Site) -> anyhow::Result<Child> {
        for _ in 0..FAILURES {
            self.starts += 1;
            match site.start(None).await? {
                Start::Ready(child, took) => {
                    self.slowest_start = self.slowest_start.max(took);
                    return Ok(*child);
                }
                Start::Died(status) => self.problems.push(format!("a start ended: {status}")),
            }
        }
        bail!("the site does not start any more; see {}", site.log().display())
    }

    /// Lets the site work for a time, and stops it.
    async fn disturb(
        &mut self,
        mut child: Child,
        after: Duration,
        gently: bool,
    ) -> anyhow::Result<()> {
        if let Ok(status) = time::timeout(after, child.wait()).await {
            self.problems.push(format!("the site ended by itself: {}", status?));
            return Ok(());
        }
        if gently { self.stop(child).await } else { Ok(child.kill().await?) }
    }

    /// Asks the site to end, which it must do in good order and in time.
    pub(crate) async fn stop(&mut self, child: Child) -> anyhow::Result<()> {
        let (status, took) = site::stop(child, GRACE * 2).await?;
        self.slowest_stop = self.slowest_stop.max(took);
        match status {
            Some(status) if status.success() && took <= GRACE => {}
            Some(status) => {
                self.problems.push(format!("SIGTERM ended with {status} after {took:.1?}"));
            }
            None => self.problems.push(format!("SIGTERM did not end the site in {took:?}")),
        }
        Ok(())
    }

    /// Starts a site that kills itself; whether it got there.
    async fn reach(&mut self, site: &Site, point: &str, nth: u32) -> anyhow::Result<bool> {
        self.starts += 1;
        let crash = format!("{point}:{nth}");
        let mut child = match site.start(Some(&crash)).await? {
            Start::Died(status) if was_killed(status) => return Ok(true),
            Start::Died(status) => {
                self.problems.push(format!("a start up to {crash} ended: {status}"));
                return Ok(false);
            }
            Start::Ready(child, took) => {
                self.slowest_start = self.slowest_start.max(took);
                child
            }
        };
        match time::timeout(patience(point), child.wait()).await {
            Ok(status) => {
                let status = status?;
                let killed = was_killed(status);
                if !killed {
                    self.problems.push(format!("the site ended before {crash}: {status}"));
                }
                Ok(killed)
            }
            Err(_) => {
                child.kill().await?;
                Ok(false)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_follow_from_the_seed_and_try_every_point() {
        let plan = |seed| rounds(&mut Rng::with_seed(seed), 60, 6000);
        let stops = |seed| plan(seed).into_iter().map(|round| round.stop).collect::<Vec<_>>();
        assert_eq!(stops(1), stops(1));
        assert_ne!(stops(1), stops(2));
        let stops = stops(1);
        assert_eq!(stops.iter().filter(|stop| **stop == Stop::Terminate).count(), 12);
        assert_eq!(stops.len(), 72);
        for point in POINTS {
            let tried = stops.iter().any(|stop| matches!(stop, Stop::Point(at, _) if *at == point));
            assert!(tried, "{point}");
        }
        assert_eq!(stops[..3], [1, 2, 3].map(|number| Stop::Point("migrating", number)));
    }

    #[test]
    fn few_or_no_kills_are_planned_too() {
        for kills in 0..8 {
            let plan = rounds(&mut Rng::with_seed(1), kills, 10);
            let gentle = plan.iter().filter(|round| round.stop == Stop::Terminate).count();
            assert_eq!(plan.len() - gentle, kills);
        }
    }
}
