//! A delivery that cannot be planned is set aside, and stops no other.

use std::env;

use cal_store::{FailedDeliveries, OpenError, SqlStore};
use cal_webhook::{Accepted, Decision, DeliveryId, Dispatcher, Hook, Reminder, Store};
use chrono::DateTime;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::{
    bodies::{arrival, booking, envelope},
    place::Place,
};

fn hooks() -> Dispatcher {
    Dispatcher::new().hook(Hook::named("crm"))
}

async fn send(store: &SqlStore, body: &str) -> DeliveryId {
    let Accepted::Stored(id) = store.accept(arrival(body)).await.unwrap() else { panic!("{body}") };
    id
}

fn named(uid: &str, title: &str) -> String {
    booking("BOOKING_CREATED", json!({"uid": uid, "bookingId": null, "title": title}))
}

/// Sends this body among others, plans all, and returns the reason why it failed.
async fn set_aside(store: &SqlStore, hooks: &Dispatcher, body: &str) -> (DeliveryId, String) {
    let mut neighbours = Vec::new();
    for number in 0..20 {
        neighbours.push(send(store, &named(&format!("before{number}"), "Before")).await);
    }
    let culprit = send(store, body).await;
    for number in 0..20 {
        neighbours.push(send(store, &named(&format!("after{number}"), "After")).await);
    }
    while store.plan(hooks).await.unwrap() > 0 {}
    for id in neighbours {
        let neighbour = store.delivery(id).await.unwrap().unwrap();
        assert_eq!((neighbour.decision, neighbour.failure), (Some(Decision::Applied), None));
    }
    let record = store.delivery(culprit).await.unwrap().unwrap();
    assert_eq!(record.decision, Some(Decision::Failed));
    assert_eq!(store.tasks_of(culprit).await.unwrap().len(), 0);
    let counters = store.counters().await.unwrap();
    assert_eq!((counters.unplanned, counters.deliveries["failed"]), (0, 1));
    (culprit, record.failure.unwrap())
}

#[tokio::test]
async fn a_delivery_over_which_the_planner_panics_is_set_aside() {
    for work in ["reading", "deciding"] {
        for place in Place::each().await {
            let store = place.store().await;
            let body = named("poison", &format!("panic while {work}"));
            let (id, reason) = set_aside(&store, &hooks(), &body).await;
            assert!(reason.contains("panicked"), "{reason}");

            // It is tried again when an operator says so, and fails again.
            assert_eq!(store.replan(id, "nora").await.unwrap(), 1);
            assert_eq!(store.delivery(id).await.unwrap().unwrap().decision, None);
            assert_eq!(store.plan(&hooks()).await.unwrap(), 1);
            assert_eq!(store.replan(DeliveryId::new(), "nora").await.unwrap(), 0);
            let audit = store.audit(10, None).await.unwrap();
            let audit: Vec<_> = audit.iter().map(|it| (&*it.action, &*it.object)).collect();
            assert_eq!(audit, [("replan", &*format!("delivery {id}"))]);

            // Another version tries it when it opens the store; this one has done so already.
            store.close().await;
            let store = place.store().await;
            assert_eq!(store.plan(&hooks()).await.unwrap(), 0);
            place
                .execute(
                    "UPDATE cal_deliveries SET failed_by = '0.0.1' \
                WHERE decision = 'failed'",
                )
                .await;
            store.close().await;
            let store = place.store().await;
            assert_eq!(store.plan(&hooks()).await.unwrap(), 1);
            store.close().await;
            place.clear().await;
        }
    }
}

#[tokio::test]
async fn a_name_that_the_database_takes_for_no_index_sets_its_delivery_aside() {
    // Twelve digits after twelve others that nobody can write shorter.
    let address: String =
        std::iter::repeat_with(|| format!("{:016x}", fastrand::u64(..))).take(400).collect();
    let reminding = |_: &cal_webhook::Transition, delivery: &cal_core::Delivery| {
        let booking = delivery.event.booking();
        let guests = booking.iter().flat_map(|booking| &booking.attendees);
        guests.map(|guest| Reminder::new(&*guest.email, DateTime::UNIX_EPOCH)).collect::<Vec<_>>()
    };
    for place in Place::each().await {
        let store = place.store().await;
        let mails = Dispatcher::new().hook(Hook::named("mail").reminders(reminding));
        let row =
            json!({"name": "x", "email": format!("{address}@example.org"), "timeZone": "UTC"});
        let body = json!({"uid": "poison", "bookingId": null, "attendees": [row]});
        let body = booking("BOOKING_CREATED", body);
        if place.url.starts_with("sqlite:") {
            // SQLite indexes texts of any length.
            let id = send(&store, &body).await;
            assert_eq!(store.plan(&mails).await.unwrap(), 1);
            assert_eq!(store.tasks_of(id).await.unwrap().len(), 2);
        } else {
            let (id, reason) = set_aside(&store, &mails, &body).await;
            assert_eq!(reason, "a value is larger than the database takes (code 54000)");
            // Without that hook it can be planned.
            assert_eq!(store.replan(FailedDeliveries::All, "nora").await.unwrap(), 1);
            assert_eq!(store.plan(&hooks()).await.unwrap(), 1);
            let record = store.delivery(id).await.unwrap().unwrap();
            assert_eq!((record.decision, record.failure), (Some(Decision::Applied), None));
        }
        store.close().await;
        place.clear().await;
    }
}

#[tokio::test]
async fn large_bodies_are_planned_one_by_one_beside_the_others() {
    let marks = |number: usize| {
        let row =
            |guest: usize| json!({"email": format!("guest{guest}@example.org"), "noShow": true});
        let rows: Vec<Value> = (0..1_500).map(row).collect();
        // The rest is as large as a body may be.
        let message = "x".repeat(960_000);
        let payload = json!({"message": message, "bookingUid": format!("large{number}"),
            "bookingId": null, "attendees": rows});
        envelope("BOOKING_NO_SHOW_UPDATED", payload)
    };
    for place in Place::each().await {
        let store = place.store().await;
        for number in 0..12 {
            send(&store, &marks(number)).await;
        }
        send(&store, &named("small", "Small")).await;
        let mut rounds = Vec::new();
        loop {
            match store.plan(&hooks()).await.unwrap() {
                0 => break,
                planned => rounds.push(planned),
            }
        }
        // The last one that came is small, and waits for one of those before it.
        assert_eq!((rounds[0], rounds.len()), (2, 12));
        assert!(rounds[1..].iter().all(|planned| *planned == 1), "{rounds:?}");
        assert_eq!(store.counters().await.unwrap().deliveries["applied"], 13);
        store.close().await;
        place.clear().await;
    }
}

#[tokio::test]
async fn a_database_that_cannot_write_every_letter_is_refused_or_sets_names_aside() {
    let Ok(server) = env::var("CALCOM_TEST_POSTGRES_URL") else {
        return eprintln!("skipped: CALCOM_TEST_POSTGRES_URL is not set");
    };
    let mut admin = PgConnection::connect(&server).await.unwrap();
    let name = format!("calcom_latin_{:08x}", fastrand::u32(..));
    let create = format!(
        "CREATE DATABASE {name} ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
    );
    sqlx::query(AssertSqlSafe(create)).execute(&mut admin).await.unwrap();
    let url = format!("{}/{name}", server.rsplit_once('/').unwrap().0);

    let error = SqlStore::open(&url).await.unwrap_err();
    let OpenError::Setting { setting, expected, found } = error else { panic!("{error:?}") };
    assert_eq!((setting, expected, &*found), ("server_encoding", "UTF8", "LATIN1"));

    // As an earlier version, which did not look, would have begun.
    let mut conn = PgConnection::connect(&url).await.unwrap();
    let made = "CREATE TABLE cal_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL, \
        installed_on TIMESTAMPTZ NOT NULL DEFAULT now(), success BOOLEAN NOT NULL, \
        checksum BYTEA NOT NULL, execution_time BIGINT NOT NULL)";
    sqlx::query(made).execute(&mut conn).await.unwrap();
    conn.close().await.unwrap();
    let store = SqlStore::open(&url).await.unwrap();
    let (_, reason) = set_aside(&store, &hooks(), &named("poison", "Łódź")).await;
    assert_eq!(reason, "the database's encoding cannot write one of its letters (code 22P05)");
    store.close().await;
    let drop = format!("DROP DATABASE {name} WITH (FORCE)");
    sqlx::query(AssertSqlSafe(drop)).execute(&mut admin).await.unwrap();
}
