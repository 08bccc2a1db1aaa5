//! Deliveries whose times are missing or cannot be read.

use cal_core::{Delivery, Parsed};
use cal_webhook::{BookingState, Decision};
use serde_json::{Value, json};

use super::{Kept, created, news, recorded, sent};

/// Times that nobody can read.
fn unreadable() -> [Value; 5] {
    [json!(""), json!(null), json!("Invalid Date"), json!("2099-06-08T08:00:00"), json!({})]
}

#[tokio::test]
async fn an_end_needs_no_time() {
    let mut members =
        vec![("timX", BookingState::Cancelled, recorded("cancellation-without-time"))];
    for time in unreadable() {
        let about = |trigger, status: &str| {
            let members = json!({"status": status, "startTime": time, "endTime": time});
            vec![created("a", 0), news(trigger, "a", 9, members)]
        };
        members.push(("a", BookingState::Cancelled, about("BOOKING_CANCELLED", "CANCELLED")));
        members.push(("a", BookingState::Rejected, about("BOOKING_REJECTED", "REJECTED")));
        let moved = json!({"rescheduleUid": "a", "startTime": time, "endTime": time});
        let moved = news("BOOKING_RESCHEDULED", "b", 9, moved);
        members.push(("a", BookingState::Moved, vec![created("a", 0), moved]));
    }
    for (uid, status, bodies) in members.iter().filter(|(.., bodies)| !bodies.is_empty()) {
        for kept in Kept::each().await {
            assert_eq!(kept.tell_all(bodies).await, [Decision::Applied; 2], "{bodies:#?}");
            assert_eq!(kept.status(uid).await, Some(*status), "{bodies:#?}");
            assert_eq!(kept.tasks("reminders").await["superseded"], 2, "{bodies:#?}");
            kept.clear().await;
        }
    }
}

#[tokio::test]
async fn an_absence_needs_no_time() {
    for time in unreadable() {
        let kept = &Kept::each().await[0];
        kept.tell(&created("a", 0)).await;
        let payload = json!({"bookingUid": "a", "title": "x", "startTime": time, "endTime": time,
            "hostEmail": "osk@host.example", "attendees": [], "participants": []});
        let body = sent("AFTER_HOSTS_CAL_VIDEO_NO_SHOW", 9, payload);
        assert_eq!(kept.tell(&body).await.unwrap().1, Decision::Applied, "{time}");
    }
}

#[test]
fn a_booking_that_is_made_says_when_it_is() {
    for time in unreadable() {
        for trigger in ["BOOKING_CREATED", "BOOKING_REQUESTED"] {
            let delivery = Delivery::parse(news(trigger, "a", 0, json!({"startTime": time})));
            assert_eq!(delivery.parsed(), Parsed::Opaque, "{trigger} {time}");
        }
    }
    let spelled =
        json!({"startTime": "2099-06-08 10:00:00.000+0200", "endTime": 4_084_592_400_000_i64});
    let delivery = Delivery::parse(news("BOOKING_CREATED", "a", 0, spelled));
    assert!(delivery.set_aside().is_empty());
    let usual = Delivery::parse(created("a", 0));
    let period = |delivery: &Delivery| delivery.event.booking().unwrap().period();
    assert_eq!(period(&delivery), period(&usual));
}
