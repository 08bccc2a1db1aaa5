//! Takes deliveries in: bytes, headers and digest, nothing else.

use bytes::Bytes;
use cal_core::{Delivery, Parsed};
use cal_webhook::{Accepted, Arrival, DeliveryId, StoreError};
use chrono::{DateTime, Utc};
use memchr::memmem;
use sha2::{Digest, Sha256};

use crate::{
    database::{Arg, Conn, Database, Kind},
    error::out_of_reach,
    settle,
    sql::{Sql, sql},
    writer::{Row, distinct},
};

/// How many deliveries are inserted by one statement.
pub(crate) const GROUP: usize = 64;

/// How long a body without identity counts as a repeat: two visitors may cause the same bytes.
const OPAQUE_REPEAT: i64 = 10 * 60 * 1_000_000;

impl Row {
    pub(crate) fn new(arrival: &Arrival) -> Self {
        let headers = arrival.headers();
        Self {
            id: DeliveryId::new().to_string(),
            digest: digest(arrival.body()),
            received_at: arrival.received_at().into(),
            source: arrival.source().as_str(),
            headers: (!headers.is_empty()).then(|| serde_json::to_string(headers).ok()).flatten(),
            body: arrival.body().clone(),
        }
    }
}

/// Keeps a group of deliveries in one commit, and tells of each whether it is new.
pub(crate) async fn accept(
    database: &Database,
    rows: Vec<Row>,
) -> Result<Vec<Accepted>, StoreError> {
    let (rows, places) = distinct(rows);
    let mut is_first = true;
    let accepted = loop {
        let mut lent = database.accepting().await?;
        let kept = keep(&mut lent.conn(), &rows).await;
        match kept {
            Ok(accepted) => {
                lent.keep();
                break accepted;
            }
            Err(error) => {
                lent.discard().await;
                // The server was restarted: nobody will send these deliveries again. If they were
                // committed before the connection broke, they are found under their ids.
                if !is_first || !is_broken(&error) {
                    return Err(out_of_reach(error));
                }
            }
        }
        is_first = false;
    };
    // The first of those with equal bytes is the one that was stored.
    let mut seen = vec![false; rows.len()];
    places
        .into_iter()
        .map(|place| {
            let repeated = std::mem::replace(&mut seen[place], true);
            match accepted[place] {
                Accepted::Stored(id) if repeated => Ok(Accepted::Duplicate(id)),
                accepted => Ok(accepted),
            }
        })
        .collect()
}

async fn keep(conn: &mut Conn<'_>, rows: &[Row]) -> Result<Vec<Accepted>, sqlx::Error> {
    crate::crash::point("inserting");
    // Bytes that were kept before are rare, so the ids of the new ones are asked for only then.
    let inserted = insert(conn, rows).await?;
    let new = if inserted == rows.len() { Vec::new() } else { which(conn, rows).await? };
    let mut accepted = Vec::with_capacity(rows.len());
    for row in rows {
        accepted.push(if inserted == rows.len() || new.contains(&row.id) {
            Accepted::Stored(id(&row.id)?)
        } else {
            repeat(conn, row).await?
        });
    }
    Ok(accepted)
}

/// Asks which of the rows are kept.
async fn which(conn: &mut Conn<'_>, rows: &[Row]) -> Result<Vec<String>, sqlx::Error> {
    const KEPT: Sql = sql!("SELECT id FROM cal_deliveries WHERE id " one_of "SELECT item.value FROM" texts(1) end);
    let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    let kept: Vec<(String,)> = conn.fetch(KEPT, &[Arg::Text(&settle::json(&ids)?)]).await?;
    Ok(kept.into_iter().map(|(id,)| id).collect())
}

/// Inserts what is not kept yet in one statement, and returns how many that were.
async fn insert(conn: &mut Conn<'_>, rows: &[Row]) -> Result<usize, sqlx::Error> {
    match &mut conn.kind {
        #[cfg(feature = "postgres")]
        Kind::Postgres(conn) => crate::postgres::insert(conn, rows).await,
        #[cfg(feature = "sqlite")]
        Kind::Sqlite(conn) => crate::sqlite::insert(conn, rows).await,
    }
}

/// Whether the connection failed, and not the statement.
fn is_broken(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) => true,
        // The server is shutting down, has crashed, or is starting up.
        sqlx::Error::Database(error) => error.code().is_some_and(|code| code.starts_with("57P")),
        _ => false,
    }
}

/// Decides about bytes that were kept before.
async fn repeat(conn: &mut Conn<'_>, row: &Row) -> Result<Accepted, sqlx::Error> {
    const EARLIER: &str = "SELECT id, received_at FROM cal_deliveries WHERE digest = $1";
    let digest = [Arg::Blob(&row.digest)];
    let earlier: Vec<(String, i64)> = conn.fetch(EARLIER, &digest).await?;
    if let Some((earlier, at)) = earlier.first() {
        let is_soon = row.received_at.0.saturating_sub(*at) < OPAQUE_REPEAT;
        let is_repeat = is_soon || Delivery::parse(row.body.clone()).parsed() != Parsed::Opaque;
        // A row whose id was written by hand and is none cannot be named: its bytes are kept again.
        if let (true, Ok(earlier)) = (is_repeat, id(earlier)) {
            return Ok(Accepted::Duplicate(earlier));
        }
        conn.execute("UPDATE cal_deliveries SET digest = NULL WHERE digest = $1", &digest).await?;
    }
    insert(conn, std::slice::from_ref(row)).await?;
    Ok(Accepted::Stored(id(&row.id)?))
}

fn id(text: &str) -> Result<DeliveryId, sqlx::Error> {
    text.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))
}

/// Returns what tells a body from all others: 26 bytes of its SHA-256, after the time that it gives.
///
/// By the hash alone, each row of a group would change another page of the index. The time comes
/// first, in milliseconds, so that what is sent together stands together.
pub(crate) fn digest(body: &Bytes) -> [u8; 32] {
    let mut digest: [u8; 32] = Sha256::digest(body).into();
    let [_, _, time @ ..] = created_at(body).unwrap_or_default().to_be_bytes();
    digest[..time.len()].copy_from_slice(&time);
    digest
}

/// Looks for the envelope's time without reading the body; a flat meeting row has the booking's.
fn created_at(body: &[u8]) -> Option<u64> {
    const NAME: &[u8] = br#""createdAt":""#;
    const LENGTH: usize = "2026-05-04T09:30:00.000Z".len();
    let start = memmem::find(body, NAME)? + NAME.len();
    let time = str::from_utf8(body.get(start..start + LENGTH)?).ok()?;
    let time: DateTime<Utc> = time.parse().ok()?;
    time.timestamp_millis().try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(time: &str, text: &str) -> Bytes {
        let body = format!(r#"{{"triggerEvent":"PING","createdAt":"{time}","payload":"{text}"}}"#);
        body.into()
    }

    #[test]
    fn what_is_made_later_has_a_greater_digest() {
        let times = (0..1000).map(|milli| format!("2026-05-04T09:30:00.{milli:03}Z"));
        let digests: Vec<_> = times.map(|time| digest(&body(&time, "text"))).collect();
        assert!(digests.is_sorted());
    }

    #[test]
    fn bodies_of_one_moment_have_digests_of_their_own() {
        for time in ["2026-05-04T09:30:00.000Z", "1890-05-04T09:30:00.000Z", "yesterday", ""] {
            let [one, other] = ["one", "other"].map(|text| digest(&body(time, text)));
            assert_ne!(one, other, "{time}");
            assert_eq!(one, digest(&body(time, "one")), "{time}");
        }
    }

    #[test]
    fn a_body_may_end_in_the_middle_of_its_time() {
        let whole = body("2026-05-04T09:30:00.000Z", "");
        for length in 0..whole.len() {
            assert_ne!(digest(&whole.slice(..length)), digest(&whole), "{length}");
        }
    }
}
