//! What a booking of the API tells, in the words of a webhook.

use bytes::Bytes;
use cal_client::bookings::{Booking, BookingGuest, BookingStatus};
use cal_core::BookingUid;
use cal_webhook::{Change, Reading};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::title;

/// Something that a webhook would have reported, or that only the API shows.
#[derive(Debug)]
pub(super) struct News {
    /// The envelope with its payload.
    wire: Value,
    pub(super) reading: Reading,
    pub(super) kind: Kind,
    /// When the booking was changed last.
    changed: DateTime<Utc>,
}

/// When it is news.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// Only if the opposite is known: everybody who was never marked is present.
    Denial,
    /// Only if the booking stands, and was somewhere else, or without this guest.
    Detail,
    /// It is the first that is known of it: no hook runs.
    First,
    /// If it was not reached before.
    State,
    /// Another booking has taken its place, which is why no hook runs.
    Moved(BookingUid),
}

impl News {
    fn new(trigger: &str, at: DateTime<Utc>, payload: Value, kind: Kind) -> Option<Self> {
        let mut wire = json!({"triggerEvent": trigger, "createdAt": time(at)});
        wire["payload"] = payload;
        let reading = read(&wire)?;
        Some(Self { wire, reading, kind, changed: at })
    }

    /// Returns it as a delivery.
    pub(super) fn body(&self) -> Bytes {
        Bytes::from(self.wire.to_string())
    }

    pub(super) fn uid(&self) -> Option<&BookingUid> {
        self.reading.uids().next()
    }

    /// Whether both are about the same attendee of the same booking.
    pub(super) fn has_subject_of(&self, other: &Self) -> bool {
        self.uid() == other.uid() && self.reading.keys().eq(other.reading.keys())
    }

    pub(super) fn is_change(&self, changes: &[Change]) -> bool {
        changes.contains(&self.reading.transition().change)
    }

    /// Tells it as of the last change: a booking that waited was made before it was accepted.
    pub(super) fn dated_by_change(mut self) -> Self {
        self.wire["createdAt"] = json!(time(self.changed));
        self.reading = read(&self.wire).unwrap_or(self.reading);
        self
    }

    pub(super) fn payload(&self) -> &Value {
        &self.wire["payload"]
    }

    /// Adds what the API does not show, and others have told.
    pub(super) fn complete(mut self, members: Vec<(&str, Value)>) -> Self {
        for (name, value) in members {
            self.wire["payload"][name] = value;
        }
        self.reading = read(&self.wire).unwrap_or(self.reading);
        self
    }
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
        return seats.into_iter().filter_map(|guest| seat(booking, guest, made)).collect();
    }
    let kind = successor.map_or(Kind::State, Kind::Moved);
    let told = News::new(trigger, at, payload(booking, &booking.attendees), kind);
    told.map(|news| News { changed, ..news }).into_iter().collect()
}

/// Tells that a seat was taken.
pub(super) fn seat(booking: &Booking, guest: &BookingGuest, at: DateTime<Utc>) -> Option<News> {
    let mut payload = payload(booking, std::slice::from_ref(guest));
    payload["attendeeSeatId"] = json!(guest.seat_uid);
    News::new("BOOKING_CREATED", at, payload, Kind::State)
}

/// Tells that a seat was given up, in the words in which it was told that it was taken.
pub(super) fn seat_left(taken: &cal_core::Booking, at: DateTime<Utc>) -> Option<News> {
    let leaver = taken.booker()?;
    let mut payload = serde_json::to_value(taken).ok()?;
    payload["attendees"] = json!([leaver]);
    // By these it is told from the cancellation of all seats.
    payload["attendees"][0]["bookingId"] = json!(taken.id.map_or(0, |id| id.0));
    payload["seatsPerTimeSlot"] = json!(taken.seats_per_time_slot.unwrap_or(1));
    payload["status"] = json!("CANCELLED");
    let members = payload.as_object_mut()?;
    for name in ["rescheduleUid", "rescheduleId", "rescheduleStartTime", "rescheduleEndTime"] {
        members.remove(name);
    }
    News::new("BOOKING_CANCELLED", at, payload, Kind::State)
}

/// Tells where a booking is and who comes: that may have changed without a webhook.
pub(super) fn details(booking: &Booking) -> Vec<News> {
    let at = booking.updated_at.or(booking.created_at);
    let Some(at) = at.filter(|_| booking.status == BookingStatus::Accepted) else {
        return Vec::new();
    };
    let all = payload(booking, &booking.attendees);
    let place = News::new("BOOKING_LOCATION_UPDATED", at, all.clone(), Kind::Detail);
    let is_seated = booking.attendees.iter().any(|guest| guest.seat_uid.is_some());
    let guests = booking.attendees.iter().enumerate().skip(1).filter(|_| !is_seated);
    let added = guests.filter_map(|(place, _)| {
        let email = email(booking, place)?;
        let is_email =
            |it: &Option<String>| it.as_deref().is_some_and(|it| it.eq_ignore_ascii_case(&email));
        if booking.hosts.iter().any(|host| is_email(&host.email)) {
            return None;
        }
        let mut payload = all.clone();
        payload["guestsAdded"] = json!([email]);
        News::new("BOOKING_CREATED", at, payload, Kind::Detail)
    });
    // The place comes last: where nothing is known, it makes the guests known as well.
    added.chain(place).collect()
}

/// Tells who was missing, and who was not, as of a moment.
pub(super) fn absences(booking: &Booking, at: DateTime<Utc>) -> Vec<News> {
    let told = booking.attendees.iter().enumerate().filter_map(|(place, guest)| {
        let (email, absent) = (email(booking, place)?, guest.absent?);
        let payload = json!({
            "bookingUid": booking.uid,
            "bookingId": booking.id,
            "attendees": [{"email": email, "noShow": absent}],
        });
        let kind = if absent { Kind::State } else { Kind::Denial };
        News::new("BOOKING_NO_SHOW_UPDATED", at, payload, kind)
    });
    told.collect()
}

fn read(wire: &Value) -> Option<Reading> {
    Reading::parse(wire.to_string(), DateTime::UNIX_EPOCH).1
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The address of an attendee; where it is missing, the one that they, or the booker, answered.
fn email(booking: &Booking, place: usize) -> Option<String> {
    let guest = booking.attendees.get(place)?;
    let answered = guest.booking_fields_responses.as_ref();
    let booker = booking.booking_fields_responses.as_ref().filter(|_| place == 0);
    let answers = [answered, booker].into_iter().flatten();
    let answers = answers.filter_map(|it| it.get("email")?.as_str());
    let known = guest.email.as_deref().into_iter().chain(guest.display_email.as_deref());
    known.chain(answers).find(|email| !email.trim().is_empty()).map(str::to_owned)
}

/// Writes a booking as webhooks do; what the API does not show is absent.
fn payload(booking: &Booking, attendees: &[BookingGuest]) -> Value {
    let host = booking.hosts.first();
    let attendees = attendees.iter().map(|guest| {
        let place = booking.attendees.iter().position(|other| other == guest);
        json!({
            "name": guest.name,
            "email": place.and_then(|place| email(booking, place)),
            "timeZone": guest.time_zone,
            "language": guest.language.as_ref().map(|language| json!({"locale": language})),
            "phoneNumber": guest.phone_number,
        })
    });
    let seats = booking.attendees.iter().filter(|guest| guest.seat_uid.is_some()).count();
    let is_seated = seats > 0;
    let is_single = !is_seated && booking.recurring_booking_uid.is_none();
    let service = title::of(booking);
    let mut payload = json!({
        "uid": booking.uid,
        "bookingId": booking.id,
        // The title of a booking with seats names the first guest.
        "title": if is_seated { &service } else { &booking.title },
        "eventTitle": service,
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
        "seatsPerTimeSlot": is_seated.then_some(seats),
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
            let delivery = Delivery::parse(news.body());
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
