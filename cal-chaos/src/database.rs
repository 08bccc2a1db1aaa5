//! A fresh database, and what the site's hook wrote into it.

use std::path::Path;

use anyhow::{Context as _, ensure};
use clap::ValueEnum;
use sqlx::{
    AssertSqlSafe, Connection as _, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions,
};

/// The table that the site's hook writes a row into, in the transaction that settles its task.
///
/// It has no unique constraint: a row that is written twice must show.
const EFFECTS: &str = "CREATE TABLE chaos_effects (delivery_id TEXT NOT NULL, hook TEXT NOT NULL)";

/// Which database the site keeps its ledger in.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
}

/// A database made for this run.
#[derive(Debug)]
pub(crate) enum Database {
    Sqlite { url: String },
    Postgres { server: String, schema: String, url: String },
}

impl Database {
    /// Makes a file in this folder, or a schema of this name on this server.
    pub(crate) async fn create(
        kind: Kind,
        name: &str,
        folder: &Path,
        server: Option<&str>,
    ) -> anyhow::Result<Self> {
        match kind {
            Kind::Sqlite => {
                let url = format!("sqlite://{}", folder.join("site.db").display());
                let options: SqliteConnectOptions = url.parse()?;
                let options = options.create_if_missing(true);
                let mut connection = SqliteConnection::connect_with(&options).await?;
                sqlx::query(EFFECTS).execute(&mut connection).await?;
                connection.close().await?;
                Ok(Self::Sqlite { url })
            }
            Kind::Postgres => {
                let server = server.context(
                    "expected --url or CALCOM_TEST_POSTGRES_URL: eval \"$(scripts/postgres start)\"",
                )?;
                let schema = name.replace('-', "_");
                let joint = if server.contains('?') { '&' } else { '?' };
                let url = format!("{server}{joint}options=-c%20search_path%3D{schema}");
                let mut connection = PgConnection::connect(server).await?;
                let create = format!("CREATE SCHEMA {schema}");
                sqlx::query(AssertSqlSafe(create)).execute(&mut connection).await?;
                connection.close().await?;
                let mut connection = PgConnection::connect(&url).await?;
                sqlx::query(EFFECTS).execute(&mut connection).await?;
                connection.close().await?;
                Ok(Self::Postgres { server: server.to_owned(), schema, url })
            }
        }
    }

    /// Says which database it is; one in which a promise was broken is kept.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Sqlite { .. } => "sqlite".to_owned(),
            Self::Postgres { schema, .. } => format!("postgres, schema {schema}"),
        }
    }

    /// Returns the URL that the site is given.
    pub(crate) fn url(&self) -> &str {
        match self {
            Self::Sqlite { url } | Self::Postgres { url, .. } => url,
        }
    }

    /// Returns the delivery and the hook of every row that a hook wrote.
    pub(crate) async fn effects(&self) -> anyhow::Result<Vec<(String, String)>> {
        const ALL: &str = "SELECT delivery_id, hook FROM chaos_effects";
        Ok(match self {
            Self::Sqlite { url } => {
                let mut connection = SqliteConnection::connect(url).await?;
                let whole: String =
                    sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut connection).await?;
                ensure!(whole == "ok", "the database is damaged: {whole}");
                sqlx::query_as(ALL).fetch_all(&mut connection).await?
            }
            Self::Postgres { url, .. } => {
                let mut connection = PgConnection::connect(url).await?;
                sqlx::query_as(ALL).fetch_all(&mut connection).await?
            }
        })
    }

    /// Returns how many rows hooks have written so far.
    pub(crate) async fn count_effects(&self) -> anyhow::Result<i64> {
        const COUNT: &str = "SELECT count(*) FROM chaos_effects";
        Ok(match self {
            Self::Sqlite { url } => {
                let mut connection = SqliteConnection::connect(url).await?;
                sqlx::query_scalar(COUNT).fetch_one(&mut connection).await?
            }
            Self::Postgres { url, .. } => {
                let mut connection = PgConnection::connect(url).await?;
                sqlx::query_scalar(COUNT).fetch_one(&mut connection).await?
            }
        })
    }

    /// Removes what was made outside the run's folder.
    pub(crate) async fn remove(self) -> anyhow::Result<()> {
        if let Self::Postgres { server, schema, .. } = self {
            let mut connection = PgConnection::connect(&server).await?;
            let drop = format!("DROP SCHEMA {schema} CASCADE");
            sqlx::query(AssertSqlSafe(drop)).execute(&mut connection).await?;
        }
        Ok(())
    }
}
