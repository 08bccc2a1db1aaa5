//! What mails say, and which transition sends which.

#![expect(clippy::needless_pass_by_value, reason = "a `json!` reads better without a borrow")]

mod hostile;
mod later;
mod news;
mod texts;

use std::sync::{Arc, Mutex};

use cal_core::{Booking, Delivery};
use cal_hooks::email::{Kind, Mail, Mailer, Transport};
use cal_webhook::{
    Arrival, DeliveryId, Dispatcher, HookError, Outcome, Signer, Task, TaskId, Transition, Verifier,
};
use serde_json::{Value, json};

const SECRET: &str = "a secret for tests";

/// Keeps what is sent, and refuses whom it is told to refuse.
#[derive(Clone, Default)]
struct Outbox {
    mails: Arc<Mutex<Vec<Mail>>>,
    refused: Arc<Mutex<Option<&'static str>>>,
}

impl Transport for Outbox {
    async fn send(&self, mail: &Mail) -> Result<(), HookError> {
        if *self.refused.lock().unwrap() == Some(mail.to.email()) {
            return Err(HookError::transient("busy"));
        }
        self.mails.lock().unwrap().push(mail.clone());
        Ok(())
    }
}

impl Outbox {
    fn mailer(&self) -> Mailer {
        Mailer::new(self.clone(), "Ida Falk <ida@example.com>".parse().unwrap())
    }

    fn take(&self) -> Vec<Mail> {
        std::mem::take(&mut *self.mails.lock().unwrap())
    }

    /// The kinds and readers of what was sent, in the order of the addresses.
    fn sent(&self) -> Vec<(Kind, String)> {
        let mut sent: Vec<_> =
            self.take().into_iter().map(|mail| (mail.kind, mail.to.email().to_owned())).collect();
        sent.sort_by(|a, b| a.1.cmp(&b.1));
        sent
    }
}

/// An envelope around a booking with these members.
fn body(trigger: &str, members: Value) -> String {
    let mut payload = json!({
        "uid": "first",
        "bookingId": 7,
        "type": "strategy",
        "title": "Strategy hour between Ida Falk and Jonas Weber",
        "eventTitle": "Strategy hour",
        "startTime": "2026-05-11T08:00:00Z",
        "endTime": "2026-05-11T09:00:00Z",
        "status": "ACCEPTED",
        "organizer": {
            "name": "Ida Falk",
            "email": "ida@example.com",
            "username": "ida",
            "timeZone": "Europe/Oslo",
            "language": {"locale": "en"},
        },
        "attendees": [{
            "name": "Jonas Weber",
            "email": "jonas@example.org",
            "timeZone": "Europe/Paris",
            "language": {"locale": "en"},
        }],
        "location": "integrations:daily",
        "metadata": {"videoCallUrl": "https://app.cal.com/video/first"},
    });
    for (name, value) in members.as_object().unwrap() {
        payload[name] = value.clone();
    }
    envelope(trigger, payload)
}

/// An envelope around a payload.
fn envelope(trigger: &str, payload: Value) -> String {
    json!({"triggerEvent": trigger, "createdAt": "2026-05-04T09:30:00.000Z", "payload": payload})
        .to_string()
}

/// A booking with these members.
fn booking(members: Value) -> Booking {
    let delivery = Delivery::parse(body("BOOKING_CREATED", members));
    Booking::clone(delivery.event.booking().unwrap())
}

/// A signed and verified body, ready to be stored.
fn arrival(body: &str) -> Arrival {
    let signature = Signer::new(SECRET).unwrap().sign(body);
    Arrival::new(Verifier::new(SECRET).unwrap().verify(body.to_owned(), signature).unwrap())
}

/// Runs the hooks on a body, and then whatever they want to do later.
async fn run(hooks: &Dispatcher, body: &str) -> Vec<Outcome> {
    let mut outcomes = hooks.dispatch(arrival(body)).await;
    let delivery = Delivery::parse(body.to_owned());
    let Some(transition) = Transition::of(&delivery) else { return outcomes };
    let names: Vec<_> = hooks.names().map(str::to_owned).collect();
    for hook in names {
        for reminder in hooks.reminders(&hook, &transition, &delivery) {
            outcomes.push(remind(hooks, &hook, reminder.name(), &delivery).await);
        }
    }
    outcomes
}

/// Runs one reminder of a hook.
async fn remind(hooks: &Dispatcher, hook: &str, name: &str, delivery: &Delivery) -> Outcome {
    let at = delivery.created_at.unwrap();
    let task = Task {
        id: TaskId::new(),
        delivery_id: DeliveryId::new(),
        hook: hook.to_owned(),
        reminder: Some(name.to_owned()),
        attempt: 1,
        fence: 1,
        due_at: at,
        expires_in: None,
        received_at: at,
        transition: Transition::of(delivery),
        delivery: Arc::new(delivery.clone()),
    };
    hooks.run(Arc::new(task)).await
}
