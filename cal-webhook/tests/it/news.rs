//! Bodies about bookings at given times.

#![expect(clippy::needless_pass_by_value, reason = "a `json!` reads better without a borrow")]

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::bodies::{booking, envelope};

/// When Cal.com sent what it sent in a minute of the tests.
pub(crate) fn sent_at(minute: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_777_900_000, 0).unwrap() + TimeDelta::minutes(minute)
}

pub(crate) fn text(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A delivery about a booking, sent in this minute.
pub(crate) fn news(trigger: &str, uid: &str, minute: i64, members: Value) -> String {
    let mut all = json!({"uid": uid, "bookingId": number_of(uid)});
    for (name, value) in members.as_object().unwrap() {
        all[name] = value.clone();
    }
    sent(&booking(trigger, all), minute)
}

/// The same body, sent in this minute.
pub(crate) fn sent(body: &str, minute: i64) -> String {
    with(body, |wire| wire["createdAt"] = text(sent_at(minute)).into())
}

/// The body that a second webhook sends: it reports the same, some milliseconds later.
pub(crate) fn copy(body: &str, millis: i64) -> String {
    with(body, |wire| {
        let at: DateTime<Utc> = wire["createdAt"].as_str().unwrap().parse().unwrap();
        wire["createdAt"] = text(at + TimeDelta::milliseconds(millis)).into();
    })
}

/// The body that is sent again with refreshed content.
pub(crate) fn refreshed(body: &str) -> String {
    with(body, |wire| wire["payload"]["description"] = "refreshed".into())
}

pub(crate) fn with(body: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut wire = serde_json::from_str(body).unwrap();
    change(&mut wire);
    wire.to_string()
}

/// A flat body about a meeting; its `createdAt` is the booking's.
pub(crate) fn meeting(trigger: &str, uid: &str, members: Value) -> String {
    let mut wire = json!({
        "triggerEvent": trigger,
        "id": number_of(uid),
        "uid": uid,
        "title": "Strategy hour",
        "startTime": "2026-05-11T08:00:00.000Z",
        "endTime": "2026-05-11T09:00:00.000Z",
        "createdAt": text(sent_at(0)),
        "status": "ACCEPTED",
    });
    for (name, value) in members.as_object().unwrap() {
        wire[name] = value.clone();
    }
    wire.to_string()
}

/// A delivery that a seat of a booking was taken.
pub(crate) fn seat(uid: &str, seat: &str, person: &str, minute: i64) -> String {
    news("BOOKING_CREATED", uid, minute, seat_of(seat, person))
}

/// A delivery that a seat was moved to this booking.
pub(crate) fn seat_moved(uid: &str, from: &str, seat: &str, person: &str, minute: i64) -> String {
    let mut members = seat_of(seat, person);
    members["rescheduleUid"] = from.into();
    news("BOOKING_RESCHEDULED", uid, minute, members)
}

/// A delivery that somebody left a booking with seats; it names no seat.
pub(crate) fn left(uid: &str, person: &str, minute: i64) -> String {
    let row = json!({"id": 36, "name": person, "email": format!("{person}@example.org"),
        "timeZone": "Europe/Oslo", "bookingId": number_of(uid), "noShow": false});
    let members = json!({"status": "CANCELLED", "seatsPerTimeSlot": 3, "attendees": [row]});
    news("BOOKING_CANCELLED", uid, minute, members)
}

fn seat_of(seat: &str, person: &str) -> Value {
    let row = json!({"name": person, "email": format!("{person}@example.org"),
        "timeZone": "Europe/Oslo"});
    let mut members = json!({"seatsPerTimeSlot": 3, "attendees": [row]});
    if !seat.is_empty() {
        members["attendeeSeatId"] = seat.into();
    }
    members
}

/// A delivery that attendees were marked as absent, or were not.
pub(crate) fn no_show(uid: &str, minute: i64, marks: &[(&str, bool)]) -> String {
    let rows: Vec<_> = marks
        .iter()
        .map(|(who, mark)| json!({"email": format!("{who}@example.org"), "noShow": mark}))
        .collect();
    let payload = json!({"message": "x", "bookingUid": uid, "bookingId": number_of(uid),
        "attendees": rows});
    sent(&envelope("BOOKING_NO_SHOW_UPDATED", payload), minute)
}

/// A number for each booking.
pub(crate) fn number_of(uid: &str) -> i64 {
    uid.bytes().fold(0, |sum, byte| (sum * 131 + i64::from(byte)) % 1_000_000_007)
}
