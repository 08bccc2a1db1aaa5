//! Secrets: checked before they are used, and shown to the server alone.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serializer};

use crate::error::{Error, Kind};

/// Returns a key, token or secret unless it is empty or has white space around it.
pub(crate) fn check(secret: &SecretString) -> Result<&str, Error> {
    let text = secret.expose_secret();
    match text.trim() {
        "" => Err(Error::new(Kind::Auth, "expected a key, token or secret, got an empty one")),
        trimmed if trimmed.len() < text.len() => Err(Error::new(
            Kind::Auth,
            "expected a key, token or secret without white space around it; remove that where it is set",
        )),
        _ => Ok(text),
    }
}

/// Sends a secret.
pub(crate) fn send<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose_secret())
}

/// Sends a secret that may be left out, beside `skip_serializing_if`.
pub(crate) fn send_some<S: Serializer>(
    secret: &Option<SecretString>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match secret {
        Some(secret) => send(secret, serializer),
        None => serializer.serialize_none(),
    }
}

/// Reads a secret.
pub(crate) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}

/// Reads a secret that may be absent or `null`, beside `#[serde(default)]`.
pub(crate) fn read_some<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<SecretString>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(SecretString::from))
}
