//! Hands out everything that is kept, or all of it that is about one person.

mod business;
mod rows;

use std::{collections::HashSet, future};

use cal_webhook::StoreError;
use futures_core::Stream;
use futures_util::{
    TryStreamExt,
    stream::{self, once},
};
use serde_json::Value;

use crate::{SqlStore, database::Arg, person::Person};

use business::{
    ActivityRow, AppointmentRow, ContactRow, EventRow, FeedbackRow, PaymentRow, SuppressionRow,
};
use rows::{AttemptRow, AuditRow, BookingRow, DeliveryRow, Kept, TaskRow};

/// How many rows are read at a time.
const PAGE: i64 = 256;

/// How many bytes of bodies are read at a time, unless a single body is larger.
const BYTES: i64 = 4 << 20;

impl SqlStore {
    /// Returns the whole ledger as JSON objects, or all of it that mentions a person's address.
    ///
    /// The `kind` of an object is `delivery`, `task`, `attempt`, `booking`, `contact`, `activity`,
    /// `appointment`, `payment`, `event`, `feedback`, `suppression` or `audit`, in that order, each
    /// from the oldest row on. Times are RFC 3339. A body stands in `body` as text, or
    /// in `body_hex` when it is not UTF-8. Of a person there are the deliveries that mention the
    /// address, however it is spelled (see [`SqlStore::erase`]), with all that belongs to them,
    /// payments, events and feedback of the person's own bookings, and whatever else mentions it.
    /// Keys are left out, and rows that only the planner needs.
    ///
    /// Rows are read in pages of a few megabytes when the stream is polled. What comes in meanwhile
    /// may be there in part.
    ///
    /// ```
    /// use futures_util::TryStreamExt;
    ///
    /// async fn dump(store: cal_store::SqlStore) -> Result<Vec<String>, cal_webhook::StoreError> {
    ///     store.export(None).map_ok(|row| row.to_string()).try_collect().await
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// The stream ends with an error when this is no address, or when the database is out of reach.
    pub fn export(
        &self,
        person: Option<&str>,
    ) -> impl Stream<Item = Result<Value, StoreError>> + Send + use<> {
        let person = person.map(Person::new).transpose();
        let store = self.clone();
        let export = person.map(|person| Export {
            store,
            of: Seen { person, ..Seen::default() },
            kind: Kind::Delivery,
            after: After::Id(String::new()),
        });
        once(future::ready(export))
            .map_ok(|export| stream::try_unfold(export, Export::page))
            .try_flatten()
            .map_ok(|page| stream::iter(page.into_iter().map(Ok)))
            .try_flatten()
    }

    /// Counts the next deliveries whose bodies can be read together.
    pub(crate) async fn fitting(&self, after: Arg<'_>) -> Result<i64, StoreError> {
        const SIZES: &str = "SELECT CAST(coalesce(length(body), 0) AS BIGINT) \
            FROM cal_deliveries WHERE id > $1 ORDER BY id LIMIT $2";
        let sizes: Vec<(i64,)> = self.ask(SIZES, &[after, Arg::Int(PAGE)]).await?;
        let count = fitting(sizes.into_iter().map(|(size,)| size));
        Ok(i64::try_from(count).unwrap_or(PAGE))
    }
}

/// Counts the first bodies that memory can hold together: one at least.
pub(crate) fn fitting(sizes: impl Iterator<Item = i64>) -> usize {
    let sum = sizes.scan(0_i64, |sum, size| {
        *sum = sum.saturating_add(size);
        Some(*sum)
    });
    sum.take_while(|sum| *sum <= BYTES).count().max(1)
}

struct Export {
    store: SqlStore,
    of: Seen,
    kind: Kind,
    after: After,
}

/// How far the rows of a table were read.
enum After {
    Id(String),
    Seq(i64),
}

/// About whom it is, and which of their rows were handed out.
#[derive(Default)]
struct Seen {
    person: Option<Person>,
    deliveries: HashSet<String>,
    bookings: HashSet<String>,
    /// Bookings that the person made, and did not only take part in.
    own: HashSet<String>,
    /// What the browsers that they were made with are called.
    visitors: HashSet<String>,
}

#[derive(Clone, Copy)]
enum Kind {
    Delivery,
    Task,
    Attempt,
    Booking,
    Contact,
    Activity,
    Appointment,
    Payment,
    Event,
    Feedback,
    Suppression,
    Audit,
}

impl Export {
    async fn page(mut self) -> Result<Option<(Vec<Value>, Self)>, StoreError> {
        loop {
            let (page, next) = match self.kind {
                Kind::Delivery => {
                    let limit = self.store.fitting(self.after.arg()).await?;
                    (self.rows::<DeliveryRow>(limit).await?, Some(Kind::Task))
                }
                Kind::Task => (self.rows::<TaskRow>(PAGE).await?, Some(Kind::Attempt)),
                Kind::Attempt => (self.rows::<AttemptRow>(PAGE).await?, Some(Kind::Booking)),
                Kind::Booking => (self.bookings().await?, Some(Kind::Contact)),
                Kind::Contact => (self.rows::<ContactRow>(PAGE).await?, Some(Kind::Activity)),
                Kind::Activity => (self.rows::<ActivityRow>(PAGE).await?, Some(Kind::Appointment)),
                Kind::Appointment => {
                    (self.rows::<AppointmentRow>(PAGE).await?, Some(Kind::Payment))
                }
                Kind::Payment => (self.rows::<PaymentRow>(PAGE).await?, Some(Kind::Event)),
                Kind::Event => (self.rows::<EventRow>(PAGE).await?, Some(Kind::Feedback)),
                Kind::Feedback => (self.rows::<FeedbackRow>(PAGE).await?, Some(Kind::Suppression)),
                Kind::Suppression => (self.rows::<SuppressionRow>(PAGE).await?, Some(Kind::Audit)),
                Kind::Audit => (self.rows::<AuditRow>(PAGE).await?, None),
            };
            match (page, next) {
                (Some(page), _) => return Ok(Some((page, self))),
                (None, Some(next)) => (self.kind, self.after) = (next, After::Seq(0)),
                (None, None) => return Ok(None),
            }
        }
    }

    /// Bookings; whether they were paid is not told by their own rows alone.
    async fn bookings(&mut self) -> Result<Option<Vec<Value>>, StoreError> {
        let Some(mut page) = self.rows::<BookingRow>(PAGE).await? else { return Ok(None) };
        let uids = page.iter().filter_map(|row| row["uid"].as_str());
        let paid = self.store.paid(uids).await?;
        for row in &mut page {
            row["paid"] = row["uid"].as_str().is_some_and(|uid| paid.contains(uid)).into();
        }
        Ok(Some(page))
    }

    async fn rows<T: Kept>(&mut self, limit: i64) -> Result<Option<Vec<Value>>, StoreError> {
        let args = [self.after.arg(), Arg::Int(limit)];
        let rows: Vec<T> = self.store.ask(T::PAGE, &args).await?;
        let Some(last) = rows.last() else { return Ok(None) };
        self.after = last.after();
        let seen = &mut self.of;
        Ok(Some(rows.into_iter().filter(|row| row.is_wanted(seen)).map(Kept::json).collect()))
    }
}

impl After {
    fn arg(&self) -> Arg<'_> {
        match self {
            Self::Id(id) => Arg::Text(id),
            Self::Seq(seq) => Arg::Int(*seq),
        }
    }
}

impl Seen {
    /// Whether a text mentions the person, or nobody is asked for.
    fn mentioned(&self, texts: &[Option<&str>]) -> bool {
        let Some(person) = &self.person else { return true };
        texts.iter().flatten().any(|text| person.is_in(text))
    }

    /// Whether a booking is one that the person made, or nobody is asked for.
    fn is_own(&self, uid: Option<&str>) -> bool {
        self.person.is_none() || uid.is_some_and(|uid| self.own.contains(uid))
    }
}
