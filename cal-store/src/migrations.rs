//! The tables' versions.

use sqlx::{
    SqlSafeStr,
    migrate::{MigrateError, Migration, MigrationType, Migrator},
};

use crate::error::{OpenError, SetUpError};

/// What brings the tables from one version to the next: the version, its name, and the statements.
pub(crate) type Script = (i64, &'static str, &'static str);

/// Makes what runs these scripts, each once, and remembers them in a table of its own.
pub(crate) fn migrator(scripts: &[Script]) -> Migrator {
    let migration = |(version, name, sql): &Script| {
        let sql = (*sql).into_sql_str();
        Migration::new(*version, (*name).into(), MigrationType::Simple, sql, false)
    };
    let mut migrator = Migrator::with_migrations(scripts.iter().map(migration).collect());
    // The application may have migrations of its own.
    migrator.dangerous_set_table_name("cal_migrations");
    // Who migrates holds a lock already.
    migrator.set_locking(false);
    migrator
}

/// Tells whether tables with a migration that this build does not know can be used all the same.
pub(crate) const OLDEST: &str = "SELECT max(oldest) FROM cal_builds WHERE migration > $1";

/// The newest migration that this build knows.
pub(crate) fn newest(scripts: &[Script]) -> i64 {
    scripts.iter().map(|(version, ..)| *version).max().unwrap_or_default()
}

/// Accepts tables that a newer build has made, if it says that this one may still run on them.
pub(crate) fn accept_newer(known: i64, found: i64, oldest: Option<i64>) -> Result<(), SetUpError> {
    match oldest {
        Some(oldest) if oldest <= known => Ok(()),
        _ => Err(SetUpError::Never(OpenError::Newer { known, found })),
    }
}

/// Sorts what went wrong with the tables.
pub(crate) fn failure(error: MigrateError, scripts: &[Script]) -> SetUpError {
    let known = newest(scripts);
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
            SetUpError::Now(error)
        }
        MigrateError::VersionMissing(found) => SetUpError::Never(OpenError::Newer { known, found }),
        other => SetUpError::Never(OpenError::Tables(other)),
    }
}
