//! Who wants no more mails that are not about a booking.

use cal_webhook::StoreError;
use sha2::{Digest, Sha256};

use crate::{
    SqlStore,
    database::Arg,
    error::out_of_reach,
    person::{Person, address, hex},
    settle,
    sql::{Sql, sql},
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

    /// Tells whether an address is kept from getting mails that are not about a booking, whichever way
    /// its domain is written.
    ///
    /// # Errors
    ///
    /// Fails when the database is out of reach.
    pub async fn is_suppressed(&self, email: &str) -> Result<bool, StoreError> {
        const SUPPRESSED: Sql = sql!(
            "SELECT digest FROM cal_suppressions WHERE digest" one_of
            "SELECT item.value FROM" texts(1) end
        );
        let person = Person::new(email);
        let spellings = person.map_or_else(|_| [address(email)].into(), |it| it.spellings());
        let digests: Vec<_> = spellings.iter().map(|email| address_digest(email)).collect();
        let digests = settle::json(&digests).map_err(out_of_reach)?;
        let known: Vec<(String,)> = self.ask(SUPPRESSED, &[Arg::Text(&digests)]).await?;
        Ok(!known.is_empty())
    }
}
