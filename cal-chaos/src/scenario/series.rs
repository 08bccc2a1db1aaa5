//! How a series of deliveries was answered.

use std::{collections::BTreeMap, time::Duration};

use clap::Args;

use crate::report::Report;

/// How soon signed deliveries must be answered.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Promise {
    /// How many milliseconds a signed delivery may wait; more where the machine has other work.
    #[arg(long, default_value_t = 1000)]
    promise: u64,
}

/// How one delivery was answered.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) took: Duration,
    /// The id that it is kept under, or why it is not.
    pub(crate) outcome: Result<String, String>,
}

/// How deliveries of one kind were answered.
#[derive(Debug, Default)]
pub(crate) struct Series(Vec<Reply>);

impl Series {
    pub(crate) fn push(&mut self, reply: Reply) {
        self.0.push(reply);
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Returns the ids of what was acknowledged.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|reply| reply.outcome.as_deref().ok())
    }

    /// Reports that each was acknowledged in time.
    pub(crate) fn report(&self, name: &str, promise: Promise, report: &mut Report) {
        let Promise { promise } = promise;
        self.acknowledged(name, report);
        report.figure(format!("{name}: 99th percentile, ms"), millis(self.part(99)));
        report.at_most(format!("{name}: slowest, ms"), millis(self.part(100)), promise);
        let late = self.0.iter().filter(|reply| millis(reply.took) > promise).count();
        report.figure(format!("{name}: later than promised"), late);
    }

    /// Reports that each was acknowledged, however long it took.
    pub(crate) fn acknowledged(&self, name: &str, report: &mut Report) {
        report.equal(format!("{name}: answered 200"), self.ids().count(), self.0.len());
        for (reason, count) in self.failures() {
            report.figure(format!("{name}: {reason}"), count);
        }
    }

    /// Counts what was not acknowledged, by reason.
    pub(crate) fn failures(&self) -> BTreeMap<&str, usize> {
        let mut failures = BTreeMap::new();
        for reason in self.0.iter().filter_map(|reply| reply.outcome.as_ref().err()) {
            *failures.entry(reason.as_str()).or_default() += 1;
        }
        failures
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns the time within which this part of a hundred was answered.
    pub(crate) fn part(&self, percent: usize) -> Duration {
        let mut times: Vec<Duration> = self.0.iter().map(|reply| reply.took).collect();
        times.sort_unstable();
        let place = (times.len() * percent).div_ceil(100).saturating_sub(1);
        times.get(place).copied().unwrap_or_default()
    }
}

pub(crate) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_count_from_the_fastest() {
        let mut series = Series::default();
        assert_eq!(series.part(99), Duration::ZERO);
        for took in (1..=200).rev().map(Duration::from_millis) {
            series.push(Reply { took, outcome: Ok("id".to_owned()) });
        }
        assert_eq!(series.part(99), Duration::from_millis(198));
        assert_eq!(series.part(100), Duration::from_millis(200));
    }
}
