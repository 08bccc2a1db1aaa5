//! Notices for people and for other systems.

mod message;
mod slack;
mod webhook;

use std::net::IpAddr;

use cal_webhook::SecretError;
use url::{Host, Url};

use crate::http::HttpError;

pub use slack::Slack;
pub use webhook::Webhook;

/// Why a hook that sends notices cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotifyError {
    /// The address is none, or could be read on its way.
    #[error("expected an address of https, or of http on this machine")]
    Address,
    /// The client could not be set up.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The secret, or the address that is one, cannot be meant.
    #[error(transparent)]
    Malformed(#[from] SecretError),
    /// The secret is not one of Standard Webhooks.
    #[error("expected a secret of `whsec_` and 24 to 64 bytes in base64")]
    Secret,
}

/// Reads an address that notices may be sent to: HTTPS, or this machine.
fn address(text: &str) -> Result<Url, NotifyError> {
    let url = Url::parse(text).map_err(|_| NotifyError::Address)?;
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => IpAddr::from(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::from(ip).is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_here => Ok(url),
        _ => Err(NotifyError::Address),
    }
}
