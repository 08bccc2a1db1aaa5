//! Appointments, events, feedback, and what is counted of them.

use std::{collections::BTreeMap, time::Duration};

use cal_core::BookingUid;
use cal_store::{Appointment, NewEvent, ServiceRecord, SqlStore, Standing};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::{bodies::booking, desk::take, place::Place};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn uid(text: &str) -> BookingUid {
    text.into()
}

/// What Cal.com sent about a booking, and when.
async fn sent(store: &SqlStore, when: &str, trigger: &str, members: Value) {
    let body = booking(trigger, members).replace("2026-05-04T09:30:00.000Z", when);
    take(store, body, &[]).await;
}

/// A booking that was made then, for an hour or two.
async fn booked(store: &SqlStore, name: &str, when: &str, (start, end): (&str, &str)) {
    let members = json!({"uid": name, "bookingId": null, "startTime": start, "endTime": end});
    sent(store, when, "BOOKING_CREATED", members).await;
}

async fn appointment(store: &SqlStore, name: &str, service: &str, visitor: Option<&str>) {
    let mut appointment = Appointment::new(uid(name));
    appointment.service = Some(service.to_owned());
    appointment.visitor = visitor.map(str::to_owned);
    store.keep_appointment(&appointment).await.unwrap();
}

const PAYMENTS: &str = "INSERT INTO cal_payments \
        (key, uid, kind, state, amount, currency, paid_at, refunded_at) VALUES \
    ('1', 'a1', 'booking', 'paid', 9000, 'EUR', 1577959500000000, NULL), \
    ('2', 'b', 'booking', 'refunded', 9000, 'eur', 1578215400000000, 1578300000000000), \
    ('3', 'c', 'no_show_fee', 'paid', 3000, 'usd', 1578500000000000, NULL), \
    ('4', 'e', 'booking', 'paid', 12000, 'USD', 1578528300000000, NULL), \
    ('5', 'e', 'booking', 'initiated', 500, 'USD', NULL, NULL), \
    ('6', 'f', 'booking', 'paid', 700, 'CHF', 1580700000000000, NULL)";

/// January 2020 of two services; the expectations below are counted by hand.
async fn january(place: &Place) -> SqlStore {
    let store = place.store().await;
    let (early, late) = ("2020-01-04T10:00:00Z", "2020-01-06T10:00:00Z");
    booked(&store, "a1", "2020-01-02T10:00:00Z", (early, "2020-01-04T11:00:00Z")).await;
    let moved = json!({"uid": "a2", "rescheduleUid": "a1", "bookingId": null, "startTime": late,
        "endTime": "2020-01-06T11:00:00Z"});
    sent(&store, "2020-01-03T10:00:00Z", "BOOKING_RESCHEDULED", moved.clone()).await;
    sent(&store, "2020-01-06T11:00:00Z", "MEETING_ENDED", moved).await;
    let hours = ("2020-01-06T09:00:00Z", "2020-01-06T10:00:00Z");
    booked(&store, "b", "2020-01-05T09:00:00Z", hours).await;
    let hours = ("2020-01-08T08:00:00Z", "2020-01-08T09:00:00Z");
    booked(&store, "c", "2020-01-07T08:00:00Z", hours).await;
    let hours = ("2020-01-10T08:00:00Z", "2020-01-10T09:00:00Z");
    booked(&store, "d", "2020-01-08T08:00:00Z", hours).await;
    let gone = json!({"uid": "d", "bookingId": null, "startTime": hours.0, "endTime": hours.1,
        "status": "CANCELLED"});
    sent(&store, "2020-01-09T08:00:00Z", "BOOKING_CANCELLED", gone).await;
    let hours = ("2099-01-01T00:00:00Z", "2099-01-01T01:00:00Z");
    booked(&store, "e", "2020-01-09T00:00:00Z", hours).await;
    let hours = ("2020-02-03T08:00:00Z", "2020-02-03T09:00:00Z");
    booked(&store, "f", "2020-02-02T08:00:00Z", hours).await;
    for name in ["g", "h"] {
        let start = if name == "g" { "2020-01-11T08:00:00Z" } else { "2020-01-10T20:00:00Z" };
        let asked = json!({"uid": name, "bookingId": null, "startTime": start,
            "endTime": "2020-01-11T09:00:00Z", "status": "PENDING"});
        sent(&store, "2020-01-10T08:00:00Z", "BOOKING_REQUESTED", asked).await;
    }
    let declined = json!({"uid": "h", "bookingId": null, "startTime": "2020-01-10T20:00:00Z",
        "endTime": "2020-01-11T09:00:00Z", "status": "REJECTED"});
    sent(&store, "2020-01-10T09:00:00Z", "BOOKING_REJECTED", declined).await;
    let hours = ("2020-01-12T09:00:00Z", "2020-01-12T10:00:00Z");
    booked(&store, "i", "2020-01-12T08:00:00Z", hours).await;
    for name in ["a2", "b", "d", "e", "f"] {
        appointment(&store, name, "consultation", None).await;
    }
    appointment(&store, "a1", "consultation", Some("v1")).await;
    appointment(&store, "c", "consultation", Some("v5")).await;
    for name in ["g", "h", "i"] {
        appointment(&store, name, "intro", None).await;
    }
    store.set_no_show(&uid("c"), true).await.unwrap();
    place.execute(PAYMENTS).await;
    for (token, name, rating, when) in
        [("t1", "a2", 5, "2020-01-07T11:00:00Z"), ("t2", "b", 2, "2020-01-06T11:00:00Z")]
    {
        assert!(store.keep_feedback(token, &uid(name), rating, None, at(when)).await.unwrap());
    }
    store
}

async fn services(store: &SqlStore) -> Vec<ServiceRecord> {
    store.services(at("2020-01-01T00:00:00Z"), at("2020-02-01T00:00:00Z")).await.unwrap()
}

#[tokio::test]
async fn services_are_counted_as_by_hand() {
    for place in Place::each().await {
        let store = january(&place).await;
        let [consultation, intro] = services(&store).await.try_into().unwrap();
        let far = (at("2099-01-01T00:00:00Z") - at("2020-01-09T00:00:00Z")).num_seconds();
        let expected = json!({
            "service": "consultation",
            "bookings": 5, "completed": 2, "no_shows": 1, "cancelled": 1, "rejected": 0,
            "to_come": 1, "unknown": 0,
            "completion_rate": 2.0 / 4.0, "no_show_rate": 1.0 / 3.0, "cancellation_rate": 1.0 / 5.0,
            "revenue": {"EUR": 9000, "USD": 15000},
            "lead_median": 172_800, "lead_p90": far,
            "rating": 3.5, "ratings": 2,
        });
        assert_eq!(json!(consultation), expected);
        let expected = json!({
            "service": "intro",
            "bookings": 3, "completed": 1, "no_shows": 0, "cancelled": 0, "rejected": 1,
            "to_come": 0, "unknown": 1,
            "completion_rate": 0.5, "no_show_rate": 0.0, "cancellation_rate": 0.0,
            "revenue": {},
            "lead_median": 43_200, "lead_p90": 86_400,
            "rating": null, "ratings": 0,
        });
        assert_eq!(json!(intro), expected);
        place.clear().await;
    }
}

#[tokio::test]
async fn a_mark_that_is_taken_back_and_an_absurd_amount_change_the_record() {
    for place in Place::each().await {
        let store = january(&place).await;
        store.set_no_show(&uid("c"), false).await.unwrap();
        place.execute("UPDATE cal_payments SET amount = 9223372036854775807 WHERE key = '1'").await;
        place.execute("UPDATE cal_payments SET amount = 9223372036854775807 WHERE key = '3'").await;
        let record = services(&store).await.remove(0);
        assert_eq!((record.completed, record.no_shows), (3, 0));
        assert_eq!(record.revenue, BTreeMap::from([("USD".to_owned(), 12000)]));
        place.clear().await;
    }
}

#[tokio::test]
async fn of_an_empty_time_there_are_no_services_and_no_shares() {
    for place in Place::each().await {
        let store = january(&place).await;
        let then = at("2019-01-01T00:00:00Z");
        assert_eq!(store.services(then, then).await.unwrap(), []);
        for step in store.funnel(then, then, None).await.unwrap() {
            let shares = (step.of_previous, step.of_first, step.median_seconds);
            assert_eq!((step.count, shares), (0, (None, None, None)), "{}", step.name);
        }
        place.clear().await;
    }
}

/// What visitors did before they booked, or did not.
async fn visits(store: &SqlStore) {
    let seen = [
        ("v1", "page_view", "2020-01-02T08:00:00Z"),
        ("v1", "booker_viewed", "2020-01-02T08:01:00Z"),
        ("v1", "event_type_selected", "2020-01-02T08:02:00Z"),
        ("v1", "slots_viewed", "2020-01-02T08:04:00Z"),
        ("v1", "booking_succeeded", "2020-01-02T09:59:00Z"),
        ("v2", "page_view", "2020-01-03T08:00:00Z"),
        ("v2", "page_view", "2020-01-03T09:00:00Z"),
        ("v2", "booker_viewed", "2020-01-03T08:03:00Z"),
        ("v3", "page_view", "2019-12-31T23:59:59Z"),
        ("v3", "page_view", "2020-02-01T00:00:00Z"),
        ("v4", "slots_viewed", "2020-01-05T08:00:00Z"),
        ("v5", "page_view", "2020-01-07T07:00:00Z"),
    ];
    let event = |(visitor, name, when): (&str, &str, &str)| {
        NewEvent::new(format!("{visitor}/{name}/{when}"), name, at(when), visitor)
    };
    store.keep_events(&seen.map(event)).await.unwrap();
}

#[tokio::test]
async fn the_funnel_is_counted_as_by_hand() {
    for place in Place::each().await {
        let store = january(&place).await;
        visits(&store).await;
        let (from, to) = (at("2020-01-01T00:00:00Z"), at("2020-02-01T00:00:00Z"));
        let steps = store.funnel(from, to, None).await.unwrap();
        let rows: Vec<_> =
            steps.iter().map(|step| (step.name, step.count, step.median_seconds)).collect();
        let expected = [
            ("page_view", 10, None),
            ("booker_viewed", 10, Some(120)),
            ("event_type_selected", 9, Some(60)),
            ("slots_viewed", 9, Some(120)),
            ("booked", 8, Some(5280)),
            ("paid", 4, Some(300)),
            ("attended", 3, Some(89_400)),
            ("feedback", 2, Some(45_000)),
        ];
        assert_eq!(rows, expected);
        assert_eq!((steps[0].of_previous, steps[0].of_first), (None, Some(1.0)));
        assert_eq!((steps[5].of_previous, steps[5].of_first), (Some(0.5), Some(0.4)));
        let steps = store.funnel(from, to, Some("intro")).await.unwrap();
        let counts: Vec<_> = steps.iter().map(|step| step.count).collect();
        assert_eq!(counts, [3, 3, 3, 3, 3, 1, 1, 0]);
        assert_eq!(steps[7].of_previous, Some(0.0));
        place.clear().await;
    }
}

#[tokio::test]
async fn what_is_not_known_leaves_an_appointment_as_it_is() {
    for place in Place::each().await {
        let store = place.store().await;
        let mut told = Appointment::new(uid("first"));
        told.service = Some("consultation".to_owned());
        told.title = Some("Zero \0".to_owned());
        told.email = Some(" Jonas@Example.ORG".to_owned());
        told.visitor = Some("v1".to_owned());
        told.booked_at = Some(at("2026-05-04T10:00:00Z"));
        store.keep_appointment(&told).await.unwrap();
        store.set_no_show(&told.uid, true).await.unwrap();
        store.keep_appointment(&Appointment::new(uid("first"))).await.unwrap();
        let kept = store.appointment(&told.uid).await.unwrap().unwrap();
        assert_eq!(kept.email.as_deref(), Some("jonas@example.org"));
        assert_eq!(kept.title.as_deref(), Some("Zero \u{fffd}"));
        assert_eq!((kept.service, kept.visitor), (told.service.clone(), told.visitor.clone()));
        assert_eq!((kept.booked_at, kept.no_show), (told.booked_at, true));
        let mut later = Appointment::new(uid("first"));
        later.title = Some("Another name".to_owned());
        later.visitor = Some("v2".to_owned());
        later.booked_at = Some(at("2026-05-05T10:00:00Z"));
        store.keep_appointment(&later).await.unwrap();
        let kept = store.appointment(&told.uid).await.unwrap().unwrap();
        assert_eq!((kept.booked_at, kept.title), (told.booked_at, later.title.clone()));
        assert_eq!(kept.visitor, told.visitor);
        // What was sent first about it, at half past nine.
        take(&store, booking("BOOKING_CREATED", json!({})), &[]).await;
        store.keep_appointment(&later).await.unwrap();
        let kept = store.appointment(&told.uid).await.unwrap().unwrap();
        assert_eq!(kept.booked_at, Some(at("2026-05-04T09:30:00Z")));
        assert_eq!(store.appointment(&uid("other")).await.unwrap(), None);
        place.clear().await;
    }
}

#[tokio::test]
async fn a_standing_tells_absence_payment_and_another_booking() {
    for place in Place::each().await {
        let store = place.store().await;
        let standing = async |name| {
            let Standing { no_show, paid, booked_again, .. } =
                store.standing(&uid(name), None).await.unwrap();
            (no_show, paid, booked_again)
        };
        assert_eq!(standing("first").await, (false, false, false));
        let past = ("2020-01-01T08:00:00Z", "2020-01-01T09:00:00Z");
        let future = ("2099-01-01T08:00:00Z", "2099-01-01T09:00:00Z");
        for (name, hours) in [("first", past), ("second", past), ("third", future)] {
            booked(&store, name, "2020-01-01T07:00:00Z", hours).await;
            let mut appointment = Appointment::new(uid(name));
            appointment.email = Some("jonas@example.org".to_owned());
            if name != "third" {
                store.keep_appointment(&appointment).await.unwrap();
            }
        }
        store.set_no_show(&uid("first"), true).await.unwrap();
        assert_eq!(standing("first").await, (true, false, false), "the second one is over");
        let mut third = Appointment::new(uid("third"));
        third.email = Some("JONAS@example.org".to_owned());
        store.keep_appointment(&third).await.unwrap();
        assert_eq!(standing("second").await, (false, false, true));
        assert_eq!(standing("third").await, (false, false, false), "it is no other one");
        let gone = json!({"uid": "third", "bookingId": null, "startTime": future.0,
            "endTime": future.1, "status": "CANCELLED"});
        sent(&store, "2020-01-01T07:30:00Z", "BOOKING_CANCELLED", gone).await;
        assert_eq!(standing("second").await, (false, false, false));
        let paid = json!({"uid": "second", "bookingId": null, "paymentId": 5, "startTime": past.0,
            "endTime": past.1});
        sent(&store, "2020-01-01T07:40:00Z", "BOOKING_PAID", paid).await;
        assert_eq!(standing("second").await, (false, true, false));
        place
            .execute(
                "INSERT INTO cal_payments (key, uid, kind, state, paid_at, refunded_at) \
                VALUES ('5', 'second', 'booking', 'refunded', 1, 2), \
                    ('6', 'second', 'no_show_fee', 'paid', 1, NULL)",
            )
            .await;
        assert_eq!(standing("second").await, (false, false, false), "the money went back");
        place.execute("UPDATE cal_payments SET refunded_at = NULL WHERE key = '5'").await;
        assert_eq!(standing("second").await, (false, true, false));
        place.clear().await;
    }
}

#[tokio::test]
async fn a_standing_is_that_of_the_attendee_who_is_named() {
    for place in Place::each().await {
        let store = place.store().await;
        let future = ("2099-01-01T08:00:00Z", "2099-01-01T09:00:00Z");
        for (name, email) in [("shared", "jonas@example.org"), ("other", "mara@example.org")] {
            booked(&store, name, "2020-01-01T07:00:00Z", future).await;
            let mut appointment = Appointment::new(uid(name));
            appointment.email = Some(email.to_owned());
            store.keep_appointment(&appointment).await.unwrap();
        }
        store.set_no_show(&uid("shared"), true).await.unwrap();
        let standing = async |email| {
            let standing = store.standing(&uid("shared"), Some(email)).await.unwrap();
            (standing.no_show, standing.booked_again)
        };
        assert_eq!(standing(" Jonas@Example.org").await, (true, false));
        assert_eq!(standing("mara@example.org").await, (false, true));
        for (when, absent) in [("2099-01-01T09:00:00Z", true), ("2099-01-01T09:10:00Z", false)] {
            let marks = json!({"bookingUid": "shared", "uid": null, "attendees":
                [{"email": "MARA@example.org", "noShow": absent}]});
            sent(&store, when, "BOOKING_NO_SHOW_UPDATED", marks).await;
            assert_eq!(standing("mara@example.org").await, (absent, true));
            assert_eq!(standing("jonas@example.org").await, (true, false));
        }
        place.clear().await;
    }
}

#[tokio::test]
async fn events_are_kept_once_for_each_key_and_read_in_pages() {
    for place in Place::each().await {
        let store = place.store().await;
        let event = |n: usize| {
            let key = format!("key {}", n % 1500);
            let mut event = NewEvent::new(key, "page_view", at("2020-01-01T00:00:00Z"), "v1");
            event.uid = (n == 7).then(|| uid("first"));
            event.service = (n == 7).then(|| "consultation".to_owned());
            event.properties.insert("path".to_owned(), json!("/zero \0"));
            event
        };
        let events: Vec<_> = (0..1501).map(event).collect();
        assert_eq!(store.keep_events(&events).await.unwrap(), 1500);
        assert_eq!(store.keep_events(&events[..9]).await.unwrap(), 0);
        assert_eq!(store.keep_events(&[]).await.unwrap(), 0);
        let first = store.events(1000, None).await.unwrap();
        let rest = store.events(1000, first.last().map(|event| event.id)).await.unwrap();
        assert_eq!((first.len(), rest.len()), (1000, 500));
        let known = rest.iter().find(|event| event.uid.is_some()).unwrap();
        assert_eq!(known.service.as_deref(), Some("consultation"));
        assert_eq!((known.at, known.visitor.as_str()), (at("2020-01-01T00:00:00Z"), "v1"));
        assert_eq!(known.properties["path"], "/zero \u{fffd}");
        place.clear().await;
    }
}

#[tokio::test]
async fn old_events_are_pruned_and_young_ones_are_not() {
    for place in Place::each().await {
        let store = place.store().await;
        let event = |n: usize| {
            let when = if n < 1001 { "2020-01-01T00:00:00Z" } else { "2099-01-01T00:00:00Z" };
            NewEvent::new(n.to_string(), "page_view", at(when), "v1")
        };
        let events: Vec<_> = (0..1003).map(event).collect();
        store.keep_events(&events).await.unwrap();
        assert_eq!(store.forget_events(Duration::MAX).await.unwrap(), 0);
        assert_eq!(store.forget_events(Duration::from_secs(60)).await.unwrap(), 1001);
        assert_eq!(store.events(9, None).await.unwrap().len(), 2);
        place.clear().await;
    }
}

#[tokio::test]
async fn a_link_is_answered_once_and_its_token_is_not_kept() {
    for place in Place::each().await {
        let store = january(&place).await;
        let when = at("2020-01-08T08:00:00Z");
        let long = format!("  {}  ", "ä".repeat(2001));
        let keep = async |rating, text: &'static str| {
            store.keep_feedback("a token", &uid("i"), rating, Some(text), when).await
        };
        assert!(keep(0, "").await.is_err() && keep(6, "").await.is_err());
        assert!(!store.has_feedback("a token").await.unwrap());
        assert!(store.keep_feedback("a token", &uid("i"), 4, Some(&long), when).await.unwrap());
        assert!(!keep(1, "again").await.unwrap());
        assert!(store.has_feedback("a token").await.unwrap());
        assert!(store.keep_feedback("another", &uid("a2"), 1, Some(" \n"), when).await.unwrap());
        let [newest, mine, ..] = &store.feedback(9, None).await.unwrap()[..] else { panic!() };
        assert_eq!((newest.comment.as_deref(), newest.rating), (None, 1));
        assert_eq!(mine.comment.as_deref(), Some(&*"ä".repeat(2000)));
        assert_eq!((mine.rating, mine.at, mine.service.as_deref()), (4, when, Some("intro")));
        assert_eq!(store.feedback(9, Some(&newest.id)).await.unwrap().len(), 3);
        assert_eq!(store.feedback_of(&uid("i")).await.unwrap(), std::slice::from_ref(mine));
        assert!(!json!(store.feedback(9, None).await.unwrap()).to_string().contains("token"));
        let token = "UPDATE cal_feedback SET uid = uid WHERE token LIKE '%token%'";
        assert_eq!(place.execute(token).await, 0);
        let [of_a, of_i, ..] = &store.events(9, None).await.unwrap()[..] else { panic!() };
        assert_eq!((of_a.name.as_str(), of_a.visitor.as_str()), ("feedback_given", "v1"));
        assert_eq!((of_i.visitor.as_str(), &of_i.properties["rating"]), ("i", &json!(4)));
        place.clear().await;
    }
}
