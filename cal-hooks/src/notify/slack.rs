//! Notices in a Slack channel.

use std::fmt;

use cal_webhook::{Context, HookError, Lifecycle, SecretError};
use reqwest::Client;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use url::Url;

use super::{NotifyError, address, message};
use crate::http;

/// How errors name the service.
const NAME: &str = "Slack";

/// Tells a Slack channel what happened to bookings, by an incoming webhook.
///
/// A notice says what happened, when the meeting is, who takes part and why it ended: it holds
/// names and e-mail addresses, so choose who reads the channel. There are notices of bookings that
/// were requested, booked, rescheduled, cancelled, rejected or paid, of requests for another time,
/// of no-show fees and of people who did not come. Every reader sees times in a zone of their own.
///
/// What people typed is escaped: it can neither mention anybody nor hide a link. Slack knows no
/// idempotency keys: a notice that was sent right before a crash is sent again. One is sent at a
/// time, because Slack takes about one a second.
///
/// Other chats take the same notices; those that do not know Slack's dates show them as written,
/// with the time in UTC at their end.
///
/// Facts from `docs.slack.dev`: incoming webhooks, formatting message text, rate limits.
///
/// ```no_run
/// use cal_hooks::notify::Slack;
/// use secrecy::SecretString;
///
/// let url = SecretString::from(std::env::var("SLACK_WEBHOOK_URL")?);
/// let hook = Slack::new(url)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Slack {
    name: String,
    client: Client,
    url: Url,
}

impl Slack {
    /// Makes a hook named `slack` of an incoming webhook's address, which is a secret.
    ///
    /// # Errors
    ///
    /// Fails when the address is not one of HTTPS, except on this machine, and when TLS cannot be
    /// set up.
    pub fn new(url: impl Into<SecretString>) -> Result<Self, NotifyError> {
        let url = address(SecretError::check(url)?.expose_secret())?;
        Ok(Self { name: "slack".to_owned(), client: http::client()?, url })
    }

    /// Gives the hook another name, for a second channel; see [`Lifecycle::name`].
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }
}

impl Lifecycle for Slack {
    fn name(&self) -> &str {
        &self.name
    }

    /// A payment for what was called off is no news for the channel.
    fn hears_of_the_past(&self) -> bool {
        false
    }

    fn concurrency(&self) -> usize {
        1
    }

    async fn on_any(&self, cx: &Context) -> Result<(), HookError> {
        let newest = cx.newest().await?;
        let Some(text) = message::of(cx, newest.as_ref()) else { return Ok(()) };
        let body = json!({ "text": text, "unfurl_links": false, "unfurl_media": false });
        http::send(NAME, self.client.post(self.url.clone()).json(&body)).await.map(drop)
    }
}

/// Shows neither the address nor its secret.
impl fmt::Debug for Slack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slack").field("name", &self.name).finish_non_exhaustive()
    }
}
