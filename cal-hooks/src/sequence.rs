//! Plans of what follows a booking: steps relative to its start, its end, its making or its end by
//! cancellation.
//!
//! ```
//! use cal_hooks::sequence::{Condition, Sequence};
//!
//! # fn main() -> Result<(), cal_hooks::sequence::StepError> {
//! let plan = Sequence::new()
//!     .step("24h before start", "reminder")?
//!     .step_if("1h after end", "feedback", [Condition::Attended])?
//!     .step_if("3 days after cancellation", "return", [Condition::NotBookedAgain])?;
//! assert_eq!(plan.steps()[0].name(), "reminder/24h before start");
//! # Ok(())
//! # }
//! ```

mod when;

use cal_core::{Booking, Delivery};
use cal_webhook::{Change, Reminder, Transition};
use chrono::{DateTime, TimeDelta, Utc};

use self::when::{Anchor, When};

/// How long after its time a step may still be taken that does not lead up to something.
const GRACE: TimeDelta = TimeDelta::days(1);

/// A plan of steps, each an action at a time; pure, so any hook can use it.
///
/// [`Sequence::plan`] answers [`Lifecycle::reminders`](cal_webhook::Lifecycle::reminders), and
/// [`Sequence::step_of`] finds the step when its reminder is due.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Sequence {
    steps: Vec<Step>,
}

/// One step of a sequence.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Step {
    name: String,
    when: When,
    action: String,
    conditions: Vec<Condition>,
}

/// What must hold for a step.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Condition {
    /// The attendee was not marked as absent; asked when the step is due.
    Attended,
    /// The attendee has no other booking that is still to come; asked when the step is due.
    NotBookedAgain,
    /// The booking was paid; asked when the step is due.
    Paid,
    /// The event type's link ends like this; asked when the step is planned.
    Service(String),
}

/// Why a step cannot be read.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("expected {expected}, found `{found}`")]
pub struct StepError {
    expected: &'static str,
    found: String,
}

impl Sequence {
    /// Begins a plan without steps.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a step: `24h before start`, `90 min after booking`, `3 days after cancellation`.
    ///
    /// A number, a unit, `before` or `after`, and an anchor. Units are minutes, hours, days of 24
    /// hours and weeks: `m`, `min`, `minutes`, `h`, `hours`, `d`, `days`, `w`, `weeks`. Anchors are
    /// the booking's `start` and `end`, its `booking` and its `cancellation`; nothing can be before
    /// the last two. `at start` is a step too.
    ///
    /// # Errors
    ///
    /// Fails when the step cannot be read, or is there already: the same action at the same time,
    /// however it is written and whatever its conditions.
    pub fn step(self, when: &str, action: &str) -> Result<Self, StepError> {
        self.step_if(when, action, [])
    }

    /// Adds a step that has conditions, all of which must hold.
    ///
    /// # Errors
    ///
    /// Fails when the step cannot be read, or is there already.
    pub fn step_if(
        mut self,
        when: &str,
        action: &str,
        conditions: impl IntoIterator<Item = Condition>,
    ) -> Result<Self, StepError> {
        let when: When = when.parse()?;
        let name = format!("{action}/{when}");
        if self.step_of(&name).is_some() {
            return Err(StepError { expected: "every step of a plan once", found: name });
        }
        let conditions = conditions.into_iter().collect();
        self.steps.push(Step { name, when, action: action.to_owned(), conditions });
        Ok(self)
    }

    /// Returns the steps, in the order in which they were added.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Returns the reminders of the steps that a transition sets off.
    ///
    /// Steps about the start and the end are planned when a booking is booked, and again when it
    /// was moved: the store drops those of the old time. Steps about the booking are planned when
    /// it is booked, and dropped when it is moved before they are due; those about the cancellation
    /// when it is cancelled for good, which asking for another time is not.
    ///
    /// A step whose time was over when Cal.com made the delivery is left out: somebody who books
    /// three hours ahead gets no `24h before start`, rather than one at once. Cal.com's
    /// `createdAt` tells when that was; a delivery without it plans no step about the booking or
    /// the cancellation, and leaves nothing else out.
    ///
    /// A step before its anchor expires when the anchor is reached, every other one a day after its
    /// time: it is skipped then, also when it was tried and failed.
    #[must_use]
    pub fn plan(&self, transition: &Transition, delivery: &Delivery) -> Vec<Reminder> {
        let Some(booking) = delivery.event.booking() else { return Vec::new() };
        let steps = self.steps.iter().filter(|step| step.is_set_off_by(transition.change));
        steps
            .filter(|step| step.is_for(booking))
            .filter_map(|step| step.reminder(booking, delivery.created_at))
            .collect()
    }

    /// Returns the step that a reminder of this plan stands for; `None` when it has left the plan.
    #[must_use]
    pub fn step_of(&self, reminder: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.name == reminder)
    }
}

impl Step {
    /// Returns the name of the step's reminder: `reminder/24h before start`.
    ///
    /// However the time was written, the name of one time is the same: tasks that wait find their
    /// step when a plan says `1 day before start` instead.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the action's name.
    #[must_use]
    pub fn action(&self) -> &str {
        &self.action
    }

    /// Returns what must hold.
    #[must_use]
    pub fn conditions(&self) -> &[Condition] {
        &self.conditions
    }

    fn is_set_off_by(&self, change: Change) -> bool {
        match self.when.anchor {
            Anchor::Start | Anchor::End => matches!(change, Change::Booked | Change::Rescheduled),
            Anchor::Booking => change == Change::Booked,
            Anchor::Cancellation => change == Change::Cancelled,
        }
    }

    fn is_for(&self, booking: &Booking) -> bool {
        self.conditions.iter().all(|condition| match condition {
            Condition::Service(slug) => booking.event_type_slug.as_ref() == Some(slug),
            Condition::Attended | Condition::NotBookedAgain | Condition::Paid => true,
        })
    }

    fn reminder(&self, booking: &Booking, made_at: Option<DateTime<Utc>>) -> Option<Reminder> {
        let anchor = match self.when.anchor {
            Anchor::Start => booking.start?,
            Anchor::End => booking.period()?.1,
            Anchor::Booking | Anchor::Cancellation => made_at?,
        };
        let due_at = anchor.checked_add_signed(self.when.offset)?;
        if made_at.is_some_and(|made_at| due_at < made_at) {
            return None;
        }
        let leads_up = self.when.offset < TimeDelta::zero();
        let expires_at = if leads_up { Some(anchor) } else { due_at.checked_add_signed(GRACE) };
        Some(Reminder::new(&*self.name, due_at).expires_at(expires_at?))
    }
}
