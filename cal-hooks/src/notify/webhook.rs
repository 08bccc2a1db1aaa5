//! Signed webhooks for other systems.

use std::fmt;

use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use cal_webhook::{Change, Context, HookError, Lifecycle, SecretError, Transition};
use chrono::SecondsFormat;
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::{Client, StatusCode, header::CONTENT_TYPE};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use sha2::Sha256;
use url::Url;

use super::{NotifyError, address};
use crate::{clock, digest, http};

/// How errors name the other side.
const NAME: &str = "the webhook's receiver";

/// Tells another system what happened, by webhooks as Standard Webhooks describes them.
///
/// The receiver gets a POST for everything that happened, whatever it happened to, and can verify
/// it with any library of Standard Webhooks:
///
/// - `webhook-id` is the same in every attempt and for nothing else,
/// - `webhook-timestamp` is when this attempt was made, in seconds since 1970,
/// - `webhook-signature` is `v1,` and the HMAC-SHA256 of `<id>.<timestamp>.<body>` in base64.
///
/// The body is JSON: `type` is such as `booking.created`, `timestamp` is when Cal.com reported it,
/// and `data` has the `change` ([`Change::as_str`]), the `uid` of the booking, `moved_from` (the
/// uid of the booking that it replaces) and the `event`, which is Cal.com's payload as far as it is
/// known here. The payload holds personal data, and may be larger than the 20 kB that the
/// specification recommends. Passwords, of confirmation links and of meetings, are left out.
///
/// Of the answers, 2xx is a success and 410 a failure for good. All others are worth another try,
/// redirects among them: they are not followed. `Retry-After` in seconds is obeyed.
///
/// Facts from the specification, version 1.0.0:
/// <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>.
pub struct Webhook {
    name: String,
    client: Client,
    url: Url,
    keys: Vec<Key>,
}

type Key = Hmac<Sha256>;

impl Webhook {
    /// Makes a hook named `webhook` that sends to an address, signed with a secret that the
    /// receiver knows: `whsec_` and 24 to 64 random bytes in base64.
    ///
    /// # Errors
    ///
    /// Fails when the address is not one of HTTPS, except on this machine, when the secret is of
    /// another form, and when TLS cannot be set up.
    pub fn new(url: &str, secret: impl Into<SecretString>) -> Result<Self, NotifyError> {
        Ok(Self {
            name: "webhook".to_owned(),
            url: address(url)?,
            keys: vec![key(secret)?],
            client: http::client()?,
        })
    }

    /// Gives the hook another name, for a second receiver; see [`Lifecycle::name`].
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Signs with one more secret, while the receiver changes from one to the other.
    ///
    /// # Errors
    ///
    /// Fails when the secret is of another form, see [`Webhook::new`].
    pub fn and(mut self, secret: impl Into<SecretString>) -> Result<Self, NotifyError> {
        self.keys.push(key(secret)?);
        Ok(self)
    }

    fn signature(&self, id: &str, timestamp: i64, body: &str) -> String {
        let sign = |key: &Key| {
            let mac = key.clone().chain_update(format!("{id}.{timestamp}.")).chain_update(body);
            format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
        };
        self.keys.iter().map(sign).collect::<Vec<_>>().join(" ")
    }
}

impl Lifecycle for Webhook {
    fn name(&self) -> &str {
        &self.name
    }

    async fn on_any(&self, cx: &Context) -> Result<(), HookError> {
        let Some(transition) = cx.transition() else { return Ok(()) };
        let body = body(cx, transition)?;
        // The id must not contain a full stop, and the name of a hook may.
        let key = digest::of(&cx.idempotency_key());
        let id = format!("msg_{}", BASE64_URL_SAFE_NO_PAD.encode(key));
        let timestamp = clock::now().timestamp();
        let request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", &id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", self.signature(&id, timestamp, &body))
            .body(body);
        let response = http::exchange(NAME, request).await?;
        match response.status() {
            status if status.is_success() => Ok(()),
            StatusCode::GONE => Err(HookError::permanent(http::answered(NAME, &response))),
            _ => Err(http::later(NAME, &response)),
        }
    }
}

/// Shows neither the address nor the secrets.
impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook").field("name", &self.name).finish_non_exhaustive()
    }
}

fn key(secret: impl Into<SecretString>) -> Result<Key, NotifyError> {
    let secret = SecretError::check(secret)?;
    let secret = secret.expose_secret().strip_prefix("whsec_").ok_or(NotifyError::Secret)?;
    let bytes = BASE64_STANDARD.decode(secret).map_err(|_| NotifyError::Secret)?;
    if !(24..=64).contains(&bytes.len()) {
        return Err(NotifyError::Secret);
    }
    Key::new_from_slice(&bytes).map_err(|_| NotifyError::Secret)
}

/// Writes what happened, the same in every attempt.
fn body(cx: &Context, transition: &Transition) -> Result<String, HookError> {
    let at = cx.reported_at();
    let mut event = serde_json::to_value(cx.event()).map_err(HookError::permanent)?;
    conceal(&mut event);
    let uid = transition.subject.as_ref().and_then(|subject| subject.booking_uid());
    let body = json!({
        "type": kind(transition.change),
        "timestamp": at.to_rfc3339_opts(SecondsFormat::Millis, true),
        "data": {
            "change": transition.change.as_str(),
            "uid": uid.or_else(|| cx.event().booking_uid()),
            "moved_from": transition.moved_from,
            "event": event,
        },
    });
    Ok(body.to_string())
}

/// Takes out what would let a receiver confirm bookings or open meetings as somebody else.
fn conceal(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(conceal),
        Value::Object(members) => {
            for secret in ["meetingPassword", "oneTimePassword", "password"] {
                members.remove(secret);
            }
            members.values_mut().for_each(conceal);
        }
        _ => {}
    }
}

/// Returns the type of an event: what it is about, a full stop, and what happened.
fn kind(change: Change) -> String {
    let about = match change {
        Change::Booked => return "booking.created".to_owned(),
        Change::DelegationError
        | Change::DelegationRotated
        | Change::DelegationRotationFailed
        | Change::DelegationRotationRequired => "credential",
        Change::Ended
        | Change::GuestNoShow
        | Change::HostNoShow
        | Change::InstantMeeting
        | Change::InstantMeetingAccepted
        | Change::Recording
        | Change::Started
        | Change::Transcript => "meeting",
        Change::Form | Change::FormWithoutBooking | Change::RoutingFallback => "routing",
        Change::OutOfOffice => "host",
        Change::Ping => "webhook",
        _ => "booking",
    };
    format!("{about}.{change}")
}
