//! The one place where a store is erased.

use std::{future::Future, panic::AssertUnwindSafe, pin::Pin, sync::Arc, time::Duration};

use futures_util::FutureExt;

use cal_core::{BookingUid, Delivery};

use crate::{Accepted, Arrival, Dispatcher, Settlement, Store, StoreError, Task, TaskId};

pub(crate) type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A store behind a pointer. A panic in a store is one of its failures here.
pub(crate) trait ErasedStore: Send + Sync {
    fn accept(&self, arrival: Arrival) -> Boxed<'_, Result<Accepted, StoreError>>;
    fn plan<'a>(&'a self, hooks: &'a Dispatcher) -> Boxed<'a, Result<usize, StoreError>>;
    fn announce<'a>(&'a self, hooks: &'a [&'a str]) -> Boxed<'a, Result<(), StoreError>>;
    fn claim<'a>(
        &'a self,
        hooks: &'a [(&'a str, usize)],
        lease: Duration,
    ) -> Boxed<'a, Result<Vec<Task>, StoreError>>;
    fn renew<'a>(
        &'a self,
        tasks: &'a [Arc<Task>],
        lease: Duration,
    ) -> Boxed<'a, Result<Vec<TaskId>, StoreError>>;
    fn settle<'a>(
        &'a self,
        task: &'a Task,
        settlement: Settlement,
    ) -> Boxed<'a, Result<bool, StoreError>>;
    fn wake<'a>(&'a self, hooks: &'a [&'a str]) -> Boxed<'a, Result<(), StoreError>>;
    fn pause<'a>(&'a self, hook: &'a str, time: Duration) -> Boxed<'a, Result<(), StoreError>>;
    fn reports<'a>(
        &'a self,
        uid: &'a BookingUid,
    ) -> Boxed<'a, Result<Vec<Arc<Delivery>>, StoreError>>;
    fn keep_facts<'a>(
        &'a self,
        task: &'a Task,
        facts: &'a str,
    ) -> Boxed<'a, Result<String, StoreError>>;
}

impl<S: Store> ErasedStore for S {
    fn accept(&self, arrival: Arrival) -> Boxed<'_, Result<Accepted, StoreError>> {
        guarded(async move { Store::accept(self, arrival).await })
    }

    fn plan<'a>(&'a self, hooks: &'a Dispatcher) -> Boxed<'a, Result<usize, StoreError>> {
        guarded(async move { Store::plan(self, hooks).await })
    }

    fn announce<'a>(&'a self, hooks: &'a [&'a str]) -> Boxed<'a, Result<(), StoreError>> {
        guarded(async move { Store::announce(self, hooks).await })
    }

    fn claim<'a>(
        &'a self,
        hooks: &'a [(&'a str, usize)],
        lease: Duration,
    ) -> Boxed<'a, Result<Vec<Task>, StoreError>> {
        guarded(async move { Store::claim(self, hooks, lease).await })
    }

    fn renew<'a>(
        &'a self,
        tasks: &'a [Arc<Task>],
        lease: Duration,
    ) -> Boxed<'a, Result<Vec<TaskId>, StoreError>> {
        guarded(async move { Store::renew(self, tasks, lease).await })
    }

    fn settle<'a>(
        &'a self,
        task: &'a Task,
        settlement: Settlement,
    ) -> Boxed<'a, Result<bool, StoreError>> {
        guarded(async move { Store::settle(self, task, settlement).await })
    }

    fn wake<'a>(&'a self, hooks: &'a [&'a str]) -> Boxed<'a, Result<(), StoreError>> {
        guarded(async move {
            Store::wake(self, hooks).await;
            Ok(())
        })
    }

    fn pause<'a>(&'a self, hook: &'a str, time: Duration) -> Boxed<'a, Result<(), StoreError>> {
        guarded(async move { Store::pause(self, hook, time).await })
    }

    fn reports<'a>(
        &'a self,
        uid: &'a BookingUid,
    ) -> Boxed<'a, Result<Vec<Arc<Delivery>>, StoreError>> {
        guarded(async move { Store::reports(self, uid).await })
    }

    fn keep_facts<'a>(
        &'a self,
        task: &'a Task,
        facts: &'a str,
    ) -> Boxed<'a, Result<String, StoreError>> {
        guarded(async move { Store::keep_facts(self, task, facts).await })
    }
}

/// Makes a failure of a panic, so that it ends neither the worker nor a request.
fn guarded<'a, T: 'a>(
    call: impl Future<Output = Result<T, StoreError>> + Send + 'a,
) -> Boxed<'a, Result<T, StoreError>> {
    Box::pin(async move {
        let answer = AssertUnwindSafe(call).catch_unwind().await;
        answer.unwrap_or_else(|_| Err(StoreError::new("the store panicked")))
    })
}
