//! What nobody sends but who holds the secret and means ill, or by mistake.

use cal_webhook::{BookingState, Decision, Seat, Subject, Turn};
use serde_json::json;

use super::{created, rescheduled, told_in_any_order};
use crate::{
    desk::{Desk, Kept, NOW, reading},
    news::{copy, left, news, seat, seat_moved},
};

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
        copy(&rescheduled("d", "b", 1), 5),
        news("BOOKING_REQUESTED", "d", 0, json!({"iCalUID": "c@Cal.com"})),
        rescheduled("e", "d", 2),
        rescheduled("f", "d", 3),
    ];
    told_in_any_order(&bodies, &["a", "b", "d", "e", "f"]);
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
        assert!(!reading.keys().any(|key| key.starts_with("seat:")));
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
fn a_delivery_costs_the_same_in_a_long_chain_and_in_a_large_crowd() {
    let link = |n: usize| match n {
        0 => created("b0000", 0),
        _ => rescheduled(&format!("b{n:04}"), &format!("b{:04}", n - 1), minute(n)),
    };
    let root = |n: usize| match n {
        0 => created("b0000", 0),
        _ => {
            let members = json!({"status": "PENDING", "iCalUID": "b0000@Cal.com"});
            news("BOOKING_REQUESTED", &format!("b{n:04}"), minute(n), members)
        }
    };
    let crowd = |n: usize| match n % 2 {
        0 => seat("a", &format!("s{n}"), &format!("guest{}", n / 2), minute(n)),
        _ => left("a", &format!("guest{}", n / 2), minute(n)),
    };
    let regular = |n: usize| match n % 2 {
        0 => seat("a", &format!("s{n}"), "dan", minute(n)),
        _ => left("a", "dan", minute(n)),
    };
    let count = cal_testing::times(120) as usize;
    let kinds: [&dyn Fn(usize) -> String; 4] = [&link, &root, &crowd, &regular];
    let mut rng = fastrand::Rng::with_seed(7);
    for (kind, body) in kinds.into_iter().enumerate() {
        for order in 0..3 {
            let mut numbers: Vec<usize> = (0..count).collect();
            match order {
                0 => {}
                1 => numbers.reverse(),
                _ => rng.shuffle(&mut numbers),
            }
            let mut kept = Kept::default();
            let work: Vec<_> = numbers
                .into_iter()
                .map(|number| {
                    kept.plan(&[reading(&body(number))]);
                    kept.work
                })
                .collect();
            // A person's last seats are all looked at, in every booking.
            let most = if kind == 3 { 36 } else { 6 };
            let found = work.iter().max_by_key(|(looked_up, kept)| looked_up + kept).unwrap();
            assert!(found.0 <= most && found.1 <= 6, "{kind} {order}: {found:?}");
        }
    }
}

fn minute(number: usize) -> i64 {
    i64::try_from(number).unwrap()
}

#[test]
fn thousands_of_moves_in_any_order_are_one_chain() {
    let count = cal_testing::times(2_000) as usize;
    let body = |n: usize| match n {
        0 => created("b00000", 0),
        _ => rescheduled(&format!("b{n:05}"), &format!("b{:05}", n - 1), minute(n)),
    };
    let mut numbers: Vec<usize> = (0..count).collect();
    fastrand::Rng::with_seed(7).shuffle(&mut numbers);
    let mut desk = Desk::default();
    // What a desk does with the jobs of one booking takes its time in a long list.
    for reading in numbers.into_iter().map(|number| reading(&body(number))) {
        desk.chains.decide(&reading, Turn::First, NOW);
    }
    let last = desk.row(&format!("b{:05}", count - 1));
    assert_eq!((last.chain.as_str(), last.status), ("b00000", BookingState::Accepted));
    assert_eq!(desk.row("b01000").status, BookingState::Moved);
}

#[test]
fn of_the_seats_that_one_person_takes_again_and_again_the_last_ones_are_told_apart() {
    let body = |n: usize| match n % 2 {
        0 => seat("a", &format!("s{n}"), "dan", minute(n)),
        _ => left("a", "dan", minute(n)),
    };
    let mut desk = Desk::default();
    for number in 0..200 {
        assert_eq!(desk.told(&body(number)), Decision::Applied, "{number}");
        assert_ne!(desk.told(&copy(&body(number), 3)), Decision::Applied, "{number}");
    }
    for number in 0..200 {
        let again = desk.told(&copy(&body(number), 5));
        let is_take = number % 2 == 0;
        assert!(!is_take || again != Decision::Applied, "{number}: {again:?}");
    }
    assert_eq!(desk.row("a").status, BookingState::Cancelled);
    // Seats that nobody left are forgotten as well, and still not booked twice.
    let mut desk = Desk::default();
    for number in 0..100 {
        assert_eq!(desk.told(&seat("a", &format!("s{number}"), "dan", number)), Decision::Applied);
    }
    for number in 0..100 {
        let again = copy(&seat("a", &format!("s{number}"), "dan", number), 3);
        assert_ne!(desk.told(&again), Decision::Applied, "{number}");
    }
    assert_eq!(desk.row("a").status, BookingState::Accepted);
}
