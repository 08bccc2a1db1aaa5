//! Bookings, and what belongs to them.

use cal_client::bookings::{
    Booking, BookingReference, BookingStatus, EventTypeRef, Recording, ReferenceKind,
};
use serde_json::{Value, json};

#[test]
fn only_what_names_the_event_type_is_sent() {
    let team = EventTypeRef::of_team("sales", "intro").in_organization("acme");
    for (event_type, sent) in [
        (EventTypeRef::from(7).in_organization("acme"), json!({"eventTypeId": 7})),
        (
            EventTypeRef::of_user("ann", "intro"),
            json!({"eventTypeSlug": "intro", "username": "ann"}),
        ),
        (team, json!({"eventTypeSlug": "intro", "teamSlug": "sales", "organizationSlug": "acme"})),
    ] {
        assert_eq!(serde_json::to_value(&event_type).unwrap(), sent);
    }
}

/// Returns the least that every server shows of a booking.
pub(crate) fn booking(uid: &str) -> Value {
    json!({
        "id": 1,
        "uid": uid,
        "status": "accepted",
        "start": "2026-11-23T09:00:00.000Z",
        "end": "2026-11-23T09:30:00.000Z",
    })
}

#[test]
fn little_of_a_booking_must_be_there() {
    let mut value = booking("a");
    value["hosts"] = json!([{"id": "unknown", "username": "unknown"}]);
    value["status"] = json!("postponed");
    for name in ["title", "attendees", "description", "eventType", "rating", "updatedAt"] {
        value[name] = Value::Null;
    }
    let booking: Booking = serde_json::from_value(value).unwrap();
    assert_eq!(booking.status, BookingStatus::Other("postponed".to_owned()));
    assert_eq!(booking.title, "");
}

#[test]
fn ids_are_texts_or_numbers() {
    for (id, read) in
        [(json!("7"), Some("7")), (json!(7), Some("7")), (json!(null), None), (json!([]), None)]
    {
        let value = json!({"id": 1, "type": "new_video", "destinationCalendarId": id});
        let reference: BookingReference = serde_json::from_value(value).unwrap();
        assert_eq!(reference.destination_calendar_id.as_deref(), read);
        assert_eq!(reference.kind, ReferenceKind::Other("new_video".to_owned()));
    }
}

#[test]
fn recordings_begin_at_seconds_since_1970() {
    let value = json!({"id": "a", "startTs": 1_678_901_234, "shareToken": "hidden"});
    let recording: Recording = serde_json::from_value(value).unwrap();
    assert_eq!(recording.start.unwrap().timestamp(), 1_678_901_234);
    assert!(!format!("{recording:?}").contains("hidden"));
}
