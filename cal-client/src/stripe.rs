//! The connection to Stripe, through which paid bookings are paid.

use serde::Deserialize;

use crate::{error::Error, scope::handler};

handler! {
    /// The connection of a scope to Stripe, such as [`Client::stripe`](crate::Client::stripe).
    ///
    /// ```no_run
    /// # async fn example(client: cal_client::Client) -> Result<(), cal_client::Error> {
    /// if client.stripe().check().await.is_err() {
    ///     let (good, bad) = ("https://example.com/paid", "https://example.com/oh-no");
    ///     println!("go to {}", client.stripe().connect(good, bad).await?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub struct Stripe;
    Me.stripe: "Returns the handler of the account's connection to Stripe.",
    #[cfg(feature = "orgs")]
    OrgTeam.stripe: "Returns the handler of the team's connection to Stripe.",
}

impl<S> Stripe<S> {
    /// Returns the page of Stripe on which a user allows the connection.
    ///
    /// The browser goes to one of the addresses afterwards, by whether it worked. For the account
    /// they stand in Cal.com's source alone; its API description does not name them.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn connect(
        &self,
        return_to: &str,
        on_error_return_to: &str,
    ) -> Result<String, Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Page {
            auth_url: String,
        }

        let request = self.at.get("/stripe/connect", &[]).query("returnTo", return_to);
        let Page { auth_url } = request.query("onErrorReturnTo", on_error_return_to).data().await?;
        Ok(auth_url)
    }

    /// Hands over what Stripe gave the user's browser, and returns where that goes next.
    ///
    /// Browsers call this. Cal.com's server sends them on, which is not followed here: it shows as
    /// an error of status 301.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn save(&self, code: &str, state: &str) -> Result<String, Error> {
        #[derive(Deserialize)]
        struct Next {
            url: String,
        }

        let request = self.at.get("/stripe/save", &[]).query("code", code);
        let Next { url } = request.query("state", state).bare().await?;
        Ok(url)
    }

    /// Checks that there is a connection, and that it works.
    ///
    /// # Errors
    ///
    /// Fails when there is none, and as every request does; see [`Error`].
    pub async fn check(&self) -> Result<(), Error> {
        self.at.get("/stripe/check", &[]).done().await
    }
}
