//! How much may be held of bodies that nobody has verified yet.

use std::{
    collections::BTreeMap,
    future::pending,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{Notify, oneshot},
    time::{self, Instant},
};

use crate::Rejection;

/// What memory is counted in.
pub(crate) const STEP: usize = 16 * 1024;

/// How long a body may wait in all for others to give way; they do it as soon as they are woken.
const PATIENCE: Duration = Duration::from_millis(500);

/// A budget for what has arrived of bodies that still miss something.
///
/// Bodies of up to one step have a quarter for themselves, so that large ones cannot keep them out.
/// In a lane that is full the body that has been arriving for longest gives way. A body that is there
/// as soon as it is asked for needs no place.
#[derive(Debug)]
pub(crate) struct Budget {
    small: Lane,
    large: Lane,
    next: AtomicU64,
}

impl Budget {
    /// Makes a budget; the larger lane always has room for one body of the largest size.
    pub(crate) fn new(bytes: usize, body_limit: usize) -> Self {
        let small = (bytes / 4).div_ceil(STEP).max(1);
        let large = (bytes / STEP).saturating_sub(small).max(body_limit.div_ceil(STEP));
        Self {
            small: Lane::new(small, false),
            large: Lane::new(large, true),
            next: AtomicU64::new(0),
        }
    }

    /// Begins to count a body, of which nothing is held yet.
    pub(crate) fn hold(&self) -> Hold<'_> {
        let age = self.next.fetch_add(1, Ordering::Relaxed);
        Hold { budget: self, age, steps: 0, patience: PATIENCE, place: None }
    }

    fn lane(&self, steps: usize) -> &Lane {
        if steps <= 1 { &self.small } else { &self.large }
    }
}

/// The memory reserved for one body; it is given back when this is dropped.
///
/// Drop the memory first, so that nobody takes the room before it is there.
#[derive(Debug)]
pub(crate) struct Hold<'a> {
    budget: &'a Budget,
    /// Its place in the order of arrival.
    age: u64,
    steps: usize,
    /// How long it may still wait.
    patience: Duration,
    /// Tells when the place is lost, by the end of its sender.
    place: Option<oneshot::Receiver<()>>,
}

impl Hold<'_> {
    /// Takes one more step, for which others may have to give way.
    ///
    /// # Errors
    ///
    /// Fails when this body must give way itself, or nobody did in time.
    pub(crate) async fn grow(&mut self) -> Result<(), Rejection> {
        let steps = self.steps + 1;
        let lane = self.budget.lane(steps);
        // Beyond the first step a body is in the other lane.
        let before = if steps == 2 { 0 } else { self.steps };
        let room = async {
            loop {
                let freed = lane.freed.notified();
                if let Some(place) = lane.enter(self.age, before, steps)? {
                    return Ok(place);
                }
                freed.await;
            }
        };
        let began = Instant::now();
        let place = tokio::select! {
            biased;
            () = lost(&mut self.place) => return Err(Rejection::Busy),
            room = time::timeout(self.patience, room) => room.unwrap_or(Err(Rejection::Busy))?,
        };
        self.patience = self.patience.saturating_sub(began.elapsed());
        if steps == 2 {
            self.budget.small.leave(self.age, 1);
        }
        (self.steps, self.place) = (steps, Some(place));
        Ok(())
    }

    /// Waits until this body must give way.
    pub(crate) async fn gave_way(&mut self) {
        lost(&mut self.place).await;
    }
}

async fn lost(place: &mut Option<oneshot::Receiver<()>>) {
    match place {
        Some(place) if place.is_terminated() => {}
        // Its sender never sends, it is dropped.
        Some(place) => drop(place.await),
        None => pending().await,
    }
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        if self.steps > 0 {
            self.budget.lane(self.steps).leave(self.age, self.steps);
        }
    }
}

/// The bodies of one size, in the order in which they began to arrive.
#[derive(Debug)]
struct Lane {
    limit: usize,
    /// Whether a body waits until others have given back what it takes. A short one does not: it
    /// would wait longer than the little that it holds is worth.
    waits: bool,
    held: Mutex<Held>,
    freed: Notify,
}

#[derive(Debug, Default)]
struct Held {
    /// The steps of all bodies, and of those that have lost their place and still hold them.
    steps: usize,
    leaving: usize,
    /// The bodies that have a place, and what tells them that they lost it.
    bodies: BTreeMap<u64, (usize, oneshot::Sender<()>)>,
}

impl Lane {
    fn new(limit: usize, waits: bool) -> Self {
        Self { limit, waits, held: Mutex::default(), freed: Notify::new() }
    }

    /// Gives a body so many steps instead of those that it had here; `None` when others must give
    /// theirs back first.
    fn enter(
        &self,
        age: u64,
        before: usize,
        steps: usize,
    ) -> Result<Option<oneshot::Receiver<()>>, Rejection> {
        let mut held = self.held();
        if before > 0 && !held.bodies.contains_key(&age) {
            return Err(Rejection::Busy);
        }
        let more = steps - before;
        while held.steps - held.leaving + more > self.limit {
            let Some((oldest, (freed, _))) = held.bodies.pop_first() else {
                return Err(Rejection::Busy);
            };
            held.leaving += freed;
            if oldest == age {
                return Err(Rejection::Busy);
            }
        }
        if self.waits && held.steps + more > self.limit {
            return Ok(None);
        }
        let (lose, place) = oneshot::channel();
        held.steps += more;
        held.bodies.insert(age, (steps, lose));
        let has_room = held.steps < self.limit;
        drop(held);
        if has_room {
            self.freed.notify_one();
        }
        Ok(Some(place))
    }

    fn leave(&self, age: u64, steps: usize) {
        let mut held = self.held();
        held.steps -= steps;
        if held.bodies.remove(&age).is_none() {
            held.leaving -= steps;
        }
        drop(held);
        self.freed.notify_one();
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        // Nothing panics while it is locked.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    const MIB: usize = 1024 * 1024;

    /// Lets a body arrive up to this size, as far as it gets without waiting.
    fn arrive<'a>(budget: &'a Budget, bytes: usize) -> Result<Hold<'a>, Rejection> {
        let mut hold = budget.hold();
        for _ in 0..bytes.div_ceil(STEP) {
            hold.grow().now_or_never().unwrap_or(Err(Rejection::Busy))?;
        }
        Ok(hold)
    }

    fn is_lost(hold: &mut Hold<'_>) -> bool {
        tokio::task::unconstrained(hold.gave_way()).now_or_never().is_some()
    }

    #[tokio::test(start_paused = true)]
    async fn large_bodies_leave_room_for_small_ones_and_the_oldest_gives_way() {
        let budget = Budget::new(64 * MIB, MIB);
        let mut large: Vec<_> = (0..48).map(|_| arrive(&budget, MIB).unwrap()).collect();
        assert!(!is_lost(&mut arrive(&budget, 4096).unwrap()));
        let mut new = budget.hold();
        new.grow().await.unwrap();
        {
            // What it wants is not there before the oldest has given it back.
            let growing = new.grow();
            tokio::pin!(growing);
            assert!(growing.as_mut().now_or_never().is_none());
            assert!(is_lost(&mut large[0]) && !is_lost(&mut large[1]));
            assert_eq!(budget.large.held().steps, 48 * 64);
            drop(large.remove(0));
            growing.await.unwrap();
        }
        assert_eq!(budget.large.held().steps, 47 * 64 + 2);
        assert!(!large.iter_mut().any(is_lost));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_waits_only_so_long_for_those_that_do_not_give_way() {
        let budget = Budget::new(64 * MIB, MIB);
        let _held: Vec<_> = (0..48).map(|_| arrive(&budget, MIB).unwrap()).collect();
        let mut new = arrive(&budget, STEP).unwrap();
        let began = Instant::now();
        assert_eq!(new.grow().await, Err(Rejection::Busy));
        assert_eq!(began.elapsed(), PATIENCE);
    }

    #[tokio::test]
    async fn a_short_body_never_waits() {
        let budget = Budget::new(64 * MIB, MIB);
        let mut held: Vec<_> = (0..3000).map(|_| arrive(&budget, 1).unwrap()).collect();
        let lost = held.iter_mut().map(is_lost).collect::<Vec<_>>();
        assert!(lost[..3000 - 1024].iter().all(|lost| *lost));
        assert!(lost[3000 - 1024..].iter().all(|lost| !*lost));
        drop(held);
        let held = budget.small.held();
        assert_eq!((held.steps, held.leaving, held.bodies.len()), (0, 0, 0));
    }

    #[tokio::test]
    async fn a_body_that_lost_its_place_may_not_grow() {
        let budget = Budget::new(64 * MIB, MIB);
        let mut held: Vec<_> = (0..48).map(|_| arrive(&budget, MIB - STEP).unwrap()).collect();
        // 48 steps are left.
        for hold in &mut held[1..] {
            hold.grow().now_or_never().unwrap().unwrap();
        }
        held[1].grow().now_or_never().unwrap().unwrap();
        assert!(held[2].grow().now_or_never().is_none());
        assert!(is_lost(&mut held[0]));
        assert_eq!(held[0].grow().now_or_never(), Some(Err(Rejection::Busy)));
    }

    #[tokio::test]
    async fn a_body_that_grows_changes_the_lane_and_gives_back_what_it_held() {
        let budget = Budget::new(64 * MIB, MIB);
        let mut hold = budget.hold();
        for steps in 1..=10 {
            hold.grow().now_or_never().unwrap().unwrap();
            let (small, large) = (budget.small.held().steps, budget.large.held().steps);
            assert_eq!((small, large), if steps == 1 { (1, 0) } else { (0, steps) });
        }
        drop(hold);
        assert_eq!(budget.small.held().steps + budget.large.held().steps, 0);
        assert!(budget.small.held().bodies.is_empty() && budget.large.held().bodies.is_empty());
    }

    #[tokio::test]
    async fn a_small_budget_still_takes_a_body_of_the_largest_size() {
        let budget = Budget::new(1, MIB);
        assert!(arrive(&budget, MIB).is_ok());
        assert_eq!(arrive(&budget, 2 * MIB).unwrap_err(), Rejection::Busy);
    }
}
