//! Bookings that replace each other: the rules for chains, in every order of arrival.

mod hostile;
mod moves;
mod payments;
mod recorded;
mod seats;
mod values;

use cal_testing::orders;
use cal_webhook::{BookingRow, BookingState, Change, Decision};
use serde_json::json;

use crate::{
    desk::Desk,
    news::{copy, news, refreshed},
};

/// The public columns of bookings.
fn rows(desk: &Desk, uids: &[&str]) -> Vec<BookingRow> {
    let public = |uid: &&str| {
        let mut row = desk.row(uid);
        row.facts.clear();
        row
    };
    uids.iter().map(public).collect()
}

/// Asserts that some news add up to the same rows in any order, and returns a desk for each.
fn told_in_any_order(news: &[String], uids: &[&str]) -> Vec<Desk> {
    let mut desks: Vec<Desk> = Vec::new();
    for order in orders(news) {
        let mut desk = Desk::default();
        for body in &order {
            desk.tell(body);
        }
        desk.wait();
        if let Some(first) = desks.first() {
            assert_eq!(rows(&desk, uids), rows(first, uids), "{order:#?}");
        }
        desks.push(desk);
    }
    desks
}

fn statuses(desk: &Desk, uids: &[&str]) -> Vec<BookingState> {
    uids.iter().map(|uid| desk.row(uid).status).collect()
}

fn created(uid: &str, minute: i64) -> String {
    news("BOOKING_CREATED", uid, minute, json!({}))
}

fn cancelled(uid: &str, minute: i64) -> String {
    news("BOOKING_CANCELLED", uid, minute, json!({"status": "CANCELLED"}))
}

fn rescheduled(uid: &str, from: &str, minute: i64) -> String {
    let members = json!({"rescheduleUid": from, "startTime": "2026-05-12T08:00:00Z",
        "endTime": "2026-05-12T09:00:00Z"});
    news("BOOKING_RESCHEDULED", uid, minute, members)
}

fn five() -> [String; 5] {
    [
        created("a", 0),
        news("BOOKING_PAID", "a", 1, json!({"paymentId": 9})),
        rescheduled("b", "a", 2),
        rescheduled("c", "b", 3),
        cancelled("c", 4),
    ]
}

/// Whether something says that a booking stands, which is wrong once it does not.
fn stands(change: Change) -> bool {
    matches!(change, Change::Booked | Change::Rescheduled | Change::Requested | Change::Started)
}

#[test]
fn five_events_with_repeats_end_the_same_in_all_orders() {
    let uids = ["a", "b", "c"];
    let mut rng = fastrand::Rng::with_seed(7);
    let mut first: Option<Vec<BookingRow>> = None;
    for order in orders(&five()) {
        for _ in 0..cal_testing::times(1) {
            let mut schedule = order.clone();
            for body in &order {
                for repeat in [copy(body, 3), refreshed(body)] {
                    schedule.insert(rng.usize(..=schedule.len()), repeat);
                }
            }
            let mut desk = Desk::default();
            for body in &schedule {
                desk.tell(body);
                // From the moment of the cancellation nobody is told that the booking stands.
                let row = desk.chains.booking(&"c".into());
                if row.is_some_and(|row| row.status == BookingState::Cancelled) {
                    let valid = desk.valid("c");
                    assert!(!valid.iter().copied().any(stands), "{valid:?} {schedule:#?}");
                }
            }
            desk.wait();

            let rows = rows(&desk, &uids);
            let expected = first.get_or_insert_with(|| rows.clone());
            assert_eq!(&rows, expected, "{schedule:#?}");
            for job in &desk.jobs {
                let row = desk.chains.booking(job.uid.as_ref().unwrap());
                assert_eq!(job.lane, row.map(|row| row.chain), "{schedule:#?}");
            }
            let runs = |change| desk.jobs.iter().filter(|job| job.change == change).count();
            assert_eq!(runs(Change::Cancelled), 1, "{schedule:#?}");
            assert_eq!(runs(Change::Paid), 1, "{schedule:#?}");
            assert!(runs(Change::Booked) <= 1 && runs(Change::Rescheduled) <= 2, "{schedule:#?}");
            assert_eq!(desk.valid("c"), [Change::Cancelled], "{schedule:#?}");
            assert!(!desk.valid("b").into_iter().any(stands), "{schedule:#?}");
            assert_eq!(desk.valid("a"), [Change::Paid], "{schedule:#?}");
        }
    }
    let rows = first.unwrap();
    let statuses: Vec<_> = rows.iter().map(|row| row.status).collect();
    assert_eq!(statuses, [BookingState::Moved, BookingState::Moved, BookingState::Cancelled]);
    assert!(rows.iter().all(|row| row.paid && row.known && row.chain.as_str() == "a"));
}

#[test]
fn in_its_own_order_everything_runs() {
    let mut desk = Desk::default();
    for body in five() {
        assert_eq!(desk.told(&body), Decision::Applied, "{body}");
        assert_eq!(desk.told(&refreshed(&body)), Decision::Revision, "{body}");
        assert_eq!(desk.told(&copy(&body, 3)), Decision::Same, "{body}");
    }
    let changes: Vec<_> = desk.jobs.iter().map(|job| job.change).collect();
    let moved = Change::Rescheduled;
    assert_eq!(changes, [Change::Booked, Change::Paid, moved, moved, Change::Cancelled]);
}

#[test]
fn per_booking_later_states_beat_earlier_ones() {
    let requested = news("BOOKING_REQUESTED", "a", 0, json!({"status": "PENDING"}));
    let rejected = news("BOOKING_REJECTED", "a", 2, json!({"status": "REJECTED"}));
    let steps = [requested, created("a", 1), rejected, cancelled("a", 3)];
    for (early, news) in steps.iter().enumerate() {
        for (late, older) in steps.iter().enumerate().take(early) {
            let mut desk = Desk::default();
            assert_eq!(desk.told(news), Decision::Applied, "{early}");
            assert_eq!(desk.told(older), Decision::Stale, "{late} after {early}");
            assert_eq!(desk.valid("a").len(), 1);
            let mut desk = Desk::default();
            assert_eq!(desk.told(older), Decision::Applied, "{late}");
            // Who was declined hears of no cancellation.
            let is_declined = (late, early) == (2, 3);
            let expected = if is_declined { Decision::Stale } else { Decision::Applied };
            assert_eq!(desk.told(news), expected, "{early} after {late}");
            assert_eq!(desk.valid("a").len(), 1, "one of {late} and {early} is left behind");
        }
    }
    let desks = told_in_any_order(&steps, &["a"]);
    assert!(desks.iter().all(|desk| desk.row("a").status == BookingState::Cancelled));
}

#[test]
fn a_refreshed_booking_that_ended_meanwhile_is_stale_and_does_not_hide_the_end() {
    for (status, state) in
        [("CANCELLED", BookingState::Cancelled), ("REJECTED", BookingState::Rejected)]
    {
        let late = news("BOOKING_CREATED", "a", 0, json!({"status": status}));
        let mut desk = Desk::default();
        assert_eq!(desk.told(&late), Decision::Stale);
        assert_eq!(desk.row("a").status, state);
        assert_eq!(desk.told(&created("a", 0)), Decision::Revision);
        assert_ne!(desk.told(&copy(&created("a", 0), 3)), Decision::Applied);
        let trigger = format!("BOOKING_{status}");
        let end = news(&trigger, "a", 4, json!({"status": status}));
        assert_eq!(desk.told(&end), Decision::Applied);

        // What was told before has no more to say, either.
        let mut desk = Desk::default();
        desk.tell(&created("a", 0));
        assert_eq!(desk.told(&late), Decision::Revision);
        assert_eq!(desk.valid("a"), []);
    }
}

#[test]
fn two_webhooks_at_two_levels_run_everything_once() {
    let bodies = [
        news("BOOKING_REQUESTED", "a", 0, json!({"status": "PENDING"})),
        created("a", 1),
        news("BOOKING_PAID", "a", 2, json!({"paymentId": 9})),
        news("BOOKING_LOCATION_UPDATED", "a", 3, json!({"location": "integrations:zoom"})),
        rescheduled("b", "a", 4),
        news("BOOKING_REASSIGNED", "b", 5, json!({})),
        crate::news::no_show("b", 6, &[("piet", true)]),
        cancelled("b", 7),
    ];
    for millis in [0, 1, 250] {
        let mut desk = Desk::default();
        for body in &bodies {
            assert_eq!(desk.told(body), Decision::Applied, "{body}");
            let second = if millis == 0 { refreshed(body) } else { copy(body, millis) };
            assert_ne!(desk.told(&second), Decision::Applied, "{body}");
        }
        assert_eq!(desk.jobs.len(), bodies.len());
    }
}
