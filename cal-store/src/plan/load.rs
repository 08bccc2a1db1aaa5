//! Looks up what deliveries are compared with.

use std::collections::BTreeSet;

use cal_core::{BookingId, BookingUid};
use cal_webhook::{About, BookingRow, Chains, Reading, SeatRow, Turn, Value, Wants};
use serde_json::json;

use crate::{
    database::{Arg, Conn},
    settle,
    sql::{Sql, sql},
    time::Micros,
};

const VALUES: Sql = sql!(
    "SELECT key, value, at, number FROM cal_values WHERE key " one_of "SELECT item.value FROM" texts(1) end
);

const IDENTITIES: Sql = sql!(
    "SELECT item.value FROM" texts(1) "WHERE EXISTS (SELECT 1 FROM cal_deliveries d \
        WHERE d.identity = item.value)"
);

/// Bookings as [`Booking`], with how many there are in their chain.
macro_rules! bookings {
    ($($piece:tt)*) => {
        sql!(
            "SELECT b.uid, b.chain, b.number, b.replaced, b.rank, b.at, b.title, b.start_at, b.end_at, \
                b.attendee_email, b.facts, coalesce(c.size, 1) FROM"
            $($piece)*
        )
    };
}

const BOOKINGS: Sql = bookings!(
    " cal_bookings b LEFT JOIN cal_chains c ON c.id = b.chain \
    WHERE b.uid" one_of "SELECT item.value FROM" texts(1) end
);

/// The booking that was heard of last by each number: others may have been given the same.
const NUMBERED: Sql = bookings!(
    texts(1) "JOIN cal_bookings b ON b.seq = (SELECT l.seq FROM cal_bookings l \
            WHERE l.number = CAST(item.value AS BIGINT) ORDER BY l.seq DESC LIMIT 1) \
        LEFT JOIN cal_chains c ON c.id = b.chain"
);

/// What each chain has come to, those at hand left aside.
const LATEST: Sql = bookings!(
    texts(1) "JOIN cal_bookings b ON b.seq = (SELECT l.seq FROM cal_bookings l \
            WHERE l.chain = item.value AND l.uid NOT IN (SELECT item.value FROM" texts(2) ") \
            ORDER BY l.place DESC, l.made_at DESC, l.uid DESC LIMIT 1) \
        LEFT JOIN cal_chains c ON c.id = b.chain"
);

/// What was made before a booking in a chain, those at hand left aside: of the two that stand
/// closest before it in their places, or else of those that replace none.
const BEFORE: Sql = bookings!(
    rows(1) "JOIN cal_bookings b ON b.seq = coalesce((SELECT e.seq FROM ( \
            SELECT * FROM (SELECT l.seq, l.made_at, l.uid FROM cal_bookings l \
                WHERE l.chain = item.value ->> 'chain' AND l.place = 3 AND (l.made_at, l.uid) \
                    < (CAST(item.value ->> 'at' AS BIGINT), item.value ->> 'uid') \
                    AND l.uid NOT IN (SELECT item.value FROM" texts(2) ") \
                ORDER BY l.made_at DESC, l.uid DESC LIMIT 1) AS open \
            UNION ALL SELECT * FROM (SELECT l.seq, l.made_at, l.uid FROM cal_bookings l \
                WHERE l.chain = item.value ->> 'chain' AND l.place = 1 AND (l.made_at, l.uid) \
                    < (CAST(item.value ->> 'at' AS BIGINT), item.value ->> 'uid') \
                    AND l.uid NOT IN (SELECT item.value FROM" texts(2) ") \
                ORDER BY l.made_at DESC, l.uid DESC LIMIT 1) AS closed) AS e \
            ORDER BY e.made_at DESC, e.uid DESC LIMIT 1), \
        (SELECT l.seq FROM cal_bookings l \
            WHERE l.chain = item.value ->> 'chain' AND l.place IN (0, 2) \
                AND l.uid NOT IN (SELECT item.value FROM" texts(2) ") \
            ORDER BY l.made_at DESC, l.uid DESC LIMIT 1)) \
        LEFT JOIN cal_chains c ON c.id = b.chain"
);

const PEOPLE: Sql = sql!(
    "SELECT s.uid, s.number, s.facts FROM" rows(1) "JOIN cal_seats s \
        ON s.uid = item.value ->> 'uid' AND s.attendee = item.value ->> 'of'"
);

const REFERENCES: Sql = sql!(
    "SELECT s.uid, s.number, s.facts FROM" rows(1) "JOIN cal_seats s \
        ON s.uid = item.value ->> 'uid' AND s.reference = item.value ->> 'of'"
);

/// A booking's row.
pub(crate) type Booking = (
    String,
    String,
    Option<i64>,
    i64,
    Option<i64>,
    Option<i64>,
    Option<String>,
    Option<i64>,
    Option<i64>,
    Option<String>,
    String,
    i64,
);

type Seat = (String, i64, String);

/// What deliveries are compared with, and what it was made of.
pub(crate) struct Loaded {
    pub(crate) chains: Chains,
    /// The ids of the chains that are kept.
    pub(crate) known: BTreeSet<BookingUid>,
    /// How many rows were looked up.
    pub(crate) rows: usize,
    /// Whether what is wanted is more than `limit` things.
    pub(crate) is_too_much: bool,
}

/// Looks up what the deliveries of a batch, and these bookings, are compared with.
pub(crate) async fn load(
    conn: &mut Conn<'_>,
    batch: &[(&Reading, Turn)],
    bookings: &[&BookingUid],
    limit: usize,
) -> Result<Loaded, sqlx::Error> {
    let readings: Vec<&Reading> = batch.iter().map(|(reading, _)| *reading).collect();
    let (chains, known) = (Chains::default(), BTreeSet::new());
    let mut loaded = Loaded { chains, known, rows: 0, is_too_much: false };
    loaded.values(conn, batch).await?;
    let mut uids = BTreeSet::new();
    loop {
        let wants = loaded.chains.wants(&readings, bookings);
        if wants.is_empty() {
            return Ok(loaded);
        }
        loaded.is_too_much |= wants.count() > limit;
        if loaded.is_too_much && batch.len() > 1 {
            return Ok(loaded);
        }
        loaded.bookings(conn, &wants, &mut uids).await?;
        loaded.seats(conn, &wants).await?;
    }
}

impl Loaded {
    async fn values(
        &mut self,
        conn: &mut Conn<'_>,
        batch: &[(&Reading, Turn)],
    ) -> Result<(), sqlx::Error> {
        let keys: BTreeSet<&str> = batch.iter().flat_map(|(it, _)| it.keys()).collect();
        if !keys.is_empty() {
            let keys = settle::json(&keys)?;
            let values: Vec<(String, String, i64, i64)> =
                conn.fetch(VALUES, &[Arg::Text(&keys)]).await?;
            self.rows += values.len();
            for (key, value, at, number) in values {
                self.chains.insert_value(key, Value::new(value, Micros(at).into(), number));
            }
        }
        let first = batch.iter().filter(|(_, turn)| *turn == Turn::First);
        let identities: BTreeSet<&str> = first.filter_map(|(it, _)| it.identity()).collect();
        if !identities.is_empty() {
            let identities = settle::json(&identities)?;
            let identities: Vec<(String,)> =
                conn.fetch(IDENTITIES, &[Arg::Text(&identities)]).await?;
            self.rows += identities.len();
            for (identity,) in identities {
                self.chains.insert_identity(identity);
            }
        }
        Ok(())
    }

    async fn bookings(
        &mut self,
        conn: &mut Conn<'_>,
        wants: &Wants,
        uids: &mut BTreeSet<String>,
    ) -> Result<(), sqlx::Error> {
        let mut found: Vec<Booking> = Vec::new();
        if !wants.bookings.is_empty() {
            let wanted = settle::json(&wants.bookings)?;
            found.extend(conn.fetch(BOOKINGS, &[Arg::Text(&wanted)]).await?);
            // What is not there needs no second look.
            uids.extend(wants.bookings.iter().map(ToString::to_string));
        }
        if !wants.numbers.is_empty() {
            let numbers = wants.numbers.iter().map(|BookingId(number)| number.to_string());
            let numbers = settle::json(&numbers.collect::<Vec<_>>())?;
            found.extend(conn.fetch(NUMBERED, &[Arg::Text(&numbers)]).await?);
        }
        uids.extend(found.iter().map(|row| row.0.clone()));
        let at_hand = settle::json(uids)?;
        if !wants.latest.is_empty() {
            let chains = settle::json(&wants.latest)?;
            let args = [Arg::Text(&chains), Arg::Text(&at_hand)];
            found.extend(conn.fetch(LATEST, &args).await?);
        }
        if !wants.before.is_empty() {
            let rows = wants.before.iter().map(
                |before| json!({"chain": before.chain, "at": before.made.at, "uid": before.uid}),
            );
            let rows = settle::json(&rows.collect::<Vec<_>>())?;
            found.extend(conn.fetch(BEFORE, &[Arg::Text(&rows), Arg::Text(&at_hand)]).await?);
        }
        uids.extend(found.iter().map(|row| row.0.clone()));
        self.rows += found.len();
        for row in found {
            let size = u64::try_from(row.11).unwrap_or(1);
            let row = booking(row);
            self.known.insert(row.chain.clone());
            self.chains.insert(row, size);
        }
        Ok(())
    }

    async fn seats(&mut self, conn: &mut Conn<'_>, wants: &Wants) -> Result<(), sqlx::Error> {
        for (statement, wanted) in [(PEOPLE, &wants.people), (REFERENCES, &wants.references)] {
            if wanted.is_empty() {
                continue;
            }
            let rows = wanted.iter().map(|(uid, of)| json!({"uid": uid, "of": of}));
            let rows = settle::json(&rows.collect::<Vec<_>>())?;
            let seats: Vec<Seat> = conn.fetch(statement, &[Arg::Text(&rows)]).await?;
            self.rows += seats.len();
            for (uid, number, facts) in seats {
                self.chains.insert_seat(SeatRow::kept(uid.into(), number, facts));
            }
        }
        Ok(())
    }
}

pub(crate) fn booking(row: Booking) -> BookingRow {
    let (uid, chain, number, replaced, rank, at, title, start, end, attendee_email, facts, _) = row;
    let about = rank.zip(at).zip(start.zip(end)).map(|((rank, at), (start, end))| {
        let rank = i16::try_from(rank).unwrap_or_default();
        let times = (Micros(start).into(), Micros(end).into());
        About::new((rank, Micros(at).into()), title.unwrap_or_default(), times, attendee_email)
    });
    BookingRow::kept(uid.into(), chain.into(), (number.map(BookingId), replaced), about, facts)
}
