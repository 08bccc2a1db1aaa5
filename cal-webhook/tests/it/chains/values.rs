//! What can come back, and meetings.

use cal_testing::orders;
use cal_webhook::{BookingState, Change, Decision};
use serde_json::{Value, json};

use super::{cancelled, created, rescheduled, told_in_any_order};
use crate::{
    bodies::envelope,
    desk::{Desk, Kept, reading},
    news::{copy, meeting, news, no_show, sent},
};

#[test]
fn absence_is_told_when_it_changes_for_each_attendee() {
    let mut desk = Desk::default();
    desk.tell(&created("a", 0));
    let expected = [
        (vec![("piet", true)], Decision::Applied),
        (vec![("piet", true)], Decision::Same),
        (vec![("piet", false)], Decision::Applied),
        (vec![("piet", true)], Decision::Applied),
        (vec![("ella", true)], Decision::Applied),
        (vec![("piet", true), ("ella", true)], Decision::Same),
        (vec![("PIET", true), ("ella", false)], Decision::Applied),
    ];
    for (minute, (marks, decision)) in expected.into_iter().enumerate() {
        let minute = i64::try_from(minute).unwrap() + 1;
        assert_eq!(desk.told(&no_show("a", minute, &marks)), decision, "{minute}");
    }
    assert_eq!(desk.told(&no_show("a", 1, &[("piet", true)])), Decision::Revision);
    assert_eq!(desk.told(&no_show("a", 1, &[("piet", false)])), Decision::Stale);
    let late = copy(&no_show("a", 1, &[("ella", true)]), 5);
    assert_eq!(desk.told(&late), Decision::Stale, "it is older than what is known");
    assert_eq!(desk.told(&no_show("b", 9, &[("piet", true)])), Decision::Applied);
}

#[test]
fn marks_of_two_attendees_in_one_moment_are_two_reports() {
    let mut desk = Desk::default();
    assert_eq!(desk.told(&no_show("a", 1, &[("piet", true)])), Decision::Applied);
    assert_eq!(desk.told(&no_show("a", 1, &[("ella", true)])), Decision::Applied);
}

#[test]
fn values_end_the_same_in_any_order() {
    let marks = [(1, true), (2, false), (3, true), (4, false)];
    let bodies = marks.map(|(minute, mark)| no_show("a", minute, &[("piet", mark)]));
    let mut bodies = bodies.to_vec();
    // Two reports of one moment that contradict each other.
    bodies.extend([true, false].map(|mark| no_show("a", 5, &[("piet", mark)])));
    let mut ends = Vec::new();
    for order in orders(&bodies) {
        let mut kept = Kept::default();
        for body in &order {
            kept.plan(&[reading(body)]);
        }
        let value = kept.values.into_values().next().unwrap();
        ends.push((value.value, value.at));
    }
    assert!(ends.iter().all(|end| *end == ends[0]), "{:?}", ends[0]);
}

#[test]
fn a_location_may_change_to_and_fro() {
    let moved = |minute, place: &str| {
        news("BOOKING_LOCATION_UPDATED", "a", minute, json!({"location": place}))
    };
    let mut desk = Desk::default();
    desk.tell(&created("a", 0));
    for (minute, place, decision) in [
        (1, "integrations:zoom", Decision::Applied),
        (2, "integrations:zoom", Decision::Same),
        (3, "Main street 1", Decision::Applied),
        (4, "integrations:zoom", Decision::Applied),
        (2, "Main street 2", Decision::Revision),
    ] {
        assert_eq!(desk.told(&moved(minute, place)), decision, "{minute}");
    }
    assert_eq!(desk.told(&copy(&moved(2, "Main street 2"), 7)), Decision::Stale);
    desk.tell(&cancelled("a", 5));
    assert_eq!(desk.told(&moved(6, "Main street 3")), Decision::Stale);
    assert_eq!(desk.valid("a"), [Change::Cancelled]);
}

#[test]
fn hosts_may_change_to_and_fro() {
    let given = |minute, host: &str| {
        let organizer = json!({"name": host, "email": format!("{host}@example.com"),
            "timeZone": "Europe/Oslo"});
        news("BOOKING_REASSIGNED", "a", minute, json!({"organizer": organizer}))
    };
    let mut desk = Desk::default();
    desk.tell(&created("a", 0));
    for (minute, host) in [(1, "nora"), (2, "ivar"), (3, "nora")] {
        assert_eq!(desk.told(&given(minute, host)), Decision::Applied, "{minute}");
        assert_eq!(desk.told(&copy(&given(minute, host), 3)), Decision::Same, "{minute}");
    }
}

#[test]
fn an_out_of_office_entry_is_told_again_when_it_was_changed() {
    let entry = |minute, end: &str| {
        let user = json!({"id": 1, "name": "Nora Dale", "username": "nora",
            "email": "nora@example.com", "timeZone": "Europe/Oslo"});
        let entry = json!({"id": 1, "uuid": "060304ad", "start": "2026-12-28T00:00:00+01:00",
            "end": end, "notes": "", "user": user, "toUser": null});
        sent(&envelope("OOO_CREATED", json!({"oooEntry": entry})), minute)
    };
    let [short, long] = ["2026-12-30T23:59:59+01:00", "2026-12-31T23:59:59+01:00"];
    let mut desk = Desk::default();
    for (minute, end) in [(0, short), (1, long), (2, short)] {
        assert_eq!(desk.told(&entry(minute, end)), Decision::Applied, "{minute}");
        assert_eq!(desk.told(&copy(&entry(minute, end), 3)), Decision::Same, "{minute}");
    }
    assert_eq!(desk.told(&copy(&entry(1, long), 4)), Decision::Stale);
}

fn ended(uid: &str, members: Value) -> String {
    meeting("MEETING_ENDED", uid, members)
}

#[test]
fn a_meeting_that_took_place_ends_its_booking() {
    let started = meeting("MEETING_STARTED", "a", json!({}));
    let bodies = [created("a", 0), started, ended("a", json!({}))];
    for desk in told_in_any_order(&bodies, &["a"]) {
        assert_eq!(desk.row("a").status, BookingState::Ended);
        assert_eq!(desk.jobs.len(), 3);
    }
    // Their `createdAt` is the booking's: only the state tells a repeat.
    let mut desk = Desk::default();
    for body in &bodies {
        assert_eq!(desk.told(body), Decision::Applied);
    }
    let again = json!({"title": "Refreshed"});
    assert_eq!(desk.told(&ended("a", again)), Decision::Same);
}

#[test]
fn a_meeting_of_an_unknown_booking_runs_and_writes_no_booking() {
    let mut desk = Desk::default();
    assert_eq!(desk.told(&ended("a", json!({}))), Decision::Applied);
    let row = desk.row("a");
    assert_eq!((row.status, row.known, row.about), (BookingState::Pending, false, None));
}

#[test]
fn meetings_of_bookings_that_are_gone_are_stale() {
    let elsewhen = ended("a", json!({"startTime": "2026-05-11T10:00:00.000Z"}));
    let shown = ended("a", json!({"status": "CANCELLED"}));
    for (before, body, state) in [
        (cancelled("a", 1), ended("a", json!({})), BookingState::Cancelled),
        (rescheduled("b", "a", 1), ended("a", json!({})), BookingState::Moved),
        (created("a", 0), elsewhen, BookingState::Accepted),
        (created("a", 0), shown, BookingState::Accepted),
    ] {
        let bodies = [created("a", 0), before, body.clone()];
        for desk in told_in_any_order(&bodies, &["a"]) {
            assert_eq!(desk.row("a").status, state, "{body}");
        }
        let mut desk = Desk::default();
        desk.tell(&bodies[0]);
        desk.tell(&bodies[1]);
        assert_eq!(desk.told(&body), Decision::Stale, "{body}");
    }
}

#[test]
fn a_meeting_at_another_time_does_not_hide_the_right_one() {
    let elsewhen = ended("a", json!({"startTime": "2026-05-11T10:00:00.000Z"}));
    let mut desk = Desk::default();
    assert_eq!(desk.told(&elsewhen), Decision::Applied, "nothing is known of the booking");
    desk.tell(&created("a", 0));
    assert_eq!(desk.row("a").status, BookingState::Accepted);
    assert_eq!(desk.told(&ended("a", json!({}))), Decision::Applied);
    assert_eq!(desk.row("a").status, BookingState::Ended);
}
