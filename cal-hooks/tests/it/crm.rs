//! Contacts and payments follow deliveries, on both databases.

#![expect(clippy::needless_pass_by_value, reason = "a `json!` reads better without a borrow")]

use std::{sync::Arc, time::Duration};

use cal_core::{BookingUid, PaymentId};
use cal_hooks::{
    crm::{CrmHook, LocalCrm},
    payments::Payments,
};
use cal_store::{ContactRecord, PaymentKind, PaymentState, SqlStore};
use cal_webhook::{Accepted, Dispatcher, Settlement, Store};
use serde_json::{Value, json};

use crate::{
    bodies::{arrival, envelope},
    place::Place,
};

const JONAS: &str = "jonas@example.org";
const HOOKS: [&str; 2] = ["crm", "payments"];

fn hooks(store: &SqlStore) -> Dispatcher {
    let crm = CrmHook::new(LocalCrm::new(store.clone()));
    Dispatcher::new().hook(crm).hook(Payments::new(store.clone()))
}

/// A body about a booking of Jonas with Ida, long from now.
fn booking(trigger: &str, members: Value) -> String {
    let mut payload = json!({
        "uid": "first",
        "bookingId": 7,
        "title": "Strategy hour",
        "startTime": "2099-05-11T08:00:00Z",
        "endTime": "2099-05-11T09:00:00Z",
        "status": "ACCEPTED",
        "organizer": {"name": "Ida Falk", "email": "ida@example.com", "timeZone": "Europe/Oslo"},
        "attendees": [{"name": "Jonas Weber", "email": "Jonas@Example.org",
            "timeZone": "Europe/Berlin", "language": {"locale": "de"}}],
    });
    for (name, value) in members.as_object().unwrap() {
        payload[name] = value.clone();
    }
    envelope(trigger, payload)
}

fn cancelled(members: Value) -> String {
    let mut all = json!({"status": "CANCELLED"});
    for (name, value) in members.as_object().unwrap() {
        all[name] = value.clone();
    }
    booking("BOOKING_CANCELLED", all)
}

fn ended() -> String {
    json!({
        "triggerEvent": "MEETING_ENDED",
        "id": 7,
        "uid": "first",
        "title": "Strategy hour",
        "startTime": "2099-05-11T08:00:00Z",
        "endTime": "2099-05-11T09:00:00Z",
        "createdAt": "2026-05-04T09:30:00.000Z",
        "status": "ACCEPTED",
        "user": {"name": "Ida Falk", "email": "ida@example.com"},
        "attendees": [
            {"name": "Ida Falk", "email": "ida@example.com", "timeZone": "Europe/Oslo"},
            {"name": "Jonas Weber", "email": JONAS, "timeZone": "Europe/Berlin"},
        ],
        "payment": [{"id": 5, "amount": 5000, "currency": "eur", "success": true, "refunded": true}],
    })
    .to_string()
}

fn marked(no_show: bool, at: u32) -> String {
    let payload = json!({
        "message": "An attendee was marked",
        "attendees": [{"email": JONAS, "noShow": no_show}],
        "bookingUid": "first",
        "bookingId": 7,
    });
    let trigger = "BOOKING_NO_SHOW_UPDATED";
    let at = format!("2099-05-11T09:00:{at:02}.000Z");
    json!({"triggerEvent": trigger, "createdAt": at, "payload": payload}).to_string()
}

/// Takes a delivery in and runs the hooks on it, each as often as this.
async fn deliver(store: &SqlStore, body: &str, times: usize) {
    let hooks = hooks(store);
    assert!(matches!(store.accept(arrival(body)).await.unwrap(), Accepted::Stored(_)));
    while store.plan(&hooks).await.unwrap() > 0 {}
    let mut ran = 0;
    for hook in HOOKS {
        for task in store.claim(&[(hook, 9)], Duration::from_secs(60)).await.unwrap() {
            let task = Arc::new(task);
            for _ in 0..times {
                hooks.run(Arc::clone(&task)).await.result.unwrap();
            }
            assert!(store.settle(&task, Settlement::Done).await.unwrap());
            ran += 1;
        }
    }
    assert_eq!(ran, HOOKS.len(), "{body}");
}

async fn jonas(store: &SqlStore) -> ContactRecord {
    store.contact(JONAS).await.unwrap().unwrap()
}

fn points(contact: &ContactRecord) -> Vec<(&str, i64)> {
    contact.points.iter().map(|part| (part.reason.as_str(), part.points)).collect()
}

async fn kinds(store: &SqlStore) -> Vec<String> {
    let activities = store.activities(JONAS, 99).await.unwrap();
    activities.into_iter().map(|activity| activity.kind).collect()
}

#[tokio::test]
async fn a_task_that_runs_twice_leaves_one_activity_and_one_set_of_points() {
    for place in Place::each().await {
        let store = place.store().await;
        let notes = json!({"additionalNotes": "Ring twice", "userFieldsResponses":
            {"firm": {"label": "Your firm", "value": "Weber & Weber"}}});
        deliver(&store, &booking("BOOKING_CREATED", notes), 3).await;
        let contact = jonas(&store).await;
        assert_eq!(points(&contact), [("booked", 20)]);
        assert_eq!((contact.score, contact.stage.as_str()), (20, "opportunity"));
        assert_eq!(contact.name.as_deref(), Some("Jonas Weber"));
        assert_eq!(contact.time_zone.as_deref(), Some("Europe/Berlin"));
        assert_eq!(contact.locale.as_deref(), Some("de"));
        assert_eq!(contact.bookings, [BookingUid::from("first")]);
        let [activity] = store.activities(JONAS, 9).await.unwrap().try_into().unwrap();
        assert_eq!(activity.kind, "booked");
        assert_eq!(activity.uid, Some("first".into()));
        assert_eq!(activity.note.as_deref(), Some("Ring twice\nYour firm: Weber & Weber"));
        place.clear().await;
    }
}

#[tokio::test]
async fn the_score_tells_the_life_of_a_booking() {
    for place in Place::each().await {
        let store = place.store().await;
        let body = booking("BOOKING_CREATED", json!({}));
        deliver(&store, &body, 1).await;
        deliver(&store, &booking("BOOKING_PAID", json!({"paymentId": 5})), 2).await;
        deliver(&store, &ended(), 2).await;
        let contact = jonas(&store).await;
        assert_eq!(points(&contact), [("booked", 20), ("paid", 30), ("came", 15)]);
        assert_eq!((contact.score, contact.stage.as_str()), (65, "customer"));
        assert_eq!(kinds(&store).await, ["ended", "paid", "booked"]);
        assert_eq!(store.contacts(9, None).await.unwrap().len(), 1, "the host is none");
        place.clear().await;
    }
}

#[tokio::test]
async fn a_booking_that_is_moved_and_cancelled_leaves_a_lead() {
    for place in Place::each().await {
        let store = place.store().await;
        deliver(&store, &booking("BOOKING_CREATED", json!({})), 1).await;
        let moved = json!({"uid": "second", "bookingId": 8, "rescheduleUid": "first"});
        deliver(&store, &booking("BOOKING_RESCHEDULED", moved), 1).await;
        assert_eq!(jonas(&store).await.stage, "opportunity");
        let gone = json!({"uid": "second", "bookingId": 8, "cancellationReason": "No time"});
        deliver(&store, &cancelled(gone), 2).await;
        let contact = jonas(&store).await;
        assert_eq!(points(&contact), [("booked", 20), ("cancelled", -10)]);
        assert_eq!((contact.score, contact.stage.as_str()), (10, "lead"));
        assert_eq!(contact.bookings, ["second", "first"].map(BookingUid::from));
        let notes = store.activities(JONAS, 9).await.unwrap();
        assert!(notes.iter().any(|activity| activity.note.as_deref() == Some("No time")));
        place.clear().await;
    }
}

#[tokio::test]
async fn who_has_another_booking_is_no_lead_again() {
    for place in Place::each().await {
        let store = place.store().await;
        deliver(&store, &booking("BOOKING_CREATED", json!({})), 1).await;
        let other = json!({"uid": "other", "bookingId": 9, "startTime": "2099-06-11T08:00:00Z",
            "endTime": "2099-06-11T09:00:00Z"});
        deliver(&store, &booking("BOOKING_CREATED", other), 1).await;
        deliver(&store, &cancelled(json!({})), 1).await;
        assert_eq!(jonas(&store).await.stage, "opportunity");
        deliver(&store, &cancelled(json!({"uid": "other", "bookingId": 9})), 1).await;
        assert_eq!(jonas(&store).await.stage, "lead");
        place.clear().await;
    }
}

#[tokio::test]
async fn an_absence_counts_once_whenever_it_is_marked() {
    let (end, absent, present) = (ended(), marked(true, 1), marked(false, 2));
    for place in Place::each().await {
        for (bodies, score) in [
            (vec![&end], 15),
            (vec![&absent], -15),
            (vec![&absent, &end], -15),
            (vec![&end, &absent], -15),
            (vec![&end, &absent, &present], 15),
            (vec![&absent, &present, &end], 15),
            (vec![&absent, &end, &present], 15),
        ] {
            let place = if place.url.starts_with("sqlite:") {
                Place::sqlite()
            } else {
                Place::postgres().await.unwrap()
            };
            let store = place.store().await;
            deliver(&store, &booking("BOOKING_CREATED", json!({})), 1).await;
            for body in &bodies {
                deliver(&store, body, 2).await;
            }
            let contact = jonas(&store).await;
            assert_eq!(contact.score, 20 + score, "{bodies:?} {:?}", points(&contact));
            let stage = if score > 0 { "customer" } else { contact.stage.as_str() };
            assert_eq!(contact.stage, stage, "{bodies:?}");
            place.clear().await;
        }
        place.clear().await;
    }
}

#[tokio::test]
async fn guests_are_contacts_without_points_and_hosts_are_none() {
    for place in Place::each().await {
        let store = place.store().await;
        let people = ["jonas@example.org", "guest@example.org", "IDA@example.com", "no address"];
        let people = people.map(|email| json!({"name": "", "email": email, "timeZone": ""}));
        let body = booking("BOOKING_CREATED", json!({"attendees": people}));
        deliver(&store, &body, 2).await;
        let contacts = store.contacts(9, None).await.unwrap();
        let found: Vec<_> = contacts.iter().map(|it| (it.email.as_str(), it.score)).collect();
        assert_eq!(found, [("guest@example.org", 0), (JONAS, 20)]);
        assert_eq!(contacts[0].bookings, []);
        place.clear().await;
    }
}

#[tokio::test]
async fn each_seat_of_a_booking_has_points_of_its_own() {
    for place in Place::each().await {
        let store = place.store().await;
        let people = [JONAS, "guest@example.org"];
        let people = people.map(|email| json!({"name": "", "email": email, "timeZone": ""}));
        let members = json!({"attendees": people, "seatsPerTimeSlot": 5});
        deliver(&store, &booking("BOOKING_CREATED", members), 2).await;
        let contacts = store.contacts(9, None).await.unwrap();
        assert!(contacts.len() == 2 && contacts.iter().all(|contact| contact.score == 20));
        place.clear().await;
    }
}

#[tokio::test]
async fn only_who_has_paid_for_a_seat_becomes_a_customer() {
    for place in Place::each().await {
        let store = place.store().await;
        let people = json!([{"email": JONAS}, {"email": "mara@example.org"}]);
        let paid = json!({"seatsPerTimeSlot": 5, "attendees": people, "paymentId": 5,
            "metadata": {"bookerEmail": "mara@example.org"}});
        // Without it the payment would wait for its booking.
        let created = json!({"seatsPerTimeSlot": 5, "attendees": people});
        deliver(&store, &booking("BOOKING_CREATED", created), 1).await;
        deliver(&store, &booking("BOOKING_PAID", paid), 1).await;
        let mara = store.contact("mara@example.org").await.unwrap().unwrap();
        assert_eq!((mara.stage.as_str(), mara.score), ("customer", 50));
        assert_eq!(
            (jonas(&store).await.stage.as_str(), jonas(&store).await.score),
            ("opportunity", 20)
        );
        place.clear().await;
    }
}

#[tokio::test]
async fn an_address_that_was_made_up_for_a_number_is_a_contact_and_never_shown() {
    for place in Place::each().await {
        let store = place.store().await;
        let person = json!([{"name": "A phone", "email": "4915100000000@sms.cal.com"}]);
        deliver(&store, &booking("BOOKING_CREATED", json!({"attendees": person})), 1).await;
        let contacts = store.contacts(9, None).await.unwrap();
        assert_eq!(contacts[0].phone.as_deref(), Some("+4915100000000"));
        assert!(!serde_json::to_string(&contacts).unwrap().contains("sms.cal.com"));
        place.clear().await;
    }
}

#[tokio::test]
async fn a_form_makes_a_lead_of_who_gives_an_address() {
    for place in Place::each().await {
        let store = place.store().await;
        let answers = json!({"email": {"value": "Jonas@example.org"}, "name": {"value": "Jonas"}});
        let form = json!({"formId": "a", "formName": "Questions", "responses": answers});
        deliver(&store, &envelope("FORM_SUBMITTED", form), 2).await;
        let form = json!({"formId": "a", "responses": {"colour": {"value": "blue"}}});
        deliver(&store, &envelope("FORM_SUBMITTED", form), 1).await;
        let contact = jonas(&store).await;
        assert_eq!(
            (points(&contact), contact.stage.as_str()),
            (vec![("filled in a form", 5)], "lead")
        );
        assert_eq!(contact.name.as_deref(), Some("Jonas"));
        assert_eq!(store.contacts(9, None).await.unwrap().len(), 1);
        place.clear().await;
    }
}

#[tokio::test]
async fn only_a_good_rating_adds_points_and_only_once() {
    for place in Place::each().await {
        let store = place.store().await;
        let crm = CrmHook::new(LocalCrm::new(store.clone()));
        crm.rated(JONAS, "rating-1", 3).await.unwrap();
        assert_eq!(store.contact(JONAS).await.unwrap(), None);
        for _ in 0..2 {
            crm.rated(JONAS, "rating-2", 4).await.unwrap();
        }
        assert_eq!(points(&jonas(&store).await), [("liked the meeting", 10)]);
        place.clear().await;
    }
}

#[tokio::test]
async fn a_payment_is_initiated_paid_and_given_back() {
    for place in Place::each().await {
        let store = place.store().await;
        let due = json!({"paymentId": 5, "price": 5000, "currency": "eur"});
        deliver(&store, &booking("BOOKING_PAYMENT_INITIATED", due.clone()), 2).await;
        let [payment] = store.payments(9, None).await.unwrap().try_into().unwrap();
        assert_eq!((payment.state, payment.number), (PaymentState::Initiated, Some(PaymentId(5))));
        deliver(&store, &booking("BOOKING_CREATED", json!({})), 2).await;
        deliver(&store, &booking("BOOKING_PAID", due), 2).await;
        let [payment] = store.payments_of(&"first".into()).await.unwrap().try_into().unwrap();
        assert_eq!((payment.state, payment.amount), (PaymentState::Paid, Some(5000)));
        assert_eq!(payment.currency.as_deref(), Some("EUR"));
        // The meeting's row says that the money went back.
        deliver(&store, &ended(), 2).await;
        let [payment] = store.payments(9, None).await.unwrap().try_into().unwrap();
        assert_eq!(payment.state, PaymentState::Refunded);
        assert!(payment.initiated_at <= payment.paid_at && payment.refunded_at.is_some());
        place.clear().await;
    }
}

#[tokio::test]
async fn a_no_show_fee_finds_its_booking_by_the_number() {
    for place in Place::each().await {
        let store = place.store().await;
        deliver(&store, &booking("BOOKING_CREATED", json!({})), 1).await;
        let fee = json!({"uid": null, "paymentData": {"id": 6, "amount": 2500, "currency": "nok",
            "bookingId": 7, "success": true}});
        deliver(&store, &booking("BOOKING_PAID", fee), 2).await;
        let [payment] = store.payments_of(&"first".into()).await.unwrap().try_into().unwrap();
        assert_eq!((payment.kind, payment.state), (PaymentKind::NoShowFee, PaymentState::Paid));
        assert_eq!((payment.amount, payment.currency.as_deref()), (Some(2500), Some("NOK")));
        let contact = jonas(&store).await;
        assert_eq!((contact.score, contact.stage.as_str()), (20, "opportunity"));
        assert_eq!(kinds(&store).await, ["no_show_fee", "booked"]);
        place.clear().await;
    }
}
