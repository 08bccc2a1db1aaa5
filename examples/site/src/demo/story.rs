//! What happens in the demo.

use chrono::{DateTime, SecondsFormat, SubsecRound as _, TimeDelta, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

/// A first consultation next week that is moved by two days, and then cancelled.
pub(super) fn cancelled(now: DateTime<Utc>) -> [Value; 3] {
    let first = now.date_naive().and_hms_opt(9, 0, 0).unwrap_or_default().and_utc();
    let (first, second) = (first + TimeDelta::days(7), first + TimeDelta::days(9));
    let [created, moved] = [uid(), uid()];
    [
        envelope("BOOKING_CREATED", now, booking(&created, first), json!({})),
        envelope(
            "BOOKING_RESCHEDULED",
            now + TimeDelta::seconds(1),
            booking(&moved, second),
            json!({"rescheduleUid": created, "rescheduleId": 1, "rescheduleStartTime": first}),
        ),
        envelope(
            "BOOKING_CANCELLED",
            now + TimeDelta::seconds(2),
            booking(&moved, second),
            json!({"status": "CANCELLED", "cancellationReason": "Found another time",
                "requestReschedule": false}),
        ),
    ]
}

/// A consultation that was booked last week, paid, and is over since two hours ago.
pub(super) struct Consultation {
    pub(super) uid: String,
    pub(super) visitor: String,
    pub(super) booked_at: DateTime<Utc>,
    start: DateTime<Utc>,
    pub(super) end: DateTime<Utc>,
}

impl Consultation {
    pub(super) fn new(now: DateTime<Utc>) -> Self {
        // Times of meetings have no fractions of a second.
        let now = now.trunc_subsecs(0);
        let end = now - TimeDelta::hours(2);
        let (start, booked_at) = (end - TimeDelta::minutes(60), now - TimeDelta::days(8));
        Self { uid: uid(), visitor: uid(), booked_at, start, end }
    }

    pub(super) fn deliveries(&self) -> [Value; 3] {
        let price = json!({"type": "strategy-consultation", "eventTitle": "Strategy consultation",
            "title": "Strategy consultation between Ida Falk and Mara Lindqvist", "bookingId": 2,
            "price": 14000, "currency": "eur", "endTime": self.end, "length": 60,
            "attendees": [{"name": "Mara Lindqvist", "email": "mara@example.org",
                "timeZone": "America/Vancouver", "language": {"locale": "en"}}],
            "metadata": {"funnel_id": self.visitor}});
        let mut paid = price.clone();
        paid["paymentId"] = json!(1);
        let booking = || booking(&self.uid, self.start);
        let paid_at = self.booked_at + TimeDelta::minutes(2);
        [
            envelope("BOOKING_CREATED", self.booked_at, booking(), price),
            envelope("BOOKING_PAID", paid_at, booking(), paid),
            self.ended(),
        ]
    }

    /// `MEETING_ENDED` is the booking's row, without an envelope.
    fn ended(&self) -> Value {
        json!({
            "triggerEvent": "MEETING_ENDED",
            "id": 2,
            "uid": self.uid,
            "title": "Strategy consultation between Ida Falk and Mara Lindqvist",
            "startTime": self.start,
            "endTime": self.end,
            "createdAt": self.booked_at,
            "status": "ACCEPTED",
            "paid": true,
            "userPrimaryEmail": "ida@example.com",
            "user": {"name": "Ida Falk", "email": "ida@example.com", "timeZone": "Europe/Berlin"},
            "attendees": [{"name": "Mara Lindqvist", "email": "mara@example.org",
                "timeZone": "America/Vancouver", "locale": "en", "noShow": false}],
        })
    }
}

fn booking(uid: &str, start: DateTime<Utc>) -> Value {
    json!({
        "uid": uid,
        "bookingId": 1,
        "type": "first-consultation",
        "title": "First consultation between Ida Falk and Jonas Weber",
        "eventTitle": "First consultation",
        "startTime": start,
        "endTime": start + TimeDelta::minutes(45),
        "length": 45,
        "status": "ACCEPTED",
        "organizer": {"name": "Ida Falk", "email": "ida@example.com", "username": "ida",
            "timeZone": "Europe/Berlin", "language": {"locale": "de"}},
        "attendees": [{"name": "Jonas Weber", "email": "jonas@example.org",
            "timeZone": "Europe/Vienna", "language": {"locale": "de"}}],
        "responses": {"notes": {"label": "additional_notes", "value": "How do we start?"}},
        "location": "integrations:daily",
        "metadata": {"videoCallUrl": format!("https://video.example.com/{uid}")},
    })
}

fn envelope(trigger: &str, at: DateTime<Utc>, mut payload: Value, more: Value) -> Value {
    if let (Some(payload), Value::Object(more)) = (payload.as_object_mut(), more) {
        payload.extend(more);
    }
    let created_at = at.to_rfc3339_opts(SecondsFormat::Millis, true);
    json!({"triggerEvent": trigger, "createdAt": created_at, "payload": payload})
}

fn uid() -> String {
    Uuid::new_v4().simple().to_string()
}
