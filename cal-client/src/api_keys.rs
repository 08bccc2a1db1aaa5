//! API keys.

use secrecy::SecretString;
use serde::Deserialize;

use crate::{error::Error, scope::handler, wire::input};

handler! {
    /// API keys, [`Client::api_keys`](crate::Client::api_keys).
    ///
    /// ```no_run
    /// # async fn example(client: cal_client::Client) -> Result<(), cal_client::Error> {
    /// use cal_client::{Auth, api_keys::RefreshApiKey};
    ///
    /// let key = client.api_keys().refresh(&RefreshApiKey::new().days_valid(60)).await?;
    /// let client = client.with_auth(Auth::api_key(key));
    /// # Ok(())
    /// # }
    /// ```
    pub struct ApiKeys;
    Me.api_keys: "Returns the handler of API keys.",
}

impl ApiKeys {
    /// Replaces the client's API key by a new one, which it returns; the old one ends.
    ///
    /// The client keeps the old one: make another with
    /// [`Client::with_auth`](crate::Client::with_auth).
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn refresh(&self, options: &RefreshApiKey) -> Result<SecretString, Error> {
        let Key { api_key } = self.at.post("/api-keys/refresh", &[]).json(options).data().await?;
        Ok(api_key)
    }
}

input! {
    /// How long a new API key lasts.
    pub struct RefreshApiKey {
        optional {
            /// Sets for how many days; 30 unless set.
            #[serde(rename = "apiKeyDaysValid")]
            days_valid: i64,
            /// Sets whether it lasts for ever.
            #[serde(rename = "apiKeyNeverExpires")]
            never_expires: bool,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Key {
    #[serde(deserialize_with = "crate::secret::read")]
    api_key: SecretString,
}
