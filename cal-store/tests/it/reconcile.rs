//! What no webhook has told is found, and told once.

mod account;
mod stories;
mod world;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use cal_client::{Client, RetryPolicy, scope::Me};
use cal_store::{Reconciler, SqlStore};
use cal_webhook::{
    Change, Decision, DeliveryRecord, Dispatcher, Hook, Settlement, Source, Store, TaskState,
};
use chrono::{DateTime, TimeDelta, Utc};

use self::world::{World, answer};
use crate::{
    bodies::arrival,
    place::Place,
    server::{Reply, Server},
};

const HOOKS: [&str; 2] = ["crm", "mail"];
const LEASE: Duration = Duration::from_secs(60);

/// Long before now.
fn june() -> DateTime<Utc> {
    "2026-06-01T00:00:00Z".parse().unwrap()
}

#[expect(clippy::disallowed_methods, reason = "the store reads the same clock")]
fn now() -> DateTime<Utc> {
    SystemTime::now().into()
}

fn hooks() -> Dispatcher {
    HOOKS.into_iter().fold(Dispatcher::new(), |hooks, name| hooks.hook(Hook::named(name)))
}

async fn api(world: &Arc<Mutex<World>>) -> Server {
    let world = Arc::clone(world);
    Server::start(move |seen| answer(&world, seen)).await
}

fn reconciler(store: &SqlStore, api: &Server) -> Reconciler<Me> {
    let quick = RetryPolicy::default().first(Duration::from_millis(1));
    let client = Client::builder().base_url(api.url()).retry(quick).build().unwrap();
    Reconciler::new(store.clone(), client.bookings().list())
}

/// Plans what waits, and runs all tasks.
async fn work(store: &SqlStore) {
    let hooks = hooks();
    loop {
        let planned = store.plan(&hooks).await.unwrap();
        let mut claimed = 0;
        for hook in HOOKS {
            for task in store.claim(&[(hook, 500)], LEASE).await.unwrap() {
                claimed += 1;
                assert!(store.settle(&task, Settlement::Done).await.unwrap());
            }
        }
        if planned + claimed == 0 {
            return;
        }
    }
}

/// Returns all deliveries.
async fn deliveries(store: &SqlStore) -> Vec<DeliveryRecord> {
    let mut all: Vec<DeliveryRecord> = Vec::new();
    loop {
        let after = all.last().map(|delivery| delivery.id);
        let page = store.deliveries(500, after).await.unwrap();
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

/// Checks that every booking is what the API says, and that hooks were told of that once.
async fn check(store: &SqlStore, world: &World, imported: &[String]) {
    let mut rows = BTreeMap::new();
    let mut after = None;
    loop {
        let page = store.bookings(500, after.as_ref()).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.uid.clone());
        rows.extend(page.into_iter().map(|row| (row.uid.to_string(), row)));
    }
    assert_eq!(rows.len(), world.rows.len());
    let mut told: BTreeMap<(String, String), Vec<DeliveryRecord>> = BTreeMap::new();
    for delivery in deliveries(store).await {
        if delivery.decision == Some(Decision::Applied) {
            let uid = delivery.booking_uid.as_ref().unwrap().to_string();
            // Of a guest's move whose request was lost, the confirmation reads as a booking.
            let change = match delivery.change.unwrap() {
                Change::Rescheduled => Change::Booked,
                change => change,
            };
            told.entry((uid, change.to_string())).or_default().push(delivery);
        }
    }
    for ((uid, change), times) in &told {
        assert_eq!(times.len(), 1, "{uid} was told {} times of {change}", times.len());
    }
    for row in world.rows.values() {
        let state = match row.status {
            "cancelled" if row.to.is_some() => "moved",
            status => status,
        };
        let kept = &rows[&row.uid];
        assert_eq!(kept.status.as_str(), state, "{row:?}");
        assert_eq!(kept.chain.to_string(), row.root, "{row:?}");
        let change = match state {
            "accepted" => "booked",
            "pending" => "requested",
            state => state,
        };
        if state == "moved" || imported.contains(&row.uid) {
            continue;
        }
        let Some(delivery) = told.get(&(row.uid.clone(), change.to_owned())) else {
            panic!("nobody was told that {row:?} was {change}");
        };
        let tasks = store.tasks_of(delivery[0].id).await.unwrap();
        assert_eq!(tasks.len(), HOOKS.len());
        for task in tasks {
            assert_eq!((task.state, task.attempts), (TaskState::Done, 1), "{row:?}");
        }
    }
    let (applied, tasks) = (told.len(), store.counters().await.unwrap().tasks);
    for hook in HOOKS {
        let made: u64 = tasks.get(hook).into_iter().flat_map(BTreeMap::values).sum();
        assert_eq!(made, applied as u64);
    }
}

/// Lets so many bookings happen, half of whose webhooks are lost; returns those.
async fn lose_half(count: usize, store: &SqlStore, world: &Arc<Mutex<World>>) -> Vec<String> {
    let before = world.lock().unwrap().rows.len();
    let mut lost = Vec::new();
    while world.lock().unwrap().rows.len() < before + count {
        let sent = {
            let mut world = world.lock().unwrap();
            world.happen(fastrand::usize(..World::KINDS));
            std::mem::take(&mut world.sent)
        };
        for body in sent {
            if fastrand::bool() {
                store.accept(arrival(&body)).await.unwrap();
            } else {
                lost.push(body);
            }
        }
    }
    work(store).await;
    lost
}

#[tokio::test]
async fn all_that_was_lost_is_repaired_in_one_sweep() {
    for place in Place::each().await {
        fastrand::seed(7);
        let store = place.store().await;
        let world = Arc::new(Mutex::new(World::new(june())));
        // The account is old: nobody is told of what there was.
        (0..250).for_each(|number| world.lock().unwrap().happen(number % World::KINDS));
        world.lock().unwrap().sent.clear();
        let imported: Vec<_> = world.lock().unwrap().rows.keys().cloned().collect();
        let api = api(&world).await;
        let reconciler = reconciler(&store, &api);
        let sweep = reconciler.sweep().await.unwrap();
        assert_eq!((sweep.imported, sweep.missed), (imported.len(), 0));
        work(&store).await;
        assert_eq!(deliveries(&store).await.len(), 0);
        let known = world.lock().unwrap().clone();
        check(&store, &known, &imported).await;

        let count = cal_testing::times(100) as usize;
        let lost = lose_half(count, &store, &world).await;
        let known = world.lock().unwrap().clone();
        let sweep = reconciler.sweep().await.unwrap();
        work(&store).await;
        check(&store, &known, &imported).await;
        let all = deliveries(&store).await;
        let brought = all.iter().filter(|delivery| delivery.source == Source::Reconcile);
        assert_eq!(brought.count(), sweep.missed);
        assert!(sweep.missed > count / 5, "{sweep:?}");
        assert_eq!(store.counters().await.unwrap().missed, sweep.missed as u64);

        // There is nothing left to find, and what comes late is no news.
        assert_eq!(reconciler.sweep().await.unwrap().missed, 0);
        for body in &lost {
            store.accept(arrival(body)).await.unwrap();
        }
        work(&store).await;
        check(&store, &known, &imported).await;
        store.close().await;
        place.clear().await;
    }
}

#[tokio::test]
async fn webhooks_that_race_a_sweep_change_nothing() {
    for place in Place::each().await {
        fastrand::seed(11);
        let store = place.store().await;
        let world = Arc::new(Mutex::new(World::new(june())));
        let api = api(&world).await;
        let reconciler = reconciler(&store, &api);
        reconciler.sweep().await.unwrap();
        let lost = lose_half(300, &store, &world).await;
        let known = world.lock().unwrap().clone();
        let late = async {
            for body in &lost {
                store.accept(arrival(body)).await.unwrap();
            }
        };
        let hooks = hooks();
        let planning = async {
            loop {
                store.plan(&hooks).await.unwrap();
                tokio::task::yield_now().await;
            }
        };
        let racing = async { tokio::join!(reconciler.sweep(), late) };
        let (sweep, ()) = tokio::select! {
            ended = racing => ended,
            () = planning => unreachable!("planning never ends"),
        };
        sweep.unwrap();
        work(&store).await;
        check(&store, &known, &[]).await;
        store.close().await;
        place.clear().await;
    }
}

#[tokio::test]
async fn a_sweep_that_fails_or_dies_goes_on_where_it_was() {
    for place in Place::each().await {
        fastrand::seed(13);
        let store = place.store().await;
        let world = Arc::new(Mutex::new(World::new(june())));
        let (shown, count) = (Arc::clone(&world), AtomicUsize::new(0));
        let api = Server::start(move |seen| match count.fetch_add(1, Ordering::Relaxed) % 4 {
            1 => Reply::json(429, "{}").header("x-ratelimit-reset-default", "0"),
            2 => Reply::json(500, r#"{"statusCode":500,"message":"Internal server error"}"#),
            _ => answer(&shown, seen),
        })
        .await;
        while reconciler(&store, &api).sweep().await.is_err() {}
        lose_half(300, &store, &world).await;
        let known = world.lock().unwrap().clone();
        let mut died = 0;
        loop {
            let reconciler = reconciler(&store, &api).overlap(Duration::from_secs(5));
            // Dropped in the middle, as if the process had been killed there.
            let requests = api.seen().len() + fastrand::usize(1..4);
            let dying = async {
                while api.seen().len() < requests {
                    tokio::task::yield_now().await;
                }
            };
            tokio::select! {
                sweep = reconciler.sweep() => if sweep.is_ok() { break },
                () = dying => died += 1,
            }
        }
        assert!(died > 0);
        work(&store).await;
        check(&store, &known, &[]).await;
        store.close().await;
        place.clear().await;
    }
}

#[tokio::test]
async fn absences_are_found_by_the_second_look() {
    for place in Place::each().await {
        let store = place.store().await;
        let now = now();
        let world = Arc::new(Mutex::new(World::new(june())));
        world.lock().unwrap().start = now - TimeDelta::hours(5);
        let uid = world.lock().unwrap().book();
        let other = world.lock().unwrap().book();
        let api = api(&world).await;
        let reconciler = reconciler(&store, &api).absences(Duration::ZERO, LEASE * 60 * 24);
        assert_eq!(reconciler.sweep().await.unwrap().missed, 0);
        for (absent, missed, told) in [(true, 1, 1), (true, 0, 1), (false, 1, 2), (true, 1, 3)] {
            world.lock().unwrap().mark_absent(&uid, absent);
            assert_eq!(reconciler.sweep().await.unwrap().missed, missed, "{absent}");
            work(&store).await;
            let deliveries = deliveries(&store).await;
            let marks = deliveries.iter().filter(|it| it.decision == Some(Decision::Applied));
            assert_eq!(marks.clone().count(), told);
            assert!(marks.clone().all(|it| it.booking_uid.as_ref().unwrap().as_str() == uid));
            assert_ne!(uid, other);
        }
        store.close().await;
        place.clear().await;
    }
}

#[tokio::test]
async fn what_is_young_waits_for_its_webhook_whatever_the_clocks_say() {
    for place in Place::each().await {
        let store = place.store().await;
        let now = now();
        let world = Arc::new(Mutex::new(World::new(now + TimeDelta::hours(2))));
        let api = api(&world).await;
        let patient = reconciler(&store, &api);
        patient.sweep().await.unwrap();
        // Cal.com's clock is two hours ahead of ours.
        world.lock().unwrap().book();
        let sweep = patient.sweep().await.unwrap();
        assert_eq!((sweep.young, sweep.missed), (1, 0));
        let quick = reconciler(&store, &api).age(Duration::from_millis(1));
        let found = async {
            loop {
                let sweep = quick.sweep().await.unwrap();
                if sweep.young == 0 {
                    return sweep.missed;
                }
            }
        };
        assert_eq!(tokio::time::timeout(LEASE, found).await.unwrap(), 1);
        store.close().await;
        place.clear().await;
    }
}
