//! `docs/triggers.md` says what the code does.

use std::{collections::BTreeSet, fs};

use cal_core::Trigger;
use cal_webhook::{BookingState, Decision, Identity};
use serde_json::{Value, json};

use crate::{
    bodies::envelope,
    desk::{Desk, reading},
    news::{copy, meeting, news, sent},
};

/// A row of the table.
#[derive(Debug)]
struct Row {
    trigger: String,
    methods: BTreeSet<String>,
    identity: String,
    changes: BTreeSet<String>,
    over: BTreeSet<String>,
}

fn table() -> Vec<Row> {
    let text = fs::read_to_string("../docs/triggers.md").unwrap();
    let lines = text.lines().filter_map(|line| line.strip_prefix("| `"));
    let row = |line: &str| {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let [trigger, methods, identity, _, changes, over, _] = cells[..] else { panic!("{line}") };
        let set = |cell: &str| {
            let names = cell.split(", ").map(|name| name.trim_matches('`').to_owned());
            names.filter(|name| !name.is_empty()).collect()
        };
        Row {
            trigger: trigger.trim_end_matches('`').to_owned(),
            methods: set(methods),
            identity: identity.to_owned(),
            changes: set(changes),
            over: set(over),
        }
    };
    lines.map(row).collect()
}

/// Deliveries of every trigger about the booking `a`, one for each method.
fn samples() -> Vec<String> {
    let about = |trigger, members: Value| news(trigger, "a", 20, members);
    let other = |trigger, payload: Value| sent(&envelope(trigger, payload), 20);
    let call = json!({"bookingUid": "a", "title": "x", "attendees": [{"email": "piet@example.org"}],
        "participants": [], "hostEmail": "nora@example.com"});
    let marks =
        json!({"bookingUid": "a", "attendees": [{"email": "piet@example.org", "noShow": true}]});
    let answers = json!({"email": {"value": "piet@example.org"}});
    let form = json!({"formId": "f", "formName": "Contact", "responses": answers});
    let rotation =
        json!({"delegationCredential": {"id": "d", "secretExpiresAt": "2027-01-01T00:00:00Z"}});
    let files = json!({"transcription": [{"format": "vtt", "link": "https://rec.example/t/1"}]});
    let pending = json!({"status": "PENDING", "rescheduleUid": "old"});
    vec![
        other("AFTER_GUESTS_CAL_VIDEO_NO_SHOW", call.clone()),
        other("AFTER_HOSTS_CAL_VIDEO_NO_SHOW", call),
        about("BOOKING_CANCELLED", json!({"status": "CANCELLED"})),
        about("BOOKING_CANCELLED", json!({"status": "CANCELLED", "requestReschedule": true})),
        about("BOOKING_CREATED", json!({})),
        about("BOOKING_CREATED", json!({"rescheduleUid": "old"})),
        about("BOOKING_LOCATION_UPDATED", json!({"location": "Quay 4"})),
        other("BOOKING_NO_SHOW_UPDATED", marks),
        about("BOOKING_PAID", json!({"paymentId": 9})),
        about("BOOKING_PAID", json!({"paymentId": 8, "paymentData": {"id": 8}})),
        about("BOOKING_PAYMENT_INITIATED", json!({"paymentId": 9})),
        about("BOOKING_REASSIGNED", json!({"addedHostUserIds": [4]})),
        about("BOOKING_REJECTED", json!({"status": "REJECTED"})),
        about("BOOKING_REQUESTED", pending.clone()),
        about("BOOKING_RESCHEDULED", json!({"rescheduleUid": "old"})),
        about("BOOKING_RESCHEDULED", pending),
        other("CALENDAR_ENTRY_REJECTED", json!({"uid": "a"})),
        other("DELEGATION_CREDENTIAL_ERROR", json!({"error": {"type": "x"}})),
        other("DELEGATION_CREDENTIAL_ROTATION_REQUIRED", rotation.clone()),
        other("DELEGATION_CREDENTIAL_SECRET_ROTATED", rotation.clone()),
        other("DELEGATION_CREDENTIAL_SECRET_ROTATION_FAILED", rotation),
        other("FORM_SUBMITTED", form.clone()),
        other("FORM_SUBMITTED_NO_EVENT", form.clone()),
        other("INSTANT_MEETING", json!({"uid": "a", "responses": {}})),
        other("INSTANT_MEETING_ACCEPTED", json!({"bookingUid": "a", "title": "x"})),
        meeting("MEETING_ENDED", "a", json!({})),
        meeting("MEETING_STARTED", "a", json!({})),
        other("OOO_CREATED", json!({"oooEntry": {"uuid": "u", "notes": "away"}})),
        about("PING", json!({"uid": null, "bookingId": null})),
        other("RECORDING_READY", json!({"uid": "a", "downloadLink": "https://rec.example/r/1"})),
        other("RECORDING_TRANSCRIPTION_GENERATED", json!({"uid": "a", "downloadLinks": files})),
        other("ROUTING_FORM_FALLBACK_HIT", form),
        other("WRONG_ASSIGNMENT_REPORT", json!({"booking": {"uid": "a"}})),
    ]
}

/// What must be known so that the delivery is news.
fn before(body: &str) -> Vec<String> {
    let makes = ["BOOKING_CREATED", "BOOKING_REQUESTED", "BOOKING_RESCHEDULED", "BOOKING_REJECTED"];
    let is_first = makes.iter().any(|trigger| body.contains(&format!("\"{trigger}\"")));
    let uid = if is_first { "old" } else { "a" };
    vec![news("BOOKING_CREATED", uid, 0, json!({}))]
}

fn trigger(body: &str) -> String {
    serde_json::from_str::<Value>(body).unwrap()["triggerEvent"].as_str().unwrap().to_owned()
}

fn method(body: &str) -> String {
    format!("on_{}", reading(body).transition().change)
}

/// The same from another webhook, or some time later.
fn again(body: &str, millis: i64) -> Decision {
    let mut desk = Desk::default();
    for body in before(body) {
        desk.tell(&body);
    }
    assert_eq!(desk.told(body), Decision::Applied, "{body}");
    // The time of a meeting's row is the booking's.
    let wire = if body.contains("\"MEETING_") {
        body.replace("Strategy", "strategy")
    } else {
        copy(body, millis)
    };
    desk.told(&wire)
}

#[test]
fn every_trigger_stands_in_the_table_once() {
    let rows: Vec<_> = table().into_iter().map(|row| row.trigger).collect();
    let triggers = Trigger::SUBSCRIBABLE.into_iter().chain([Trigger::Ping]);
    let mut triggers: Vec<_> = triggers.map(|trigger| trigger.to_string()).collect();
    triggers.sort();
    assert_eq!(rows, triggers);
}

#[test]
fn the_table_names_methods_and_identities() {
    for row in table() {
        let own = || samples().into_iter().filter(|body| trigger(body) == row.trigger);
        let methods: BTreeSet<_> = own().map(|body| method(&body)).collect();
        assert_eq!(methods, row.methods, "{}", row.trigger);
        for body in own() {
            let identity = reading(&body).transition().change.identity();
            assert_eq!(identity.as_str(), row.identity, "{body}");
            assert_ne!(again(&body, 7), Decision::Applied, "{body}");
            assert_ne!(again(&body, 9_999), Decision::Applied, "{body}");
            let is_news = again(&body, 3_600_000) == Decision::Applied;
            assert_eq!(is_news, identity == Identity::Content, "{body}");
        }
    }
}

#[test]
fn the_table_names_what_changes() {
    for row in table() {
        let mut changes = BTreeSet::new();
        for body in samples().iter().filter(|body| trigger(body) == row.trigger) {
            let mut desk = Desk::default();
            for body in before(body) {
                desk.tell(&body);
            }
            let shown = |desk: &Desk| ["a", "old"].map(|uid| desk.public(&uid.into()));
            let was = shown(&desk);
            desk.tell(body);
            for (was, now) in was.into_iter().zip(shown(&desk)) {
                let Some(now) = now else { continue };
                if was.as_ref().is_none_or(|was| was.status != now.status) && now.known {
                    changes.insert(now.status.as_str().to_owned());
                }
                if now.paid && !was.is_some_and(|was| was.paid) {
                    changes.insert("paid".to_owned());
                }
            }
        }
        assert_eq!(changes, row.changes, "{}", row.trigger);
    }
}

#[test]
fn the_table_names_what_may_run_when_the_booking_is_over() {
    let ends = [
        news("BOOKING_CANCELLED", "a", 5, json!({"status": "CANCELLED"})),
        news("BOOKING_RESCHEDULED", "b", 5, json!({"rescheduleUid": "a"})),
        news("BOOKING_REJECTED", "a", 5, json!({"status": "REJECTED"})),
    ];
    for row in table() {
        for body in samples().iter().filter(|body| trigger(body) == row.trigger) {
            let may_run = row.over.contains(&method(body));
            assert_eq!(reading(body).transition().change.outlives_booking(), may_run, "{body}");
            for end in &ends {
                let mut desk = Desk::default();
                let pending = json!({"status": "PENDING"});
                desk.tell(&news("BOOKING_REQUESTED", "a", 0, pending));
                desk.tell(end);
                let over = desk.row("a").status;
                assert!(!matches!(over, BookingState::Pending | BookingState::Accepted));
                // A pending booking that is cancelled again says nothing new.
                assert_eq!(desk.told(body) == Decision::Applied, may_run, "{end} {body}");
            }
        }
        assert!(row.over.is_subset(&row.methods), "{}", row.trigger);
    }
}
