//! Entries of connected calendars, in one form for all providers.

mod entry;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

pub use entry::{
    CalendarEntry, EntryAttendee, EntryHost, EntryLocation, EntryLocationKind, EntryResponse,
    EntryStatus, EntryTime,
};

use crate::{calendars::CalendarProvider, error::Error, scope::handler, wire::input};

handler! {
    /// Entries of connected calendars,
    /// [`Client::unified_calendars`](crate::Client::unified_calendars).
    ///
    /// ```no_run
    /// # async fn example(client: cal_client::Client) -> Result<(), cal_client::Error> {
    /// use cal_client::calendars::CalendarProvider;
    ///
    /// let entries = client.unified_calendars();
    /// let entry = entries.get(CalendarProvider::Google, "1a2b3c").await?;
    /// println!("{:?} has {} guests", entry.title, entry.attendees.len());
    /// # Ok(())
    /// # }
    /// ```
    pub struct UnifiedCalendars;
    Me.unified_calendars: "Returns the handler of entries of connected calendars.",
}

impl UnifiedCalendars {
    /// Returns an entry, by its id at the provider.
    ///
    /// Cal.com knows entries of Google alone; a booking's references have their ids.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn get(
        &self,
        provider: impl Into<CalendarProvider>,
        id: &str,
    ) -> Result<CalendarEntry, Error> {
        self.at.get("/calendars/{}/event/{}", &[&provider.into(), &id]).data().await
    }

    /// Changes an entry, by its id at the provider.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn update(
        &self,
        provider: impl Into<CalendarProvider>,
        id: &str,
        update: &UpdateCalendarEntry,
    ) -> Result<CalendarEntry, Error> {
        let request = self.at.patch("/calendars/{}/events/{}", &[&provider.into(), &id]);
        request.json(update).data().await
    }
}

input! {
    /// What to change of an entry.
    pub struct UpdateCalendarEntry {
        optional {
            /// Sets when it begins.
            start: UpdateEntryTime,
            /// Sets when it ends.
            end: UpdateEntryTime,
            /// Sets the title.
            title: String,
        }
        nullable {
            /// Sets the description.
            description: String,
            /// Sets the attendees: all of them, because those that are missing are removed.
            attendees: Vec<UpdateEntryAttendee>,
            /// Sets the status.
            status: EntryStatus,
        }
    }
}

/// A time of an entry, with the time zone to show it in.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[must_use]
pub struct UpdateEntryTime {
    time: String,
    time_zone: String,
}

impl UpdateEntryTime {
    /// Makes it from an instant and the IANA name of a time zone.
    pub fn new(time: DateTime<Utc>, time_zone: impl Into<String>) -> Self {
        let time = time.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        Self { time, time_zone: time_zone.into() }
    }
}

input! {
    /// An attendee, as an update has them.
    pub struct UpdateEntryAttendee {
        required {
            email: String,
        }
        optional {
            /// Sets the name.
            name: String,
        }
        nullable {
            /// Sets what they answered to the invitation.
            response_status: EntryResponse,
            /// Sets whether it is the user of the calendar.
            #[serde(rename = "self")]
            is_self: bool,
            /// Sets whether they need not come.
            optional: bool,
            /// Sets whether they host it.
            host: bool,
        }
    }
}
