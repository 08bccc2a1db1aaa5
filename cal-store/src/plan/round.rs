//! One round of planning: looked up, decided, written.

use std::{
    collections::{BTreeSet, HashMap},
    sync::atomic::{AtomicU64, Ordering},
};

use cal_core::{BookingUid, Delivery};
use cal_webhook::{
    Changes, Dispatcher, Overtaken, Reading, Ruling, StoreError, Turn, Unreadable, crash,
    log::quietly,
};
use tokio::task;

use super::{Picked, fault::Fault, keep, load, series, take_turn, tasks, tell};
use crate::{
    announce::announced,
    database::{Arg, Conn, Database},
    settle,
    sql::{Sql, sql},
    time::Micros,
};

/// How many things a round may look up for the deliveries of several; only links by calendar
/// entries between many long chains come near it.
const WIDEST: usize = 8192;

const BODIES: Sql = sql!(
    "SELECT id, received_at, body, planned_at IS NULL OR decision = 'early' FROM cal_deliveries \
    WHERE id " one_of "SELECT item.value FROM" texts(1) end
);

const GENERATION: &str = "SELECT number FROM cal_values WHERE key = 'planner:generation'";

const NEXT_GENERATION: &str = "INSERT INTO cal_values (key, value, at, number) \
    VALUES ('planner:generation', '', $1, 1) \
    ON CONFLICT (key) DO UPDATE SET number = cal_values.number + 1, at = excluded.at";

/// How a round ended.
pub(super) enum Round {
    /// Another process is in a round; it goes on until nothing is left.
    Busy,
    /// So many deliveries are planned.
    Written(usize),
    /// Somebody else has changed what they were decided by.
    Outrun,
    /// Too much would have to be looked up for all of them.
    TooMuch,
}

/// A delivery that is being planned.
pub(super) struct Item {
    pub(super) id: String,
    pub(super) received_at: Micros,
    turn: Turn,
    pub(super) delivery: Delivery,
    pub(super) reading: Option<Reading>,
    pub(super) ruling: Option<Ruling>,
}

/// What a round has decided.
struct Plan {
    items: Vec<Item>,
    changes: Changes,
    tasks: Vec<tasks::Row>,
    /// The tasks about occurrences of series that were cancelled as a whole.
    series: Vec<Overtaken>,
    known: BTreeSet<BookingUid>,
    generation: i64,
    now: Micros,
    /// How many rows they were compared with.
    looked_up: usize,
}

pub(super) async fn round(
    database: &Database,
    hooks: &Dispatcher,
    part: &[Picked],
) -> Result<Round, Fault> {
    let mut lent = database.read().await?;
    let done = in_snapshot(database, &mut lent.conn(), hooks, part).await;
    if matches!(done, Err(Fault::Store(_))) {
        lent.discard().await;
    }
    done
}

/// Decides what was the case when the round began, and writes it if nothing has changed since.
async fn in_snapshot(
    database: &Database,
    conn: &mut Conn<'_>,
    hooks: &Dispatcher,
    part: &[Picked],
) -> Result<Round, Fault> {
    let mut tx = conn.begin_snapshot().await?;
    let done = alone(database, &mut tx.conn(), hooks, part).await;
    // Without this the round would end some time later, and the next one find itself not alone. What
    // was written does not depend on it.
    let ended = tx.commit().await;
    if let Err(error) = ended.as_ref().map_err(ToString::to_string) {
        quietly(|| tracing::debug!(error, "a snapshot ended early"));
    }
    done
}

async fn alone(
    database: &Database,
    conn: &mut Conn<'_>,
    hooks: &Dispatcher,
    part: &[Picked],
) -> Result<Round, Fault> {
    let generation = generation(conn).await?;
    if !database.try_round(conn, generation).await? {
        return Ok(Round::Busy);
    }
    let plan = match decide(conn, hooks, part, generation).await? {
        Ok(plan) => plan,
        Err(end) => return Ok(end),
    };
    crash::point("planning");
    let mut lent = database.write().await?;
    let written = write(&mut lent.conn(), &plan, &database.planning).await.map_err(Fault::from);
    if matches!(written, Err(Fault::Store(_))) {
        lent.discard().await;
    }
    Ok(if written? { Round::Written(plan.items.len()) } else { Round::Outrun })
}

/// Reads and decides, without keeping anybody waiting.
async fn decide(
    conn: &mut Conn<'_>,
    hooks: &Dispatcher,
    part: &[Picked],
    generation: i64,
) -> Result<Result<Plan, Round>, Fault> {
    let now = conn.now().await?;
    let ids: Vec<&str> = part.iter().map(|picked| picked.id.as_str()).collect();
    let rows = conn.fetch(BODIES, &[Arg::Text(&settle::json(&ids)?)]).await?;
    let part = part.to_vec();
    let read = blocking(move || read(&part, rows)).await?;
    let mut items = read.map_err(|_| Fault::panicked())?;
    if items.is_empty() {
        return Ok(Err(Round::Written(0)));
    }
    let readings = items.iter().filter_map(|item| Some((item.reading.as_ref()?, item.turn)));
    let loaded = load(conn, &readings.collect::<Vec<_>>(), &[], WIDEST).await?;
    if loaded.is_too_much && items.len() > 1 {
        return Ok(Err(Round::TooMuch));
    }
    let (looked_up, announced) = (loaded.rows, announced(conn, now).await?);
    let (hooks, known, mut chains) = (hooks.clone(), loaded.known, loaded.chains);
    let plan = blocking(move || {
        for item in &mut items {
            crash::panic_over("deciding", item.delivery.body());
            let reading = item.reading.as_ref();
            item.ruling = reading.map(|reading| chains.decide(reading, item.turn, now.into()));
        }
        let tasks = tasks::tasks(&items, &chains, &hooks, &announced, now);
        let changes = chains.take_changes();
        Plan { items, changes, tasks, series: Vec::new(), known, generation, now, looked_up }
    });
    let mut plan = plan.await?;
    plan.series = series::ended(conn, &plan.items).await?;
    Ok(Ok(plan))
}

/// Does what takes a while where nobody waits for the thread.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Fault> {
    task::spawn_blocking(work).await.map_err(|stopped| match stopped.is_panic() {
        true => Fault::panicked(),
        false => Fault::Store(StoreError::new("the planner was stopped")),
    })
}

/// A delivery's id, when it came, its body, and whether nobody has planned it yet.
type Kept = (String, i64, Option<Vec<u8>>, bool);

/// Reads the bodies, in the order in which they were chosen.
fn read(part: &[Picked], rows: Vec<Kept>) -> Result<Vec<Item>, Unreadable> {
    let mut rows: HashMap<_, _> =
        rows.into_iter().filter(|row| row.3).map(|(id, at, body, _)| (id, (at, body))).collect();
    part.iter()
        .filter_map(|picked| {
            let (received_at, body) = rows.remove(&picked.id)?;
            let received_at = Micros(received_at);
            let read = Reading::try_parse(body.unwrap_or_default(), received_at.into());
            let (delivery, reading) = match read {
                Ok(read) => read,
                Err(unreadable) => return Some(Err(unreadable)),
            };
            let (id, turn) = (picked.id.clone(), picked.turn);
            Some(Ok(Item { id, received_at, turn, delivery, reading, ruling: None }))
        })
        .collect()
}

/// Writes what was decided; `false` when somebody else was faster.
async fn write(
    conn: &mut Conn<'_>,
    plan: &Plan,
    planning: &[AtomicU64; 2],
) -> Result<bool, sqlx::Error> {
    let mut tx = conn.begin().await?;
    let mut conn = tx.conn();
    take_turn(&mut conn).await?;
    if generation(&mut conn).await? != plan.generation {
        return Ok(false);
    }
    next_generation(&mut conn).await?;
    keep::keep_decisions(&mut conn, &plan.items, plan.now).await?;
    let written = keep::keep_changes(&mut conn, &plan.changes, &plan.known, plan.now).await?;
    let made = tasks::keep(&mut conn, &plan.tasks).await?;
    let rulings = plan.items.iter().filter_map(|item| item.ruling.as_ref());
    let overtaken = rulings.flat_map(|ruling| &ruling.overtaken).chain(&plan.series);
    keep::supersede(&mut conn, overtaken, plan.now).await?;
    if made {
        tell(&mut conn).await?;
    }
    tx.commit().await?;
    let (deliveries, looked_up) = (plan.items.len(), plan.looked_up);
    quietly(|| tracing::debug!(deliveries, looked_up, written, "planned"));
    for (sum, rows) in planning.iter().zip([looked_up as u64, written]) {
        sum.fetch_add(rows, Ordering::Relaxed);
    }
    Ok(true)
}

/// Returns what grows whenever something changes that a planner decides by.
async fn generation(conn: &mut Conn<'_>) -> Result<i64, sqlx::Error> {
    let number = conn.fetch::<(i64,)>(GENERATION, &[]).await?;
    Ok(number.first().map_or(0, |(number,)| *number))
}

/// Lets no planner write what it has decided by what was there before.
pub(super) async fn next_generation(conn: &mut Conn<'_>) -> Result<(), sqlx::Error> {
    let now = conn.now().await?;
    conn.execute(NEXT_GENERATION, &[Arg::Int(now.0)]).await.map(drop)
}
