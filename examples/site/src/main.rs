//! A consultation business that runs on calcom.
//!
//! Without any variable set it runs in demo mode: it generates its secrets, sends itself a booking,
//! a reschedule and a cancellation, and prints what its hook saw. `site --help` lists all settings.

mod admin;
mod app;
#[cfg(feature = "chaos")]
mod chaos;
mod config;
mod csv;
mod demo;
mod feedback;
mod guesses;
mod hooks;
mod journal;
mod links;
mod output;
mod page;
mod time;
mod unsubscribe;
mod words;

use std::time::Duration;

use calcom::{
    axum::{serve, shutdown_signal},
    hooks::email::data_version,
};
use clap::Parser;
use tokio::net::TcpListener;
use tracing_subscriber::{fmt, layer::SubscriberExt, registry, util::SubscriberInitExt};

use crate::{app::App, config::Config, output::Output};

/// How long running hooks may take after the signal to stop.
const GRACE: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = Config::parse();
    let (output, guard) = Output::start();
    let ended = run(&config, &output).await;
    output::finish(guard);
    ended
}

async fn run(config: &Config, output: &Output) -> anyhow::Result<()> {
    let log = fmt::layer().with_target(false).with_writer(output.clone());
    let log = log.log_internal_errors(false);
    registry().with(log).with(config.log_levels()).init();

    let demo = config.is_demo().then(demo::Demo::new).transpose()?;
    // Links in mails need the address: port 0 becomes one when it is bound.
    let listener = TcpListener::bind(config.bind_addr).await?;
    let address = listener.local_addr()?;
    let mut app = App::new(config, demo.as_ref(), address).await?;
    tracing::info!("times in mails go by the IANA zone data {}", data_version());
    tracing::info!("listening on http://{address}");
    app.start();
    let serving = serve(listener, app.router()).with_graceful_shutdown(shutdown_signal());
    match &demo {
        None => serving.await?,
        Some(demo) => {
            demo.introduce(address, output);
            let playing = async {
                if let Err(error) = demo.play(address, &app, output).await {
                    tracing::error!("the demo stopped: {error:#}");
                }
            };
            tokio::join!(serving.into_future(), playing).0?;
        }
    }
    app.stop(GRACE).await;
    Ok(())
}
