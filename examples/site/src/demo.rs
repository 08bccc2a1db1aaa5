//! The site shows itself: a signed booking, a reschedule and a cancellation.

use std::{env, fs, net::SocketAddr, path::PathBuf, time::Duration};

use anyhow::ensure;
use calcom::{Signer, SqlStore};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time,
};
use uuid::Uuid;

/// Secrets for a site that nobody configured.
pub(crate) struct Demo {
    secret: SecretString,
    admin_token: SecretString,
    database_url: SecretString,
    folder: PathBuf,
}

impl Demo {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let secret = || Uuid::new_v4().simple().to_string().into();
        let folder = env::temp_dir().join(format!("calcom-demo-{}", Uuid::new_v4().simple()));
        fs::create_dir(&folder)?;
        let database_url = format!("sqlite://{}", folder.join("site.db").display()).into();
        Ok(Self { secret: secret(), admin_token: secret(), database_url, folder })
    }

    /// A database that ends with the demo.
    pub(crate) fn database_url(&self) -> &SecretString {
        &self.database_url
    }

    pub(crate) fn secret(&self) -> &SecretString {
        &self.secret
    }

    pub(crate) fn admin_token(&self) -> &SecretString {
        &self.admin_token
    }

    /// Prints what a newcomer can try.
    #[expect(clippy::print_stdout, reason = "the token is for the terminal, not for the log")]
    pub(crate) fn introduce(&self, address: SocketAddr) {
        let token = self.admin_token.expose_secret();
        println!();
        println!("Demo mode: nothing is configured, so the site sends itself three deliveries.");
        println!("It listens on http://{address}. What it received:");
        println!();
        println!("  curl -H 'authorization: Bearer {token}' http://{address}/admin/api/deliveries");
        println!();
    }

    /// Sends the deliveries over the network, as Cal.com does.
    pub(crate) async fn play(&self, address: SocketAddr, store: &SqlStore) -> anyhow::Result<()> {
        let signer = Signer::new(self.secret.clone())?;
        for body in deliveries(now()) {
            send(address, &signer, &body.to_string()).await?;
            // Of news that come all at once only the last would be told.
            while is_busy(store).await? {
                time::sleep(Duration::from_millis(10)).await;
            }
        }
        Ok(())
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // What is left in a temporary folder does no harm.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Whether a delivery waits to be planned, or a task to be done.
async fn is_busy(store: &SqlStore) -> anyhow::Result<bool> {
    let counters = store.counters().await?;
    let open = ["retry", "running", "waiting"];
    let tasks = counters.tasks.values().flatten();
    let waits = tasks.into_iter().any(|(state, _)| open.contains(&state.as_str()));
    Ok(counters.unplanned > 0 || waits)
}

#[expect(clippy::disallowed_methods, reason = "the demo books for the days to come")]
fn now() -> DateTime<Utc> {
    Utc::now()
}

/// A booking next week, moved by two days, and then cancelled.
fn deliveries(now: DateTime<Utc>) -> [Value; 3] {
    let first = now.date_naive().and_hms_opt(9, 0, 0).unwrap_or_default().and_utc();
    let (first, second) = (first + TimeDelta::days(7), first + TimeDelta::days(9));
    let [created, moved] = [Uuid::new_v4(), Uuid::new_v4()].map(|uid| uid.simple().to_string());
    let booking = |uid: &str, start: DateTime<Utc>| {
        json!({
            "uid": uid,
            "bookingId": 1,
            "type": "first-consultation",
            "title": "First consultation between Ida Falk and Jonas Weber",
            "eventTitle": "First consultation",
            "startTime": start,
            "endTime": start + TimeDelta::minutes(45),
            "length": 45,
            "status": "ACCEPTED",
            "organizer": {"name": "Ida Falk", "email": "ida@example.com", "timeZone": "Europe/Berlin",
                "language": {"locale": "de"}},
            "attendees": [{"name": "Jonas Weber", "email": "jonas@example.org",
                "timeZone": "Europe/Vienna", "language": {"locale": "de"}}],
            "responses": {"notes": {"label": "additional_notes", "value": "How do we start?"}},
            "location": "integrations:daily",
        })
    };
    let envelope = |trigger: &str, seconds: i64, mut payload: Value, more: Value| {
        if let (Some(payload), Value::Object(more)) = (payload.as_object_mut(), more) {
            payload.extend(more);
        }
        let created_at = now + TimeDelta::seconds(seconds);
        let created_at = created_at.to_rfc3339_opts(SecondsFormat::Millis, true);
        json!({"triggerEvent": trigger, "createdAt": created_at, "payload": payload})
    };
    [
        envelope("BOOKING_CREATED", 0, booking(&created, first), json!({})),
        envelope(
            "BOOKING_RESCHEDULED",
            1,
            booking(&moved, second),
            json!({"rescheduleUid": created, "rescheduleId": 1, "rescheduleStartTime": first}),
        ),
        envelope(
            "BOOKING_CANCELLED",
            2,
            booking(&moved, second),
            json!({"status": "CANCELLED", "cancellationReason": "Found another time",
                "requestReschedule": false}),
        ),
    ]
}

/// Posts one signed body.
async fn send(address: SocketAddr, signer: &Signer, body: &str) -> anyhow::Result<()> {
    let request = format!(
        "POST /api/webhooks/cal HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         content-type: application/json\r\nx-cal-signature-256: {}\r\n\
         x-cal-webhook-version: 2021-10-20\r\ncontent-length: {}\r\n\r\n{body}",
        signer.sign(body),
        body.len(),
    );
    let mut connection = TcpStream::connect(address).await?;
    connection.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await?;
    let status = answer.lines().next().unwrap_or_default();
    ensure!(
        status.contains(" 200 "),
        "expected the site to store its own delivery, found {status}"
    );
    Ok(())
}
