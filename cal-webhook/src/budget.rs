//! How much may be held of bodies that nobody has verified yet.

use std::{
    collections::BTreeMap,
    future::pending,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::sync::oneshot;

use crate::Rejection;

/// What memory is counted in.
pub(crate) const STEP: usize = 16 * 1024;

/// A budget for what has arrived of bodies that still miss something.
///
/// Bodies of up to one step have a quarter for themselves, so that large ones cannot keep them out.
/// A lane that is full takes what it lacks from the body that has been arriving for longest. A body
/// that is there as soon as it is asked for holds nothing and needs no place.
#[derive(Debug)]
pub(crate) struct Budget {
    small: Lane,
    large: Lane,
    next: AtomicU64,
}

impl Budget {
    /// Makes a budget; the larger lane always has room for one body of the largest size.
    pub(crate) fn new(bytes: usize, body_limit: usize) -> Self {
        let small = steps(bytes / 4).max(1);
        let large = (bytes / STEP).saturating_sub(small).max(steps(body_limit));
        Self { small: Lane::new(small), large: Lane::new(large), next: AtomicU64::new(0) }
    }

    /// Begins to count a body, of which nothing is held yet.
    pub(crate) fn hold(&self) -> Hold<'_> {
        Hold { budget: self, age: None, steps: 0, evicted: None }
    }

    fn lane(&self, steps: usize) -> &Lane {
        if steps <= 1 { &self.small } else { &self.large }
    }
}

/// What is held of one body; it is given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Hold<'a> {
    budget: &'a Budget,
    /// Its place in the order of arrival, once something of it has to wait.
    age: Option<u64>,
    steps: usize,
    evicted: Option<oneshot::Receiver<()>>,
}

impl Hold<'_> {
    /// Counts so many bytes, and makes others give way where that is necessary.
    pub(crate) fn cover(&mut self, bytes: usize) -> Result<(), Rejection> {
        let steps = steps(bytes);
        if steps == self.steps {
            return Ok(());
        }
        let next = || self.budget.next.fetch_add(1, Ordering::Relaxed);
        let age = *self.age.get_or_insert_with(next);
        self.budget.lane(self.steps).leave(age);
        self.steps = steps;
        self.evicted = self.budget.lane(steps).enter(age, steps);
        if self.evicted.is_some() { Ok(()) } else { Err(Rejection::Busy) }
    }

    /// Waits until another body takes the place.
    pub(crate) async fn gave_way(&mut self) {
        match &mut self.evicted {
            // Its sender never sends, it is dropped.
            Some(evicted) => drop(evicted.await),
            None => pending().await,
        }
    }
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        if let Some(age) = self.age {
            self.budget.lane(self.steps).leave(age);
        }
    }
}

/// The bodies of one size, in the order in which they began to arrive.
#[derive(Debug)]
struct Lane {
    limit: usize,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    steps: usize,
    bodies: BTreeMap<u64, (usize, oneshot::Sender<()>)>,
}

impl Lane {
    fn new(limit: usize) -> Self {
        Self { limit, held: Mutex::default() }
    }

    /// Takes a body in; `None` when it is larger than the lane.
    fn enter(&self, age: u64, steps: usize) -> Option<oneshot::Receiver<()>> {
        let mut held = self.held();
        while held.steps + steps > self.limit {
            let (_, (freed, _)) = held.bodies.pop_first()?;
            held.steps -= freed;
        }
        let (evict, evicted) = oneshot::channel();
        held.steps += steps;
        held.bodies.insert(age, (steps, evict));
        Some(evicted)
    }

    fn leave(&self, age: u64) {
        let mut held = self.held();
        if let Some((freed, _)) = held.bodies.remove(&age) {
            held.steps -= freed;
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        // Nothing panics while it is locked.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn steps(bytes: usize) -> usize {
    bytes.div_ceil(STEP)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    const MIB: usize = 1024 * 1024;

    #[test]
    fn large_bodies_leave_room_for_small_ones() {
        let budget = Budget::new(64 * MIB, MIB);
        let large: Vec<_> = (0..60).map(|_| budget.hold()).collect();
        let large: Vec<_> = large
            .into_iter()
            .map(|mut hold| {
                hold.cover(MIB).unwrap();
                hold
            })
            .collect();
        let mut small = budget.hold();
        small.cover(4096).unwrap();
        assert!(small.gave_way().now_or_never().is_none());
        let evicted = large.into_iter().map(|mut hold| hold.gave_way().now_or_never().is_some());
        let evicted: Vec<_> = evicted.collect();
        // 48 MiB are theirs, and the oldest have given way.
        assert_eq!(evicted.iter().filter(|gone| **gone).count(), 12);
        assert!(evicted[..12].iter().all(|gone| *gone));
    }

    #[test]
    fn a_small_body_finds_a_place_however_many_are_unfinished() {
        let budget = Budget::new(64 * MIB, MIB);
        let mut crowd: Vec<_> = (0..5000).map(|_| budget.hold()).collect();
        crowd.iter_mut().for_each(|hold| hold.cover(1).unwrap());
        let mut signed = budget.hold();
        signed.cover(2048).unwrap();
        assert!(signed.gave_way().now_or_never().is_none());
        let held = budget.small.held();
        assert_eq!((held.steps, held.bodies.len()), (1024, 1024));
    }

    #[test]
    fn a_body_that_grows_changes_the_lane_and_gives_back_what_it_held() {
        let budget = Budget::new(64 * MIB, MIB);
        let mut hold = budget.hold();
        for bytes in [1, STEP, STEP + 1, 10 * STEP] {
            hold.cover(bytes).unwrap();
            let small = budget.small.held().steps;
            let large = budget.large.held().steps;
            assert_eq!(small + large, steps(bytes));
        }
        drop(hold);
        assert_eq!(budget.small.held().steps + budget.large.held().steps, 0);
        assert!(budget.small.held().bodies.is_empty() && budget.large.held().bodies.is_empty());
    }

    #[test]
    fn a_small_budget_still_takes_a_body_of_the_largest_size() {
        let budget = Budget::new(1, MIB);
        budget.hold().cover(MIB).unwrap();
        assert_eq!(budget.hold().cover(2 * MIB).unwrap_err(), Rejection::Busy);
    }
}
