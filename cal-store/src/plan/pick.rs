//! Chooses the deliveries of a round.

use cal_webhook::{StoreError, Turn};

use crate::{
    database::{Arg, Conn, Database},
    error::out_of_reach,
    sql::{Sql, sql},
};

/// How many bytes the bodies of a round may have together, unless a single one has more.
const BYTES: i64 = 8 << 20;

/// A body that may hold thousands of things; Cal.com's own have a few kilobytes.
const LARGE: i64 = 128 << 10;

/// The order is that of the index of what is unplanned, which PostgreSQL takes then and no other.
const UNPLANNED: &str = "SELECT id, CAST(coalesce(length(body), 0) AS BIGINT) FROM cal_deliveries \
    WHERE planned_at IS NULL ORDER BY planned_at, seq LIMIT $1";

/// Deliveries that were held back until now, or until their booking came.
const HELD: Sql = sql!(
    "SELECT id, CAST(coalesce(length(body), 0) AS BIGINT) FROM cal_deliveries"
    indexed_by("cal_deliveries_held")
    "WHERE decision = 'early' AND held_until <= $2 ORDER BY held_until LIMIT $1"
);

/// A delivery to be planned.
#[derive(Clone, Debug)]
pub(crate) struct Picked {
    pub(crate) id: String,
    pub(crate) turn: Turn,
}

/// Chooses deliveries without keeping those who write waiting: what is planned together, and then a
/// large one, which may take long.
pub(super) async fn pick(database: &Database, batch: i64) -> Result<[Vec<Picked>; 2], StoreError> {
    let mut lent = database.read().await?;
    match choose(&mut lent.conn(), batch).await {
        Ok(picked) => Ok(picked),
        Err(error) => {
            lent.discard().await;
            Err(out_of_reach(error))
        }
    }
}

async fn choose(conn: &mut Conn<'_>, batch: i64) -> Result<[Vec<Picked>; 2], sqlx::Error> {
    let now = conn.now().await?;
    let args = [Arg::Int(batch), Arg::Int(now.0)];
    let held: Vec<(String, i64)> = conn.fetch(HELD, &args).await?;
    let left = batch.saturating_sub(i64::try_from(held.len()).unwrap_or(batch));
    let new: Vec<(String, i64)> = conn.fetch(UNPLANNED, &[Arg::Int(left)]).await?;
    let turns = |turn| move |(id, size)| (Picked { id, turn }, size);
    let held = held.into_iter().map(turns(Turn::Held));
    let all = held.chain(new.into_iter().map(turns(Turn::First)));
    let (large, small): (Vec<_>, Vec<_>) = all.partition(|(_, size)| *size > LARGE);
    let mut bytes = 0_i64;
    let fits = |(_, size): &(Picked, i64)| {
        let is_first = bytes == 0;
        bytes = bytes.saturating_add((*size).max(1));
        is_first || bytes <= BYTES
    };
    let small = small.into_iter().take_while(fits).map(|(picked, _)| picked).collect();
    Ok([small, large.into_iter().take(1).map(|(picked, _)| picked).collect()])
}
