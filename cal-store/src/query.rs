//! What dashboards ask.

use std::{collections::BTreeMap, sync::Arc};

use cal_core::{BookingUid, Delivery, Parsed};
use cal_webhook::{
    BookingRecord, BookingState, Change, Decision, DeliveryId, DeliveryRecord, HistoryItem, Source,
    StoreError, TaskId, TaskRecord, TaskState, Transition,
};
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{
    SqlStore,
    database::{Arg, Row},
    error::out_of_reach,
    plan, settle,
    sql::{Sql, first_of, sql},
    time::Micros,
};

/// An attempt that failed.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct AttemptRecord {
    /// Which attempt it was, from 1.
    pub attempt: u32,
    /// When it was claimed.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended_at: DateTime<Utc>,
    /// Why it failed.
    pub error: String,
}

/// How much there is of everything.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Counters {
    /// Deliveries that wait to be planned.
    pub unplanned: u64,
    /// Deliveries by what they meant.
    pub deliveries: BTreeMap<String, u64>,
    /// Deliveries that no webhook brought, only a comparison with Cal.com's API, and that were news.
    pub missed: u64,
    /// Tasks by hook and state.
    pub tasks: BTreeMap<String, BTreeMap<String, u64>>,
    /// Bookings by status.
    pub bookings: BTreeMap<String, u64>,
}

type DeliveryRow = (
    String,
    i64,
    String,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<Vec<u8>>,
);

type TaskRow = (String, String, String, String, String, i64, i64, Option<i64>, Option<String>);

type BookingRow =
    (String, String, String, Option<String>, Option<i64>, Option<i64>, Option<String>);

impl SqlStore {
    /// Returns up to `limit` deliveries, newest first, that are older than the one named.
    ///
    /// # Errors
    ///
    /// Fails when the database is out of reach; so do all the other questions.
    pub async fn deliveries(
        &self,
        limit: usize,
        before: Option<DeliveryId>,
    ) -> Result<Vec<DeliveryRecord>, StoreError> {
        const DELIVERIES: &str = "SELECT id, received_at, source, headers, trigger_event, uid, \
            parsed, transition, decision, failure, body FROM cal_deliveries \
            WHERE id < $2 ORDER BY id DESC LIMIT $1";
        let before = before.map_or_else(|| LAST.to_owned(), |id| id.to_string());
        let rows: Vec<DeliveryRow> =
            self.ask(DELIVERIES, &[at_most(limit), Arg::Text(&before)]).await?;
        Ok(rows.into_iter().filter_map(delivery).collect())
    }

    /// Returns a delivery.
    ///
    /// # Errors
    ///
    /// Fails when the database is out of reach.
    pub async fn delivery(&self, id: DeliveryId) -> Result<Option<DeliveryRecord>, StoreError> {
        const DELIVERY: &str = "SELECT id, received_at, source, headers, trigger_event, uid, \
            parsed, transition, decision, failure, body FROM cal_deliveries WHERE id = $1";
        let rows: Vec<DeliveryRow> = self.ask(DELIVERY, &[Arg::Text(&id.to_string())]).await?;
        Ok(rows.into_iter().find_map(delivery))
    }

    /// Returns up to `limit` tasks, newest first, that are older than the one named.
    ///
    /// # Errors
    ///
    /// Fails when the database is out of reach.
    pub async fn tasks(
        &self,
        limit: usize,
        before: Option<TaskId>,
    ) -> Result<Vec<TaskRecord>, StoreError> {
        const TASKS: &str = "SELECT id, delivery_id, hook, reminder, state, attempts, due_at, \
            expires_at, last_error FROM cal_tasks WHERE id < $2 ORDER BY id DESC LIMIT $1";
        let before = before.map_or_else(|| LAST.to_owned(), |id| id.to_string());
        let rows: Vec<TaskRow> = self.ask(TASKS, &[at_most(limit), Arg::Text(&before)]).await?;
        Ok(rows.into_iter().filter_map(task).collect())
    }

    /// Returns up to `limit` dead tasks, newest first, that are older than the one named.
    ///
    /// # Errors
    ///
    /// Fails when the database is out of reach.
    pub async fn dead_tasks(
        &self,
        limit: usize,
        before: Option<TaskId>,
    ) -> Result<Vec<TaskRecord>, StoreError> {
        const DEAD: &str = "SELECT id, delivery_id, hook, reminder, state, attempts, due_at, \
            expires_at, last_error FROM cal_tasks WHERE state = 'dead' AND id < $2 \
            ORDER BY id DESC LIMIT $1";
        let before = before.map_or_else(|| LAST.to_owned(), |id| id.to_string());
        let rows: Vec<TaskRow> = self.ask(DEAD, &[at_most(limit), Arg::Text(&before)]).await?;
        Ok(rows.into_iter().filter_map(task).collect())
    }

    /// Returns the tasks of a delivery, in the order of their making.
    ///
    /// # Errors
    ///
    /// Fails when the database is out of reach.
    pub async fn tasks_of(&self, delivery: DeliveryId) -> Result<Vec<TaskRecord>, StoreError> {
        const TASKS: &str = "SELECT id, delivery_id, hook, reminder, state, attempts, due_at, \
            expires_at, last_error FROM cal_tasks WHERE delivery_id = $1 ORDER BY seq";
        let rows: Vec<TaskRow> = self.ask(TASKS, &[Arg::Text(&delivery.to_string())]).await?;
        Ok(rows.into_iter().filter_map(task).collect())
    }

    /// Returns the attempts of a task that failed, the first one first.
    ///
    /// # Errors
    ///
    /// Fails when the database is out of reach.
    pub async fn attempts(&self, task: TaskId) -> Result<Vec<AttemptRecord>, StoreError> {
        const ATTEMPTS: &str = "SELECT attempt, started_at, ended_at, error FROM cal_attempts \
            WHERE task_id = $1 ORDER BY seq";
        let rows: Vec<(i64, Option<i64>, i64, String)> =
            self.ask(ATTEMPTS, &[Arg::Text(&task.to_string())]).await?;
        let record = |(attempt, started_at, ended_at, error): (i64, Option<i64>, i64, String)| {
            AttemptRecord {
                attempt: u32::try_from(attempt).unwrap_or_default(),
                started_at: started_at.map(|at| Micros(at).into()),
                ended_at: Micros(ended_at).into(),
                error,
            }
        };
        Ok(rows.into_iter().map(record).collect())
    }

    /// Returns up to `limit` bookings, those that were heard of last first, after the one named.
    ///
    /// # Errors
    ///
    /// Fails when the database is out of reach.
    pub async fn bookings(
        &self,
        limit: usize,
        after: Option<&BookingUid>,
    ) -> Result<Vec<BookingRecord>, StoreError> {
        const BOOKINGS: &str = concat!(
            "SELECT b.uid, ",
            first_of!("b.chain"),
            ", b.status, b.title, b.start_at, b.end_at, b.attendee_email FROM cal_bookings b \
            WHERE b.seq < coalesce((SELECT seq FROM cal_bookings WHERE uid = $2), $3) \
            ORDER BY b.seq DESC LIMIT $1"
        );
        let after = after.map(BookingUid::as_str);
        let args = [at_most(limit), Arg::MaybeText(after), Arg::Int(i64::MAX)];
        let rows: Vec<BookingRow> = self.ask(BOOKINGS, &args).await?;
        self.with_history(rows).await
    }

    /// Returns the bookings of a booking's chain with what was reported about each.
    ///
    /// # Errors
    ///
    /// Fails when the database is out of reach.
    pub async fn chain(&self, uid: &BookingUid) -> Result<Vec<BookingRecord>, StoreError> {
        const CHAIN: &str = concat!(
            "SELECT b.uid, ",
            first_of!("b.chain"),
            ", b.status, b.title, b.start_at, b.end_at, b.attendee_email FROM cal_bookings b \
            WHERE b.chain = (SELECT chain FROM cal_bookings WHERE uid = $1) ORDER BY b.seq"
        );
        let rows: Vec<BookingRow> = self.ask(CHAIN, &[Arg::Text(uid.as_str())]).await?;
        let mut chain = self.with_history(rows).await?;
        chain.sort_by_key(|booking| booking.history.first().map(|item| item.at));
        Ok(chain)
    }

    /// Counts deliveries, tasks and bookings.
    ///
    /// # Errors
    ///
    /// Fails when the database is out of reach.
    pub async fn counters(&self) -> Result<Counters, StoreError> {
        const UNPLANNED: &str = "SELECT count(*) FROM cal_deliveries WHERE planned_at IS NULL";
        const DELIVERIES: &str = "SELECT decision, count(*) FROM cal_deliveries \
            WHERE decision IS NOT NULL GROUP BY decision";
        const MISSED: &str = "SELECT count(*) FROM cal_deliveries \
            WHERE decision = 'applied' AND source = 'reconcile'";
        const TASKS: &str = "SELECT hook, state, count(*) FROM cal_tasks GROUP BY state, hook";
        const BOOKINGS: &str = "SELECT status, count(*) FROM cal_bookings GROUP BY status";
        let count = |count: i64| u64::try_from(count).unwrap_or_default();
        let unplanned: Vec<(i64,)> = self.ask(UNPLANNED, &[]).await?;
        let deliveries: Vec<(String, i64)> = self.ask(DELIVERIES, &[]).await?;
        let missed: Vec<(i64,)> = self.ask(MISSED, &[]).await?;
        let tasks: Vec<(String, String, i64)> = self.ask(TASKS, &[]).await?;
        let bookings: Vec<(String, i64)> = self.ask(BOOKINGS, &[]).await?;
        let mut counters = Counters {
            unplanned: unplanned.first().map_or(0, |(many,)| count(*many)),
            deliveries: deliveries.into_iter().map(|(name, many)| (name, count(many))).collect(),
            missed: missed.first().map_or(0, |(many,)| count(*many)),
            bookings: bookings.into_iter().map(|(name, many)| (name, count(many))).collect(),
            tasks: BTreeMap::new(),
        };
        for (hook, state, many) in tasks {
            counters.tasks.entry(hook).or_default().insert(state, count(many));
        }
        Ok(counters)
    }

    async fn with_history(&self, rows: Vec<BookingRow>) -> Result<Vec<BookingRecord>, StoreError> {
        const HISTORY: Sql = sql!(
            "SELECT uid, coalesce(created_at, received_at), transition FROM cal_deliveries \
            WHERE transition IS NOT NULL AND source <> 'replay' \
                AND uid " one_of "SELECT item.value FROM" texts(1) end
        );
        let uids: Vec<&str> = rows.iter().map(|row| row.0.as_str()).collect();
        let uids = settle::json(&uids).map_err(out_of_reach)?;
        let items: Vec<(String, i64, String)> = self.ask(HISTORY, &[Arg::Text(&uids)]).await?;
        let mut history: BTreeMap<String, Vec<HistoryItem>> = BTreeMap::new();
        for (uid, at, transition) in items {
            history.entry(uid).or_default().push(HistoryItem::new(Micros(at).into(), transition));
        }
        let paid = self.paid(rows.iter().map(|row| row.0.as_str())).await?;
        let record = |row: BookingRow| {
            let is_paid = paid.contains(&row.0);
            let mut record = booking(row, &mut history);
            record.paid = is_paid;
            record
        };
        Ok(rows.into_iter().map(record).collect())
    }

    /// Asks a question that changes nothing.
    pub(crate) async fn ask<T: Row>(
        &self,
        sql: impl Into<Sql>,
        args: &[Arg<'_>],
    ) -> Result<Vec<T>, StoreError> {
        let mut lent = self.shared.database.read().await?;
        lent.conn().fetch(sql, args).await.map_err(out_of_reach)
    }
}

/// Greater than any id.
const LAST: &str = "g";

fn at_most(limit: usize) -> Arg<'static> {
    Arg::Int(i64::try_from(limit).unwrap_or(i64::MAX))
}

/// Reads a row; one whose id was written by hand and is none cannot be shown.
fn delivery(row: DeliveryRow) -> Option<DeliveryRecord> {
    let (
        id,
        received_at,
        source,
        headers,
        trigger,
        uid,
        parsed,
        transition,
        decision,
        failure,
        body,
    ) = row;
    let source = Source::named(&source).unwrap_or(Source::Webhook);
    let mut record = DeliveryRecord::new(id.parse().ok()?, Micros(received_at).into(), source);
    let headers = headers.and_then(|headers| serde_json::from_str(&headers).ok());
    record.headers = headers.unwrap_or_default();
    record.trigger = trigger;
    record.booking_uid = uid.map(BookingUid::from);
    record.parsed = [Parsed::Opaque, Parsed::Typed, Parsed::Unknown]
        .into_iter()
        .find(|known| parsed.as_deref() == Some(plan::parsed(*known)));
    record.change = transition.as_deref().and_then(Change::named);
    record.decision = decision.as_deref().and_then(Decision::named);
    record.failure = failure;
    record.delivery = body.map(|body| Arc::new(Delivery::parse(body)));
    if let (None | Some(Decision::Failed), Some(delivery)) = (record.decision, &record.delivery) {
        // It is not planned, but may be read all the same.
        let event = &delivery.event;
        record.trigger = event.trigger().map(|trigger| trigger.as_str().to_owned());
        record.booking_uid = event.booking_uid().cloned();
        record.parsed = Some(delivery.parsed());
        record.change = Transition::of(delivery).map(|transition| transition.change);
    }
    Some(record)
}

fn task(row: TaskRow) -> Option<TaskRecord> {
    let (id, delivery, hook, reminder, state, attempts, due_at, expires_at, last_error) = row;
    let (id, delivery) = (id.parse().ok()?, delivery.parse().ok()?);
    let mut record = TaskRecord::new(id, delivery, hook, Micros(due_at).into());
    record.reminder = Some(reminder).filter(|reminder| !reminder.is_empty());
    record.state = TaskState::named(&state).unwrap_or(TaskState::Dead);
    record.attempts = u32::try_from(attempts).unwrap_or_default();
    record.expires_at = expires_at.map(|at| Micros(at).into());
    record.last_error = last_error;
    Some(record)
}

fn booking(row: BookingRow, history: &mut BTreeMap<String, Vec<HistoryItem>>) -> BookingRecord {
    let (uid, chain, status, title, start, end, attendee_email) = row;
    let history = history.remove(&uid).unwrap_or_default();
    let status = BookingState::named(&status).unwrap_or(BookingState::Pending);
    let mut record = BookingRecord::new(uid.into(), chain.into(), status, history);
    record.title = title;
    record.start = start.map(|at| Micros(at).into());
    record.end = end.map(|at| Micros(at).into());
    record.attendee_email = attendee_email;
    record
}
