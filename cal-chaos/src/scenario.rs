//! Attacks on the site, each with what it promises meanwhile.

mod apart;
mod attacker;
mod bodies;
mod connections;
mod deliveries;
mod flood;
mod log;
mod memory;
mod output;
mod series;
mod stage;
mod wire;

use std::process::ExitCode;

use clap::Subcommand;

/// An attack that is not a kill.
#[derive(Debug, Subcommand)]
pub(crate) enum Scenario {
    /// Strangers hold more connections than the site has file descriptors, and open new ones.
    Connections(connections::Options),
    /// Strangers fill the memory with bodies that nobody signed, and that never end.
    Bodies(bodies::Options),
    /// The site's log can no longer be written.
    Log(log::Options),
}

impl Scenario {
    pub(crate) async fn run(&self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Connections(options) => connections::start(options).await,
            Self::Bodies(options) => bodies::start(options).await,
            Self::Log(options) => log::start(options).await,
        }
    }
}
