//! Contacts, payments, suppressions and keys; and how a person is forgotten in all of it.

use std::collections::BTreeMap;

use cal_core::{BookingId, BookingUid, Currency, PaymentId};
use cal_store::{
    Charge, ContactDetails, NewActivity, PaymentKind, PaymentState, SqlStore, address_digest,
};
use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;
use serde_json::{Value, json};

use crate::{
    bodies::booking,
    desk::{WHO, audit, take},
    place::Place,
};

const JONAS: &str = "jonas@example.org";
const OTHER: &str = "anna@example.com";

fn at(day: u32) -> DateTime<Utc> {
    format!("2026-05-{day:02}T08:00:00Z").parse().unwrap()
}

fn activity<'a>(key: &'a str, kind: &'a str, uid: Option<&'a BookingUid>) -> NewActivity<'a> {
    NewActivity { key, kind, uid, at: at(4), note: None }
}

async fn meet(store: &SqlStore, email: &str) {
    store.upsert_contact(email, ContactDetails::default()).await.unwrap();
}

fn charge(number: i64, uid: &str, amount: i64, currency: &str) -> Charge {
    Charge {
        number: (number > 0).then_some(PaymentId(number)),
        uid: Some(uid.into()),
        booking: None,
        amount: Some(amount),
        currency: Some(Currency::from(currency)),
    }
}

#[tokio::test]
async fn a_contact_is_one_whatever_the_case_and_keeps_what_nobody_repeats() {
    for place in Place::each().await {
        let store = place.store().await;
        let known =
            ContactDetails { name: Some("Jonas Weber"), locale: Some("de"), ..Default::default() };
        assert_eq!(store.upsert_contact(" Jonas@EXAMPLE.org ", known).await.unwrap(), JONAS);
        let first = store.contact("JONAS@example.org").await.unwrap().unwrap();
        let more =
            ContactDetails { name: Some(" "), locale: Some("en"), phone: Some("1"), ..known };
        store.upsert_contact(JONAS, more).await.unwrap();
        let [contact] = store.contacts(9, None).await.unwrap().try_into().unwrap();
        assert_eq!(contact.name.as_deref(), Some("Jonas Weber"));
        assert_eq!((contact.locale.as_deref(), contact.phone.as_deref()), (Some("en"), Some("1")));
        assert_eq!(contact.first_seen, first.first_seen);
        assert!(contact.last_seen > first.last_seen);
        assert_eq!((contact.stage.as_str(), contact.score), ("lead", 0));
        assert!(store.upsert_contact("jonas", known).await.is_err());
        assert_eq!(store.contact(OTHER).await.unwrap(), None);
        place.clear().await;
    }
}

#[tokio::test]
async fn an_activity_is_recorded_once_for_each_key_and_never_for_a_stranger() {
    for place in Place::each().await {
        let store = place.store().await;
        let uid = BookingUid::from("first");
        let booked = NewActivity { note: Some(" Zero \0 "), ..activity("a", "booked", Some(&uid)) };
        assert!(!store.record_activity(JONAS, booked).await.unwrap());
        meet(&store, JONAS).await;
        assert!(store.record_activity("Jonas@example.org", booked).await.unwrap());
        assert!(!store.record_activity(JONAS, booked).await.unwrap());
        let later = NewActivity { at: at(5), ..activity("b", "paid", None) };
        assert!(store.record_activity(JONAS, later).await.unwrap());
        let [paid, first] = store.activities(JONAS, 9).await.unwrap().try_into().unwrap();
        assert_eq!((paid.kind.as_str(), paid.at, paid.uid), ("paid", at(5), None));
        assert_eq!((first.kind.as_str(), first.uid), ("booked", Some(uid)));
        assert_eq!(first.note.as_deref(), Some("Zero \u{fffd}"));
        assert_eq!(store.activities(JONAS, 1).await.unwrap().len(), 1);
        place.clear().await;
    }
}

#[tokio::test]
async fn a_score_is_the_sum_of_points_with_their_reasons() {
    for place in Place::each().await {
        let store = place.store().await;
        meet(&store, JONAS).await;
        meet(&store, OTHER).await;
        for _ in 0..2 {
            store.add_points(JONAS, "a", 20, "booked").await.unwrap();
            store.add_points(JONAS, "b", -15, "did not come").await.unwrap();
            assert!(!store.add_points(JONAS, "c", 0, "nothing").await.unwrap());
        }
        store.add_points(OTHER, "d", 30, "paid").await.unwrap();
        assert!(!store.add_points("who@example.org", "e", 30, "paid").await.unwrap());
        let contact = store.contact(JONAS).await.unwrap().unwrap();
        let points: Vec<_> =
            contact.points.iter().map(|part| (part.reason.as_str(), part.points)).collect();
        assert_eq!(points, [("booked", 20), ("did not come", -15)]);
        assert_eq!(contact.score, 5);
        assert!(contact.points[0].at >= contact.first_seen);
        assert_eq!(store.activities(JONAS, 9).await.unwrap(), [], "points are no activities");
        let shown = json!(contact);
        assert_eq!((&shown["score"], &shown["points"][0]["reason"]), (&json!(5), &json!("booked")));
        place.clear().await;
    }
}

#[tokio::test]
async fn points_for_coming_are_told_from_all_others() {
    for place in Place::each().await {
        let store = place.store().await;
        let (uid, other) = (BookingUid::from("first"), BookingUid::from("second"));
        meet(&store, JONAS).await;
        for (key, kind, uid) in [
            ("a", "booked", &uid),
            ("b", "ended", &uid),
            ("c", "no_show", &uid),
            ("d", "ended", &other),
        ] {
            store.record_activity(JONAS, activity(key, kind, Some(uid))).await.unwrap();
            store.add_points(JONAS, &format!("{key}/points"), 7, "a test").await.unwrap();
        }
        assert_eq!(store.attendance(JONAS, &uid, "").await.unwrap(), 14);
        assert_eq!(store.attendance(JONAS, &uid, "c").await.unwrap(), 7);
        assert_eq!(store.attendance(OTHER, &uid, "").await.unwrap(), 0);
        place.clear().await;
    }
}

#[tokio::test]
async fn a_customer_stays_one() {
    for place in Place::each().await {
        let store = place.store().await;
        assert!(!store.set_stage(JONAS, "customer").await.unwrap(), "there is no such contact");
        meet(&store, JONAS).await;
        for (stage, is_new) in [
            ("lead", false),
            ("opportunity", true),
            ("lead", true),
            ("customer", true),
            ("lead", false),
            ("opportunity", false),
        ] {
            assert_eq!(store.set_stage(JONAS, stage).await.unwrap(), is_new, "{stage}");
        }
        assert_eq!(store.contact(JONAS).await.unwrap().unwrap().stage, "customer");
        place.clear().await;
    }
}

#[tokio::test]
async fn contacts_come_newest_first_page_by_page_with_their_bookings() {
    const APPOINTMENTS: &str = "INSERT INTO cal_appointments (uid, email) VALUES \
        ('second', 'jonas@example.org'), ('third', 'anna@example.com')";
    const BOOKED: &str = "UPDATE cal_appointments SET email = 'jonas@example.org' \
        WHERE uid IN ('second')";
    for place in Place::each().await {
        let store = place.store().await;
        for email in [JONAS, "b@example.org", OTHER] {
            meet(&store, email).await;
        }
        take(&store, booking("BOOKING_CREATED", json!({})), &[]).await;
        place.execute("DELETE FROM cal_appointments").await;
        place.execute(APPOINTMENTS).await;
        place.execute(BOOKED).await;
        for (key, uid) in [("a", "first"), ("b", "first"), ("c", "second")] {
            store.record_activity(JONAS, activity(key, "booked", Some(&uid.into()))).await.unwrap();
        }
        let pages = [
            store.contacts(2, None).await.unwrap(),
            store.contacts(2, Some("B@example.org")).await.unwrap(),
            store.contacts(2, Some(JONAS)).await.unwrap(),
        ];
        let emails: [Vec<&str>; 3] =
            pages.each_ref().map(|page| page.iter().map(|it| &*it.email).collect());
        assert_eq!(emails, [vec![OTHER, "b@example.org"], vec![JONAS], vec![]]);
        assert_eq!(pages[0][0].bookings, [BookingUid::from("third")]);
        assert_eq!(pages[0][1].bookings, []);
        // The first is in the ledger, so it was heard of.
        assert_eq!(pages[1][0].bookings, ["first", "second"].map(BookingUid::from));
        place.clear().await;
    }
}

#[tokio::test]
async fn a_payment_goes_forward_only_and_each_step_is_news_once() {
    for place in Place::each().await {
        let store = place.store().await;
        let payment = charge(5, "first", 5000, "eur");
        assert!(!store.payment_refunded(&payment, at(1)).await.unwrap(), "nothing came yet");
        assert!(store.payment_initiated(&payment, at(4)).await.unwrap());
        assert!(!store.payment_initiated(&payment, at(5)).await.unwrap());
        assert!(!store.payment_refunded(&payment, at(5)).await.unwrap());
        assert!(store.payment_paid(&charge(5, "first", 4500, "EUR"), at(6)).await.unwrap());
        assert!(!store.payment_paid(&payment, at(7)).await.unwrap());
        assert!(!store.payment_initiated(&payment, at(8)).await.unwrap());
        let [paid] = store.payments(9, None).await.unwrap().try_into().unwrap();
        assert_eq!((paid.key.as_str(), paid.uid), ("5", Some("first".into())));
        assert_eq!((paid.kind, paid.state), (PaymentKind::Booking, PaymentState::Paid));
        assert_eq!((paid.amount, paid.currency.as_deref()), (Some(4500), Some("EUR")));
        assert_eq!((paid.initiated_at, paid.paid_at), (Some(at(4)), Some(at(6))));
        assert!(store.payment_refunded(&payment, at(9)).await.unwrap());
        assert!(!store.payment_refunded(&payment, at(10)).await.unwrap());
        assert!(!store.payment_paid(&payment, at(11)).await.unwrap());
        let [back] = store.payments_of(&"first".into()).await.unwrap().try_into().unwrap();
        assert_eq!((back.state, back.refunded_at), (PaymentState::Refunded, Some(at(9))));
        assert_eq!(json!(back)["state"], "refunded");
        place.clear().await;
    }
}

#[tokio::test]
async fn a_late_initiation_does_not_take_the_money_back() {
    for place in Place::each().await {
        let store = place.store().await;
        assert!(store.payment_paid(&charge(5, "first", 5000, "eur"), at(6)).await.unwrap());
        store.payment_initiated(&charge(5, "first", 9900, "usd"), at(4)).await.unwrap();
        let [paid] = store.payments(9, None).await.unwrap().try_into().unwrap();
        assert_eq!((paid.state, paid.amount), (PaymentState::Paid, Some(5000)));
        assert_eq!(paid.currency.as_deref(), Some("EUR"));
        assert_eq!(paid.initiated_at, Some(at(4)));
        place.clear().await;
    }
}

#[tokio::test]
async fn a_payment_without_a_number_gets_the_one_that_comes_later() {
    for place in Place::each().await {
        let store = place.store().await;
        store.payment_initiated(&charge(0, "first", 5000, "eur"), at(4)).await.unwrap();
        assert_eq!(store.payments(9, None).await.unwrap()[0].key, "first");
        store.payment_paid(&charge(5, "first", 5000, "eur"), at(5)).await.unwrap();
        store.payment_paid(&charge(0, "first", 5000, "eur"), at(6)).await.unwrap();
        let [paid] = store.payments(9, None).await.unwrap().try_into().unwrap();
        assert_eq!((paid.key.as_str(), paid.number), ("5", Some(PaymentId(5))));
        assert_eq!(paid.paid_at, Some(at(5)));
        // Another seat of the same booking.
        store.payment_paid(&charge(6, "first", 5000, "eur"), at(6)).await.unwrap();
        assert_eq!(store.payments_of(&"first".into()).await.unwrap().len(), 2);
        assert!(!store.payment_paid(&Charge::default(), at(6)).await.unwrap());
        place.clear().await;
    }
}

#[tokio::test]
async fn a_card_that_was_held_becomes_a_fee_and_finds_its_booking() {
    for place in Place::each().await {
        let store = place.store().await;
        take(&store, booking("BOOKING_CREATED", json!({})), &[]).await;
        let fee = Charge { uid: None, booking: Some(BookingId(7)), ..charge(5, "", 2500, "nok") };
        store.payment_initiated(&charge(5, "first", 5000, "nok"), at(4)).await.unwrap();
        assert!(store.no_show_fee(&fee, at(5)).await.unwrap());
        assert!(!store.no_show_fee(&fee, at(6)).await.unwrap());
        let other = Charge { number: Some(PaymentId(6)), ..fee };
        assert!(store.no_show_fee(&other, at(6)).await.unwrap());
        let fees = store.payments_of(&"first".into()).await.unwrap();
        assert_eq!(fees.len(), 2);
        assert!(fees.iter().all(|fee| fee.kind == PaymentKind::NoShowFee));
        assert!(fees.iter().all(|fee| fee.amount == Some(2500)));
        place.clear().await;
    }
}

#[tokio::test]
async fn sums_are_kept_apart_by_currency() {
    for place in Place::each().await {
        let store = place.store().await;
        for (number, amount, currency) in [(1, 5000, "eur"), (2, 700, "EUR"), (3, 900, "jpy")] {
            let payment = charge(number, "first", amount, currency);
            store.payment_paid(&payment, at(5)).await.unwrap();
        }
        store.payment_initiated(&charge(4, "first", 1, "usd"), at(5)).await.unwrap();
        let unknown = Charge { currency: None, ..charge(5, "first", 1, "") };
        store.payment_paid(&unknown, at(5)).await.unwrap();
        let sums = |sums: &[(&str, i64)]| -> BTreeMap<String, i64> {
            sums.iter().map(|(currency, sum)| ((*currency).to_owned(), *sum)).collect()
        };
        let paid = store.payment_sums(PaymentState::Paid).await.unwrap();
        assert_eq!(paid, sums(&[("EUR", 5700), ("JPY", 900)]));
        let due = store.payment_sums(PaymentState::Initiated).await.unwrap();
        assert_eq!(due, sums(&[("USD", 1)]));
        let page = store.payments(2, Some("3")).await.unwrap();
        assert_eq!(page.iter().map(|payment| &*payment.key).collect::<Vec<_>>(), ["2", "1"]);
        place.clear().await;
    }
}

#[tokio::test]
async fn an_operator_gives_money_back_and_is_named() {
    for place in Place::each().await {
        let store = place.store().await;
        store.payment_initiated(&charge(5, "first", 5000, "eur"), at(4)).await.unwrap();
        assert!(!store.mark_refunded("5", WHO).await.unwrap());
        store.payment_paid(&charge(5, "first", 5000, "eur"), at(4)).await.unwrap();
        assert!(store.mark_refunded("5", " ").await.is_err());
        assert_eq!(audit(&store).await, []);
        assert!(store.mark_refunded("5", WHO).await.unwrap());
        assert!(!store.mark_refunded("5", WHO).await.unwrap());
        assert_eq!(audit(&store).await, [("refund".to_owned(), "payment 5".to_owned())]);
        let [back] = store.payments(9, None).await.unwrap().try_into().unwrap();
        assert_eq!(back.state, PaymentState::Refunded);
        place.clear().await;
    }
}

#[tokio::test]
async fn a_suppressed_address_is_kept_as_a_digest() {
    const DIGEST: &str = "6556340ae8ad417e71f9dfc0026b25eda6b865362b95744fb98fbb08c602cae4";
    assert_eq!(address_digest(" Jonas@EXAMPLE.org\n"), DIGEST);
    for place in Place::each().await {
        let store = place.store().await;
        assert!(!store.is_suppressed(JONAS).await.unwrap());
        for reason in ["unsubscribed", "bounced"] {
            store.suppress(DIGEST, reason).await.unwrap();
        }
        assert!(store.is_suppressed("JONAS@example.org").await.unwrap());
        assert!(!store.is_suppressed(OTHER).await.unwrap());
        let rows = export(&store, Some(JONAS)).await;
        assert_eq!((rows.len(), &rows[0]["reason"]), (1, &json!("unsubscribed")));
        assert_eq!(export(&store, Some(OTHER)).await, Vec::<Value>::new());
        place.clear().await;
    }
}

#[tokio::test]
async fn a_key_is_made_once_for_all_processes() {
    for place in Place::each().await {
        let (store, other) = (place.store().await, place.store().await);
        let (one, two) = tokio::join!(store.key("links"), other.key("links"));
        let key = one.unwrap();
        assert_eq!(key, two.unwrap());
        assert!(key.len() == 64 && key.bytes().all(|digit| digit.is_ascii_hexdigit()));
        assert_ne!(key, store.key("visitors").await.unwrap());
        assert_eq!(key, place.store().await.key("links").await.unwrap());
        let all = export(&store, None).await;
        assert!(!json!(all).to_string().contains(&key));
        place.clear().await;
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
        // What somebody else typed about them is theirs as well.
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

async fn export(store: &SqlStore, person: Option<&str>) -> Vec<Value> {
    store.export(person).try_collect().await.unwrap()
}

/// Two people, each with everything.
async fn fill(place: &Place, store: &SqlStore) {
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
