//! Sends signed deliveries, for which a broken connection is nothing special.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use cal_webhook::{SIGNATURE_HEADER, Signer};
use http_body_util::Full;
use hyper::{Request, StatusCode, header};
use serde::Deserialize;
use tokio::time;

use crate::{
    http::Client,
    outbox::{Ack, Next, Outbox, Sent},
    schedule::Schedule,
};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Deserialize)]
struct Answer {
    status: String,
    id: String,
}

/// Sends until everything is acknowledged.
pub(crate) async fn send_all(
    address: SocketAddr,
    signer: Signer,
    schedule: Arc<Schedule>,
    outbox: Arc<Outbox>,
) {
    let mut client = Client::new(address);
    loop {
        match outbox.next() {
            Next::Send(delivery) => {
                let body = schedule.deliveries[delivery].body.clone();
                let sent = send(&mut client, address, &signer, delivery, body).await;
                outbox.sent(delivery, sent);
            }
            Next::Wait => time::sleep(Duration::from_millis(3)).await,
            Next::End => return,
        }
    }
}

async fn send(
    client: &mut Client,
    address: SocketAddr,
    signer: &Signer,
    delivery: usize,
    body: Bytes,
) -> Sent {
    let request = Request::post("/api/webhooks/cal")
        .header(header::HOST, address.to_string())
        .header(header::CONTENT_TYPE, "application/json")
        .header(SIGNATURE_HEADER, signer.sign(&body))
        .header("x-cal-webhook-version", "2021-10-20")
        .body(Full::new(body));
    let answer = match request {
        Ok(request) => client.ask(request, PATIENCE).await,
        Err(error) => return Sent::Refused(error.to_string()),
    };
    match answer {
        Ok((StatusCode::OK, body)) => kept(delivery, &body),
        Ok((StatusCode::SERVICE_UNAVAILABLE, _)) | Err(_) => Sent::Unanswered,
        Ok((status, body)) => {
            Sent::Refused(format!("{status}: {}", String::from_utf8_lossy(&body)))
        }
    }
}

fn kept(delivery: usize, body: &[u8]) -> Sent {
    match serde_json::from_slice(body) {
        Ok(Answer { status, id }) if ["stored", "duplicate"].contains(&status.as_str()) => {
            Sent::Kept(Ack { delivery, id, duplicate: status == "duplicate" })
        }
        _ => Sent::Refused(format!("an answer of another form: {}", String::from_utf8_lossy(body))),
    }
}
