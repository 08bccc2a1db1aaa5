//! Keys that the store makes for itself.

use cal_webhook::StoreError;

use crate::{SqlStore, database::Arg, person::hex};

impl SqlStore {
    /// Returns a key of this name: 64 hexadecimal digits, made at random when it is first asked for.
    ///
    /// Of several processes that ask at once all get the same.
    ///
    /// # Errors
    ///
    /// Fails when the database is out of reach, or the system has no random numbers.
    pub async fn key(&self, name: &str) -> Result<String, StoreError> {
        const KEEP: &str = "INSERT INTO cal_values (key, value, at, number) \
            VALUES ($1, $2, $3, 0) ON CONFLICT (key) DO NOTHING";
        // No other value has this prefix: they are named after what happened.
        let name = format!("key:{name}");
        if let Some(key) = self.known_key(&name).await? {
            return Ok(key);
        }
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)
            .map_err(|error| StoreError::caused("the system gave no random numbers", error))?;
        self.write_now(KEEP, &[&*name, &hex(&bytes)].map(Arg::Text)).await?;
        // Somebody may have been faster.
        let known = self.known_key(&name).await?;
        known.ok_or_else(|| StoreError::new("expected the key that was just kept, found none"))
    }

    async fn known_key(&self, name: &str) -> Result<Option<String>, StoreError> {
        const KEY: &str = "SELECT value FROM cal_values WHERE key = $1";
        let rows: Vec<(String,)> = self.ask(KEY, &[Arg::Text(name)]).await?;
        Ok(rows.into_iter().next().map(|(key,)| key))
    }
}
