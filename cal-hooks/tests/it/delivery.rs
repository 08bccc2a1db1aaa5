//! Deliveries as a worker hands them to a hook.

use std::sync::Arc;

use cal_core::Delivery;
use cal_webhook::{Context, DeliveryId, Task, TaskId, Transition};
use serde_json::{Value, json};

/// Makes the first attempt of a hook at a delivery.
pub(crate) fn context(hook: &str, delivery: &Value) -> Context {
    let delivery = Delivery::parse(delivery.to_string());
    let received_at = "2026-03-01T09:00:05Z".parse().unwrap();
    Context::new(Arc::new(Task {
        id: TaskId::new(),
        delivery_id: DeliveryId::new(),
        hook: hook.to_owned(),
        reminder: None,
        attempt: 1,
        fence: 1,
        due_at: received_at,
        expires_in: None,
        received_at,
        transition: Transition::of(&delivery),
        delivery: Arc::new(delivery),
    }))
}

/// Makes a delivery about a booking, with some members of it changed.
pub(crate) fn booking(trigger: &str, changed: Value) -> Value {
    let mut payload = json!({
        "uid": "uid-1",
        "title": "Consultation",
        "startTime": "2026-03-04T10:00:00Z",
        "endTime": "2026-03-04T10:30:00Z",
        "type": "consultation",
        "organizer": { "name": "Ida Falk", "email": "ida@example.com" },
        "attendees": [{ "name": "Jonas Weber", "email": "jonas@example.org" }],
        "status": "ACCEPTED",
    });
    let Value::Object(changed) = changed else { panic!("expected members, found {changed}") };
    payload.as_object_mut().unwrap().extend(changed);
    delivery(trigger, &payload)
}

/// Puts the envelope around a payload.
pub(crate) fn delivery(trigger: &str, payload: &Value) -> Value {
    json!({ "triggerEvent": trigger, "createdAt": "2026-03-01T09:00:00Z", "payload": payload })
}
