//! Keys where only some characters fit, or only so many.

use sha2::{Digest as _, Sha256};

/// Makes 32 bytes of a key, the same whenever it is the same key.
pub(crate) fn of(key: &str) -> [u8; 32] {
    Sha256::digest(key).into()
}
