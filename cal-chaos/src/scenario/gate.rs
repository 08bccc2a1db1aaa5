//! Hooks that wait behind a gate until a backlog is there.

use std::{fs, path::PathBuf, time::Duration};

use anyhow::ensure;
use tokio::time::{self, Instant};

use super::{deliveries::Deliveries, series::Series, stage::Stage};
use crate::model::Fact;

/// How many connections a backlog is sent over.
const SENDERS: usize = 16;

/// How many bookings are written before they are sent.
const BATCH: usize = 4096;

/// How long a backlog may take.
const PATIENCE: Duration = Duration::from_secs(1800);

const GLANCE: Duration = Duration::from_millis(10);

/// A file that cheap hooks wait for.
#[derive(Debug)]
pub(crate) struct Gate(PathBuf);

impl Gate {
    /// Closes a gate before the hooks of a site.
    pub(crate) fn close(stage: &mut Stage) -> anyhow::Result<Self> {
        let path = stage.site.folder.join("gate");
        stage.site.variables.push(("CALCOM_TEST_GATE", path.display().to_string()));
        Ok(Self(path))
    }

    /// Lets hooks do their work, and returns how long they take until none of their tasks is open.
    pub(crate) async fn open(&self, stage: &Stage) -> anyhow::Result<Duration> {
        // Hooks are counted without those that fail.
        const OPEN: &str = "SELECT count(*) FROM (SELECT 1 FROM cal_tasks \
            WHERE state IN ('waiting', 'running', 'retry') AND hook <> 'dead' LIMIT 1) AS open";
        let began = Instant::now();
        fs::write(&self.0, "")?;
        until_none(stage, OPEN).await?;
        let took = began.elapsed();
        fs::remove_file(&self.0)?;
        Ok(took)
    }
}

/// Sends deliveries about this many bookings, each of which has several, and waits until they are
/// planned.
pub(crate) async fn fill(
    stage: &Stage,
    deliveries: &mut Deliveries,
    bookings: usize,
    facts: &[Fact],
) -> anyhow::Result<Series> {
    const UNPLANNED: &str = "SELECT count(*) FROM cal_deliveries WHERE planned_at IS NULL";
    let (mut series, mut left) = (Series::default(), bookings);
    while left > 0 {
        let count = left.min(BATCH);
        left -= count;
        let mut requests = vec![Vec::new(); SENDERS];
        for number in 0..count {
            let booking = deliveries.book();
            for fact in facts {
                let body = deliveries.body(&booking, fact.clone());
                requests[number % SENDERS].push(deliveries.sign(&body));
            }
        }
        series.extend(stage.pour(requests).await);
    }
    until_none(stage, UNPLANNED).await?;
    Ok(series)
}

async fn until_none(stage: &Stage, query: &'static str) -> anyhow::Result<()> {
    let began = Instant::now();
    while stage.database.number(query).await? > 0 {
        ensure!(began.elapsed() < PATIENCE, "a backlog did not end in {PATIENCE:?}");
        time::sleep(GLANCE).await;
    }
    Ok(())
}
