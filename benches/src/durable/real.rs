//! The real thing: a receiver, a store, and hooks that do nothing or never return.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::Result;
use axum::Router;
use cal_store::SqlStore;
use cal_webhook::{Hook, Receiver, StoreError, Verifier};
use tokio::time;

use crate::SECRET;

/// How often to look whether all is done.
const PAUSE: Duration = Duration::from_millis(2);

/// How long a backlog may take.
const LIMIT: Duration = Duration::from_secs(120);

/// The work of the hooks.
#[derive(Debug)]
pub(super) struct Work {
    store: SqlStore,
    hooks: usize,
    ran: Arc<AtomicUsize>,
}

pub(super) async fn router(url: &str, hooks: usize, hang: bool) -> Result<(Router, Option<Work>)> {
    let store = SqlStore::open(url).await?;
    let ran = Arc::new(AtomicUsize::new(0));
    let mut receiver = Receiver::builder(Verifier::new(SECRET)?).store(store.clone());
    for number in 0..hooks {
        let ran = Arc::clone(&ran);
        receiver =
            receiver.hook(Hook::named(format!("hook-{number}")).on_booked(move |_cx, _booking| {
                ran.fetch_add(1, Ordering::Relaxed);
                async move { if hang { pending().await } else { Ok(()) } }
            }));
    }
    let work = Work { store, hooks, ran };
    Ok((cal_axum::router(receiver.build()?), Some(work)))
}

impl Work {
    /// Waits until every hook has done its work on so many deliveries, and it is kept.
    pub(super) async fn done(&self, deliveries: usize) -> String {
        let tasks = deliveries * self.hooks;
        let wait = async {
            // Counting the rows is dear, so hooks are counted first.
            while self.ran.load(Ordering::Relaxed) < tasks || !self.is_kept(tasks).await? {
                time::sleep(PAUSE).await;
            }
            Ok::<_, StoreError>("done".to_owned())
        };
        match time::timeout(LIMIT, wait).await {
            Ok(done) => done.unwrap_or_else(|error| error.to_string()),
            Err(_) => format!("not done within {LIMIT:?}"),
        }
    }

    async fn is_kept(&self, tasks: usize) -> Result<bool, StoreError> {
        let counters = self.store.counters().await?;
        let done = counters.tasks.values().filter_map(|states| states.get("done")).sum::<u64>();
        Ok(counters.unplanned == 0 && done == tasks as u64)
    }
}
