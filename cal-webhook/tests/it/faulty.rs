//! A store that fails when a test wants it to.

use std::{
    collections::HashMap,
    future::pending,
    sync::{Arc, Mutex},
    time::Duration,
};

use cal_webhook::{
    Accepted, Arrival, Dispatcher, MemoryStore, Settlement, Store, StoreError, Task, TaskId,
};
use chrono::{DateTime, Utc};
use tokio::{sync::Barrier, time::sleep};

/// What is wrong with one method of the store.
#[derive(Clone)]
pub(crate) enum Fault {
    /// It fails, as if the store were out of reach.
    Fails,
    /// It never answers.
    Hangs,
    /// It has a bug.
    Panics,
    /// It has a bug that shows when its answer is let go.
    PanicsLate,
    /// It takes its time.
    Slow(Duration),
    /// It answers when so many wait for it.
    Waits(Arc<Barrier>),
}

/// Panics when it is dropped.
struct Bug;

impl Drop for Bug {
    fn drop(&mut self) {
        panic!("a bug in a store");
    }
}

/// A store in memory with faults. Clones share both.
#[derive(Clone, Default)]
pub(crate) struct Faulty {
    pub(crate) store: MemoryStore,
    faults: Arc<Mutex<HashMap<&'static str, Fault>>>,
    settled: Arc<Mutex<Vec<(u64, Settlement)>>>,
}

impl Faulty {
    /// Breaks a method: `plan`, `claim`, `renew`, `renewed`, `settle` or `wake`.
    ///
    /// When `renewed` fails, renewing answers that all claims are lost.
    pub(crate) fn breaks(&self, method: &'static str, fault: Fault) {
        self.faults.lock().unwrap().insert(method, fault);
    }

    pub(crate) fn works(&self, method: &'static str) {
        self.faults.lock().unwrap().remove(method);
    }

    /// Puts everything out of reach.
    pub(crate) fn goes_down(&self) {
        for method in ["plan", "claim", "renew", "settle"] {
            self.breaks(method, Fault::Fails);
        }
    }

    pub(crate) fn comes_back(&self) {
        self.faults.lock().unwrap().clear();
    }

    /// Returns the fence and the settlement of everything that was settled.
    pub(crate) fn settled(&self) -> Vec<(u64, Settlement)> {
        self.settled.lock().unwrap().clone()
    }

    async fn meets(&self, method: &'static str) -> Result<(), StoreError> {
        let fault = self.faults.lock().unwrap().get(method).cloned();
        match fault {
            None => Ok(()),
            Some(Fault::Fails) => Err(StoreError::new("the disk is gone")),
            Some(Fault::Hangs) => pending().await,
            Some(Fault::Panics) => panic!("a bug in a store"),
            Some(Fault::PanicsLate) => {
                let _bug = Bug;
                pending().await
            }
            Some(Fault::Slow(time)) => {
                sleep(time).await;
                Ok(())
            }
            Some(Fault::Waits(barrier)) => {
                barrier.wait().await;
                Ok(())
            }
        }
    }
}

impl Store for Faulty {
    async fn accept(&self, arrival: Arrival) -> Result<Accepted, StoreError> {
        self.meets("accept").await?;
        self.store.accept(arrival).await
    }

    async fn plan(&self, hooks: &Dispatcher) -> Result<usize, StoreError> {
        self.meets("plan").await?;
        self.store.plan(hooks).await
    }

    async fn claim(
        &self,
        hooks: &[(&str, usize)],
        lease: Duration,
    ) -> Result<Vec<Task>, StoreError> {
        self.meets("claim").await?;
        self.store.claim(hooks, lease).await
    }

    async fn renew(&self, tasks: &[Arc<Task>], lease: Duration) -> Result<Vec<TaskId>, StoreError> {
        self.meets("renew").await?;
        match self.meets("renewed").await {
            Ok(()) => self.store.renew(tasks, lease).await,
            Err(_) => Ok(Vec::new()),
        }
    }

    async fn settle(&self, task: &Task, settlement: Settlement) -> Result<bool, StoreError> {
        self.meets("settle").await?;
        let settled = self.store.settle(task, settlement.clone()).await?;
        self.settled.lock().unwrap().push((task.fence, settlement));
        Ok(settled)
    }

    async fn move_to(&self, task: TaskId, due_at: DateTime<Utc>) -> Result<bool, StoreError> {
        self.store.move_to(task, due_at).await
    }

    async fn cancel(&self, task: TaskId) -> Result<bool, StoreError> {
        self.store.cancel(task).await
    }

    async fn wake(&self, hooks: &[&str]) {
        if self.meets("wake").await.is_ok() {
            self.store.wake(hooks).await;
        }
    }
}
