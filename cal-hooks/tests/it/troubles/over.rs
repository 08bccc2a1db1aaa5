//! News about bookings that are over.

use cal_core::Delivery;
use cal_webhook::{Change, Decision, Transition};
use serde_json::{Value, json};

use super::{Kept, cancelled, created, news, recorded, sent};

/// Everything that may be told of `a` besides what ends it, with whether it outlives it.
fn anything() -> Vec<(String, bool)> {
    let call = json!({"bookingUid": "a", "title": "x", "hostEmail": "osk@host.example", "attendees":
        [{"email": "runa@guest.example", "noShow": false}], "participants": []});
    let marks = json!({"message": "x", "bookingUid": "a", "attendees": [{"email": "runa@guest.example", "noShow": true}]});
    let file = json!({"uid": "a", "title": "x", "downloadLink": "https://rec.example/r/1"});
    let about = |trigger, members: Value| news(trigger, "a", 500, members);
    vec![
        (sent("AFTER_GUESTS_CAL_VIDEO_NO_SHOW", 500, call.clone()), false),
        (sent("AFTER_HOSTS_CAL_VIDEO_NO_SHOW", 500, call), false),
        (sent("BOOKING_NO_SHOW_UPDATED", 500, marks), false),
        (about("BOOKING_LOCATION_UPDATED", json!({"location": "Quay 4"})), false),
        (about("BOOKING_REASSIGNED", json!({"addedHostUserIds": [4]})), false),
        (about("BOOKING_CREATED", json!({})), false),
        (about("BOOKING_REQUESTED", json!({"status": "PENDING"})), false),
        (about("BOOKING_PAYMENT_INITIATED", json!({"paymentId": 9})), false),
        (about("BOOKING_PAID", json!({"paymentId": 9})), true),
        (about("BOOKING_PAID", json!({"paymentId": 8, "paymentData": {"id": 8}})), true),
        (about("INSTANT_MEETING", json!({})), false),
        (sent("INSTANT_MEETING_ACCEPTED", 500, json!({"bookingUid": "a", "title": "x"})), false),
        (sent("RECORDING_READY", 500, file.clone()), true),
        (sent("RECORDING_TRANSCRIPTION_GENERATED", 500, file), true),
        (sent("WRONG_ASSIGNMENT_REPORT", 500, json!({"booking": {"uid": "a"}})), true),
    ]
}

#[tokio::test]
async fn of_a_booking_that_is_over_people_hear_nothing() {
    let ends = [
        vec![created("a", 0), cancelled("a", 9)],
        vec![created("a", 0), news("BOOKING_RESCHEDULED", "b", 9, json!({"rescheduleUid": "a"}))],
        vec![
            news("BOOKING_REQUESTED", "a", 0, json!({"status": "PENDING"})),
            news("BOOKING_REJECTED", "a", 9, json!({"status": "REJECTED"})),
        ],
    ];
    for end in ends {
        for kept in Kept::each().await {
            kept.tell_all(&end).await;
            let [people, reminders] = [kept.tasks("people").await, kept.tasks("reminders").await];
            for (body, outlives) in anything() {
                let (change, decision) = kept.tell(&body).await.unwrap();
                assert_eq!(change.outlives_booking(), outlives, "{body}");
                assert_eq!(decision == Decision::Applied, outlives, "{body}");
            }
            assert_eq!(kept.tasks("people").await, people, "{end:#?}");
            assert_eq!(kept.tasks("reminders").await, reminders, "{end:#?}");
            // Who keeps books hears of money, recordings and reports.
            assert!(kept.tasks("books").await["waiting"] >= 5);
            kept.clear().await;
        }
    }
}

#[tokio::test]
async fn the_absent_of_a_meeting_that_did_not_take_place_are_not_missed() {
    let bodies = recorded("no-show-of-cancelled-booking");
    for kept in Kept::each().await {
        for (place, body) in bodies.iter().enumerate() {
            let expected = if place < 2 { Decision::Applied } else { Decision::Stale };
            assert_eq!(kept.tell(body).await.unwrap().1, expected, "{body}");
        }
        kept.clear().await;
    }
}

#[tokio::test]
async fn who_gave_up_a_seat_is_not_missed() {
    let seat = json!({"seatsPerTimeSlot": 4, "attendeeSeatId": "s1"});
    let other = json!({"seatsPerTimeSlot": 4, "attendeeSeatId": "s2",
        "attendees": [{"name": "Sten", "email": "sten@guest.example", "timeZone": "Europe/Oslo"}]});
    let left = json!({"status": "CANCELLED", "seatsPerTimeSlot": 4,
        "attendees": [{"name": "Runa Berg", "email": "runa@guest.example", "bookingId": 7, "noShow": false}]});
    let marked = |email: &str| {
        sent(
            "BOOKING_NO_SHOW_UPDATED",
            500,
            json!({"message": "x", "bookingUid": "a", "attendees": [{"email": email, "noShow": true}]}),
        )
    };
    for kept in Kept::each().await {
        let bodies = [
            news("BOOKING_CREATED", "a", 0, seat.clone()),
            news("BOOKING_CREATED", "a", 1, other.clone()),
            news("BOOKING_CANCELLED", "a", 2, left.clone()),
        ];
        assert_eq!(kept.tell_all(&bodies).await, [Decision::Applied; 3]);
        assert_eq!(kept.tell(&marked("runa@guest.example")).await.unwrap().1, Decision::Stale);
        assert_eq!(kept.tell(&marked("sten@guest.example")).await.unwrap().1, Decision::Applied);
        kept.clear().await;
    }
}

#[tokio::test]
async fn who_was_declined_hears_of_no_cancellation() {
    let bodies = [
        news("BOOKING_REQUESTED", "a", 0, json!({"status": "PENDING"})),
        news("BOOKING_REJECTED", "a", 9, json!({"status": "REJECTED"})),
        cancelled("a", 20),
    ];
    for kept in Kept::each().await {
        let expected = [Decision::Applied, Decision::Applied, Decision::Stale];
        assert_eq!(kept.tell_all(&bodies).await, expected);
        let people = kept.tasks("people").await;
        assert_eq!(people.get("waiting"), Some(&1), "the refusal is still to be told: {people:?}");
        kept.clear().await;
    }
}

#[test]
fn before_december_2025_the_trigger_itself_says_who_was_absent() {
    let rows = json!([
        {"email": "osk@host.example", "name": "Osk Vidal", "noShow": false},
        {"email": "runa@guest.example", "name": "Runa Berg", "noShow": false},
        {"email": "sten@guest.example", "name": "Sten Lie", "noShow": false},
    ]);
    let host = json!([{"user_id": "7", "participant_id": "p", "email": "Osk@host.example"}]);
    let call = |members: Value| {
        let mut payload =
            json!({"bookingUid": "a", "title": "x", "attendees": rows, "participants": host});
        for (name, value) in members.as_object().unwrap() {
            payload[name] = value.clone();
        }
        let body = sent("AFTER_GUESTS_CAL_VIDEO_NO_SHOW", 0, payload);
        let delivery = Delivery::parse(body);
        assert_eq!(Transition::of(&delivery).unwrap().change, Change::GuestNoShow);
        let cal_core::Event::AfterGuestsCalVideoNoShow(call) = delivery.event else { panic!() };
        let absent = call.absent_guests().into_iter();
        absent.map(|guest| guest.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(call(json!({})), ["Runa Berg", "Sten Lie"]);
    assert_eq!(
        call(json!({"participants": [], "hostEmail": "osk@host.example"})),
        ["Runa Berg", "Sten Lie"]
    );
    let now = json!({"guests": [{"email": "runa@guest.example", "name": "Runa Berg", "noShow": true},
        {"email": "sten@guest.example", "name": "Sten Lie", "noShow": false}]});
    assert_eq!(call(now), ["Runa Berg"]);
}
