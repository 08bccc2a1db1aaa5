//! One claimed task, from its claim to its settlement.

use std::{sync::Arc, time::Duration};

use tokio::{sync::oneshot, time::Instant};

use crate::{
    HookError, Settlement, Task,
    log::{OneLine, quietly},
    retry,
};

/// How many characters of a hook's error are kept.
const ERROR: usize = 1000;

/// A task that expires sooner than this is not hurried.
const SOON: Duration = Duration::from_secs(10 * 60);

/// One claimed task.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) task: Arc<Task>,
    /// The hook's place among the desks.
    pub(super) desk: usize,
    /// Until when nobody else can have claimed the task.
    pub(super) held_until: Instant,
    /// For how long the other side has asked the hook to wait, until the store is told.
    pub(super) pause: Option<Duration>,
    /// How many claims had been answered when the store did not know this one any more, while one more
    /// was on its way.
    pub(super) doubted: Option<u64>,
    pub(super) stage: Stage,
}

/// How far a claimed task is.
#[derive(Debug)]
pub(super) enum Stage {
    /// The claim was lost: the hook is being stopped, and nothing will be settled.
    Lost,
    /// The grace time is over: the hook is being stopped, and the task released.
    Released,
    /// The hook runs until it ends or this sender is dropped.
    Running { _stop: oneshot::Sender<()> },
    /// The hook has ended, and the store is told.
    Settling { settlement: Settlement, failed: bool, last: bool },
}

impl Run {
    /// Whether a claim that is on its way may be one of this task, when so many have been answered.
    pub(super) fn may_be_claimed(&self, claims: u64) -> bool {
        self.doubted.is_none_or(|doubted| doubted == claims)
    }

    /// Whether the hook still runs.
    pub(super) fn is_live(&self) -> bool {
        matches!(self.stage, Stage::Released | Stage::Running { .. })
    }

    /// Whether the claim should be renewed.
    ///
    /// One whose settlement failed is left to run out: if the store works and does not take this
    /// settlement, the task must come free again.
    pub(super) fn is_renewed(&self) -> bool {
        self.is_live() || matches!(self.stage, Stage::Settling { failed: false, .. })
    }

    /// Stops the hook of a task that somebody else may have claimed.
    pub(super) fn lose(&mut self) {
        if self.is_live() {
            self.stage = Stage::Lost;
        }
    }

    /// Stops the hook because the worker stops.
    pub(super) fn release(&mut self) {
        if matches!(self.stage, Stage::Running { .. }) {
            self.stage = Stage::Released;
        }
    }

    /// Decides what becomes of the task, and logs what failed.
    pub(super) fn settlement(&self, result: Option<Result<(), HookError>>) -> Settlement {
        let Task { hook, attempt, delivery_id, reminder, expires_in, .. } = &*self.task;
        let (delivery, reminder) = (delivery_id, reminder.as_deref());
        match result {
            None => {
                quietly(|| {
                    tracing::info!(hook, reminder, attempt, %delivery, "a hook was stopped at shutdown");
                });
                Settlement::Released
            }
            Some(Ok(())) => Settlement::Done,
            Some(Err(error)) => {
                let settlement = after_failure(&error, *attempt, *expires_in);
                let again = matches!(settlement, Settlement::Retry { .. });
                quietly(|| {
                    let error = OneLine(&error);
                    tracing::warn!(hook, reminder, attempt, %delivery, %error, again, "a hook failed");
                });
                settlement
            }
        }
    }

    /// Logs that the claim was lost.
    pub(super) fn report_loss(&self, what: &'static str) {
        let Task { hook, attempt, delivery_id, reminder, .. } = &*self.task;
        let (delivery, reminder) = (delivery_id, reminder.as_deref());
        quietly(|| tracing::warn!(hook, reminder, attempt, %delivery, "{what}"));
    }
}

/// Decides whether a failed task is tried again, and when.
fn after_failure(error: &HookError, attempt: u32, expires_in: Option<Duration>) -> Settlement {
    // A task that expires is not given up before: trying more often towards the end uses up the schedule.
    let delay = || retry::delay(attempt).or(expires_in);
    let delay = if error.is_transient() { delay() } else { None };
    let text = brief(&error.to_string());
    match delay {
        None => Settlement::Dead { error: text },
        Some(delay) => {
            let after = in_time(delay, expires_in).max(error.delay().unwrap_or_default());
            Settlement::Retry { after, error: text }
        }
    }
}

/// Waits half of the time that is left rather than until the task has expired.
///
/// After half a day of failures the schedule waits for hours: a reminder of tomorrow's meeting would
/// be skipped although the mail server is back long before the meeting.
fn in_time(delay: Duration, expires_in: Option<Duration>) -> Duration {
    match expires_in {
        Some(left) if left >= SOON && left <= delay => left / 2,
        _ => delay,
    }
}

/// Cuts what a hook says to a length that can be kept, without what PostgreSQL takes in no text.
fn brief(error: &str) -> String {
    error.chars().filter(|character| *character != '\0').take(ERROR).collect()
}

/// Names a settlement in the metrics.
pub(super) fn outcome(settlement: &Settlement) -> &'static str {
    match settlement {
        Settlement::Dead { .. } => "dead",
        Settlement::Done => "done",
        Settlement::Released => "released",
        Settlement::Retry { .. } => "retry",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_twelfth_failure_is_retried_and_the_thirteenth_is_not() {
        let error = HookError::transient("503");
        assert!(matches!(after_failure(&error, 12, None), Settlement::Retry { .. }));
        assert!(matches!(after_failure(&error, 13, None), Settlement::Dead { .. }));
        let gone = HookError::permanent("gone");
        assert_eq!(after_failure(&gone, 1, None), Settlement::Dead { error: "gone".to_owned() });
    }

    #[test]
    fn what_the_other_side_asks_for_lengthens_a_delay_and_never_shortens_it() {
        let after = |seconds, attempt| {
            let error = HookError::retry_after("429", Duration::from_secs(seconds));
            match after_failure(&error, attempt, None) {
                Settlement::Retry { after, .. } => after.as_secs(),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(after(3600, 1), 3600);
        assert!(after(1, 6) >= 1800);
    }

    #[test]
    fn what_expires_before_the_next_attempt_is_tried_sooner_unless_the_other_side_asks() {
        let after = |error: &HookError, attempt, left| {
            let left = Duration::from_secs(left);
            match after_failure(error, attempt, Some(left)) {
                Settlement::Retry { after, .. } => after.as_secs(),
                other => panic!("{other:?}"),
            }
        };
        let error = HookError::transient("503");
        let limited = HookError::retry_after("429", Duration::from_secs(24 * 3600));
        // The eleventh failure is followed by at least twelve hours.
        assert_eq!(after(&error, 11, 6 * 3600), 3 * 3600);
        assert!((15..=30).contains(&after(&error, 2, 6 * 3600)), "in time anyway");
        assert!(after(&error, 11, 599) >= 12 * 3600, "too late to matter");
        assert_eq!(after(&limited, 11, 6 * 3600), 24 * 3600);
        // The schedule is over, the time is not.
        assert_eq!(after(&error, 13, 6 * 3600), 3 * 3600);
        assert_eq!(after(&error, 40, 599), 599);
    }

    #[test]
    fn long_errors_are_cut() {
        let error = HookError::permanent(format!("a\0b{}", "é".repeat(5000)));
        let Settlement::Dead { error } = after_failure(&error, 1, None) else { panic!() };
        assert!(error.starts_with("abé"), "{error}");
        assert_eq!(error.chars().count(), ERROR);
    }
}
