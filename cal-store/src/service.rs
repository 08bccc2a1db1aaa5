//! How each service does.

use std::collections::BTreeMap;

use cal_webhook::StoreError;
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{SqlStore, database::Arg, error::out_of_reach, funnel::share, time::Micros};

/// How a service does.
///
/// A chain of bookings that replaced each other is one booking here: the one that stands now.
/// `bookings` is the sum of `completed`, `no_shows`, `cancelled`, `rejected`, `to_come` and
/// `unknown`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ServiceRecord {
    /// The last part of the event type's link; `None` of bookings that came without one.
    pub service: Option<String>,
    /// How many were booked.
    pub bookings: u64,
    /// Those that have ended, or are accepted and past their end, with nobody marked as absent.
    pub completed: u64,
    /// Those that the booker was marked as absent from.
    pub no_shows: u64,
    /// Those that were cancelled and not replaced.
    pub cancelled: u64,
    /// Those that the host declined.
    pub rejected: u64,
    /// Those that are accepted or pending, and not over.
    pub to_come: u64,
    /// All others, such as requests that were never answered.
    pub unknown: u64,
    /// `completed` of all whose outcome is known: completed, no-shows, cancelled and rejected.
    pub completion_rate: Option<f64>,
    /// `no_shows` of those that took place as planned: completed and no-shows.
    pub no_show_rate: Option<f64>,
    /// `cancelled` of all bookings.
    pub cancellation_rate: Option<f64>,
    /// What was received and not refunded, by the currency's code in upper case, in its minor unit;
    /// no-show fees among it.
    pub revenue: BTreeMap<String, i64>,
    /// The median of the seconds from the booking to its start.
    pub lead_median: Option<i64>,
    /// What nine of ten of those seconds do not exceed.
    pub lead_p90: Option<i64>,
    /// The average of the ratings, from 1 to 5.
    pub rating: Option<f64>,
    /// How many ratings there are.
    pub ratings: u64,
}

/// Begins a statement with `chosen`: the booking that stands now, of every chain that was booked
/// from $1 until before $2, and what has become of it by $3.
macro_rules! chosen {
    ($($rest:literal)*) => {
        concat!(
            "WITH members AS (SELECT b.chain, b.status, b.start_at, b.end_at, a.service, \
                    coalesce(a.no_show, FALSE) AS no_show, \
                    min(a.booked_at) OVER (PARTITION BY b.chain) AS booked_at, \
                    max(a.service) OVER (PARTITION BY b.chain) AS any_service, \
                    row_number() OVER (PARTITION BY b.chain ORDER BY \
                        CASE b.status WHEN 'moved' THEN 1 ELSE 0 END, b.seq DESC) AS place \
                FROM cal_bookings b LEFT JOIN cal_appointments a ON a.uid = b.uid), \
            chosen AS (SELECT chain, coalesce(service, any_service) AS service, \
                    booked_at, start_at, \
                    CASE WHEN status IN ('cancelled', 'rejected') THEN status \
                        WHEN status IN ('accepted', 'ended') AND no_show THEN 'no_show' \
                        WHEN status = 'ended' THEN 'completed' \
                        WHEN status = 'accepted' AND end_at <= $3 THEN 'completed' \
                        WHEN status IN ('accepted', 'pending') AND end_at > $3 THEN 'to_come' \
                        ELSE 'unknown' END AS outcome \
                FROM members WHERE place = 1 AND booked_at >= $1 AND booked_at < $2) ",
            $($rest),*
        )
    };
}

const OUTCOMES: &str =
    chosen!("SELECT service, outcome, count(*) FROM chosen GROUP BY service, outcome");

const LEADS: &str = chosen!(
    ", ranks AS (SELECT service, start_at - booked_at AS lead, \
            row_number() OVER (PARTITION BY service ORDER BY start_at - booked_at) AS place, \
            count(*) OVER (PARTITION BY service) AS many \
        FROM chosen WHERE start_at >= booked_at) \
    SELECT service, \
        CAST(avg(CASE WHEN place IN ((many + 1) / 2, (many + 2) / 2) THEN lead END) AS BIGINT), \
        max(CASE WHEN place = (many * 9 + 9) / 10 THEN lead END) \
    FROM ranks GROUP BY service"
);

/// Amounts that no service costs are left out, because their sum could be no number.
const REVENUE: &str = chosen!(
    "SELECT c.service, upper(p.currency), CAST(sum(p.amount) AS BIGINT) \
    FROM cal_payments p JOIN cal_bookings b ON b.uid = p.uid JOIN chosen c ON c.chain = b.chain \
    WHERE p.paid_at IS NOT NULL AND p.refunded_at IS NULL AND p.currency IS NOT NULL \
        AND p.amount BETWEEN 0 AND 1000000000000000 \
    GROUP BY c.service, upper(p.currency)"
);

const RATINGS: &str = chosen!(
    "SELECT c.service, CAST(sum(f.rating) AS BIGINT), count(*) FROM cal_feedback f \
    JOIN cal_bookings b ON b.uid = f.uid JOIN chosen c ON c.chain = b.chain GROUP BY c.service"
);

impl SqlStore {
    /// Returns how each service did with what was booked from `from` until before `to`.
    ///
    /// A chain of bookings was booked at the earliest [`booked_at`](crate::Appointment) of its
    /// bookings; its start, status and mark of absence are those of the booking that no other has
    /// replaced. Payments and ratings belong to the chain, whenever they came. A booking with seats
    /// is one booking. A rate is a fraction from 0 to 1, and `None` of nothing.
    ///
    /// Lead times run from the first booking to the start that stands now; half of an even number
    /// of them is the mean of the two in the middle, and the 90th percentile is the nearest rank.
    ///
    /// # Errors
    ///
    /// Fails when the database is out of reach.
    pub async fn services(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<Vec<ServiceRecord>, StoreError> {
        let mut lent = self.shared.database.read().await?;
        let mut conn = lent.conn();
        let now = conn.now().await.map_err(out_of_reach)?;
        let args = [Micros::from(from), Micros::from(to), now].map(|at| Arg::Int(at.0));
        let outcomes = conn.fetch(OUTCOMES, &args).await.map_err(out_of_reach)?;
        let leads = conn.fetch(LEADS, &args).await.map_err(out_of_reach)?;
        let revenue = conn.fetch(REVENUE, &args).await.map_err(out_of_reach)?;
        let ratings = conn.fetch(RATINGS, &args).await.map_err(out_of_reach)?;
        let mut services = Services::default();
        services.take_outcomes(outcomes);
        services.take_leads(leads);
        services.take_revenue(revenue);
        services.take_ratings(ratings);
        Ok(services.0.into_values().map(rated).collect())
    }
}

/// The records by the names of their services.
#[derive(Default)]
struct Services(BTreeMap<Option<String>, ServiceRecord>);

impl Services {
    fn of(&mut self, service: Option<String>) -> &mut ServiceRecord {
        let record = self.0.entry(service.clone()).or_default();
        record.service = service;
        record
    }

    fn take_outcomes(&mut self, rows: Vec<(Option<String>, String, i64)>) {
        for (service, outcome, count) in rows {
            let count = u64::try_from(count).unwrap_or_default();
            let record = self.of(service);
            record.bookings += count;
            *match outcome.as_str() {
                "cancelled" => &mut record.cancelled,
                "completed" => &mut record.completed,
                "no_show" => &mut record.no_shows,
                "rejected" => &mut record.rejected,
                "to_come" => &mut record.to_come,
                _ => &mut record.unknown,
            } += count;
        }
    }

    fn take_leads(&mut self, rows: Vec<(Option<String>, Option<i64>, Option<i64>)>) {
        let seconds = |micros: Option<i64>| micros.map(|micros| micros / 1_000_000);
        for (service, median, p90) in rows {
            let record = self.of(service);
            (record.lead_median, record.lead_p90) = (seconds(median), seconds(p90));
        }
    }

    fn take_revenue(&mut self, rows: Vec<(Option<String>, String, i64)>) {
        for (service, currency, amount) in rows {
            self.of(service).revenue.insert(currency, amount);
        }
    }

    fn take_ratings(&mut self, rows: Vec<(Option<String>, i64, i64)>) {
        for (service, sum, count) in rows {
            let record = self.of(service);
            record.rating = share(sum, count);
            record.ratings = u64::try_from(count).unwrap_or_default();
        }
    }
}

fn rated(record: ServiceRecord) -> ServiceRecord {
    let ServiceRecord { bookings, completed, no_shows, cancelled, rejected, .. } = record;
    let rate = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64);
    ServiceRecord {
        completion_rate: rate(completed, completed + no_shows + cancelled + rejected),
        no_show_rate: rate(no_shows, completed + no_shows),
        cancellation_rate: rate(cancelled, bookings),
        ..record
    }
}
