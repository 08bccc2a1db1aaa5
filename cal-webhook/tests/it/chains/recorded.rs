//! Chains of what a running Cal.com sent, read where it is at hand.

use cal_webhook::{BookingState, Change, Decision, Subject};
use serde_json::Value;

use super::{statuses, told_in_any_order};
use crate::{
    desk::Desk,
    news::{copy, with},
    recordings::recordings,
};

/// The recorded bodies with these numbers; `None` where they are not at hand.
fn bodies<const N: usize>(numbers: [&str; N]) -> Option<[String; N]> {
    let all = recordings("traffic");
    if all.is_empty() {
        return None;
    }
    let body = |number: &str| {
        let found = all.iter().find(|(name, _)| name.starts_with(number));
        found.unwrap().1["body"].as_str().unwrap().to_owned()
    };
    Some(numbers.map(body))
}

fn uid(body: &str) -> String {
    let wire: Value = serde_json::from_str(body).unwrap();
    let payload = wire.get("payload").unwrap_or(&wire);
    payload["uid"].as_str().unwrap().to_owned()
}

/// The same delivery about another booking.
fn about(body: &str, uid: &str, ical_uid: Option<&str>, created_at: &str) -> String {
    with(body, |wire| {
        wire["createdAt"] = created_at.into();
        wire["payload"]["uid"] = uid.into();
        wire["payload"]["bookingId"] = 900.into();
        wire["payload"].as_object_mut().unwrap().remove("iCalUID");
        if let Some(ical_uid) = ical_uid {
            wire["payload"]["iCalUID"] = ical_uid.into();
        }
    })
}

#[test]
fn a_booking_that_was_created_moved_and_cancelled() {
    let Some(news) = bodies(["002", "005", "006"]) else { return };
    let [first, second, _] = news.each_ref().map(|body| uid(body));
    let uids = [first.as_str(), second.as_str()];
    let [created, moved, cancelled] = &news;
    let all = [created.clone(), moved.clone(), cancelled.clone(), copy(moved, 4)];
    for desk in told_in_any_order(&all, &uids) {
        assert_eq!(statuses(&desk, &uids), [BookingState::Moved, BookingState::Cancelled]);
        assert_eq!(desk.valid(&second), [Change::Cancelled]);
        assert_eq!(desk.valid(&first), []);
    }
}

#[test]
fn a_guests_move_of_a_booking_that_needs_confirmation() {
    let Some([requested, confirmed, declined]) = bodies(["007", "010", "012"]) else { return };
    let first = uid(&requested);
    let root = format!("{first}@Cal.com");
    let request = about(&requested, "guestsChoice", Some(&root), "2026-11-21T06:30:00.000Z");
    let confirm = about(&confirmed, "guestsChoice", None, "2026-11-21T06:31:00.000Z");
    let decline = about(&declined, "guestsChoice", None, "2026-11-21T06:31:00.000Z");

    let uids = [first.as_str(), "guestsChoice"];
    let news = [requested.clone(), confirmed.clone(), request.clone(), confirm.clone()];
    for desk in told_in_any_order(&news, &uids) {
        assert_eq!(statuses(&desk, &uids), [BookingState::Moved, BookingState::Accepted]);
    }
    let mut desk = Desk::default();
    for body in &news[..3] {
        assert_eq!(desk.told(body), Decision::Applied);
    }
    let read = desk.tell(&confirm).transition;
    assert_eq!((read.change, read.moved_from), (Change::Rescheduled, Some(first.as_str().into())));

    for desk in told_in_any_order(&[requested, confirmed, request, decline], &uids) {
        assert_eq!(statuses(&desk, &uids), [BookingState::Moved, BookingState::Rejected]);
    }
}

#[test]
fn one_seat_of_two_is_cancelled_and_then_the_booking() {
    let Some([taken, left]) = bodies(["104", "110"]) else { return };
    let uid = uid(&taken);
    let other = with(&taken, |wire| {
        wire["createdAt"] = "2026-11-21T06:20:40.000Z".into();
        wire["payload"]["attendeeSeatId"] = "3d0a2fcf-0d34-4d27-9c9a-1c3f0f2c9b11".into();
        wire["payload"]["attendees"][0]["email"] = "b@example.com".into();
    });
    for desk in told_in_any_order(&[taken.clone(), other.clone(), left.clone()], &[&uid]) {
        assert_eq!(desk.row(&uid).status, BookingState::Accepted);
    }
    let mut desk = Desk::default();
    for body in [&taken, &other, &left] {
        assert_eq!(desk.told(body), Decision::Applied);
    }
    let last = with(&left, |wire| {
        wire["createdAt"] = "2026-11-21T06:21:41.000Z".into();
        wire["payload"]["attendees"][0]["email"] = "a@example.com".into();
    });
    let last = desk.tell(&last);
    assert_eq!(last.transition.subject, Some(Subject::Booking(uid.as_str().into())));
    assert_eq!(desk.row(&uid).status, BookingState::Cancelled);
}

#[test]
fn the_only_seat_is_cancelled_with_its_booking() {
    let Some([cancelled]) = bodies(["035"]) else { return };
    let mut desk = Desk::default();
    let ruling = desk.tell(&cancelled);
    assert_eq!((ruling.decision, ruling.seat), (Decision::Applied, None));
    assert_eq!(desk.row(&uid(&cancelled)).status, BookingState::Cancelled);
}

#[test]
fn occurrences_and_meetings_touch_nothing_else() {
    let Some(news) = bodies(["017", "023", "047", "049", "051", "054"]) else { return };
    let mut desk = Desk::default();
    for body in &news {
        assert_eq!(desk.told(body), Decision::Applied, "{body}");
    }
    for body in &news[..2] {
        let row = desk.row(&uid(body));
        assert_eq!((row.status, row.chain), (BookingState::Accepted, row.uid));
    }
}

#[test]
fn a_meeting_that_was_confirmed_takes_place() {
    let Some(news) = bodies(["007", "010", "047"]) else { return };
    let uid = uid(&news[0]);
    for desk in told_in_any_order(&news, &[&uid]) {
        assert_eq!(desk.row(&uid).status, BookingState::Accepted);
        assert!(desk.valid(&uid).contains(&Change::Started));
    }
}
