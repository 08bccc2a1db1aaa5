//! Deliveries as tasks need them.

use std::{collections::HashMap, sync::Arc};

use cal_core::{BookingUid, Delivery};
use cal_webhook::{Change, Transition};

use crate::{
    database::{Arg, Conn},
    settle,
    sql::{Sql, sql},
    time::Micros,
};

const DELIVERIES: Sql = sql!(
    "SELECT id, received_at, body, transition, moved_from, seat FROM cal_deliveries \
    WHERE id " one_of "SELECT item.value FROM" texts(1) end
);

type Stored = (String, i64, Option<Vec<u8>>, Option<String>, Option<String>, Option<i64>);

/// A delivery, and what the planner has found out about it.
pub(crate) struct Kept {
    pub(crate) received_at: Micros,
    pub(crate) delivery: Arc<Delivery>,
    has_body: bool,
    change: Option<String>,
    moved_from: Option<String>,
    seat: Option<i64>,
}

impl Kept {
    /// Tells what happened; `None` for what nobody understands.
    pub(crate) fn transition(&self) -> Result<Option<Transition>, &'static str> {
        if !self.has_body {
            return Err("the body of its delivery was pruned or erased");
        }
        let Some(change) = &self.change else { return Ok(None) };
        let change = Change::named(change).ok_or("its transition is none that exists")?;
        let moved_from = self.moved_from.as_deref().map(BookingUid::from);
        let read = Transition::of(&self.delivery).ok_or("its body does not tell its transition")?;
        Ok(Some(read.retold(change, moved_from, self.seat.is_none())))
    }
}

/// Reads the deliveries with these ids, each once.
pub(crate) async fn deliveries(
    conn: &mut Conn<'_>,
    ids: impl Iterator<Item = &str>,
) -> Result<HashMap<String, Kept>, sqlx::Error> {
    let mut ids: Vec<&str> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    let stored: Vec<Stored> = conn.fetch(DELIVERIES, &[Arg::Text(&settle::json(&ids)?)]).await?;
    let kept = |(id, received_at, body, change, moved_from, seat): Stored| {
        let received_at = Micros(received_at);
        let has_body = body.is_some();
        let delivery = Arc::new(Delivery::parse(body.unwrap_or_default()));
        (id, Kept { received_at, delivery, has_body, change, moved_from, seat })
    };
    Ok(stored.into_iter().map(kept).collect())
}
