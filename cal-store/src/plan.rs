//! Turns what was accepted into tasks: read, compared with what came before, decided, kept.
//!
//! One round is one transaction that only one planner at a time can be in; whatever dies in
//! between, the next round begins where the last one was committed.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use cal_core::{BookingId, BookingUid, Delivery, Parsed};
use cal_webhook::{
    About, BookingRow, Chains, Changes, Decision, Dispatcher, Overtaken, Reading, Ruling,
    StoreError, TaskId, Turn, Value,
};
use serde::Serialize;
use serde_json::json;

use crate::{
    database::{Arg, Conn, Database, Kind},
    error::out_of_reach,
    settle,
    sql::{Sql, sql},
    time::Micros,
};

/// How many deliveries are planned in one round.
pub(crate) const BATCH: i64 = 256;

/// How many it are while others come in: on SQLite they wait until the round is over.
pub(crate) const SMALL_BATCH: i64 = 128;

/// The order is that of the index of what is unplanned, which PostgreSQL takes then and no other.
const UNPLANNED: &str = "SELECT id, received_at, body FROM cal_deliveries \
    WHERE planned_at IS NULL ORDER BY planned_at, seq LIMIT $1";

/// Deliveries that were held back, and whose booking has come, or whose time is up.
const HELD: &str = "SELECT d.id, d.received_at, d.body FROM cal_deliveries d \
    WHERE d.decision = 'early' AND (d.held_until <= $2 OR EXISTS (SELECT 1 FROM cal_bookings b \
        WHERE b.known AND (b.uid = d.uid OR b.number = d.number))) \
    ORDER BY d.seq LIMIT $1";

type Kept = (String, i64, Option<Vec<u8>>);

const VALUES: Sql = sql!(
    "SELECT key, value, at, number FROM cal_values WHERE key " one_of "SELECT item.value FROM" texts(1) end
);

const BOOKINGS: Sql = sql!(
    "SELECT uid, chain, number, rank, at, title, start_at, end_at, attendee_email, facts \
    FROM cal_bookings WHERE chain" one_of "SELECT chain FROM cal_bookings WHERE uid " one_of "SELECT item.value FROM" texts(1) end " \
        UNION SELECT chain FROM cal_bookings \
        WHERE number" one_of "SELECT CAST(item.value AS BIGINT) FROM" texts(2) end end
);

type Booking = (
    String,
    String,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Option<String>,
    Option<i64>,
    Option<i64>,
    Option<String>,
    String,
);

const IDENTITIES: Sql = sql!(
    "SELECT identity FROM cal_deliveries WHERE identity " one_of "SELECT item.value FROM" texts(1) end
);

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

/// A delivery that is being planned.
struct Item {
    id: String,
    received_at: Micros,
    turn: Turn,
    delivery: Delivery,
    reading: Option<Reading>,
    ruling: Option<Ruling>,
}

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

/// Plans one batch of deliveries and returns how many there were.
pub(crate) async fn plan(
    database: &Database,
    hooks: &Dispatcher,
    batch: i64,
) -> Result<usize, StoreError> {
    if !has_work(&mut database.read().await?.conn()).await.map_err(out_of_reach)? {
        return Ok(0);
    }
    let mut lent = database.write().await?;
    match round(&mut lent.conn(), hooks, batch).await {
        Ok(planned) => {
            if planned > 0 {
                crate::crash::point("planned");
            }
            Ok(planned)
        }
        Err(error) => {
            lent.discard().await;
            Err(out_of_reach(error))
        }
    }
}

async fn round(conn: &mut Conn<'_>, hooks: &Dispatcher, batch: i64) -> Result<usize, sqlx::Error> {
    let mut tx = conn.begin().await?;
    let mut conn = tx.conn();
    take_turn(&mut conn).await?;
    let now = conn.now().await?;
    let mut items = read(&mut conn, now, batch).await?;
    if items.is_empty() {
        return Ok(0);
    }
    let readings = items.iter().filter_map(|item| Some((item.reading.as_ref()?, item.turn)));
    let (mut chains, known) = load(&mut conn, &readings.collect::<Vec<_>>(), &[]).await?;
    for item in &mut items {
        let reading = item.reading.as_ref();
        item.ruling = reading.map(|reading| chains.decide(reading, item.turn, now.into()));
    }
    crate::crash::point("planning");
    let changes = chains.take_changes();
    keep_changes(&mut conn, &changes, &known).await?;
    keep_decisions(&mut conn, &items, now).await?;
    let made = keep_tasks(&mut conn, &items, &chains, hooks).await?;
    let rulings = items.iter().filter_map(|item| item.ruling.as_ref());
    supersede(&mut conn, rulings.flat_map(|ruling| &ruling.overtaken), now).await?;
    if made {
        tell(&mut conn).await?;
    }
    tx.commit().await?;
    Ok(items.len())
}

/// Looks whether there is anything to plan, without keeping those who write waiting.
async fn has_work(conn: &mut Conn<'_>) -> Result<bool, sqlx::Error> {
    const WORK: &str = "SELECT 1 FROM (SELECT 1 FROM cal_deliveries WHERE planned_at IS NULL \
            ORDER BY planned_at, seq LIMIT 1) AS unplanned \
        UNION ALL SELECT 1 FROM (SELECT 1 FROM cal_deliveries WHERE decision = 'early' \
            LIMIT 1) AS held";
    Ok(!conn.fetch::<(i32,)>(WORK, &[]).await?.is_empty())
}

/// Waits for the turn of this planner, where there may be others.
pub(crate) async fn take_turn(conn: &mut Conn<'_>) -> Result<(), sqlx::Error> {
    match &mut conn.kind {
        #[cfg(feature = "postgres")]
        Kind::Postgres(conn) => crate::postgres::take_turn(conn).await,
        #[cfg(feature = "sqlite")]
        // The transaction is the turn: there is one writer.
        Kind::Sqlite(_) => Ok(()),
    }
}

/// Tells other processes that there are tasks.
pub(crate) async fn tell(conn: &mut Conn<'_>) -> Result<(), sqlx::Error> {
    match &mut conn.kind {
        #[cfg(feature = "postgres")]
        Kind::Postgres(conn) => crate::postgres::notify(conn).await,
        #[cfg(feature = "sqlite")]
        Kind::Sqlite(_) => Ok(()),
    }
}

async fn read(conn: &mut Conn<'_>, now: Micros, batch: i64) -> Result<Vec<Item>, sqlx::Error> {
    let args = [Arg::Int(batch), Arg::Int(now.0)];
    let held: Vec<Kept> = conn.fetch(HELD, &args).await?;
    let new: Vec<Kept> = conn.fetch(UNPLANNED, &args[..1]).await?;
    let turns = |turn| move |kept| (turn, kept);
    let all =
        held.into_iter().map(turns(Turn::Held)).chain(new.into_iter().map(turns(Turn::First)));
    Ok(all
        .map(|(turn, (id, received_at, body))| {
            let received_at = Micros(received_at);
            let (delivery, reading) = Reading::parse(body.unwrap_or_default(), received_at.into());
            Item { id, received_at, turn, delivery, reading, ruling: None }
        })
        .collect())
}

/// Loads what the deliveries of a batch, and these bookings, are compared with, and tells which
/// bookings there are.
pub(crate) async fn load(
    conn: &mut Conn<'_>,
    batch: &[(&Reading, Turn)],
    bookings: &[&BookingUid],
) -> Result<(Chains, BTreeSet<BookingUid>), sqlx::Error> {
    let readings = || batch.iter().map(|(reading, _)| *reading);
    let mut chains = Chains::default();
    let uids = readings().flat_map(Reading::uids).chain(bookings.iter().copied());
    let mut uids: BTreeSet<String> = uids.map(ToString::to_string).collect();
    let keys: BTreeSet<&str> = readings().flat_map(Reading::keys).collect();
    if !keys.is_empty() {
        let keys = settle::json(&keys)?;
        let values: Vec<(String, String, i64, i64)> =
            conn.fetch(VALUES, &[Arg::Text(&keys)]).await?;
        for (key, value, at, number) in values {
            // The booking that a seat was in may have to be told that it has left.
            if key.starts_with("seat:") {
                uids.insert(value.clone());
            }
            chains.insert_value(key, Value::new(value, Micros(at).into(), number));
        }
    }
    let numbers =
        readings().filter_map(Reading::number).map(|BookingId(number)| number.to_string());
    let numbers = settle::json(&numbers.collect::<Vec<_>>())?;
    let uids = settle::json(&uids)?;
    let rows: Vec<Booking> = conn.fetch(BOOKINGS, &[Arg::Text(&uids), Arg::Text(&numbers)]).await?;
    let mut known = BTreeSet::new();
    for row in rows {
        let row = booking(row);
        known.insert(row.uid.clone());
        chains.insert(row);
    }
    let first = batch.iter().filter(|(_, turn)| *turn == Turn::First);
    let identities = first.filter_map(|(reading, _)| reading.identity());
    let identities = settle::json(&identities.collect::<BTreeSet<_>>())?;
    let identities: Vec<(String,)> = conn.fetch(IDENTITIES, &[Arg::Text(&identities)]).await?;
    for (identity,) in identities {
        chains.insert_identity(identity);
    }
    Ok((chains, known))
}

pub(crate) fn booking(row: Booking) -> BookingRow {
    let (uid, chain, number, rank, at, title, start, end, attendee_email, facts) = row;
    let about = rank.zip(at).zip(start.zip(end)).map(|((rank, at), (start, end))| {
        let rank = i16::try_from(rank).unwrap_or_default();
        let times = (Micros(start).into(), Micros(end).into());
        About::new((rank, Micros(at).into()), title.unwrap_or_default(), times, attendee_email)
    });
    BookingRow::kept(uid.into(), chain.into(), number.map(BookingId), about, facts)
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

async fn keep_decisions(
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

pub(crate) fn parsed(parsed: Parsed) -> &'static str {
    match parsed {
        Parsed::Opaque => "opaque",
        Parsed::Unknown => "unknown",
        _ => "typed",
    }
}

async fn keep_tasks(
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
