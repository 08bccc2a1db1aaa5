//! OAuth 2: apps that other Cal.com users sign in to.
//!
//! ```no_run
//! # async fn example(client: cal_client::Client, code: &str) -> Result<(), cal_client::Error> {
//! use cal_client::oauth::{self, OAuth, Scope};
//!
//! let app = OAuth::new("client-id", "https://app.example.org/callback").secret("client-secret");
//! // The browser goes to this address, and keep `state` for when it comes back.
//! let state = oauth::state()?;
//! let authorization = app.authorize([Scope::BOOKING_READ, Scope::PROFILE_READ], &state)?;
//! println!("{}", authorization.url);
//!
//! // It came back with the same state and a code.
//! let tokens = app.exchange(&client, code, authorization.verifier.as_ref()).await?;
//! let theirs = client.with_session(app.session(tokens));
//! println!("{}", theirs.me().get().await?.email);
//! # Ok(())
//! # }
//! ```

use std::borrow::Cow;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use url::Url;

use crate::{
    Client,
    auth::Credentials,
    clock,
    error::{Error, Kind},
    request::Request,
    secret,
    session::{Issuer, Session, Tokens},
    wire::{open_enum, or_default},
};

/// The app in the United States; unless another one is set, people sign in here.
pub const US: &str = "https://app.cal.com";

/// The app in the European Union, beside [`crate::EU`].
pub const EU: &str = "https://app.cal.eu";

/// An app that is registered with Cal.com, and what its users do with it: sign in.
///
/// With a secret it is what Cal.com calls a confidential client, else a public one, which proves
/// with a verifier that it is the one that began (PKCE).
#[derive(Clone, Debug)]
#[must_use]
pub struct OAuth {
    client_id: String,
    client_secret: Option<SecretString>,
    redirect_uri: String,
    app: String,
}

/// Where to send a browser, and what to keep until it comes back.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Authorization {
    /// The address where the user is asked.
    pub url: String,
    /// What [`OAuth::exchange`] needs, too; only apps without a secret have one.
    pub verifier: Option<SecretString>,
}

impl OAuth {
    /// Describes an app by its client id and the address where users come back to, which must be
    /// the registered one.
    pub fn new(client_id: impl Into<String>, redirect_uri: impl Into<String>) -> Self {
        Self {
            client_id: client_id.into(),
            client_secret: None,
            redirect_uri: redirect_uri.into(),
            app: US.to_owned(),
        }
    }

    /// Sets the client secret, which apps on servers have.
    pub fn secret(mut self, client_secret: impl Into<SecretString>) -> Self {
        self.client_secret = Some(client_secret.into());
        self
    }

    /// Sets where users sign in: [`US`], [`EU`] or the address of your own Cal.com. This is not the
    /// address of the API.
    pub fn app_url(mut self, url: impl Into<String>) -> Self {
        self.app = url.into();
        self
    }

    /// Returns where to send a browser, for a state such as [`state`] makes.
    ///
    /// The user comes back to the redirect URI with `code` and `state`, or with `error` and `state`:
    /// go on only if the state is the one that this browser was sent away with.
    ///
    /// # Errors
    ///
    /// Fails when the app's address is none, and when the system has no random bytes.
    pub fn authorize(
        &self,
        scopes: impl IntoIterator<Item = Scope>,
        state: &str,
    ) -> Result<Authorization, Error> {
        let refused = "expected the app at an address such as https://app.cal.com";
        let address = format!("{}/auth/oauth2/authorize", self.app.trim_end_matches('/'));
        let mut url =
            Url::parse(&address).map_err(|error| Error::caused(Kind::Request, refused, error))?;
        if !matches!(url.scheme(), "http" | "https") || url.query().is_some() {
            return Err(Error::new(Kind::Request, refused));
        }
        let scopes: Vec<_> = scopes.into_iter().map(|scope| scope.0).collect();
        // Cal.com takes no verifier together with a secret.
        let verifier = match self.client_secret {
            Some(_) => None,
            None => Some(SecretString::from(random()?)),
        };
        let mut query = url.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.client_id)
            .append_pair("redirect_uri", &self.redirect_uri)
            .append_pair("state", state);
        if !scopes.is_empty() {
            query.append_pair("scope", &scopes.join(" "));
        }
        if let Some(verifier) = &verifier {
            query
                .append_pair("code_challenge", &challenge(verifier))
                .append_pair("code_challenge_method", "S256");
        }
        drop(query);
        Ok(Authorization { url: url.into(), verifier })
    }

    /// Exchanges the code that a user came back with, for tokens; a code works once.
    ///
    /// # Errors
    ///
    /// Fails when a verifier is given to an app with a secret, or none to one without, and as every
    /// request does; [`Error::code`] is one of OAuth's, such as `invalid_grant`.
    pub async fn exchange(
        &self,
        client: &Client,
        code: &str,
        verifier: Option<&SecretString>,
    ) -> Result<Tokens, Error> {
        let proof = match (&self.client_secret, verifier) {
            (Some(secret), None) => ("client_secret", secret::check(secret)?),
            (None, Some(verifier)) => ("code_verifier", verifier.expose_secret()),
            _ => {
                let text = "expected either a client secret or a verifier";
                return Err(Error::new(Kind::Request, text));
            }
        };
        let fields = [
            ("client_id", &*self.client_id),
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.redirect_uri),
            proof,
        ];
        token(client).form(&fields).bare::<Issued>().await.map(Tokens::from)
    }

    /// Gets new tokens for a refresh token, which lasts 30 days. A [`Session`] does that by itself.
    ///
    /// # Errors
    ///
    /// Fails as every request does, with `invalid_grant` as [`Error::code`] when the user has to
    /// sign in again; see [`Error`].
    pub async fn refresh(&self, client: &Client, refresh: &SecretString) -> Result<Tokens, Error> {
        self::refresh(client, &self.client_id, self.client_secret.as_ref(), refresh).await
    }

    /// Makes a session of tokens, for [`Client::with_session`].
    #[must_use]
    pub fn session(&self, tokens: Tokens) -> Session {
        let (client_id, client_secret) = (self.client_id.clone(), self.client_secret.clone());
        Session::new(Issuer::OAuth { client_id, client_secret }, tokens)
    }

    /// Returns what Cal.com knows about the app.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn info(&self, client: &Client) -> Result<AppInfo, Error> {
        let at = client.at().credentials(Credentials::None);
        at.get("/auth/oauth2/clients/{}", &[&self.client_id]).data().await
    }
}

/// Makes a state that nobody can guess, for [`OAuth::authorize`].
///
/// # Errors
///
/// Fails when the system has no random bytes.
pub fn state() -> Result<String, Error> {
    random()
}

/// Gets the next tokens for a refresh token.
pub(crate) async fn refresh(
    client: &Client,
    client_id: &str,
    client_secret: Option<&SecretString>,
    refresh: &SecretString,
) -> Result<Tokens, Error> {
    let mut fields = vec![
        ("client_id", client_id),
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh.expose_secret()),
    ];
    // A public client has none, and an empty one would be wrong.
    let client_secret = client_secret.map(secret::check).transpose()?;
    fields.extend(client_secret.map(|secret| ("client_secret", secret)));
    let mut tokens = Tokens::from(token(client).form(&fields).bare::<Issued>().await?);
    // OAuth lets servers leave it out when it stays the same.
    tokens.refresh.get_or_insert_with(|| refresh.clone());
    Ok(tokens)
}

fn token(client: &Client) -> Request {
    client.at().post("/auth/oauth2/token", &[]).credentials(Credentials::None)
}

/// Makes 32 random bytes, as 43 letters and digits of an address.
fn random() -> Result<String, Error> {
    let mut bytes = [0; 32];
    let source = rustls::crypto::ring::default_provider().secure_random;
    let failed = |_| Error::new(Kind::Request, "the system has no random bytes");
    source.fill(&mut bytes).map_err(failed)?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// Returns what is shown of a verifier at the beginning (RFC 7636, `S256`).
fn challenge(verifier: &SecretString) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.expose_secret()))
}

/// Tokens as they are issued, which have no envelope (`OAuth2TokensDto`).
#[derive(Deserialize)]
struct Issued {
    #[serde(deserialize_with = "secret::read")]
    access_token: SecretString,
    #[serde(default, deserialize_with = "secret::read_some")]
    refresh_token: Option<SecretString>,
    /// Seconds.
    expires_in: Option<f64>,
}

impl From<Issued> for Tokens {
    fn from(issued: Issued) -> Self {
        // Nothing lasts longer than these seconds, a hundred years.
        let seconds = issued.expires_in.map(|seconds| seconds.clamp(0.0, 3.2e9) as i64);
        Self {
            access: issued.access_token,
            refresh: issued.refresh_token,
            expires_at: seconds.map(|seconds| clock::now() + TimeDelta::seconds(seconds)),
        }
    }
}

/// What Cal.com knows about an app (`OAuth2ClientDto`).
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
pub struct AppInfo {
    /// The client id.
    pub client_id: String,
    /// The name that users see when they are asked.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// The address of a picture.
    pub logo: Option<String>,
    /// Where users come back to.
    pub redirect_uri: Option<String>,
    /// All addresses where users may come back to; newer servers have several.
    #[serde(default, deserialize_with = "or_default")]
    pub redirect_uris: Vec<String>,
    /// Whether users are not asked.
    #[serde(default, deserialize_with = "or_default")]
    pub is_trusted: bool,
    /// Whether it has a secret.
    pub client_type: Option<AppKind>,
}

open_enum! {
    /// Whether an app has a secret.
    pub enum AppKind {
        /// It has, on a server.
        Confidential = "CONFIDENTIAL",
        /// It has none, as on a phone.
        Public = "PUBLIC",
    }
}

/// What an app may do, such as `BOOKING_READ`.
///
/// The constants are for the account of the user; [`Scope::of_team`] and [`Scope::of_org`] make the
/// same of teams and organizations. Cal.com adds scopes, so others can be made of their spelling.
/// The names come from Cal.com's own clients; self-hosted servers may know fewer.
///
/// ```
/// use cal_client::oauth::Scope;
///
/// assert_eq!(Scope::BOOKING_READ.as_str(), "BOOKING_READ");
/// assert_eq!(Scope::BOOKING_READ.of_team().as_str(), "TEAM_BOOKING_READ");
/// assert_eq!(Scope::from("ORG_WORKFLOW_WRITE").as_str(), "ORG_WORKFLOW_WRITE");
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Scope(Cow<'static, str>);

macro_rules! scopes {
    ($( $(#[doc = $doc:literal])* $name:ident, )+) => {
        impl Scope {
            $( $(#[doc = $doc])* pub const $name: Self = Self(Cow::Borrowed(stringify!($name))); )+
        }
    };
}

scopes! {
    /// Reads event types.
    EVENT_TYPE_READ,
    /// Changes event types.
    EVENT_TYPE_WRITE,
    /// Reads bookings.
    BOOKING_READ,
    /// Makes and changes bookings.
    BOOKING_WRITE,
    /// Reads schedules.
    SCHEDULE_READ,
    /// Changes schedules.
    SCHEDULE_WRITE,
    /// Reads connected apps and calendars.
    APPS_READ,
    /// Connects apps and calendars.
    APPS_WRITE,
    /// Reads the profile.
    PROFILE_READ,
    /// Changes the profile.
    PROFILE_WRITE,
    /// Reads webhooks.
    WEBHOOK_READ,
    /// Changes webhooks.
    WEBHOOK_WRITE,
    /// Reads verified addresses and numbers.
    VERIFIED_RESOURCES_READ,
    /// Verifies addresses and numbers.
    VERIFIED_RESOURCES_WRITE,
    /// Reads credits.
    CREDITS_READ,
    /// Spends credits.
    CREDITS_WRITE,
    /// Reads insights.
    INSIGHTS_READ,
}

impl Scope {
    /// Returns the spelling that Cal.com uses.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the same for the user's teams.
    #[must_use]
    pub fn of_team(&self) -> Self {
        Self(format!("TEAM_{}", self.0).into())
    }

    /// Returns the same for the user's organization.
    #[must_use]
    pub fn of_org(&self) -> Self {
        Self(format!("ORG_{}", self.0).into())
    }
}

impl From<&str> for Scope {
    fn from(scope: &str) -> Self {
        Self(scope.to_owned().into())
    }
}

impl From<String> for Scope {
    fn from(scope: String) -> Self {
        Self(scope.into())
    }
}
