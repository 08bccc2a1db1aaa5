//! What a booking is to the business.

use cal_core::BookingUid;
use cal_webhook::StoreError;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;

use crate::{
    SqlStore,
    database::Arg,
    error::out_of_reach,
    person, settle,
    sql::{Sql, sql},
    time::Micros,
};

/// What a booking is to the business: which service, for whom, since when, and whether they came.
///
/// There is one for each booking; of one with seats it shows the seat that was heard of last.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Appointment {
    /// The booking.
    pub uid: BookingUid,
    /// The service: the last part of the event type's link.
    pub service: Option<String>,
    /// The title that attendees see.
    pub title: Option<String>,
    /// The e-mail address of who booked, in lower case.
    pub email: Option<String>,
    /// The random id of the page's visitor who booked.
    pub visitor: Option<String>,
    /// When the booking was first heard of.
    pub booked_at: Option<DateTime<Utc>>,
    /// Whether who booked was marked as absent.
    pub no_show: bool,
}

/// How a booking stands, as far as what follows it depends on that.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Standing {
    /// Its attendee was marked as absent.
    pub no_show: bool,
    /// It was paid, and the money did not go back.
    pub paid: bool,
    /// Its attendee has another booking that is pending or accepted and not over yet.
    pub booked_again: bool,
}

impl Appointment {
    /// Makes an appointment of which nothing else is known.
    #[must_use]
    pub fn new(uid: BookingUid) -> Self {
        Self {
            uid,
            service: None,
            title: None,
            email: None,
            visitor: None,
            booked_at: None,
            no_show: false,
        }
    }
}

type Row = (Option<String>, Option<String>, Option<String>, Option<String>, Option<i64>, bool);

const KEEP: Sql = sql!(
    "INSERT INTO cal_appointments (uid, service, title, email, visitor, booked_at) \
    SELECT v.uid, v.service, v.title, v.email, v.visitor, \
        CASE WHEN v.booked_at IS NULL OR d.at < v.booked_at THEN d.at ELSE v.booked_at END \
    FROM (SELECT item.value ->> 'uid' AS uid, item.value ->> 'service' AS service, \
            item.value ->> 'title' AS title, item.value ->> 'email' AS email, \
            item.value ->> 'visitor' AS visitor, \
            CAST(item.value ->> 'booked_at' AS BIGINT) AS booked_at \
        FROM" rows(1) ") AS v \
    LEFT JOIN (SELECT min(coalesce(created_at, received_at)) AS at FROM cal_deliveries \
        WHERE uid = $2) AS d ON TRUE \
    WHERE TRUE \
    ON CONFLICT (uid) DO UPDATE SET \
        service = coalesce(excluded.service, cal_appointments.service), \
        title = coalesce(excluded.title, cal_appointments.title), \
        email = coalesce(excluded.email, cal_appointments.email), \
        visitor = coalesce(cal_appointments.visitor, excluded.visitor), \
        booked_at = CASE WHEN excluded.booked_at IS NULL \
            OR cal_appointments.booked_at <= excluded.booked_at \
            THEN cal_appointments.booked_at ELSE excluded.booked_at END"
);

impl SqlStore {
    /// Keeps what is known of an appointment, all but the mark of absence.
    ///
    /// What is `None` leaves what is there, and all may be told again and again. The visitor who
    /// came first stays. Of the times of booking the earliest stays, that of the first delivery
    /// about the booking among them: a cancellation does not tell when the booking was made.
    ///
    /// # Errors
    ///
    /// Fails when the database is out of reach.
    pub async fn keep_appointment(&self, appointment: &Appointment) -> Result<(), StoreError> {
        let uid = appointment.uid.as_str();
        let row = json!([{
            "uid": uid,
            "service": appointment.service,
            "title": appointment.title,
            "email": appointment.email.as_deref().map(person::address),
            "visitor": appointment.visitor,
            "booked_at": appointment.booked_at.map(|at| Micros::from(at).0),
        }]);
        let row = settle::json(&row).map_err(out_of_reach)?;
        self.write(KEEP, &[Arg::Text(&row), Arg::Text(uid)]).await.map(drop)
    }

    /// Marks who booked as absent, or takes the mark back.
    ///
    /// # Errors
    ///
    /// Fails when the database is out of reach.
    pub async fn set_no_show(&self, uid: &BookingUid, absent: bool) -> Result<(), StoreError> {
        const MARK: &str = "INSERT INTO cal_appointments (uid, no_show) VALUES ($1, TRUE) \
            ON CONFLICT (uid) DO UPDATE SET no_show = TRUE";
        const UNMARK: &str = "UPDATE cal_appointments SET no_show = FALSE WHERE uid = $1";
        let sql = if absent { MARK } else { UNMARK };
        self.write(sql, &[Arg::Text(uid.as_str())]).await.map(drop)
    }

    /// Returns what a booking is to the business.
    ///
    /// # Errors
    ///
    /// Fails when the database is out of reach.
    pub async fn appointment(&self, uid: &BookingUid) -> Result<Option<Appointment>, StoreError> {
        const FIND: &str = "SELECT service, title, email, visitor, booked_at, no_show \
            FROM cal_appointments WHERE uid = $1";
        let rows: Vec<Row> = self.ask(FIND, &[Arg::Text(uid.as_str())]).await?;
        let found = |(service, title, email, visitor, booked_at, no_show): Row| Appointment {
            uid: uid.clone(),
            service,
            title,
            email,
            visitor,
            booked_at: booked_at.map(|at| Micros(at).into()),
            no_show,
        };
        Ok(rows.into_iter().next().map(found))
    }

    /// Returns how a booking stands for one of its attendees, who booked it unless one is named; of
    /// an unknown one nothing is true.
    ///
    /// Absence and other bookings are known from what [`SqlStore::keep_appointment`] and
    /// [`SqlStore::set_no_show`] were told; another booking may also be the one that replaced this
    /// one. Of an attendee who is named, the marks of absence that name them come first: others may
    /// share the booking. It is paid when a payment of its chain was received and not refunded, no-show fees left
    /// aside; while no payment is kept, when Cal.com has reported one.
    ///
    /// # Errors
    ///
    /// Fails when the database is out of reach.
    pub async fn standing(
        &self,
        uid: &BookingUid,
        email: Option<&str>,
    ) -> Result<Standing, StoreError> {
        const STANDING: &str = "WITH payments AS (SELECT p.refunded_at FROM cal_payments p \
                JOIN cal_bookings b ON b.uid = p.uid \
                WHERE b.chain = (SELECT chain FROM cal_bookings WHERE uid = $1) \
                    AND p.kind <> 'no_show_fee' \
                    AND (p.paid_at IS NOT NULL OR p.refunded_at IS NOT NULL)) \
            SELECT \
                coalesce((SELECT no_show FROM cal_appointments WHERE uid = $1 \
                    AND (CAST($3 AS TEXT) IS NULL OR email IS NULL OR email = $3)), FALSE), \
                CASE WHEN EXISTS (SELECT 1 FROM payments) \
                    THEN EXISTS (SELECT 1 FROM payments WHERE refunded_at IS NULL) \
                    ELSE $4 = 1 END, \
                EXISTS (SELECT 1 FROM cal_appointments a JOIN cal_bookings b ON b.uid = a.uid \
                    WHERE a.email = \
                            coalesce($3, (SELECT email FROM cal_appointments WHERE uid = $1)) \
                        AND a.uid <> $1 AND b.status IN ('accepted', 'pending') \
                        AND b.end_at > $2)";
        let email = email.map(person::address);
        let marked = match &email {
            Some(email) => self.absence(uid, email).await?,
            None => None,
        };
        let paid = !self.paid([uid.as_str()].into_iter()).await?.is_empty();
        let mut lent = self.shared.database.read().await?;
        let now = lent.conn().now().await.map_err(out_of_reach)?;
        let args = [
            Arg::Text(uid.as_str()),
            Arg::Int(now.0),
            Arg::MaybeText(email.as_deref()),
            Arg::Int(paid.into()),
        ];
        let rows: Vec<(bool, bool, bool)> =
            lent.conn().fetch(STANDING, &args).await.map_err(out_of_reach)?;
        let standing = |(no_show, paid, booked_again)| Standing {
            no_show: marked.unwrap_or(no_show),
            paid,
            booked_again,
        };
        Ok(rows.into_iter().next().map(standing).unwrap_or_default())
    }
}
