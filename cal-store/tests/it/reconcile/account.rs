//! An account whose bookings are written as the API shows them.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, OnceLock},
};

use cal_client::{Client, RetryPolicy, scope::Me};
use cal_store::{Reconciler, SqlStore};
use cal_webhook::{Change, Decision, DeliveryRecord, Store as _};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{deliveries, now, work};
use crate::{
    bodies::arrival,
    server::{Reply, Seen, Server},
};

/// What the API shows, with a store that is compared with it.
pub(super) struct Account {
    pub(super) store: SqlStore,
    bookings: Arc<Mutex<Vec<Value>>>,
    api: Server,
}

/// A time of the day on which everything happens, a day ago.
pub(super) fn at(minute: i64) -> String {
    let day = today() - TimeDelta::days(1) + TimeDelta::minutes(minute);
    day.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn today() -> DateTime<Utc> {
    static TODAY: OnceLock<DateTime<Utc>> = OnceLock::new();
    *TODAY.get_or_init(now)
}

/// When bookings begin.
pub(super) fn start() -> String {
    (today() + TimeDelta::days(30)).to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A booking as the API shows it.
pub(super) fn shown(uid: &str, more: &Value) -> Value {
    let mut booking = json!({
        "id": 7,
        "uid": uid,
        "title": "Strategy hour between Ida Berg and Ann",
        "status": "accepted",
        "start": start(),
        "end": start(),
        "duration": 60,
        "hosts": [{"id": 1, "name": "Ida Berg", "email": "ida@example.org"}],
        "eventType": {"id": 5, "slug": "hour"},
        "location": "Main St 1",
        "createdAt": at(0),
        "updatedAt": at(0),
        "attendees": [guest("ann", None)],
    });
    booking.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    booking
}

/// An attendee as the API shows them.
pub(super) fn guest(name: &str, seat: Option<&str>) -> Value {
    json!({"name": name, "email": format!("{name}@example.org"), "timeZone": "Europe/Oslo",
        "language": "nl", "absent": false, "seatUid": seat})
}

/// A webhook.
pub(super) fn told(trigger: &str, uid: &str, minute: i64, more: &Value) -> String {
    let person = |name: &str| {
        json!({"name": name, "email": format!("{name}@example.org"), "timeZone": "Europe/Oslo",
        "language": {"locale": "nl"}})
    };
    let mut payload = json!({
        "uid": uid, "bookingId": 7, "eventTypeId": 5, "eventTitle": "Strategy hour",
        "title": "Strategy hour between Ida Berg and Ann", "startTime": start(), "endTime": start(),
        "organizer": {"name": "Ida Berg", "email": "ida@example.org"}, "location": "Main St 1",
    });
    payload.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let names = payload["attendees"].as_array().cloned().unwrap_or_else(|| vec![json!("ann")]);
    payload["attendees"] = names.iter().map(|it| it.as_str().map_or(it.clone(), person)).collect();
    json!({"triggerEvent": trigger, "createdAt": at(minute), "payload": payload}).to_string()
}

impl Account {
    /// Begins with a store that knows the account, in which nothing has happened.
    pub(super) async fn new(store: SqlStore) -> Self {
        let bookings = Arc::<Mutex<Vec<Value>>>::default();
        let all = Arc::clone(&bookings);
        let api = Server::start(move |seen| answer(&all.lock().unwrap(), seen)).await;
        let account = Self { store, bookings, api };
        account.sweep().await;
        account
    }

    /// Shows these bookings from now on.
    pub(super) fn show(&self, bookings: impl IntoIterator<Item = Value>) {
        *self.bookings.lock().unwrap() = bookings.into_iter().collect();
    }

    pub(super) async fn tell(&self, body: &str) {
        self.store.accept(arrival(body)).await.unwrap();
        work(&self.store).await;
    }

    pub(super) async fn sweep(&self) -> cal_store::Sweep {
        let quick = RetryPolicy::default().first(std::time::Duration::from_millis(1));
        let client = Client::builder().base_url(self.api.url()).retry(quick).build().unwrap();
        let reconciler: Reconciler<Me> =
            Reconciler::new(self.store.clone(), client.bookings().list());
        let often = std::time::Duration::ZERO;
        let reconciler = reconciler.absences(often, 3 * std::time::Duration::from_secs(86_400));
        let sweep = reconciler.seats(often).sweep().await.unwrap();
        work(&self.store).await;
        sweep
    }

    /// Returns what hooks were told, the first one first.
    pub(super) async fn applied(&self) -> Vec<DeliveryRecord> {
        let mut all = deliveries(&self.store).await;
        all.retain(|delivery| delivery.decision == Some(Decision::Applied));
        all.reverse();
        all
    }

    pub(super) async fn changes(&self) -> Vec<Change> {
        self.applied().await.iter().filter_map(|delivery| delivery.change).collect()
    }
}

fn answer(bookings: &[Value], seen: &Seen) -> Reply {
    let query: BTreeMap<_, _> = seen.query.iter().cloned().collect();
    let time = |it: &Value| it.as_str().and_then(|it| it.parse::<DateTime<Utc>>().ok());
    let asked = |name: &str| query.get(name).and_then(|at| at.parse::<DateTime<Utc>>().ok());
    let number = |name: &str, usual| query.get(name).map_or(usual, |it| it.parse().unwrap());
    let is_from = |name: &str, it: &Value| {
        asked(name).is_none_or(|from| time(it).is_none_or(|at| at >= from))
    };
    let is_asked = |it: &&Value| {
        is_from("afterUpdatedAt", &it["updatedAt"])
            && is_from("afterStart", &it["start"])
            && asked("beforeEnd").is_none_or(|end| time(&it["end"]).is_none_or(|at| at <= end))
    };
    let mut rows: Vec<_> = bookings.iter().filter(is_asked).collect();
    rows.sort_by_key(|it| time(&it["updatedAt"]));
    let (skip, take) = (number("skip", 0), number("take", 100));
    let page: Vec<_> = rows.iter().skip(skip).take(take).collect();
    let has_next = skip + page.len() < rows.len();
    let pages = json!({"hasNextPage": has_next});
    Reply::json(200, &json!({"status": "success", "data": page, "pagination": pages}).to_string())
}
