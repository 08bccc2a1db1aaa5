//! Contacts, suppressions and keys.

use cal_core::BookingUid;
use cal_store::{ContactDetails, NewActivity, SqlStore, address_digest};
use serde_json::{Value, json};

use crate::{
    bodies::booking,
    business::{JONAS, OTHER, activity, at, export},
    desk::take,
    place::Place,
};

async fn meet(store: &SqlStore, email: &str) {
    store.upsert_contact(email, ContactDetails::default()).await.unwrap();
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
        let [unicode, ascii] = ["nora@bücher.example", "Nora@xn--bcher-kva.example"];
        store.suppress(&address_digest(ascii), "unsubscribed").await.unwrap();
        assert!(store.is_suppressed(unicode).await.unwrap());
        assert!(!store.is_suppressed("nora@bucher.example").await.unwrap());
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
