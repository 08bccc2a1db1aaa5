//! Apps for video conferences.

use cal_core::UserId;
use serde::Deserialize;

use crate::{error::Error, id::CredentialId, scope::handler, wire::open_enum};

handler! {
    /// The conferencing apps of a scope, such as
    /// [`Client::conferencing`](crate::Client::conferencing).
    ///
    /// ```no_run
    /// # async fn example(client: cal_client::Client) -> Result<(), cal_client::Error> {
    /// use cal_client::conferencing::ConferencingApp;
    ///
    /// client.conferencing().connect(ConferencingApp::GoogleMeet).await?;
    /// client.conferencing().set_default(ConferencingApp::GoogleMeet).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub struct Conferencing;
    Me.conferencing: "Returns the handler of the account's conferencing apps.",
    #[cfg(feature = "orgs")]
    OrgTeam.conferencing: "Returns the handler of the team's conferencing apps.",
}

impl<S> Conferencing<S> {
    /// Lists the connections to apps.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn list(&self) -> Result<Vec<ConferencingConnection>, Error> {
        self.at.get("/conferencing", &[]).data().await
    }

    /// Connects an app that asks nothing: Google Meet, whose calendar must be connected.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn connect(
        &self,
        app: impl Into<ConferencingApp>,
    ) -> Result<ConferencingConnection, Error> {
        self.at.post("/conferencing/{}/connect", &[&app.into()]).data().await
    }

    /// Returns the page of Zoom or Microsoft on which a user allows the connection.
    ///
    /// The browser goes to one of the addresses afterwards, by whether it worked. The answer in
    /// Cal.com's API description has no page; its source has one as `url`. `None` means that the
    /// server named none.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn auth_url(
        &self,
        app: impl Into<ConferencingApp>,
        return_to: &str,
        on_error_return_to: &str,
    ) -> Result<Option<String>, Error> {
        #[derive(Deserialize)]
        struct Page {
            url: Option<String>,
        }

        let request = self.at.get("/conferencing/{}/oauth/auth-url", &[&app.into()]);
        let request = request.query("returnTo", return_to);
        let page: Option<Page> =
            request.query("onErrorReturnTo", on_error_return_to).data().await?;
        Ok(page.and_then(|page| page.url))
    }

    /// Hands over what Zoom or Microsoft gave the user's browser.
    ///
    /// Browsers call this. Cal.com's server sends them on, which is not followed here: it shows as
    /// an error of status 301.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn save(
        &self,
        app: impl Into<ConferencingApp>,
        code: &str,
        state: &str,
    ) -> Result<(), Error> {
        let request = self.at.get("/conferencing/{}/oauth/callback", &[&app.into()]);
        request.query("code", code).query("state", state).ignore().await
    }

    /// Returns the app that new event types have, if one was set.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn default(&self) -> Result<Option<DefaultConferencing>, Error> {
        self.at.get("/conferencing/default", &[]).data().await
    }

    /// Sets the app that new event types have.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn set_default(&self, app: impl Into<ConferencingApp>) -> Result<(), Error> {
        self.at.post("/conferencing/{}/default", &[&app.into()]).done().await
    }

    /// Ends the connection to an app.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn disconnect(&self, app: impl Into<ConferencingApp>) -> Result<(), Error> {
        self.at.delete("/conferencing/{}/disconnect", &[&app.into()]).done().await
    }
}

/// A connection to an app (`ConferencingAppsOutputDto` in Cal.com's API description).
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct ConferencingConnection {
    /// The number of the stored credential.
    pub id: CredentialId,
    /// The kind of app, such as `google_video`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The user it belongs to.
    pub user_id: Option<UserId>,
    /// Whether the app no longer takes the credential.
    pub invalid: Option<bool>,
}

/// The app that new event types have.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct DefaultConferencing {
    /// The app.
    pub app_slug: Option<ConferencingApp>,
    /// The address of the meetings, of apps with a fixed one.
    pub app_link: Option<String>,
    /// The number of the stored credential; only in Cal.com's source.
    pub credential_id: Option<CredentialId>,
}

open_enum! {
    /// An app for video conferences.
    pub enum ConferencingApp {
        /// Google Meet.
        GoogleMeet = "google-meet",
        /// Zoom.
        Zoom = "zoom",
        /// Microsoft Teams.
        MsTeams = "msteams",
        /// Cal Video, Cal.com's own; it can be the default without a connection.
        CalVideo = "daily-video",
    }
}
