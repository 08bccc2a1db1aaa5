//! Bookings that replace another one.

use cal_webhook::{BookingState, Change, Decision};
use serde_json::{Value, json};

use super::{cancelled, created, rescheduled, stands, statuses, told_in_any_order};
use crate::{
    desk::Desk,
    news::{news, no_show, number_of, with},
};

/// A guest asks for another time; only the calendar entry's UID tells.
fn asked(uid: &str, root: &str, minute: i64) -> String {
    let members = json!({"status": "PENDING", "iCalUID": format!("{root}@Cal.diy"),
        "requiresConfirmation": true});
    news("BOOKING_REQUESTED", uid, minute, members)
}

/// The host's answer, without any link.
fn confirmed(uid: &str, minute: i64) -> String {
    news("BOOKING_CREATED", uid, minute, json!({"requiresConfirmation": true}))
}

fn declined(uid: &str, minute: i64) -> String {
    news("BOOKING_REJECTED", uid, minute, json!({"status": "REJECTED"}))
}

#[test]
fn a_guests_move_that_is_confirmed_reads_as_rescheduled() {
    let mut desk = Desk::default();
    desk.tell(&created("a", 0));
    let request = desk.tell(&asked("b", "a", 1));
    assert_eq!(
        (request.decision, request.transition.change),
        (Decision::Applied, Change::Requested)
    );
    assert_eq!(request.transition.moved_from, Some("a".into()));
    assert_eq!(desk.valid("a"), [], "nobody is reminded of the old time");
    assert_eq!(statuses(&desk, &["a", "b"]), [BookingState::Moved, BookingState::Pending]);

    let confirmed = desk.tell(&confirmed("b", 2));
    let transition = &confirmed.transition;
    assert_eq!((confirmed.decision, transition.change), (Decision::Applied, Change::Rescheduled));
    assert_eq!(transition.moved_from, Some("a".into()));
    assert_eq!(desk.valid("b"), [Change::Rescheduled]);
    assert_eq!(desk.row("b").chain.as_str(), "a");
}

#[test]
fn a_guests_move_that_is_declined_ends_the_chain() {
    let news = [created("a", 0), asked("b", "a", 1), declined("b", 2)];
    for desk in told_in_any_order(&news, &["a", "b"]) {
        assert_eq!(statuses(&desk, &["a", "b"]), [BookingState::Moved, BookingState::Rejected]);
        assert_eq!(desk.valid("b"), [Change::Rejected]);
        assert!(!desk.valid("a").into_iter().any(stands));
    }
}

#[test]
fn a_guests_move_after_an_ordinary_one_replaces_the_current_booking() {
    let bodies = [created("a", 0), rescheduled("b", "a", 1), asked("c", "a", 2), confirmed("c", 3)];
    let moved = BookingState::Moved;
    for desk in told_in_any_order(&bodies, &["a", "b", "c"]) {
        assert_eq!(statuses(&desk, &["a", "b", "c"]), [moved, moved, BookingState::Accepted]);
        assert!(!desk.valid("b").into_iter().any(stands));
        assert!(matches!(desk.valid("c")[..], [Change::Rescheduled | Change::Booked]));
    }

    let mut desk = Desk::default();
    for body in &bodies[..2] {
        desk.tell(body);
    }
    assert_eq!(desk.tell(&bodies[2]).transition.moved_from, Some("b".into()));
    let confirmed = desk.tell(&bodies[3]).transition;
    assert_eq!((confirmed.change, confirmed.moved_from), (Change::Rescheduled, Some("b".into())));
}

#[test]
fn guests_moves_and_ordinary_ones_may_alternate() {
    let bodies = [
        created("m", 0),
        asked("k", "m", 1),
        confirmed("k", 2),
        asked("z", "m", 3),
        rescheduled("d", "z", 4),
    ];
    let uids = ["m", "k", "z", "d"];
    let moved = BookingState::Moved;
    for desk in told_in_any_order(&bodies, &uids) {
        assert_eq!(statuses(&desk, &uids), [moved, moved, moved, BookingState::Accepted]);
        assert!(uids.iter().all(|uid| desk.row(uid).chain.as_str() == "m"));
        assert_eq!(desk.valid("d"), [Change::Rescheduled]);
    }
}

#[test]
fn what_no_booking_is_called_links_nothing_and_makes_no_row() {
    let calendar = |uid, entry: &str, minute| {
        news("BOOKING_CREATED", uid, minute, json!({"iCalUID": format!("{entry}@google.com")}))
    };
    let bodies = [calendar("a", "7f", 0), calendar("b", "8e", 1), cancelled("b", 2)];
    for desk in told_in_any_order(&bodies, &["a", "b"]) {
        assert_eq!(statuses(&desk, &["a", "b"]), [BookingState::Accepted, BookingState::Cancelled]);
        assert!(["7f", "8e"].into_iter().all(|entry| desk.public(&entry.into()).is_none()));
        assert!(["a", "b"].into_iter().all(|uid| desk.row(uid).chain.as_str() == uid));
    }
    // A calendar keeps its entry when the booking is moved, and the chain its name.
    let moved = json!({"rescheduleUid": "m", "iCalUID": "7f@google.com"});
    let bodies = [calendar("m", "7f", 0), news("BOOKING_RESCHEDULED", "b", 1, moved)];
    for desk in told_in_any_order(&bodies, &["m", "b"]) {
        assert_eq!(statuses(&desk, &["m", "b"]), [BookingState::Moved, BookingState::Accepted]);
        assert_eq!(desk.row("b").chain.as_str(), "m");
    }
}

#[test]
fn guests_moves_wait_for_the_booking_that_they_name() {
    let bodies = [asked("c", "a", 1), confirmed("c", 2), asked("b", "a", 3)];
    for desk in told_in_any_order(&bodies, &["c", "b"]) {
        // Bookings that name the same one are of one chain, also while nobody has heard of that.
        assert_eq!(statuses(&desk, &["c", "b"]), [BookingState::Moved, BookingState::Pending]);
        assert!(desk.public(&"a".into()).is_none());
        assert_eq!(desk.row("b").chain.as_str(), "c");
    }
    let moved = BookingState::Moved;
    let bodies = [bodies.to_vec(), vec![created("a", 0)]].concat();
    for desk in told_in_any_order(&bodies, &["a", "c", "b"]) {
        assert_eq!(statuses(&desk, &["a", "c", "b"]), [moved, moved, BookingState::Pending]);
        assert_eq!(desk.row("b").chain.as_str(), "a");
        assert!(!["a", "c"].into_iter().any(|uid| desk.valid(uid).into_iter().any(stands)));
    }
}

#[test]
fn a_payment_counts_for_the_bookings_that_replace_the_paid_one() {
    let paid = |uid| news("BOOKING_PAID", uid, 3, json!({"paymentId": 9}));
    let bodies = [created("a", 0), rescheduled("b", "a", 1), asked("c", "a", 2), paid("b")];
    for desk in told_in_any_order(&bodies, &["a", "b", "c"]) {
        let paid = ["a", "b", "c"].map(|uid| desk.row(uid).paid);
        assert_eq!(paid, [false, true, true]);
    }
}

#[test]
fn who_was_asked_to_reschedule_may_do_so() {
    let ask = json!({"status": "CANCELLED", "requestReschedule": true});
    let ask = news("BOOKING_CANCELLED", "a", 1, ask);
    let bodies = [created("a", 0), ask.clone(), rescheduled("b", "a", 2)];
    for desk in told_in_any_order(&bodies, &["a", "b"]) {
        assert_eq!(statuses(&desk, &["a", "b"]), [BookingState::Moved, BookingState::Accepted]);
        assert_eq!(desk.valid("b"), [Change::Rescheduled]);
    }
    let mut desk = Desk::default();
    let decisions = bodies.map(|body| desk.told(&body));
    assert_eq!(decisions, [Decision::Applied; 3]);
    assert_eq!(desk.told(&cancelled("a", 3)), Decision::Same, "it was cancelled by the asking");

    let mut desk = Desk::default();
    desk.tell(&rescheduled("b", "a", 2));
    assert_eq!(desk.told(&ask), Decision::Stale, "the guest has chosen already");
}

#[test]
fn a_cancelled_booking_stays_so_whatever_comes_late() {
    let mut desk = Desk::default();
    assert_eq!(desk.told(&cancelled("a", 3)), Decision::Applied);
    let request = news("BOOKING_REQUESTED", "a", 0, json!({"status": "PENDING"}));
    for late in [request, created("a", 1), rescheduled("a", "z", 1), declined("a", 2)] {
        assert_ne!(desk.told(&late), Decision::Applied, "{late}");
    }
    assert_eq!(desk.row("a").status, BookingState::Cancelled);
}

#[test]
fn a_booking_created_with_a_predecessor_is_the_same_as_a_rescheduled_one() {
    let mut desk = Desk::default();
    desk.tell(&created("a", 0));
    let created = desk.tell(&news("BOOKING_CREATED", "b", 1, json!({"rescheduleUid": "a"})));
    assert_eq!(created.transition.change, Change::Rescheduled);
    assert_eq!(desk.told(&rescheduled("b", "a", 1)), Decision::Same);
}

#[test]
fn occurrences_of_a_series_are_never_chained() {
    let occurrence = |trigger, uid, minute| {
        let series = json!({"freq": 2, "count": 3, "interval": 1});
        news(trigger, uid, minute, json!({"iCalUID": "one@Cal.com", "recurringEvent": series}))
    };
    let bodies = [
        occurrence("BOOKING_CREATED", "one", 0),
        occurrence("BOOKING_CREATED", "two", 0),
        occurrence("BOOKING_CREATED", "three", 0),
        occurrence("BOOKING_CANCELLED", "one", 1),
        rescheduled("later", "two", 2),
    ];
    let uids = ["one", "two", "three", "later"];
    for desk in told_in_any_order(&bodies, &uids) {
        let [cancelled, moved] = [BookingState::Cancelled, BookingState::Moved];
        let accepted = BookingState::Accepted;
        assert_eq!(statuses(&desk, &uids), [cancelled, moved, accepted, accepted]);
        let chains = uids.map(|uid| desk.row(uid).chain);
        assert_eq!(chains, ["one", "two", "three", "two"].map(Into::into));
    }
}

#[test]
fn a_move_that_says_little_adds_up_in_any_order() {
    let number = number_of("b");
    let nameless = with(&rescheduled("b", "a", 1), |wire| wire["payload"]["uid"] = Value::Null);
    let naming = json!({"status": "CANCELLED", "rescheduledToUid": "b"});
    let bodies = [
        created("a", 0),
        nameless,
        news("BOOKING_CANCELLED", "a", 2, naming),
        news("BOOKING_PAID", "b", 3, json!({"paymentId": 9})),
        no_show("b", 4, &[("piet", true)]),
    ];
    let stand_in = format!("#{number}");
    let uids = ["a", "b", &stand_in];
    for desk in told_in_any_order(&bodies, &uids) {
        use BookingState::{Accepted, Moved};
        assert_eq!(statuses(&desk, &uids), [Moved, Accepted, Accepted]);
        assert!(desk.row("b").paid && desk.row("b").known);
        let start = |uid| desk.row(uid).about.map(|about| about.start);
        assert_eq!(start("b"), Some("2026-05-12T08:00:00Z".parse().unwrap()), "the new time");
        let mut valid: Vec<_> = desk.jobs.iter().filter(|job| job.is_valid).collect();
        valid.sort_by_key(|job| job.change.as_str());
        let changes: Vec<_> = valid.iter().map(|job| job.change).collect();
        assert_eq!(changes, [Change::NoShow, Change::Paid, Change::Rescheduled]);
    }
}
