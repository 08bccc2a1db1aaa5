//! Sends requests that are written beforehand, and notes how long each answer takes.
//!
//! Unlike [`load`](crate::load) it spends next to nothing on a request, so that the two cores of a
//! small machine are left to the server.

use std::{
    cell::Cell,
    net::SocketAddr,
    rc::Rc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use cal_webhook::SIGNATURE_HEADER;
use rustix::time::ClockId;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    runtime,
    task::LocalSet,
    time,
};

use crate::{bodies::Sample, ratio::cpu};

/// How requests are sent.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How many connections there are, each waiting for its answer before it goes on.
    pub senders: usize,
    /// How long sending may take.
    pub limit: Duration,
    /// When the next request is due after the one before it; zero sends as fast as answers come.
    pub interval: Duration,
}

impl Pace {
    /// As fast as the answers come.
    #[must_use]
    pub fn full(senders: usize, limit: Duration) -> Self {
        Self { senders, limit, interval: Duration::ZERO }
    }
}

/// What sending gave.
#[derive(Clone, Debug, Default)]
pub struct Sent {
    /// How long each answer took, in milliseconds, the shortest first.
    pub waits: Vec<f64>,
    /// How many answers had another status than 200.
    pub refused: usize,
    /// How long it took.
    pub elapsed: Duration,
    /// How much of one core the senders used.
    pub busy: f64,
}

impl Sent {
    /// Returns how many answers came in a second.
    #[must_use]
    pub fn per_second(&self) -> f64 {
        self.waits.len() as f64 / self.elapsed.as_secs_f64()
    }

    /// Returns the time within which this part of the answers came, in milliseconds.
    #[must_use]
    pub fn within(&self, part: f64) -> f64 {
        let place = (self.waits.len() as f64 * part) as usize;
        self.waits.get(place).or(self.waits.last()).copied().unwrap_or(f64::NAN)
    }
}

/// Writes the request of each delivery.
#[must_use]
pub fn requests(samples: &[Sample]) -> Rc<[Vec<u8>]> {
    let request = |sample: &Sample| {
        let head = format!(
            "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             x-cal-webhook-version: 2021-10-20\r\n{SIGNATURE_HEADER}: {}\r\ncontent-length: {}\r\n\r\n",
            sample.signature,
            sample.body.len()
        );
        [head.as_bytes(), &sample.body].concat()
    };
    samples.iter().map(request).collect()
}

/// Sends every request once, until all are sent or the time is up.
///
/// # Errors
///
/// Fails when a connection breaks.
pub fn send(address: SocketAddr, requests: &Rc<[Vec<u8>]>, pace: Pace) -> Result<Sent> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let mut streams = Vec::with_capacity(pace.senders);
        for _ in 0..pace.senders {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            streams.push(stream);
        }
        let (start, used) = (Instant::now(), cpu(ClockId::ThreadCPUTime));
        let next = Rc::new(Cell::new(0));
        let senders: Vec<_> = streams
            .into_iter()
            .map(|stream| {
                let (requests, next) = (Rc::clone(requests), Rc::clone(&next));
                tokio::task::spawn_local(sender(stream, requests, next, pace, start))
            })
            .collect();
        let mut sent = Sent::default();
        for sender in senders {
            let (waits, refused) = sender.await??;
            sent.waits.extend(waits);
            sent.refused += refused;
        }
        sent.elapsed = start.elapsed();
        sent.busy = (cpu(ClockId::ThreadCPUTime) - used) / sent.elapsed.as_nanos() as f64;
        sent.waits.sort_by(f64::total_cmp);
        Ok(sent)
    })
}

async fn sender(
    mut stream: TcpStream,
    requests: Rc<[Vec<u8>]>,
    next: Rc<Cell<usize>>,
    pace: Pace,
    start: Instant,
) -> Result<(Vec<f64>, usize)> {
    let (mut waits, mut refused) = (Vec::new(), 0);
    let mut answer = Vec::with_capacity(1024);
    while start.elapsed() < pace.limit {
        let place = next.replace(next.get() + 1);
        let Some(request) = requests.get(place) else { break };
        // Who waits for a sender to become free waits for an answer as well.
        let mut from = start + pace.interval * u32::try_from(place)?;
        let now = Instant::now();
        if from > now {
            time::sleep_until(from.into()).await;
            from = Instant::now();
        } else if pace.interval.is_zero() {
            from = now;
        }
        stream.write_all(request).await?;
        answer.clear();
        while !is_whole(&answer)? {
            ensure!(stream.read_buf(&mut answer).await? > 0, "the server closed a connection");
        }
        waits.push(from.elapsed().as_secs_f64() * 1e3);
        refused += usize::from(!answer.starts_with(b"HTTP/1.1 200 "));
    }
    Ok((waits, refused))
}

/// Whether an answer has come to its end.
fn is_whole(answer: &[u8]) -> Result<bool> {
    let Some(head) = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n") else {
        return Ok(false);
    };
    let text = std::str::from_utf8(&answer[..head])?;
    let length = text.split("\r\n").find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.context("expected an answer with a length")?.parse()?;
    Ok(answer.len() >= head + 4 + length)
}
