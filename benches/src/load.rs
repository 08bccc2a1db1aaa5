//! Sends deliveries over connections that stay open, each waiting for its answer.

use std::{
    cell::Cell,
    net::SocketAddr,
    rc::Rc,
    time::{Duration, Instant},
};

use anyhow::Result;
use cal_webhook::SIGNATURE_HEADER;
use http_body_util::{BodyExt, Full};
use hyper::{Request, StatusCode, body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, runtime, task::LocalSet};

use crate::bodies::Sample;

/// How many connections send at the same time.
pub const CONNECTIONS: usize = 32;

/// What sending gave.
#[derive(Clone, Copy, Debug)]
pub struct Sent {
    /// How many requests were answered.
    pub answered: usize,
    /// How many of them with another status than 200.
    pub refused: usize,
    /// How long it took.
    pub elapsed: Duration,
}

/// Sends every delivery once, until all are sent or the time is up.
///
/// # Errors
///
/// Fails when a connection breaks.
pub fn send(address: SocketAddr, samples: &Rc<Vec<Sample>>, limit: Duration) -> Result<Sent> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let start = Instant::now();
        let next = Rc::new(Cell::new(0));
        let connections: Vec<_> = (0..CONNECTIONS)
            .map(|_| {
                let (samples, next) = (Rc::clone(samples), Rc::clone(&next));
                tokio::task::spawn_local(connection(address, samples, next, start + limit))
            })
            .collect();
        let mut sent = Sent { answered: 0, refused: 0, elapsed: Duration::ZERO };
        for connection in connections {
            let (answered, refused) = connection.await??;
            sent.answered += answered;
            sent.refused += refused;
        }
        sent.elapsed = start.elapsed();
        Ok(sent)
    })
}

async fn connection(
    address: SocketAddr,
    samples: Rc<Vec<Sample>>,
    next: Rc<Cell<usize>>,
    end: Instant,
) -> Result<(usize, usize)> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::task::spawn_local(connection);
    let (mut answered, mut refused) = (0, 0);
    while Instant::now() < end
        && let Some(sample) = samples.get(next.replace(next.get() + 1))
    {
        let response = sender.send_request(request(address, sample)?).await?;
        answered += 1;
        refused += usize::from(response.status() != StatusCode::OK);
        response.into_body().collect().await?;
    }
    drop(sender);
    connection.await??;
    Ok((answered, refused))
}

fn request(address: SocketAddr, sample: &Sample) -> Result<Request<Full<Bytes>>> {
    let request = Request::post("/")
        .header("host", address.to_string())
        .header("content-type", "application/json")
        .header("x-cal-webhook-version", "2021-10-20")
        .header(SIGNATURE_HEADER, &sample.signature);
    Ok(request.body(Full::new(sample.body.clone()))?)
}
