//! Writes down what a round of planning has decided.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use cal_core::{BookingId, BookingUid};
use cal_webhook::{BookingRow, Changes, Decision, Overtaken, Reading, Ruling, SeatRow};
use serde_json::json;

use super::{parsed, round::Item};
use crate::{
    database::{Arg, Conn},
    settle,
    sql::{Sql, sql},
    time::Micros,
};

const KEEP_BOOKINGS: Sql = sql!(
    "INSERT INTO cal_bookings (uid, chain, number, status, paid, known, rank, at, title, start_at, \
        end_at, attendee_email, facts, moved_from, replaced, place, made_at) \
    SELECT item.value ->> 'uid', item.value ->> 'chain', CAST(item.value ->> 'number' AS BIGINT), \
        item.value ->> 'status', CAST(item.value ->> 'paid' AS BOOLEAN), \
        CAST(item.value ->> 'known' AS BOOLEAN), CAST(item.value ->> 'rank' AS BIGINT), \
        CAST(item.value ->> 'at' AS BIGINT), item.value ->> 'title', \
        CAST(item.value ->> 'start' AS BIGINT), CAST(item.value ->> 'end' AS BIGINT), \
        item.value ->> 'attendee_email', item.value ->> 'facts', item.value ->> 'moved_from', \
        CAST(item.value ->> 'replaced' AS BIGINT), CAST(item.value ->> 'place' AS BIGINT), \
        CAST(item.value ->> 'made_at' AS BIGINT) \
    FROM" rows(1) "WHERE TRUE \
    ON CONFLICT (uid) DO UPDATE SET chain = excluded.chain, number = excluded.number, \
        status = excluded.status, paid = excluded.paid, known = excluded.known, \
        rank = excluded.rank, at = excluded.at, title = excluded.title, \
        start_at = excluded.start_at, end_at = excluded.end_at, \
        attendee_email = excluded.attendee_email, facts = excluded.facts, \
        moved_from = excluded.moved_from, replaced = excluded.replaced, place = excluded.place, \
        made_at = excluded.made_at"
);

const KEEP_SEATS: Sql = sql!(
    "INSERT INTO cal_seats (uid, number, reference, attendee, facts) \
    SELECT item.value ->> 'uid', CAST(item.value ->> 'number' AS BIGINT), \
        item.value ->> 'reference', item.value ->> 'attendee', item.value ->> 'facts' \
    FROM" rows(1) "WHERE TRUE \
    ON CONFLICT (uid, number) DO UPDATE SET reference = excluded.reference, \
        attendee = excluded.attendee, facts = excluded.facts"
);

const FORGET_SEAT: &str = "DELETE FROM cal_seats WHERE uid = $1 AND number = $2";

const KEEP_SIZES: Sql = sql!(
    "INSERT INTO cal_chains (id, size) \
    SELECT item.value ->> 'id', CAST(item.value ->> 'size' AS BIGINT) FROM" rows(1) "WHERE TRUE \
    ON CONFLICT (id) DO UPDATE SET size = excluded.size"
);

const FORGET_CHAINS: Sql = sql!(
    "DELETE FROM cal_chains WHERE id " one_of "SELECT item.value ->> 'old' FROM" rows(1) end
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

/// Lets what was held back go on, now that its booking is known.
const RELEASE: Sql = sql!(
    "UPDATE cal_deliveries" indexed_by("cal_deliveries_early_uid") "SET held_until = $2 \
    WHERE decision = 'early' AND held_until > $2 AND uid IS NOT NULL \
        AND uid" one_of "SELECT item.value FROM" texts(1) end
);
const RELEASE_NUMBERED: Sql = sql!(
    "UPDATE cal_deliveries" indexed_by("cal_deliveries_early_number") "SET held_until = $2 \
    WHERE decision = 'early' AND held_until > $2 AND number IS NOT NULL \
        AND number" one_of "SELECT CAST(item.value AS BIGINT) FROM" texts(1) end
);

/// Takes the bookings of chains into others.
const RENAME_CHAINS: Sql = sql!(
    "UPDATE cal_bookings SET chain = v.new \
    FROM (SELECT item.value ->> 'old' AS old, item.value ->> 'new' AS new FROM" rows(1) ") AS v \
    WHERE cal_bookings.chain = v.old"
);

const RENAME_LANES: Sql = sql!(
    "UPDATE cal_tasks SET lane = v.new \
    FROM (SELECT item.value ->> 'old' AS old, item.value ->> 'new' AS new FROM" rows(1) ") AS v \
    WHERE cal_tasks.lane = v.old AND cal_tasks.ready_at IS NOT NULL"
);

/// Drops tasks about bookings, or about single seats, below a rank; each finds them by an index.
macro_rules! supersede {
    ($seat:literal) => {
        sql!(
            "UPDATE cal_tasks SET superseded = TRUE, \
                state = CASE WHEN state = 'running' THEN state ELSE 'superseded' END, \
                ready_at = CASE WHEN state = 'running' THEN ready_at END, \
                settled_at = CASE WHEN state = 'running' THEN settled_at ELSE $2 END \
            FROM (SELECT item.value ->> 'uid' AS uid, \
                    CAST(item.value ->> 'seat' AS BIGINT) AS seat, \
                    CAST(item.value ->> 'below' AS BIGINT) AS below FROM" rows(1) ") AS v \
            WHERE cal_tasks.uid = v.uid AND cal_tasks.rank < v.below " $seat "\
                AND cal_tasks.ready_at IS NOT NULL AND NOT cal_tasks.superseded"
        )
    };
}
const SUPERSEDE: Sql = supersede!("AND cal_tasks.uid IS NOT NULL ");
const SUPERSEDE_SEATS: Sql =
    supersede!("AND cal_tasks.seat = v.seat AND cal_tasks.seat IS NOT NULL ");

/// How many values are written by one statement.
const VALUES: usize = 10_000;

/// Writes down what a round has changed, and returns how many rows those are.
pub(crate) async fn keep_changes(
    conn: &mut Conn<'_>,
    changes: &Changes,
    known: &BTreeSet<BookingUid>,
    now: Micros,
) -> Result<u64, sqlx::Error> {
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
                    "moved_from": row.moved_from,
                    "replaced": row.replaced,
                    "place": row.place.number(),
                    "made_at": row.place.made.at,
                })
            })
            .collect();
        conn.execute(KEEP_BOOKINGS, &[Arg::Text(&settle::json(&rows)?)]).await?;
    }
    for values in changes.values.chunks(VALUES) {
        let rows = values.iter().map(|(key, value)| {
            let at = Micros::from(value.at).0;
            json!({"key": key, "value": value.value, "at": at, "number": value.number})
        });
        let rows = settle::json(&rows.collect::<Vec<_>>())?;
        conn.execute(KEEP_VALUES, &[Arg::Text(&rows)]).await?;
    }
    keep_seats(conn, &changes.seats).await?;
    if !changes.sizes.is_empty() {
        let rows = changes.sizes.iter().map(|(id, size)| json!({"id": id, "size": size}));
        let rows = settle::json(&rows.collect::<Vec<_>>())?;
        conn.execute(KEEP_SIZES, &[Arg::Text(&rows)]).await?;
    }
    release(conn, &changes.bookings, now).await?;
    let Changes { bookings, seats, values, sizes, .. } = changes;
    let kept = bookings.len() + seats.len() + values.len() + sizes.len();
    Ok(rename(conn, changes, known).await? + u64::try_from(kept).unwrap_or_default())
}

pub(crate) async fn keep_seats(conn: &mut Conn<'_>, seats: &[SeatRow]) -> Result<(), sqlx::Error> {
    let (kept, forgotten): (Vec<_>, Vec<_>) = seats.iter().partition(|seat| seat.facts.is_some());
    if !kept.is_empty() {
        let rows = kept.iter().map(|seat| {
            json!({
                "uid": seat.uid,
                "number": seat.number,
                "reference": seat.reference,
                "attendee": seat.attendee,
                "facts": seat.facts,
            })
        });
        let rows = settle::json(&rows.collect::<Vec<_>>())?;
        conn.execute(KEEP_SEATS, &[Arg::Text(&rows)]).await?;
    }
    for seat in forgotten {
        let args = [Arg::Text(seat.uid.as_str()), Arg::Int(seat.number)];
        conn.execute(FORGET_SEAT, &args).await?;
    }
    Ok(())
}

async fn release(
    conn: &mut Conn<'_>,
    bookings: &[BookingRow],
    now: Micros,
) -> Result<(), sqlx::Error> {
    let known = || bookings.iter().filter(|row| row.known);
    let uids: Vec<_> = known().map(|row| &row.uid).collect();
    if uids.is_empty() {
        return Ok(());
    }
    let numbers = known().filter_map(|row| row.number).map(|BookingId(it)| it.to_string());
    let (uids, numbers) = (settle::json(&uids)?, settle::json(&numbers.collect::<Vec<_>>())?);
    for (statement, wanted) in [(RELEASE, &uids), (RELEASE_NUMBERED, &numbers)] {
        conn.execute(statement, &[Arg::Text(wanted), Arg::Int(now.0)]).await?;
    }
    Ok(())
}

/// Lets bookings and tasks go on in the chains that have taken theirs in.
async fn rename(
    conn: &mut Conn<'_>,
    changes: &Changes,
    known: &BTreeSet<BookingUid>,
) -> Result<u64, sqlx::Error> {
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
    if rows.is_empty() {
        return Ok(0);
    }
    let rows = settle::json(&rows)?;
    let mut moved = 0;
    for statement in [RENAME_CHAINS, RENAME_LANES, FORGET_CHAINS] {
        moved += conn.execute(statement, &[Arg::Text(&rows)]).await?;
    }
    Ok(moved)
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
                "moved_from": ruling.and_then(|ruling| ruling.transition.predecessor()),
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
pub(super) fn decision(ruling: Option<&Ruling>) -> Decision {
    ruling.map_or(Decision::Applied, |ruling| ruling.decision)
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
    let below = below.into_iter().filter(|(_, below)| *below > 1);
    let (seats, bookings): (Vec<_>, Vec<_>) = below.partition(|((_, seat), _)| seat.is_some());
    for (statement, rows) in [(SUPERSEDE, bookings), (SUPERSEDE_SEATS, seats)] {
        if rows.is_empty() {
            continue;
        }
        let row = |((uid, seat), below)| json!({"uid": uid, "seat": seat, "below": below});
        let rows = settle::json(&rows.into_iter().map(row).collect::<Vec<_>>())?;
        conn.execute(statement, &[Arg::Text(&rows), Arg::Int(now.0)]).await?;
    }
    Ok(())
}
