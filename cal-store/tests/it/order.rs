//! The rows do not depend on the order of arrival, and nothing runs that is out of date.

use std::time::Duration;

use cal_store::SqlStore;
use cal_testing::{orders, some_of};
use cal_webhook::{
    Accepted, BookingRecord, BookingState, Change, Decision, Dispatcher, Hook, MemoryStore,
    Settlement, Store, Task, TaskState,
};
use serde_json::{Value, json};

use crate::{
    bodies::{arrival, booking},
    place::Place,
};

const LEASE: Duration = Duration::from_secs(60);
const EVENTS: usize = 5;

fn hooks() -> Dispatcher {
    Dispatcher::new().hook(Hook::named("crm")).hook(Hook::named("mail"))
}

/// The `number`th event of a chain: created, paid, moved twice, cancelled.
fn event(chain: usize, number: usize) -> Value {
    let uid = |letter: &str| format!("{chain:03}{letter}");
    let slot = |day: u32, members: Value| {
        let mut all = json!({
            "startTime": format!("2026-06-{day:02}T08:00:00Z"),
            "endTime": format!("2026-06-{day:02}T09:00:00Z"),
            "title": format!("Strategy hour on the {day}th"),
            "bookingId": chain * 10 + day as usize,
        });
        for (name, value) in members.as_object().unwrap() {
            all[name] = value.clone();
        }
        all
    };
    let (trigger, members) = match number {
        0 => ("BOOKING_CREATED", slot(1, json!({"uid": uid("a")}))),
        1 => ("BOOKING_PAID", slot(1, json!({"uid": uid("a"), "paymentId": chain + 1}))),
        2 => ("BOOKING_RESCHEDULED", slot(2, json!({"uid": uid("b"), "rescheduleUid": uid("a")}))),
        3 => ("BOOKING_RESCHEDULED", slot(3, json!({"uid": uid("c"), "rescheduleUid": uid("b")}))),
        _ => ("BOOKING_CANCELLED", slot(3, json!({"uid": uid("c"), "status": "CANCELLED"}))),
    };
    let mut body: Value = serde_json::from_str(&booking(trigger, members)).unwrap();
    body["createdAt"] = json!(format!("2026-05-04T09:30:{:02}.000Z", number * 10));
    body
}

/// What else arrives of an event: through another webhook, and read again by a retry.
fn repeats(event: &Value) -> [Value; 2] {
    let (mut elsewhere, mut again) = (event.clone(), event.clone());
    let at = event["createdAt"].as_str().unwrap().replace(".000Z", ".004Z");
    elsewhere["createdAt"] = json!(at);
    again["payload"]["description"] = json!("Bring the contract");
    [elsewhere, again]
}

/// A row as every order must leave it: without the chain's number in its names.
fn bare(record: &BookingRecord) -> Value {
    let mut row = json!(record);
    for name in ["uid", "chain"] {
        row[name] = json!(&row[name].as_str().unwrap()[3..]);
    }
    row
}

/// Plans all there is and works off every task, noting what started.
async fn work(store: &impl Store, started: &mut Vec<Task>) {
    while store.plan(&hooks()).await.unwrap() > 0 {}
    loop {
        let mut tasks = store.claim(&[("crm", 100)], LEASE).await.unwrap();
        tasks.extend(store.claim(&[("mail", 100)], LEASE).await.unwrap());
        if tasks.is_empty() {
            return;
        }
        for task in &tasks {
            assert!(store.settle(task, Settlement::Done).await.unwrap());
        }
        started.append(&mut tasks);
    }
}

/// Sends one chain in an order, with repeats in between, and returns what started.
async fn send(store: &impl Store, chain: usize, order: &[usize], at_once: bool) -> Vec<Task> {
    let mut started = Vec::new();
    for (place, &number) in order.iter().enumerate() {
        let event = event(chain, number);
        let mut bodies = vec![event.clone()];
        // An earlier event comes once more, as it was and as repeats have it.
        let earlier = self::event(chain, order[(chain + place) % (place + 1)]);
        bodies.extend(repeats(&earlier));
        bodies.extend([earlier, event]);
        for body in bodies {
            store.accept(arrival(&body.to_string())).await.unwrap();
        }
        if !at_once {
            let before = started.len();
            work(store, &mut started).await;
            if order[..=place].contains(&4) && place > 0 && order[place] != 4 {
                let late = started[before..].iter().filter(|task| is_booking(task, chain, "c"));
                assert_eq!(late.count(), 0, "started after the cancellation: {order:?}");
            }
        }
    }
    // In the end the same has come in every order.
    for body in (0..EVENTS).flat_map(|number| repeats(&event(chain, number))) {
        store.accept(arrival(&body.to_string())).await.unwrap();
    }
    work(store, &mut started).await;
    started
}

/// Whether a task tells that this booking of a chain was accepted.
fn is_booking(task: &Task, chain: usize, letter: &str) -> bool {
    let Some(transition) = &task.transition else { return false };
    let uid = task.delivery.event.booking_uid().map(ToString::to_string);
    matches!(transition.change, Change::Booked | Change::Rescheduled)
        && uid == Some(format!("{chain:03}{letter}"))
}

async fn rows(store: &SqlStore) -> Vec<BookingRecord> {
    let mut rows = store.bookings(1000, None).await.unwrap();
    rows.sort_by(|one, other| one.uid.cmp(&other.uid));
    rows
}

#[tokio::test]
async fn any_order_of_five_events_leaves_the_same_rows_and_starts_nothing_out_of_date() {
    let orders = some_of(orders(&[0, 1, 2, 3, 4]), 24, 7);
    let reference = MemoryStore::new();
    for (chain, order) in orders.iter().enumerate() {
        send(&reference, chain, order, false).await;
    }
    let expected = reference.bookings(1000, None);
    assert_eq!(expected.len(), 3 * orders.len());
    for place in Place::each().await {
        let store = place.store().await;
        let mut started = Vec::new();
        for (chain, order) in orders.iter().enumerate() {
            started.extend(send(&store, chain, order, chain % 2 == 0).await);
        }
        let rows = rows(&store).await;
        for (row, expected) in rows.iter().zip(&expected) {
            assert_eq!((&row.uid, bare(row)), (&expected.uid, bare(expected)), "{}", place.url);
        }
        let states: Vec<_> = rows[..3].iter().map(|row| (row.status, row.paid)).collect();
        let moved = (BookingState::Moved, true);
        assert_eq!(states, [moved, moved, (BookingState::Cancelled, true)]);
        for chain in rows.chunks(3) {
            let chain: Vec<_> = chain.iter().map(bare).collect();
            assert_eq!(chain, rows[..3].iter().map(bare).collect::<Vec<_>>());
        }
        // Each state of each subject was news once: for every hook one task.
        let counters = store.counters().await.unwrap();
        let tasks: u64 = counters.tasks.values().flat_map(|states| states.values()).sum();
        assert_eq!(tasks, counters.deliveries["applied"] * 2);
        let cancelled = started.iter().filter(|task| {
            task.transition.as_ref().is_some_and(|it| it.change == Change::Cancelled)
        });
        assert_eq!(cancelled.count(), 2 * orders.len());
        let paid = started
            .iter()
            .filter(|task| task.transition.as_ref().is_some_and(|it| it.change == Change::Paid));
        // Payments that came first have waited for their booking.
        assert_eq!(paid.count(), 2 * orders.len());
        place.clear().await;
    }
}

#[tokio::test]
async fn a_cancellation_supersedes_what_waits_and_what_fails_meanwhile() {
    for place in Place::each().await {
        let store = place.store().await;
        store.accept(arrival(&event(1, 0).to_string())).await.unwrap();
        store.plan(&hooks()).await.unwrap();
        let running = store.claim(&[("crm", 1)], LEASE).await.unwrap().swap_remove(0);
        let mut cancelled = event(1, 4);
        cancelled["payload"]["uid"] = json!("001a");
        store.accept(arrival(&cancelled.to_string())).await.unwrap();
        store.plan(&hooks()).await.unwrap();

        let again = Settlement::Retry { after: Duration::ZERO, error: "503".to_owned() };
        assert!(store.settle(&running, again).await.unwrap());
        let tasks = store.tasks_of(running.delivery_id).await.unwrap();
        assert!(tasks.iter().all(|task| task.state == TaskState::Superseded), "{tasks:?}");
        let next = store.claim(&[("crm", 10)], LEASE).await.unwrap();
        let changes: Vec<_> =
            next.iter().map(|task| task.transition.as_ref().unwrap().change).collect();
        assert_eq!(changes, [Change::Cancelled]);
        place.clear().await;
    }
}

#[tokio::test]
async fn a_payment_waits_for_its_booking_and_goes_without_it_after_a_while() {
    for place in Place::each().await {
        let store = place.store().await;
        let Accepted::Stored(early) =
            store.accept(arrival(&event(1, 1).to_string())).await.unwrap()
        else {
            panic!()
        };
        let decision = async |id| store.delivery(id).await.unwrap().unwrap().decision.unwrap();
        store.plan(&hooks()).await.unwrap();
        assert_eq!(decision(early).await, Decision::Early);
        assert_eq!(store.plan(&hooks()).await.unwrap(), 0);
        assert!(store.claim(&[("crm", 10)], LEASE).await.unwrap().is_empty());
        assert!(store.bookings(10, None).await.unwrap()[0].paid);

        store.accept(arrival(&event(1, 0).to_string())).await.unwrap();
        while store.plan(&hooks()).await.unwrap() > 0 {}
        assert_eq!(decision(early).await, Decision::Applied);

        // Nobody knows the second one's booking, and half a minute is over.
        let Accepted::Stored(lonely) =
            store.accept(arrival(&event(2, 1).to_string())).await.unwrap()
        else {
            panic!()
        };
        place.execute("UPDATE cal_deliveries SET received_at = received_at - 31000000").await;
        store.plan(&hooks()).await.unwrap();
        assert_eq!(decision(lonely).await, Decision::Applied);
        place.clear().await;
    }
}
