//! Calendars of other providers: connecting them, and when they say that one is busy.

mod calendar;

use chrono::NaiveDate;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

pub use calendar::{
    BusyTime, Calendar, CalendarApp, CalendarChoice, CalendarCredential, CalendarFailure,
    ConnectedCalendar, ConnectedCalendars, DestinationCalendar,
};

use crate::{
    error::Error,
    id::CredentialId,
    request::Request,
    scope::handler,
    wire::{input, open_enum},
};

handler! {
    /// Calendars of other providers, [`Client::calendars`](crate::Client::calendars).
    ///
    /// ```no_run
    /// # async fn example(client: cal_client::Client) -> Result<(), cal_client::Error> {
    /// for calendar in client.calendars().list().await?.connected_calendars {
    ///     println!("{:?}: {}", calendar.integration.name, calendar.calendars.len());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub struct Calendars;
    Me.calendars: "Returns the handler of the account's connected calendars.",
}

impl Calendars {
    /// Lists the connected calendars, and says where bookings are written.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn list(&self) -> Result<ConnectedCalendars, Error> {
        self.at.get("/calendars", &[]).data().await
    }

    /// Lists when calendars say that one is busy.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn busy_times(&self, query: &BusyTimesQuery) -> Result<Vec<BusyTime>, Error> {
        query.put(self.at.get("/calendars/busy-times", &[])).data().await
    }

    /// Returns the page of Google or Microsoft on which the user allows the connection.
    ///
    /// The answer has no schema in Cal.com's API description; its source has the page as `authUrl`.
    /// `None` means that the server named none.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn connect(
        &self,
        provider: impl Into<CalendarProvider>,
        options: &ConnectCalendar,
    ) -> Result<Option<String>, Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Page {
            auth_url: Option<String>,
        }

        let request = self.at.get("/calendars/{}/connect", &[&provider.into()]);
        let request = request.query("isDryRun", options.dry_run.unwrap_or_default());
        let page: Option<Page> =
            request.query_some("redir", options.redirect.as_ref()).data().await?;
        Ok(page.and_then(|page| page.auth_url))
    }

    /// Hands over what Google or Microsoft gave the user's browser.
    ///
    /// Browsers call this. Cal.com's server sends them on, which is not followed here: it shows as
    /// an error of status 301.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn save(
        &self,
        provider: impl Into<CalendarProvider>,
        code: &str,
        state: &str,
    ) -> Result<(), Error> {
        let request = self.at.get("/calendars/{}/save", &[&provider.into()]);
        request.query("code", code).query("state", state).ignore().await
    }

    /// Connects an Apple calendar, whose password is one made for apps.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn connect_apple(&self, credentials: &AppleCredentials) -> Result<(), Error> {
        let provider = CalendarProvider::Apple;
        self.at.post("/calendars/{}/credentials", &[&provider]).json(credentials).done().await
    }

    /// Connects calendars by the addresses of their iCalendar feeds.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn connect_feed(&self, feed: &NewFeed) -> Result<CalendarCredential, Error> {
        self.at.post("/calendars/ics-feed/save", &[]).json(feed).data().await
    }

    /// Checks that the calendars of a provider can be reached.
    ///
    /// # Errors
    ///
    /// Fails with status 400 when none is connected, and as every request does; see [`Error`].
    pub async fn check(&self, provider: impl Into<CalendarProvider>) -> Result<(), Error> {
        self.at.get("/calendars/{}/check", &[&provider.into()]).done().await
    }

    /// Checks that the iCalendar feeds can be reached.
    ///
    /// # Errors
    ///
    /// Fails when none is connected, and as every request does; see [`Error`].
    pub async fn check_feed(&self) -> Result<(), Error> {
        self.at.get("/calendars/ics-feed/check", &[]).done().await
    }

    /// Ends the connection to a calendar.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn disconnect(
        &self,
        provider: impl Into<CalendarProvider>,
        id: impl Into<CredentialId>,
    ) -> Result<CalendarCredential, Error> {
        let body = Disconnect { id: id.into() };
        self.at.post("/calendars/{}/disconnect", &[&provider.into()]).json(&body).data().await
    }
}

open_enum! {
    /// Who provides a calendar, as it stands in paths.
    pub enum CalendarProvider {
        /// Apple's iCloud.
        Apple = "apple",
        /// Google Calendar.
        Google = "google",
        /// Outlook, of Microsoft 365.
        Office365 = "office365",
    }
}

open_enum! {
    /// The kind of a connected calendar.
    pub enum CalendarIntegration {
        /// Apple's iCloud.
        Apple = "apple_calendar",
        /// Google Calendar.
        Google = "google_calendar",
        /// Outlook, of Microsoft 365.
        Office365 = "office365_calendar",
        /// An iCalendar feed, which is only read.
        Feed = "ics-feed_calendar",
    }
}

input! {
    /// How to connect a calendar of Google or Microsoft.
    pub struct ConnectCalendar {
        optional {
            /// Sets where the browser goes afterwards.
            redirect: String,
            /// Tries the way without keeping anything.
            dry_run: bool,
        }
    }
}

input! {
    /// How to sign in to Apple's calendar.
    pub struct AppleCredentials {
        required {
            username: String,
            #[serde(serialize_with = "crate::secret::send")]
            password: SecretString,
        }
    }
}

input! {
    /// Calendars to connect by their iCalendar feeds.
    pub struct NewFeed {
        required {
            urls: Vec<String>,
        }
        optional {
            /// Sets whether nothing may be written to them; `true` unless set.
            read_only: bool,
        }
    }
}

/// Which calendars to ask for busy times, and of which days.
#[derive(Clone, Debug)]
#[must_use]
pub struct BusyTimesQuery {
    from: NaiveDate,
    to: NaiveDate,
    time_zone: String,
    calendars: Vec<(CredentialId, String)>,
}

impl BusyTimesQuery {
    /// Asks for these days, the last one included, in a time zone by its IANA name.
    ///
    /// The server wants at least one [calendar](Self::calendar).
    pub fn new(from: NaiveDate, to: NaiveDate, time_zone: impl Into<String>) -> Self {
        Self { from, to, time_zone: time_zone.into(), calendars: Vec::new() }
    }

    /// Asks a calendar, too: [`Calendar::credential_id`] and [`Calendar::external_id`].
    pub fn calendar(
        mut self,
        credential: impl Into<CredentialId>,
        external_id: impl Into<String>,
    ) -> Self {
        self.calendars.push((credential.into(), external_id.into()));
        self
    }

    /// Adds it to a request. Cal.com's API description has calendars flat; its server wants a list.
    fn put(&self, request: Request) -> Request {
        let mut request = request
            .query("dateFrom", self.from)
            .query("dateTo", self.to)
            .query("timeZone", &self.time_zone);
        for (index, (credential, external_id)) in self.calendars.iter().enumerate() {
            let calendar = format!("calendarsToLoad[{index}]");
            request = request
                .query(&format!("{calendar}[credentialId]"), credential)
                .query(&format!("{calendar}[externalId]"), external_id);
        }
        request
    }
}

#[derive(Serialize)]
struct Disconnect {
    id: CredentialId,
}
