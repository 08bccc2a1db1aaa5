//! What follows bookings, from the signed delivery to the mailbox, the CRM, the numbers and the
//! channel of the team.

mod effects;
mod hostile;
mod letter;
mod story;
mod world;

use std::collections::BTreeMap;

use chrono::{SubsecRound as _, TimeDelta};
use serde_json::json;

use self::{
    letter::Letter,
    story::{Visit, time},
    world::{SITE, World, now},
};
use crate::office::unique;

const STRATEGY: [&str; 2] = ["strategy-consultation", "Strategy consultation"];
const FIRST: [&str; 2] = ["first-consultation", "First consultation"];

#[tokio::test(flavor = "multi_thread")]
async fn every_delivery_has_every_effect_once() {
    let Some(world) = World::open().await else { return };
    let people = People::new(&world);
    consultation(&world, &people);
    cancellation(&world, &people);
    absence(&world, &people);

    effects::are_as_written(&world, &people);
}

/// Who has which address; other tests have others.
struct People(BTreeMap<&'static str, String>);

impl People {
    fn new(world: &World) -> Self {
        let mut people: BTreeMap<_, _> =
            ["jonas", "mara", "tomas"].map(|name| (name, unique(name))).into();
        people.insert("ida", world.host.clone());
        Self(people)
    }

    fn email(&self, name: &str) -> &str {
        &self.0[name]
    }
}

/// Booked for next week, moved to a time that is over by now, paid, ended, and rated.
fn consultation(world: &World, people: &People) {
    let now = now().trunc_subsecs(0);
    let booked_at = now - TimeDelta::days(8);
    let first = Visit {
        uid: "mara-1",
        number: 1,
        service: STRATEGY,
        host: &world.host,
        email: people.email("mara"),
        attendee: ["Mara Lindqvist", "America/Vancouver", "en"],
        metadata: json!({"funnel_id": "visitor-17"}),
        end: now + TimeDelta::days(6),
    };
    let price = json!({"price": 14_000, "currency": "eur"});
    world.deliver(&first.told("BOOKING_CREATED", booked_at, price.clone()));
    let second = Visit {
        uid: "mara-2",
        number: 2,
        end: now - TimeDelta::hours(2),
        metadata: first.metadata.clone(),
        ..first
    };
    let mut more = json!({"rescheduleUid": "mara-1", "rescheduleId": 1,
        "rescheduleStartTime": time(first.start()), "rescheduleEndTime": time(first.end)});
    more.as_object_mut().unwrap().extend(price.as_object().unwrap().clone());
    let moved_at = booked_at + TimeDelta::days(1);
    world.deliver(&second.told("BOOKING_RESCHEDULED", moved_at, more));
    let mut more = price;
    more["paymentId"] = json!(1);
    world.deliver(&second.told("BOOKING_PAID", moved_at + TimeDelta::minutes(5), more));
    world.deliver(&second.ended(moved_at));
    rating(world, people);
}

/// The mail asks once: the first answer is taken.
fn rating(world: &World, people: &People) {
    let letters = letters(world, people.email("mara"));
    let asking = letters.iter().find(|letter| letter.topic().starts_with("How was it?")).unwrap();
    let link = asking.link(&format!("{SITE}/feedback/"));
    let (status, page) = world.visit("GET", &link, "");
    assert_eq!(status, 200);
    assert!(page.contains("How was your meeting?") && page.contains("Strategy consultation"));
    let answer = "rating=5&comment=Now+we+know+where+to+start.";
    assert_eq!(world.visit("POST", &link, answer).0, 200);
    assert_eq!(world.visit("POST", &link, answer).0, 409);
    assert_eq!(world.visit("GET", &link, "").0, 409);
}

/// Booked, and cancelled more than three days ago: it is time to ask whether to come back.
fn cancellation(world: &World, people: &People) {
    let now = now().trunc_subsecs(0);
    let visit = Visit {
        uid: "jonas-1",
        number: 3,
        service: FIRST,
        host: &world.host,
        email: people.email("jonas"),
        attendee: ["Jonas Weber", "Europe/Vienna", "de"],
        metadata: json!({}),
        end: now + TimeDelta::days(4),
    };
    world.deliver(&visit.told("BOOKING_CREATED", now - TimeDelta::days(5), json!({})));
    let reason = json!({"status": "CANCELLED", "cancellationReason": "Found another time",
        "requestReschedule": false});
    let cancelled_at = now - TimeDelta::days(3) - TimeDelta::hours(1);
    world.deliver(&visit.told("BOOKING_CANCELLED", cancelled_at, reason));
}

/// Over since half an hour, and nobody came: feedback would be asked for in half an hour.
fn absence(world: &World, people: &People) {
    let now = now().trunc_subsecs(0);
    let visit = Visit {
        uid: "tomas-1",
        number: 4,
        service: FIRST,
        host: &world.host,
        email: people.email("tomas"),
        attendee: ["Tomas Berg", "Asia/Kathmandu", "en"],
        metadata: json!({}),
        end: now - TimeDelta::minutes(30),
    };
    world.deliver(&visit.told("BOOKING_CREATED", now - TimeDelta::days(2), json!({})));
    world.deliver(&visit.missed(now - TimeDelta::minutes(20)));
}

fn letters(world: &World, recipient: &str) -> Vec<Letter> {
    let mails = world.office.mails(recipient);
    mails.iter().map(|raw| Letter::read(raw, recipient)).collect()
}
