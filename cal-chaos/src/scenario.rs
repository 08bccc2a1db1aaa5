//! Attacks on the site, each with what it promises meanwhile.

mod apart;
mod attacker;
mod blocked;
mod bodies;
mod clocks;
mod connections;
mod deliveries;
mod drain;
mod flood;
mod frozen;
mod gate;
mod locked;
mod log;
mod memory;
mod moves;
mod outcome;
mod output;
mod poison;
mod process;
mod rolling;
mod series;
mod stage;
mod wire;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::{
    common::{Common, Workshop},
    report::Report,
};

/// An attack that is not a kill.
#[derive(Debug, Subcommand)]
pub(crate) enum Scenario {
    /// Strangers hold more connections than the site has file descriptors, and open new ones.
    Connections(Attack<connections::Options>),
    /// Strangers fill the memory with bodies that nobody signed, and that never end.
    Bodies(Attack<bodies::Options>),
    /// The site's log can no longer be written.
    Log(Attack<log::Options>),
    /// One attendee moves one booking thousands of times, and seats are taken and left.
    Moves(Attack<moves::Options>),
    /// Deliveries that neither the planner nor the database can take come among others.
    Poison(Attack<poison::Options>),
    /// One of two processes stands still, and a stranger locks rows of theirs.
    Frozen(Attack<frozen::Options>),
    /// A hook is dead, and thousands of bookings wait for it.
    Blocked(Attack<blocked::Options>),
    /// A backlog goes through many hooks.
    Drain(Attack<drain::Options>),
    /// An old and a new version take turns, and run side by side.
    Rolling(Attack<rolling::Options>),
    /// The site's clock is wrong.
    Clocks(Attack<clocks::Options>),
}

/// An attack, and the settings of every run.
#[derive(Debug, Args)]
pub(crate) struct Attack<O: Args> {
    #[command(flatten)]
    common: Common,

    #[command(flatten)]
    options: O,
}

impl Scenario {
    pub(crate) async fn run(&self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Connections(attack) => attack.run(connections::run).await,
            Self::Bodies(attack) => attack.run(bodies::run).await,
            Self::Log(attack) => attack.run(log::run).await,
            Self::Moves(attack) => attack.run(moves::run).await,
            Self::Poison(attack) => attack.run(poison::run).await,
            Self::Frozen(attack) => attack.run(frozen::run).await,
            Self::Blocked(attack) => attack.run(blocked::run).await,
            Self::Drain(attack) => attack.run(drain::run).await,
            Self::Rolling(attack) => attack.run(rolling::run).await,
            Self::Clocks(attack) => attack.run(clocks::run).await,
        }
    }
}

impl<O: Args> Attack<O> {
    /// Attacks, and says whether every promise was kept.
    async fn run(
        &self,
        attack: impl AsyncFnOnce(&O, &Workshop, &mut Report) -> anyhow::Result<()>,
    ) -> anyhow::Result<ExitCode> {
        let workshop = Workshop::open(&self.common).await?;
        let mut report = Report::default();
        report.figure("seed", workshop.seed);
        let ended = attack(&self.options, &workshop, &mut report).await;
        workshop.close(ended.map(|()| report), "")
    }
}
