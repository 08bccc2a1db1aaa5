//! Measures how fast hooks work off a backlog: five that do well, and four beside a dead one with tens of
//! thousands of bookings that wait for it.
//!
//! `DRAIN_DELIVERIES` sets how many deliveries are worked off, 20,000 unless set, and `DRAIN_BLOCKED` how many
//! bookings wait for the dead hook, 50,000 unless set.
#![expect(clippy::print_stdout, reason = "a table is what this program is for")]

use std::{
    env,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use benches::{
    SECRET,
    durable::{POSTGRES, Place},
    table::{Table, reached, verdict},
};
use cal_store::SqlStore;
use cal_webhook::{
    Arrival, Dispatcher, Hook, HookError, Receiver, Settlement, Signer, Store as _, Verifier,
};
use futures_util::future::try_join_all;
use serde_json::json;
use tokio::{
    runtime::{self, Runtime},
    sync::watch,
};

/// How long five hooks may take on SQLite, in seconds.
const SECONDS: f64 = 20.0;

/// How much longer the slowest hook may take than the fastest.
const APART: f64 = 1.3;

/// Which part of their rate the others must keep beside a dead hook.
const KEPT: f64 = 0.9;

const DEAD: &str = "dead";
const HOOKS: [&str; 5] = ["crm", "mail", "analytics", "journal", "notify"];

fn main() -> Result<()> {
    if !benches::is_bench() {
        return Ok(());
    }
    let deliveries = number("DRAIN_DELIVERIES", 20_000)?;
    let blocked = number("DRAIN_BLOCKED", 50_000)?;
    let runtime = runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let mut table = Table::new(&["backlog", "seconds", "ratio", "goal", ""]);
    let mut kinds = vec![("SQLite", false)];
    match env::var_os(POSTGRES) {
        Some(_) => kinds.push(("PostgreSQL", true)),
        None => println!("left out: everything on PostgreSQL, because {POSTGRES} is not set"),
    }
    for (name, is_postgres) in kinds {
        let place = || -> Result<Place> {
            let place = if is_postgres { Place::postgres()? } else { None };
            place.map_or_else(|| Place::sqlite(&env::temp_dir()), Ok)
        };
        let done = drain(&runtime, &place()?, deliveries, false)?;
        let (fastest, slowest) = (least(&done), most(&done));
        let mut row = vec![
            format!("{name}: {deliveries} deliveries, five hooks"),
            format!("{slowest:.1}"),
            String::new(),
        ];
        row.extend(if is_postgres { verdict(0.0, None) } else { verdict(slowest, Some(SECONDS)) });
        table.push(row);
        let ratio = slowest / fastest;
        let mut row =
            vec!["  the slowest hook, by the fastest".to_owned(), format!("{fastest:.1}")];
        row.push(format!("{ratio:.2}"));
        row.extend(verdict(ratio, Some(APART)));
        table.push(row);

        let fresh = deliveries / 4;
        let backlog = place()?;
        runtime.block_on(async { block(&SqlStore::open(&backlog.url).await?, blocked).await })?;
        let quiet = most(&drain(&runtime, &place()?, fresh, true)?);
        let beside = most(&drain(&runtime, &backlog, fresh, true)?);
        table.push([
            format!("{name}: {fresh} deliveries, four hooks beside a dead one"),
            format!("{quiet:.1}"),
            String::new(),
            String::new(),
            String::new(),
        ]);
        let ratio = quiet / beside;
        let mut row = vec![
            format!("  with {blocked} bookings that wait for it"),
            format!("{beside:.1}"),
            format!("{ratio:.2}"),
        ];
        row.extend(reached(ratio, KEPT));
        table.push(row);
    }
    println!("\n{table}");
    Ok(())
}

fn number(name: &str, default: usize) -> Result<usize> {
    Ok(env::var(name).ok().map_or(Ok(default), |number| number.parse())?)
}

fn least(times: &[f64]) -> f64 {
    times.iter().copied().fold(f64::MAX, f64::min)
}

fn most(times: &[f64]) -> f64 {
    times.iter().copied().fold(0.0, f64::max)
}

/// Returns how many seconds each hook that does well took, beside a dead one in the first one's place
/// or not.
fn drain(
    runtime: &Runtime,
    place: &Place,
    deliveries: usize,
    is_one_dead: bool,
) -> Result<Vec<f64>> {
    runtime.block_on(async {
        let store = SqlStore::open(&place.url).await?;
        let names = HOOKS.iter().skip(usize::from(is_one_dead)).copied();
        let all = names.clone().fold(Dispatcher::new(), |all, name| all.hook(Hook::named(name)));
        let all = if is_one_dead { all.hook(Hook::named(DEAD)) } else { all };
        accept(&store, "fresh", "BOOKING_CREATED", deliveries).await?;
        while store.plan(&all).await? > 0 {}

        let mut builder = Receiver::builder(Verifier::new(SECRET)?).store(store.clone());
        let mut counts = Vec::new();
        for name in names {
            let (hook, count) = counting(name);
            builder = builder.hook(hook);
            counts.push(count);
        }
        if is_one_dead {
            let dead = |_| async { Err(HookError::transient("503")) };
            builder = builder.hook(Hook::named(DEAD).on_any(dead));
        }
        let receiver = builder.build()?;
        let start = Instant::now();
        receiver.start();
        let ended = counts.into_iter().map(|mut count| async move {
            count.wait_for(|count| *count >= deliveries).await?;
            anyhow::Ok(start.elapsed().as_secs_f64())
        });
        let ended = try_join_all(ended).await?;
        receiver.shutdown(Duration::from_secs(10)).await;
        store.close().await;
        Ok(ended)
    })
}

/// A hook that counts how often it ran.
fn counting(name: &str) -> (Hook, watch::Receiver<usize>) {
    let (told, count) = watch::channel(0);
    let runs = Arc::new(AtomicUsize::new(0));
    let hook = Hook::named(name).on_any(move |_| {
        told.send_replace(runs.fetch_add(1, Ordering::SeqCst) + 1);
        async { Ok(()) }
    });
    (hook, count)
}

/// Makes bookings of which the first news failed, so that the second waits behind it.
async fn block(store: &SqlStore, bookings: usize) -> Result<()> {
    accept(store, "blocked", "BOOKING_CREATED", bookings).await?;
    accept(store, "blocked", "BOOKING_REASSIGNED", bookings).await?;
    let dead = Dispatcher::new().hook(Hook::named(DEAD));
    while store.plan(&dead).await? > 0 {}
    let mut failed = 0;
    while failed < bookings {
        let tasks = store.claim(&[(DEAD, 256)], Duration::from_secs(600)).await?;
        ensure!(!tasks.is_empty(), "{failed} of {bookings} bookings are blocked");
        failed += tasks.len();
        let retry =
            || Settlement::Retry { after: Duration::from_secs(36_000), error: "503".to_owned() };
        try_join_all(tasks.iter().map(|task| store.settle(task, retry()))).await?;
    }
    Ok(())
}

async fn accept(store: &SqlStore, name: &str, trigger: &str, count: usize) -> Result<()> {
    let (verifier, signer) = (Verifier::new(SECRET)?, Signer::new(SECRET)?);
    let numbers: Vec<usize> = (0..count).collect();
    for group in numbers.chunks(64) {
        let arrivals = group.iter().map(|number| {
            let body = json!({
                "triggerEvent": trigger,
                "createdAt": "2026-05-04T09:30:00.000Z",
                "payload": {
                    "uid": format!("{name}{number:06}"),
                    "title": "Strategy hour",
                    "startTime": "2026-05-11T08:00:00Z",
                    "endTime": "2026-05-11T09:00:00Z",
                    "status": "ACCEPTED",
                    "organizer": {"name": "Nora Dale", "email": "nora@example.com"},
                    "attendees": [{"name": "Piet Roos", "email": "piet@example.org"}],
                },
            });
            let body = body.to_string();
            let signature = signer.sign(&body);
            let verified = verifier.verify(body, signature);
            verified.map(|verified| store.accept(Arrival::new(verified)))
        });
        try_join_all(arrivals.collect::<Result<Vec<_>, _>>()?).await?;
    }
    Ok(())
}
