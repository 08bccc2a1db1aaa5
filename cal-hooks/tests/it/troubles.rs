//! What went wrong at other sites, told to every store; each test is one kind of it with several members.

#![expect(clippy::needless_pass_by_value, reason = "a `json!` reads better without a borrow")]

mod calendar;
mod contacts;
mod facts;
mod later;
mod moves;
mod orders;
mod over;
mod people;
mod readers;
mod times;
mod told;

use std::{collections::BTreeMap, env, fs, path::PathBuf};

use cal_core::{BookingUid, Delivery};
use cal_store::SqlStore;
use cal_webhook::{
    BookingState, Change, Decision, Dispatcher, Hook, MemoryStore, Reminder, Store as _,
};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::{bodies::arrival, place::Place};

/// A store of each kind.
enum Kept {
    Memory(MemoryStore),
    Sql(SqlStore, Place),
}

impl Kept {
    async fn each() -> Vec<Self> {
        let mut all = vec![Self::Memory(MemoryStore::new())];
        for place in Place::each().await {
            all.push(Self::Sql(place.store().await, place));
        }
        all
    }

    /// Takes a body in and plans it; returns what it meant.
    async fn tell(&self, body: &str) -> Option<(Change, Decision)> {
        let hooks = hooks();
        let newest = match self {
            Self::Memory(store) => {
                store.accept(arrival(body)).await.unwrap();
                while store.plan(&hooks).await.unwrap() > 0 {}
                store.deliveries(1, None)
            }
            Self::Sql(store, _) => {
                store.accept(arrival(body)).await.unwrap();
                while store.plan(&hooks).await.unwrap() > 0 {}
                store.deliveries(1, None).await.unwrap()
            }
        };
        newest[0].change.zip(newest[0].decision)
    }

    async fn tell_all(&self, bodies: &[String]) -> Vec<Decision> {
        let mut decisions = Vec::new();
        for body in bodies {
            decisions.push(self.tell(body).await.unwrap().1);
        }
        decisions
    }

    async fn status(&self, uid: &str) -> Option<BookingState> {
        let bookings = match self {
            Self::Memory(store) => store.bookings(100, None),
            Self::Sql(store, _) => store.bookings(100, None).await.unwrap(),
        };
        bookings.into_iter().find(|it| it.uid == BookingUid::from(uid)).map(|it| it.status)
    }

    /// How many tasks of a hook there are in each state.
    async fn tasks(&self, hook: &str) -> BTreeMap<&'static str, usize> {
        let tasks = match self {
            Self::Memory(store) => store.tasks(1000, None),
            Self::Sql(store, _) => store.tasks(1000, None).await.unwrap(),
        };
        let mut states = BTreeMap::new();
        for task in tasks.into_iter().filter(|task| task.hook == hook) {
            *states.entry(task.state.as_str()).or_default() += 1;
        }
        states
    }

    async fn clear(self) {
        if let Self::Sql(_, place) = self {
            place.clear().await;
        }
    }
}

/// A hook that writes to people, one that plans reminders and one that keeps books.
fn hooks() -> Dispatcher {
    let remind = Hook::named("reminders").reminders(|transition, delivery| {
        let is_made = matches!(transition.change, Change::Booked | Change::Rescheduled);
        let start = delivery.event.booking().and_then(|booking| booking.start);
        let start = start.filter(|_| is_made);
        start.map(|start| Reminder::new("soon", start)).into_iter().collect()
    });
    Dispatcher::new()
        .hook(Hook::named("people").hears_of_the_past(false))
        .hook(remind.hears_of_the_past(false))
        .hook(Hook::named("books"))
}

/// The bodies of a recorded trouble, where they are at hand.
fn recorded(name: &str) -> Vec<String> {
    let shared = env::var_os("CALCOM_TEST_SHARED").unwrap_or_else(|| "../../shared".into());
    let file = PathBuf::from(shared).join("faults").join(format!("{name}.json"));
    let Ok(text) = fs::read_to_string(&file) else {
        cal_testing::skip(format_args!("no recorded trouble in {}", file.display()));
        return Vec::new();
    };
    let trouble: Value = serde_json::from_str(&text).unwrap();
    trouble["body"].as_array().unwrap().iter().map(Value::to_string).collect()
}

/// When something was sent, by its second.
fn sent_at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_777_900_000, 0).unwrap() + TimeDelta::seconds(second)
}

fn text(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A delivery that was sent in this second.
fn sent(trigger: &str, second: i64, payload: Value) -> String {
    json!({"triggerEvent": trigger, "createdAt": text(sent_at(second)), "payload": payload})
        .to_string()
}

/// A delivery about a booking of Runa with Osk.
fn news(trigger: &str, uid: &str, second: i64, members: Value) -> String {
    let mut payload = json!({
        "uid": uid,
        "title": "Site visit",
        "startTime": "2099-06-08T08:00:00Z",
        "endTime": "2099-06-08T09:00:00Z",
        "status": "ACCEPTED",
        "organizer": {"name": "Osk Vidal", "email": "osk@host.example", "timeZone": "Europe/Oslo"},
        "attendees": [{"name": "Runa Berg", "email": "runa@guest.example", "timeZone": "Europe/Oslo"}],
    });
    for (name, value) in members.as_object().unwrap() {
        payload[name] = value.clone();
    }
    sent(trigger, second, payload)
}

fn created(uid: &str, second: i64) -> String {
    news("BOOKING_CREATED", uid, second, json!({}))
}

fn cancelled(uid: &str, second: i64) -> String {
    news("BOOKING_CANCELLED", uid, second, json!({"status": "CANCELLED"}))
}

/// The same, told by another webhook some milliseconds later.
fn copy(body: &str, millis: i64) -> String {
    let mut wire: Value = serde_json::from_str(body).unwrap();
    let at = Delivery::parse(body.to_owned()).created_at.unwrap();
    wire["createdAt"] = text(at + TimeDelta::milliseconds(millis)).into();
    wire.to_string()
}
