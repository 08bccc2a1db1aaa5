//! How opening a store fails.

use cal_webhook::StoreError;

/// Why a store could not be opened, and would not open at another time either.
///
/// A database that is merely out of reach is none of these: the store opens, refuses deliveries
/// with [`StoreError`], and works once the database is there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The address cannot be read.
    #[error("expected a database's address such as {example}; it cannot be read")]
    Address {
        /// What an address looks like.
        example: &'static str,
    },
    /// The database works in a way that could lose what was acknowledged.
    #[error("expected {setting} to be {expected}, found {found}")]
    Setting {
        /// The name of the setting.
        setting: &'static str,
        /// What it must be.
        expected: &'static str,
        /// What it is.
        found: String,
    },
    /// A newer version of this library has changed the tables.
    #[error(
        "the tables are newer than this program: it knows migrations up to {known}, found {found}"
    )]
    Newer {
        /// The newest migration that this version knows.
        known: i64,
        /// The migration that it does not know.
        found: i64,
    },
    /// The address names a database for which the feature is not turned on.
    #[error("expected an address that begins with one of {features}")]
    Scheme {
        /// What this build understands.
        features: &'static str,
    },
    /// The tables differ from what this version has made.
    #[error("the tables were changed by somebody else")]
    Tables(#[source] sqlx::migrate::MigrateError),
}

/// Why the database cannot be used now, or at all.
#[derive(Debug)]
pub(crate) enum SetUpError {
    Never(OpenError),
    Now(sqlx::Error),
}

impl From<sqlx::Error> for SetUpError {
    fn from(error: sqlx::Error) -> Self {
        Self::Now(error)
    }
}

impl From<SetUpError> for StoreError {
    fn from(error: SetUpError) -> Self {
        match error {
            SetUpError::Never(error) => Self::caused("the store cannot be used", error),
            SetUpError::Now(error) => out_of_reach(error),
        }
    }
}

/// Tells that the database could not do its work.
pub(crate) fn out_of_reach(error: sqlx::Error) -> StoreError {
    StoreError::caused("the database could not do its work", error)
}
