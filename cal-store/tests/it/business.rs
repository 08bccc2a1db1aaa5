//! A person is found and forgotten in all that the business knows.

use cal_core::{BookingUid, Currency, PaymentId};
use cal_store::{Charge, ContactDetails, NewActivity, SqlStore, address_digest};
use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;
use serde_json::{Value, json};

use crate::{
    bodies::booking,
    desk::{WHO, take},
    place::Place,
};

pub(crate) const JONAS: &str = "jonas@example.org";
pub(crate) const OTHER: &str = "anna@example.com";

pub(crate) fn at(day: u32) -> DateTime<Utc> {
    format!("2026-05-{day:02}T08:00:00Z").parse().unwrap()
}

pub(crate) fn activity<'a>(
    key: &'a str,
    kind: &'a str,
    uid: Option<&'a BookingUid>,
) -> NewActivity<'a> {
    NewActivity { key, kind, uid, at: at(4), note: None }
}

pub(crate) fn charge(number: i64, uid: &str, amount: i64, currency: &str) -> Charge {
    Charge {
        number: (number > 0).then_some(PaymentId(number)),
        uid: Some(uid.into()),
        booking: None,
        amount: Some(amount),
        currency: Some(Currency::from(currency)),
    }
}

pub(crate) async fn export(store: &SqlStore, person: Option<&str>) -> Vec<Value> {
    store.export(person).try_collect().await.unwrap()
}

/// Two people, each with everything.
pub(crate) async fn fill(place: &Place, store: &SqlStore) {
    const APPOINTMENTS: &str = "INSERT INTO cal_appointments (uid, service, title, email, visitor) \
        VALUES ('first', 'hour', 'Hour with Jonas', 'jonas@example.org', 'v-jonas'), \
            ('second', 'hour', 'Hour with Anna', 'anna@example.com', 'v-anna')";
    const EVENTS: &str = "INSERT INTO cal_events (key, name, at, visitor, uid, properties) VALUES \
        ('1', 'page_view', 9000000000000000, 'v-jonas', NULL, '{}'), \
        ('2', 'booked', 9000000000000000, 'v-jonas', 'first', '{}'), \
        ('3', 'booked', 9000000000000000, 'v-anna', 'second', '{}')";
    const FEEDBACK: &str = "INSERT INTO cal_feedback (id, token, uid, rating, comment, at) VALUES \
        ('1', '1', 'first', 5, 'it was good', 1), ('2', '2', 'second', 1, 'it was bad', 1)";
    let people = [
        (JONAS, "Jonas Weber", "first", "Ring twice", 5),
        (OTHER, "Anna Berg", "second", "Ring once", 6),
    ];
    for (email, name, uid, note, number) in people {
        let details = ContactDetails { name: Some(name), ..Default::default() };
        store.upsert_contact(email, details).await.unwrap();
        let uid_ = BookingUid::from(uid);
        let booked = NewActivity { note: Some(note), ..activity(uid, "booked", Some(&uid_)) };
        store.record_activity(email, booked).await.unwrap();
        store.add_points(email, &format!("{uid}/points"), 20, "booked").await.unwrap();
        store.payment_paid(&charge(number, uid, 5000, "eur"), at(5)).await.unwrap();
    }
    let mention = "jonas asked me to, write to jonas@example.org";
    let mention = NewActivity { note: Some(mention), ..activity("mention", "booked", None) };
    store.record_activity(OTHER, mention).await.unwrap();
    for sql in [APPOINTMENTS, EVENTS, FEEDBACK] {
        place.execute(sql).await;
    }
}

#[tokio::test]
async fn old_events_are_pruned_and_all_else_of_the_business_stays() {
    const OLD: &str = "INSERT INTO cal_events (key, name, at, visitor, properties) \
        VALUES ('a', 'page_view', 1, 'v', '{}'), ('b', 'page_view', 2, 'v', '{}'), \
            ('c', 'page_view', 9000000000000000, 'v', '{}')";
    for place in Place::each().await {
        let store = place.store().await;
        fill(&place, &store).await;
        let before = export(&store, None).await.len();
        place.execute(OLD).await;
        let pruned = store.prune(at(1)).await.unwrap();
        assert_eq!((pruned.events, pruned.bodies), (2, 0));
        assert_eq!(store.prune(at(1)).await.unwrap().events, 0);
        assert_eq!(export(&store, None).await.len(), before + 1);
        place.clear().await;
    }
}

#[tokio::test]
async fn all_that_the_business_knows_of_a_person_is_exported_and_nothing_of_others() {
    for place in Place::each().await {
        let store = place.store().await;
        fill(&place, &store).await;
        let rows = export(&store, Some("JONAS@example.org")).await;
        let mut kinds: Vec<_> = rows.iter().map(|row| row["kind"].as_str().unwrap()).collect();
        kinds.dedup();
        let expected = ["contact", "activity", "appointment", "payment", "event", "feedback"];
        assert_eq!(kinds, expected);
        let text = json!(rows).to_string();
        for known in ["Jonas Weber", "Ring twice", "jonas asked", "it was good", "page_view"] {
            assert!(text.contains(known), "{known}");
        }
        // Texts of somebody else about them are theirs as well.
        let own = rows.iter().filter(|row| row["note"].as_str().is_none_or(|it| !it.contains('@')));
        let text = json!(own.collect::<Vec<_>>()).to_string();
        for unknown in [OTHER, "Anna", "second", "v-anna", "it was bad"] {
            assert!(!text.contains(unknown), "{unknown}");
        }
        let kinds = |kind: &str| rows.iter().filter(|row| row["kind"] == kind).count();
        assert_eq!(expected.map(kinds), [1, 3, 1, 1, 2, 1]);
        let all = json!(export(&store, None).await).to_string();
        assert!(all.contains("Anna") && all.contains("it was bad"));
        place.clear().await;
    }
}

#[tokio::test]
async fn a_person_is_forgotten_in_all_that_the_business_knows() {
    for place in Place::each().await {
        let store = place.store().await;
        fill(&place, &store).await;
        store.suppress(&address_digest(JONAS), "unsubscribed").await.unwrap();
        let erased = store.erase("Jonas@example.org", WHO).await.unwrap();
        assert_eq!((erased.contacts, erased.activities, erased.appointments), (1, 3, 1));
        assert_eq!((erased.events, erased.comments), (1, 1));
        assert_eq!(store.contact(JONAS).await.unwrap(), None);
        let text = json!(export(&store, None).await).to_string();
        for gone in [JONAS, "Jonas", "Ring twice", "jonas asked", "it was good"] {
            assert!(!text.contains(gone), "{gone}");
        }
        for kept in ["Anna", "v-anna", "Ring once"] {
            assert!(text.contains(kept), "{kept}");
        }
        assert!(store.is_suppressed(JONAS).await.unwrap());
        let rows = export(&store, None).await;
        let first: Vec<_> = rows.iter().filter(|row| row["booking_uid"] == "first").collect();
        let of = |kind: &str| *first.iter().find(|row| row["kind"] == kind).unwrap();
        assert_eq!(of("event")["visitor"], "first");
        assert_eq!(
            (&of("feedback")["rating"], &of("feedback")["comment"]),
            (&json!(5), &Value::Null)
        );
        assert_eq!(of("appointment")["visitor"], Value::Null);
        assert_eq!(
            (&of("appointment")["service"], of("payment")["amount"].as_i64()),
            (&json!("hour"), Some(5000))
        );
        assert_eq!(store.erase(JONAS, WHO).await.unwrap(), Default::default());
        assert_eq!(store.contacts(9, None).await.unwrap().len(), 1);
        place.clear().await;
    }
}

#[tokio::test]
async fn what_belongs_to_an_erased_delivery_is_forgotten_with_it() {
    const APPOINTMENT: &str = "INSERT INTO cal_appointments (uid, title, visitor) \
        VALUES ('third', 'Strategy hour', 'v-third') \
        ON CONFLICT (uid) DO UPDATE SET title = excluded.title, visitor = excluded.visitor";
    const EVENT: &str = "INSERT INTO cal_events (key, name, at, visitor, uid, properties) \
        VALUES ('third', 'booked', 1, 'v-third', 'third', '{}')";
    const FEEDBACK: &str = "INSERT INTO cal_feedback (id, token, uid, rating, comment, at) \
        VALUES ('third', 'third', 'third', 4, 'as expected', 1)";
    for place in Place::each().await {
        let store = place.store().await;
        let attendees =
            json!([{"name": "Jonas Weber", "email": JONAS, "timeZone": "Europe/Berlin"}]);
        let members = json!({"uid": "third", "attendees": attendees});
        take(&store, booking("BOOKING_CREATED", members), &[]).await;
        for sql in [APPOINTMENT, EVENT, FEEDBACK] {
            place.execute(sql).await;
        }
        let erased = store.erase(JONAS, WHO).await.unwrap();
        assert_eq!((erased.appointments, erased.events, erased.comments), (1, 1, 1));
        let text = json!(export(&store, None).await).to_string();
        assert!(!text.contains("v-third") && !text.contains("as expected"), "{text}");
        place.clear().await;
    }
}
