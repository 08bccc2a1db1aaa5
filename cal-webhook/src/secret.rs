//! Secrets are checked before they are used.

use secrecy::{ExposeSecret, SecretString};

/// A text cannot be a secret.
///
/// ```
/// use cal_webhook::{SecretError, Verifier};
///
/// // As a file gives it that ends with a line break.
/// assert_eq!(Verifier::new("secret\n").unwrap_err(), SecretError::Padded);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// It is empty or blank.
    #[error("expected a secret, got none; set the one that the other side has")]
    Empty,
    /// White space stands before or behind it, as from a file or a form, and would be part of it.
    #[error("expected a secret without white space around it; remove that where the secret is set")]
    Padded,
}

impl SecretError {
    /// Returns the secret unless it is empty or has white space around it; nothing is trimmed.
    ///
    /// # Errors
    ///
    /// Fails when it is one of these.
    pub fn check(secret: impl Into<SecretString>) -> Result<SecretString, Self> {
        let secret = secret.into();
        let text = secret.expose_secret();
        match text.trim() {
            "" => Err(Self::Empty),
            trimmed if trimmed.len() < text.len() => Err(Self::Padded),
            _ => Ok(secret),
        }
    }
}
