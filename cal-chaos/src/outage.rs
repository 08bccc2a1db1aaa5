//! Restarts the database server under the site, and measures how long the site takes to come back.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use fastrand::Rng;
use sqlx::{Connection as _, PgConnection};
use tokio::{
    process::Command,
    time::{self, Instant},
};

use crate::{
    database::{self, Choice, Database},
    outbox::Outbox,
    report::Report,
    site::free_address,
};

/// How long the site may take from the moment at which the server takes connections again.
const PROMISE: Duration = Duration::from_secs(5);

/// How long something may take before the run is given up.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often what is measured is looked at.
const GLANCE: Duration = Duration::from_millis(5);

/// A PostgreSQL of this run alone.
#[derive(Debug)]
pub(crate) struct Server {
    port: u16,
    data: PathBuf,
}

/// What came of all outages.
#[derive(Debug, Default)]
pub(crate) struct Outages {
    /// How long the server took no connections.
    down: Vec<Duration>,
    /// From its return to the first delivery acknowledged, and to the first task done.
    acknowledged: Vec<Duration>,
    done: Vec<Duration>,
}

impl Server {
    /// Starts a server whose data is in this folder.
    pub(crate) async fn start(folder: &Path) -> anyhow::Result<Self> {
        let server = Self { port: free_address()?.port(), data: folder.join("postgres") };
        server.run("start").await?;
        Ok(server)
    }

    /// Chooses this server.
    pub(crate) fn choice(&self) -> Choice {
        database::Server { url: Some(self.url()) }.choice()
    }

    fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/calcom", self.port)
    }

    async fn run(&self, verb: &str) -> anyhow::Result<()> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/postgres");
        let output = Command::new(script)
            .arg(verb)
            .env("CALCOM_TEST_POSTGRES_PORT", self.port.to_string())
            .env("CALCOM_TEST_POSTGRES_DATA", &self.data)
            .stdin(Stdio::null())
            .output()
            .await
            .context("scripts/postgres")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "scripts/postgres {verb} failed: {said}");
        Ok(())
    }

    pub(crate) async fn stop(&self) -> anyhow::Result<()> {
        self.run("stop").await
    }

    /// Crashes and restarts the server, and returns for how long nobody could connect, and when
    /// somebody could.
    async fn crash(&self) -> anyhow::Result<(Duration, Instant)> {
        let url = self.url();
        let mut held = PgConnection::connect(&url).await?;
        let watch = async {
            while held.ping().await.is_ok() {
                time::sleep(GLANCE).await;
            }
            let down = Instant::now();
            while PgConnection::connect(&url).await.is_err() {
                time::sleep(GLANCE).await;
            }
            (down.elapsed(), Instant::now())
        };
        let watch = async { time::timeout(PATIENCE, watch).await.context("it stays away") };
        let (restarted, watched) = tokio::join!(self.run("restart"), watch);
        restarted?;
        watched
    }
}

impl Outages {
    /// Crashes the server this many times while deliveries come in.
    pub(crate) async fn run(
        &mut self,
        server: &Server,
        (count, sends): (usize, usize),
        random: &mut Rng,
        outbox: &Arc<Outbox>,
        database: &Database,
    ) -> anyhow::Result<()> {
        for _ in 0..count {
            // The last part of the queue is sent while nobody disturbs.
            outbox.release(sends / (count + 1), Duration::from_secs(4));
            time::sleep(Duration::from_millis(random.u64(300..1500))).await;
            let (down, back) = server.crash().await?;
            self.down.push(down);
            let kept = outbox.acknowledged();
            let is_kept = async {
                while outbox.acknowledged() == kept {
                    time::sleep(GLANCE).await;
                }
                anyhow::Ok(back.elapsed())
            };
            // Rows are written in the transactions that end tasks.
            let is_done = async {
                let before = database.count_effects().await?;
                while database.count_effects().await? == before {
                    time::sleep(GLANCE).await;
                }
                anyhow::Ok(back.elapsed())
            };
            let both = async { tokio::try_join!(is_kept, is_done) };
            let Ok(both) = time::timeout(PATIENCE, both).await else {
                bail!("the site did not come back in {PATIENCE:?}, or had nothing left to do");
            };
            let (acknowledged, done) = both?;
            self.acknowledged.push(acknowledged);
            self.done.push(done);
        }
        Ok(())
    }

    pub(crate) fn report(&self, report: &mut Report) {
        if self.down.is_empty() {
            return;
        }
        report.figure("outages of the server", self.down.len());
        report.figure("longest outage, s", longest(&self.down));
        report.figure("slowest return to acknowledging, s", longest(&self.acknowledged));
        report.figure("slowest return to running tasks, s", longest(&self.done));
        let all = self.acknowledged.iter().chain(&self.done);
        let slow = all.filter(|took| **took > PROMISE);
        report.none("returns that took over 5 s", slow.map(|took| format!("{took:.1?}")));
    }
}

fn longest(times: &[Duration]) -> String {
    format!("{:.2}", times.iter().max().copied().unwrap_or_default().as_secs_f64())
}
