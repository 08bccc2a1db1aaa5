//! Writes down what becomes of payments.

use cal_core::{Currency, PaymentId};
use serde_json::json;

use super::{Charge, PaymentKind, PaymentState};
use crate::{
    database::{Arg, Conn},
    operate::note,
    settle,
    sql::{Sql, sql},
    time::Micros,
};

/// Each of the times is set once, and they tell the state. The amount that was paid stands above
/// the one that was due.
const RECORD: Sql = sql!(
    "INSERT INTO cal_payments (key, uid, number, kind, state, amount, currency, initiated_at, \
        paid_at) \
    SELECT item.value ->> 'key', item.value ->> 'uid', \
        CAST(item.value ->> 'number' AS BIGINT), item.value ->> 'kind', item.value ->> 'state', \
        CAST(item.value ->> 'amount' AS BIGINT), item.value ->> 'currency', \
        CAST(item.value ->> 'initiated_at' AS BIGINT), CAST(item.value ->> 'paid_at' AS BIGINT) \
    FROM" rows(1) "WHERE TRUE \
    ON CONFLICT (key) DO UPDATE SET \
        uid = coalesce(cal_payments.uid, excluded.uid), \
        kind = CASE WHEN excluded.kind = 'no_show_fee' THEN excluded.kind \
            ELSE cal_payments.kind END, \
        state = CASE WHEN cal_payments.refunded_at IS NOT NULL THEN 'refunded' \
            WHEN coalesce(cal_payments.paid_at, excluded.paid_at) IS NOT NULL THEN 'paid' \
            ELSE 'initiated' END, \
        amount = CASE WHEN excluded.amount IS NOT NULL \
                AND (cal_payments.amount IS NULL OR excluded.paid_at IS NOT NULL) \
            THEN excluded.amount ELSE cal_payments.amount END, \
        currency = CASE WHEN excluded.amount IS NOT NULL \
                AND (cal_payments.amount IS NULL OR excluded.paid_at IS NOT NULL) \
            THEN excluded.currency ELSE coalesce(cal_payments.currency, excluded.currency) END, \
        initiated_at = coalesce(cal_payments.initiated_at, excluded.initiated_at), \
        paid_at = coalesce(cal_payments.paid_at, excluded.paid_at) \
    WHERE (excluded.initiated_at IS NOT NULL AND cal_payments.initiated_at IS NULL) \
        OR (excluded.paid_at IS NOT NULL AND (cal_payments.paid_at IS NULL \
            OR (excluded.kind = 'no_show_fee' AND cal_payments.kind <> 'no_show_fee')))"
);

const REFUND: &str = "UPDATE cal_payments SET state = 'refunded', refunded_at = $2 \
    WHERE key = $1 AND state = 'paid'";

/// Writes down a step of a payment, and tells whether it was news.
pub(super) async fn record(
    conn: &mut Conn<'_>,
    charge: &Charge,
    kind: PaymentKind,
    state: PaymentState,
    at: Micros,
) -> Result<bool, sqlx::Error> {
    let mut tx = conn.begin().await?;
    let mut conn = tx.conn();
    let uid = uid(&mut conn, charge).await?;
    let Some(key) = key(&mut conn, charge.number, uid.as_deref()).await? else {
        return Ok(false);
    };
    let currency = charge.currency.as_ref().map(Currency::as_str);
    let row = json!([{
        "key": key,
        "uid": uid,
        "number": charge.number,
        "kind": kind.as_str(),
        "state": state.as_str(),
        "amount": charge.amount.filter(|_| currency.is_some()),
        "currency": currency,
        "initiated_at": (state == PaymentState::Initiated).then_some(at.0),
        "paid_at": (state == PaymentState::Paid).then_some(at.0),
    }]);
    let row = settle::json(&row)?;
    let recorded = conn.execute(RECORD, &[Arg::Text(&row)]).await?;
    tx.commit().await?;
    Ok(recorded > 0)
}

/// Writes down that money went back, if it had come.
pub(super) async fn refund(
    conn: &mut Conn<'_>,
    charge: &Charge,
    at: Micros,
) -> Result<bool, sqlx::Error> {
    let mut tx = conn.begin().await?;
    let mut conn = tx.conn();
    let uid = uid(&mut conn, charge).await?;
    let Some(key) = key(&mut conn, charge.number, uid.as_deref()).await? else {
        return Ok(false);
    };
    let refunded = conn.execute(REFUND, &[Arg::Text(&key), Arg::Int(at.0)]).await?;
    tx.commit().await?;
    Ok(refunded > 0)
}

/// The same on an operator's word.
pub(super) async fn mark(conn: &mut Conn<'_>, key: &str, actor: &str) -> Result<bool, sqlx::Error> {
    let mut tx = conn.begin().await?;
    let mut conn = tx.conn();
    let now = conn.now().await?;
    if conn.execute(REFUND, &[Arg::Text(key), Arg::Int(now.0)]).await? == 0 {
        return Ok(false);
    }
    note(&mut conn, now, "refund", &format!("payment {key}"), actor).await?;
    tx.commit().await?;
    Ok(true)
}

/// Returns the key that a payment's row has from now on.
///
/// A row without a number takes the first one that comes with its booking; what comes without a
/// number belongs to the booking's latest payment.
async fn key(
    conn: &mut Conn<'_>,
    number: Option<PaymentId>,
    uid: Option<&str>,
) -> Result<Option<String>, sqlx::Error> {
    const NUMBER: &str = "UPDATE cal_payments SET key = $1, number = $3 \
        WHERE key = $2 AND number IS NULL \
            AND NOT EXISTS (SELECT 1 FROM cal_payments p WHERE p.key = $1)";
    const LATEST: &str = "SELECT key FROM cal_payments WHERE uid = $1 ORDER BY seq DESC LIMIT 1";
    match (number, uid) {
        (Some(number), uid) => {
            let key = number.to_string();
            if let Some(uid) = uid {
                let args = [Arg::Text(&key), Arg::Text(uid), Arg::Int(number.0)];
                conn.execute(NUMBER, &args).await?;
            }
            Ok(Some(key))
        }
        (None, Some(uid)) => {
            let rows: Vec<(String,)> = conn.fetch(LATEST, &[Arg::Text(uid)]).await?;
            Ok(Some(rows.into_iter().next().map_or_else(|| uid.to_owned(), |(key,)| key)))
        }
        (None, None) => Ok(None),
    }
}

/// Returns the booking's uid, which a no-show fee does not name.
async fn uid(conn: &mut Conn<'_>, charge: &Charge) -> Result<Option<String>, sqlx::Error> {
    const UID: &str = "SELECT uid FROM cal_bookings WHERE number = $1 ORDER BY seq DESC LIMIT 1";
    match (&charge.uid, charge.booking) {
        (Some(uid), _) => Ok(Some(uid.as_str().to_owned())),
        (None, Some(booking)) => {
            let rows: Vec<(String,)> = conn.fetch(UID, &[Arg::Int(booking.0)]).await?;
            Ok(rows.into_iter().next().map(|(uid,)| uid))
        }
        (None, None) => Ok(None),
    }
}
