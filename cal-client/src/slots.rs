//! When an event type can be booked.

use std::{collections::BTreeMap, fmt};

use cal_core::BookingUid;
use chrono::{DateTime, FixedOffset, NaiveDate, SecondsFormat, Utc};
use serde::Deserialize;

use crate::{
    bookings::EventTypeRef,
    error::Error,
    request::{Request, version},
    scope::handler,
};

handler! {
    /// Slots of event types, [`Client::slots`](crate::Client::slots); they are open to all.
    ///
    /// ```no_run
    /// # async fn example(client: cal_client::Client) -> Result<(), cal_client::Error> {
    /// use cal_client::{bookings::EventTypeRef, slots::SlotQuery};
    ///
    /// # let (monday, friday) = (chrono::NaiveDate::MIN, chrono::NaiveDate::MIN);
    /// let intro = EventTypeRef::of_user("ann", "intro");
    /// let query = SlotQuery::new(intro, monday, friday).time_zone("Europe/Oslo");
    /// for (day, slots) in client.slots().find(&query).await? {
    ///     println!("{day}: {}", slots.len());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub struct Slots;
    Me.slots: "Returns the handler of slots.",
}

impl Slots {
    /// Finds the slots that are free, by the day in the time zone of the query.
    ///
    /// Days without any are left out.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn find(&self, query: &SlotQuery) -> Result<BTreeMap<NaiveDate, Vec<Slot>>, Error> {
        query.add_to(self.at.get("/slots", &[])).version(version::SLOTS).data().await
    }
}

/// Which slots to look for.
#[derive(Clone, Debug)]
#[must_use]
pub struct SlotQuery {
    of: Of,
    window: SlotWindow,
}

#[derive(Clone, Debug)]
enum Of {
    EventType(EventTypeRef),
    Users { names: Vec<String>, organization: Option<String> },
}

impl SlotQuery {
    /// Slots of an event type, from a day or a time to another.
    pub fn new(
        event_type: impl Into<EventTypeRef>,
        start: impl Into<SlotBound>,
        end: impl Into<SlotBound>,
    ) -> Self {
        Self::of(Of::EventType(event_type.into()), start.into(), end.into())
    }

    /// Slots in which all of two or more users are free, without any event type.
    ///
    /// Users go by their names in addresses. A slot has 30 minutes, unless
    /// [`duration`](Self::duration) says otherwise.
    pub fn of_users(
        names: impl IntoIterator<Item = impl Into<String>>,
        start: impl Into<SlotBound>,
        end: impl Into<SlotBound>,
    ) -> Self {
        let names = names.into_iter().map(Into::into).collect();
        Self::of(Of::Users { names, organization: None }, start.into(), end.into())
    }

    fn of(of: Of, start: SlotBound, end: SlotBound) -> Self {
        Self { of, window: SlotWindow::new(start, end) }
    }

    /// Looks for the users or the team in this organization, by its name in addresses.
    pub fn in_organization(mut self, name: impl Into<String>) -> Self {
        self.of = match self.of {
            Of::EventType(event_type) => Of::EventType(event_type.in_organization(name)),
            Of::Users { names, .. } => Of::Users { names, organization: Some(name.into()) },
        };
        self
    }

    /// Shows slots in this time zone, by its IANA name; in UTC unless set.
    pub fn time_zone(mut self, name: impl Into<String>) -> Self {
        self.window = self.window.time_zone(name);
        self
    }

    /// Sets how long slots are, in minutes, if the event type has several lengths.
    pub fn duration(mut self, minutes: u32) -> Self {
        self.window = self.window.duration(minutes);
        self
    }

    /// Asks for the ends of slots, too: [`Slot::end`].
    pub fn with_ends(mut self) -> Self {
        self.window = self.window.with_ends();
        self
    }

    /// Takes the time of this booking for free, as it is to be moved.
    pub fn rescheduling(mut self, uid: impl Into<BookingUid>) -> Self {
        self.window = self.window.rescheduling(uid);
        self
    }

    fn add_to(&self, request: Request) -> Request {
        let request = match &self.of {
            Of::EventType(event_type) => event_type.query(request),
            Of::Users { names, organization } => request
                .query_list("usernames", names)
                .query_some("organizationSlug", organization.as_ref()),
        };
        self.window.add_to(request)
    }
}

/// When to look for slots, and how to show them.
#[derive(Clone, Debug)]
#[must_use]
pub struct SlotWindow {
    start: SlotBound,
    end: SlotBound,
    time_zone: Option<String>,
    duration: Option<u32>,
    has_ends: bool,
    moved: Option<BookingUid>,
}

impl SlotWindow {
    /// Looks from a day or a time to another.
    pub fn new(start: impl Into<SlotBound>, end: impl Into<SlotBound>) -> Self {
        let (start, end) = (start.into(), end.into());
        Self { start, end, time_zone: None, duration: None, has_ends: false, moved: None }
    }

    /// Shows slots in this time zone, by its IANA name; in UTC unless set.
    pub fn time_zone(mut self, name: impl Into<String>) -> Self {
        self.time_zone = Some(name.into());
        self
    }

    /// Sets how long slots are, in minutes, if the event type has several lengths.
    pub fn duration(mut self, minutes: u32) -> Self {
        self.duration = Some(minutes);
        self
    }

    /// Asks for the ends of slots, too: [`Slot::end`].
    pub fn with_ends(mut self) -> Self {
        self.has_ends = true;
        self
    }

    /// Takes the time of this booking for free, as it is to be moved.
    pub fn rescheduling(mut self, uid: impl Into<BookingUid>) -> Self {
        self.moved = Some(uid.into());
        self
    }

    pub(crate) fn add_to(&self, request: Request) -> Request {
        request
            .query("start", self.start)
            .query("end", self.end)
            .query_some("timeZone", self.time_zone.as_ref())
            .query_some("duration", self.duration)
            .query_some("format", self.has_ends.then_some("range"))
            .query_some("bookingUidToReschedule", self.moved.as_ref())
    }
}

/// Where a search for slots begins or ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SlotBound {
    /// A whole day: it begins at its start and ends at its end, in UTC.
    Day(NaiveDate),
    /// A time.
    Time(DateTime<Utc>),
}

impl From<NaiveDate> for SlotBound {
    fn from(day: NaiveDate) -> Self {
        Self::Day(day)
    }
}

impl From<DateTime<Utc>> for SlotBound {
    fn from(time: DateTime<Utc>) -> Self {
        Self::Time(time)
    }
}

impl fmt::Display for SlotBound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(day) => day.fmt(f),
            Self::Time(time) => time.to_rfc3339_opts(SecondsFormat::AutoSi, true).fmt(f),
        }
    }
}

/// A time at which something can be booked (`SlotsByDate` in Cal.com's API description).
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct Slot {
    /// When it begins, with the offset of the query's time zone.
    pub start: DateTime<FixedOffset>,
    /// When it ends, if that was [asked for](SlotQuery::with_ends).
    pub end: Option<DateTime<FixedOffset>>,
    /// How many seats are taken, of an event type with seats.
    pub seats_booked: Option<u32>,
    /// How many seats are left, of an event type with seats.
    pub seats_remaining: Option<u32>,
    /// How many seats there are, of an event type with seats.
    pub seats_total: Option<u32>,
    /// The booking that others with a seat are in.
    pub booking_uid: Option<BookingUid>,
    /// How many attend that booking.
    pub attendees_count: Option<u32>,
}
