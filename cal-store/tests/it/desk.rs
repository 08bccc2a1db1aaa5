//! What the tests of operations do again and again.

use std::{collections::BTreeMap, time::Duration};

use cal_store::SqlStore;
use cal_webhook::{
    Accepted, Arrival, DeliveryId, Dispatcher, Hook, Settlement, Signer, Store, Task, TaskId,
    Verifier,
};
use chrono::{DateTime, TimeDelta, Utc};

use crate::bodies::SECRET;

pub(crate) const LEASE: Duration = Duration::from_secs(60);
pub(crate) const WHO: &str = "nora";

pub(crate) fn hooks(names: &[&'static str]) -> Dispatcher {
    names.iter().fold(Dispatcher::new(), |hooks, name| hooks.hook(Hook::named(*name)))
}

/// Keeps a body that was not there.
pub(crate) async fn keep(store: &SqlStore, body: impl AsRef<[u8]>) -> DeliveryId {
    let body = body.as_ref().to_vec();
    let signature = Signer::new(SECRET).unwrap().sign(&body);
    let verified = Verifier::new(SECRET).unwrap().verify(body, signature).unwrap();
    let headers = vec![("x-from", "the tests".to_owned())];
    match store.accept(Arrival::new(verified).with_headers(headers)).await.unwrap() {
        Accepted::Stored(id) => id,
        other => panic!("{other:?}"),
    }
}

/// Keeps a body and makes its tasks.
pub(crate) async fn take(
    store: &SqlStore,
    body: impl AsRef<[u8]>,
    names: &[&'static str],
) -> DeliveryId {
    let id = keep(store, body).await;
    plan(store, names).await;
    id
}

pub(crate) async fn plan(store: &SqlStore, names: &[&'static str]) -> usize {
    let mut planned = 0;
    loop {
        match store.plan(&hooks(names)).await.unwrap() {
            0 => return planned,
            more => planned += more,
        }
    }
}

pub(crate) async fn claim(store: &SqlStore, hook: &str) -> Vec<Task> {
    store.claim(&[(hook, 1000)], LEASE).await.unwrap()
}

pub(crate) async fn end(store: &SqlStore, hook: &str, settlement: Settlement) -> Vec<TaskId> {
    let tasks = claim(store, hook).await;
    for task in &tasks {
        assert!(store.settle(task, settlement.clone()).await.unwrap());
    }
    tasks.into_iter().map(|task| task.id).collect()
}

pub(crate) fn dead(error: &str) -> Settlement {
    Settlement::Dead { error: error.to_owned() }
}

/// How many tasks there are in each state.
pub(crate) async fn states(store: &SqlStore) -> BTreeMap<String, u64> {
    let mut states = BTreeMap::new();
    for (state, count) in store.counters().await.unwrap().tasks.into_values().flatten() {
        *states.entry(state).or_default() += count;
    }
    states
}

pub(crate) fn counts<const N: usize>(states: [(&str, u64); N]) -> BTreeMap<String, u64> {
    states.into_iter().map(|(state, count)| (state.to_owned(), count)).collect()
}

/// When a delivery was received, and a day later.
pub(crate) async fn day(store: &SqlStore, id: DeliveryId) -> (DateTime<Utc>, DateTime<Utc>) {
    let at = store.delivery(id).await.unwrap().unwrap().received_at;
    (at, at + TimeDelta::days(1))
}

/// What operators did, newest first: action and object.
pub(crate) async fn audit(store: &SqlStore) -> Vec<(String, String)> {
    let records = store.audit(100, None).await.unwrap();
    assert!(records.iter().all(|record| record.actor == WHO), "{records:?}");
    records.into_iter().map(|record| (record.action, record.object)).collect()
}
