//! Payments and no-show fees.

use cal_webhook::{Change, Decision};
use serde_json::json;

use super::{cancelled, created, rescheduled};
use crate::{
    desk::{Desk, reading},
    news::{copy, news, with},
};

fn paid(uid: &str, payment: i64, minute: i64) -> String {
    news("BOOKING_PAID", uid, minute, json!({"paymentId": payment}))
}

/// A fee for not coming names its booking by the number only.
fn fee(uid: &str, minute: i64) -> String {
    let members = json!({"uid": null, "status": null, "paymentId": 9,
        "paymentInfo": {"amount": 4900, "currency": "eur", "paymentOption": "HOLD"},
        "paymentData": {"id": 9, "success": true}});
    with(&news("BOOKING_PAID", uid, minute, members), |wire| {
        wire["payload"].as_object_mut().unwrap().remove("uid");
    })
}

#[test]
fn a_payment_waits_for_its_booking() {
    let request = news("BOOKING_REQUESTED", "a", 0, json!({"status": "PENDING"}));
    for booking in [created("a", 0), request] {
        let mut desk = Desk::default();
        assert_eq!(desk.told(&paid("a", 9, 1)), Decision::Early);
        assert!(desk.row("a").paid, "it is known at once");
        assert!(desk.jobs.is_empty());
        assert_eq!(desk.told(&booking), Decision::Applied);
        let changes: Vec<_> = desk.jobs.iter().map(|job| job.change).collect();
        assert_eq!(changes[1..], [Change::Paid], "the booking's own hooks come first");
        assert_eq!(desk.wait().len(), 0);
    }
}

#[test]
fn a_payment_whose_booking_never_comes_goes_ahead_alone() {
    let mut desk = Desk::default();
    assert_eq!(desk.told(&paid("a", 9, 1)), Decision::Early);
    let waited = desk.wait();
    assert_eq!(waited.iter().map(|it| it.decision).collect::<Vec<_>>(), [Decision::Applied]);
    assert_eq!(desk.told(&created("a", 0)), Decision::Applied);
    assert!(desk.row("a").paid);
    assert_eq!(desk.jobs.len(), 2);
}

#[test]
fn a_payment_runs_once() {
    for known in [true, false] {
        let mut desk = Desk::default();
        if known {
            desk.tell(&created("a", 0));
        }
        desk.tell(&paid("a", 9, 1));
        for late in [false, true] {
            if late {
                desk.wait();
            }
            let millis = if late { 3 } else { 5 };
            assert_eq!(desk.told(&copy(&paid("a", 9, 1), millis)), Decision::Same);
            assert_eq!(
                desk.told(&with(&paid("a", 9, 1), |it| {
                    it["payload"]["title"] = "x".into();
                })),
                Decision::Revision
            );
        }
        assert_eq!(desk.jobs.iter().filter(|job| job.change == Change::Paid).count(), 1);
        assert_ne!(desk.told(&paid("a", 10, 5)), Decision::Same, "another payment");
    }
}

#[test]
fn a_payment_for_a_booking_that_is_gone_still_runs() {
    let mut desk = Desk::default();
    desk.tell(&created("a", 0));
    desk.tell(&rescheduled("b", "a", 1));
    assert_eq!(desk.told(&paid("a", 9, 2)), Decision::Applied);
    desk.tell(&cancelled("b", 3));
    assert_eq!(desk.told(&paid("b", 10, 4)), Decision::Applied);
    assert_eq!(
        [desk.valid("a"), desk.valid("b")].concat(),
        [Change::Paid, Change::Cancelled, Change::Paid]
    );
}

#[test]
fn a_fee_finds_its_booking_by_number() {
    let mut desk = Desk::default();
    desk.tell(&created("a", 0));
    assert_eq!(reading(&fee("a", 90)).number(), desk.row("a").number);
    let fee = desk.tell(&fee("a", 90));
    assert_eq!((fee.decision, fee.uid), (Decision::Applied, Some("a".into())));
    assert_eq!(fee.transition.change, Change::NoShowFee);
    assert!(!desk.row("a").paid, "a fee pays for no booking");
}

#[test]
fn a_fee_whose_booking_is_unknown_waits_and_goes_ahead() {
    let mut desk = Desk::default();
    assert_eq!(desk.told(&fee("a", 90)), Decision::Early);
    assert_eq!(desk.told(&copy(&fee("a", 90), 3)), Decision::Same);
    desk.tell(&created("a", 0));
    let waited = desk.wait();
    assert_eq!(
        waited.iter().map(|it| (it.decision, it.uid.clone())).collect::<Vec<_>>(),
        [(Decision::Applied, Some("a".into()))]
    );

    let mut desk = Desk::default();
    desk.tell(&fee("a", 90));
    assert_eq!(
        desk.wait().iter().map(|it| (it.decision, it.uid.clone())).collect::<Vec<_>>(),
        [(Decision::Applied, None)]
    );
}

#[test]
fn a_fee_and_a_payment_of_one_number_are_two() {
    let mut desk = Desk::default();
    desk.tell(&created("a", 0));
    assert_eq!(desk.told(&paid("a", 9, 1)), Decision::Applied);
    assert_eq!(desk.told(&fee("a", 90)), Decision::Applied);
}

#[test]
fn an_initiated_payment_accepts_nothing_and_is_stale_once_paid() {
    let initiated = news("BOOKING_PAYMENT_INITIATED", "a", 0, json!({"paymentId": 9}));
    let mut desk = Desk::default();
    assert_eq!(desk.told(&initiated), Decision::Applied);
    assert_eq!(desk.told(&copy(&initiated, 3)), Decision::Same);
    let row = desk.row("a");
    assert_eq!((row.status, row.known), (cal_webhook::BookingState::Pending, false));
    assert_eq!(desk.told(&paid("a", 9, 1)), Decision::Early);

    let mut desk = Desk::default();
    desk.tell(&paid("a", 9, 1));
    assert_eq!(desk.told(&initiated), Decision::Stale);
    let mut desk = Desk::default();
    desk.tell(&cancelled("a", 1));
    assert_eq!(desk.told(&initiated), Decision::Stale);
}
