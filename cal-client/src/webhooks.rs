//! Webhooks: who is told what happens.

mod ensure;

use std::fmt;

use cal_core::{EventTypeId, TeamId, UserId};
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde::{
    Deserialize, Deserializer,
    de::{self, Visitor},
};

pub use cal_core::Trigger;
pub use ensure::Ensured;

#[cfg(feature = "platform")]
use crate::scope::Platform;
use crate::{
    error::Error,
    id::WebhookId,
    list::List,
    scope::{EventTypeScope, TeamEventType, handler, sealed::Sealed},
    secret,
    wire::{input, open_enum, or_default},
};

handler! {
    /// The webhooks of a scope.
    ///
    /// ```no_run
    /// # async fn example(client: cal_client::Client) -> Result<(), cal_client::Error> {
    /// use cal_client::webhooks::{NewWebhook, Trigger};
    ///
    /// let triggers = [Trigger::BookingCreated, Trigger::BookingCancelled];
    /// let webhook = NewWebhook::new("https://example.org/cal", triggers, true);
    /// let ensured = client.webhooks().ensure(&[webhook.secret("whsec_...")]).await?;
    /// println!("{} were missing", ensured.created.len());
    /// # Ok(())
    /// # }
    /// ```
    pub struct Webhooks;
    Me.webhooks: "Returns the handler of the account's webhooks.",
    EventTypeScope.webhooks: "Returns the handler of the event type's webhooks.",
    TeamEventType.webhooks: "Returns the handler of the event type's webhooks.",
    #[cfg(feature = "orgs")]
    Org.webhooks: "Returns the handler of the organization's webhooks.",
    #[cfg(feature = "platform")]
    Platform.webhooks: "Returns the handler of the platform client's webhooks.",
}

impl<S> Webhooks<S> {
    /// Lists the webhooks.
    pub fn list(&self) -> List<Webhook, S> {
        self.at.get("/webhooks", &[]).list()
    }

    /// Returns a webhook, with more about it than lists have.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn get(&self, id: impl Into<WebhookId>) -> Result<Webhook, Error> {
        let request = self.at.get("/webhooks/{}", &[&id.into()]);
        request.data().await
    }

    /// Makes a webhook. An account has at most one for each URL: another one is refused with 409.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn create(&self, webhook: &NewWebhook) -> Result<Webhook, Error> {
        self.at.post("/webhooks", &[]).json(webhook).data().await
    }

    /// Changes a webhook.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn update(
        &self,
        id: impl Into<WebhookId>,
        update: &UpdateWebhook,
    ) -> Result<Webhook, Error> {
        let request = self.at.patch("/webhooks/{}", &[&id.into()]);
        request.json(update).data().await
    }

    /// Deletes a webhook, and returns what it was.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn delete(&self, id: impl Into<WebhookId>) -> Result<Webhook, Error> {
        let request = self.at.delete("/webhooks/{}", &[&id.into()]);
        request.data().await
    }
}

/// Scopes whose webhooks can be deleted all at once.
pub trait DeletesAll: Sealed {}

impl DeletesAll for EventTypeScope {}
impl DeletesAll for TeamEventType {}
#[cfg(feature = "platform")]
impl DeletesAll for Platform {}

impl<S: DeletesAll> Webhooks<S> {
    /// Deletes all webhooks of the scope.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn delete_all(&self) -> Result<(), Error> {
        self.at.delete("/webhooks", &[]).done().await
    }
}

/// A webhook, of whatever scope.
///
/// The members after [`Webhook::oauth_client_id`] are only in the answer to [`Webhooks::get`] (seen
/// on a real server; Cal.com's API description lacks them).
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct Webhook {
    /// The webhook's id: a number in Cal.com's API description, a UUID on a real server.
    #[serde(deserialize_with = "id")]
    pub id: WebhookId,
    /// Where deliveries are sent.
    #[serde(default, deserialize_with = "or_default")]
    pub subscriber_url: String,
    /// What is reported.
    #[serde(default, deserialize_with = "or_default")]
    pub triggers: Vec<Trigger>,
    /// Whether anything is sent.
    #[serde(default, deserialize_with = "or_default")]
    pub active: bool,
    /// The template that bodies are made from, in place of Cal.com's own form.
    pub payload_template: Option<String>,
    /// The key of the signatures; none also when the server does not show it.
    #[serde(default, deserialize_with = "secret::read_some")]
    pub secret: Option<SecretString>,
    /// The user it belongs to.
    pub user_id: Option<UserId>,
    /// The team or organization it belongs to.
    pub team_id: Option<TeamId>,
    /// The event type it belongs to.
    pub event_type_id: Option<EventTypeId>,
    /// The platform client it belongs to.
    #[serde(rename = "oAuthClientId")]
    pub oauth_client_id: Option<String>,
    /// When it was made.
    pub created_at: Option<DateTime<Utc>>,
    /// The app that made it.
    pub app_id: Option<String>,
    /// Whether it serves all of the platform.
    pub platform: Option<bool>,
    /// How long after the event it is sent, in [`Webhook::time_unit`].
    pub time: Option<i64>,
    /// The unit of [`Webhook::time`].
    pub time_unit: Option<String>,
    /// The form of the bodies.
    pub version: Option<WebhookVersion>,
}

open_enum! {
    /// The form that bodies of deliveries have.
    pub enum WebhookVersion {
        /// The one of October 2021.
        V2021_10_20 = "2021-10-20",
    }
}

input! {
    /// A webhook to make: where to send, what to report, and whether to send anything yet.
    pub struct NewWebhook {
        required {
            subscriber_url: String,
            triggers: Vec<Trigger>,
            active: bool,
        }
        optional {
            /// Sets the template that bodies are made from, in place of Cal.com's own form.
            payload_template: String,
            /// Sets the key of the signatures; without it deliveries are not signed.
            #[serde(serialize_with = "secret::send_some")]
            secret: SecretString,
            /// Sets the form of the bodies.
            version: WebhookVersion,
        }
    }
}

input! {
    /// What to change of a webhook.
    pub struct UpdateWebhook {
        optional {
            /// Sets where deliveries are sent.
            subscriber_url: String,
            /// Sets what is reported; the triggers before are gone.
            triggers: Vec<Trigger>,
            /// Sets whether anything is sent.
            active: bool,
            /// Sets the template that bodies are made from.
            payload_template: String,
            /// Sets the key of the signatures.
            #[serde(serialize_with = "secret::send_some")]
            secret: SecretString,
            /// Sets the form of the bodies.
            version: WebhookVersion,
        }
    }
}

/// Reads an id that is a text or a number.
fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<WebhookId, D::Error> {
    struct TextOrNumber;
    impl Visitor<'_> for TextOrNumber {
        type Value = WebhookId;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a text or a whole number")
        }
        fn visit_str<E: de::Error>(self, text: &str) -> Result<WebhookId, E> {
            Ok(text.into())
        }
        fn visit_i64<E: de::Error>(self, number: i64) -> Result<WebhookId, E> {
            Ok(number.to_string().into())
        }
        fn visit_u64<E: de::Error>(self, number: u64) -> Result<WebhookId, E> {
            Ok(number.to_string().into())
        }
    }
    deserializer.deserialize_any(TextOrNumber)
}
