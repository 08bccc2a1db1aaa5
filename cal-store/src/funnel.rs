//! From the page view to the feedback.

use cal_webhook::StoreError;
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{SqlStore, database::Arg, error::out_of_reach, time::Micros};

/// The steps in order; their places are the numbers in [`FUNNEL`].
const STEPS: [&str; 8] = [
    "page_view",
    "booker_viewed",
    "event_type_selected",
    "slots_viewed",
    "booked",
    "paid",
    "attended",
    "feedback",
];

/// A step on the way from the page view to the feedback.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FunnelStep {
    /// `page_view`, `booker_viewed`, `event_type_selected`, `slots_viewed`, `booked`, `paid`,
    /// `attended` or `feedback`.
    pub name: &'static str,
    /// How many visitors came as far as this, or further.
    pub count: u64,
    /// Their share of those who came as far as the step before, from 0 to 1; `None` of nobody.
    pub of_previous: Option<f64>,
    /// Their share of those who came as far as the first step, from 0 to 1; `None` of nobody.
    pub of_first: Option<f64>,
    /// The median of the seconds since the step that the visitor is known to have taken before.
    pub median_seconds: Option<i64>,
}

/// `marks` is who was where and when; `firsts` keeps the first time within the window. The answer
/// holds, of each step, how many came as far as that and no further, and then the medians.
const FUNNEL: &str = "WITH chains AS ( \
        SELECT b.chain, coalesce(min(a.visitor), b.chain) AS who, max(a.service) AS service, \
            min(a.booked_at) AS booked_at \
        FROM cal_bookings b LEFT JOIN cal_appointments a ON a.uid = b.uid GROUP BY b.chain), \
    marks AS ( \
        SELECT visitor AS who, CASE name WHEN 'page_view' THEN 0 WHEN 'booker_viewed' THEN 1 \
            WHEN 'event_type_selected' THEN 2 ELSE 3 END AS step, at, service \
        FROM cal_events WHERE at >= $1 AND at < $2 \
            AND name IN ('page_view', 'booker_viewed', 'event_type_selected', 'slots_viewed') \
        UNION ALL SELECT who, 4, booked_at, service FROM chains \
        UNION ALL SELECT c.who, 5, p.paid_at, c.service FROM cal_payments p \
            JOIN cal_bookings b ON b.uid = p.uid JOIN chains c ON c.chain = b.chain \
            WHERE p.kind <> 'no_show_fee' \
        UNION ALL SELECT c.who, 6, b.end_at, c.service FROM cal_bookings b \
            JOIN chains c ON c.chain = b.chain LEFT JOIN cal_appointments a ON a.uid = b.uid \
            WHERE (b.status = 'ended' OR b.status = 'accepted' AND b.end_at <= $4) \
                AND NOT coalesce(a.no_show, FALSE) \
        UNION ALL SELECT c.who, 7, f.at, c.service FROM cal_feedback f \
            JOIN cal_bookings b ON b.uid = f.uid JOIN chains c ON c.chain = b.chain), \
    firsts AS ( \
        SELECT who, step, min(at) AS at FROM marks WHERE at >= $1 AND at < $2 \
            AND (CAST($3 AS TEXT) IS NULL OR service = CAST($3 AS TEXT)) GROUP BY who, step), \
    furthest AS (SELECT max(step) AS step FROM firsts GROUP BY who), \
    waits AS (SELECT step, at - lag(at) OVER (PARTITION BY who ORDER BY step) AS took \
        FROM firsts), \
    ranks AS (SELECT step, took, \
            row_number() OVER (PARTITION BY step ORDER BY took) AS place, \
            count(*) OVER (PARTITION BY step) AS many \
        FROM waits WHERE took >= 0) \
    SELECT CAST(step AS BIGINT), count(*), CAST(NULL AS BIGINT) FROM furthest GROUP BY step \
    UNION ALL \
    SELECT CAST(step AS BIGINT), 0, CAST(sum(took) / count(*) AS BIGINT) FROM ranks \
        WHERE place IN ((many + 1) / 2, (many + 2) / 2) GROUP BY step";

impl SqlStore {
    /// Returns how far visitors came from `from` until before `to`, of one service or of all.
    ///
    /// A visitor counts once, in the furthest step of this time and in all steps before it, whether
    /// or not those were seen: no step has more than the one before. What counts as a step:
    ///
    /// - `page_view` to `slots_viewed`: an event of that name.
    /// - `booked`: a chain of bookings, at its earliest [`booked_at`](crate::Appointment); also one
    ///   that still waits, was declined or was cancelled later. The page's own word for it is none.
    /// - `paid`: a payment that was received, at its time, also one that was refunded later; no
    ///   no-show fees. Who came to a meeting that cost nothing has passed this step, too.
    /// - `attended`: a booking that has ended, or is accepted and past its end, and whose booker is
    ///   not marked as absent; at its end.
    /// - `feedback`: an answer, at its time.
    ///
    /// Of a chain the visitor is the id that came with one of its bookings; a chain without one
    /// stands for a visitor of its own. The service of a chain is that of its bookings, and of an
    /// event its own: with `service`, events that name none do not count.
    ///
    /// # Errors
    ///
    /// Fails when the database is out of reach.
    pub async fn funnel(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        service: Option<&str>,
    ) -> Result<Vec<FunnelStep>, StoreError> {
        let mut lent = self.shared.database.read().await?;
        let now = lent.conn().now().await.map_err(out_of_reach)?;
        let (from, to) = (Micros::from(from), Micros::from(to));
        let args = [Arg::Int(from.0), Arg::Int(to.0), Arg::MaybeText(service), Arg::Int(now.0)];
        let rows: Vec<(i64, i64, Option<i64>)> =
            lent.conn().fetch(FUNNEL, &args).await.map_err(out_of_reach)?;
        Ok(steps(&rows))
    }
}

fn steps(rows: &[(i64, i64, Option<i64>)]) -> Vec<FunnelStep> {
    let reached = |place: usize| -> i64 {
        let further = |step: i64| usize::try_from(step).is_ok_and(|step| step >= place);
        rows.iter().filter(|(step, ..)| further(*step)).map(|(_, count, _)| count).sum()
    };
    let median = |place: usize| {
        let own = |row: &&(i64, i64, Option<i64>)| usize::try_from(row.0) == Ok(place);
        rows.iter().filter(own).find_map(|row| row.2).map(|micros| micros / 1_000_000)
    };
    let step = |(place, name)| {
        let count = reached(place);
        FunnelStep {
            name,
            count: u64::try_from(count).unwrap_or_default(),
            of_previous: place.checked_sub(1).and_then(|before| share(count, reached(before))),
            of_first: share(count, reached(0)),
            median_seconds: median(place),
        }
    };
    STEPS.into_iter().enumerate().map(step).collect()
}

/// A part of a whole; of nothing there is none.
pub(crate) fn share(part: i64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
