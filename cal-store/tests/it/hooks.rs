//! Processes with different hooks share a store.

use std::time::Duration;

use cal_store::SqlStore;
use cal_webhook::{
    Accepted, DeliveryId, Dispatcher, Hook, Reminder, Settlement, Store as _, TaskState,
};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::{
    bodies::{arrival, booking},
    place::Place,
};

const LEASE: Duration = Duration::from_secs(60);

/// The hooks of the old process.
fn old() -> Dispatcher {
    Dispatcher::new().hook(Hook::named("crm"))
}

/// Those of the new one: one more, with reminders.
fn new() -> Dispatcher {
    old().hook(
        Hook::named("next")
            .reminders(|_, _| vec![Reminder::new("tomorrow", DateTime::<Utc>::MAX_UTC)]),
    )
}

async fn announce(store: &SqlStore, hooks: &Dispatcher) {
    store.announce(&hooks.names().collect::<Vec<_>>()).await.unwrap();
}

async fn accept(store: &SqlStore, trigger: &str, members: Value) -> DeliveryId {
    let accepted = store.accept(arrival(&booking(trigger, members))).await.unwrap();
    let Accepted::Stored(id) = accepted else { panic!("{accepted:?}") };
    id
}

/// The tasks of a delivery: hook, reminder and state.
async fn tasks(store: &SqlStore, delivery: DeliveryId) -> Vec<(String, Option<String>, TaskState)> {
    let tasks = store.tasks_of(delivery).await.unwrap();
    let mut tasks: Vec<_> =
        tasks.into_iter().map(|task| (task.hook, task.reminder, task.state)).collect();
    tasks.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
    tasks
}

#[tokio::test]
async fn a_planner_makes_tasks_of_hooks_that_it_lacks_and_their_process_adds_the_reminders() {
    for place in Place::each().await {
        let store = place.store().await;
        announce(&store, &new()).await;
        let id = accept(&store, "BOOKING_CREATED", json!({})).await;
        store.plan(&old()).await.unwrap();
        let waiting = |hook: &str| (hook.to_owned(), None, TaskState::Waiting);
        assert_eq!(tasks(&store, id).await, [waiting("crm"), waiting("next")]);
        let both = [("crm", 9), ("next", 9)];
        let claimed = store.claim(&both, LEASE).await.unwrap();
        assert_eq!(claimed.len(), 1, "without its reminders the task of `next` is not run");

        assert_eq!(store.plan(&new()).await.unwrap(), 1);
        let reminder = ("next".to_owned(), Some("tomorrow".to_owned()), TaskState::Waiting);
        assert_eq!(tasks(&store, id).await[1..], [waiting("next"), reminder]);
        assert_eq!(store.claim(&both, LEASE).await.unwrap()[0].hook, "next");
        assert_eq!(store.plan(&new()).await.unwrap(), 0);
        store.close().await;
        place.clear().await;
    }
}

#[tokio::test]
async fn what_was_superseded_before_its_process_came_gets_no_reminders() {
    for place in Place::each().await {
        let store = place.store().await;
        announce(&store, &new()).await;
        let booked = accept(&store, "BOOKING_CREATED", json!({})).await;
        store.plan(&old()).await.unwrap();
        let cancelled = json!({"status": "CANCELLED"});
        let cancelled = accept(&store, "BOOKING_CANCELLED", cancelled).await;
        store.plan(&old()).await.unwrap();
        while store.plan(&new()).await.unwrap() > 0 {}
        let of_next = |tasks: Vec<(String, Option<String>, TaskState)>| {
            tasks.into_iter().filter(|task| task.0 == "next").map(|task| (task.1, task.2))
        };
        let booked: Vec<_> = of_next(tasks(&store, booked).await).collect();
        assert_eq!(booked, [(None, TaskState::Superseded)]);
        let cancelled: Vec<_> = of_next(tasks(&store, cancelled).await).collect();
        assert_eq!(cancelled.len(), 2, "{cancelled:?}");
        store.close().await;
        place.clear().await;
    }
}

#[tokio::test]
async fn a_task_about_a_change_of_a_newer_build_is_left_to_that_build() {
    for place in Place::each().await {
        let store = place.store().await;
        accept(&store, "BOOKING_CREATED", json!({})).await;
        store.plan(&old()).await.unwrap();
        place.execute("UPDATE cal_tasks SET vocabulary = 1000").await;
        assert!(store.claim(&[("crm", 9)], LEASE).await.unwrap().is_empty());
        place.execute("UPDATE cal_tasks SET vocabulary = 1").await;
        assert_eq!(store.claim(&[("crm", 9)], LEASE).await.unwrap().len(), 1);
        store.close().await;
        place.clear().await;
    }
}

#[tokio::test]
async fn a_hook_is_retired_once_nobody_runs_it() {
    for place in Place::each().await {
        let store = place.store().await;
        announce(&store, &new()).await;
        let id = accept(&store, "BOOKING_CREATED", json!({})).await;
        store.plan(&new()).await.unwrap();
        let refused = store.retire("next", "ann").await.unwrap_err().to_string();
        assert!(refused.contains("stop it first"), "{refused}");
        assert_eq!(place.execute("UPDATE cal_hooks SET seen_at = 0 WHERE hook = 'next'").await, 1);
        assert_eq!(store.retire("next", "ann").await.unwrap(), 2);
        let states = tasks(&store, id).await;
        assert_eq!(states[0].2, TaskState::Waiting);
        assert!(states[1..].iter().all(|task| task.2 == TaskState::Skipped), "{states:?}");
        let audit = store.audit(1, None).await.unwrap();
        assert_eq!((&*audit[0].action, &*audit[0].object), ("retire", "hook next"));
        // No more tasks are made for it.
        let id = accept(&store, "BOOKING_CREATED", json!({"uid": "other"})).await;
        store.plan(&old()).await.unwrap();
        assert_eq!(tasks(&store, id).await.len(), 1);
        assert!(store.retire("next", " ").await.is_err());
        store.close().await;
        place.clear().await;
    }
}

#[tokio::test]
async fn retention_goes_on_when_a_hook_was_removed() {
    for place in Place::each().await {
        let store = place.store().await;
        let id = accept(&store, "BOOKING_CREATED", json!({})).await;
        store.plan(&new()).await.unwrap();
        for task in store.claim(&[("crm", 9)], LEASE).await.unwrap() {
            assert!(store.settle(&task, Settlement::Done).await.unwrap());
        }
        let received_at = store.delivery(id).await.unwrap().unwrap().received_at;
        let soon = received_at + TimeDelta::minutes(1);
        let pruned = store.prune(soon).await.unwrap();
        assert_eq!((pruned.tasks, pruned.bodies), (0, 0), "nobody has told which hooks there are");
        announce(&store, &old()).await;
        let pruned = store.prune(soon).await.unwrap();
        assert_eq!((pruned.tasks, pruned.bodies), (2, 1));
        assert!(store.delivery(id).await.unwrap().unwrap().delivery.is_none());
        store.close().await;
        place.clear().await;
    }
}
