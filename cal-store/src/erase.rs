//! Forgets a person.

mod business;
mod texts;

use cal_webhook::{Reading, StoreError};
use serde_json::{Value, json};

use crate::{
    SqlStore,
    database::{Arg, Conn, Kind},
    operate::{named, note},
    person::Person,
    plan, settle,
    sql::{Sql, sql},
    time::Micros,
};
use texts::{Erasable, erasable};

/// Stands for an error that named the person.
const ERASED: &str = "the person was erased";

/// What was erased.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Erased {
    /// How many deliveries lost their bodies and headers.
    pub deliveries: usize,
    /// How many bookings lost their title and attendee.
    pub bookings: usize,
    /// How many tasks are no longer done.
    pub tasks: usize,
    /// How many errors of attempts and tasks named the person.
    pub errors: usize,
    /// How many contacts were deleted, or lost a name that named the person.
    pub contacts: usize,
    /// How many activities and points were deleted, or lost a note that named the person.
    pub activities: usize,
    /// How many appointments lost their title, attendee and visitor.
    pub appointments: usize,
    /// How many events no longer tell which visitor they were about, or what else was known of it.
    pub events: usize,
    /// How many answers lost their comment.
    pub comments: usize,
}

type Kept = (String, i64, Option<i64>, Option<String>, Option<Vec<u8>>);

const BODIES: &str = "SELECT id, received_at, planned_at, headers, body \
    FROM cal_deliveries WHERE id > $1 ORDER BY id LIMIT $2";

const REPLAYS: &str = "SELECT count(*) FROM cal_deliveries WHERE source = 'replay'";

/// What nobody has planned is not planned any more, but still recognised.
const CLOSE: Sql = sql!(
    "UPDATE cal_deliveries SET planned_at = $2, parsed = v.parsed, \
        trigger_event = v.trigger_event, created_at = v.created_at, uid = v.uid, \
        identity = v.identity, decision = 'stale' \
    FROM (SELECT item.value ->> 'id' AS id, item.value ->> 'parsed' AS parsed, \
            item.value ->> 'trigger' AS trigger_event, \
            CAST(item.value ->> 'created_at' AS BIGINT) AS created_at, \
            item.value ->> 'uid' AS uid, item.value ->> 'identity' AS identity \
        FROM" rows(1) ") AS v \
    WHERE cal_deliveries.id = v.id AND cal_deliveries.planned_at IS NULL"
);

const BLANK: Sql = sql!(
    "UPDATE cal_deliveries SET body = NULL, headers = NULL, held_until = NULL, \
        decision = CASE WHEN decision = 'early' THEN 'stale' ELSE decision END \
    WHERE id IN (SELECT item.value FROM" texts(1) ") AND (body IS NOT NULL OR headers IS NOT NULL)"
);

const DROP: Sql = sql!(
    "UPDATE cal_tasks SET state = 'skipped', ready_at = NULL, settled_at = $2, last_error = $3 \
    WHERE delivery_id IN (SELECT item.value FROM" texts(1) ") AND state IN ('retry', 'waiting')"
);

/// A hook that runs right now is not tried again.
const LAST_TRY: Sql = sql!(
    "UPDATE cal_tasks SET superseded = TRUE \
    WHERE delivery_id IN (SELECT item.value FROM" texts(1) ") AND state = 'running'"
);

const BOOKINGS: Sql = sql!(
    "UPDATE cal_bookings SET title = NULL, attendee_email = NULL \
    WHERE (title IS NOT NULL OR attendee_email IS NOT NULL) AND uid IN (SELECT d.uid \
        FROM cal_deliveries d WHERE d.id IN (SELECT item.value FROM" texts(1) "))"
);

const BOOKING_TEXTS: Erasable = erasable!(
    "SELECT seq, coalesce(title, '') || ' ' || coalesce(attendee_email, '') AS text \
    FROM cal_bookings WHERE seq > $1 AND (title IS NOT NULL OR attendee_email IS NOT NULL)",
    "UPDATE cal_bookings SET title = $2, attendee_email = $2"
);

const TASK_ERRORS: Erasable = erasable!(
    "SELECT seq, last_error AS text FROM cal_tasks WHERE seq > $1 AND last_error IS NOT NULL",
    "UPDATE cal_tasks SET last_error = $2"
);

const ATTEMPT_ERRORS: Erasable = erasable!(
    "SELECT seq, error AS text FROM cal_attempts WHERE seq > $1",
    "UPDATE cal_attempts SET error = $2"
);

const FAILURES: Erasable = erasable!(
    "SELECT seq, failure AS text FROM cal_deliveries WHERE seq > $1 AND failure IS NOT NULL",
    "UPDATE cal_deliveries SET failure = $2"
);

impl SqlStore {
    /// Erases what is kept about a person, by their e-mail address.
    ///
    /// Deliveries that mention the address, however it is spelled, lose their bodies and headers;
    /// hooks that were still to see them are skipped. Bookings that these deliveries
    /// are about keep their uid, times and status only. Errors that name the address are blanked.
    /// The contact goes with its activities and points. Appointments of the person keep no title,
    /// address or visitor, events about them keep the booking's uid instead of the visitor, and
    /// feedback keeps the rating without the comment. Payments name nobody and stay.
    /// What recognises a delivery stays, so the same bytes are still a duplicate. Digests of the
    /// address that tell seats and absences apart stay as well, and so does the digest by which the
    /// address gets no more mails: see [`SqlStore::suppress`].
    ///
    /// It cannot undo what hooks have done: the mail server and the CRM keep what they were given. A
    /// delivery that comes later may bring the person back, also one that Cal.com sends again with
    /// refreshed content, and so may a hook that runs meanwhile and fails: erase them at Cal.com
    /// first, and here again some minutes later. Backups, and old versions of rows that PostgreSQL
    /// has not vacuumed yet, are untouched; an SQLite file is overwritten, its log unless somebody
    /// reads just then.
    ///
    /// The audit record names the person by a digest: `person ` and the first 32 hexadecimal digits
    /// of the SHA-256 of the address in lower case.
    ///
    /// # Errors
    ///
    /// Fails when this is no address, when no actor is named or when the database is out of reach.
    /// A part may be erased by then; run it again.
    ///
    /// # Spelling
    ///
    /// Case and width do not matter, nor whether letters are composed, nor characters that nobody
    /// sees, nor whether the domain is written as `xn--`, nor escapes of JSON, HTML and URLs, each in
    /// each other. ASCII letters and digits and `._%+-` beside it make it another address, except
    /// for what ends a sentence; so do accented letters, and letters of the address's own script
    /// where that sets blanks between words. All other scripts do not.
    pub async fn erase(&self, email: &str, actor: &str) -> Result<Erased, StoreError> {
        let person = Person::new(email)?;
        let actor = named(actor)?;
        let mut erased = Erased::default();
        loop {
            let replays: Vec<(i64,)> = self.ask(REPLAYS, &[]).await?;
            self.erase_deliveries(&person, &mut erased).await?;
            // A body that was copied meanwhile may stand where it was looked for already.
            if replays == self.ask(REPLAYS, &[]).await? {
                break;
            }
        }
        self.erase_business(&person, &mut erased).await?;
        erased.bookings += self.erase_texts(&BOOKING_TEXTS, &person, None).await?;
        erased.errors += self.erase_texts(&TASK_ERRORS, &person, Some(ERASED)).await?;
        erased.errors += self.erase_texts(&ATTEMPT_ERRORS, &person, Some(ERASED)).await?;
        erased.errors += self.erase_texts(&FAILURES, &person, Some(ERASED)).await?;
        let mut lent = self.shared.database.write().await?;
        let done = finish(&mut lent.conn(), &person, actor).await;
        lent.end(done).await?;
        self.shared.work.notify_one();
        Ok(erased)
    }

    async fn erase_deliveries(
        &self,
        person: &Person,
        erased: &mut Erased,
    ) -> Result<(), StoreError> {
        let mut after = String::new();
        loop {
            // Looking for them needs no writer.
            let limit = self.fitting(Arg::Text(&after)).await?;
            let rows: Vec<Kept> = self.ask(BODIES, &[Arg::Text(&after), Arg::Int(limit)]).await?;
            let Some((last, ..)) = rows.last() else { return Ok(()) };
            after.clone_from(last);
            let found: Vec<Kept> = rows
                .into_iter()
                .filter(|(.., headers, body)| {
                    person.is_in_delivery(headers.as_deref(), body.as_deref())
                })
                .collect();
            if found.is_empty() {
                continue;
            }
            let mut lent = self.shared.database.write().await?;
            let done = blank(&mut lent.conn(), &found).await;
            let batch = lent.end(done).await?;
            erased.add(batch);
        }
    }
}

/// Takes the bodies away, and everything that is shown of them.
async fn blank(conn: &mut Conn<'_>, found: &[Kept]) -> Result<Erased, sqlx::Error> {
    let mut tx = conn.begin().await?;
    let mut conn = tx.conn();
    // Planners and replays read bodies; whoever had read one before has written by now.
    plan::interrupt(&mut conn).await?;
    let now = conn.now().await?;
    let unplanned: Vec<_> = found.iter().filter(|row| row.2.is_none()).map(closed).collect();
    if !unplanned.is_empty() {
        let rows = settle::json(&unplanned)?;
        conn.execute(CLOSE, &[Arg::Text(&rows), Arg::Int(now.0)]).await?;
    }
    let ids: Vec<&str> = found.iter().map(|(id, ..)| id.as_str()).collect();
    let ids = settle::json(&ids)?;
    let args = [Arg::Text(&ids), Arg::Int(now.0), Arg::Text(ERASED)];
    let deliveries = conn.execute(BLANK, &args[..1]).await?;
    let tasks = conn.execute(DROP, &args).await?;
    conn.execute(LAST_TRY, &args[..1]).await?;
    let bookings = conn.execute(BOOKINGS, &args[..1]).await?;
    let business = business::blank(&mut conn, &ids).await?;
    // The next tasks of their lanes may go.
    plan::tell(&mut conn).await?;
    tx.commit().await?;
    let (deliveries, bookings, tasks) = (count(deliveries), count(bookings), count(tasks));
    Ok(Erased { deliveries, bookings, tasks, ..business })
}

impl Erased {
    fn add(&mut self, more: Self) {
        self.deliveries += more.deliveries;
        self.bookings += more.bookings;
        self.tasks += more.tasks;
        self.errors += more.errors;
        self.contacts += more.contacts;
        self.activities += more.activities;
        self.appointments += more.appointments;
        self.events += more.events;
        self.comments += more.comments;
    }
}

fn count(rows: u64) -> usize {
    usize::try_from(rows).unwrap_or(usize::MAX)
}

/// What recognises a delivery that nobody has planned.
fn closed((id, received_at, _, _, body): &Kept) -> Value {
    let body = body.clone().unwrap_or_default();
    let (delivery, reading) = Reading::parse(body, Micros(*received_at).into());
    json!({
        "id": id,
        "parsed": plan::parsed(delivery.parsed()),
        "trigger": delivery.event.trigger().as_ref().map(|trigger| trigger.as_str()),
        "created_at": delivery.created_at.map(|at| Micros::from(at).0),
        "uid": delivery.event.booking_uid().filter(|uid| {
            // Ids that no database could index are left out there.
            reading.as_ref().is_some_and(|reading| reading.uids().any(|known| known == *uid))
        }),
        "identity": reading.as_ref().and_then(Reading::identity),
    })
}

/// Writes down that it was done, also when there was nothing.
async fn finish(conn: &mut Conn<'_>, person: &Person, actor: &str) -> Result<(), sqlx::Error> {
    let now = conn.now().await?;
    let object = format!("person {}", person.digest());
    note(conn, now, "erase", &object, actor).await?;
    match &mut conn.kind {
        #[cfg(feature = "postgres")]
        Kind::Postgres(_) => Ok(()),
        #[cfg(feature = "sqlite")]
        // The log still has what was erased from the file.
        Kind::Sqlite(_) => {
            const EMPTY: &str = "PRAGMA wal_checkpoint(TRUNCATE)";
            // Deliveries do not wait until the last reader is done.
            conn.execute("PRAGMA busy_timeout = 100", &[]).await?;
            conn.fetch::<(i64, i64, i64)>(EMPTY, &[]).await?;
            conn.execute("PRAGMA busy_timeout = 5000", &[]).await.map(drop)
        }
    }
}
