//! Claiming costs what is claimed, and nothing is left behind.

use std::{collections::HashMap, sync::Arc, time::Duration};

use cal_store::SqlStore;
use cal_webhook::{Dispatcher, Hook, Settlement, Store as _, Task};
use serde_json::json;
use sqlx::{Connection as _, PgConnection};
use tokio::sync::Mutex;

use crate::{
    bodies::{arrival, booking},
    place::Place,
};

const LEASE: Duration = Duration::from_secs(60);

fn hooks() -> Dispatcher {
    Dispatcher::new().hook(Hook::named("crm")).hook(Hook::named("mail"))
}

/// Moves each of so many bookings from place to place.
async fn fill(store: &SqlStore, bookings: usize, places: usize) {
    for booked in 0..bookings {
        let uid = format!("booking{booked}");
        store.accept(arrival(&booking("BOOKING_CREATED", json!({"uid": uid})))).await.unwrap();
        for place in 0..places {
            let location = json!({"uid": uid, "location": format!("room {place}")});
            let moved = booking("BOOKING_LOCATION_UPDATED", location);
            // Each later than the one before.
            let moved = moved.replace("09:30:00.000Z", &format!("09:31:{place:02}.000Z"));
            store.accept(arrival(&moved)).await.unwrap();
        }
    }
    while store.plan(&hooks()).await.unwrap() > 0 {}
}

const BEHIND: &str = "UPDATE cal_tasks SET due_at = due_at WHERE ready_at = 9223372036854775807";

#[tokio::test]
async fn what_stands_behind_another_task_is_looked_at_once() {
    const BOOKINGS: usize = 5;
    const PLACES: usize = 60;
    for place in Place::each().await {
        let store = place.store().await;
        fill(&store, BOOKINGS, PLACES).await;
        let all = [("crm", 16), ("mail", 16)];
        let mut first = store.claim(&all, LEASE).await.unwrap();
        assert_eq!(first.len(), 2 * BOOKINGS, "one of each chain and hook");
        assert!(store.claim(&all, LEASE).await.unwrap().is_empty());
        let followers = u64::try_from(2 * BOOKINGS * PLACES).unwrap();
        assert_eq!(place.execute(BEHIND).await, followers, "all are out of sight");

        // One that ends in whichever way sets the next one free, and only that.
        let done = first.pop().unwrap();
        assert!(store.settle(&done, Settlement::Done).await.unwrap());
        assert_eq!(place.execute(BEHIND).await, followers - 1);
        let next = store.claim(&all, LEASE).await.unwrap();
        assert_eq!(next.len(), 1);
        assert_eq!(
            (&next[0].hook, next[0].delivery.event.booking_uid()),
            (&done.hook, done.delivery.event.booking_uid())
        );
        let dead = Settlement::Dead { error: "gone".to_owned() };
        assert!(store.settle(&next[0], dead).await.unwrap());
        assert_eq!(store.claim(&all, LEASE).await.unwrap().len(), 1);
        store.close().await;
        place.clear().await;
    }
}

#[tokio::test]
async fn tasks_that_end_while_others_are_claimed_leave_nothing_behind() {
    const BOOKINGS: usize = 4;
    const PLACES: usize = 40;
    const WORKERS: usize = 6;
    for place in Place::each().await {
        let store = place.store().await;
        fill(&store, BOOKINGS, PLACES).await;
        let left = Arc::new(Mutex::new(2 * BOOKINGS * (PLACES + 1)));
        let order = Arc::new(Mutex::new(HashMap::new()));
        // Stores of their own, as processes have.
        let workers = (0..WORKERS).map(|_| {
            let (url, left, order) = (place.url.clone(), Arc::clone(&left), Arc::clone(&order));
            tokio::spawn(async move {
                let store = SqlStore::open(&url).await.unwrap();
                while *left.lock().await > 0 {
                    for task in store.claim(&[("crm", 3), ("mail", 2)], LEASE).await.unwrap() {
                        in_order(&mut *order.lock().await, &task);
                        assert!(store.settle(&task, Settlement::Done).await.unwrap());
                        *left.lock().await -= 1;
                    }
                }
                store.close().await;
            })
        });
        let workers: Vec<_> = workers.collect();
        for worker in workers {
            tokio::time::timeout(Duration::from_secs(120), worker).await.unwrap().unwrap();
        }
        assert_eq!(place.execute(BEHIND).await, 0);
        store.close().await;
        place.clear().await;
    }
}

/// Tasks of one hook about one booking come in the order in which they were made.
fn in_order(last: &mut HashMap<String, cal_webhook::TaskId>, task: &Task) {
    let lane = format!("{} {:?}", task.hook, task.delivery.event.booking_uid());
    if let Some(before) = last.insert(lane, task.id) {
        assert!(before < task.id, "out of order");
    }
}

#[tokio::test]
async fn what_ends_at_the_moment_of_a_claim_leaves_nothing_behind() {
    let Some(place) = Place::postgres().await else { return };
    let store = place.store().await;
    fill(&store, 1, 0).await;
    let first = store.claim(&[("crm", 1)], LEASE).await.unwrap().remove(0);
    // Somebody has ended it, and has not committed yet: nobody was behind it then.
    let mut ending = PgConnection::connect(&place.url).await.unwrap();
    let mut ended = ending.begin().await.unwrap();
    let end = "UPDATE cal_tasks SET state = 'done', ready_at = NULL WHERE id = $1";
    sqlx::query(end).bind(first.id.to_string()).execute(&mut *ended).await.unwrap();
    let location = json!({"uid": "booking0", "location": "room 1"});
    let moved = booking("BOOKING_LOCATION_UPDATED", location).replace("09:30", "09:31");
    store.accept(arrival(&moved)).await.unwrap();
    while store.plan(&hooks()).await.unwrap() > 0 {}
    assert!(store.claim(&[("crm", 1)], LEASE).await.unwrap().is_empty());
    ended.commit().await.unwrap();
    assert_eq!(store.claim(&[("crm", 1)], LEASE).await.unwrap().len(), 1);
    store.close().await;
    place.clear().await;
}
