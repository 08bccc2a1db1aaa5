//! Sends mails by Resend.

use std::{borrow::Cow, fmt, time::Duration};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use cal_webhook::{HookError, SecretError};
use reqwest::{Client, Response, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{CalendarFile, Mail, Mailbox, Transport};
use crate::{
    digest,
    http::{self, HttpError},
};

/// How errors name the service.
const NAME: &str = "Resend";

/// How many characters Resend takes of an idempotency key.
const KEY: usize = 256;

/// How long to wait when a day's or a month's mails are used up.
const QUOTA: Duration = Duration::from_secs(60 * 60);

/// Sends mails by Resend's HTTP API.
///
/// [`Mail::key`] is the idempotency key, which Resend remembers for 24 hours: a mail that is handed
/// over again within them is sent once. `Message-ID` is Resend's own. A calendar file goes as an
/// attachment, because the API has no alternative parts.
///
/// Worth another try are: no answer, 408, 423, 425, 429, 5xx, and a key whose first request is
/// still on its way. Of a used-up quota the next try is an hour later, unless Resend says when. A
/// key that was used with another content is a failure for good: the first mail was taken.
///
/// Facts from `resend.com/docs`: sending a mail, idempotency keys, errors.
pub struct Resend {
    client: Client,
    key: SecretString,
    base: String,
}

impl Resend {
    /// Makes a client with an API key that may send.
    ///
    /// # Errors
    ///
    /// Fails when TLS cannot be set up, and when the key is empty or has white space around it.
    pub fn new(key: impl Into<SecretString>) -> Result<Self, HttpError> {
        let base = "https://api.resend.com".to_owned();
        Ok(Self { client: http::client()?, key: SecretError::check(key)?, base })
    }

    /// Asks another server, for tests; `https://api.resend.com` by default.
    #[must_use]
    pub fn base_url(mut self, base: impl Into<String>) -> Self {
        self.base = base.into();
        self
    }
}

impl Transport for Resend {
    async fn send(&self, mail: &Mail) -> Result<(), HookError> {
        let request = self
            .client
            .post(format!("{}/emails", self.base.trim_end_matches('/')))
            .bearer_auth(self.key.expose_secret())
            .header("idempotency-key", &*idempotency_key(&mail.key))
            .json(&Value::Object(body(mail)));
        let response = http::exchange(NAME, request).await?;
        if response.status().is_success() { Ok(()) } else { Err(refused(response).await) }
    }
}

impl fmt::Debug for Resend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resend").field("base", &self.base).finish_non_exhaustive()
    }
}

/// Returns the key, or what stands for it when a header cannot carry it.
fn idempotency_key(key: &str) -> Cow<'_, str> {
    let fits = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
    if (1..=KEY).contains(&key.len()) && key.trim() == key && key.bytes().all(fits) {
        return Cow::Borrowed(key);
    }
    Cow::Owned(BASE64_STANDARD.encode(digest::of(key)))
}

fn body(mail: &Mail) -> Map<String, Value> {
    let mut body = Map::new();
    let mut put = |name: &str, value: Value| body.insert(name.to_owned(), value);
    put("from", address(&mail.from).into());
    put("to", json!([address(&mail.to)]));
    put("subject", mail.subject.as_str().into());
    put("html", mail.html.as_str().into());
    put("text", mail.text.as_str().into());
    if let Some(reply_to) = &mail.reply_to {
        put("reply_to", address(reply_to).into());
    }
    if let Some(url) = &mail.unsubscribe {
        let headers = json!({
            "List-Unsubscribe": format!("<{url}>"),
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        });
        put("headers", headers);
    }
    if let Some(calendar) = &mail.calendar {
        put("attachments", json!([attachment(calendar)]));
    }
    body
}

fn attachment(calendar: &CalendarFile) -> Value {
    json!({
        "filename": "invite.ics",
        "content": BASE64_STANDARD.encode(&calendar.text),
        "content_type": format!("text/calendar; charset=utf-8; method={}", calendar.method.as_str()),
    })
}

/// Writes an address with its name, quoted so that it is nothing but a name (RFC 5322, 3.2.4).
fn address(mailbox: &Mailbox) -> String {
    if mailbox.name().is_empty() {
        return mailbox.email().to_owned();
    }
    let name = mailbox.name().replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{name}\" <{}>", mailbox.email())
}

/// What Resend says of a request that it refuses.
#[derive(Deserialize)]
struct Refusal {
    name: String,
}

async fn refused(response: Response) -> HookError {
    let status = response.status();
    let refusal = http::refused(NAME, &response);
    if !matches!(status, StatusCode::CONFLICT | StatusCode::TOO_MANY_REQUESTS) {
        return refusal;
    }
    let Ok(Refusal { name }) = http::json(NAME, response).await else { return refusal };
    match &*name {
        "concurrent_idempotent_requests" => {
            HookError::transient(format!("{NAME} still works on the first request with this key"))
        }
        "daily_quota_exceeded" | "monthly_quota_exceeded" if refusal.delay().is_none() => {
            HookError::retry_after(format!("{NAME}: the quota is used up"), QUOTA)
        }
        "invalid_idempotent_request" => {
            HookError::permanent(format!("{NAME} took another content under this key before"))
        }
        _ => refusal,
    }
}
