//! The store in memory keeps its promises, and its bounds.

use std::time::Duration;

use cal_webhook::{
    Accepted, Decision, DeliveryId, Dispatcher, Hook, MemoryStore, Reminder, Settlement, Store,
    Task, TaskState,
};
use chrono::{DateTime, Utc};
use serde_json::json;

use crate::bodies::{arrival, booking};

const LEASE: Duration = Duration::from_secs(60);
const NO_LEASE: Duration = Duration::ZERO;

const HOOKS: [&str; 2] = ["crm", "mail"];

fn hooks() -> Dispatcher {
    HOOKS.into_iter().fold(Dispatcher::new(), |hooks, name| hooks.hook(Hook::named(name)))
}

/// A store that has planned a booking with each of these uids.
async fn planned(uids: &[&str]) -> MemoryStore {
    let store = MemoryStore::new();
    for (index, uid) in uids.iter().enumerate() {
        // Different triggers, so that two deliveries about one booking are two changes.
        let trigger = ["BOOKING_CREATED", "BOOKING_LOCATION_UPDATED"][index % 2];
        store.accept(arrival(&booking(trigger, json!({"uid": uid})))).await.unwrap();
    }
    assert_eq!(store.plan(&hooks()).await.unwrap(), uids.len());
    assert_eq!(store.plan(&hooks()).await.unwrap(), 0);
    store
}

async fn claim(store: &MemoryStore) -> Vec<Task> {
    claim_for(store, LEASE).await
}

/// Claims what is due for every hook.
async fn claim_for(store: &MemoryStore, lease: Duration) -> Vec<Task> {
    let mut tasks = Vec::new();
    for hook in HOOKS {
        tasks.extend(store.claim(&[(hook, 100)], lease).await.unwrap());
    }
    tasks
}

fn states(store: &MemoryStore) -> Vec<TaskState> {
    store.tasks(100, None).into_iter().map(|task| task.state).collect()
}

const HOUR: Duration = Duration::from_secs(60 * 60);

#[tokio::test]
async fn a_claimed_task_tells_how_long_it_is_until_it_expires() {
    let (store, arrival) = (MemoryStore::new(), arrival(&booking("BOOKING_CREATED", json!({}))));
    let received_at = arrival.received_at();
    let reminding = Hook::named("mail").reminders(move |_, _| {
        vec![Reminder::new("soon", received_at).expires_at(received_at + HOUR)]
    });
    store.accept(arrival).await.unwrap();
    store.plan(&Dispatcher::new().hook(reminding)).await.unwrap();
    let tasks = store.claim(&[("mail", 9)], LEASE).await.unwrap();
    let left: Vec<_> = tasks.iter().map(|task| (&task.reminder, task.expires_in)).collect();
    let [(None, None), (Some(_), Some(left))] = left[..] else { panic!("{left:?}") };
    assert!(left <= HOUR && left > HOUR - LEASE, "{left:?}");
}

#[tokio::test]
async fn the_same_bytes_are_stored_once() {
    let store = MemoryStore::new();
    let body = booking("BOOKING_CREATED", json!({}));
    let Accepted::Stored(id) = store.accept(arrival(&body)).await.unwrap() else { panic!() };
    for _ in 0..3 {
        assert_eq!(store.accept(arrival(&body)).await.unwrap(), Accepted::Duplicate(id));
    }
    store.plan(&hooks()).await.unwrap();
    assert_eq!(store.accept(arrival(&body)).await.unwrap(), Accepted::Duplicate(id));
    assert_eq!(store.deliveries(10, None).len(), 1);
    assert_eq!(store.tasks(10, None).len(), 2);
}

#[tokio::test]
async fn reaching_a_state_again_runs_no_hook() {
    let store = MemoryStore::new();
    let body = booking("BOOKING_CREATED", json!({}));
    let other_webhook = body.replace("09:30:00.000Z", "09:30:00.007Z");
    let read_again = booking("BOOKING_CREATED", json!({"description": "Bring the contract"}));
    for body in [&body, &other_webhook, &read_again] {
        store.accept(arrival(body)).await.unwrap();
    }
    let late = booking("BOOKING_CREATED", json!({"uid": "second", "status": "CANCELLED"}));
    store.accept(arrival(&late)).await.unwrap();
    store.plan(&hooks()).await.unwrap();
    let decisions: Vec<_> =
        store.deliveries(10, None).into_iter().map(|record| record.decision.unwrap()).collect();
    assert_eq!(decisions, [Decision::Stale, Decision::Revision, Decision::Same, Decision::Applied]);
    assert_eq!(store.tasks(10, None).len(), 2);
}

#[tokio::test]
async fn tasks_of_one_hook_about_one_booking_run_in_order() {
    let store = planned(&["first", "first"]).await;
    let created = claim(&store).await;
    let hooks: Vec<_> = created.iter().map(|task| task.hook.as_str()).collect();
    assert_eq!(hooks, ["crm", "mail"]);
    assert!(claim(&store).await.is_empty());

    // A hook that is done goes on although the other one still works.
    assert!(store.settle(&created[1], Settlement::Done).await.unwrap());
    let next = claim(&store).await;
    assert_eq!(next.len(), 1);
    assert_eq!(next[0].hook, "mail");
    assert_eq!(next[0].transition.as_ref().unwrap().change.as_str(), "location_changed");
}

#[tokio::test]
async fn bookings_do_not_wait_for_each_other() {
    let store = planned(&["first", "second"]).await;
    assert_eq!(claim(&store).await.len(), 4);
}

#[tokio::test]
async fn a_failed_task_waits_and_is_claimed_again_with_a_higher_attempt() {
    let store = planned(&["first", "first"]).await;
    let crm = claim(&store).await.swap_remove(0);
    let error = "503 from the crm".to_owned();
    let later = Settlement::Retry { after: HOUR, error: error.clone() };
    assert!(store.settle(&crm, later).await.unwrap());
    assert!(claim(&store).await.is_empty());
    let record = store.tasks(10, None).into_iter().find(|task| task.id == crm.id).unwrap();
    assert_eq!((record.state, record.last_error), (TaskState::Retry, Some(error)));

    assert!(store.move_to(crm.id, DateTime::UNIX_EPOCH).await.unwrap());
    let again = claim(&store).await;
    assert_eq!((again[0].id, again[0].attempt), (crm.id, 2));
}

#[tokio::test]
async fn a_claim_that_ran_out_is_given_to_the_next_and_settles_nothing() {
    let store = planned(&["first"]).await;
    let slow = claim_for(&store, NO_LEASE).await.swap_remove(0);
    let next = claim(&store).await.into_iter().find(|task| task.id == slow.id).unwrap();
    assert_eq!(next.attempt, 2);
    assert!(!store.settle(&slow, Settlement::Done).await.unwrap());
    assert!(store.settle(&next, Settlement::Done).await.unwrap());
    assert!(!store.settle(&next, Settlement::Done).await.unwrap());
}

#[tokio::test]
async fn a_dead_or_cancelled_task_lets_the_next_one_go() {
    let store = planned(&["first", "first"]).await;
    let created = claim(&store).await;
    let dead = Settlement::Dead { error: "unknown contact".to_owned() };
    assert!(store.settle(&created[0], dead).await.unwrap());
    let retry = Settlement::Retry { after: HOUR, error: "down".to_owned() };
    assert!(store.settle(&created[1], retry).await.unwrap());
    assert!(store.cancel(created[1].id).await.unwrap());
    assert!(!store.cancel(created[1].id).await.unwrap());
    assert!(!store.move_to(created[1].id, DateTime::<Utc>::MAX_UTC).await.unwrap());
    assert_eq!(claim(&store).await.len(), 2);
    assert_eq!(
        states(&store),
        [TaskState::Running, TaskState::Running, TaskState::Skipped, TaskState::Dead]
    );
}

#[tokio::test]
async fn a_full_store_forgets_what_is_finished_and_refuses_the_rest() {
    let store = MemoryStore::with_capacity(2);
    let body = |uid: &str| booking("BOOKING_CREATED", json!({"uid": uid}));
    for uid in ["first", "second"] {
        store.accept(arrival(&body(uid))).await.unwrap();
    }
    store.plan(&hooks()).await.unwrap();
    let refused = store.accept(arrival(&body("third"))).await.unwrap_err();
    assert_eq!(refused.to_string(), "all deliveries in memory still wait for a hook");

    for task in claim(&store).await.iter().filter(|task| is_about(task, "second")) {
        store.settle(task, Settlement::Done).await.unwrap();
    }
    assert!(matches!(store.accept(arrival(&body("third"))).await.unwrap(), Accepted::Stored(_)));
    let kept: Vec<_> = store
        .deliveries(10, None)
        .iter()
        .map(|record| uid(record.delivery.as_ref().unwrap()))
        .collect();
    assert_eq!(kept, ["third", "first"]);
    // What was forgotten is new again.
    assert_eq!(store.tasks(10, None).len(), 2);
}

#[tokio::test]
async fn large_bodies_push_older_ones_out() {
    const SIZE: usize = 1_000_000;
    let store = MemoryStore::new();
    for number in 0..100 {
        let body = " ".repeat(SIZE - 3) + &format!("{number:03}");
        store.accept(arrival(&body)).await.unwrap();
        store.plan(&Dispatcher::new()).await.unwrap();
    }
    let kept = store.deliveries(1000, None);
    let bytes: usize =
        kept.iter().map(|record| record.delivery.as_ref().unwrap().body().len()).sum();
    assert_eq!((kept.len(), bytes), (67, 67 * SIZE));
    assert!(kept[0].delivery.as_ref().unwrap().body().ends_with(b"099"));
}

fn uid(delivery: &cal_core::Delivery) -> String {
    delivery.event.booking().unwrap().uid.as_ref().unwrap().to_string()
}

fn is_about(task: &Task, booking: &str) -> bool {
    uid(&task.delivery) == booking
}

#[tokio::test]
async fn pages_follow_each_other_from_the_newest() {
    let store = planned(&["a", "b", "c", "d", "e"]).await;
    let all: Vec<DeliveryId> = store.deliveries(10, None).iter().map(|record| record.id).collect();
    assert!(all.is_sorted_by(|newer, older| newer > older));
    let first = store.deliveries(2, None);
    let second = store.deliveries(2, Some(first[1].id));
    let ids: Vec<_> = first.iter().chain(&second).map(|record| record.id).collect();
    assert_eq!(ids, all[..4]);
}

#[cfg(feature = "crash-points")]
#[tokio::test]
async fn a_delivery_over_which_the_planner_panics_is_set_aside_and_stops_no_other() {
    let store = MemoryStore::new();
    for title in ["before", "panic while reading", "panic while deciding", "after"] {
        store
            .accept(arrival(&booking("BOOKING_CREATED", json!({"uid": title, "title": title}))))
            .await
            .unwrap();
    }
    assert_eq!(store.plan(&hooks()).await.unwrap(), 4);
    let deliveries = store.deliveries(10, None);
    let decided: Vec<_> = deliveries.iter().rev().map(|it| it.decision.unwrap()).collect();
    let (applied, failed) = (Decision::Applied, Decision::Failed);
    assert_eq!(decided, [applied, failed, failed, applied]);
    assert!(deliveries.iter().all(|it| it.failure.is_some() == (it.decision == Some(failed))));
    assert_eq!(states(&store).len(), 4);
    for task in claim(&store).await {
        store.settle(&task, Settlement::Done).await.unwrap();
    }
    store.idle().await;
}
