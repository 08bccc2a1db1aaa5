//! What nobody sends but who holds the secret and means ill, or by mistake.

use std::time::{Duration, Instant};

use cal_webhook::{Decision, Seat, Subject};
use serde_json::{Value, json};

use super::{created, rescheduled, told_in_any_order};
use crate::{
    desk::{Desk, Kept, reading},
    news::{left, news, seat, seat_moved},
};

/// Far longer than a chain of 100 takes, and far shorter than one whose every link costs twice as
/// much as the one before.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn circles_and_links_to_oneself_end() {
    let bodies = [
        rescheduled("a", "a", 0),
        rescheduled("a", "b", 1),
        rescheduled("b", "c", 2),
        rescheduled("c", "a", 3),
        news("BOOKING_PAID", "b", 4, json!({"paymentId": 9})),
    ];
    let uids = ["a", "b", "c"];
    for desk in told_in_any_order(&bodies, &uids) {
        assert!(uids.iter().all(|uid| desk.row(uid).paid));
    }
    let root = |uid, root: &str, minute| {
        news("BOOKING_REQUESTED", uid, minute, json!({"iCalUID": format!("{root}@Cal.com")}))
    };
    let bodies =
        [root("a", "b", 0), root("b", "a", 1), root("c", "c", 2), rescheduled("c", "b", 3)];
    told_in_any_order(&bodies, &uids);
}

#[test]
fn contradicting_links_end_the_same_in_any_order() {
    let bodies = [
        rescheduled("d", "a", 1),
        crate::news::copy(&rescheduled("d", "b", 1), 5),
        news("BOOKING_REQUESTED", "d", 0, json!({"iCalUID": "c@Cal.com"})),
        rescheduled("e", "d", 2),
        rescheduled("f", "d", 3),
    ];
    told_in_any_order(&bodies, &["a", "b", "c", "d", "e", "f"]);
}

#[test]
fn contradicting_numbers_end_the_same_in_any_order() {
    let numbered = |uid, minute, number: i64| {
        news("BOOKING_CREATED", uid, minute, json!({"bookingId": number}))
    };
    let bodies =
        [numbered("a", 0, 7), numbered("a", 1, 8), numbered("b", 2, 8), numbered("c", 2, 8)];
    told_in_any_order(&bodies, &["a", "b", "c"]);
}

#[test]
fn ids_that_no_database_could_index_are_left_out() {
    for uid in ["x".repeat(10_000), "a\0b".to_owned(), String::new()] {
        for body in [
            created(&uid, 0),
            rescheduled("a", &uid, 1),
            news("BOOKING_REQUESTED", "a", 0, json!({"iCalUID": format!("{uid}@Cal.com")})),
            seat(&uid, "s1", "dan", 0),
            seat_moved("a", &uid, "s1", "dan", 1),
            left(&uid, "dan", 2),
            crate::news::no_show(&uid, 3, &[("dan", true)]),
            crate::news::meeting("MEETING_ENDED", &uid, json!({})),
            news("BOOKING_PAID", &uid, 1, json!({})),
            news("BOOKING_LOCATION_UPDATED", &uid, 1, json!({"location": "x"})),
        ] {
            let reading = reading(&body);
            assert!(reading.uids().all(|uid| uid.as_str() == "a"), "{body}");
            assert!(reading.keys().all(|key| key.len() < 300 && !key.contains('\0')), "{body}");
            let mut desk = Desk::default();
            desk.tell(&body);
            let mut kept = Kept::default();
            kept.plan(&[reading]);
            for row in kept.rows.values() {
                assert_eq!(row.uid.as_str(), "a", "{body}");
                assert!(!row.facts.contains('\0') && row.facts.len() < 2_000);
            }
        }
    }
}

#[test]
fn seat_references_that_no_database_could_index_are_left_out() {
    for reference in ["x".repeat(10_000), "s\0".to_owned(), String::new()] {
        let taken = crate::news::with(&seat("a", "s", "dan", 0), |wire| {
            wire["payload"]["attendeeSeatId"] = reference.as_str().into();
        });
        let reading = reading(&taken);
        assert_eq!(reading.keys().count(), 0);
        let dan = Seat::Attendee("dan@example.org".to_owned());
        assert_eq!(reading.transition().subject, Some(Subject::Seat("a".into(), dan)));
    }
}

#[test]
fn names_with_a_nul_can_be_kept() {
    let mut desk = Desk::default();
    let people = json!([{"name": "x", "email": "d\0n@example.org", "timeZone": "UTC"}]);
    desk.tell(&news("BOOKING_CREATED", "a", 0, json!({"title": "a\0b", "attendees": people})));
    let about = desk.row("a").about.unwrap();
    assert!(!about.title.contains('\0') && !about.attendee_email.unwrap().contains('\0'));
}

#[test]
fn bodies_without_a_booking_are_decided_without_one() {
    let mut desk = Desk::default();
    for trigger in ["BOOKING_CREATED", "BOOKING_CANCELLED", "BOOKING_PAID", "MEETING_ENDED"] {
        let body = news(trigger, "a", 0, json!({"uid": null, "bookingId": null}));
        let ruling = desk.tell(&body);
        assert_eq!((ruling.decision, ruling.uid), (Decision::Applied, None), "{trigger}");
    }
}

#[test]
fn rows_that_cannot_be_read_count_as_unknown() {
    let mut kept = Kept::default();
    kept.plan(&[reading(&created("a", 0))]);
    kept.rows.get_mut(&"a".into()).unwrap().facts = "{".to_owned();
    kept.plan(&[reading(&created("a", 1))]);
    assert!(kept.rows[&"a".into()].known);
}

#[test]
fn a_long_chain_is_decided_in_time() {
    let link = |n: i64| json!({"rescheduleUid": format!("b{:03}", n - 1)});
    let root = |_: i64| json!({"status": "PENDING", "iCalUID": "b000@Cal.com"});
    for (kind, members) in [("link", &link as &dyn Fn(i64) -> Value), ("root", &root)] {
        let mut desk = Desk::default();
        desk.tell(&created("b000", 0));
        let start = Instant::now();
        for n in 1..100 {
            desk.tell(&news("BOOKING_REQUESTED", &format!("b{n:03}"), n, members(n)));
        }
        assert_eq!(desk.row("b099").chain.as_str(), "b000");
        let all = start.elapsed();
        assert!(all < PATIENCE, "{all:?} for a chain of 100 by its {kind}s");
    }
}
