//! Signatures, checked with a key that is prepared once.

use hmac::{Hmac, KeyInit, Mac, digest::InvalidLength};
use sha2::Sha256;

/// A prepared key of the `hmac` crate.
#[derive(Clone, Debug)]
pub struct Key(Hmac<Sha256>);

impl Key {
    /// Prepares the key of a secret.
    ///
    /// # Errors
    ///
    /// Never fails: an HMAC key may have any length.
    pub fn new(secret: &[u8]) -> Result<Self, InvalidLength> {
        Hmac::new_from_slice(secret).map(Self)
    }

    /// Whether these 64 hexadecimal digits are the body's signature.
    #[must_use]
    pub fn verify(&self, body: &[u8], digits: &[u8]) -> bool {
        let Some(tag) = decode(digits) else { return false };
        let mut mac = self.0.clone();
        mac.update(body);
        mac.verify_slice(&tag).is_ok()
    }
}

/// A prepared key of the `ring` crate.
#[derive(Clone, Debug)]
pub struct RingKey(ring::hmac::Key);

impl RingKey {
    /// Prepares the key of a secret.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        Self(ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret))
    }

    /// Whether these 64 hexadecimal digits are the body's signature.
    #[must_use]
    pub fn verify(&self, body: &[u8], digits: &[u8]) -> bool {
        decode(digits).is_some_and(|tag| ring::hmac::verify(&self.0, body, &tag).is_ok())
    }
}

/// The value of every hexadecimal digit; every other byte has a bit above the lowest four.
const DIGITS: [u8; 256] = {
    let mut values = [0x10; 256];
    let mut digit = 0;
    while digit < 10 {
        values[(b'0' + digit) as usize] = digit;
        digit += 1;
    }
    let mut letter = 0;
    while letter < 6 {
        values[(b'a' + letter) as usize] = 10 + letter;
        values[(b'A' + letter) as usize] = 10 + letter;
        letter += 1;
    }
    values
};

fn decode(digits: &[u8]) -> Option<[u8; 32]> {
    let digits: &[u8; 64] = digits.try_into().ok()?;
    let value = |index: usize| DIGITS[usize::from(digits[index])];
    let seen = (0..64).fold(0, |seen, index| seen | value(index));
    (seen < 0x10).then(|| std::array::from_fn(|index| value(2 * index) << 4 | value(2 * index + 1)))
}
