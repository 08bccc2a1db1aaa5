//! Series of bookings that are cancelled with one message.

use cal_core::Delivery;
use cal_webhook::{EndedSeries, Overtaken};

use super::round::Item;
use crate::{
    database::{Arg, Conn},
    time::Micros,
};

/// How many bookings of one person are looked at; Cal.com takes 24 occurrences of a series unless its
/// owner allows more.
const MOST: i64 = 400;

/// Returns what becomes out of date because deliveries of this round end series as a whole.
pub(super) async fn ended(
    conn: &mut Conn<'_>,
    items: &[Item],
) -> Result<Vec<Overtaken>, sqlx::Error> {
    let mut overtaken = Vec::new();
    for item in items {
        let ruling = item.ruling.as_ref();
        let ended =
            ruling.and_then(|it| EndedSeries::of(&item.delivery, it, item.received_at.into()));
        let Some(ended) = ended else { continue };
        let mut add = |uid, delivery: &Delivery| {
            if delivery.event.booking().is_some_and(|booking| ended.has(booking)) {
                overtaken.push(Overtaken::below(uid, ended.below()));
            }
        };
        for other in items {
            if let Some(uid) = other.ruling.as_ref().and_then(|ruling| ruling.uid.clone()) {
                add(uid, &other.delivery);
            }
        }
        for (uid, body) in to_come(conn, &ended).await? {
            add(uid.into(), &Delivery::parse(body));
        }
    }
    Ok(overtaken)
}

/// Reads the bookings that are still to come of who had booked the series.
async fn to_come(
    conn: &mut Conn<'_>,
    ended: &EndedSeries,
) -> Result<Vec<(String, Vec<u8>)>, sqlx::Error> {
    const TO_COME: &str = "SELECT b.uid, d.body FROM cal_bookings b \
            JOIN cal_deliveries d ON d.uid = b.uid \
        WHERE b.status = 'accepted' AND b.attendee_email = $1 AND b.start_at > $2 \
            AND b.attendee_email IS NOT NULL \
            AND substr(b.attendee_email, 1, 200) = substr($1, 1, 200) \
            AND d.decision = 'applied' AND d.transition IN ('booked', 'rescheduled') \
            AND d.body IS NOT NULL \
        ORDER BY b.start_at, d.seq LIMIT $3";
    let Some(email) = ended.attendee_email() else { return Ok(Vec::new()) };
    let after = Micros::from(ended.ended_at()).0;
    conn.fetch(TO_COME, &[Arg::Text(email), Arg::Int(after), Arg::Int(MOST)]).await
}
