//! Deliveries come in, are planned, claimed and settled.

use std::time::Duration;

use cal_store::SqlStore;
use cal_webhook::{Accepted, Dispatcher, Hook, Settlement, Store, Task};
use serde_json::json;

use crate::{
    bodies::{arrival, booking},
    place::Place,
};

const LEASE: Duration = Duration::from_secs(60);
const HOOKS: [&str; 2] = ["crm", "mail"];

fn hooks() -> Dispatcher {
    HOOKS.into_iter().fold(Dispatcher::new(), |hooks, name| hooks.hook(Hook::named(name)))
}

async fn claim(store: &SqlStore, lease: Duration) -> Vec<Task> {
    let mut tasks = Vec::new();
    for hook in HOOKS {
        tasks.extend(store.claim(&[(hook, 100)], lease).await.unwrap());
    }
    tasks
}

#[tokio::test]
async fn the_same_bytes_are_stored_once_also_by_another_process() {
    for place in Place::each().await {
        let store = place.store().await;
        let body = booking("BOOKING_CREATED", json!({}));
        let Accepted::Stored(id) = store.accept(arrival(&body)).await.unwrap() else { panic!() };
        let again = async { store.accept(arrival(&body)).await.unwrap() };
        let other = place.store().await;
        let there = async { other.accept(arrival(&body)).await.unwrap() };
        let answers = tokio::join!(again, there);
        assert_eq!(answers, (Accepted::Duplicate(id), Accepted::Duplicate(id)));
        assert_eq!(store.plan(&hooks()).await.unwrap(), 1);
        assert_eq!(store.plan(&hooks()).await.unwrap(), 0);
        assert_eq!(claim(&store, LEASE).await.len(), 2);
        place.clear().await;
    }
}

#[tokio::test]
async fn a_delivery_is_kept_although_its_sender_hangs_up() {
    for place in Place::each().await {
        let store = place.store().await;
        let body = booking("BOOKING_CREATED", json!({}));
        let mut accepting = Box::pin(store.accept(arrival(&body)));
        assert!(futures_util::poll!(&mut accepting).is_pending());
        drop(accepting);
        let again = store.accept(arrival(&body)).await.unwrap();
        assert!(matches!(again, Accepted::Duplicate(_)), "{again:?}");
        place.clear().await;
    }
}

#[tokio::test]
async fn a_claim_that_ran_out_is_given_to_the_next_and_settles_nothing() {
    for place in Place::each().await {
        let store = place.store().await;
        store.accept(arrival(&booking("BOOKING_CREATED", json!({})))).await.unwrap();
        store.plan(&hooks()).await.unwrap();
        let slow = claim(&store, Duration::ZERO).await.swap_remove(0);
        let next = claim(&store, LEASE).await.into_iter().find(|task| task.id == slow.id).unwrap();
        assert_eq!((next.attempt, next.delivery.body()), (2, slow.delivery.body()));
        assert!(!store.settle(&slow, Settlement::Done).await.unwrap());
        assert!(store.settle(&next, Settlement::Done).await.unwrap());
        assert!(claim(&store, Duration::ZERO).await.iter().all(|task| task.id != next.id));
        place.clear().await;
    }
}
