//! Events: what visitors and bookings did.

use std::time::Duration;

use cal_core::BookingUid;
use cal_webhook::StoreError;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{
    SqlStore,
    database::Arg,
    error::out_of_reach,
    settle,
    sql::{Sql, sql},
    time::Micros,
};

/// How many rows one statement writes: deliveries wait for the writer no longer.
const BATCH: usize = 1000;

/// An event that is to be kept.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct NewEvent {
    /// The same in every attempt at keeping it.
    pub key: String,
    /// What happened: `page_view`, `booking_created`.
    pub name: String,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// Who did it.
    pub visitor: String,
    /// The booking.
    pub uid: Option<BookingUid>,
    /// The service: the last part of the event type's link.
    pub service: Option<String>,
    /// What else is known; no personal data.
    pub properties: Map<String, Value>,
}

/// An event as the store keeps it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct EventRecord {
    /// The record's number; those that were kept later have higher numbers.
    pub id: i64,
    /// What happened.
    pub name: String,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// Who did it: the page's random visitor id, or the booking.
    pub visitor: String,
    /// The booking.
    pub uid: Option<BookingUid>,
    /// The service: the last part of the event type's link.
    pub service: Option<String>,
    /// What else is known.
    pub properties: Map<String, Value>,
}

impl NewEvent {
    /// Makes an event about no booking and no service.
    #[must_use]
    pub fn new(
        key: impl Into<String>,
        name: impl Into<String>,
        at: DateTime<Utc>,
        visitor: impl Into<String>,
    ) -> Self {
        Self {
            key: key.into(),
            name: name.into(),
            at,
            visitor: visitor.into(),
            uid: None,
            service: None,
            properties: Map::new(),
        }
    }
}

type Row = (i64, String, i64, String, Option<String>, Option<String>, String);

const KEEP: Sql = sql!(
    "INSERT INTO cal_events (key, name, at, visitor, uid, service, properties) \
    SELECT item.value ->> 'key', item.value ->> 'name', CAST(item.value ->> 'at' AS BIGINT), \
        item.value ->> 'visitor', item.value ->> 'uid', item.value ->> 'service', \
        item.value ->> 'properties' \
    FROM" rows(1) "WHERE TRUE ON CONFLICT (key) DO NOTHING"
);

impl SqlStore {
    /// Keeps events, each key once, and returns how many were new.
    ///
    /// They are written a thousand at a time.
    ///
    /// # Errors
    ///
    /// Fails when the database is out of reach. Some may be kept by then; keep them all again.
    pub async fn keep_events(&self, events: &[NewEvent]) -> Result<usize, StoreError> {
        let mut kept = 0;
        for batch in events.chunks(BATCH) {
            let rows: Vec<_> = batch.iter().map(row).collect();
            let rows = settle::json(&rows).map_err(out_of_reach)?;
            let mut lent = self.shared.database.write().await?;
            let done = lent.conn().execute(KEEP, &[Arg::Text(&rows)]).await;
            kept += usize::try_from(lent.end(done).await?).unwrap_or_default();
        }
        Ok(kept)
    }

    /// Returns up to `limit` events, those that were kept last first, that are older than the one
    /// with this number.
    ///
    /// # Errors
    ///
    /// Fails when the database is out of reach.
    pub async fn events(
        &self,
        limit: usize,
        before: Option<i64>,
    ) -> Result<Vec<EventRecord>, StoreError> {
        const EVENTS: &str = "SELECT seq, name, at, visitor, uid, service, properties \
            FROM cal_events WHERE seq < $1 ORDER BY seq DESC LIMIT $2";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let args = [Arg::Int(before.unwrap_or(i64::MAX)), Arg::Int(limit)];
        let rows: Vec<Row> = self.ask(EVENTS, &args).await?;
        let record = |(id, name, at, visitor, uid, service, properties): Row| EventRecord {
            id,
            name,
            at: Micros(at).into(),
            visitor,
            uid: uid.map(BookingUid::from),
            service,
            properties: serde_json::from_str(&properties).unwrap_or_default(),
        };
        Ok(rows.into_iter().map(record).collect())
    }

    /// Deletes the events that happened longer ago than this, and returns how many there were.
    ///
    /// It works in small transactions, so that deliveries are not held up.
    ///
    /// # Errors
    ///
    /// Fails when the database is out of reach. Some may be gone by then.
    pub async fn forget_events(&self, age: Duration) -> Result<usize, StoreError> {
        let now = Micros::from(self.now().await?);
        let age = i64::try_from(age.as_micros()).unwrap_or(i64::MAX);
        self.prune_events(Micros(now.0.saturating_sub(age))).await
    }
}

fn row(event: &NewEvent) -> Value {
    // A text of its own, because the column is one; it is escaped twice therefore.
    let properties = Value::Object(event.properties.clone()).to_string();
    let properties = properties.replace("\\u0000", "\\ufffd");
    json!({
        "key": event.key,
        "name": event.name,
        "at": Micros::from(event.at).0,
        "visitor": event.visitor,
        "uid": event.uid,
        "service": event.service,
        "properties": properties,
    })
}
