//! The loop that keeps planning, claiming, running, renewing and settling going side by side.
//!
//! Everything that takes time is a future of its own in `events`, so that nothing waits for anything
//! else; what it brings back is an [`Event`]. No wake-up is lost: one sets what is `wanted`, and only
//! the start of the plan or the claim that it calls for clears it. Whatever comes in later wakes
//! again.

use std::{collections::BTreeMap, future::Future, pin::pin, sync::Arc, time::Duration};

use futures_util::{FutureExt, StreamExt, stream::FuturesUnordered};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{self, Instant},
};

use crate::{Dispatcher, HookError, StoreError, Task, TaskId, crash, log::quietly};

use super::{
    GLANCE, LAST, LEASE, PATIENCE, PAUSE,
    announce::announce,
    desk::Desk,
    erased::{Boxed, ErasedStore},
    outage::{Chore, Outage},
    run::Run,
    sleep::Sleep,
};

/// Numbers the runs of this worker: a task may be claimed again while an earlier run is stopped.
pub(super) type RunId = u64;

pub(super) struct Engine<'a> {
    pub(super) store: &'a Arc<dyn ErasedStore>,
    pub(super) dispatcher: &'a Dispatcher,
    pub(super) events: FuturesUnordered<Boxed<'a, Event>>,
    pub(super) planning: Planning,
    /// Tasks are being claimed, for all desks at once.
    pub(super) claiming: bool,
    /// How many claims the store has answered.
    pub(super) claims: u64,
    pub(super) desks: Vec<Desk>,
    pub(super) runs: BTreeMap<RunId, Run>,
    pub(super) next_run: RunId,
    /// When to renew the claims.
    pub(super) beat_at: Instant,
    /// How many renewals the store has not answered.
    pub(super) renewing: usize,
    pub(super) sleep: Sleep,
    listening: Option<Listening<'a>>,
    /// When the next task is due may have changed since the store was asked.
    is_outdated: bool,
    pub(super) outage: Outage,
    /// Until when hooks may go on; then, until when their settlements may take.
    pub(super) end: Option<Instant>,
    pub(super) is_overdue: bool,
}

#[derive(Default)]
pub(super) struct Planning {
    /// There may be something to plan.
    pub(super) wanted: bool,
    /// The store plans, or rests after a failure.
    busy: bool,
}

/// Waits for news from the store about these desks, or for a while if there are none.
struct Listening<'a> {
    desks: Option<Vec<usize>>,
    news: Boxed<'a, Result<(), StoreError>>,
}

pub(super) enum Event {
    Claimed { desks: Vec<usize>, asked: Instant, answer: Result<Vec<Task>, StoreError> },
    Ended { run: RunId, result: Option<Result<(), HookError>> },
    Planned(Result<usize, StoreError>),
    Renewed { runs: Vec<(RunId, u64)>, asked: Instant, answer: Result<Vec<TaskId>, StoreError> },
    Rested(Chore),
    Settled { run: RunId, fence: u64, answer: Result<bool, StoreError> },
}

impl<'a> Engine<'a> {
    pub(super) fn new(store: &'a Arc<dyn ErasedStore>, dispatcher: &'a Dispatcher) -> Self {
        Self {
            store,
            dispatcher,
            events: FuturesUnordered::new(),
            planning: Planning { wanted: true, busy: false },
            claiming: false,
            claims: 0,
            desks: dispatcher.hooks().iter().map(Desk::new).collect(),
            runs: BTreeMap::new(),
            next_run: 0,
            beat_at: Instant::now(),
            renewing: 0,
            sleep: Sleep::none(),
            listening: None,
            is_outdated: false,
            outage: Outage::none(),
            end: None,
            is_overdue: false,
        }
    }

    /// Works until it is told to end, and what runs has ended.
    pub(super) async fn run(mut self, ends: &mut watch::Receiver<Option<Instant>>) {
        let mut announcing = pin!(announce(self.store, self.dispatcher));
        loop {
            if self.sleep.has_slept() && !self.runs.is_empty() {
                self.doubt();
            }
            self.advance();
            if self.is_finished() {
                return;
            }
            let end = self.end.unwrap_or_else(Instant::now);
            tokio::select! {
                Some(event) = self.events.next() => {
                    self.handle(event);
                    // What else is there needs no turn of its own.
                    while let Some(Some(event)) = self.events.next().now_or_never() {
                        self.handle(event);
                    }
                }
                never = &mut announcing => match never {},
                Some(news) = heard(&mut self.listening) => self.awake(news),
                () = time::sleep_until(self.beat_at), if !self.runs.is_empty() => self.beat(),
                Ok(()) = ends.changed(), if !self.is_overdue => {
                    self.end = *ends.borrow_and_update();
                }
                () = time::sleep_until(end), if self.end.is_some() => {
                    if self.is_overdue {
                        let tasks = self.runs.len();
                        quietly(|| tracing::error!(tasks, "tasks could not be released"));
                        return;
                    }
                    self.is_overdue = true;
                    self.end = Some(end + LAST);
                    self.runs.values_mut().for_each(Run::release);
                }
            }
        }
    }

    fn is_finished(&self) -> bool {
        self.end.is_some()
            && self.runs.is_empty()
            && !self.claiming
            && (!self.planning.busy || self.is_overdue)
    }

    /// Starts what is wanted and can be started.
    fn advance(&mut self) {
        if self.end.is_some() {
            self.listening = None;
            return;
        }
        if self.planning.wanted && !self.planning.busy {
            self.planning = Planning { wanted: false, busy: true };
            self.plan();
        }
        if !self.claiming && !self.sleep.is_doubtful() {
            let is_ready = |desk: &usize| self.desks[*desk].wanted && self.desks[*desk].is_open();
            let desks: Vec<usize> = (0..self.desks.len()).filter(is_ready).collect();
            if !desks.is_empty() {
                self.claiming = true;
                self.claim(desks);
            }
        }
        self.listen();
    }

    /// Plans in a task of its own, because reading a batch of deliveries takes a while.
    fn plan(&self) {
        let (store, dispatcher) = (Arc::clone(self.store), self.dispatcher.clone());
        self.events.push(Box::pin(async move {
            let mut planner = JoinSet::new();
            planner.spawn(async move { within(PATIENCE, store.plan(&dispatcher)).await });
            let stopped = || Err(StoreError::new("the planner was stopped"));
            let planned = planner.join_next().await;
            Event::Planned(planned.and_then(Result::ok).unwrap_or_else(stopped))
        }));
    }

    fn claim(&mut self, desks: Vec<usize>) {
        let (store, asked) = (self.store, Instant::now());
        let mut wanted = Vec::with_capacity(desks.len());
        for desk in &desks {
            let desk = &mut self.desks[*desk];
            desk.wanted = false;
            wanted.push((Arc::clone(&desk.hook), desk.free()));
        }
        self.events.push(Box::pin(async move {
            let wanted: Vec<_> = wanted.iter().map(|(hook, free)| (&**hook, *free)).collect();
            let answer = within(PATIENCE, store.claim(&wanted, LEASE)).await;
            if answer.as_ref().is_ok_and(|tasks| !tasks.is_empty()) {
                crash::point("claimed");
            }
            Event::Claimed { desks, asked, answer }
        }));
    }

    /// Waits for news, of the desks that are open.
    ///
    /// While tasks are being claimed, or the last news wait for the planner, the store would only
    /// tell what is known: then a clock stands in, so that a slow claim delays no plan and a slow
    /// plan no claim. Whoever listens already goes on, until what is due has changed.
    fn listen(&mut self) {
        let has_caught_up = !(self.planning.busy && self.planning.wanted);
        let is_quiet = has_caught_up && !self.claiming;
        let is_open = |desk: &usize| self.desks[*desk].is_open();
        let desks = is_quiet.then(|| (0..self.desks.len()).filter(is_open).collect::<Vec<_>>());
        let is_due = match self.listening.as_ref().map(|listening| &listening.desks) {
            None => true,
            Some(None) => is_quiet,
            Some(current) => is_quiet && (self.is_outdated || *current != desks),
        };
        if !is_due {
            return;
        }
        self.is_outdated = false;
        let stand_in = if has_caught_up { GLANCE } else { PAUSE };
        let name = |desk: &usize| Arc::clone(&self.desks[*desk].hook);
        let hooks = desks.as_ref().map(|desks| desks.iter().map(name).collect::<Vec<_>>());
        let store = self.store;
        let news: Boxed<'a, _> = Box::pin(async move {
            let Some(hooks) = hooks else {
                time::sleep(stand_in).await;
                return Ok(());
            };
            let hooks: Vec<&str> = hooks.iter().map(|hook| &**hook).collect();
            let news = store.wake(&hooks).await;
            if news.is_err() {
                time::sleep(PAUSE).await;
            }
            news
        });
        self.listening = Some(Listening { desks, news });
    }

    fn awake(&mut self, news: Result<(), StoreError>) {
        match news {
            Ok(()) => self.outage.forget(Chore::Wake),
            Err(error) => self.outage.failed(Chore::Wake, &error),
        }
        self.listening = None;
        self.planning.wanted = true;
        self.want_all();
    }

    fn want_all(&mut self) {
        self.desks.iter_mut().for_each(|desk| desk.wanted = true);
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Claimed { desks, asked, answer } => self.claimed(&desks, asked, answer),
            Event::Ended { run, result } => self.ended(run, result),
            Event::Planned(answer) => self.planned(answer),
            Event::Renewed { runs, asked, answer } => self.renewed(&runs, asked, answer),
            Event::Rested(Chore::Claim) => {
                self.desks.iter_mut().for_each(|desk| desk.resting = false);
            }
            Event::Rested(_) => self.planning.busy = false,
            Event::Settled { run, fence, answer } => self.settled(run, fence, answer),
        }
    }

    fn planned(&mut self, answer: Result<usize, StoreError>) {
        match answer {
            Ok(planned) => {
                self.outage.worked(Chore::Plan);
                self.planning.busy = false;
                if planned > 0 {
                    // What was planned may not be all there is.
                    self.planning.wanted = true;
                    self.is_outdated = true;
                    self.want_all();
                }
            }
            Err(error) => {
                self.planning.wanted = true;
                self.rest(Chore::Plan, &error);
            }
        }
    }

    fn claimed(&mut self, desks: &[usize], asked: Instant, answer: Result<Vec<Task>, StoreError>) {
        self.claiming = false;
        self.claims += 1;
        match answer {
            Ok(tasks) => {
                self.outage.worked(Chore::Claim);
                self.is_outdated |= !tasks.is_empty();
                if asked.elapsed() >= LEASE {
                    let tasks = tasks.len();
                    quietly(|| tracing::warn!(tasks, "claims ran out before the store answered"));
                    return;
                }
                for task in tasks {
                    let desk = desks.iter().find(|desk| *self.desks[**desk].hook == *task.hook);
                    if let Some(desk) = desk {
                        self.take(*desk, Arc::new(task), asked);
                    }
                }
            }
            Err(error) => {
                for desk in desks {
                    self.desks[*desk].resting = true;
                    self.desks[*desk].wanted = true;
                }
                self.rest(Chore::Claim, &error);
            }
        }
    }

    /// Notes a failure, and lets some time pass before the next try.
    fn rest(&mut self, chore: Chore, error: &StoreError) {
        self.outage.failed(chore, error);
        self.events.push(Box::pin(async move {
            time::sleep(PAUSE).await;
            Event::Rested(chore)
        }));
    }
}

/// Waits for news; `None` when nobody listens.
async fn heard(listening: &mut Option<Listening<'_>>) -> Option<Result<(), StoreError>> {
    match listening {
        Some(listening) => Some((&mut listening.news).await),
        None => None,
    }
}

/// Waits for the store, but not for ever.
pub(super) async fn within<T>(
    limit: Duration,
    call: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let late = |_| Err(StoreError::new(format!("the store took longer than {limit:?}")));
    time::timeout(limit, call).await.unwrap_or_else(late)
}
