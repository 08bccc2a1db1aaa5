//! What the HTTP APIs have in common: one client, and which answers are worth another try.

use std::{sync::Arc, time::Duration};

use cal_webhook::{HookError, SecretError};
use reqwest::{Client, RequestBuilder, Response, header::RETRY_AFTER, redirect};
use rustls::{ClientConfig, crypto::ring};
use rustls_platform_verifier::BuilderVerifierExt as _;

/// How long one call may take; a hook has 30 seconds for all of its calls.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How much is read of an answer.
#[cfg(any(feature = "hubspot", feature = "resend"))]
const ANSWER: usize = 1024 * 1024;

/// Who asks; Resend answers 403 to requests that do not say so.
const USER_AGENT: &str = concat!("cal-hooks/", env!("CARGO_PKG_VERSION"));

/// Why no client could be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The key or token cannot be meant.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// TLS cannot be set up.
    #[error("could not set up TLS: {0}")]
    Tls(String),
}

/// Makes a client that verifies certificates as the platform does.
///
/// # Errors
///
/// Fails when the platform's certificates cannot be used.
pub(crate) fn client() -> Result<Client, HttpError> {
    let provider = Arc::new(ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_platform_verifier())
        .map_err(|error| HttpError::Tls(error.to_string()))?
        .with_no_client_auth();
    Client::builder()
        .tls_backend_preconfigured(tls)
        .timeout(TIMEOUT)
        .user_agent(USER_AGENT)
        // A redirect would send what is meant for one server to another.
        .redirect(redirect::Policy::none())
        .build()
        .map_err(|error| HttpError::Tls(error.to_string()))
}

/// Sends a request, and sorts what went wrong, answers that refuse it among them.
///
/// `service` is how errors name the other side. No error holds a body, an address or a token.
#[cfg(any(feature = "notify", feature = "posthog"))]
pub(crate) async fn send(service: &str, request: RequestBuilder) -> Result<Response, HookError> {
    let response = exchange(service, request).await?;
    if response.status().is_success() { Ok(response) } else { Err(refused(service, &response)) }
}

/// Sends a request, and returns the answer whatever it says.
pub(crate) async fn exchange(
    service: &str,
    request: RequestBuilder,
) -> Result<Response, HookError> {
    request.send().await.map_err(|error| failed(service, &error))
}

/// Reads an answer as JSON, up to a mebibyte.
#[cfg(any(feature = "hubspot", feature = "resend"))]
pub(crate) async fn json<T: serde::de::DeserializeOwned>(
    service: &str,
    mut response: Response,
) -> Result<T, HookError> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= ANSWER => body.extend_from_slice(&chunk),
            Ok(Some(_)) => {
                return Err(HookError::transient(format!("{service}: the answer is too long")));
            }
            Ok(None) => break,
            Err(error) => return Err(failed(service, &error)),
        }
    }
    let read = serde_json::from_slice(&body);
    // What stands there may be personal: only the kind of mistake is told.
    read.map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        HookError::transient(format!("{service}: the answer is not the expected JSON ({place})"))
    })
}

/// Tells whether an answer is worth another try: 408, 423, 425, 429 and 5xx are, and 401 and 403,
/// because a token is a setting that somebody puts right.
pub(crate) fn refused(service: &str, response: &Response) -> HookError {
    let status = response.status();
    if status.is_server_error() || matches!(status.as_u16(), 401 | 403 | 408 | 423 | 425 | 429) {
        later(service, response)
    } else {
        HookError::permanent(answered(service, response))
    }
}

/// Makes a failure for now of an answer, until the time that it names in `Retry-After`.
pub(crate) fn later(service: &str, response: &Response) -> HookError {
    let message = answered(service, response);
    let value = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    match value.and_then(seconds) {
        Some(delay) => HookError::retry_after(message, delay),
        None => HookError::transient(message),
    }
}

/// Says what the other side answered: the status and nothing else.
pub(crate) fn answered(service: &str, response: &Response) -> String {
    format!("{service} answered with {}", response.status())
}

/// Reads `Retry-After` in seconds, up to a day; a date is left to the usual schedule.
fn seconds(value: &str) -> Option<Duration> {
    const DAY: u64 = 24 * 60 * 60;
    Some(Duration::from_secs(value.trim().parse::<u64>().ok()?.min(DAY)))
}

/// Says what failed without the address, which may hold a token.
fn failed(service: &str, error: &reqwest::Error) -> HookError {
    if error.is_builder() {
        let message = "expected an address of http or https and a token of visible characters";
        return HookError::permanent(format!("{service}: {message}"));
    }
    let reason = match error {
        error if error.is_timeout() => "no answer in time",
        error if error.is_connect() => "could not connect",
        error if error.is_body() || error.is_decode() => "the answer broke off",
        _ => "the request failed",
    };
    HookError::transient(format!("{service}: {reason}"))
}
