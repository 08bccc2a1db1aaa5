//! Tells the deliveries of Cal.com from everybody else's.

use std::fmt;

use bytes::Bytes;
use cal_core::Delivery;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

use crate::{
    SecretError,
    signature::{self, SIGNATURE_HEADER, Tag},
};

/// A webhook's key with its state prepared.
pub(crate) type Key = Hmac<Sha256>;

/// Verifies signatures with one secret, or with several while secrets are rotated.
///
/// Cal.com signs the raw body with HMAC-SHA256 and the secret's UTF-8 bytes; a secret that looks
/// like base64 is not decoded. The header holds 64 hexadecimal digits, without prefix or timestamp.
/// There is no unsigned mode: give the webhook a secret in Cal.com's settings.
///
/// ```
/// use cal_webhook::{Signer, Verifier};
///
/// let verifier = Verifier::new("new secret")?.or("old secret")?;
/// let signature = Signer::new("old secret")?.sign(b"{}");
/// assert!(verifier.verify("{}", &signature).is_ok());
/// assert!(verifier.verify("[]", &signature).is_err());
/// # Ok::<(), cal_webhook::SecretError>(())
/// ```
#[derive(Clone)]
pub struct Verifier {
    keys: Vec<Key>,
}

impl Verifier {
    /// Makes a verifier for a secret.
    ///
    /// # Errors
    ///
    /// Fails when the secret is empty or has white space around it.
    pub fn new(secret: impl Into<SecretString>) -> Result<Self, SecretError> {
        Ok(Self { keys: vec![key(secret)?] })
    }

    /// Accepts a further secret, for the time in which a webhook's secret changes.
    ///
    /// # Errors
    ///
    /// Fails when the secret is empty or has white space around it.
    pub fn or(mut self, secret: impl Into<SecretString>) -> Result<Self, SecretError> {
        self.keys.push(key(secret)?);
        Ok(self)
    }

    /// Verifies a body against the value of its signature header.
    ///
    /// All secrets are compared, in constant time and without an early exit.
    ///
    /// # Errors
    ///
    /// Fails when the signature is malformed, is Cal.com's word for a missing secret, or belongs to
    /// another body or secret.
    pub fn verify(
        &self,
        body: impl Into<Bytes>,
        signature: impl AsRef<[u8]>,
    ) -> Result<Verified, VerifyError> {
        self.check(body.into(), signature::parse(signature.as_ref())?)
    }

    /// Compares a tag with the tags that the secrets make.
    pub(crate) fn check(&self, body: Bytes, tag: Tag) -> Result<Verified, VerifyError> {
        let mut matched = Choice::from(0);
        let mut first = None;
        for key in &self.keys {
            let mut mac = key.clone();
            mac.update(&body);
            let made: Tag = mac.finalize().into_bytes().into();
            matched |= made.ct_eq(&tag);
            first.get_or_insert(made);
        }
        if bool::from(matched) {
            Ok(Verified { body, fingerprint: first.unwrap_or(tag) })
        } else {
            Err(VerifyError::Mismatch)
        }
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("secrets", &self.keys.len()).finish()
    }
}

/// Prepares the key of a secret.
pub(crate) fn key(secret: impl Into<SecretString>) -> Result<Key, SecretError> {
    let secret = SecretError::check(secret)?;
    // A key of any length will do.
    Key::new_from_slice(secret.expose_secret().as_bytes()).map_err(|_| SecretError::Empty)
}

/// A body whose signature was verified; only a [`Verifier`] makes one.
#[derive(Clone, Eq, PartialEq)]
pub struct Verified {
    body: Bytes,
    /// The tag that the first secret makes: equal for equal bodies, whichever secret signed them.
    fingerprint: Tag,
}

impl Verified {
    /// Returns the raw bytes.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Takes the raw bytes.
    #[must_use]
    pub fn into_body(self) -> Bytes {
        self.body
    }

    pub(crate) fn into_parts(self) -> (Bytes, Tag) {
        (self.body, self.fingerprint)
    }

    /// Reads the body; it never fails, see [`Delivery::parse`].
    #[must_use]
    pub fn parse(&self) -> Delivery {
        Delivery::parse(self.body.clone())
    }
}

/// Shows the size of the body instead of the body: it holds personal data.
impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified").field("size", &self.body.len()).finish()
    }
}

/// Why a signature was refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// More than one signature header came.
    #[error("expected one {SIGNATURE_HEADER} header, found several")]
    Doubled,
    /// The header is not 64 hexadecimal digits.
    #[error("expected 64 hexadecimal digits in {SIGNATURE_HEADER}, found {length} bytes")]
    Malformed {
        /// How many bytes the header has.
        length: usize,
    },
    /// The signature belongs to another body or another secret.
    #[error("the signature does not match the body; compare the secret on both sides")]
    Mismatch,
    /// No signature header came.
    #[error("expected a {SIGNATURE_HEADER} header, found none")]
    Missing,
    /// The webhook has no secret in Cal.com's settings.
    #[error("the webhook has no secret; set one in cal.com's webhook settings")]
    NoSecret,
}
