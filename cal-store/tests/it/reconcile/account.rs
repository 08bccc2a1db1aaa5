//! An account whose bookings are written as the API shows them.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use cal_client::{Client, RetryPolicy, scope::Me};
use cal_core::BookingUid;
use cal_store::{Reconciler, SqlStore};
use cal_webhook::{BookingState, Change, Decision, DeliveryRecord, Store as _};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{deliveries, now, work};
use crate::{
    bodies::arrival,
    server::{Reply, Seen, Server},
};

const DAY: Duration = Duration::from_secs(86_400);

/// An account as the API shows it, with a store that is compared with it.
pub(super) struct Account {
    pub(super) store: SqlStore,
    bookings: Arc<Mutex<Vec<Value>>>,
    reconciler: Reconciler<Me>,
    /// Which story is told: each has bookings and seats of its own.
    story: AtomicUsize,
    _api: Server,
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
        let client = Client::builder().base_url(api.url()).retry(RetryPolicy::never()).build();
        let list = client.unwrap().bookings().list();
        let often = Duration::ZERO;
        let reconciler = Reconciler::new(store.clone(), list).absences(often, 3 * DAY).seats(often);
        let story = AtomicUsize::new(1);
        let account = Self { store, bookings, reconciler, story, _api: api };
        account.sweep().await;
        account
    }

    /// Begins another story.
    pub(super) fn begin(&self) {
        self.story.fetch_add(1, Ordering::Relaxed);
    }

    /// Gives what is named in a text the names of this story.
    fn own(&self, text: &str) -> String {
        let story = self.story.load(Ordering::Relaxed);
        let text = ["bookingId", "id"].into_iter().fold(text.to_owned(), |text, name| {
            text.replace(&format!("\"{name}\":7"), &format!("\"{name}\":{story}7"))
        });
        ["uid", "seatUid", "attendeeSeatId"].into_iter().fold(text, |text, name| {
            text.replace(&format!("\"{name}\":\""), &format!("\"{name}\":\"{story}"))
        })
    }

    /// Shows these bookings from now on.
    pub(super) fn show(&self, bookings: impl IntoIterator<Item = Value>) {
        let own = |it: Value| serde_json::from_str(&self.own(&it.to_string())).unwrap();
        *self.bookings.lock().unwrap() = bookings.into_iter().map(own).collect();
    }

    pub(super) async fn tell(&self, body: &str) {
        self.store.accept(arrival(&self.own(body))).await.unwrap();
        work(&self.store).await;
    }

    pub(super) async fn sweep(&self) -> cal_store::Sweep {
        let sweep = self.reconciler.sweep().await.unwrap();
        work(&self.store).await;
        sweep
    }

    /// Returns what hooks were told, the first one first.
    pub(super) async fn applied(&self) -> Vec<DeliveryRecord> {
        let mut all = deliveries(&self.store).await;
        let is_own = |uid: &BookingUid| self.is_own(uid);
        all.retain(|delivery| {
            delivery.decision == Some(Decision::Applied)
                && delivery.booking_uid.as_ref().is_some_and(is_own)
        });
        all.reverse();
        all
    }

    /// Returns how the booking of the story stands.
    pub(super) async fn status(&self) -> BookingState {
        let bookings = self.store.bookings(100, None).await.unwrap();
        bookings.iter().find(|row| self.is_own(&row.uid)).unwrap().status
    }

    fn is_own(&self, uid: &BookingUid) -> bool {
        uid.as_str().starts_with(&self.story.load(Ordering::Relaxed).to_string())
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
