//! Signs bodies the way Cal.com does.

use std::fmt;

use hmac::Mac;
use secrecy::SecretString;

use crate::{SecretError, signature, verifier};

/// Signs bodies the way Cal.com does, for tests, simulators and replays.
///
/// ```
/// use cal_webhook::{SIGNATURE_HEADER, Signer};
///
/// let body = r#"{"triggerEvent":"PING"}"#;
/// let header = (SIGNATURE_HEADER, Signer::new("secret")?.sign(body));
/// assert_eq!(header.1.len(), 64);
/// # Ok::<(), cal_webhook::SecretError>(())
/// ```
#[derive(Clone)]
pub struct Signer {
    key: verifier::Key,
}

impl Signer {
    /// Makes a signer for a secret.
    ///
    /// # Errors
    ///
    /// Fails when the secret is empty or has white space around it.
    pub fn new(secret: impl Into<SecretString>) -> Result<Self, SecretError> {
        Ok(Self { key: verifier::key(secret)? })
    }

    /// Returns the signature header's value for a body: 64 lower-case hexadecimal digits.
    #[must_use]
    pub fn sign(&self, body: impl AsRef<[u8]>) -> String {
        let mut mac = self.key.clone();
        mac.update(body.as_ref());
        signature::encode(&mac.finalize().into_bytes().into())
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").finish_non_exhaustive()
    }
}
