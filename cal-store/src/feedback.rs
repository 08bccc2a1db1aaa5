//! What attendees said afterwards.

use cal_core::BookingUid;
use cal_webhook::StoreError;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::{
    SqlStore,
    database::{Arg, Conn},
    person::hex,
    sql::first_of,
    time::Micros,
};

/// How many characters of a comment are kept.
const COMMENT: usize = 2000;

/// What an attendee said about a meeting.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FeedbackRecord {
    /// The id; it says nothing about the link that was answered.
    pub id: String,
    /// The booking.
    pub uid: BookingUid,
    /// The service: the last part of the event type's link.
    pub service: Option<String>,
    /// From 1, the worst, to 5.
    pub rating: u8,
    /// What they wrote, as they typed it.
    pub comment: Option<String>,
    /// When they answered.
    pub at: DateTime<Utc>,
}

type Row = (String, String, Option<String>, i64, Option<String>, i64);

impl SqlStore {
    /// Keeps what an attendee said, once for each link; `false` when this one was answered before.
    ///
    /// The link's token is kept as its SHA-256 only. The comment is cut to 2000 characters, white
    /// space around it left aside. The same transaction keeps an event `feedback_given` with the
    /// rating, by the visitor of the booking's chain, or else by the chain.
    ///
    /// # Errors
    ///
    /// Fails when the rating is not from 1 to 5, or the database is out of reach.
    pub async fn keep_feedback(
        &self,
        token: &str,
        uid: &BookingUid,
        rating: u8,
        comment: Option<&str>,
        at: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        if !(1..=5).contains(&rating) {
            return Err(StoreError::new(format!("expected a rating from 1 to 5, found {rating}")));
        }
        let comment = comment.map(|text| text.trim().chars().take(COMMENT).collect::<String>());
        let comment = comment.filter(|text| !text.is_empty());
        let digest = digest(token);
        let answer = Answer { digest: &digest, uid, rating, comment, at: at.into() };
        let mut lent = self.shared.database.write().await?;
        let done = keep(&mut lent.conn(), &answer).await;
        lent.end(done).await
    }

    /// Tells whether a link was answered.
    ///
    /// # Errors
    ///
    /// Fails when the database is out of reach.
    pub async fn has_feedback(&self, token: &str) -> Result<bool, StoreError> {
        const FIND: &str = "SELECT id FROM cal_feedback WHERE token = $1";
        let rows: Vec<(String,)> = self.ask(FIND, &[Arg::Text(&digest(token))]).await?;
        Ok(!rows.is_empty())
    }

    /// Returns up to `limit` answers, newest first, that came before the one named.
    ///
    /// # Errors
    ///
    /// Fails when the database is out of reach.
    pub async fn feedback(
        &self,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Vec<FeedbackRecord>, StoreError> {
        const ALL: &str = "SELECT f.id, f.uid, a.service, f.rating, f.comment, f.at \
            FROM cal_feedback f LEFT JOIN cal_appointments a ON a.uid = f.uid \
            WHERE f.seq < coalesce((SELECT seq FROM cal_feedback WHERE id = $2), $3) \
            ORDER BY f.seq DESC LIMIT $1";
        let limit = Arg::Int(i64::try_from(limit).unwrap_or(i64::MAX));
        let rows = self.ask(ALL, &[limit, Arg::MaybeText(after), Arg::Int(i64::MAX)]).await?;
        Ok(rows.into_iter().map(record).collect())
    }

    /// Returns the answers about a booking, the first one first.
    ///
    /// # Errors
    ///
    /// Fails when the database is out of reach.
    pub async fn feedback_of(&self, uid: &BookingUid) -> Result<Vec<FeedbackRecord>, StoreError> {
        const OF: &str = "SELECT f.id, f.uid, a.service, f.rating, f.comment, f.at \
            FROM cal_feedback f LEFT JOIN cal_appointments a ON a.uid = f.uid \
            WHERE f.uid = $1 ORDER BY f.seq";
        let rows = self.ask(OF, &[Arg::Text(uid.as_str())]).await?;
        Ok(rows.into_iter().map(record).collect())
    }
}

struct Answer<'a> {
    digest: &'a str,
    uid: &'a BookingUid,
    rating: u8,
    comment: Option<String>,
    at: Micros,
}

async fn keep(conn: &mut Conn<'_>, answer: &Answer<'_>) -> Result<bool, sqlx::Error> {
    const KEEP: &str = "INSERT INTO cal_feedback (id, token, uid, rating, comment, at) \
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (token) DO NOTHING";
    const EVENT: &str = concat!(
        "INSERT INTO cal_events \
            (key, name, at, visitor, uid, service, properties) \
        SELECT $1, 'feedback_given', $2, coalesce( \
                (SELECT min(a.visitor) FROM cal_appointments a \
                    JOIN cal_bookings b ON b.uid = a.uid \
                    WHERE b.chain = (SELECT chain FROM cal_bookings WHERE uid = $3)), \
                (SELECT ",
        first_of!("b.chain"),
        " FROM cal_bookings b WHERE b.uid = $3), $3), \
            $3, (SELECT service FROM cal_appointments WHERE uid = $3), $4 \
        WHERE TRUE ON CONFLICT (key) DO NOTHING"
    );
    let Answer { digest, uid, rating, comment, at } = answer;
    let id: String = digest.chars().take(32).collect();
    let (uid, at) = (Arg::Text(uid.as_str()), Arg::Int(at.0));
    let comment = Arg::MaybeText(comment.as_deref());
    let rating_arg = Arg::Int(i64::from(*rating));
    let mut tx = conn.begin().await?;
    let mut conn = tx.conn();
    let args = [Arg::Text(&id), Arg::Text(digest), uid, rating_arg, comment, at];
    if conn.execute(KEEP, &args).await? == 0 {
        return Ok(false);
    }
    let (key, properties) = (format!("feedback/{id}"), json!({"rating": rating}).to_string());
    conn.execute(EVENT, &[Arg::Text(&key), at, uid, Arg::Text(&properties)]).await?;
    tx.commit().await?;
    Ok(true)
}

/// The SHA-256 in hexadecimal: a link that is still good cannot be read from the table.
fn digest(token: &str) -> String {
    hex(&Sha256::digest(token))
}

fn record((id, uid, service, rating, comment, at): Row) -> FeedbackRecord {
    FeedbackRecord {
        id,
        uid: uid.into(),
        service,
        rating: u8::try_from(rating).unwrap_or_default(),
        comment,
        at: Micros(at).into(),
    }
}
