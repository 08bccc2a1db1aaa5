//! The tasks that a round of planning makes.

use cal_core::BookingUid;
use cal_webhook::{Chains, Decision, Dispatcher, Reminder, TaskId};
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
    /// A reminder; it stands outside the order of its chain.
    pub(super) fn reminder(about: About, reminder: &Reminder) -> Self {
        let due_at = Micros::from(reminder.due_at()).0;
        Self {
            id: TaskId::new(),
            about,
            reminder: reminder.name().to_owned(),
            lane: None,
            due_at,
            expires_at: reminder.expiry().map(|at| Micros::from(at).0),
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
            rows.push(Row {
                id: TaskId::new(),
                about: about.clone(),
                reminder: String::new(),
                lane: lane.cloned(),
                due_at,
                expires_at: None,
                ready_at: if is_own { due_at } else { UNREMINDED },
            });
            let wanted = ruling.filter(|_| is_own);
            let wanted = wanted.map(|it| hooks.reminders(hook, &it.transition, &item.delivery));
            let reminders = wanted.iter().flatten();
            rows.extend(reminders.map(|reminder| Row::reminder(about.clone(), reminder)));
        }
    }
    rows
}

/// Writes tasks down, and tells whether there were any.
pub(super) async fn keep(conn: &mut Conn<'_>, rows: &[Row]) -> Result<bool, sqlx::Error> {
    if rows.is_empty() {
        return Ok(false);
    }
    conn.execute(KEEP, &[Arg::Text(&settle::json(&rows)?)]).await?;
    Ok(true)
}
