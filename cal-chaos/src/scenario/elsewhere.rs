//! Attacks need Linux: they set limits of processes, and read `/proc`.

use std::{ffi::OsString, process::ExitCode};

use anyhow::bail;
use clap::Subcommand;

/// Any attack.
#[derive(Debug, Subcommand)]
pub(crate) enum Scenario {
    #[command(external_subcommand)]
    Any(Vec<OsString>),
}

impl Scenario {
    /// Fails.
    pub(crate) async fn run(&self) -> anyhow::Result<ExitCode> {
        let Self::Any(words) = self;
        bail!("{:?} needs Linux", words.first().cloned().unwrap_or_default())
    }
}
