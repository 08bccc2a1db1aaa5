//! One attendee moves one booking thousands of times, and seats of one booking are taken and left.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use clap::Args;
use fastrand::Rng;
use serde_json::{Value, json};
use tokio::time::{self, Instant, MissedTickBehavior};

use super::{
    deliveries::{self, Deliveries},
    outcome::{HOOKS, Outcome},
    series::{Series, millis},
    stage::{self, Stage},
};
use crate::{common::Workshop, database::Choice, model::Fact, report::Report};

/// How often others send a delivery.
const PACE: Duration = Duration::from_millis(50);

/// The settings of the attack.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    choice: Choice,

    /// How often the booking is moved, and how many seats are taken and left.
    #[arg(long, default_value_t = 10_000)]
    moves: usize,

    /// How many of those deliveries are sent in a second at the most.
    #[arg(long, default_value_t = 500)]
    rate: u32,

    /// How many deliveries others send before.
    #[arg(long, default_value_t = 120)]
    quiet: usize,

    /// How many milliseconds others may wait even if they waited less than half of that before.
    #[arg(long, default_value_t = 50)]
    promise: u64,

    /// How many seconds the backlog may take once the last delivery is answered.
    #[arg(long, default_value_t = 60)]
    patience: u64,
}

/// The ways in which one sender bothers all others.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Case {
    InOrder,
    Reversed,
    Shuffled,
    Seats,
}

impl Case {
    const ALL: [Self; 4] = [Self::InOrder, Self::Reversed, Self::Shuffled, Self::Seats];

    fn name(self) -> &'static str {
        match self {
            Self::InOrder => "in order",
            Self::Reversed => "reversed",
            Self::Shuffled => "shuffled",
            Self::Seats => "seats",
        }
    }

    /// Writes all that the attendee does, in the order in which it comes.
    fn requests(self, deliveries: &mut Deliveries, count: usize, random: &mut Rng) -> Vec<Bytes> {
        let mut requests = match self {
            Self::Seats => seats(deliveries, count),
            _ => moves(deliveries, count),
        };
        match self {
            Self::InOrder | Self::Seats => {}
            Self::Reversed => requests.reverse(),
            Self::Shuffled => random.shuffle(&mut requests),
        }
        requests
    }
}

pub(crate) async fn run(
    options: &Options,
    workshop: &Workshop,
    report: &mut Report,
) -> anyhow::Result<()> {
    for case in Case::ALL {
        try_case(case, options, workshop, report).await?;
    }
    Ok(())
}

async fn try_case(
    case: Case,
    options: &Options,
    workshop: &Workshop,
    report: &mut Report,
) -> anyhow::Result<()> {
    let name = case.name();
    let mut stage = Stage::set(workshop, name, &options.choice).await?;
    let child = stage.start(None).await?;
    let mut random = stage.random.fork();
    let requests = case.requests(&mut stage.deliveries()?, options.moves, &mut random);
    let mut others = stage.deliveries()?;
    let quiet = stage.series(&mut others, options.quiet, PACE).await?;

    let patience = Duration::from_secs(options.patience);
    let attack = async {
        let (sent, sending) = send_all(stage.site.address, &requests, options.rate).await;
        let rest = stage.rest(sent.ids(), patience).await;
        (sent, sending, rest)
    };
    let (during, (sent, sending, rest)) = stage.series_until(&mut others, PACE, attack).await;
    let rest = rest?;

    let answered = format!("{} of {}", sent.ids().count(), sent.len());
    report.figure(format!("{name}: answered 200"), answered);
    for (reason, count) in sent.failures() {
        report.figure(format!("{name}: {reason}"), count);
    }
    report.figure(format!("{name}: seconds of sending"), seconds(sending));
    let left = rest.is_none().then(|| format!("after {} s", options.patience));
    report.none(format!("{name}: backlog that does not end"), left);
    let took = rest.map_or("for ever".to_owned(), seconds);
    report.figure(format!("{name}: seconds until all was done"), took);
    quiet.acknowledged(&format!("{name}: others before"), report);
    during.acknowledged(&format!("{name}: others"), report);
    let before = millis(quiet.part(99));
    report.figure(format!("{name}: others before, 99th percentile, ms"), before);
    let what = format!("{name}: others, 99th percentile, ms");
    report.at_most(what, millis(during.part(99)), options.promise.max(before * 2));
    report.figure(format!("{name}: others, slowest, ms"), millis(during.part(100)));

    // A backlog that does not end has had its time.
    let patience = rest.map_or(Duration::ZERO, |_| patience);
    let outcome = Outcome::of(&stage, patience).await?;
    let ids = sent.ids().chain(quiet.ids()).chain(during.ids()).collect();
    outcome.report(&format!("{name}: "), &ids, &HOOKS, report);
    stage::stop(child, &format!("{name}: "), report).await?;
    stage.strike(report).await
}

/// Sends over one connection, one after the other, and returns how long that took.
async fn send_all(address: SocketAddr, requests: &[Bytes], rate: u32) -> (Series, Duration) {
    let (began, mut series, mut kept) = (Instant::now(), Series::default(), None);
    let mut ticks = time::interval(Duration::from_secs(1) / rate.max(1));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for request in requests {
        ticks.tick().await;
        series.push(deliveries::send_kept(address, &mut kept, request.clone()).await);
    }
    (series, began.elapsed())
}

/// A booking, and those that replace it one after the other.
fn moves(deliveries: &mut Deliveries, count: usize) -> Vec<Bytes> {
    let (mut requests, mut from) = (Vec::with_capacity(count), None);
    for _ in 0..=count {
        let mut booking = deliveries.book();
        "mover@example.org".clone_into(&mut booking.email);
        let body = deliveries.body(&booking, Fact::Accepted { from });
        requests.push(deliveries.sign(&body));
        from = Some(booking.uid);
    }
    requests
}

/// Seats of one booking: each is taken, and left again.
fn seats(deliveries: &mut Deliveries, count: usize) -> Vec<Bytes> {
    let booking = deliveries.book();
    let mut requests = Vec::with_capacity(count * 2);
    for number in 0..count {
        for fact in [Fact::Accepted { from: None }, Fact::Cancelled] {
            let mut booking = booking.clone();
            booking.email = format!("guest{}@example.org", number % 100);
            let body = deliveries.body(&booking, fact);
            requests.push(deliveries.sign(&seat(&body, number)));
        }
    }
    requests
}

/// Makes a delivery about a booking one about a seat of it.
fn seat(body: &[u8], number: usize) -> Vec<u8> {
    let mut body: Value = serde_json::from_slice(body).unwrap_or_default();
    if let Some(payload) = body["payload"].as_object_mut() {
        payload.insert("seatsPerTimeSlot".to_owned(), json!(30));
        payload.insert("attendeeSeatId".to_owned(), json!(format!("seat-{number}")));
    }
    body.to_string().into_bytes()
}

fn seconds(time: Duration) -> String {
    format!("{:.2}", time.as_secs_f64())
}
