//! Clocks that are wrong, or are set.

use std::time::Duration;

use cal_webhook::{Dispatcher, Hook, Settlement, Store as _};
use serde_json::json;
use tokio::time;

use crate::{
    bodies::{arrival, booking},
    place::Place,
};

const LEASE: Duration = Duration::from_secs(60);

fn hooks() -> Dispatcher {
    Dispatcher::new().hook(Hook::named("crm"))
}

#[tokio::test]
async fn who_accepts_by_a_clock_that_is_ahead_delays_nobody() {
    for place in Place::each().await {
        let store = place.store().await;
        store.accept(arrival(&booking("BOOKING_CREATED", json!({})))).await.unwrap();
        place.execute("UPDATE cal_deliveries SET received_at = received_at + 3600000000").await;
        store.plan(&hooks()).await.unwrap();
        assert_eq!(store.claim(&[("crm", 1)], LEASE).await.unwrap().len(), 1);
        store.close().await;
        place.clear().await;
    }
}

#[tokio::test]
async fn a_clock_that_was_set_back_while_nobody_ran_goes_on_where_it_was() {
    let place = Place::sqlite();
    let store = place.store().await;
    store.accept(arrival(&booking("BOOKING_CREATED", json!({})))).await.unwrap();
    store.plan(&hooks()).await.unwrap();
    let task = store.claim(&[("crm", 1)], LEASE).await.unwrap().remove(0);
    let error = "503".to_owned();
    let retry = Settlement::Retry { after: Duration::ZERO, error };
    assert!(store.settle(&task, retry).await.unwrap());
    store.close().await;
    // As if all this had been an hour later than it is now.
    place.execute("UPDATE cal_tasks SET ready_at = ready_at + 3600000000").await;
    place.execute("UPDATE cal_values SET at = at + 3600000000").await;
    let store = place.store().await;
    let claimed = async { while store.claim(&[("crm", 1)], LEASE).await.unwrap().is_empty() {} };
    assert!(time::timeout(LEASE, claimed).await.is_ok(), "it waits for an hour");
    store.close().await;
}

#[tokio::test]
async fn a_clock_that_was_wrong_by_years_is_not_gone_by() {
    let place = Place::sqlite();
    let store = place.store().await;
    store.accept(arrival(&booking("BOOKING_CREATED", json!({})))).await.unwrap();
    store.plan(&hooks()).await.unwrap();
    store.close().await;
    const YEARS: &str = "UPDATE cal_tasks SET ready_at = ready_at + 300000000000000";
    place.execute(YEARS).await;
    place.execute("UPDATE cal_values SET at = at + 300000000000000").await;
    let store = place.store().await;
    let task = store.claim(&[("crm", 1)], LEASE).await.unwrap().remove(0);
    assert!(store.settle(&task, Settlement::Done).await.unwrap());
    store.close().await;
}
