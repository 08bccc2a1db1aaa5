//! Bookings with seats: several people at one time, who come and go.

use cal_webhook::{BookingState, Change, Decision, Subject};
use serde_json::json;

use super::{cancelled, statuses, told_in_any_order};
use crate::{
    desk::{Desk, Kept, reading},
    news::{copy, left, news, seat, seat_moved, with},
};

const ACCEPTED: BookingState = BookingState::Accepted;
const CANCELLED: BookingState = BookingState::Cancelled;
const MOVED: BookingState = BookingState::Moved;

#[test]
fn each_seat_is_booked_once() {
    let mut desk = Desk::default();
    for (place, person) in ["dan", "eve"].into_iter().enumerate() {
        let body = seat("a", &format!("seat-{person}"), person, 0);
        let ruling = desk.tell(&body);
        assert_eq!((ruling.decision, ruling.seat), (Decision::Applied, i32::try_from(place).ok()));
        assert_eq!(desk.told(&copy(&body, 3)), Decision::Same);
    }
    assert_eq!(desk.valid("a"), [Change::Booked, Change::Booked]);
}

#[test]
fn who_leaves_takes_only_the_own_seat_along_and_the_last_one_the_booking() {
    let mut desk = Desk::default();
    desk.tell(&seat("a", "s1", "dan", 0));
    desk.tell(&seat("a", "s2", "eve", 1));
    let one = desk.tell(&left("a", "dan", 2));
    assert_eq!((one.decision, one.seat), (Decision::Applied, Some(0)));
    assert!(matches!(one.transition.subject, Some(Subject::Seat(..))));
    assert_eq!(desk.row("a").status, ACCEPTED);
    assert_eq!(desk.valid("a"), [Change::Booked, Change::Cancelled]);
    assert_eq!(desk.told(&copy(&left("a", "dan", 2), 3)), Decision::Same);

    let last = desk.tell(&left("a", "eve", 3));
    assert_eq!((last.decision, last.seat), (Decision::Applied, None));
    assert_eq!(last.transition.subject, Some(Subject::Booking("a".into())));
    assert_eq!(desk.row("a").status, CANCELLED);
    assert_eq!(desk.valid("a"), [Change::Cancelled, Change::Cancelled]);
    assert_eq!(desk.told(&copy(&left("a", "eve", 3), 3)), Decision::Same);
}

#[test]
fn a_booking_whose_last_guest_left_is_not_cancelled_again() {
    let mut desk = Desk::default();
    desk.tell(&seat("a", "s1", "dan", 0));
    desk.tell(&left("a", "dan", 1));
    assert_eq!(desk.told(&cancelled("a", 2)), Decision::Same);

    let mut desk = Desk::default();
    desk.tell(&seat("a", "s1", "dan", 0));
    desk.tell(&cancelled("a", 2));
    assert_eq!(desk.told(&left("a", "dan", 1)), Decision::Stale);
}

#[test]
fn a_booking_that_all_known_guests_moved_out_of_can_be_cancelled() {
    let mut desk = Desk::default();
    desk.tell(&seat("a", "s1", "dan", 0));
    desk.tell(&seat_moved("b", "a", "s1", "dan", 2));
    assert_eq!(desk.told(&cancelled("a", 3)), Decision::Applied);
    assert_eq!(desk.told(&seat("a", "s2", "eve", 1)), Decision::Stale);
    assert_eq!((desk.row("a").status, desk.valid("a")), (CANCELLED, vec![Change::Cancelled]));
}

#[test]
fn a_request_for_a_seat_that_is_withdrawn_leaves_nothing_pending() {
    let pending = json!({"status": "PENDING"});
    let request = with(&seat("a", "", "dan", 0), |wire| {
        wire["triggerEvent"] = "BOOKING_REQUESTED".into();
        wire["payload"]["status"] = pending["status"].clone();
    });
    for desk in told_in_any_order(&[request, left("a", "dan", 1)], &["a"]) {
        assert_eq!(desk.row("a").status, CANCELLED);
        assert_eq!(desk.valid("a"), [Change::Cancelled]);
    }
}

#[test]
fn a_seat_that_was_booked_but_reported_late_is_neither_lost_nor_cancelled() {
    let news = [seat("a", "s1", "dan", 0), seat("a", "s2", "eve", 1), left("a", "dan", 2)];
    for desk in told_in_any_order(&news, &["a"]) {
        assert_eq!(desk.row("a").status, ACCEPTED);
        assert!(desk.valid("a").contains(&Change::Booked), "the seat of who stays");
        let booked = desk.jobs.iter().filter(|it| it.change == Change::Booked && it.is_valid);
        assert_eq!(booked.count(), 1);
    }
}

#[test]
fn a_late_seat_does_not_reopen_a_booking_that_was_cancelled_as_a_whole() {
    let mut desk = Desk::default();
    desk.tell(&seat("a", "s1", "dan", 0));
    desk.tell(&cancelled("a", 2));
    assert_eq!(desk.told(&seat("a", "s2", "eve", 1)), Decision::Stale);
    assert_eq!(desk.row("a").status, CANCELLED);
    assert_eq!(desk.valid("a"), [Change::Cancelled]);
}

#[test]
fn a_seat_left_before_it_was_reported_is_stale() {
    for reference in ["s1", ""] {
        let mut desk = Desk::default();
        assert_eq!(desk.told(&left("a", "dan", 2)), Decision::Applied);
        assert_eq!(desk.told(&seat("a", reference, "dan", 0)), Decision::Stale);
        assert_eq!(desk.row("a").status, CANCELLED);
        assert_eq!(desk.valid("a"), [Change::Cancelled]);
    }
}

#[test]
fn who_left_and_booked_again_keeps_the_new_seat() {
    for references in [["s1", "s2"], ["", ""]] {
        let left = left("a", "dan", 1);
        let news = [
            seat("a", references[0], "dan", 0),
            left.clone(),
            seat("a", references[1], "dan", 2),
            copy(&left, 9),
        ];
        for desk in told_in_any_order(&news, &["a"]) {
            assert_eq!(desk.row("a").status, ACCEPTED, "{references:?}");
            let cancelled = desk.jobs.iter().filter(|job| job.change == Change::Cancelled);
            assert_eq!(cancelled.count(), 1);
            assert!(desk.valid("a").contains(&Change::Booked), "{references:?}");
        }
    }
}

#[test]
fn who_left_twice_is_gone() {
    let news = [
        seat("a", "s1", "dan", 0),
        left("a", "dan", 1),
        seat("a", "s2", "dan", 2),
        left("a", "dan", 3),
        seat("a", "s3", "eve", 4),
    ];
    for desk in told_in_any_order(&news, &["a"]) {
        assert_eq!(desk.row("a").status, ACCEPTED);
        let standing = desk.valid("a").into_iter().filter(|change| *change == Change::Booked);
        assert_eq!(standing.count(), 1, "of eve");
    }
}

#[test]
fn a_seat_that_is_moved_leaves_the_old_booking_and_links_nothing() {
    let bodies = [
        seat("a", "s1", "dan", 0),
        seat("a", "s2", "eve", 1),
        seat_moved("b", "a", "s1", "dan", 2),
    ];
    for desk in told_in_any_order(&bodies, &["a", "b"]) {
        assert_eq!(statuses(&desk, &["a", "b"]), [ACCEPTED, ACCEPTED]);
        assert_eq!(desk.valid("a"), [Change::Booked], "the seat of who stays");
        assert_eq!(desk.valid("b"), [Change::Rescheduled]);
        assert_eq!(desk.row("b").chain.as_str(), "b");
    }
}

#[test]
fn the_last_seat_that_is_moved_leaves_the_old_booking_moved() {
    let bodies = [seat("a", "s1", "dan", 0), seat_moved("b", "a", "s1", "dan", 1)];
    for desk in told_in_any_order(&bodies, &["a", "b"]) {
        assert_eq!(statuses(&desk, &["a", "b"]), [MOVED, ACCEPTED]);
        assert_eq!(desk.valid("a"), []);
    }
}

#[test]
fn a_seat_moved_to_a_time_without_a_booking_has_a_new_reference() {
    // Cal.com deletes the seat and makes a booking with a new one.
    let bodies = [seat("a", "s1", "dan", 0), seat_moved("b", "a", "s9", "dan", 1)];
    for desk in told_in_any_order(&bodies, &["a", "b"]) {
        assert_eq!(statuses(&desk, &["a", "b"]), [MOVED, ACCEPTED]);
        assert_eq!((desk.valid("a"), desk.valid("b")), (vec![], vec![Change::Rescheduled]));
    }
    let back = [
        seat("a", "s1", "dan", 0),
        seat("a", "s2", "eve", 0),
        seat_moved("b", "a", "s8", "dan", 1),
        seat_moved("a", "b", "s9", "dan", 2),
    ];
    for desk in told_in_any_order(&back, &["a", "b"]) {
        assert_eq!(statuses(&desk, &["a", "b"]), [ACCEPTED, MOVED]);
        assert_eq!(desk.valid("b"), []);
        let standing: Vec<_> = desk.valid("a");
        assert_eq!(standing.len(), 2, "{standing:?}");
    }
}

#[test]
fn a_seat_may_come_back() {
    let bodies = [
        seat("a", "s1", "dan", 0),
        seat_moved("b", "a", "s1", "dan", 1),
        seat_moved("a", "b", "s1", "dan", 2),
    ];
    for desk in told_in_any_order(&bodies, &["a", "b"]) {
        assert_eq!(statuses(&desk, &["a", "b"]), [ACCEPTED, MOVED]);
        assert_eq!(desk.valid("b"), []);
        assert_eq!(desk.valid("a").len(), 1);
    }
    let mut desk = Desk::default();
    for body in &bodies {
        assert_eq!(desk.told(body), Decision::Applied, "{body}");
        assert_eq!(desk.told(&copy(body, 3)), Decision::Same, "{body}");
    }
    assert_eq!(desk.told(&seat_moved("b", "a", "s1", "dan", 3)), Decision::Applied, "and go again");
    assert_eq!(desk.told(&left("b", "dan", 4)), Decision::Applied);
    assert_eq!(statuses(&desk, &["a", "b"]), [MOVED, CANCELLED]);
}

#[test]
fn a_seat_reported_after_its_move_is_stale() {
    let mut desk = Desk::default();
    assert_eq!(desk.told(&seat_moved("b", "a", "s1", "dan", 1)), Decision::Applied);
    assert_eq!(desk.told(&seat("a", "s1", "dan", 0)), Decision::Stale);
    assert_eq!(statuses(&desk, &["a", "b"]), [MOVED, ACCEPTED]);
}

#[test]
fn a_move_that_names_the_seat_only_leaves_the_booking_where_it_was_last() {
    let reference = "f9c8eda7-e47e-4f4a-bc47-4cdfcf8da143";
    let bodies = [
        seat("a", reference, "dan", 0),
        seat_moved("b", reference, reference, "dan", 1),
        seat_moved("c", reference, reference, "dan", 2),
    ];
    for desk in told_in_any_order(&bodies, &["a", "b", "c"]) {
        assert_eq!(statuses(&desk, &["a", "b", "c"]), [MOVED, MOVED, ACCEPTED]);
        assert_eq!((desk.valid("a"), desk.valid("b")), (vec![], vec![]));
    }
    let mut kept = Kept::default();
    for body in &bodies {
        kept.plan(&[reading(body)]);
    }
    assert_eq!(["a", "b", "c"].map(|uid| kept.rows[&uid.into()].status), [MOVED, MOVED, ACCEPTED]);
}

#[test]
fn who_moves_out_last_does_not_silence_that_another_one_left() {
    let mut desk = Desk::default();
    desk.tell(&seat("a", "s1", "dan", 0));
    desk.tell(&seat("a", "s2", "eve", 1));
    desk.tell(&left("a", "dan", 2));
    desk.tell(&seat_moved("b", "a", "s2", "eve", 3));
    assert_eq!(desk.row("a").status, MOVED);
    assert_eq!(desk.valid("a"), [Change::Cancelled]);
}

#[test]
fn an_empty_seat_reference_is_none() {
    let empty = |uid, person, minute| {
        with(&seat(uid, "s", person, minute), |wire| {
            wire["payload"]["attendeeSeatId"] = "".into();
        })
    };
    let mut desk = Desk::default();
    for body in [empty("a", "dan", 0), empty("a", "eve", 1), empty("b", "fay", 2)] {
        assert_eq!(desk.told(&body), Decision::Applied, "{body}");
    }
    assert_eq!(statuses(&desk, &["a", "b"]), [ACCEPTED, ACCEPTED]);
    desk.tell(&left("a", "dan", 3));
    assert_eq!(desk.valid("a"), [Change::Booked, Change::Cancelled]);
}

#[test]
fn the_calendar_uid_of_a_seat_links_nothing() {
    let other = with(&seat("a", "s2", "eve", 1), |wire| {
        wire["payload"]["iCalUID"] = "z@Cal.com".into();
    });
    let mut desk = Desk::default();
    desk.tell(&news("BOOKING_CREATED", "z", 0, json!({})));
    desk.tell(&seat("a", "s1", "dan", 0));
    assert_eq!(desk.told(&other), Decision::Applied);
    assert_eq!(statuses(&desk, &["a", "z"]), [ACCEPTED, ACCEPTED]);
}
