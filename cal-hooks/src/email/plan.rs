//! Plans that are ready to use with [`Mailer::sequence`](super::Mailer::sequence).

use crate::sequence::{Condition, Sequence};

/// Plans reminders: a day and an hour before the start.
#[must_use]
pub fn reminders() -> Sequence {
    let plan = Sequence::new().step("24h before start", "reminder");
    plan.and_then(|plan| plan.step("1h before start", "reminder")).unwrap_or_default()
}

/// Plans what follows a consultation: a request for feedback an hour after the end if the attendee
/// came, and a note three days after the end unless there is another booking.
#[must_use]
pub fn consultation() -> Sequence {
    let plan = Sequence::new().step_if("1h after end", "feedback", [Condition::Attended]);
    let still = [Condition::Attended, Condition::NotBookedAgain];
    plan.and_then(|plan| plan.step_if("3 days after end", "follow_up", still)).unwrap_or_default()
}

/// Plans a mail three days after a cancellation, unless there is another booking.
#[must_use]
pub fn returning() -> Sequence {
    let again = [Condition::NotBookedAgain];
    Sequence::new().step_if("3 days after cancellation", "return", again).unwrap_or_default()
}
