//! Platform clients of one's organization (deprecated by Cal.com, and closed to new customers).

use cal_core::OrganizationId;
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde::Deserialize;

use crate::{
    error::Error,
    scope::handler,
    secret,
    wire::{input, open_enum, or_default},
};

handler! {
    /// The platform clients of the account's organization,
    /// [`Client::oauth_clients`](crate::Client::oauth_clients). Cal.com deprecates them.
    ///
    /// They are managed with an API key; [`Client::platform`](crate::Client::platform) then uses one
    /// of them. Apps that other users sign in to are something else: see [`oauth`](crate::oauth).
    ///
    /// ```no_run
    /// # async fn example(client: cal_client::Client) -> Result<(), cal_client::Error> {
    /// use cal_client::oauth_clients::{NewOAuthClient, Permission};
    ///
    /// let back = "https://app.example.org/callback".to_owned();
    /// let new = NewOAuthClient::new("An app", [back], [Permission::All]);
    /// let made = client.oauth_clients().create(&new).await?;
    /// println!("{}", made.client_id);
    /// # Ok(())
    /// # }
    /// ```
    pub struct OAuthClients;
    Me.oauth_clients: "Returns the handler of the organization's platform clients.",
}

impl OAuthClients {
    /// Makes a client. Its secret is shown here and by the methods that return the client.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn create(&self, new: &NewOAuthClient) -> Result<MadeOAuthClient, Error> {
        self.at.post("/oauth-clients", &[]).json(new).data().await
    }

    /// Returns all clients.
    ///
    /// # Errors
    ///
    /// Fails as every request does; with 401 for accounts without an organization. See [`Error`].
    pub async fn list(&self) -> Result<Vec<OAuthClient>, Error> {
        self.at.get("/oauth-clients", &[]).data().await
    }

    /// Returns a client.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn get(&self, client_id: &str) -> Result<OAuthClient, Error> {
        self.at.get("/oauth-clients/{}", &[&client_id]).data().await
    }

    /// Changes a client.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn update(
        &self,
        client_id: &str,
        update: &UpdateOAuthClient,
    ) -> Result<OAuthClient, Error> {
        self.at.patch("/oauth-clients/{}", &[&client_id]).json(update).data().await
    }

    /// Deletes a client, and returns what it was.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn delete(&self, client_id: &str) -> Result<OAuthClient, Error> {
        self.at.delete("/oauth-clients/{}", &[&client_id]).data().await
    }
}

/// A platform client (`PlatformOAuthClientDto`).
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct OAuthClient {
    /// The client id.
    pub id: String,
    /// The name.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// The secret.
    #[serde(default, deserialize_with = "secret::read_some")]
    pub secret: Option<SecretString>,
    /// What it may do.
    #[serde(default, deserialize_with = "or_default")]
    pub permissions: Vec<Permission>,
    /// The address of a picture.
    pub logo: Option<String>,
    /// Where users may come back to.
    #[serde(default, deserialize_with = "or_default")]
    pub redirect_uris: Vec<String>,
    /// The organization it belongs to.
    pub organization_id: Option<OrganizationId>,
    /// When it was made.
    pub created_at: Option<DateTime<Utc>>,
    /// Whether Cal.com sends e-mails about bookings.
    pub are_emails_enabled: Option<bool>,
    /// Whether new managed users have four event types: 30 and 60 minutes, with and without video.
    pub are_default_event_types_enabled: Option<bool>,
    /// Whether bookings are written to connected calendars.
    pub are_calendar_events_enabled: Option<bool>,
    /// Where guests go after they booked.
    pub booking_redirect_uri: Option<String>,
    /// Where guests go to cancel.
    pub booking_cancel_redirect_uri: Option<String>,
    /// Where guests go to choose another time.
    pub booking_reschedule_redirect_uri: Option<String>,
}

/// What a client that was made has (`CreateOAuthClientOutput`).
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct MadeOAuthClient {
    /// The client id.
    pub client_id: String,
    /// The secret.
    #[serde(deserialize_with = "secret::read")]
    pub client_secret: SecretString,
}

open_enum! {
    /// What a platform client may do.
    pub enum Permission {
        /// Reads event types.
        EventTypeRead = "EVENT_TYPE_READ",
        /// Changes event types.
        EventTypeWrite = "EVENT_TYPE_WRITE",
        /// Reads bookings.
        BookingRead = "BOOKING_READ",
        /// Makes and changes bookings.
        BookingWrite = "BOOKING_WRITE",
        /// Reads schedules.
        ScheduleRead = "SCHEDULE_READ",
        /// Changes schedules.
        ScheduleWrite = "SCHEDULE_WRITE",
        /// Reads connected apps and calendars.
        AppsRead = "APPS_READ",
        /// Connects apps and calendars.
        AppsWrite = "APPS_WRITE",
        /// Reads profiles.
        ProfileRead = "PROFILE_READ",
        /// Changes profiles.
        ProfileWrite = "PROFILE_WRITE",
        /// All of these; only of a client that is made.
        All = "*",
    }
}

input! {
    /// A platform client to make.
    pub struct NewOAuthClient {
        required {
            /// The name.
            name: String,
            /// Where users may come back to.
            redirect_uris: Vec<String>,
            /// What it may do.
            permissions: Vec<Permission>,
        }
        optional {
            /// Sets the address of a picture.
            logo: String,
            /// Sets where guests go after they booked.
            booking_redirect_uri: String,
            /// Sets where guests go to cancel.
            booking_cancel_redirect_uri: String,
            /// Sets where guests go to choose another time.
            booking_reschedule_redirect_uri: String,
            /// Sets whether Cal.com sends e-mails about bookings.
            are_emails_enabled: bool,
            /// Sets whether new managed users have four event types; not unless set.
            are_default_event_types_enabled: bool,
            /// Sets whether bookings are written to connected calendars; they are unless set.
            are_calendar_events_enabled: bool,
        }
    }
}

input! {
    /// What to change of a platform client.
    pub struct UpdateOAuthClient {
        optional {
            /// Sets the address of a picture.
            logo: String,
            /// Sets the name.
            name: String,
            /// Sets where users may come back to.
            redirect_uris: Vec<String>,
            /// Sets where guests go after they booked.
            booking_redirect_uri: String,
            /// Sets where guests go to cancel.
            booking_cancel_redirect_uri: String,
            /// Sets where guests go to choose another time.
            booking_reschedule_redirect_uri: String,
            /// Sets whether Cal.com sends e-mails about bookings.
            are_emails_enabled: bool,
            /// Sets whether new managed users have four event types; not unless set.
            are_default_event_types_enabled: bool,
            /// Sets whether bookings are written to connected calendars; they are unless set.
            are_calendar_events_enabled: bool,
        }
    }
}
