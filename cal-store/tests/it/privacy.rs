//! What is old or about a person is forgotten, and handed out.

use std::fs;

use cal_store::SqlStore;
use cal_webhook::{Accepted, Decision, DeliveryId, Settlement, Store};
use chrono::DateTime;
use futures_util::TryStreamExt;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};

use crate::{
    bodies::{arrival, booking},
    desk::{WHO, audit, claim, counts, day, dead, end, keep, plan, states, take},
    place::Place,
};

const PIET: &str = "piet@example.org";

async fn export(store: &SqlStore, person: Option<&str>) -> Vec<Value> {
    store.export(person).try_collect().await.unwrap()
}

async fn has_body(store: &SqlStore, id: DeliveryId) -> bool {
    let record = store.delivery(id).await.unwrap().unwrap();
    assert_eq!(record.delivery.is_some(), !record.headers.is_empty());
    record.delivery.is_some()
}

async fn decision(store: &SqlStore, id: DeliveryId) -> Option<Decision> {
    store.delivery(id).await.unwrap().unwrap().decision
}

/// A booking of somebody, and the same sent again with other content.
fn of(uid: &str, email: &str, title: &str) -> String {
    let attendees = json!([{"name": "A guest", "email": email, "timeZone": "Europe/Paris"}]);
    booking("BOOKING_CREATED", json!({"uid": uid, "title": title, "attendees": attendees}))
}

#[tokio::test]
async fn a_pruned_delivery_is_still_recognised() {
    for place in Place::each().await {
        let store = place.store().await;
        let body = booking("BOOKING_CREATED", json!({}));
        let id = take(&store, &body, &["crm"]).await;
        let (from, until) = day(&store, id).await;
        assert_eq!(store.prune(until).await.unwrap().bodies, 0, "its task waits");
        let [task] = end(&store, "crm", dead("the CRM is gone")).await.try_into().unwrap();
        assert_eq!(store.prune(from).await.unwrap(), Default::default(), "it is too young");
        let pruned = store.prune(until).await.unwrap();
        assert_eq!((pruned.bodies, pruned.attempts), (1, 1));
        assert_eq!(store.prune(until).await.unwrap(), Default::default());
        assert!(!has_body(&store, id).await);
        assert!(store.attempts(task).await.unwrap().is_empty());
        assert_eq!(store.accept(arrival(&body)).await.unwrap(), Accepted::Duplicate(id));
        let refreshed = booking("BOOKING_CREATED", json!({"title": "Another name"}));
        let refreshed = take(&store, refreshed, &["crm"]).await;
        assert_eq!(decision(&store, refreshed).await, Some(Decision::Revision));
        let [shown] = store.bookings(9, None).await.unwrap().try_into().unwrap();
        assert_eq!(shown.attendee_email.as_deref(), Some(PIET));
        assert_eq!(store.redrive(task, WHO).await.unwrap(), 0, "nothing is left to run on");
        assert_eq!(states(&store).await, counts([("dead", 1)]));
        place.clear().await;
    }
}

#[tokio::test]
async fn what_is_yet_to_be_planned_is_not_pruned() {
    for place in Place::each().await {
        let store = place.store().await;
        let paid = booking("BOOKING_PAID", json!({"paymentId": 5}));
        let held = take(&store, paid, &["crm"]).await;
        assert_eq!(decision(&store, held).await, Some(Decision::Early));
        let new = keep(&store, booking("BOOKING_CREATED", json!({}))).await;
        let (_, until) = day(&store, new).await;
        assert_eq!(store.prune(until).await.unwrap().bodies, 0);
        assert_eq!(plan(&store, &["crm"]).await, 2);
        assert_eq!(states(&store).await, counts([("waiting", 2)]));
        place.clear().await;
    }
}

#[tokio::test]
async fn many_deliveries_are_pruned_in_batches() {
    for place in Place::each().await {
        let store = place.store().await;
        let mut ids = Vec::new();
        for n in 0..1001 {
            ids.push(keep(&store, format!("number {n}")).await);
        }
        plan(&store, &[]).await;
        let waits = take(&store, "the last", &["crm"]).await;
        let (_, until) = day(&store, waits).await;
        assert_eq!(store.prune(until).await.unwrap().bodies, 1001);
        assert!(has_body(&store, waits).await);
        assert!(!has_body(&store, ids[0]).await && !has_body(&store, ids[1000]).await);
        assert_eq!(states(&store).await, counts([("waiting", 1)]));
        place.clear().await;
    }
}

#[tokio::test]
async fn a_person_is_erased_and_what_they_sent_still_recognised() {
    for place in Place::each().await {
        let store = place.store().await;
        let hooks = ["crm", "mail"];
        let first = of("first", "PIET@Example.org", "Strategy hour");
        let done = take(&store, &first, &hooks).await;
        end(&store, "crm", dead("550 <piet@example.org>: no such mailbox")).await;
        let running = claim(&store, "mail").await.remove(0);
        let waits = take(&store, of("second", PIET, "Strategy hour"), &hooks).await;
        let other = take(&store, of("third", "marpiet@example.org", "Strategy hour"), &hooks).await;
        let held = booking("BOOKING_PAID", json!({"uid": "fifth", "paymentId": 5}));
        let held = take(&store, held, &hooks).await;
        let escaped = of("fourth", PIET, "Strategy hour").replace('@', "\\u0040");
        let new = keep(&store, &escaped).await;
        let ids = [done, waits, held, new];
        assert_eq!(states(&store).await, counts([("dead", 1), ("running", 1), ("waiting", 4)]));

        let erased = store.erase(" Piet@example.ORG", WHO).await.unwrap();
        assert_eq!((erased.deliveries, erased.bookings), (4, 3));
        assert_eq!((erased.tasks, erased.errors), (2, 2));
        let expected = [("dead", 1), ("running", 1), ("skipped", 2), ("waiting", 2)];
        assert_eq!(states(&store).await, counts(expected));
        for id in ids {
            assert!(!has_body(&store, id).await);
        }
        assert!(has_body(&store, other).await);
        assert_eq!(decision(&store, new).await, Some(Decision::Stale));
        assert_eq!(decision(&store, held).await, Some(Decision::Stale));
        assert_eq!(plan(&store, &hooks).await, 0);
        // What runs is not run again.
        let again = Settlement::Retry { after: Default::default(), error: "busy".to_owned() };
        assert!(store.settle(&running, again).await.unwrap());
        let expected = [("dead", 1), ("skipped", 2), ("superseded", 1), ("waiting", 2)];
        assert_eq!(states(&store).await, counts(expected));

        let bookings = store.bookings(9, None).await.unwrap();
        for shown in &bookings {
            assert_eq!(shown.title.is_some(), shown.uid.as_str() == "third");
            assert!(shown.start.is_some());
        }
        let left = export(&store, None).await;
        let left = left.iter().filter(|row| row["booking_uid"] != "third" && row["uid"] != "third");
        assert!(left.clone().all(|row| !row.to_string().to_lowercase().contains(PIET)));
        assert!(left.clone().any(|row| row["last_error"] == "the person was erased"));
        let object = audit(&store).await.remove(0).1;
        assert!(object.starts_with("person ") && !object.contains('@'), "{object}");

        for body in [first, escaped] {
            let again = store.accept(arrival(&body)).await.unwrap();
            assert!(matches!(again, Accepted::Duplicate(id) if ids.contains(&id)));
        }
        for uid in ["first", "fourth"] {
            let refreshed = take(&store, of(uid, PIET, "Another name"), &hooks).await;
            assert_eq!(decision(&store, refreshed).await, Some(Decision::Revision));
        }
        // A payment brings nothing back: what the booking itself said stands above it.
        let paid = json!({"uid": "second", "paymentId": 9, "attendees": []});
        take(&store, booking("BOOKING_PAID", paid), &[]).await;
        let bookings = store.bookings(9, None).await.unwrap();
        let second = bookings.iter().find(|shown| shown.uid.as_str() == "second").unwrap();
        assert_eq!(second.title, None);
        // They brought the person back.
        assert_eq!(store.erase(PIET, WHO).await.unwrap().deliveries, 2);
        assert_eq!(store.erase(PIET, WHO).await.unwrap(), Default::default());
        assert_eq!(audit(&store).await.len(), 3);
        assert!(store.erase("piet", WHO).await.is_err() && store.erase(PIET, "").await.is_err());
        place.clear().await;
    }
}

#[tokio::test]
async fn a_replay_of_an_erased_person_is_erased_too() {
    for place in Place::each().await {
        let store = place.store().await;
        let id = take(&store, of("first", PIET, "Strategy hour"), &[]).await;
        store.replay(id, &["crm"], WHO).await.unwrap();
        assert_eq!(store.erase(PIET, WHO).await.unwrap().deliveries, 2);
        assert_eq!(store.replay(id, &["crm"], WHO).await.unwrap().without_body, 1);
        assert_eq!(states(&store).await, counts([("skipped", 1)]));
        place.clear().await;
    }
}

#[tokio::test]
async fn a_replay_cannot_slip_through_while_a_person_is_erased() {
    for place in Place::each().await {
        let (store, other) = (place.store().await, place.store().await);
        for round in 0..20 {
            let id = take(&store, of(&format!("uid-{round}"), PIET, "Strategy hour"), &[]).await;
            let replay = async {
                for _ in 0..round % 4 {
                    tokio::task::yield_now().await;
                }
                other.replay(id, &["crm"], WHO).await.unwrap()
            };
            let (erased, replayed) = tokio::join!(store.erase(PIET, WHO), replay);
            assert_eq!(erased.unwrap().deliveries, 1 + replayed.deliveries, "round {round}");
            assert_eq!(store.erase(PIET, WHO).await.unwrap().deliveries, 0, "round {round}");
        }
        assert!(states(&store).await.keys().all(|state| state == "skipped"));
        place.clear().await;
    }
}

#[tokio::test]
async fn a_replay_that_is_committed_out_of_order_is_erased_too() {
    const TURN: &str =
        "SELECT pg_advisory_xact_lock(hashtextextended('cal_planner ' || current_schema(), 0))";
    const COPY: &str = "INSERT INTO cal_deliveries (id, received_at, source, planned_at, decision, \
        body) SELECT 'copy', received_at, 'replay', planned_at, 'applied', body FROM cal_deliveries";
    const WAITS: &str = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory'";
    let Some(place) = Place::postgres().await else { return };
    let store = place.store().await;
    take(&store, of("first", PIET, "Strategy hour"), &[]).await;
    // Another process is at it: its row has a number already, and nobody can see it.
    let mut other = PgConnection::connect(&place.url).await.unwrap();
    let mut tx = other.begin().await.unwrap();
    sqlx::query(TURN).execute(&mut *tx).await.unwrap();
    sqlx::query(COPY).execute(&mut *tx).await.unwrap();
    keep(&store, "a later one").await;
    let erasing = tokio::spawn({
        let store = store.clone();
        async move { store.erase(PIET, WHO).await }
    });
    while sqlx::query_scalar::<_, i64>(WAITS).fetch_one(&mut *tx).await.unwrap() == 0 {
        tokio::task::yield_now().await;
    }
    tx.commit().await.unwrap();
    assert_eq!(erasing.await.unwrap().unwrap().deliveries, 2);
    place.clear().await;
}

#[tokio::test]
async fn hostile_bodies_hide_nobody() {
    for place in Place::each().await {
        let store = place.store().await;
        let address = "_%🙂@example.org";
        let far = "x".repeat(1 << 20);
        let deep = "[".repeat(4000);
        let about = [
            format!("\0\0 {address}\0").into_bytes(),
            [b"\xff\xfe <_%\xf0\x9f\x99\x82@EXAMPLE.org>", &b"\x80"[..]].concat(),
            format!(r#"{{"a":"{far}","b":"_%\uD83D\uDE42\u0040example.org"}}"#).into_bytes(),
            format!(r#"{deep}"\u005f%🙂@example.org""#).into_bytes(),
            b"email=_%25%F0%9F%99%82%40example.org&name=A".to_vec(),
            of("first", address, "NUL \0").into_bytes(),
        ];
        let not = ["axb🙂@example.org", "_%🙂@example.orgs", "%", "a_%🙂@example.org", r"\u00"];
        let mut ids = Vec::new();
        for body in &about {
            ids.push(take(&store, body, &["crm"]).await);
        }
        for body in not {
            take(&store, body, &["crm"]).await;
        }
        let rows = export(&store, Some(address)).await;
        let of_kind = |kind: &str| rows.iter().filter(|row| row["kind"] == kind).count();
        assert_eq!((of_kind("delivery"), of_kind("task"), of_kind("booking")), (6, 6, 1));
        let erased = store.erase(address, WHO).await.unwrap();
        assert_eq!((erased.deliveries, erased.bookings, erased.tasks), (6, 1, 6));
        assert_eq!(states(&store).await, counts([("skipped", 6), ("waiting", 5)]));
        let rows = export(&store, Some(address)).await;
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0]["action"], "erase");
        place.clear().await;
    }
}

#[tokio::test]
async fn an_sqlite_file_holds_nothing_of_who_was_erased_or_pruned() {
    let place = Place::sqlite();
    let store = place.store().await;
    let file = place.url.strip_prefix("sqlite://").unwrap();
    let holds = |address: &str| {
        let files = ["", "-wal"].map(|end| fs::read(format!("{file}{end}")).unwrap_or_default());
        files.iter().any(|bytes| bytes.windows(address.len()).any(|at| at == address.as_bytes()))
    };
    for n in 0..50 {
        let long = "a longer title ".repeat(n * 20);
        let email = if n % 5 == 0 { PIET } else { "anna@example.com" };
        take(&store, of(&format!("uid-{n}"), email, &long), &[]).await;
    }
    assert!(holds(PIET) && holds("anna@example.com"));
    assert_eq!(store.erase(PIET, WHO).await.unwrap().deliveries, 10);
    assert!(!holds(PIET) && holds("anna@example.com"));
}

#[tokio::test]
async fn everything_is_exported_in_pages() {
    for place in Place::each().await {
        let store = place.store().await;
        let id = take(&store, of("first", PIET, "Zero \0"), &["crm"]).await;
        end(&store, "crm", dead("no")).await;
        store.replay(id, &["crm"], WHO).await.unwrap();
        let other = "anna@example.com";
        take(&store, of("second", other, "Strategy hour"), &["crm"]).await;
        let opaque = take(&store, b"\xff\0", &["crm"]).await;
        for n in 0..300 {
            keep(&store, format!("number {n}")).await;
        }
        for n in 0..9 {
            keep(&store, format!("{n}{}", "x".repeat(1 << 20))).await;
        }
        let rows = export(&store, None).await;
        let of_kind = |kind: &str| rows.iter().filter(|row| row["kind"] == kind).count();
        let kinds = ["delivery", "task", "attempt", "booking", "audit"].map(of_kind);
        assert_eq!(kinds, [313, 4, 1, 2, 1]);
        let first = &rows[0];
        assert_eq!((&first["id"], &first["source"]), (&json!(id.to_string()), &json!("webhook")));
        assert_eq!(first["body"], of("first", PIET, "Zero \0"));
        assert_eq!(first["headers"], json!([["x-from", "the tests"]]));
        let at = DateTime::parse_from_rfc3339(first["received_at"].as_str().unwrap()).unwrap();
        assert_eq!(at, day(&store, id).await.0);
        assert_eq!((&rows[1]["replay_of"], &rows[1]["body"]), (&first["id"], &first["body"]));
        let raw = rows.iter().find(|row| row["id"] == opaque.to_string()).unwrap();
        assert_eq!((&raw["body_hex"], &raw["body"]), (&json!("ff00"), &Value::Null));

        let rows = export(&store, Some(PIET)).await;
        let kinds: Vec<_> = rows.iter().map(|row| row["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["delivery", "delivery", "task", "task", "attempt", "booking"]);
        assert!(!json!(rows).to_string().contains(other));
        // An operator has done something.
        assert_eq!(export(&store, Some("nobody@example.com")).await, Vec::<Value>::new());
        let wrong: Result<Vec<Value>, _> = store.export(Some("piet")).try_collect().await;
        assert!(wrong.is_err());
        let expected = [("dead", 1), ("waiting", 3)];
        assert_eq!(states(&store).await, counts(expected));
        place.clear().await;
    }
}

#[tokio::test]
async fn operations_can_be_sent_to_other_threads() {
    let place = Place::sqlite();
    let store = place.store().await;
    let id = take(&store, of("first", PIET, "Strategy hour"), &[]).await;
    let until = day(&store, id).await.1;
    let work = async move {
        store.replay(id, &["crm"], WHO).await?;
        store.replay(until..until, &["crm"], WHO).await?;
        store.redrive(cal_store::DeadTasks::of("crm"), WHO).await?;
        store.prune(until).await?;
        store.erase(PIET, WHO).await?;
        store.export(None).try_collect::<Vec<_>>().await
    };
    assert!(tokio::spawn(work).await.unwrap().is_ok());
}
