//! What stores tell about what they keep.

use std::sync::Arc;

use cal_core::{BookingUid, Delivery, Parsed, Person};
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{BookingRow, BookingState, Change, Decision, DeliveryId, Source, TaskId, TaskState};

/// A delivery as a store keeps it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DeliveryRecord {
    /// The delivery's id.
    pub id: DeliveryId,
    /// When it was received.
    pub received_at: DateTime<Utc>,
    /// Where it came from.
    pub source: Source,
    /// The headers kept beside the body.
    pub headers: Vec<(String, String)>,
    /// The trigger as Cal.com spells it; `None` while it is not planned, and for opaque bodies.
    pub trigger: Option<String>,
    /// The booking it is about.
    pub booking_uid: Option<BookingUid>,
    /// How far it could be read; `None` while it is not planned.
    pub parsed: Option<Parsed>,
    /// What happened; `None` for unknown triggers and opaque bodies.
    pub change: Option<Change>,
    /// What it meant after all that came before; `None` while it is not planned.
    pub decision: Option<Decision>,
    /// Why it could not be planned, without personal data, when it has failed.
    pub failure: Option<String>,
    /// The delivery; `None` when its body was pruned or erased.
    pub delivery: Option<Arc<Delivery>>,
}

impl DeliveryRecord {
    /// Makes a record of a delivery that is not planned yet.
    #[must_use]
    pub fn new(id: DeliveryId, received_at: DateTime<Utc>, source: Source) -> Self {
        Self {
            id,
            received_at,
            source,
            headers: Vec::new(),
            trigger: None,
            booking_uid: None,
            parsed: None,
            change: None,
            decision: None,
            failure: None,
            delivery: None,
        }
    }
}

/// A task as a store keeps it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TaskRecord {
    /// The task's id.
    pub id: TaskId,
    /// The delivery's id.
    pub delivery_id: DeliveryId,
    /// The hook's name.
    pub hook: String,
    /// The name of the reminder; `None` for the work that follows a delivery at once.
    pub reminder: Option<String>,
    /// The state.
    pub state: TaskState,
    /// How many attempts were made.
    pub attempts: u32,
    /// When it is or was due.
    pub due_at: DateTime<Utc>,
    /// From when on it is skipped rather than run.
    pub expires_at: Option<DateTime<Utc>>,
    /// Why the last attempt failed, or why it was dropped.
    pub last_error: Option<String>,
}

impl TaskRecord {
    /// Makes a record of a task that waits.
    #[must_use]
    pub fn new(id: TaskId, delivery_id: DeliveryId, hook: String, due_at: DateTime<Utc>) -> Self {
        Self {
            id,
            delivery_id,
            hook,
            reminder: None,
            state: TaskState::Waiting,
            attempts: 0,
            due_at,
            expires_at: None,
            last_error: None,
        }
    }
}

/// A booking as a store shows it: one for each uid.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct BookingRecord {
    /// The booking.
    pub uid: BookingUid,
    /// The first booking of its chain.
    pub chain: BookingUid,
    /// How far it has come.
    pub status: BookingState,
    /// When it starts; `None` while only another booking told about this one.
    pub start: Option<DateTime<Utc>>,
    /// When it ends.
    pub end: Option<DateTime<Utc>>,
    /// The title.
    pub title: Option<String>,
    /// The e-mail address of who booked.
    pub attendee_email: Option<String>,
    /// Whether it, or a booking that it replaced, was paid.
    pub paid: bool,
    /// What was reported about it, by the time of sending.
    pub history: Vec<HistoryItem>,
}

/// Something that was reported about a booking.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[non_exhaustive]
pub struct HistoryItem {
    /// When Cal.com sent it, or when it was received where that is not known.
    pub at: DateTime<Utc>,
    /// What happened.
    pub transition: String,
}

impl HistoryItem {
    /// Makes an item.
    #[must_use]
    pub fn new(at: DateTime<Utc>, transition: String) -> Self {
        Self { at, transition }
    }
}

impl BookingRecord {
    /// Makes a record of which only the state is known; the history is put in order.
    #[must_use]
    pub fn new(
        uid: BookingUid,
        chain: BookingUid,
        status: BookingState,
        mut history: Vec<HistoryItem>,
    ) -> Self {
        history.sort();
        // Two webhooks may have reported the same.
        history.dedup();
        Self {
            uid,
            chain,
            status,
            start: None,
            end: None,
            title: None,
            attendee_email: None,
            paid: false,
            history,
        }
    }

    /// Makes a record of a booking's row.
    #[must_use]
    pub fn of(row: BookingRow, history: Vec<HistoryItem>) -> Self {
        let record = Self { paid: row.paid, ..Self::new(row.uid, row.chain, row.status, history) };
        let Some(about) = row.about else { return record };
        Self {
            start: Some(about.start),
            end: Some(about.end),
            title: Some(about.title),
            attendee_email: about.attendee_email.filter(|email| !is_made_up(email)),
            ..record
        }
    }
}

/// Whether Cal.com made an address up for somebody who gave only a phone number: nobody is shown it.
fn is_made_up(email: &str) -> bool {
    email.trim().to_lowercase().ends_with(Person::MADE_UP)
}
