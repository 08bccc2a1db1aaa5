//! Links that prove that we made them: signed, for one purpose, until a time.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use cal_store::SqlStore;
use cal_webhook::StoreError;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// Longer ones are not even decoded.
const LENGTH: usize = 1024;

/// Keeps these tags apart from all others that the same key may make.
const CONTEXT: &[u8] = b"cal-hooks link 1\0";

/// An HMAC-SHA256 tag.
const TAG: usize = 32;

/// What a link is for; a token of one purpose is none of another.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Purpose {
    /// Rating a meeting.
    Feedback,
    /// Wanting no more mails.
    Unsubscribe,
}

/// Signs and reads the tokens of links.
///
/// A token is base64url without padding (RFC 4648) of the purpose, the second of its expiry, the
/// subject and an HMAC-SHA256 of these. Whoever has it can read its subject, and change nothing.
///
/// ```
/// use cal_hooks::token::{Purpose, TokenError, Tokens};
/// use chrono::{DateTime, TimeDelta};
///
/// let tokens = Tokens::new("a key of the tests".into());
/// let now = DateTime::UNIX_EPOCH;
/// let token = tokens.sign(Purpose::Feedback, "a booking", now + TimeDelta::days(30));
/// assert_eq!(tokens.open(Purpose::Feedback, &token, now).as_deref(), Ok("a booking"));
/// assert_eq!(tokens.open(Purpose::Unsubscribe, &token, now), Err(TokenError::Forged));
/// ```
#[derive(Clone, Debug)]
pub struct Tokens {
    key: SecretString,
}

/// Why a token is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// It is no token of ours, or of another purpose.
    #[error("expected a token that this site has signed")]
    Forged,
    /// Its time is up.
    #[error("the token has expired")]
    Expired,
}

impl Purpose {
    fn number(self) -> u8 {
        match self {
            Self::Feedback => 1,
            Self::Unsubscribe => 2,
        }
    }
}

impl Tokens {
    /// Signs with a key; keep it as long as links shall work.
    ///
    /// Take 32 random bytes or more, written in whatever way. A blank key is none: what it signs is
    /// refused.
    #[must_use]
    pub fn new(key: SecretString) -> Self {
        Self { key }
    }

    /// Signs with the key that a store keeps: made at random when it is first asked for.
    ///
    /// # Errors
    ///
    /// Fails when the database is out of reach.
    pub async fn of(store: &SqlStore) -> Result<Self, StoreError> {
        Ok(Self::new(store.key("links").await?.into()))
    }

    /// Makes the token of a subject, such as a booking's uid; it holds nothing else.
    ///
    /// The same subject and expiry, in whole seconds, make the same token. A subject of more than
    /// 700 bytes makes one that is refused.
    #[must_use]
    pub fn sign(&self, purpose: Purpose, subject: &str, expires_at: DateTime<Utc>) -> String {
        let mut bytes = vec![purpose.number()];
        bytes.extend(expires_at.timestamp().to_be_bytes());
        bytes.extend(subject.as_bytes());
        let tag = self.tag(&bytes).unwrap_or_default();
        bytes.extend(tag);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a token and returns its subject.
    ///
    /// # Errors
    ///
    /// Fails when this site has not signed it for this purpose, or when it has expired.
    pub fn open(
        &self,
        purpose: Purpose,
        token: &str,
        now: DateTime<Utc>,
    ) -> Result<String, TokenError> {
        if token.len() > LENGTH {
            return Err(TokenError::Forged);
        }
        let (expires_at, subject) = self.read(purpose, token).ok_or(TokenError::Forged)?;
        if now.timestamp() >= expires_at {
            return Err(TokenError::Expired);
        }
        Ok(subject)
    }

    /// Nothing of the token is believed before its tag.
    fn read(&self, purpose: Purpose, token: &str) -> Option<(i64, String)> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (signed, tag) = bytes.split_last_chunk::<TAG>()?;
        if !bool::from(self.tag(signed)?.ct_eq(tag)) {
            return None;
        }
        let (number, signed) = signed.split_first()?;
        let (expires_at, subject) = signed.split_first_chunk::<8>()?;
        let subject = str::from_utf8(subject).ok()?.to_owned();
        (*number == purpose.number()).then_some((i64::from_be_bytes(*expires_at), subject))
    }

    /// Of a blank key there is no tag.
    fn tag(&self, bytes: &[u8]) -> Option<[u8; TAG]> {
        let key = self.key.expose_secret();
        if key.trim().is_empty() {
            return None;
        }
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).ok()?;
        mac.update(CONTEXT);
        mac.update(bytes);
        Some(mac.finalize().into_bytes().into())
    }
}
