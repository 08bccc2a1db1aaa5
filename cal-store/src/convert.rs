//! Fills in what a migration cannot tell in SQL.

use cal_core::{BookingId, BookingUid};
use cal_webhook::{BookingRow, Chains};
use serde_json::json;

use crate::{
    database::{Arg, Conn},
    plan, settle,
    sql::{Sql, sql},
};

/// The migration whose columns follow from the facts of bookings.
pub(crate) const VERSION: i64 = 3;

/// How many bookings are converted by one statement.
const BATCH: i64 = 1000;

const BOOKINGS: &str = "SELECT seq, uid, chain, number, facts FROM cal_bookings \
    WHERE seq > $1 ORDER BY seq LIMIT $2";

const CONVERT: Sql = sql!(
    "UPDATE cal_bookings SET moved_from = v.moved_from, paid = v.paid, place = v.place, \
        made_at = v.made_at, facts = v.facts \
    FROM (SELECT CAST(item.value ->> 'seq' AS BIGINT) AS seq, \
            item.value ->> 'moved_from' AS moved_from, \
            CAST(item.value ->> 'paid' AS BOOLEAN) AS paid, \
            CAST(item.value ->> 'place' AS BIGINT) AS place, \
            CAST(item.value ->> 'made_at' AS BIGINT) AS made_at, item.value ->> 'facts' AS facts \
        FROM" rows(1) ") AS v WHERE cal_bookings.seq = v.seq"
);

const REPLACED: &str = "UPDATE cal_bookings SET replaced = v.count, place = place % 2 \
    FROM (SELECT moved_from AS uid, count(*) AS count FROM cal_bookings \
        WHERE moved_from IS NOT NULL GROUP BY moved_from) AS v \
    WHERE cal_bookings.uid = v.uid";

const SIZES: &str = "INSERT INTO cal_chains (id, size) \
    SELECT chain, count(*) FROM cal_bookings GROUP BY chain HAVING count(*) > 1";

type Row = (i64, String, String, Option<i64>, String);

/// Converts the bookings of a version before [`VERSION`], in the transaction that migrates: a process
/// that is killed meanwhile leaves the tables as they were.
pub(crate) async fn convert(conn: &mut Conn<'_>) -> Result<(), sqlx::Error> {
    let mut after = 0;
    loop {
        let args = [Arg::Int(after), Arg::Int(BATCH)];
        let rows: Vec<Row> = conn.fetch(BOOKINGS, &args).await?;
        let Some((last, ..)) = rows.last() else { break };
        after = *last;
        let (mut converted, mut seats) = (Vec::with_capacity(rows.len()), Vec::new());
        for (seq, uid, chain, number, facts) in rows {
            let mut chains = Chains::default();
            let numbers = (number.map(BookingId), 0);
            let (known, uid) = (facts.clone(), BookingUid::from(uid));
            chains.insert(BookingRow::kept(uid.clone(), chain.into(), numbers, None, facts), 1);
            let Some(row) = chains.booking(&uid) else { continue };
            let mut changes = chains.take_changes();
            // Without seats they stay as they are, also such that nobody can read.
            let facts = if changes.seats.is_empty() { known } else { row.facts };
            converted.push(json!({
                "seq": seq,
                "moved_from": row.moved_from,
                "paid": row.paid,
                "place": row.place.number(),
                "made_at": row.place.made.at,
                "facts": facts,
            }));
            seats.append(&mut changes.seats);
        }
        conn.execute(CONVERT, &[Arg::Text(&settle::json(&converted)?)]).await?;
        plan::keep_seats(conn, &seats).await?;
        crate::crash::point("converting");
    }
    conn.execute(REPLACED, &[]).await?;
    conn.execute(SIZES, &[]).await?;
    Ok(())
}
