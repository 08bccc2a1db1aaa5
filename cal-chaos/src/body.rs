//! Deliveries as Cal.com writes them.

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use crate::{
    model::Fact,
    story::{Booking, Event},
};

/// Returns the name of the trigger that reports a fact.
pub(crate) fn trigger(fact: &Fact) -> &'static str {
    match fact {
        // Confirming a booking that replaces another one has the trigger of a new booking.
        Fact::Accepted { from: None } => "BOOKING_CREATED",
        Fact::Accepted { from: Some(_) } => "BOOKING_RESCHEDULED",
        Fact::Cancelled => "BOOKING_CANCELLED",
        Fact::Ended => "MEETING_ENDED",
        Fact::NoShow(_) => "BOOKING_NO_SHOW_UPDATED",
        Fact::Paid => "BOOKING_PAID",
        Fact::PaymentDue => "BOOKING_PAYMENT_INITIATED",
        Fact::Rejected => "BOOKING_REJECTED",
        Fact::Requested { .. } => "BOOKING_REQUESTED",
        Fact::WronglyAssigned => "WRONG_ASSIGNMENT_REPORT",
    }
}

/// Writes the delivery that reports an event.
///
/// A refreshed copy has the same trigger, booking and time of sending, and what Cal.com read again
/// when it sent it once more. It may show that the booking is gone.
pub(crate) fn write(booking: &Booking, event: &Event, refreshed: Option<u32>) -> Bytes {
    let body = match event.fact {
        Fact::Ended => meeting(booking, refreshed),
        Fact::NoShow(absent) => envelope(event, &no_show(booking, absent, refreshed)),
        Fact::WronglyAssigned => envelope(event, &wrong_assignment(booking)),
        _ => envelope(event, &payload(booking, event, refreshed)),
    };
    body.to_string().into()
}

fn envelope(event: &Event, payload: &Value) -> Value {
    let trigger = trigger(&event.fact);
    json!({"triggerEvent": trigger, "createdAt": time(event.at), "payload": payload})
}

fn payload(booking: &Booking, event: &Event, refreshed: Option<u32>) -> Value {
    let mut payload = json!({
        "bookerUrl": "https://cal.example.com",
        "type": "first-consultation",
        "title": format!("First consultation between Ida Falk and {}", booking.name),
        "eventTitle": "First consultation",
        "startTime": time(booking.start),
        "endTime": time(booking.end),
        "length": 45,
        "organizer": {"id": 7, "name": "Ida Falk", "email": "ida@example.com",
            "timeZone": "Europe/Berlin", "language": {"locale": "de"}},
        "attendees": [{"name": booking.name, "email": booking.email,
            "timeZone": "Europe/Vienna", "language": {"locale": "de"}}],
        "responses": {"email": {"label": "email_address", "value": booking.email}},
        "location": "integrations:daily",
        "additionalNotes": refreshed.map_or("How do we start?".to_owned(), |copy| {
            format!("How do we start? (read again, {copy})")
        }),
        "eventTypeId": 11,
        "uid": booking.uid,
        "bookingId": booking.number,
        "seatsPerTimeSlot": null,
    });
    let status = match &event.fact {
        Fact::Accepted { .. } if event.gone && refreshed.is_some_and(|copy| copy % 2 == 0) => {
            "CANCELLED"
        }
        Fact::Cancelled => "CANCELLED",
        Fact::Rejected => "REJECTED",
        Fact::Requested { .. } => "PENDING",
        _ => "ACCEPTED",
    };
    if let Value::Object(members) = &mut payload {
        members.insert("status".to_owned(), status.into());
        more(members, booking, event);
    }
    payload
}

/// Adds what only some triggers send.
fn more(members: &mut Map<String, Value>, booking: &Booking, event: &Event) {
    let added = match &event.fact {
        Fact::Accepted { from: Some(from) } | Fact::Requested { from: Some(from) } => {
            json!({"rescheduleUid": from})
        }
        Fact::Cancelled => json!({"requestReschedule": event.asks,
            "cancellationReason": "Found another time"}),
        Fact::Rejected => json!({"rejectionReason": "No room that day"}),
        Fact::Paid | Fact::PaymentDue => json!({"paymentId": 50_000 + booking.number,
            "price": 9000, "currency": "EUR"}),
        _ => return,
    };
    if let Value::Object(added) = added {
        members.extend(added);
    }
}

/// The flat row of a meeting, whose `createdAt` is the booking's.
fn meeting(booking: &Booking, refreshed: Option<u32>) -> Value {
    let made = booking.start - chrono::TimeDelta::days(1);
    json!({
        "triggerEvent": "MEETING_ENDED",
        "id": booking.number,
        "uid": booking.uid,
        "title": format!("First consultation between Ida Falk and {}", booking.name),
        "startTime": time(booking.start),
        "endTime": time(booking.end),
        "createdAt": time(made),
        "updatedAt": time(made + chrono::TimeDelta::seconds(refreshed.unwrap_or_default().into())),
        "status": "ACCEPTED",
        "location": "integrations:daily",
        "attendees": [{"id": booking.number, "email": booking.email, "name": booking.name,
            "timeZone": "Europe/Vienna", "locale": "de", "bookingId": booking.number}],
    })
}

fn no_show(booking: &Booking, absent: bool, refreshed: Option<u32>) -> Value {
    let again = refreshed.map(|copy| format!(" ({copy})")).unwrap_or_default();
    let marked = if absent { "marked" } else { "unmarked" };
    json!({
        "message": format!("{} {marked} as no-show{again}", booking.email),
        "attendees": [{"email": booking.email, "noShow": absent}],
        "bookingUid": booking.uid,
        "bookingId": booking.number,
    })
}

fn wrong_assignment(booking: &Booking) -> Value {
    json!({
        "booking": {"uid": booking.uid, "id": booking.number, "title": "First consultation",
            "startTime": time(booking.start), "endTime": time(booking.end), "status": "ACCEPTED",
            "eventType": {"id": 11, "title": "First consultation", "slug": "first-consultation",
                "teamId": 3}},
        "report": {"reportedBy": {"id": 8, "email": "otto@example.com", "name": "Otto Falk"},
            "firstAssignmentReason": null, "guest": booking.email,
            "host": {"email": "ida@example.com", "name": "Ida Falk"},
            "correctAssignee": "otto@example.com", "additionalNotes": "Mine"},
    })
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
