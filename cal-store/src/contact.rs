//! Contacts: who books, what happened to them, how promising they are.

mod record;

use cal_core::BookingUid;
use cal_webhook::StoreError;
use chrono::{DateTime, Utc};

use crate::{
    SqlStore,
    database::{Arg, Conn},
    person::Person,
    sql::Sql,
    time::Micros,
};

pub use record::{ActivityRecord, ContactRecord, PointsRecord};

/// What is known of a contact beside the e-mail address; what is `None` or empty stays as it is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ContactDetails<'a> {
    /// The full name as typed.
    pub name: Option<&'a str>,
    /// The phone number.
    pub phone: Option<&'a str>,
    /// The IANA time zone.
    pub time_zone: Option<&'a str>,
    /// The language tag.
    pub locale: Option<&'a str>,
}

/// Something that happened to a contact.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NewActivity<'a> {
    /// The same in every attempt at recording it.
    pub key: &'a str,
    /// What happened: `booked`, the name of a [`Change`](cal_webhook::Change).
    pub kind: &'a str,
    /// The booking it happened to.
    pub uid: Option<&'a BookingUid>,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// What the contact typed.
    pub note: Option<&'a str>,
}

/// What stands behind the key of an activity in the key of the points that were given for it.
const POINTS: &str = "/points";

/// Makes a contact, or changes it: `$known` says what becomes of the name and the phone number.
macro_rules! upsert {
    ($known:literal) => {
        concat!(
            "INSERT INTO cal_contacts \
                (email, name, phone, time_zone, locale, stage, first_seen, last_seen) \
            VALUES ($1, $2, $3, $4, $5, 'lead', $6, $6) \
            ON CONFLICT (email) DO UPDATE SET ",
            $known,
            ", time_zone = coalesce(excluded.time_zone, cal_contacts.time_zone), \
                locale = coalesce(excluded.locale, cal_contacts.locale), \
                last_seen = CASE WHEN excluded.last_seen > cal_contacts.last_seen \
                    THEN excluded.last_seen ELSE cal_contacts.last_seen END"
        )
    };
}

impl SqlStore {
    /// Makes a contact, or brings it up to date, and returns the address that it is kept by.
    ///
    /// That is the e-mail address in lower case, without white space around it. A new contact's
    /// stage is `lead`. Whoever is heard of again was seen now.
    ///
    /// # Errors
    ///
    /// Fails when this is no address, or when the database is out of reach.
    pub async fn upsert_contact(
        &self,
        email: &str,
        details: ContactDetails<'_>,
    ) -> Result<String, StoreError> {
        const UPSERT: &str = upsert!(
            "name = coalesce(excluded.name, cal_contacts.name), \
            phone = coalesce(excluded.phone, cal_contacts.phone)"
        );
        self.put_contact(UPSERT, email, details).await
    }

    /// Makes a contact, or fills in the name and the phone number where they are not known, and returns
    /// the address that it is kept by. The time zone and the language are those that were told last.
    ///
    /// # Errors
    ///
    /// Fails when this is no address, or when the database is out of reach.
    pub async fn fill_contact(
        &self,
        email: &str,
        details: ContactDetails<'_>,
    ) -> Result<String, StoreError> {
        const FILL: &str = upsert!(
            "name = coalesce(cal_contacts.name, excluded.name), \
            phone = coalesce(cal_contacts.phone, excluded.phone)"
        );
        self.put_contact(FILL, email, details).await
    }

    async fn put_contact(
        &self,
        sql: &'static str,
        email: &str,
        details: ContactDetails<'_>,
    ) -> Result<String, StoreError> {
        let person = Person::new(email)?;
        let ContactDetails { name, phone, time_zone, locale } = details;
        let [name, phone, time_zone, locale] = [name, phone, time_zone, locale]
            .map(|text| Arg::MaybeText(text.map(str::trim).filter(|text| !text.is_empty())));
        let args = [Arg::Text(person.address()), name, phone, time_zone, locale];
        self.write_now(sql, &args).await?;
        Ok(person.address().to_owned())
    }

    /// Records what happened to a contact, and returns whether that was new.
    ///
    /// Of one key there is one activity. Nothing is recorded of somebody who is no contact: who was
    /// erased meanwhile stays erased.
    ///
    /// # Errors
    ///
    /// Fails when this is no address, or when the database is out of reach.
    pub async fn record_activity(
        &self,
        email: &str,
        activity: NewActivity<'_>,
    ) -> Result<bool, StoreError> {
        const RECORD: &str = "INSERT INTO cal_activities (key, email, kind, uid, at, points, note) \
            SELECT $1, email, $3, $4, $5, 0, $6 FROM cal_contacts WHERE email = $2 \
            ON CONFLICT (key) DO NOTHING";
        let NewActivity { key, kind, uid, at, note } = activity;
        let person = Person::new(email)?;
        let args = [
            Arg::Text(key),
            Arg::Text(person.address()),
            Arg::Text(kind),
            Arg::MaybeText(uid.map(BookingUid::as_str)),
            Arg::Int(Micros::from(at).0),
            Arg::MaybeText(note.map(str::trim).filter(|note| !note.is_empty())),
        ];
        Ok(self.write(RECORD, &args).await? > 0)
    }

    /// Adds points to a contact's score, and returns whether they were new; a loss is negative.
    ///
    /// Of one key there is one set of points; zero points are none. The score is the sum of all
    /// points, see [`ContactRecord::score`]. The key of points for an activity is the activity's,
    /// with `/points` behind: see [`SqlStore::attendance`].
    ///
    /// # Errors
    ///
    /// Fails when this is no address, or when the database is out of reach.
    pub async fn add_points(
        &self,
        email: &str,
        key: &str,
        points: i32,
        reason: &str,
    ) -> Result<bool, StoreError> {
        const ADD: &str = "INSERT INTO cal_activities (key, email, kind, points, at) \
            SELECT $1, email, $3, $4, $5 FROM cal_contacts WHERE email = $2 \
            ON CONFLICT (key) DO NOTHING";
        let person = Person::new(email)?;
        if points == 0 {
            return Ok(false);
        }
        let [key, email, reason] = [key, person.address(), reason].map(Arg::Text);
        let args = [key, email, reason, Arg::Int(points.into())];
        Ok(self.write_now(ADD, &args).await? > 0)
    }

    /// Sets how far a contact has come, and returns whether there is something new.
    ///
    /// Stages are names: `lead`, `opportunity`, `customer`. A customer stays one, and nobody becomes
    /// a lead again who has a booking that is accepted and not over.
    ///
    /// # Errors
    ///
    /// Fails when this is no address, or when the database is out of reach.
    pub async fn set_stage(&self, email: &str, stage: &str) -> Result<bool, StoreError> {
        const STAGE: &str = "UPDATE cal_contacts SET stage = $2 \
            WHERE email = $1 AND stage <> $2 AND stage <> 'customer' \
                AND ($2 <> 'lead' OR NOT EXISTS (SELECT 1 FROM cal_activities a \
                    JOIN cal_bookings b ON b.uid = a.uid \
                    WHERE a.email = $1 AND b.status = 'accepted' AND b.end_at > $3))";
        let person = Person::new(email)?;
        let args = [person.address(), stage].map(Arg::Text);
        Ok(self.write_now(STAGE, &args).await? > 0)
    }

    /// Returns the points that a contact has for coming to a booking, or for staying away.
    ///
    /// Those are the points for its activities `ended`, `no_show` and `guest_no_show`, without the
    /// activity of the key `except`: the one that asks.
    ///
    /// # Errors
    ///
    /// Fails when this is no address, or when the database is out of reach.
    pub async fn attendance(
        &self,
        email: &str,
        uid: &BookingUid,
        except: &str,
    ) -> Result<i64, StoreError> {
        const ATTENDANCE: &str = "SELECT CAST(coalesce(sum(p.points), 0) AS BIGINT) \
            FROM cal_activities a JOIN cal_activities p ON p.key = a.key || $4 \
            WHERE a.uid = $2 AND a.email = $1 AND a.key <> $3 \
                AND a.kind IN ('ended', 'no_show', 'guest_no_show')";
        let person = Person::new(email)?;
        let args = [person.address(), uid.as_str(), except, POINTS].map(Arg::Text);
        let rows: Vec<(i64,)> = self.ask(ATTENDANCE, &args).await?;
        Ok(rows.first().map_or(0, |(points,)| *points))
    }

    /// Runs a statement that changes what the business knows, and returns how many rows it changed.
    pub(crate) async fn write(
        &self,
        sql: impl Into<Sql>,
        args: &[Arg<'_>],
    ) -> Result<u64, StoreError> {
        let mut lent = self.shared.database.write().await?;
        let done = lent.conn().execute(sql, args).await;
        lent.end(done).await
    }

    /// The same with a statement whose last argument is the time.
    pub(crate) async fn write_now(
        &self,
        sql: &'static str,
        args: &[Arg<'_>],
    ) -> Result<u64, StoreError> {
        let mut lent = self.shared.database.write().await?;
        let done = at_once(&mut lent.conn(), sql, args).await;
        lent.end(done).await
    }
}

async fn at_once(
    conn: &mut Conn<'_>,
    sql: &'static str,
    args: &[Arg<'_>],
) -> Result<u64, sqlx::Error> {
    let now = conn.now().await?;
    conn.execute(sql, &[args, &[Arg::Int(now.0)]].concat()).await
}
