//! What dashboards ask about contacts.

use std::collections::BTreeMap;

use cal_core::{BookingUid, Person as Attendee};
use cal_webhook::StoreError;
use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};

use crate::{
    SqlStore,
    database::Arg,
    error::out_of_reach,
    person::Person,
    settle,
    sql::{Sql, sql},
    time::Micros,
};

/// A contact.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ContactRecord {
    /// The e-mail address in lower case; of people who gave only a phone number the one that Cal.com made
    /// up, by which they are found. It is not shown, see [`ContactRecord::shown_email`].
    #[serde(serialize_with = "shown")]
    pub email: String,
    /// The full name as typed.
    pub name: Option<String>,
    /// The phone number.
    pub phone: Option<String>,
    /// The IANA time zone.
    pub time_zone: Option<String>,
    /// The language tag.
    pub locale: Option<String>,
    /// How far the contact has come: `lead`, `opportunity`, `customer`.
    pub stage: String,
    /// How promising the contact is: the sum of the points.
    pub score: i64,
    /// What the score is made of, in the order in which it came.
    pub points: Vec<PointsRecord>,
    /// The contact's bookings, those that were heard of last first.
    pub bookings: Vec<BookingUid>,
    /// When the contact was first heard of.
    pub first_seen: DateTime<Utc>,
    /// When the contact was last heard of.
    pub last_seen: DateTime<Utc>,
}

impl ContactRecord {
    /// Returns the e-mail address; empty where Cal.com made it up.
    #[must_use]
    pub fn shown_email(&self) -> &str {
        if self.email.ends_with(Attendee::MADE_UP) { "" } else { &self.email }
    }
}

fn shown<S: Serializer>(email: &str, serializer: S) -> Result<S::Ok, S::Error> {
    let is_made_up = email.ends_with(Attendee::MADE_UP);
    serializer.serialize_str(if is_made_up { "" } else { email })
}

/// A part of a lead score.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PointsRecord {
    /// Why the points were given or taken.
    pub reason: String,
    /// How many; a loss is negative.
    pub points: i64,
    /// When they were given or taken.
    pub at: DateTime<Utc>,
}

/// Something that happened to a contact.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ActivityRecord {
    /// What happened: `booked`, `cancelled`.
    pub kind: String,
    /// The booking it happened to.
    pub uid: Option<BookingUid>,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// What the contact typed.
    pub note: Option<String>,
}

type ContactRow =
    (String, Option<String>, Option<String>, Option<String>, Option<String>, String, i64, i64);

const POINTS: Sql = sql!(
    "SELECT email, kind, points, at FROM cal_activities \
    WHERE points <> 0 AND email " one_of "SELECT item.value FROM" texts(1) end "ORDER BY seq"
);

const BOOKINGS: Sql = sql!(
    "SELECT v.email, v.uid FROM ( \
        SELECT email, uid FROM cal_appointments \
            WHERE email " one_of "SELECT item.value FROM" texts(1) end
        "UNION SELECT email, uid FROM cal_activities \
            WHERE uid IS NOT NULL AND email " one_of "SELECT item.value FROM" texts(1) end
    ") AS v LEFT JOIN cal_bookings b ON b.uid = v.uid ORDER BY coalesce(b.seq, 0) DESC, v.uid"
);

impl SqlStore {
    /// Returns up to `limit` contacts, the newest first, after the one of this address.
    ///
    /// # Errors
    ///
    /// Fails when the database is out of reach.
    pub async fn contacts(
        &self,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Vec<ContactRecord>, StoreError> {
        const CONTACTS: &str = "SELECT email, name, phone, time_zone, locale, stage, first_seen, \
                last_seen FROM cal_contacts \
            WHERE seq < coalesce((SELECT seq FROM cal_contacts WHERE email = $2), $3) \
            ORDER BY seq DESC LIMIT $1";
        let limit = Arg::Int(i64::try_from(limit).unwrap_or(i64::MAX));
        let after = after.and_then(|email| Person::new(email).ok());
        let after = Arg::MaybeText(after.as_ref().map(Person::address));
        let rows = self.ask(CONTACTS, &[limit, after, Arg::Int(i64::MAX)]).await?;
        self.with_points(rows).await
    }

    /// Returns a contact by the e-mail address, in whatever case.
    ///
    /// # Errors
    ///
    /// Fails when this is no address, or when the database is out of reach.
    pub async fn contact(&self, email: &str) -> Result<Option<ContactRecord>, StoreError> {
        const CONTACT: &str = "SELECT email, name, phone, time_zone, locale, stage, first_seen, \
            last_seen FROM cal_contacts WHERE email = $1";
        let person = Person::new(email)?;
        let rows = self.ask(CONTACT, &[Arg::Text(person.address())]).await?;
        Ok(self.with_points(rows).await?.into_iter().next())
    }

    /// Returns up to `limit` activities of a contact, the latest first.
    ///
    /// # Errors
    ///
    /// Fails when this is no address, or when the database is out of reach.
    pub async fn activities(
        &self,
        email: &str,
        limit: usize,
    ) -> Result<Vec<ActivityRecord>, StoreError> {
        const ACTIVITIES: &str = "SELECT kind, uid, at, note FROM cal_activities \
            WHERE email = $1 AND points = 0 ORDER BY at DESC, seq DESC LIMIT $2";
        let person = Person::new(email)?;
        let limit = Arg::Int(i64::try_from(limit).unwrap_or(i64::MAX));
        let rows: Vec<(String, Option<String>, i64, Option<String>)> =
            self.ask(ACTIVITIES, &[Arg::Text(person.address()), limit]).await?;
        let record = |(kind, uid, at, note): (_, Option<String>, _, _)| ActivityRecord {
            kind,
            uid: uid.map(BookingUid::from),
            at: Micros(at).into(),
            note,
        };
        Ok(rows.into_iter().map(record).collect())
    }

    async fn with_points(&self, rows: Vec<ContactRow>) -> Result<Vec<ContactRecord>, StoreError> {
        let emails: Vec<&str> = rows.iter().map(|row| row.0.as_str()).collect();
        let emails = settle::json(&emails).map_err(out_of_reach)?;
        let given: Vec<(String, String, i64, i64)> =
            self.ask(POINTS, &[Arg::Text(&emails)]).await?;
        let booked: Vec<(String, String)> = self.ask(BOOKINGS, &[Arg::Text(&emails)]).await?;
        let mut points: BTreeMap<String, Vec<PointsRecord>> = BTreeMap::new();
        for (email, reason, number, at) in given {
            let record = PointsRecord { reason, points: number, at: Micros(at).into() };
            points.entry(email).or_default().push(record);
        }
        let mut bookings: BTreeMap<String, Vec<BookingUid>> = BTreeMap::new();
        for (email, uid) in booked {
            bookings.entry(email).or_default().push(uid.into());
        }
        let with_points = |row: ContactRow| {
            let points = points.remove(&row.0).unwrap_or_default();
            let bookings = bookings.remove(&row.0).unwrap_or_default();
            contact(row, points, bookings)
        };
        Ok(rows.into_iter().map(with_points).collect())
    }
}

fn contact(row: ContactRow, points: Vec<PointsRecord>, bookings: Vec<BookingUid>) -> ContactRecord {
    let (email, name, phone, time_zone, locale, stage, first_seen, last_seen) = row;
    ContactRecord {
        email,
        name,
        phone,
        time_zone,
        locale,
        stage,
        score: points.iter().fold(0, |sum, part| sum.saturating_add(part.points)),
        points,
        bookings,
        first_seen: Micros(first_seen).into(),
        last_seen: Micros(last_seen).into(),
    }
}
