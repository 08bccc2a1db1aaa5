//! Users that a platform client manages (deprecated by Cal.com, and closed to new customers).

use cal_core::UserId;
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use crate::{
    error::Error,
    id::ScheduleId,
    list::List,
    me::{UpdateProfile, Weekday},
    request::At,
    scope::Platform,
    secret,
    session::{Issuer, Session, Tokens},
    wire::{input, or_default},
};

/// The users that a platform client manages, [`Platform::managed_users`]. Cal.com deprecates them.
///
/// ```no_run
/// # async fn example() -> Result<(), cal_client::Error> {
/// use cal_client::{Auth, Client, managed_users::NewManagedUser};
///
/// let client = Client::builder().auth(Auth::platform("client-id", "secret")).build()?;
/// let users = client.platform("client-id").managed_users();
/// let made = users.create(&NewManagedUser::new("ann@example.org", "Ann")).await?;
/// let ann = client.with_session(users.session(made.user.id, made.tokens));
/// println!("{}", ann.me().get().await?.email);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ManagedUsers {
    at: At,
    /// Where tokens are refreshed, which is elsewhere.
    tokens: At,
}

impl Platform {
    /// Returns the handler of the platform client's users.
    #[must_use]
    pub fn managed_users(&self) -> ManagedUsers {
        ManagedUsers { at: self.at.clone(), tokens: self.tokens.clone() }
    }
}

impl ManagedUsers {
    /// Lists the users; the server shows the first 500, or those that are asked for by
    /// [`emails`](List::emails).
    pub fn list(&self) -> List<ManagedUser, Platform> {
        self.at.get("/users", &[]).list().by_offset()
    }

    /// Makes a user.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn create(&self, new: &NewManagedUser) -> Result<MadeManagedUser, Error> {
        self.at.post("/users", &[]).json(new).data().await
    }

    /// Returns a user.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn get(&self, user: impl Into<UserId>) -> Result<ManagedUser, Error> {
        self.at.get("/users/{}", &[&user.into()]).data().await
    }

    /// Changes a user.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn update(
        &self,
        user: impl Into<UserId>,
        update: &UpdateProfile,
    ) -> Result<ManagedUser, Error> {
        self.at.patch("/users/{}", &[&user.into()]).json(update).data().await
    }

    /// Deletes a user, and returns what it was.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn delete(&self, user: impl Into<UserId>) -> Result<ManagedUser, Error> {
        self.at.delete("/users/{}", &[&user.into()]).data().await
    }

    /// Gets new tokens for a refresh token, which ends with that. A [`Session`] does it by itself.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn refresh(&self, refresh: &SecretString) -> Result<ManagedTokens, Error> {
        let body = json!({ "refreshToken": refresh.expose_secret() });
        self.tokens.post("/refresh", &[]).json(&body).data().await
    }

    /// Gets new tokens for a user whose tokens are lost.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn force_refresh(&self, user: impl Into<UserId>) -> Result<ManagedTokens, Error> {
        self.at.post("/users/{}/force-refresh", &[&user.into()]).data().await
    }

    /// Makes a session of a user's tokens, for [`Client::with_session`](crate::Client::with_session).
    ///
    /// It gets new tokens as the platform client: with the refresh token, or without one if need be.
    #[must_use]
    pub fn session(&self, user: impl Into<UserId>, tokens: impl Into<Tokens>) -> Session {
        Session::new(Issuer::Platform { users: self.clone(), user: user.into() }, tokens.into())
    }

    /// Gets a user's next tokens.
    pub(crate) async fn renew(
        &self,
        user: UserId,
        refresh: Option<&SecretString>,
    ) -> Result<Tokens, Error> {
        if let Some(refresh) = refresh {
            match self.refresh(refresh).await {
                Ok(tokens) => return Ok(tokens.into()),
                // It is over or unknown; the platform client can do without.
                Err(error) if matches!(error.status(), Some(400..=404 | 498)) => {}
                Err(error) => return Err(error),
            }
        }
        self.force_refresh(user).await.map(Tokens::from)
    }
}

impl List<ManagedUser, Platform> {
    /// Only users with these e-mail addresses.
    pub fn emails(self, emails: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.map(|request| request.query_list("emails", emails.into_iter().map(Into::into)))
    }
}

/// A managed user (`ManagedUserOutput`).
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct ManagedUser {
    /// The user's number.
    pub id: UserId,
    /// The e-mail address: the one that was given, with the client's id after a `+`.
    #[serde(default, deserialize_with = "or_default")]
    pub email: String,
    /// The name in addresses.
    pub username: Option<String>,
    /// The name that guests see.
    pub name: Option<String>,
    /// What is said about the user.
    pub bio: Option<String>,
    /// The IANA name of the time zone.
    pub time_zone: Option<String>,
    /// The day on which a week begins.
    pub week_start: Option<Weekday>,
    /// When the user was made.
    pub created_date: Option<DateTime<Utc>>,
    /// 12 or 24 hours.
    pub time_format: Option<i64>,
    /// The schedule of event types that have none of their own.
    pub default_schedule_id: Option<ScheduleId>,
    /// The language, such as `de` or `pt-BR`.
    pub locale: Option<String>,
    /// The address of a picture.
    pub avatar_url: Option<String>,
    /// Data of your own.
    pub metadata: Option<Map<String, Value>>,
}

/// A user that was made, and the tokens to act as that user (`CreateManagedUserData`).
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct MadeManagedUser {
    /// The user.
    pub user: ManagedUser,
    /// The tokens; save them.
    #[serde(flatten)]
    pub tokens: ManagedTokens,
}

/// Tokens of a managed user (`KeysDto`).
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct ManagedTokens {
    /// What requests show.
    #[serde(deserialize_with = "secret::read")]
    pub access_token: SecretString,
    /// What gets the next tokens.
    #[serde(default, deserialize_with = "secret::read_some")]
    pub refresh_token: Option<SecretString>,
    /// When the access token ends: an hour after it was issued, or a little less.
    #[serde(default, deserialize_with = "milliseconds")]
    pub access_token_expires_at: Option<DateTime<Utc>>,
    /// When the refresh token ends: a year after it was issued.
    #[serde(default, deserialize_with = "milliseconds")]
    pub refresh_token_expires_at: Option<DateTime<Utc>>,
}

impl From<ManagedTokens> for Tokens {
    fn from(tokens: ManagedTokens) -> Self {
        Self {
            access: tokens.access_token,
            refresh: tokens.refresh_token,
            expires_at: tokens.access_token_expires_at,
        }
    }
}

/// Reads milliseconds since 1970; no time is too far away to be read, but then it is none.
fn milliseconds<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<DateTime<Utc>>, D::Error> {
    let number: Option<f64> = Option::deserialize(deserializer)?;
    Ok(number.and_then(|number| DateTime::from_timestamp_millis(number as i64)))
}

input! {
    /// A managed user to make.
    pub struct NewManagedUser {
        required {
            /// The e-mail address.
            email: String,
            /// The name that guests see.
            name: String,
        }
        optional {
            /// Sets 12 or 24 hours.
            time_format: u8,
            /// Sets the day on which a week begins.
            week_start: Weekday,
            /// Sets the time zone, by its IANA name. Without one the user has no schedule, and
            /// cannot be booked until there is one.
            time_zone: String,
            /// Sets the language, such as `de` or `pt-BR`.
            locale: String,
            /// Sets the address of a picture.
            avatar_url: String,
            /// Sets what is said about the user.
            bio: String,
            /// Sets data of your own: at most 50 keys of 40 characters, values of 500.
            metadata: Map<String, Value>,
        }
    }
}
