//! Sends events to PostHog.

use std::fmt;

use cal_webhook::{HookError, SecretError};
use chrono::SecondsFormat;
use reqwest::Client;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use uuid::{Builder, Uuid, Variant, Version};

use super::{Analytics, Event};
use crate::{
    digest,
    http::{self, HttpError},
};

/// How errors name the service.
const NAME: &str = "PostHog";

/// Sends events to PostHog, by its capture API.
///
/// Every event has a UUID that follows from [`Event::key`]. PostHog takes events of one name, time,
/// visitor and UUID for one, but not at once: until it has tidied up, a repeated one may show
/// twice. No person profile is made, and the server's address is not looked up on a map.
///
/// Facts from `posthog.com/docs`: the capture API, the ingestion pipeline and anonymous events.
pub struct PostHog {
    client: Client,
    key: SecretString,
    host: String,
}

impl PostHog {
    /// Makes a client of the project that a project API key belongs to.
    ///
    /// # Errors
    ///
    /// Fails when TLS cannot be set up, and when the key is empty or has white space around it.
    pub fn new(key: impl Into<SecretString>) -> Result<Self, HttpError> {
        let host = "https://us.i.posthog.com".to_owned();
        Ok(Self { client: http::client()?, key: SecretError::check(key)?, host })
    }

    /// Sends to another place: `https://eu.i.posthog.com`, or your own server.
    #[must_use]
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.host = host.into();
        self
    }
}

impl Analytics for PostHog {
    async fn capture(&self, event: &Event) -> Result<(), HookError> {
        let mut properties = event.properties.clone();
        if let Some(uid) = &event.uid {
            properties.insert("booking_uid".to_owned(), uid.as_str().into());
        }
        if let Some(service) = &event.service {
            properties.insert("service".to_owned(), service.as_str().into());
        }
        properties.insert("$process_person_profile".to_owned(), false.into());
        properties.insert("$geoip_disable".to_owned(), true.into());
        let body = json!({
            "api_key": self.key.expose_secret(),
            "event": event.name,
            "distinct_id": event.visitor,
            "properties": properties,
            "timestamp": event.at.to_rfc3339_opts(SecondsFormat::Millis, true),
            "uuid": uuid(&event.key),
        });
        let url = format!("{}/i/v0/e/", self.host.trim_end_matches('/'));
        http::send(NAME, self.client.post(url).json(&body)).await.map(drop)
    }
}

impl fmt::Debug for PostHog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostHog").field("host", &self.host).finish_non_exhaustive()
    }
}

/// Makes a UUID of a key: version 8 (RFC 9562, 5.8), from its SHA-256.
fn uuid(key: &str) -> Uuid {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, ..] = digest::of(key);
    Builder::from_bytes([a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p])
        .with_variant(Variant::RFC4122)
        .with_version(Version::Custom)
        .into_uuid()
}
