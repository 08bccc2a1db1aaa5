//! Who a client is.

use std::{fmt, future::Future, pin::Pin, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;

use crate::{
    Client,
    error::{Error, Kind},
};

pub(crate) const CLIENT_ID: HeaderName = HeaderName::from_static("x-cal-client-id");
pub(crate) const SECRET_KEY: HeaderName = HeaderName::from_static("x-cal-secret-key");

/// How long before its end a token is no longer used.
const MARGIN: TimeDelta = TimeDelta::seconds(30);

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
                headers.insert(SECRET_KEY, hidden(secret.expose_secret())?);
                Ok(None)
            }
        }
    }
}

fn bearer(token: &SecretString) -> Result<HeaderValue, Error> {
    if token.expose_secret().is_empty() {
        return Err(Error::new(Kind::Auth, "expected a key or token, got an empty one"));
    }
    hidden(&format!("Bearer {}", token.expose_secret()))
}

fn value(text: &str) -> Result<HeaderValue, Error> {
    let refused = "expected credentials of visible ASCII letters, got others";
    HeaderValue::from_str(text).map_err(|_| Error::new(Kind::Auth, refused))
}

pub(crate) fn hidden(text: &str) -> Result<HeaderValue, Error> {
    let mut value = value(text)?;
    value.set_sensitive(true);
    Ok(value)
}

/// An access token and what belongs to it.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// What requests show.
    pub access: SecretString,
    /// What gets the next tokens; every refresh gives a new one.
    pub refresh: Option<SecretString>,
    /// When the access token ends; an OAuth token lasts 30 minutes, a managed user's 60.
    pub expires_at: Option<DateTime<Utc>>,
}

impl Tokens {
    fn is_over(&self) -> bool {
        self.expires_at.is_some_and(|at| at - MARGIN <= Utc::now())
    }
}

/// Keeps the tokens of a session: implement it over your database.
///
/// Each refresh gives a new refresh token, and the old one may not work again: what is not saved is
/// lost with the process.
pub trait TokenStore: Send + Sync + 'static {
    /// Returns the tokens that were saved last, if others than this process may have done so.
    fn load(
        &self,
    ) -> impl Future<Output = Result<Option<Tokens>, Box<dyn std::error::Error + Send + Sync>>> + Send
    {
        async { Ok(None) }
    }

    /// Saves new tokens; the request that caused the refresh goes on when this has returned.
    fn save(
        &self,
        tokens: &Tokens,
    ) -> impl Future<Output = Result<(), Box<dyn std::error::Error + Send + Sync>>> + Send;
}

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
type AnyError = Box<dyn std::error::Error + Send + Sync>;

trait ErasedStore: Send + Sync {
    fn load(&self) -> Boxed<'_, Result<Option<Tokens>, AnyError>>;
    fn save<'a>(&'a self, tokens: &'a Tokens) -> Boxed<'a, Result<(), AnyError>>;
}

impl<S: TokenStore> ErasedStore for S {
    fn load(&self) -> Boxed<'_, Result<Option<Tokens>, AnyError>> {
        Box::pin(TokenStore::load(self))
    }

    fn save<'a>(&'a self, tokens: &'a Tokens) -> Boxed<'a, Result<(), AnyError>> {
        Box::pin(TokenStore::save(self, tokens))
    }
}

/// Who gives out new tokens.
pub(crate) enum Issuer {
    /// Cal.com's OAuth 2 server; public clients have no secret.
    OAuth { client_id: String, client_secret: Option<SecretString> },
    /// A platform client, for one of its managed users.
    #[cfg(feature = "platform")]
    Platform { client_id: String, secret: SecretString, user: cal_core::UserId },
}

/// Tokens that refresh themselves, once for all requests that need it.
///
/// They are refreshed shortly before they expire, and when the server answers 401 or 498; the
/// request is then sent once more. [`crate::oauth::OAuth::session`] and
/// [`ManagedUsers::session`](crate::managed_users::ManagedUsers::session) make one.
pub struct Session {
    issuer: Issuer,
    store: Option<Arc<dyn ErasedStore>>,
    state: Mutex<State>,
}

struct State {
    tokens: Tokens,
    /// Counts the tokens, so that whoever was refused knows whether there are newer ones.
    number: u64,
    /// Why the last refresh failed, for those who waited for it.
    failed: Option<(Error, tokio::time::Instant)>,
}

/// How long those who come after a refresh that failed get the same error.
const GRACE: std::time::Duration = std::time::Duration::from_secs(1);

impl Session {
    pub(crate) fn new(issuer: Issuer, tokens: Tokens) -> Self {
        let state = Mutex::new(State { tokens, number: 0, failed: None });
        Self { issuer, store: None, state }
    }

    /// Hands new tokens to a store.
    #[must_use]
    pub fn store(mut self, store: impl TokenStore) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// Returns a token that is valid as far as known, and its number.
    async fn current(self: &Arc<Self>, client: &Client) -> Result<(SecretString, u64), Error> {
        let (tokens, number) = {
            let state = self.state.lock().await;
            (state.tokens.clone(), state.number)
        };
        if !tokens.is_over() {
            return Ok((tokens.access, number));
        }
        self.renew(client, number).await?;
        let state = self.state.lock().await;
        Ok((state.tokens.access.clone(), state.number))
    }

    /// Gets new tokens, unless there are newer ones than those with this number.
    pub(crate) async fn renew(self: &Arc<Self>, client: &Client, number: u64) -> Result<(), Error> {
        let (session, client) = (Arc::clone(self), client.clone());
        // It goes on although nobody waits for it any more: tokens that were issued must be saved.
        let renewing = tokio::spawn(async move { session.renew_now(&client, number).await });
        renewing.await.unwrap_or_else(|error| {
            Err(Error::caused(Kind::Auth, "the token could not be refreshed", error))
        })
    }

    async fn renew_now(&self, client: &Client, number: u64) -> Result<(), Error> {
        let mut state = self.state.lock().await;
        if state.number != number {
            return Ok(());
        }
        if let Some((error, at)) = &state.failed
            && at.elapsed() < GRACE
        {
            return Err(error.clone());
        }
        match self.issue(client, &state.tokens).await {
            Ok((tokens, saved)) => {
                // They are the valid ones now, also when they could not be saved.
                *state = State { tokens, number: number + 1, failed: None };
                saved
            }
            Err(error) => {
                state.failed = Some((error.clone(), tokio::time::Instant::now()));
                Err(error)
            }
        }
    }

    /// Gets new tokens, and tells whether the store has them.
    async fn issue(
        &self,
        client: &Client,
        old: &Tokens,
    ) -> Result<(Tokens, Result<(), Error>), Error> {
        let failed = |error| Error::caused(Kind::Auth, "the token store failed", Failure(error));
        let Some(store) = &self.store else {
            return Ok((self.issuer.issue(client, old).await?, Ok(())));
        };
        if let Some(tokens) = store.load().await.map_err(failed)?
            && tokens.access.expose_secret() != old.access.expose_secret()
            && !tokens.is_over()
        {
            // Another process was here first.
            return Ok((tokens, Ok(())));
        }
        let tokens = self.issuer.issue(client, old).await?;
        let saved = store.save(&tokens).await.map_err(failed);
        Ok((tokens, saved))
    }
}

/// What a token store said.
#[derive(Debug)]
struct Failure(AnyError);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

impl Issuer {
    async fn issue(&self, client: &Client, old: &Tokens) -> Result<Tokens, Error> {
        let none = || Error::new(Kind::Auth, "the token expired, and there is no refresh token");
        match self {
            Self::OAuth { client_id, client_secret } => {
                let refresh = old.refresh.as_ref().ok_or_else(none)?;
                crate::oauth::refresh(client, client_id, client_secret.as_ref(), refresh).await
            }
            #[cfg(feature = "platform")]
            Self::Platform { client_id, secret, user } => {
                crate::managed_users::renew(client, client_id, secret, *user, old).await
            }
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}
