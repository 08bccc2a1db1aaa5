//! What a booking of the API tells, in the words of a webhook.

use bytes::Bytes;
use cal_client::bookings::{Booking, BookingGuest, BookingStatus};
use cal_core::BookingUid;
use cal_webhook::Reading;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

/// Something that a webhook would have reported, or that only the API shows.
#[derive(Debug)]
pub(super) struct News {
    pub(super) body: Bytes,
    pub(super) reading: Reading,
    /// The booking that has taken the place of this one, which is why no hook runs.
    pub(super) successor: Option<BookingUid>,
    /// Only news if the opposite is known: everybody who was never marked is present.
    pub(super) is_denial: bool,
}

/// Tells what has become of a booking, as far as the API shows it.
///
/// Of a booking that was moved twice meanwhile only the last state is told, and of one that was
/// booked and cancelled only the cancellation: what came before is out of date.
pub(super) fn of(booking: &Booking) -> Vec<News> {
    let made = booking.created_at.or(booking.updated_at).unwrap_or(booking.start);
    let changed = booking.updated_at.unwrap_or(made);
    let seats: Vec<_> = booking.attendees.iter().filter(|one| one.seat_uid.is_some()).collect();
    let successor = booking.rescheduled_to_uid.clone().filter(|to| *to != booking.uid);
    // Moving one of several seats does not link bookings.
    let is_moved = seats.is_empty() && booking.rescheduled_from_uid.is_some();
    let (trigger, at) = match &booking.status {
        BookingStatus::Accepted if is_moved => ("BOOKING_RESCHEDULED", made),
        BookingStatus::Accepted => ("BOOKING_CREATED", made),
        BookingStatus::Pending => ("BOOKING_REQUESTED", made),
        BookingStatus::Rejected => ("BOOKING_REJECTED", changed),
        // What it was before it was moved is all the same: it was booked.
        BookingStatus::Cancelled if successor.is_some() => ("BOOKING_CREATED", made),
        BookingStatus::Cancelled => ("BOOKING_CANCELLED", changed),
        _ => return Vec::new(),
    };
    if booking.status == BookingStatus::Accepted && !seats.is_empty() {
        let seat = |guest: &&BookingGuest| {
            let mut payload = payload(booking, std::slice::from_ref(*guest));
            payload["attendeeSeatId"] = json!(guest.seat_uid);
            news(trigger, at, &payload)
        };
        return seats.iter().filter_map(seat).collect();
    }
    let told = news(trigger, at, &payload(booking, &booking.attendees));
    told.map(|news| News { successor, ..news }).into_iter().collect()
}

/// Tells who was missing, and who was not, as of a moment.
pub(super) fn absences(booking: &Booking, at: DateTime<Utc>) -> Vec<News> {
    let told = booking.attendees.iter().filter_map(|guest| {
        let (email, absent) = (guest.email.as_ref()?, guest.absent?);
        let payload = json!({
            "bookingUid": booking.uid,
            "bookingId": booking.id,
            "attendees": [{"email": email, "noShow": absent}],
        });
        news("BOOKING_NO_SHOW_UPDATED", at, &payload)
            .map(|news| News { is_denial: !absent, ..news })
    });
    told.collect()
}

fn news(trigger: &str, at: DateTime<Utc>, payload: &Value) -> Option<News> {
    let at = at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let body = json!({"triggerEvent": trigger, "createdAt": at, "payload": payload});
    let body = Bytes::from(body.to_string());
    let (_, reading) = Reading::parse(body.clone(), DateTime::UNIX_EPOCH);
    Some(News { body, reading: reading?, successor: None, is_denial: false })
}

/// Writes a booking as webhooks do; what the API does not show is absent.
fn payload(booking: &Booking, attendees: &[BookingGuest]) -> Value {
    let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let host = booking.hosts.first();
    let attendees = attendees.iter().map(|guest| {
        json!({
            "name": guest.name,
            "email": guest.email,
            "timeZone": guest.time_zone,
            "language": guest.language.as_ref().map(|language| json!({"locale": language})),
            "phoneNumber": guest.phone_number,
        })
    });
    let is_seated = booking.attendees.iter().any(|guest| guest.seat_uid.is_some());
    let is_single = !is_seated && booking.recurring_booking_uid.is_none();
    let mut payload = json!({
        "uid": booking.uid,
        "bookingId": booking.id,
        "title": booking.title,
        "startTime": time(booking.start),
        "endTime": time(booking.end),
        "length": booking.duration.map(|minutes| minutes as i64),
        "status": booking.status.as_str().to_uppercase(),
        "type": booking.event_type.as_ref().and_then(|it| it.slug.clone()),
        "eventTypeId": booking.event_type.as_ref().map(|it| it.id).or(booking.event_type_id),
        "description": booking.description,
        "additionalNotes": booking.description,
        "organizer": {
            "id": host.and_then(|host| host.id.as_ref()?.as_i64()),
            "name": host.and_then(|host| host.name.as_ref()),
            "email": host.and_then(|host| host.email.as_ref()),
            "username": host.and_then(|host| host.username.as_ref()),
            "timeZone": host.and_then(|host| host.time_zone.as_ref()),
        },
        "attendees": attendees.collect::<Vec<_>>(),
        "location": booking.location,
        "metadata": booking.metadata,
        "rescheduleUid": booking.rescheduled_from_uid.as_ref().filter(|_| !is_seated),
        "rescheduledBy": booking.rescheduled_by_email,
        "cancellationReason": booking.cancellation_reason,
        "cancelledBy": booking.cancelled_by_email,
        // Of series and seats it links nothing.
        "iCalUID": booking.ics_uid.as_ref().filter(|_| is_single),
    });
    // What a webhook would not carry is absent, as there.
    if let Some(members) = payload.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    payload
}

#[cfg(test)]
mod tests {
    use cal_core::{Delivery, Event, Parsed};

    use super::*;

    fn booking(more: &Value) -> Booking {
        let mut booking = json!({
            "id": 7,
            "uid": "b2",
            "title": "Strategy hour",
            "status": "accepted",
            "start": "2026-06-08T09:00:00.000Z",
            "end": "2026-06-08T10:00:00.000Z",
            "duration": 60,
            "hosts": [{"id": "unknown", "name": "Ida Berg", "email": "ida@example.org"}],
            "attendees": [{"name": "Piet", "email": "piet@example.org", "language": "nl"}],
            "createdAt": "2026-06-01T08:00:00.000Z",
            "updatedAt": "2026-06-02T08:00:00.000Z",
            "icsUid": "b1@Cal.com",
        });
        let members = booking.as_object_mut().unwrap();
        members.extend(more.as_object().unwrap().clone());
        serde_json::from_value(booking).unwrap()
    }

    /// The typed events that a booking is told by.
    fn told(more: &Value) -> Vec<(Event, DateTime<Utc>)> {
        let news = of(&booking(more)).into_iter();
        news.map(|news| {
            let delivery = Delivery::parse(news.body);
            assert_eq!(delivery.parsed(), Parsed::Typed);
            assert!(delivery.set_aside().is_empty());
            (delivery.event, delivery.created_at.unwrap())
        })
        .collect()
    }

    #[test]
    fn a_booking_is_told_by_what_it_has_become() {
        let [(Event::BookingRescheduled(moved), at)] =
            &told(&json!({"rescheduledFromUid": "b1"}))[..]
        else {
            panic!("it was moved")
        };
        assert_eq!(at.to_rfc3339(), "2026-06-01T08:00:00+00:00");
        assert_eq!(moved.reschedule_uid, Some("b1".into()));
        assert_eq!(moved.booker().unwrap().email, "piet@example.org");
        let [(Event::BookingCancelled(cancelled), at)] =
            &told(&json!({"status": "cancelled", "cancellationReason": "Ill"}))[..]
        else {
            panic!("it was cancelled")
        };
        assert_eq!(at.to_rfc3339(), "2026-06-02T08:00:00+00:00");
        assert_eq!(cancelled.cancellation_reason.as_deref(), Some("Ill"));
        let requested = told(&json!({"status": "pending"}));
        assert!(matches!(requested[..], [(Event::BookingRequested(_), _)]));
        let rejected = told(&json!({"status": "rejected"}));
        assert!(matches!(rejected[..], [(Event::BookingRejected(_), _)]));
        // What a later version calls a booking is nobody's business yet.
        assert!(told(&json!({"status": "postponed"})).is_empty());
    }

    #[test]
    fn each_seat_is_told_by_itself_and_links_nothing() {
        let seats = json!({
            "rescheduledFromUid": "b1",
            "attendees": [
                {"name": "Piet", "email": "piet@example.org", "seatUid": "s1"},
                {"name": "Noor", "email": "noor@example.org", "seatUid": "s2"},
            ],
        });
        let told = told(&seats);
        assert_eq!(told.len(), 2);
        for ((event, _), seat) in told.iter().zip(["s1", "s2"]) {
            let Event::BookingCreated(booking) = event else { panic!("it was booked") };
            assert_eq!(booking.attendee_seat_id, Some(seat.into()));
            assert_eq!((&booking.reschedule_uid, booking.attendees.len()), (&None, 1));
        }
    }
}
