//! The tasks that a round of planning makes.

use cal_core::BookingUid;
use cal_webhook::{Chains, Decision, Dispatcher, Reminder, TaskId};
use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{keep::decision, round::Item};
use crate::{
    claim::UNREMINDED,
    database::{Arg, Conn},
    settle,
    sql::{Sql, sql},
    time::Micros,
};

/// Inserts tasks in the order of their deliveries; those that are there already stay.
const KEEP: Sql = sql!(
    "INSERT INTO cal_tasks (id, delivery_id, hook, reminder, uid, seat, rank, lane, state, due_at, \
        expires_at, ready_at, vocabulary) \
    SELECT item.value ->> 'id', item.value ->> 'delivery_id', item.value ->> 'hook', \
        item.value ->> 'reminder', item.value ->> 'uid', CAST(item.value ->> 'seat' AS BIGINT), \
        CAST(item.value ->> 'rank' AS BIGINT), item.value ->> 'lane', 'waiting', \
        CAST(item.value ->> 'due_at' AS BIGINT), CAST(item.value ->> 'expires_at' AS BIGINT), \
        CAST(item.value ->> 'ready_at' AS BIGINT), CAST(item.value ->> 'vocabulary' AS BIGINT) \
    FROM" rows(1) "WHERE TRUE ORDER BY item.value ->> 'id' \
    ON CONFLICT (delivery_id, hook, reminder) DO NOTHING"
);

/// What the tasks of one hook about one delivery have in common.
#[derive(Clone, Debug, Serialize)]
pub(super) struct About {
    pub(super) delivery_id: String,
    pub(super) hook: String,
    pub(super) uid: Option<BookingUid>,
    pub(super) seat: Option<i64>,
    pub(super) rank: i64,
    pub(super) vocabulary: i64,
}

/// A task to be made.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    id: TaskId,
    #[serde(flatten)]
    about: About,
    reminder: String,
    lane: Option<BookingUid>,
    due_at: i64,
    expires_at: Option<i64>,
    ready_at: i64,
}

impl Row {
    /// A reminder; it stands outside the order of its chain. `at_once` tells when the hook's other work
    /// is due, and when it expires.
    pub(super) fn reminder(about: About, reminder: &Reminder, at_once: (i64, Option<i64>)) -> Self {
        let own = || (Micros::from(reminder.due_at()).0, reminder.expiry().map(micros));
        let (due_at, expires_at) = if reminder.is_at_once() { at_once } else { own() };
        Self {
            id: TaskId::new(),
            about,
            reminder: reminder.name().to_owned(),
            lane: None,
            due_at,
            expires_at,
            ready_at: due_at,
        }
    }
}

/// One task for every hook of each delivery that is news, and those for its reminders.
///
/// The hooks are those of this process, and those that others have announced.
pub(super) fn tasks(
    items: &[Item],
    chains: &Chains,
    hooks: &Dispatcher,
    announced: &[String],
    now: Micros,
) -> Vec<Row> {
    let mut rows = Vec::new();
    let own: Vec<&str> = hooks.names().collect();
    let others = || announced.iter().map(String::as_str).filter(|hook| !own.contains(hook));
    let is_news = |item: &&Item| decision(item.ruling.as_ref()) == Decision::Applied;
    for item in items.iter().filter(is_news) {
        let ruling = item.ruling.as_ref();
        let uid = ruling.and_then(|ruling| ruling.uid.clone());
        let lane = uid.as_ref().and_then(|uid| chains.chain_of(uid));
        // The clock of who accepted it may be ahead of the database's.
        let due_at = item.received_at.min(now).0;
        let all = hooks.told(ruling).map(|hook| (hook, true));
        for (hook, is_own) in all.chain(others().map(|hook| (hook, false))) {
            let about = About {
                delivery_id: item.id.clone(),
                hook: hook.to_owned(),
                uid: uid.clone(),
                seat: ruling.and_then(|ruling| ruling.seat).map(i64::from),
                rank: ruling.map_or(i16::MAX, |ruling| ruling.rank).into(),
                vocabulary: ruling.map_or(1, |it| it.transition.change.vocabulary()).into(),
            };
            let told = ruling.filter(|_| is_own).map(|it| (&it.transition, &item.delivery));
            let received_at = item.received_at.into();
            let expires_at =
                told.and_then(|(now, it)| hooks.expiry(hook, now, it, received_at)).map(micros);
            rows.push(Row {
                id: TaskId::new(),
                about: about.clone(),
                reminder: String::new(),
                lane: lane.cloned(),
                due_at,
                expires_at,
                ready_at: if is_own { due_at } else { UNREMINDED },
            });
            let wanted = told.map(|(now, it)| hooks.reminders(hook, now, it));
            let row = |it| Row::reminder(about.clone(), it, (due_at, expires_at));
            rows.extend(wanted.iter().flatten().map(row));
        }
    }
    rows
}

pub(super) fn micros(at: DateTime<Utc>) -> i64 {
    Micros::from(at).0
}

/// Writes tasks down, and tells whether there were any.
pub(super) async fn keep(conn: &mut Conn<'_>, rows: &[Row]) -> Result<bool, sqlx::Error> {
    if rows.is_empty() {
        return Ok(false);
    }
    conn.execute(KEEP, &[Arg::Text(&settle::json(&rows)?)]).await?;
    Ok(true)
}
