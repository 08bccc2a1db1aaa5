//! Turns what was accepted into tasks: read, compared with what came before, decided, kept.
//!
//! A round looks everything up in one snapshot, reads and decides on a thread of its own, and writes
//! in one short transaction that only one planner at a time can be in, unless somebody else has
//! changed meanwhile what it was decided by. Whatever dies in between, the next round begins where the
//! last one was committed. A round over which the database or the code fails is done again in halves,
//! until the delivery that cannot be planned stands alone and is set aside.

mod fault;
mod keep;
mod load;
mod pick;
mod remind;
mod round;
mod series;
mod tasks;

use std::time::Duration;

use cal_core::Parsed;
use cal_webhook::{Dispatcher, StoreError};
use futures_util::future::BoxFuture;
use tokio::time::Instant;

use crate::{
    database::{Conn, Database, Kind},
    error::out_of_reach,
};

pub(crate) use fault::VERSION;
pub(crate) use keep::keep_seats;
#[cfg(feature = "reconcile")]
pub(crate) use keep::{keep_changes, supersede};
#[cfg(feature = "reconcile")]
pub(crate) use load::Loaded;
pub(crate) use load::load;

use fault::{Fault, is_of_data};
use pick::Picked;
use round::Round;

/// How many deliveries are planned in one round.
pub(crate) const BATCH: i64 = 256;

/// How many it are while others come in: on SQLite they wait while the round is written.
pub(crate) const SMALL_BATCH: i64 = 128;

/// How long to go on when a batch has to be taken apart.
const BUDGET: Duration = Duration::from_secs(2);

/// How often a part is decided anew because somebody else was faster.
const TURNS: usize = 3;

/// Plans a batch of deliveries and returns how many there were.
pub(crate) fn plan<'a>(
    database: &'a Database,
    hooks: &'a Dispatcher,
    batch: i64,
) -> BoxFuture<'a, Result<usize, StoreError>> {
    Box::pin(async move {
        let reminded = remind::remind(database, hooks).await?;
        let [small, large] = pick::pick(database, batch).await?;
        let planned = plan_all(database, hooks, small).await?;
        // It gets its turn however long the others took, or it would wait for as long as others come.
        Ok(reminded + planned + plan_all(database, hooks, large).await?)
    })
}

/// Plans what was picked, in halves where that is necessary, and returns how many there were.
async fn plan_all(
    database: &Database,
    hooks: &Dispatcher,
    picked: Vec<Picked>,
) -> Result<usize, StoreError> {
    let start = Instant::now();
    let (mut parts, mut planned, mut outrun) = (vec![picked], 0, 0);
    while let Some(part) = parts.pop() {
        if part.is_empty() || planned > 0 && start.elapsed() > BUDGET {
            break;
        }
        match round::round(database, hooks, &part).await {
            Ok(Round::Written(count)) => {
                if count > 0 {
                    crate::crash::point("planned");
                }
                planned += count;
                outrun = 0;
            }
            Ok(Round::Outrun) if outrun < TURNS => {
                outrun += 1;
                parts.push(part);
            }
            Ok(Round::Busy | Round::Outrun) => break,
            Ok(Round::TooMuch) => parts.extend(halves(part)),
            Err(Fault::Store(_)) if planned > 0 => break,
            Err(Fault::Store(error)) => return Err(error),
            Err(Fault::Data(reason)) => match &part[..] {
                [one] => {
                    fault::set_aside(database, one, &reason).await?;
                    planned += 1;
                }
                _ => parts.extend(halves(part)),
            },
        }
    }
    Ok(planned)
}

/// The second half, and the first one, which comes first.
fn halves(mut part: Vec<Picked>) -> [Vec<Picked>; 2] {
    let second = part.split_off(part.len().div_ceil(2));
    [second, part]
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

/// Waits for the turn, and lets no planner write what it has decided by what is changed now.
pub(crate) async fn interrupt(conn: &mut Conn<'_>) -> Result<(), sqlx::Error> {
    take_turn(conn).await?;
    round::next_generation(conn).await
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

pub(crate) fn parsed(parsed: Parsed) -> &'static str {
    match parsed {
        Parsed::Opaque => "opaque",
        Parsed::Unknown => "unknown",
        _ => "typed",
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// What the database could not do is the fault of the data, or of nobody here.
impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        match is_of_data(&error) {
            Some(reason) => Self::Data(reason),
            None => Self::Store(out_of_reach(error)),
        }
    }
}
