//! The ledger, as the site's admin API shows it.

use std::{collections::HashMap, net::SocketAddr, time::Duration};

use anyhow::{Context as _, bail, ensure};
use chrono::{DateTime, Utc};
use hyper::StatusCode;
use serde::{Deserialize, de::DeserializeOwned};
use tokio::time::{self, Instant};

use crate::{http::Client, model::Status, site::TOKEN};

/// How long one page may take.
const PAGE: Duration = Duration::from_secs(30);

/// A delivery, byte-identical copies left out.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Delivery {
    pub(crate) id: String,
    pub(crate) trigger: Option<String>,
    pub(crate) booking_uid: Option<String>,
    pub(crate) decision: Option<String>,
    /// Why it could not be planned.
    pub(crate) failure: Option<String>,
}

/// One hook's work on one delivery.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Task {
    pub(crate) delivery_id: String,
    pub(crate) hook: String,
    pub(crate) state: String,
    pub(crate) attempts: u32,
    /// The name of a reminder, which comes in addition.
    pub(crate) reminder: Option<String>,
}

/// A booking.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Booking {
    pub(crate) uid: String,
    pub(crate) chain: String,
    pub(crate) status: Status,
    pub(crate) start: Option<DateTime<Utc>>,
    pub(crate) end: Option<DateTime<Utc>>,
    pub(crate) attendee_email: Option<String>,
    pub(crate) paid: bool,
}

/// Everything that the site keeps.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) deliveries: Vec<Delivery>,
    pub(crate) tasks: Vec<Task>,
    pub(crate) bookings: Vec<Booking>,
}

#[derive(Deserialize)]
struct Counters {
    deliveries: HashMap<String, usize>,
}

#[derive(Deserialize)]
struct Replanned {
    replanned: usize,
}

#[derive(Deserialize)]
struct Page<T> {
    items: Vec<T>,
    next: Option<String>,
}

impl Delivery {
    /// Whether it waits to be decided about.
    pub(crate) fn is_open(&self) -> bool {
        self.decision.as_deref().is_none_or(|decision| decision == "early")
    }
}

impl Task {
    /// Whether there is still something to do.
    pub(crate) fn is_open(&self) -> bool {
        ["waiting", "running", "retry"].contains(&self.state.as_str())
    }
}

/// Waits until nothing is left to do, and reads the ledger.
///
/// After the time is up the ledger is read as it is, for what is left to do is a finding.
pub(crate) async fn settled(address: SocketAddr, patience: Duration) -> anyhow::Result<Ledger> {
    let mut client = Client::new(address);
    let began = Instant::now();
    loop {
        let is_late = began.elapsed() > patience;
        let deliveries: Vec<Delivery> = list(&mut client, "deliveries").await?;
        // Tasks are read last: what was just decided has its tasks already.
        let tasks: Vec<Task> = list(&mut client, "tasks").await?;
        let open = deliveries.iter().filter(|delivery| delivery.is_open()).count()
            + tasks.iter().filter(|task| task.is_open() && task.reminder.is_none()).count();
        if open == 0 || is_late {
            let bookings = list(&mut client, "bookings").await?;
            return Ok(Ledger { deliveries, tasks, bookings });
        }
        // Large ledgers are polled less often.
        time::sleep(Duration::from_millis(300 + tasks.len() as u64 / 10)).await;
    }
}

/// Returns how many deliveries are counted as such that could not be planned.
pub(crate) async fn count_failed(address: SocketAddr) -> anyhow::Result<usize> {
    let path = "/admin/api/counters";
    let (status, body) = Client::new(address).get(path, TOKEN, PAGE).await.context(path)?;
    ensure!(status == StatusCode::OK, "GET {path} was answered with {status}");
    let counters: Counters = serde_json::from_slice(&body).context(path)?;
    Ok(counters.deliveries.get("failed").copied().unwrap_or_default())
}

/// Gives those another try, and returns how many there were.
pub(crate) async fn replan(address: SocketAddr) -> anyhow::Result<usize> {
    let path = "/admin/api/deliveries/replan";
    let (status, body) = Client::new(address).post(path, TOKEN, PAGE).await.context(path)?;
    ensure!(status == StatusCode::OK, "POST {path} was answered with {status}");
    let replanned: Replanned = serde_json::from_slice(&body).context(path)?;
    Ok(replanned.replanned)
}

/// Reads all pages of a list.
async fn list<T: DeserializeOwned>(client: &mut Client, name: &str) -> anyhow::Result<Vec<T>> {
    let mut items = Vec::new();
    let mut path = format!("/admin/api/{name}?limit=500");
    loop {
        let (status, body) = client.get(&path, TOKEN, PAGE).await.context(path.clone())?;
        ensure!(status == StatusCode::OK, "GET {path} was answered with {status}");
        let page: Page<T> = serde_json::from_slice(&body).context(path.clone())?;
        let is_empty = page.items.is_empty();
        items.extend(page.items);
        match page.next {
            None => return Ok(items),
            Some(_) if is_empty => bail!("GET {path} names a next page after an empty one"),
            Some(next) => path = format!("/admin/api/{name}?limit=500&after={next}"),
        }
    }
}
