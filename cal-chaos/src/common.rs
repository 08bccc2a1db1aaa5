//! The beginning and the end of every run.

use std::{
    env, fs,
    io::Write as _,
    path::PathBuf,
    process::{self, ExitCode},
};

use anyhow::Context as _;
use clap::Args;

use crate::{report::Report, site};

/// Settings of every run.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// The seed of all random choices; a random number unless given.
    #[arg(long)]
    seed: Option<u64>,

    /// A site that is built already, with its feature `chaos`.
    #[arg(long)]
    site: Option<PathBuf>,

    /// A file to write the table to.
    #[arg(long)]
    report: Option<PathBuf>,
}

/// A program to test, and a folder for what it writes.
#[derive(Debug)]
pub(crate) struct Workshop {
    pub(crate) program: PathBuf,
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
    pub(crate) seed: u64,
    report: Option<PathBuf>,
}

impl Workshop {
    /// Builds the site if none is given, and makes an empty folder.
    pub(crate) async fn open(common: &Common) -> anyhow::Result<Self> {
        let program = match &common.site {
            Some(program) => program.canonicalize().context(program.display().to_string())?,
            None => site::build().await?,
        };
        let name = format!("calcom-chaos-{}-{}", process::id(), fastrand::u16(..));
        let folder = env::temp_dir().join(&name);
        fs::create_dir_all(&folder)?;
        let seed = common.seed.unwrap_or_else(|| fastrand::u64(..1_000_000));
        Ok(Self { program, name, folder, seed, report: common.report.clone() })
    }

    /// Prints what was found, and keeps the folder when that is not what was promised.
    pub(crate) fn close(
        &self,
        report: anyhow::Result<Report>,
        kept: &str,
    ) -> anyhow::Result<ExitCode> {
        let folder = self.folder.display();
        let report =
            report.with_context(|| format!("the run broke off; the site's log is in {folder}"))?;
        let table = report.to_string();
        if let Some(path) = &self.report {
            fs::write(path, &table).with_context(|| path.display().to_string())?;
        }
        std::io::stdout().write_all(table.as_bytes())?;
        if report.broken().is_empty() {
            fs::remove_dir_all(&self.folder)?;
            return Ok(ExitCode::SUCCESS);
        }
        let mut stderr = std::io::stderr();
        for broken in report.broken() {
            writeln!(stderr, "broken: {broken}")?;
        }
        writeln!(stderr, "the site's log is in {folder}{kept}")?;
        Ok(ExitCode::FAILURE)
    }
}
