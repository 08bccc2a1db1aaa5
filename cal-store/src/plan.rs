//! Turns what was accepted into tasks: read, compared with what came before, decided, kept.
//!
//! One round is one transaction that only one planner at a time can be in; whatever dies in
//! between, the next round begins where the last one was committed.

mod keep;

use std::collections::BTreeSet;

use cal_core::{BookingId, BookingUid, Delivery, Parsed};
use cal_webhook::{
    About, BookingRow, Chains, Dispatcher, Reading, Ruling, StoreError, Turn, Value,
};

use crate::{
    database::{Arg, Conn, Database, Kind},
    error::out_of_reach,
    settle,
    sql::{Sql, sql},
    time::Micros,
};

pub(crate) use keep::{keep_changes, supersede};
use keep::{keep_decisions, keep_tasks};

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

/// A delivery that is being planned.
struct Item {
    id: String,
    received_at: Micros,
    turn: Turn,
    delivery: Delivery,
    reading: Option<Reading>,
    ruling: Option<Ruling>,
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

pub(crate) fn parsed(parsed: Parsed) -> &'static str {
    match parsed {
        Parsed::Opaque => "opaque",
        Parsed::Unknown => "unknown",
        _ => "typed",
    }
}
