//! Bodies for the tests: bookings of invented people.

#![expect(clippy::needless_pass_by_value, reason = "a `json!` reads better without a borrow")]

use cal_webhook::{Arrival, Signer, Verifier};
use serde_json::{Value, json};

pub(crate) const SECRET: &str = "a secret for tests";

/// An envelope around a booking with these members.
pub(crate) fn booking(trigger: &str, members: Value) -> String {
    let mut payload = json!({
        "uid": "first",
        "bookingId": 7,
        "title": "Strategy hour",
        "startTime": "2026-05-11T08:00:00Z",
        "endTime": "2026-05-11T09:00:00Z",
        "status": "ACCEPTED",
        "organizer": {"name": "Nora Dale", "email": "nora@example.com", "timeZone": "Europe/Oslo"},
        "attendees": [{"name": "Piet Roos", "email": "piet@example.org", "timeZone": "Europe/Paris"}],
    });
    for (name, value) in members.as_object().unwrap() {
        payload[name] = value.clone();
    }
    envelope(trigger, payload)
}

/// An envelope around a payload.
pub(crate) fn envelope(trigger: &str, payload: Value) -> String {
    json!({"triggerEvent": trigger, "createdAt": "2026-05-04T09:30:00.000Z", "payload": payload})
        .to_string()
}

/// A signed and verified body, ready to be stored.
pub(crate) fn arrival(body: &str) -> Arrival {
    let signature = Signer::new(SECRET).unwrap().sign(body);
    Arrival::new(Verifier::new(SECRET).unwrap().verify(body.to_owned(), signature).unwrap())
}
