//! Those who book.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use super::day::Day;
use crate::post::office::unique;

/// Somebody with a booking.
pub(super) struct Guest {
    /// The uid of the first booking; that of the chain.
    chain: String,
    /// The uid of the booking.
    pub(super) uid: String,
    pub(super) email: String,
    /// The address of somebody else who comes.
    pub(super) friend: Option<String>,
    start: DateTime<Utc>,
}

impl Guest {
    pub(super) fn new(uid: &str, start: DateTime<Utc>) -> Self {
        let (chain, email) = (uid.to_owned(), unique(&format!("outage-{uid}")));
        Self { chain, uid: uid.to_owned(), email, friend: None, start }
    }

    pub(super) async fn books(&self, day: &Day) {
        self.tells(day, "BOOKING_CREATED", json!({})).await;
    }

    pub(super) async fn pays(&self, day: &Day) {
        let due = json!({"paymentId": 5, "price": 5000, "currency": "eur"});
        self.tells(day, "BOOKING_PAID", due).await;
    }

    pub(super) async fn moves(&mut self, day: &Day, uid: &str, start: DateTime<Utc>) {
        let before = std::mem::replace(&mut self.uid, uid.to_owned());
        self.start = start;
        self.tells(day, "BOOKING_RESCHEDULED", json!({"rescheduleUid": before})).await;
    }

    pub(super) async fn cancels(&self, day: &Day) {
        self.tells(day, "BOOKING_CANCELLED", json!({"status": "CANCELLED"})).await;
    }

    /// Lets a body about the booking come in that Cal.com made now.
    async fn tells(&self, day: &Day, trigger: &str, members: Value) {
        let people = [&self.email].into_iter().chain(&self.friend);
        let person = |email| json!({"name": "Jonas Weber", "email": email, "timeZone": ""});
        let mut payload = json!({
            "uid": self.uid,
            "title": "Strategy hour",
            "startTime": written(self.start),
            "endTime": written(self.start + TimeDelta::hours(1)),
            "status": "ACCEPTED",
            "organizer": {"name": "Ida Falk", "email": "ida@example.com", "timeZone": ""},
            "attendees": people.map(person).collect::<Vec<_>>(),
        });
        payload.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let created_at = written(day.time.now());
        let body = json!({"triggerEvent": trigger, "createdAt": created_at, "payload": payload});
        day.receive(&self.chain, &body.to_string()).await;
    }
}

fn written(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
