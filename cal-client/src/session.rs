//! Tokens that refresh themselves, and the store that keeps them.

use std::{fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::{ExposeSecret, SecretString};
use tokio::{sync::Mutex, time::Instant};
use tracing::Instrument as _;

#[cfg(feature = "platform")]
use crate::managed_users::ManagedUsers;
use crate::{
    Client, clock,
    error::{Error, Kind},
};

/// How long before its end a token is no longer used.
const MARGIN: TimeDelta = TimeDelta::seconds(30);

/// How long those who come after a refresh that failed get the same error.
const GRACE: Duration = Duration::from_secs(1);

/// How long after it was issued a token that is refused has not expired: others would be refused,
/// too. Cal.com also answers 401 to accounts that lack an organization.
const YOUTH: Duration = Duration::from_secs(60);

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
        self.expires_at.is_some_and(|at| at <= clock::now() + MARGIN)
    }
}

/// Keeps the tokens of a session: implement it over your database.
///
/// Each refresh gives a new refresh token, and the old one may not work again: what is not saved is
/// lost with the process.
pub trait TokenStore: Send + Sync + 'static {
    /// Returns the tokens that were saved last, if others than this process may have saved some.
    fn load(
        &self,
    ) -> impl Future<Output = Result<Option<Tokens>, Box<dyn std::error::Error + Send + Sync>>> + Send
    {
        async { Ok(None) }
    }

    /// Saves new tokens. Requests wait for it; when it fails they fail, too, and the next one tries
    /// to save them again.
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
    Platform { users: ManagedUsers, user: cal_core::UserId },
}

/// Tokens that refresh themselves, once for all requests that need it.
///
/// They are refreshed shortly before they expire, and when the server answers 401 or 498; the
/// request is then sent once more. [`OAuth::session`](crate::oauth::OAuth::session) makes one, and
/// so does `ManagedUsers::session` for the users of a platform client.
pub struct Session {
    issuer: Issuer,
    store: Option<Arc<dyn ErasedStore>>,
    state: Mutex<State>,
}

struct State {
    tokens: Tokens,
    /// Counts the tokens, so that whoever was refused knows whether there are newer ones.
    number: u64,
    /// When they were issued, if this session had that done.
    issued: Option<Instant>,
    /// Whether the store has them.
    is_saved: bool,
    /// Why the last refresh failed, for those who waited for it.
    failed: Option<(Error, Instant)>,
}

impl Session {
    pub(crate) fn new(issuer: Issuer, tokens: Tokens) -> Self {
        let state = State { tokens, number: 0, issued: None, is_saved: true, failed: None };
        Self { issuer, store: None, state: Mutex::new(state) }
    }

    /// Hands new tokens to a store; those that the session begins with are yours to save.
    #[must_use]
    pub fn store(mut self, store: impl TokenStore) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// Returns a token that is valid as far as known, and its number.
    pub(crate) async fn current(
        self: &Arc<Self>,
        client: &Client,
    ) -> Result<(SecretString, u64), Error> {
        let spent = {
            let state = self.state.lock().await;
            let is_over = state.tokens.is_over();
            if !is_over && state.is_saved {
                return Ok((state.tokens.access.clone(), state.number));
            }
            is_over.then_some(state.number)
        };
        self.renew(client, spent).await?;
        let state = self.state.lock().await;
        Ok((state.tokens.access.clone(), state.number))
    }

    /// Takes notice that tokens were refused, and returns whether there are others to try.
    pub(crate) async fn refused(
        self: &Arc<Self>,
        client: &Client,
        number: u64,
    ) -> Result<bool, Error> {
        let is_young = {
            let state = self.state.lock().await;
            state.number == number && state.issued.is_some_and(|at| at.elapsed() < YOUTH)
        };
        if !is_young {
            self.renew(client, Some(number)).await?;
        }
        Ok(!is_young)
    }

    /// Gets new tokens, unless there are newer ones than those that are spent, and has them saved.
    async fn renew(self: &Arc<Self>, client: &Client, spent: Option<u64>) -> Result<(), Error> {
        let (session, client) = (Arc::clone(self), client.clone());
        // It goes on although nobody waits for it any more: tokens that were issued must be saved.
        let renewing = async move { session.renew_now(&client, spent).await };
        tokio::spawn(renewing.in_current_span()).await.unwrap_or_else(|error| {
            Err(Error::caused(Kind::Auth, "the token could not be refreshed", error))
        })
    }

    async fn renew_now(&self, client: &Client, spent: Option<u64>) -> Result<(), Error> {
        let mut state = self.state.lock().await;
        let is_spent = spent == Some(state.number);
        if !is_spent && state.is_saved {
            return Ok(());
        }
        if let Some((error, at)) = &state.failed
            && at.elapsed() < GRACE
        {
            return Err(error.clone());
        }
        let result = self.catch_up(client, &mut state, is_spent).await;
        state.failed = result.as_ref().err().map(|error| (error.clone(), Instant::now()));
        result
    }

    async fn catch_up(
        &self,
        client: &Client,
        state: &mut State,
        is_spent: bool,
    ) -> Result<(), Error> {
        if is_spent {
            (state.tokens, state.is_saved) = self.next(client, state).await?;
            // They are the valid ones now, also when they cannot be saved.
            state.number += 1;
            state.issued = (!state.is_saved).then(Instant::now);
        }
        if let Some(store) = &self.store
            && !state.is_saved
        {
            store.save(&state.tokens).await.map_err(unstored)?;
        }
        state.is_saved = true;
        Ok(())
    }

    /// Returns new tokens, and whether the store has them.
    async fn next(&self, client: &Client, state: &State) -> Result<(Tokens, bool), Error> {
        // As long as the last ones are not saved, the store only has older ones.
        let stored = if state.is_saved { self.stored(&state.tokens).await? } else { None };
        let last = match &stored {
            // Another process was here first.
            Some(stored) if !stored.is_over() => return Ok((stored.clone(), true)),
            Some(stored) => stored,
            None => &state.tokens,
        };
        match self.issuer.issue(client, last).await {
            Ok(tokens) => Ok((tokens, false)),
            // Another process may just have used the same refresh token.
            Err(error) if error.is_auth() && state.is_saved => match self.stored(last).await? {
                Some(stored) if !stored.is_over() => Ok((stored, true)),
                _ => Err(error),
            },
            Err(error) => Err(error),
        }
    }

    /// Returns the tokens in the store if they are others than these.
    async fn stored(&self, than: &Tokens) -> Result<Option<Tokens>, Error> {
        let Some(store) = &self.store else { return Ok(None) };
        let stored = store.load().await.map_err(unstored)?;
        let is_other =
            |tokens: &Tokens| tokens.access.expose_secret() != than.access.expose_secret();
        Ok(stored.filter(is_other))
    }
}

fn unstored(error: AnyError) -> Error {
    Error::caused(Kind::Store, "the token store failed", error)
}

impl Issuer {
    /// Gets the next tokens. The future has a type, because requests refresh tokens by requests.
    fn issue<'a>(
        &'a self,
        client: &'a Client,
        last: &'a Tokens,
    ) -> Boxed<'a, Result<Tokens, Error>> {
        Box::pin(async move {
            match self {
                Self::OAuth { client_id, client_secret } => {
                    let text = "the token expired, and there is no refresh token";
                    let refresh =
                        last.refresh.as_ref().ok_or_else(|| Error::new(Kind::Auth, text))?;
                    crate::oauth::refresh(client, client_id, client_secret.as_ref(), refresh).await
                }
                #[cfg(feature = "platform")]
                Self::Platform { users, user } => users.renew(*user, last.refresh.as_ref()).await,
            }
        })
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}
