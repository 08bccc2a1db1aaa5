//! Plans the reminders of tasks that a process without their hook has made.

use cal_webhook::{Dispatcher, StoreError, vocabulary};
use serde_json::json;

use super::{
    take_turn,
    tasks::{self, About, Row},
    tell,
};
use crate::{
    claim::UNREMINDED,
    database::{Arg, Conn, Database},
    error::out_of_reach,
    export::fitting,
    kept, settle,
    sql::{Sql, sql},
};

/// How many tasks get their reminders in one transaction.
const BATCH: i64 = 256;

const WAITING: Sql = sql!(
    "SELECT t.seq, t.hook, t.delivery_id, t.uid, t.seat, t.rank, t.vocabulary, t.due_at, \
        CAST(coalesce(length(d.body), 0) AS BIGINT) \
    FROM" texts(1) "CROSS JOIN cal_tasks t JOIN cal_deliveries d ON d.id = t.delivery_id \
    WHERE t.hook = item.value AND t.ready_at = $2 AND t.vocabulary <= $3 ORDER BY t.seq LIMIT $4"
);

const READY: Sql = sql!(
    "UPDATE cal_tasks SET ready_at = due_at, expires_at = v.expires \
    FROM (SELECT CAST(item.value ->> 'seq' AS BIGINT) AS seq, \
            CAST(item.value ->> 'expires' AS BIGINT) AS expires FROM" rows(1) ") AS v \
    WHERE cal_tasks.ready_at = $2 AND cal_tasks.seq = v.seq"
);

/// A task's seq, hook, delivery, booking, seat, rank and vocabulary, when it was due, and the size of
/// the body.
type Waiting = (i64, String, String, Option<String>, Option<i64>, i64, i64, i64, i64);

/// Lets tasks of hooks that this process has run, together with their reminders, and returns how many
/// there were.
///
/// Those that were superseded meanwhile are no longer there.
pub(super) async fn remind(database: &Database, hooks: &Dispatcher) -> Result<usize, StoreError> {
    let names = hooks.names().collect::<Vec<_>>();
    let names = settle::json(&names).map_err(out_of_reach)?;
    let mut lent = database.read().await?;
    let found = waiting(&mut lent.conn(), &names).await;
    if lent.end(found).await?.is_empty() {
        return Ok(0);
    }
    let mut lent = database.write().await?;
    let done = write(&mut lent.conn(), &names, hooks).await;
    lent.end(done).await
}

async fn waiting(conn: &mut Conn<'_>, names: &str) -> Result<Vec<Waiting>, sqlx::Error> {
    let known = Arg::Int(vocabulary().into());
    let args = [Arg::Text(names), Arg::Int(UNREMINDED), known, Arg::Int(BATCH)];
    let mut found: Vec<Waiting> = conn.fetch(WAITING, &args).await?;
    found.truncate(fitting(found.iter().map(|task| task.8)));
    Ok(found)
}

async fn write(conn: &mut Conn<'_>, names: &str, hooks: &Dispatcher) -> Result<usize, sqlx::Error> {
    let mut tx = conn.begin().await?;
    let mut conn = tx.conn();
    // Nobody may decide meanwhile that they are out of date.
    take_turn(&mut conn).await?;
    let found = waiting(&mut conn, names).await?;
    let deliveries = kept::deliveries(&mut conn, found.iter().map(|task| &*task.2)).await?;
    let (mut rows, mut ready) = (Vec::new(), Vec::new());
    for (seq, hook, delivery_id, uid, seat, rank, vocabulary, due_at, _) in &found {
        ready.push(json!({"seq": seq}));
        let Some(kept) = deliveries.get(delivery_id) else { continue };
        // Of one that cannot be read, claiming tells why.
        let Ok(Some(transition)) = kept.transition() else { continue };
        let about = About {
            delivery_id: delivery_id.clone(),
            hook: hook.clone(),
            uid: uid.as_deref().map(Into::into),
            seat: *seat,
            rank: *rank,
            vocabulary: *vocabulary,
        };
        let delivery = &kept.delivery;
        let expires = hooks.expiry(hook, &transition, delivery, kept.received_at.into());
        let expires = expires.map(tasks::micros);
        if let (Some(task), Some(expires)) = (ready.last_mut(), expires) {
            task["expires"] = expires.into();
        }
        let reminders = hooks.reminders(hook, &transition, delivery);
        let row = |it| Row::reminder(about.clone(), it, (*due_at, expires));
        rows.extend(reminders.iter().map(row));
    }
    tasks::keep(&mut conn, &rows).await?;
    let ready = settle::json(&ready)?;
    conn.execute(READY, &[Arg::Text(&ready), Arg::Int(UNREMINDED)]).await?;
    tell(&mut conn).await?;
    tx.commit().await?;
    Ok(found.len())
}
