//! Writes down what a round of planning has decided.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use cal_core::BookingUid;
use cal_webhook::{Chains, Changes, Decision, Dispatcher, Overtaken, Reading, Ruling, TaskId};
use serde::Serialize;
use serde_json::json;

use super::{Item, parsed};
use crate::{
    database::{Arg, Conn},
    settle,
    sql::{Sql, sql},
    time::Micros,
};

const KEEP_BOOKINGS: Sql = sql!(
    "INSERT INTO cal_bookings (uid, chain, number, status, paid, known, rank, at, title, start_at, \
        end_at, attendee_email, facts) \
    SELECT item.value ->> 'uid', item.value ->> 'chain', CAST(item.value ->> 'number' AS BIGINT), \
        item.value ->> 'status', CAST(item.value ->> 'paid' AS BOOLEAN), \
        CAST(item.value ->> 'known' AS BOOLEAN), CAST(item.value ->> 'rank' AS BIGINT), \
        CAST(item.value ->> 'at' AS BIGINT), item.value ->> 'title', \
        CAST(item.value ->> 'start' AS BIGINT), CAST(item.value ->> 'end' AS BIGINT), \
        item.value ->> 'attendee_email', item.value ->> 'facts' \
    FROM" rows(1) "WHERE TRUE \
    ON CONFLICT (uid) DO UPDATE SET chain = excluded.chain, number = excluded.number, \
        status = excluded.status, paid = excluded.paid, known = excluded.known, \
        rank = excluded.rank, at = excluded.at, title = excluded.title, \
        start_at = excluded.start_at, end_at = excluded.end_at, \
        attendee_email = excluded.attendee_email, facts = excluded.facts"
);

const KEEP_VALUES: Sql = sql!(
    "INSERT INTO cal_values (key, value, at, number) \
    SELECT item.value ->> 'key', item.value ->> 'value', CAST(item.value ->> 'at' AS BIGINT), \
        CAST(item.value ->> 'number' AS BIGINT) \
    FROM" rows(1) "WHERE TRUE \
    ON CONFLICT (key) DO UPDATE SET value = excluded.value, at = excluded.at, \
        number = excluded.number"
);

const KEEP_DECISIONS: Sql = sql!(
    "UPDATE cal_deliveries SET planned_at = $2, parsed = v.parsed, \
        trigger_event = v.trigger_event, created_at = v.created_at, uid = v.uid, \
        number = v.number, identity = v.identity, transition = v.transition, \
        moved_from = v.moved_from, seat = v.seat, decision = v.decision, \
        held_until = v.held_until \
    FROM (SELECT item.value ->> 'id' AS id, item.value ->> 'parsed' AS parsed, \
            item.value ->> 'trigger' AS trigger_event, \
            CAST(item.value ->> 'created_at' AS BIGINT) AS created_at, \
            item.value ->> 'uid' AS uid, CAST(item.value ->> 'number' AS BIGINT) AS number, \
            item.value ->> 'identity' AS identity, item.value ->> 'transition' AS transition, \
            item.value ->> 'moved_from' AS moved_from, \
            CAST(item.value ->> 'seat' AS BIGINT) AS seat, item.value ->> 'decision' AS decision, \
            CAST(item.value ->> 'held_until' AS BIGINT) AS held_until \
        FROM" rows(1) ") AS v WHERE cal_deliveries.id = v.id"
);

/// Inserts tasks in the order of their deliveries; those that are there already stay.
const KEEP_TASKS: Sql = sql!(
    "INSERT INTO cal_tasks (id, delivery_id, hook, reminder, uid, seat, rank, lane, state, due_at, \
        expires_at, ready_at) \
    SELECT item.value ->> 'id', item.value ->> 'delivery_id', item.value ->> 'hook', \
        item.value ->> 'reminder', item.value ->> 'uid', CAST(item.value ->> 'seat' AS BIGINT), \
        CAST(item.value ->> 'rank' AS BIGINT), item.value ->> 'lane', 'waiting', \
        CAST(item.value ->> 'due_at' AS BIGINT), CAST(item.value ->> 'expires_at' AS BIGINT), \
        CAST(item.value ->> 'due_at' AS BIGINT) \
    FROM" rows(1) "WHERE TRUE ORDER BY item.value ->> 'id' \
    ON CONFLICT (delivery_id, hook, reminder) DO NOTHING"
);

const RENAME_LANES: Sql = sql!(
    "UPDATE cal_tasks SET lane = v.new \
    FROM (SELECT item.value ->> 'old' AS old, item.value ->> 'new' AS new FROM" rows(1) ") AS v \
    WHERE cal_tasks.lane = v.old AND cal_tasks.ready_at IS NOT NULL"
);

const SUPERSEDE: Sql = sql!(
    "UPDATE cal_tasks SET superseded = TRUE, \
        state = CASE WHEN state = 'running' THEN state ELSE 'superseded' END, \
        ready_at = CASE WHEN state = 'running' THEN ready_at END, \
        settled_at = CASE WHEN state = 'running' THEN settled_at ELSE $2 END \
    FROM (SELECT item.value ->> 'uid' AS uid, CAST(item.value ->> 'seat' AS BIGINT) AS seat, \
            CAST(item.value ->> 'below' AS BIGINT) AS below FROM" rows(1) ") AS v \
    WHERE cal_tasks.uid = v.uid AND (v.seat IS NULL OR cal_tasks.seat = v.seat) \
        AND cal_tasks.rank < v.below AND cal_tasks.ready_at IS NOT NULL"
);

#[derive(Serialize)]
struct TaskRow<'a> {
    id: TaskId,
    delivery_id: &'a str,
    hook: &'a str,
    reminder: &'a str,
    uid: Option<&'a BookingUid>,
    seat: Option<i32>,
    rank: i16,
    lane: Option<&'a BookingUid>,
    due_at: i64,
    expires_at: Option<i64>,
}

pub(crate) async fn keep_changes(
    conn: &mut Conn<'_>,
    changes: &Changes,
    known: &BTreeSet<BookingUid>,
) -> Result<(), sqlx::Error> {
    if !changes.bookings.is_empty() {
        let rows: Vec<_> = changes
            .bookings
            .iter()
            .map(|row| {
                let about = row.about.as_ref();
                json!({
                    "uid": row.uid,
                    "chain": row.chain,
                    "number": row.number,
                    "status": row.status.as_str(),
                    "paid": row.paid,
                    "known": row.known,
                    "rank": about.map(|about| about.rank),
                    "at": about.map(|about| Micros::from(about.at).0),
                    "title": about.map(|about| &about.title).filter(|title| !title.is_empty()),
                    "start": about.map(|about| Micros::from(about.start).0),
                    "end": about.map(|about| Micros::from(about.end).0),
                    "attendee_email": about.and_then(|about| about.attendee_email.as_deref()),
                    "facts": row.facts,
                })
            })
            .collect();
        conn.execute(KEEP_BOOKINGS, &[Arg::Text(&settle::json(&rows)?)]).await?;
    }
    if !changes.values.is_empty() {
        let rows = changes.values.iter().map(|(key, value)| {
            let at = Micros::from(value.at).0;
            json!({"key": key, "value": value.value, "at": at, "number": value.number})
        });
        let rows = settle::json(&rows.collect::<Vec<_>>())?;
        conn.execute(KEEP_VALUES, &[Arg::Text(&rows)]).await?;
    }
    rename(conn, changes, known).await
}

/// Lets tasks that were made before go on under the new names of their chains.
async fn rename(
    conn: &mut Conn<'_>,
    changes: &Changes,
    known: &BTreeSet<BookingUid>,
) -> Result<(), sqlx::Error> {
    let mut names: BTreeMap<&BookingUid, &BookingUid> = BTreeMap::new();
    for (old, new) in &changes.renamed {
        for name in names.values_mut().filter(|name| **name == old) {
            *name = new;
        }
        names.insert(old, new);
    }
    // Chains of this batch have no tasks yet.
    let rows: Vec<_> = names
        .into_iter()
        .filter(|(old, new)| old != new && known.contains(*old))
        .map(|(old, new)| json!({"old": old, "new": new}))
        .collect();
    if !rows.is_empty() {
        conn.execute(RENAME_LANES, &[Arg::Text(&settle::json(&rows)?)]).await?;
    }
    Ok(())
}

pub(super) async fn keep_decisions(
    conn: &mut Conn<'_>,
    items: &[Item],
    now: Micros,
) -> Result<(), sqlx::Error> {
    let rows: Vec<_> = items
        .iter()
        .map(|item| {
            let ruling = item.ruling.as_ref();
            let reading = item.reading.as_ref();
            let event = &item.delivery.event;
            json!({
                "id": item.id,
                "parsed": parsed(item.delivery.parsed()),
                "trigger": event.trigger().as_ref().map(|trigger| trigger.as_str()),
                "created_at": item.delivery.created_at.map(|at| Micros::from(at).0),
                "uid": ruling.and_then(|ruling| ruling.uid.as_ref()),
                "number": reading.and_then(Reading::number),
                "identity": reading.and_then(Reading::identity),
                "transition": ruling.map(|ruling| ruling.transition.change.as_str()),
                "moved_from": ruling.and_then(|ruling| ruling.transition.moved_from.as_ref()),
                "seat": ruling.and_then(|ruling| ruling.seat),
                "decision": decision(ruling).as_str(),
                "held_until":
                    ruling.and_then(|ruling| Some(Micros::from(ruling.held_until?).0)),
            })
        })
        .collect();
    let rows = settle::json(&rows)?;
    conn.execute(KEEP_DECISIONS, &[Arg::Text(&rows), Arg::Int(now.0)]).await.map(drop)
}

/// There is no state to compare of what nobody understands; it reaches the hooks.
fn decision(ruling: Option<&Ruling>) -> Decision {
    ruling.map_or(Decision::Applied, |ruling| ruling.decision)
}

pub(super) async fn keep_tasks(
    conn: &mut Conn<'_>,
    items: &[Item],
    chains: &Chains,
    hooks: &Dispatcher,
) -> Result<bool, sqlx::Error> {
    let mut rows = Vec::new();
    // The names of reminders live as long as the rows that show them.
    let mut reminders = Vec::new();
    let applied =
        || items.iter().filter(|item| decision(item.ruling.as_ref()) == Decision::Applied);
    for item in applied() {
        for hook in hooks.names() {
            let transition = item.ruling.as_ref().map(|ruling| &ruling.transition);
            let wanted = transition.map(|it| hooks.reminders(hook, it, &item.delivery));
            reminders.push(wanted.unwrap_or_default());
        }
    }
    let mut reminders = reminders.iter();
    for item in applied() {
        let ruling = item.ruling.as_ref();
        let uid = ruling.and_then(|ruling| ruling.uid.as_ref());
        let lane = uid.and_then(|uid| chains.chain_of(uid));
        for hook in hooks.names() {
            let row = |reminder, lane, due_at: Micros, expires_at: Option<Micros>| TaskRow {
                id: TaskId::new(),
                delivery_id: &item.id,
                hook,
                reminder,
                uid,
                seat: ruling.and_then(|ruling| ruling.seat),
                rank: ruling.map_or(i16::MAX, |ruling| ruling.rank),
                lane,
                due_at: due_at.0,
                expires_at: expires_at.map(|at| at.0),
            };
            rows.push(row("", lane, item.received_at, None));
            for reminder in reminders.next().into_iter().flatten() {
                let expires_at = reminder.expiry().map(Micros::from);
                // Reminders stand outside the order of their chain.
                rows.push(row(reminder.name(), None, reminder.due_at().into(), expires_at));
            }
        }
    }
    if rows.is_empty() {
        return Ok(false);
    }
    conn.execute(KEEP_TASKS, &[Arg::Text(&settle::json(&rows)?)]).await?;
    Ok(true)
}

/// Drops the tasks that decisions have left behind, those of this batch among them.
pub(crate) async fn supersede(
    conn: &mut Conn<'_>,
    overtaken: impl Iterator<Item = &Overtaken>,
    now: Micros,
) -> Result<(), sqlx::Error> {
    let mut below: HashMap<(&BookingUid, Option<i32>), i16> = HashMap::new();
    for Overtaken { uid, seat, below: rank, .. } in overtaken {
        let known = below.entry((uid, *seat)).or_default();
        *known = (*known).max(*rank);
    }
    // Of the lowest rank there is nothing to supersede.
    let rows: Vec<_> = below
        .into_iter()
        .filter(|(_, below)| *below > 1)
        .map(|((uid, seat), below)| json!({"uid": uid, "seat": seat, "below": below}))
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    let rows = settle::json(&rows)?;
    conn.execute(SUPERSEDE, &[Arg::Text(&rows), Arg::Int(now.0)]).await.map(drop)
}
