//! Signed deliveries, and how the site answers them.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context as _, bail};
use bytes::Bytes;
use cal_webhook::Signer;
use chrono::{DateTime, TimeDelta, Utc};
use fastrand::Rng;
use serde::Deserialize;
use tokio::{
    io::AsyncWriteExt as _,
    net::TcpStream,
    time::{self, Instant},
};

use super::{series::Reply, wire};
use crate::{
    body,
    model::Fact,
    story::{Booking, Event},
};

/// How long an answer is waited for: much longer than it may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// 1 March 2027, 08:00 UTC: times come from the seed, not from the clock.
const START: i64 = 1_803_888_000;

/// Invents deliveries.
#[derive(Debug)]
pub(crate) struct Deliveries {
    random: Rng,
    signer: Signer,
    /// How many bookings there are, and how many deliveries about them.
    count: usize,
    events: usize,
}

/// How a request gets into its connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Writes {
    Whole,
    /// Its second half after this time.
    Split(Duration),
}

#[derive(Deserialize)]
struct Stored {
    status: String,
    id: String,
}

impl Deliveries {
    pub(crate) fn new(random: Rng, signer: Signer) -> Self {
        Self { random, signer, count: 0, events: 0 }
    }

    /// Returns how many bookings there are.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Returns a request about a new booking whose body has at least this size.
    pub(crate) fn next(&mut self, size: usize) -> Bytes {
        let booking = self.book();
        let mut body = self.body(&booking, Fact::Accepted { from: None }).to_vec();
        // Space after a document belongs to it.
        body.resize(body.len().max(size), b' ');
        self.sign(&body)
    }

    /// Invents a booking.
    pub(crate) fn book(&mut self) -> Booking {
        self.count += 1;
        let start = self.now() + TimeDelta::days(self.random.i64(2..30));
        Booking {
            uid: std::iter::repeat_with(|| self.random.alphanumeric()).take(22).collect(),
            number: self.count as u64,
            start,
            end: start + TimeDelta::minutes(45),
            name: "Amara Lindqvist".to_owned(),
            email: format!("amara.{}@example.org", self.count),
        }
    }

    /// Writes what happened to a booking a minute after what happened before.
    pub(crate) fn body(&mut self, booking: &Booking, fact: Fact) -> Bytes {
        self.events += 1;
        let event = Event { booking: 0, fact, at: self.now(), asks: false, gone: false };
        body::write(booking, &event, None)
    }

    /// Returns a request with this body.
    pub(crate) fn sign(&self, body: &[u8]) -> Bytes {
        wire::delivery(&self.signer, body)
    }

    fn now(&self) -> DateTime<Utc> {
        let minutes = i64::try_from(self.events).unwrap_or_default();
        DateTime::from_timestamp(START + minutes * 60, 0).unwrap_or_default()
    }
}

/// Sends a request over a connection of its own.
pub(crate) async fn send(address: SocketAddr, request: Bytes, writes: Writes) -> Reply {
    let began = Instant::now();
    let asked = async { ask(&mut wire::connect(address).await?, &request, writes).await };
    let outcome = time::timeout(PATIENCE, asked).await.unwrap_or_else(|_| late());
    Reply { took: began.elapsed(), outcome: outcome.map_err(|error| format!("{error:#}")) }
}

/// Sends a request over a kept connection, and over another one when the site has closed it.
pub(crate) async fn send_kept(
    address: SocketAddr,
    kept: &mut Option<TcpStream>,
    request: Bytes,
) -> Reply {
    let began = Instant::now();
    let asked = async {
        if let Some(mut stream) = kept.take()
            && let Ok(id) = ask(&mut stream, &request, Writes::Whole).await
        {
            *kept = Some(stream);
            return Ok(id);
        }
        let mut stream = wire::connect(address).await?;
        let id = ask(&mut stream, &request, Writes::Whole).await?;
        *kept = Some(stream);
        Ok(id)
    };
    let outcome = time::timeout(PATIENCE, asked).await.unwrap_or_else(|_| late());
    Reply { took: began.elapsed(), outcome: outcome.map_err(|error| format!("{error:#}")) }
}

fn late() -> anyhow::Result<String> {
    bail!("no answer in {PATIENCE:?}")
}

/// Returns the id that the delivery is kept under.
async fn ask(stream: &mut TcpStream, request: &[u8], writes: Writes) -> anyhow::Result<String> {
    match writes {
        Writes::Whole => stream.write_all(request).await?,
        Writes::Split(pause) => {
            let (first, second) = request.split_at(request.len() / 2);
            stream.write_all(first).await?;
            time::sleep(pause).await;
            stream.write_all(second).await?;
        }
    }
    let answer = wire::read(stream).await?;
    if answer.status != 200 {
        bail!("answered with {}", answer.status);
    }
    let Stored { status, id } = serde_json::from_slice(&answer.body).context("another answer")?;
    match status.as_str() {
        "stored" | "duplicate" => Ok(id),
        status => bail!("answered that it is {status}"),
    }
}
