//! Attacks the example site and compares what it did with what was promised.
//!
//! Without a subcommand it kills the site under load: senders post signed deliveries, a provider
//! outside writes down what hooks send, and the site is stopped at random moments and at named
//! places. In the end the three ledgers must agree. With `--outages` it is the database server that
//! is crashed under the site. Each subcommand is an attack of another kind.

mod admin;
mod body;
mod check;
mod common;
mod database;
mod effect;
mod evidence;
mod http;
mod killer;
mod model;
mod outage;
mod outbox;
mod provider;
mod report;
mod run;
#[cfg(target_os = "linux")]
mod scenario;
#[cfg(not(target_os = "linux"))]
#[path = "scenario/elsewhere.rs"]
mod scenario;
mod schedule;
mod sender;
mod site;
mod story;

use std::process::ExitCode;

use clap::Parser;

use crate::scenario::Scenario;

/// Kills and attacks the example site, and compares its ledger with what was sent.
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    scenario: Option<Scenario>,

    #[command(flatten)]
    run: run::Options,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    match arguments.scenario {
        Some(scenario) => scenario.run().await,
        None => run::start(&arguments.run).await,
    }
}
