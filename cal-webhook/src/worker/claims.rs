//! What the worker does with the tasks that it has claimed: run, renew and settle them.

use std::{collections::HashSet, sync::Arc, time::Duration};

use tokio::{
    sync::oneshot,
    time::{self, Instant},
};

use crate::{
    Context, HookError, Settlement, StoreError, Task, TaskId, crash,
    log::quietly,
    metrics::{self, Stopwatch},
};

use super::{
    GLANCE, LEASE, PATIENCE, PAUSE,
    engine::{Engine, Event, RunId, within},
    outage::Chore,
    run::{Run, Stage, outcome},
};

impl Engine<'_> {
    /// Runs the hook of a claimed task.
    pub(super) fn take(&mut self, desk: usize, task: Arc<Task>, asked: Instant) {
        // A claim that took long must be renewed sooner.
        let beat_at = asked + LEASE / 3;
        self.beat_at = if self.runs.is_empty() { beat_at } else { self.beat_at.min(beat_at) };
        // The store's clock has leaped over the lease: what runs goes on under the new claim.
        let is_same = |run: &&mut Run| run.task.id == task.id && !matches!(run.stage, Stage::Lost);
        if let Some(run) = self.runs.values_mut().find(is_same) {
            (run.task, run.held_until, run.doubted) = (task, asked + LEASE, None);
            return;
        }
        let (id, hook) = (self.next_run, Arc::clone(&self.desks[desk].hook));
        self.next_run += 1;
        self.desks[desk].busy += 1;
        let (stop, stopped) = oneshot::channel();
        let stage = Stage::Running { _stop: stop };
        let held_until = asked + LEASE;
        let run =
            Run { task: Arc::clone(&task), desk, held_until, pause: None, doubted: None, stage };
        self.runs.insert(id, run);
        if self.end.is_some() {
            return self.settle(id, Settlement::Released, Duration::ZERO);
        }
        let dispatcher = self.dispatcher;
        let cx = Context::of(task, Some(Arc::clone(self.store)));
        self.events.push(Box::pin(async move {
            let watch = Stopwatch::start();
            let mut running = dispatcher.start(cx);
            let result = tokio::select! {
                result = running.end() => Some(result),
                _ = stopped => running.stop().await,
            };
            if result.is_some() {
                watch.ran(&hook);
            }
            Event::Ended { run: id, result }
        }));
    }

    pub(super) fn ended(&mut self, id: RunId, result: Option<Result<(), HookError>>) {
        let Some(run) = self.runs.get(&id) else { return };
        if matches!(run.stage, Stage::Lost) {
            self.close(id, Err("a hook was stopped because its claim was lost"));
        } else {
            let pause = match &result {
                Some(Err(error)) => error.delay(),
                _ => None,
            };
            let settlement = run.settlement(result);
            if let Some(run) = self.runs.get_mut(&id) {
                run.pause = pause;
            }
            self.settle(id, settlement, Duration::ZERO);
        }
    }

    fn settle(&mut self, id: RunId, settlement: Settlement, pause: Duration) {
        let Some(run) = self.runs.get_mut(&id) else { return };
        let failed = matches!(run.stage, Stage::Settling { .. });
        // After an outage that was longer than the lease the task is worth a try, as nobody else
        // could claim it either. When the store has answered others since, it is the last one.
        let last = failed && self.outage.answered() > run.held_until;
        run.stage = Stage::Settling { settlement: settlement.clone(), failed, last };
        let (store, task, fence) = (self.store, Arc::clone(&run.task), run.task.fence);
        let asked_for = run.pause.take();
        self.events.push(Box::pin(async move {
            if !pause.is_zero() {
                time::sleep(pause).await;
            }
            if let Some(pause) = asked_for {
                // Where this fails, each task hears it from the other side itself.
                drop(within(PATIENCE, store.pause(&task.hook, pause)).await);
            }
            crash::point("settling");
            let answer = within(PATIENCE, store.settle(&task, settlement)).await;
            if answer.is_ok() {
                crash::point("settled");
            }
            Event::Settled { run: id, fence, answer }
        }));
    }

    pub(super) fn settled(&mut self, id: RunId, fence: u64, answer: Result<bool, StoreError>) {
        let Some(run) = self.runs.get(&id) else { return };
        let is_outdated = run.task.fence > fence;
        let is_in_doubt = self.claiming && run.may_be_claimed(self.claims);
        let Stage::Settling { settlement, failed, last } = &run.stage else { return };
        let (settlement, failed, last) = (settlement.clone(), *failed, *last);
        match answer {
            Ok(true) => {
                self.outage.worked(Chore::Settle(id));
                self.close(id, Ok(outcome(&settlement)));
            }
            // The task was claimed again by this worker meanwhile, and goes on under the new claim.
            Ok(false) if is_outdated => {
                if !failed {
                    self.desks[run.desk].unsettled += 1;
                }
                self.settle(id, settlement, Duration::ZERO);
            }
            // It may have been: the answer that brings the new claim is on its way.
            Ok(false) if is_in_doubt => {
                if !failed {
                    self.desks[run.desk].unsettled += 1;
                }
                if let Some(run) = self.runs.get_mut(&id) {
                    run.doubted = Some(self.claims);
                }
                self.settle(id, settlement, GLANCE);
            }
            Ok(false) => {
                self.outage.worked(Chore::Settle(id));
                self.close(id, Err("a hook finished after its claim"));
            }
            Err(error) => {
                self.outage.failed(Chore::Settle(id), &error);
                if last || self.is_overdue {
                    return self.close(id, Err("a hook finished, but could not be settled"));
                }
                // What the store says to something else tells whether it is out of reach.
                self.planning.wanted = true;
                if !failed {
                    self.desks[run.desk].unsettled += 1;
                }
                self.settle(id, settlement, PAUSE);
            }
        }
    }

    /// Gives the place of a run to the next task.
    fn close(&mut self, id: RunId, end: Result<&'static str, &'static str>) {
        let Some(run) = self.runs.remove(&id) else { return };
        let desk = &mut self.desks[run.desk];
        desk.busy -= 1;
        desk.wanted = true;
        if matches!(run.stage, Stage::Settling { failed: true, .. }) {
            desk.unsettled -= 1;
        }
        metrics::settled(&desk.hook, end.unwrap_or("lost"));
        if let Err(loss) = end {
            run.report_loss(loss);
        }
        self.outage.forget(Chore::Settle(id));
        if self.runs.is_empty() {
            self.outage.forget(Chore::Renew);
            self.sleep.trust(Instant::now());
        }
    }

    /// Asks the store which claims have outlived a sleep, before anything is claimed.
    pub(super) fn doubt(&mut self) {
        quietly(|| {
            tracing::warn!("the machine has slept, or its clock was set: claims are renewed")
        });
        self.sleep.doubt();
        self.beat();
    }

    /// Renews all claims, and stops the hooks whose claim has run out.
    pub(super) fn beat(&mut self) {
        let now = Instant::now();
        let over = |run: &&mut Run| run.held_until <= now;
        self.runs.values_mut().filter(over).for_each(Run::lose);
        let live = self.runs.values().filter(|run| run.is_live());
        let first = live.map(|run| run.held_until).min();
        // A renewal without an answer is not waited for, but the next one comes sooner.
        let next = now + if self.renewing == 0 { LEASE / 3 } else { LEASE / 6 };
        self.beat_at = first.map_or(next, |first| first.min(next));
        let held = self.runs.iter().filter(|(_, run)| run.is_renewed());
        let (runs, tasks): (Vec<_>, Vec<_>) =
            held.map(|(id, run)| ((*id, run.task.fence), Arc::clone(&run.task))).unzip();
        if runs.is_empty() {
            self.sleep.trust(now);
            return self.outage.forget(Chore::Renew);
        }
        self.renewing += 1;
        let store = self.store;
        self.events.push(Box::pin(async move {
            crash::point("renewing");
            let answer = within(LEASE, store.renew(&tasks, LEASE)).await;
            Event::Renewed { runs, asked: now, answer }
        }));
    }

    pub(super) fn renewed(
        &mut self,
        runs: &[(RunId, u64)],
        asked: Instant,
        answer: Result<Vec<TaskId>, StoreError>,
    ) {
        self.renewing -= 1;
        let held: HashSet<TaskId> = match answer {
            Ok(held) => held.into_iter().collect(),
            Err(error) => {
                if !self.runs.is_empty() {
                    self.outage.failed(Chore::Renew, &error);
                    self.beat_at = self.beat_at.min(Instant::now() + PAUSE);
                }
                return;
            }
        };
        self.outage.worked(Chore::Renew);
        self.sleep.trust(asked);
        for (id, fence) in runs {
            let Some(run) = self.runs.get_mut(id) else { continue };
            if held.contains(&run.task.id) {
                (run.held_until, run.doubted) = (run.held_until.max(asked + LEASE), None);
            } else if run.task.fence > *fence {
                // It goes on under a new claim.
            } else if self.claiming && run.may_be_claimed(self.claims) {
                run.doubted = Some(self.claims);
                self.beat_at = self.beat_at.min(Instant::now() + GLANCE);
            } else {
                // One that is being settled hears the same from its settlement.
                run.lose();
            }
        }
    }
}
