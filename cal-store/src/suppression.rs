//! Who wants no more mails that are not about a booking.

use cal_webhook::StoreError;
use sha2::{Digest, Sha256};

use crate::{
    SqlStore,
    database::Arg,
    person::{address, hex},
};

/// Returns the digest that an address is kept by: the SHA-256, in hexadecimal, of the address in
/// lower case without white space around it.
#[must_use]
pub fn address_digest(email: &str) -> String {
    hex(&Sha256::digest(address(email)))
}

impl SqlStore {
    /// Keeps an address, by its digest, from getting mails that are not about a booking.
    ///
    /// The first reason stays. [`SqlStore::erase`] leaves the digest: who wants no mails still wants
    /// none.
    ///
    /// # Errors
    ///
    /// Fails when the database is out of reach.
    pub async fn suppress(&self, digest: &str, reason: &str) -> Result<(), StoreError> {
        const SUPPRESS: &str = "INSERT INTO cal_suppressions (digest, reason, at) \
            VALUES ($1, $2, $3) ON CONFLICT (digest) DO NOTHING";
        self.write_now(SUPPRESS, &[digest, reason].map(Arg::Text)).await.map(drop)
    }

    /// Tells whether an address is kept from getting mails that are not about a booking.
    ///
    /// # Errors
    ///
    /// Fails when the database is out of reach.
    pub async fn is_suppressed(&self, email: &str) -> Result<bool, StoreError> {
        const SUPPRESSED: &str = "SELECT count(*) FROM cal_suppressions WHERE digest = $1";
        let digest = address_digest(email);
        let rows: Vec<(i64,)> = self.ask(SUPPRESSED, &[Arg::Text(&digest)]).await?;
        Ok(rows.iter().any(|(count,)| *count > 0))
    }
}
