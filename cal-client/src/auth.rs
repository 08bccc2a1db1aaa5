//! The credentials of a client.

use std::{fmt, sync::Arc};

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use secrecy::SecretString;

use crate::{
    Client,
    error::{Error, Kind},
    secret,
    session::Session,
};

pub(crate) const CLIENT_ID: HeaderName = HeaderName::from_static("x-cal-client-id");
pub(crate) const SECRET_KEY: HeaderName = HeaderName::from_static("x-cal-secret-key");

/// How a client proves who it is.
#[derive(Clone, Debug)]
pub struct Auth(pub(crate) Means);

#[derive(Clone)]
pub(crate) enum Means {
    /// Nothing is sent.
    None,
    /// An API key or a token that does not change.
    Bearer(SecretString),
    /// A token that is refreshed.
    Session(Arc<Session>),
    /// A platform client, which acts as the owner of its organization.
    Platform { id: String, secret: SecretString },
}

impl Auth {
    /// Sends no credentials: slots, public event types, and bookings by their uid are open to all.
    #[must_use]
    pub const fn none() -> Self {
        Self(Means::None)
    }

    /// Uses an API key (`cal_live_..` or `cal_test_..`).
    #[must_use]
    pub fn api_key(key: impl Into<SecretString>) -> Self {
        Self(Means::Bearer(key.into()))
    }

    /// Uses an access token as it is; see [`Auth::session`] for one that is refreshed.
    #[must_use]
    pub fn access_token(token: impl Into<SecretString>) -> Self {
        Self(Means::Bearer(token.into()))
    }

    /// Uses an access token that is refreshed when it expires.
    #[must_use]
    pub fn session(session: Session) -> Self {
        Self(Means::Session(Arc::new(session)))
    }

    /// Uses a platform client's id and secret (deprecated by Cal.com, and closed to new customers).
    #[must_use]
    pub fn platform(id: impl Into<String>, secret: impl Into<SecretString>) -> Self {
        Self(Means::Platform { id: id.into(), secret: secret.into() })
    }

    /// Refuses credentials that cannot be meant.
    pub(crate) fn check(&self) -> Result<(), Error> {
        match &self.0 {
            Means::Bearer(secret) | Means::Platform { secret, .. } => {
                secret::check(secret).map(drop)
            }
            Means::None | Means::Session(_) => Ok(()),
        }
    }
}

impl fmt::Debug for Means {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Bearer(_) => "Bearer",
            Self::Session(_) => "Session",
            Self::Platform { .. } => "Platform",
        })
    }
}

/// Which credentials a request carries.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Credentials {
    /// Those of the client.
    Usual,
    /// Of a platform client only the secret: its id stands in the path.
    #[cfg(feature = "platform")]
    SecretKey,
    /// None, whoever the client is.
    None,
}

impl Means {
    /// Adds the headers, and returns which tokens of a session they show.
    pub(crate) async fn sign(
        &self,
        client: &Client,
        credentials: Credentials,
        headers: &mut HeaderMap,
    ) -> Result<Option<u64>, Error> {
        if credentials == Credentials::None {
            return Ok(None);
        }
        match self {
            Self::None => Ok(None),
            Self::Bearer(token) => {
                headers.insert(AUTHORIZATION, bearer(token)?);
                Ok(None)
            }
            Self::Session(session) => {
                let (token, number) = session.current(client).await?;
                headers.insert(AUTHORIZATION, bearer(&token)?);
                Ok(Some(number))
            }
            Self::Platform { id, secret } => {
                if credentials == Credentials::Usual {
                    headers.insert(CLIENT_ID, value(id)?);
                }
                headers.insert(SECRET_KEY, hidden(secret::check(secret)?)?);
                Ok(None)
            }
        }
    }
}

fn bearer(token: &SecretString) -> Result<HeaderValue, Error> {
    hidden(&format!("Bearer {}", secret::check(token)?))
}

fn value(text: &str) -> Result<HeaderValue, Error> {
    let refused = || Error::new(Kind::Auth, "expected credentials of ASCII letters, got others");
    let text = Some(text).filter(|text| text.is_ascii()).ok_or_else(refused)?;
    HeaderValue::from_str(text).map_err(|_| refused())
}

pub(crate) fn hidden(text: &str) -> Result<HeaderValue, Error> {
    let mut value = value(text)?;
    value.set_sensitive(true);
    Ok(value)
}
