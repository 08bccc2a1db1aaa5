//! The client and how it is set up.

use std::{fmt, sync::Arc, time::Duration};

use reqwest::{Url, redirect};
use secrecy::SecretString;

use crate::{
    auth::Auth,
    error::{Error, Kind},
    request::At,
    retry::{Budget, RetryPolicy},
    session::Session,
};

/// Cal.com's API in the United States; unless another one is set, this is it.
pub const US: &str = "https://api.cal.com";

/// Cal.com's API in the European Union.
pub const EU: &str = "https://api.cal.eu";

/// How long a connection may take to come about: without one, a request may be sent again.
const CONNECT: Duration = Duration::from_secs(10);

/// A client of Cal.com's API v2; cheap to clone, and made to be shared.
///
/// Operations stand in handles by scope: [`Client::bookings`] has those of the account,
/// [`Client::team`] and [`Client::org`] lead to those of teams and organizations. What a scope lacks
/// does not compile.
///
/// ```no_run
/// # async fn example() -> Result<(), cal_client::Error> {
/// let client = cal_client::Client::new("cal_live_...")?;
/// let me = client.me().get().await?;
/// println!("{} in {}", me.username.unwrap_or_default(), me.time_zone.unwrap_or_default());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) http: reqwest::Client,
    base: Url,
    pub(crate) auth: Auth,
    pub(crate) retry: RetryPolicy,
    pub(crate) budget: Budget,
    pub(crate) timeout: Duration,
    pub(crate) longest: usize,
}

impl Client {
    /// Makes a client for Cal.com with an API key.
    ///
    /// # Errors
    ///
    /// Fails when the system's certificates cannot be used.
    pub fn new(api_key: impl Into<SecretString>) -> Result<Self, Error> {
        Self::builder().auth(Auth::api_key(api_key)).build()
    }

    /// Sets a client up: other credentials, another server, other patience.
    pub fn builder() -> ClientBuilder {
        ClientBuilder {
            base: US.to_owned(),
            auth: Auth::none(),
            retry: RetryPolicy::default(),
            timeout: Duration::from_secs(30),
            longest: 16 << 20,
            http: reqwest::Client::builder().connect_timeout(CONNECT),
        }
    }

    /// Returns a client with other credentials, over the same connections.
    #[must_use]
    pub fn with_auth(&self, auth: Auth) -> Self {
        let inner = &*self.0;
        Self(Arc::new(Inner {
            http: inner.http.clone(),
            base: inner.base.clone(),
            auth,
            retry: inner.retry.clone(),
            budget: Budget::default(),
            timeout: inner.timeout,
            longest: inner.longest,
        }))
    }

    /// Returns a client that uses a session, over the same connections.
    #[must_use]
    pub fn with_session(&self, session: Session) -> Self {
        self.with_auth(Auth::session(session))
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }

    pub(crate) fn at(&self) -> At {
        At::root(self)
    }

    pub(crate) fn url(&self, path: &str, query: &[(String, String)]) -> Result<Url, Error> {
        let base = &self.0.base;
        let mut url = base.clone();
        url.set_path(&format!("{}{path}", base.path().trim_end_matches('/')));
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (base, auth) = (self.0.base.as_str(), &self.0.auth);
        f.debug_struct("Client").field("base", &base).field("auth", auth).finish_non_exhaustive()
    }
}

/// Sets a [`Client`] up.
#[derive(Debug)]
#[must_use]
pub struct ClientBuilder {
    base: String,
    auth: Auth,
    retry: RetryPolicy,
    timeout: Duration,
    longest: usize,
    http: reqwest::ClientBuilder,
}

impl ClientBuilder {
    /// How the client proves who it is; nothing unless set.
    pub fn auth(mut self, auth: Auth) -> Self {
        self.auth = auth;
        self
    }

    /// Where the API is: [`US`], [`EU`] or your own server, without `/v2`.
    ///
    /// A path is kept: `https://cal.example.org/api` has bookings at `/api/v2/bookings`, which
    /// self-hosted servers know, too.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base = url.into();
        self
    }

    /// What is sent again, and for how long.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// How long one try may take, with its answer; 30 seconds unless set.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How many bytes of an answer are read; 16 MiB unless set.
    pub fn max_answer(mut self, bytes: usize) -> Self {
        self.longest = bytes;
        self
    }

    /// Changes how connections are made: proxies, certificates, pool sizes.
    ///
    /// Redirects are never followed, whatever is set here: they would carry the credentials along.
    pub fn connections(
        mut self,
        change: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder,
    ) -> Self {
        self.http = change(self.http);
        self
    }

    /// Makes the client.
    ///
    /// # Errors
    ///
    /// Fails when the address is none, and when the system's certificates cannot be used.
    pub fn build(self) -> Result<Client, Error> {
        let refused = "expected an address such as https://api.cal.com";
        let base =
            Url::parse(&self.base).map_err(|error| Error::caused(Kind::Request, refused, error))?;
        let is_plain = base.username().is_empty() && base.password().is_none();
        if !matches!(base.scheme(), "http" | "https") || base.cannot_be_a_base() || !is_plain {
            return Err(Error::new(Kind::Request, refused));
        }
        self.auth.check()?;
        let unusable = |error| Error::caused(Kind::Connect, "no connections can be made", error);
        let http = self
            .http
            .redirect(redirect::Policy::none())
            .tls_backend_preconfigured(crate::tls::config()?)
            .build()
            .map_err(unusable)?;
        Ok(Client(Arc::new(Inner {
            http,
            base,
            auth: self.auth,
            retry: self.retry,
            budget: Budget::default(),
            timeout: self.timeout,
            longest: self.longest,
        })))
    }
}
