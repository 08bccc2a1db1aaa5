//! Two facts that look like one, and one fact that is told twice.

use cal_testing::orders;
use cal_webhook::Decision;
use serde_json::{Value, json};

use super::{Kept, copy, created, recorded, sent};

const ONCE: [Decision; 2] = [Decision::Applied, Decision::Same];

fn absent_host(email: Option<&str>, message: &str) -> String {
    let payload = json!({"title": "Panel", "bookingUid": "a", "startTime": "2026-05-04T13:00:00.000Z",
        "endTime": "2026-05-04T13:30:00.000Z", "attendees": [], "participants": [],
        "hostEmail": email, "message": message});
    sent("AFTER_HOSTS_CAL_VIDEO_NO_SHOW", 300, payload)
}

fn absent_guests(guests: &[&str]) -> String {
    let rows: Vec<_> =
        guests.iter().map(|it| json!({"email": it, "name": "", "noShow": true})).collect();
    let payload = json!({"title": "Panel", "bookingUid": "a", "attendees": [], "participants": [],
        "guests": rows, "message": "somebody did not join"});
    sent("AFTER_GUESTS_CAL_VIDEO_NO_SHOW", 300, payload)
}

fn recording(link: &str, second: i64) -> String {
    sent("RECORDING_READY", second, json!({"uid": "a", "title": "Panel", "downloadLink": link}))
}

fn transcript(link: &str, second: i64) -> String {
    let links = json!({"transcription": [{"format": "vtt", "link": link}]});
    let payload = json!({"uid": "a", "title": "Panel", "downloadLinks": links});
    sent("RECORDING_TRANSCRIPTION_GENERATED", second, payload)
}

fn form(email: &str, second: i64) -> String {
    let answers = json!({"email": {"value": email, "response": email}});
    sent(
        "FORM_SUBMITTED",
        second,
        json!({"formId": "f", "formName": "Contact", "responses": answers}),
    )
}

#[tokio::test]
async fn two_facts_of_one_moment_are_two() {
    let recorded = recorded("two-absent-hosts-same-millisecond");
    let pairs: Vec<[String; 2]> = vec![
        [absent_host(Some("osk@host.example"), "x"), absent_host(Some("kit@host.example"), "x")],
        [
            absent_host(None, "Host osk@host.example did not join."),
            absent_host(None, "Host kit@host.example did not join."),
        ],
        [absent_guests(&["runa@guest.example"]), absent_guests(&["sten@guest.example"])],
        [recording("https://rec.example/r/1", 300), recording("https://rec.example/r/2", 300)],
        [
            recording("https://rec.example/get?id=1&sig=a", 300),
            recording("https://rec.example/get?id=2&sig=a", 300),
        ],
        [
            transcript("https://rec.example/t/1.vtt", 300),
            transcript("https://rec.example/t/2.vtt", 300),
        ],
        [form("runa@guest.example", 300), form("sten@guest.example", 300)],
    ];
    for kept in Kept::each().await {
        for body in &recorded {
            assert_eq!(kept.tell(body).await.unwrap().1, Decision::Applied, "{body}");
        }
        kept.clear().await;
    }
    for pair in pairs {
        for order in orders(&pair) {
            for kept in Kept::each().await {
                kept.tell(&created("a", 0)).await;
                assert_eq!(kept.tell_all(&order).await, [Decision::Applied; 2], "{order:#?}");
                kept.clear().await;
            }
        }
    }
}

#[tokio::test]
async fn one_fact_from_two_webhooks_is_one() {
    let recorded = recorded("two-webhooks-stateless-triggers");
    for kept in Kept::each().await {
        for pair in recorded.chunks(2) {
            assert_eq!(kept.tell_all(pair).await, ONCE, "{pair:#?}");
        }
        kept.clear().await;
    }
    let other_webhook = |body: String, millis| [copy(&body, millis), body];
    let pairs = [
        other_webhook(form("runa@guest.example", 300), 9_999),
        other_webhook(form("runa@guest.example", 300), 1),
        other_webhook(absent_host(Some("osk@host.example"), "x"), 7),
        [absent_host(Some("osk@host.example"), "x"), absent_host(Some("OSK@host.example"), "y")],
        // The other webhook asks to be told later.
        other_webhook(absent_host(Some("osk@host.example"), "x"), 600_000),
        other_webhook(absent_guests(&["runa@guest.example", "sten@guest.example"]), 7),
        [
            recording("https://rec.example/r/1?X-Amz-Signature=a", 300),
            recording("https://rec.example/r/1?X-Amz-Signature=b", 300),
        ],
        [
            recording("https://rec.example/r/1?token=a", 300),
            recording("https://rec.example/r/1?token=b", 4_000),
        ],
        other_webhook(transcript("https://rec.example/t/1.vtt", 300), 7),
    ];
    for pair in pairs {
        for order in orders(&pair) {
            for kept in Kept::each().await {
                kept.tell(&created("a", 0)).await;
                assert_eq!(kept.tell_all(&order).await, ONCE, "{order:#?}");
                kept.clear().await;
            }
        }
    }
}

#[tokio::test]
async fn the_same_form_is_news_when_it_comes_again_later() {
    let forms = [0, 3600, 10].map(|later| form("runa@guest.example", 300 + later));
    for order in orders(&forms) {
        for kept in Kept::each().await {
            assert_eq!(kept.tell_all(&order).await, [Decision::Applied; 3], "{order:#?}");
            for body in &forms {
                assert_eq!(kept.tell(&copy(body, 7)).await.unwrap().1, Decision::Same);
            }
            kept.clear().await;
        }
    }
}

#[tokio::test]
async fn reports_without_a_booking_are_one_by_what_they_say() {
    let error = |user: u32| {
        json!({"error": {"type": "CalendarAppDelegationCredentialError", "message": "x"},
        "credential": {"id": -1, "type": "google_calendar"}, "user": {"id": user, "email": "osk@host.example"}})
    };
    let report = |notes: &str| json!({"booking": {"uid": "a", "id": 7}, "report": {"additionalNotes": notes}});
    let rotated = |at: &str| json!({"delegationCredential": {"id": "d", "secretExpiresAt": at}});
    let instant = |uid: &str| json!({"uid": uid, "connectAndJoinUrl": "https://cal.example/i", "responses": {}});
    let ways: [(&str, Value, Value); 5] = [
        ("DELEGATION_CREDENTIAL_ERROR", error(1), error(2)),
        ("WRONG_ASSIGNMENT_REPORT", report("one"), report("two")),
        (
            "DELEGATION_CREDENTIAL_SECRET_ROTATED",
            rotated("2027-01-01T00:00:00Z"),
            rotated("2027-04-01T00:00:00Z"),
        ),
        ("INSTANT_MEETING", instant("i1"), instant("i2")),
        ("CALENDAR_ENTRY_REJECTED", json!({"a": 1}), json!({"a": 2})),
    ];
    for kept in Kept::each().await {
        for (trigger, one, other) in &ways {
            let [one, other] = [one, other].map(|payload| sent(trigger, 300, payload.clone()));
            let told = [copy(&one, 7), one.clone(), other, copy(&one, 60_000)];
            let expected =
                [Decision::Applied, Decision::Same, Decision::Applied, Decision::Applied];
            assert_eq!(kept.tell_all(&told).await, expected, "{trigger}");
        }
        kept.clear().await;
    }
}
