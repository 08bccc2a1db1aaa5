//! Deliveries as Cal.com sends them, about bookings of an hour.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

/// A booking, and who takes part.
pub(super) struct Visit<'a> {
    pub(super) uid: &'a str,
    pub(super) number: u32,
    /// The event type's link and title.
    pub(super) service: [&'a str; 2],
    pub(super) host: &'a str,
    pub(super) email: &'a str,
    /// The attendee's name, time zone and language.
    pub(super) attendee: [&'a str; 3],
    pub(super) metadata: Value,
    pub(super) end: DateTime<Utc>,
}

impl Visit<'_> {
    pub(super) fn start(&self) -> DateTime<Utc> {
        self.end - TimeDelta::hours(1)
    }

    /// Writes what a trigger tells about the booking, and more.
    pub(super) fn told(&self, trigger: &str, at: DateTime<Utc>, more: Value) -> Value {
        let [slug, service] = self.service;
        let [name, zone, language] = self.attendee;
        let mut payload = json!({
            "uid": self.uid,
            "bookingId": self.number,
            "type": slug,
            "title": self.title(),
            "eventTitle": service,
            "startTime": time(self.start()),
            "endTime": time(self.end),
            "length": 60,
            "status": "ACCEPTED",
            "organizer": {"name": "Ida Falk", "email": self.host, "username": "ida",
                "timeZone": "Europe/Berlin", "language": {"locale": "en"}},
            "attendees": [{"name": name, "email": self.email, "timeZone": zone,
                "language": {"locale": language}}],
            "location": "integrations:daily",
            "metadata": self.metadata,
        });
        if let (Some(payload), Value::Object(more)) = (payload.as_object_mut(), more) {
            payload.extend(more);
        }
        envelope(trigger, at, &payload)
    }

    /// `MEETING_ENDED` is the booking's row, without an envelope.
    pub(super) fn ended(&self, made_at: DateTime<Utc>) -> Value {
        let [name, zone, language] = self.attendee;
        json!({
            "triggerEvent": "MEETING_ENDED",
            "id": self.number,
            "uid": self.uid,
            "title": self.title(),
            "startTime": time(self.start()),
            "endTime": time(self.end),
            "createdAt": time(made_at),
            "status": "ACCEPTED",
            "paid": true,
            "userPrimaryEmail": self.host,
            "user": {"name": "Ida Falk", "email": self.host, "timeZone": "Europe/Berlin"},
            "attendees": [{"name": name, "email": self.email, "timeZone": zone,
                "locale": language, "noShow": false}],
            "eventType": {"slug": self.service[0]},
            "metadata": self.metadata,
        })
    }

    /// Marks the attendee as absent.
    pub(super) fn missed(&self, at: DateTime<Utc>) -> Value {
        let payload = json!({
            "message": format!("{} marked as no-show", self.email),
            "attendees": [{"email": self.email, "noShow": true}],
            "bookingUid": self.uid,
            "bookingId": self.number,
        });
        envelope("BOOKING_NO_SHOW_UPDATED", at, &payload)
    }

    fn title(&self) -> String {
        format!("{} between Ida Falk and {}", self.service[1], self.attendee[0])
    }
}

fn envelope(trigger: &str, at: DateTime<Utc>, payload: &Value) -> Value {
    json!({"triggerEvent": trigger, "createdAt": time(at), "payload": payload})
}

pub(super) fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
