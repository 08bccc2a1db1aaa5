//! HubSpot on a bad day.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::day::Time;
use crate::{
    failures::SECRET,
    hubspot::Account,
    server::{Reply, Server},
};

/// What `Retry-After` asks for, in seconds.
pub(super) const RETRY_AFTER: i64 = 3600;

/// HubSpot, which turns everybody away while it is busy.
pub(super) struct Hub {
    pub(super) server: Server,
    account: Arc<Mutex<Account>>,
    is_busy: Arc<AtomicBool>,
    /// When somebody was turned away.
    refused: Arc<Mutex<Vec<DateTime<Utc>>>>,
}

impl Hub {
    pub(super) async fn open(time: Time) -> Self {
        let account = Arc::<Mutex<Account>>::default();
        let is_busy = Arc::<AtomicBool>::default();
        let refused = Arc::<Mutex<Vec<DateTime<Utc>>>>::default();
        let (shared, busy, log) =
            (Arc::clone(&account), Arc::clone(&is_busy), Arc::clone(&refused));
        let server = Server::start(move |seen| {
            if !busy.load(Ordering::SeqCst) {
                return shared.lock().unwrap().answer(seen, SECRET);
            }
            log.lock().unwrap().push(time.now());
            let body = json!({ "status": "error", "errorType": "RATE_LIMIT" });
            Reply::json(429, &body).header("retry-after", &RETRY_AFTER.to_string())
        });
        Self { server: server.await, account, is_busy, refused }
    }

    pub(super) fn set_busy(&self, busy: bool) {
        self.is_busy.store(busy, Ordering::SeqCst);
    }

    /// How often somebody was turned away, by the hour.
    pub(super) fn by_hour(&self, start: DateTime<Utc>) -> BTreeMap<i64, usize> {
        let mut hours = BTreeMap::new();
        for at in self.refused.lock().unwrap().iter() {
            *hours.entry((*at - start).num_hours()).or_default() += 1;
        }
        hours
    }

    /// The outcomes of all meetings, by the booking's uid.
    pub(super) fn outcomes(&self) -> Vec<(String, String)> {
        let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or("").to_owned();
        let account = self.account.lock().unwrap();
        let meetings = account.meetings.iter().map(|meeting| {
            let key = text(meeting.get("calcom_booking"));
            let (uid, _) = key.rsplit_once('-').unwrap();
            (uid.to_owned(), text(meeting.get("hs_meeting_outcome")))
        });
        let mut meetings: Vec<_> = meetings.collect();
        meetings.sort();
        meetings
    }

    pub(super) fn contacts(&self) -> Vec<String> {
        let account = self.account.lock().unwrap();
        let emails = account.contacts.iter().map(|it| it["email"].as_str().unwrap().to_owned());
        let mut emails: Vec<_> = emails.collect();
        emails.sort();
        emails
    }
}
