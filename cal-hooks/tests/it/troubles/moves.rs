//! Moves that say less than usual, and cancellations that are part of one.

use cal_testing::orders;
use cal_webhook::{BookingState, Change, Decision};
use serde_json::{Value, json};

use super::{Kept, cancelled, copy, created, news, recorded};

/// A move of `old` without a uid, with these members besides.
fn nameless(trigger: &str, members: Value) -> String {
    let mut all = json!({"uid": null, "rescheduleUid": "old", "bookingId": 121,
        "startTime": "2099-06-09T08:00:00Z", "endTime": "2099-06-09T09:00:00Z"});
    for (name, value) in members.as_object().unwrap() {
        all[name] = value.clone();
    }
    news(trigger, "", 60, all)
}

#[tokio::test]
async fn a_move_without_a_uid_moves_the_old_booking() {
    let members = [
        ("plainX", recorded("reschedule-without-uid")),
        ("old", vec![created("old", 0), nameless("BOOKING_RESCHEDULED", json!({}))]),
        ("old", vec![created("old", 0), nameless("BOOKING_RESCHEDULED", json!({"uid": ""}))]),
        (
            "old",
            vec![created("old", 0), nameless("BOOKING_RESCHEDULED", json!({"bookingId": null}))],
        ),
        ("old", vec![created("old", 0), nameless("BOOKING_CREATED", json!({}))]),
        (
            "old",
            vec![created("old", 0), nameless("BOOKING_REQUESTED", json!({"status": "PENDING"}))],
        ),
    ];
    for (old, bodies) in members.iter().filter(|(_, bodies)| !bodies.is_empty()) {
        for kept in Kept::each().await {
            assert_eq!(kept.tell_all(bodies).await, [Decision::Applied; 2], "{bodies:#?}");
            assert_eq!(kept.status(old).await, Some(BookingState::Moved), "{bodies:#?}");
            // The old reminder, and what had not been told of the old booking.
            assert_eq!(kept.tasks("reminders").await["superseded"], 2, "{bodies:#?}");
            // The second webhook says the same.
            assert_eq!(kept.tell(&copy(&bodies[1], 7)).await.unwrap().1, Decision::Same);
            kept.clear().await;
        }
    }
}

#[tokio::test]
async fn what_is_told_of_the_new_booking_reaches_the_nameless_one() {
    let nameless = nameless("BOOKING_RESCHEDULED", json!({}));
    let named = |trigger, second, mut members: Value| {
        members["bookingId"] = 121.into();
        news(trigger, "new", second, members)
    };
    let gone = named("BOOKING_CANCELLED", 90, json!({"status": "CANCELLED"}));
    for kept in Kept::each().await {
        kept.tell_all(&[created("old", 0), nameless.clone()]).await;
        // A second report with the uid is no second move.
        let members = json!({"rescheduleUid": "old", "startTime": "2099-06-09T08:00:00Z"});
        let whole = named("BOOKING_RESCHEDULED", 61, members);
        assert_eq!(kept.tell(&whole).await, Some((Change::Rescheduled, Decision::Same)));
        assert_eq!(kept.status("new").await, Some(BookingState::Accepted));
        assert_eq!(kept.tell(&gone).await, Some((Change::Cancelled, Decision::Applied)));
        assert_eq!(kept.status("new").await, Some(BookingState::Cancelled));
        assert_eq!(kept.status("old").await, Some(BookingState::Moved));
        assert_eq!(kept.tasks("reminders").await.get("waiting"), Some(&1), "the cancellation");
        kept.clear().await;
    }
}

#[tokio::test]
async fn a_seat_that_is_moved_without_a_uid_leaves_its_booking() {
    let seat = |trigger, uid: &str, second, person: &str, more: Value| {
        let mut members = json!({"seatsPerTimeSlot": 4, "attendeeSeatId": format!("{person}-{second}"),
            "attendees": [{"name": person, "email": format!("{person}@guest.example"),
                "timeZone": "Europe/Oslo"}]});
        for (name, value) in more.as_object().unwrap() {
            members[name] = value.clone();
        }
        news(trigger, uid, second, members)
    };
    let moved = json!({"uid": null, "bookingId": 121, "rescheduleUid": "old"});
    let bodies = [
        seat("BOOKING_CREATED", "old", 0, "runa", json!({})),
        seat("BOOKING_CREATED", "old", 1, "sten", json!({})),
        seat("BOOKING_RESCHEDULED", "", 60, "runa", moved.clone()),
    ];
    for kept in Kept::each().await {
        assert_eq!(kept.tell_all(&bodies).await, [Decision::Applied; 3]);
        assert_eq!(kept.status("old").await, Some(BookingState::Accepted));
        assert_eq!(
            kept.tasks("reminders").await["superseded"],
            2,
            "those of the seat that was left"
        );
        kept.tell(&seat("BOOKING_RESCHEDULED", "", 70, "sten", moved.clone())).await;
        assert_eq!(kept.status("old").await, Some(BookingState::Moved));
        kept.clear().await;
    }
}

#[tokio::test]
async fn a_cancellation_that_names_a_successor_is_part_of_a_move() {
    let naming = |members: Value| {
        let mut all = json!({"status": "CANCELLED", "rescheduledToUid": "new"});
        for (name, value) in members.as_object().unwrap() {
            all[name] = value.clone();
        }
        news("BOOKING_CANCELLED", "old", 60, all)
    };
    let moved = news("BOOKING_RESCHEDULED", "new", 64, json!({"rescheduleUid": "old"}));
    let declined = json!({"status": "REJECTED", "rescheduledToUid": "new"});
    let members = [
        ("bookX", "bookY", recorded("cancelled-with-rescheduledToUid")),
        ("old", "new", vec![created("old", 0), naming(json!({})), moved.clone()]),
        (
            "old",
            "new",
            vec![created("old", 0), naming(json!({"requestReschedule": true})), moved.clone()],
        ),
        (
            "old",
            "new",
            vec![created("old", 0), news("BOOKING_REJECTED", "old", 60, declined), moved],
        ),
    ];
    for (old, new, bodies) in members.iter().filter(|(.., bodies)| !bodies.is_empty()) {
        for (number, order) in orders(bodies).into_iter().enumerate() {
            let mut all = Kept::each().await;
            if number > 0 {
                // The others do the same in every order.
                all.truncate(1);
            }
            for kept in all {
                for body in &order {
                    let (change, decision) = kept.tell(body).await.unwrap();
                    let ends = [Change::Cancelled, Change::Rejected, Change::RescheduleRequested];
                    assert!(!ends.contains(&change) || decision != Decision::Applied, "{order:#?}");
                }
                assert_eq!(kept.status(old).await, Some(BookingState::Moved), "{order:#?}");
                assert_eq!(kept.status(new).await, Some(BookingState::Accepted), "{order:#?}");
                kept.clear().await;
            }
        }
    }
}

#[tokio::test]
async fn a_seat_that_is_cancelled_for_another_one_is_moved() {
    let person = json!([{"name": "Runa Berg", "email": "runa@guest.example", "bookingId": 7, "noShow": false}]);
    let taken = news("BOOKING_CREATED", "old", 0, json!({"seatsPerTimeSlot": 4}));
    let left = news(
        "BOOKING_CANCELLED",
        "old",
        60,
        json!({"status": "CANCELLED", "seatsPerTimeSlot": 4,
        "attendees": person, "rescheduledToUid": "new"}),
    );
    for kept in Kept::each().await {
        assert_eq!(
            kept.tell_all(&[taken.clone(), left.clone()]).await,
            [Decision::Applied, Decision::Stale]
        );
        assert_eq!(kept.status("old").await, Some(BookingState::Moved));
        kept.clear().await;
    }
}

#[tokio::test]
async fn an_empty_successor_is_none() {
    for to in [json!(""), json!(null), json!("old")] {
        let kept = &Kept::each().await[0];
        let plain = news(
            "BOOKING_CANCELLED",
            "old",
            60,
            json!({"status": "CANCELLED", "rescheduledToUid": to}),
        );
        assert_eq!(
            kept.tell_all(&[created("old", 0), plain]).await,
            [Decision::Applied; 2],
            "{to}"
        );
        assert_eq!(kept.status("old").await, Some(BookingState::Cancelled), "{to}");
    }
    let kept = &Kept::each().await[0];
    assert_eq!(
        kept.tell_all(&[created("old", 0), cancelled("old", 9)]).await,
        [Decision::Applied; 2]
    );
}
