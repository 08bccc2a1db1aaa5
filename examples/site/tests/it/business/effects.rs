//! What shall have followed, written by hand, and what did.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{People, letter::Letter, letters, world::World};
use crate::server::Seen;

/// Who gets which mails: what their subjects say before the time.
const MAILS: [(&str, &[&str]); 4] = [
    (
        "ida",
        &[
            "Cancelled: Jonas Weber, First consultation",
            "Did not come: Tomas Berg, First consultation",
            "Moved: Mara Lindqvist, Strategy consultation",
            "New booking: Jonas Weber, First consultation",
            "New booking: Mara Lindqvist, Strategy consultation",
            "New booking: Tomas Berg, First consultation",
            "Payment received: Mara Lindqvist, Strategy consultation",
        ],
    ),
    (
        "jonas",
        &[
            "Abgesagt: First consultation",
            "Bestätigt: First consultation",
            "Finden wir einen neuen Termin? First consultation",
        ],
    ),
    (
        "mara",
        &[
            "Confirmed: Strategy consultation",
            "How was it? Strategy consultation",
            "New time: Strategy consultation",
            "Payment received: Strategy consultation",
        ],
    ),
    ("tomas", &["Confirmed: First consultation", "We missed you: First consultation"]),
];

/// Contacts, the newest first: stage, score and what it is made of, and their bookings.
const CONTACTS: [(&str, &str, i64, &str, &str); 3] = [
    ("tomas", "opportunity", 5, "booked +20, did not come -15", "tomas-1"),
    ("jonas", "lead", 10, "booked +20, cancelled -10", "jonas-1"),
    (
        "mara",
        "customer",
        75,
        "booked +20, paid +30, came +15, liked the meeting +10",
        "mara-2 mara-1",
    ),
];

/// Contacts at HubSpot, where a stage never goes back.
const HUBSPOT_CONTACTS: [(&str, &str, &str, &str); 3] = [
    ("mara", "Mara", "Lindqvist", "customer"),
    ("jonas", "Jonas", "Weber", "opportunity"),
    ("tomas", "Tomas", "Berg", "opportunity"),
];

/// Meetings at HubSpot: booking and contact, and outcome.
const HUBSPOT_MEETINGS: [(&str, &str); 4] = [
    ("mara-1-101", "RESCHEDULED"),
    ("mara-2-101", "COMPLETED"),
    ("jonas-1-102", "CANCELED"),
    ("tomas-1-103", "NO_SHOW"),
];

/// Events at PostHog: name, visitor and booking.
const EVENTS: [(&str, &str, &str); 8] = [
    ("booking_created", "visitor-17", "mara-1"),
    ("booking_rescheduled", "visitor-17", "mara-2"),
    ("payment_received", "visitor-17", "mara-2"),
    ("meeting_ended", "visitor-17", "mara-2"),
    ("booking_created", "jonas-1", "jonas-1"),
    ("booking_cancelled", "jonas-1", "jonas-1"),
    ("booking_created", "tomas-1", "tomas-1"),
    ("no_show", "tomas-1", "tomas-1"),
];

const NOTICES: [&str; 7] = [
    "*Booked* – Strategy consultation between Ida Falk and Mara Lindqvist",
    "*Rescheduled* – Strategy consultation between Ida Falk and Mara Lindqvist",
    "*Paid* – Strategy consultation between Ida Falk and Mara Lindqvist",
    "*Booked* – First consultation between Ida Falk and Jonas Weber",
    "*Cancelled* – First consultation between Ida Falk and Jonas Weber",
    "*Booked* – First consultation between Ida Falk and Tomas Berg",
    "*No-show*",
];

/// How far visitors came: of all services, and of the strategy consultation.
const FUNNEL: [(&str, u64, u64); 8] = [
    ("page_view", 3, 1),
    ("booker_viewed", 3, 1),
    ("event_type_selected", 3, 1),
    ("slots_viewed", 3, 1),
    ("booked", 3, 1),
    ("paid", 1, 1),
    ("attended", 1, 1),
    ("feedback", 1, 1),
];

/// What every delivery is worked through by.
const HOOKS: [&str; 13] = [
    "analytics",
    "appointments",
    "crm",
    "email",
    "email-consultation",
    "email-host",
    "email-reminders",
    "email-return",
    "hubspot",
    "journal",
    "payments",
    "posthog",
    "slack",
];

/// What was planned for later: booking, what planned it, task and how it stands.
const REMINDERS: [(&str, &str, &str, &str); 17] = [
    ("jonas-1", "booked", "feedback/1h after end", "superseded"),
    ("jonas-1", "booked", "follow_up/3 days after end", "superseded"),
    ("jonas-1", "booked", "reminder/1h before start", "superseded"),
    ("jonas-1", "booked", "reminder/24h before start", "superseded"),
    ("jonas-1", "cancelled", "return/3 days after cancellation", "done"),
    ("mara-1", "booked", "feedback/1h after end", "superseded"),
    ("mara-1", "booked", "follow_up/3 days after end", "superseded"),
    ("mara-1", "booked", "reminder/1h before start", "superseded"),
    ("mara-1", "booked", "reminder/24h before start", "superseded"),
    ("mara-2", "rescheduled", "feedback/1h after end", "done"),
    ("mara-2", "rescheduled", "follow_up/3 days after end", "waiting"),
    ("mara-2", "rescheduled", "reminder/1h before start", "skipped"),
    ("mara-2", "rescheduled", "reminder/24h before start", "skipped"),
    ("tomas-1", "booked", "feedback/1h after end", "waiting"),
    ("tomas-1", "booked", "follow_up/3 days after end", "waiting"),
    ("tomas-1", "booked", "reminder/1h before start", "skipped"),
    ("tomas-1", "booked", "reminder/24h before start", "skipped"),
];

/// What is known of each service; an hour-long meeting of `strategy-consultation` was booked eight
/// days ago and ended two hours ago.
fn services() -> Value {
    json!([
        {
            "service": "first-consultation",
            "bookings": 2, "completed": 0, "no_shows": 1, "cancelled": 1, "rejected": 0,
            "to_come": 0, "unknown": 0,
            "completion_rate": 0.0, "no_show_rate": 1.0, "cancellation_rate": 0.5,
            "revenue": {},
            "lead_median": 470_700, "lead_p90": 774_000,
            "rating": null, "ratings": 0,
        },
        {
            "service": "strategy-consultation",
            "bookings": 1, "completed": 1, "no_shows": 0, "cancelled": 0, "rejected": 0,
            "to_come": 0, "unknown": 0,
            "completion_rate": 1.0, "no_show_rate": 0.0, "cancellation_rate": 0.0,
            "revenue": {"EUR": 14_000},
            "lead_median": 680_400, "lead_p90": 680_400,
            "rating": 5.0, "ratings": 1,
        },
    ])
}

/// Compares everything that followed with the tables.
pub(super) fn are_as_written(world: &World, people: &People) {
    mails(world, people);
    contacts(world);
    hubspot(world);
    events(world, people);
    numbers(world);
    notices(world);
    tasks(world);
}

fn mails(world: &World, people: &People) {
    let mut ids = BTreeSet::new();
    for (name, expected) in MAILS {
        let letters = letters(world, people.email(name));
        let mut topics: Vec<_> = letters.iter().map(Letter::topic).collect();
        topics.sort_unstable();
        assert_eq!(topics, expected, "{name}");
        ids.extend(letters.into_iter().map(|letter| letter.id));
    }
    assert_eq!(ids.len(), 16, "a Message-ID of its own for every mail");
}

fn contacts(world: &World) {
    let rows = world.items("contacts");
    let read = |row: &Value| {
        let points = row["points"].as_array().unwrap().iter();
        let points = points
            .map(|it| format!("{} {:+}", word(&it["reason"]), it["points"].as_i64().unwrap()));
        let bookings = row["bookings"].as_array().unwrap().iter().map(word);
        (
            who(&row["email"]),
            word(&row["stage"]),
            row["score"].as_i64().unwrap(),
            points.collect::<Vec<_>>().join(", "),
            bookings.collect::<Vec<_>>().join(" "),
        )
    };
    let expected = CONTACTS.map(|(who, stage, score, points, bookings)| {
        (who.to_owned(), stage.to_owned(), score, points.to_owned(), bookings.to_owned())
    });
    assert_eq!(rows.iter().map(read).collect::<Vec<_>>(), expected);
}

fn hubspot(world: &World) {
    let account = world.account.lock().unwrap();
    let contacts: Vec<_> = account
        .contacts
        .iter()
        .map(|row| {
            let [first, last, stage] =
                ["firstname", "lastname", "lifecyclestage"].map(|name| word(&row[name]));
            (who(&row["email"]), first, last, stage)
        })
        .collect();
    let expected = HUBSPOT_CONTACTS.map(|(who, first, last, stage)| {
        (who.to_owned(), first.to_owned(), last.to_owned(), stage.to_owned())
    });
    assert_eq!(contacts, expected);
    let meetings: Vec<_> = account
        .meetings
        .iter()
        .map(|row| (word(&row["calcom_booking"]), word(&row["hs_meeting_outcome"])))
        .collect();
    assert_eq!(
        meetings,
        HUBSPOT_MEETINGS.map(|(key, outcome)| (key.to_owned(), outcome.to_owned()))
    );
    let lines: Vec<_> = world.hubspot.seen().iter().map(Seen::line).collect();
    let made = |kind: &str| {
        let line = format!("POST /crm/v3/objects/{kind}");
        lines.iter().filter(|other| **other == line).count()
    };
    assert_eq!(["contacts", "meetings"].map(made), [3, 4], "{lines:?}");
}

fn events(world: &World, people: &People) {
    let seen = world.posthog.seen();
    let bodies: Vec<_> = seen.iter().map(|seen| seen.json()).collect();
    let read = |body: &Value| {
        (word(&body["event"]), word(&body["distinct_id"]), word(&body["properties"]["booking_uid"]))
    };
    let expected = EVENTS.map(|(name, who, uid)| (name.to_owned(), who.to_owned(), uid.to_owned()));
    assert_eq!(bodies.iter().map(read).collect::<Vec<_>>(), expected);
    let ids: BTreeSet<_> = bodies.iter().map(|body| word(&body["uuid"])).collect();
    assert_eq!(ids.len(), EVENTS.len());
    let text = format!("{bodies:?}");
    let personal = people.0.values().map(String::as_str).chain(["Lindqvist", "Weber", "Berg"]);
    for data in personal {
        assert!(!text.contains(data), "personal data in an event");
    }
}

fn notices(world: &World) {
    let notices = world.notices();
    let first: Vec<_> = notices.iter().map(|text| text.lines().next().unwrap()).collect();
    assert_eq!(first, NOTICES);
}

fn numbers(world: &World) {
    let count = |list: &str| -> Vec<(String, u64)> {
        let steps = world.items(list);
        steps.iter().map(|it| (word(&it["name"]), it["count"].as_u64().unwrap())).collect()
    };
    let all = FUNNEL.map(|(name, count, _)| (name.to_owned(), count));
    assert_eq!(count("analytics/funnel"), all);
    let strategy = FUNNEL.map(|(name, _, count)| (name.to_owned(), count));
    assert_eq!(count("analytics/funnel?service=strategy-consultation"), strategy);
    assert_eq!(Value::Array(world.items("analytics/services")), services());
}

fn tasks(world: &World) {
    let deliveries = world.items("deliveries");
    assert_eq!(deliveries.len(), 8);
    let source: BTreeMap<_, _> = deliveries
        .iter()
        .map(|it| (word(&it["id"]), (word(&it["booking_uid"]), word(&it["transition"]))))
        .collect();
    let (later, at_once): (Vec<_>, Vec<_>) =
        world.items("tasks").into_iter().partition(|task| task["reminder"].is_string());
    let mut done: BTreeMap<String, usize> = BTreeMap::new();
    for task in &at_once {
        let state = (word(&task["state"]), task["attempts"].as_u64().unwrap());
        assert_eq!(state, ("done".to_owned(), 1), "{task}");
        *done.entry(word(&task["hook"])).or_default() += 1;
    }
    assert_eq!(done, HOOKS.map(|hook| (hook.to_owned(), 8)).into());
    let mut reminders: Vec<_> = later
        .iter()
        .map(|task| {
            let (uid, change) = source[&word(&task["delivery_id"])].clone();
            (uid, change, word(&task["reminder"]), word(&task["state"]))
        })
        .collect();
    reminders.sort_unstable();
    let expected = REMINDERS.map(|(uid, change, name, state)| {
        (uid.to_owned(), change.to_owned(), name.to_owned(), state.to_owned())
    });
    assert_eq!(reminders, expected);
}

/// Returns a text, empty if there is none.
fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Returns whose address this is.
fn who(email: &Value) -> String {
    word(email).split('-').next().unwrap().to_owned()
}
