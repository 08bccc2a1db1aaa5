//! A fresh database, and what the site's hook wrote into it.

use std::path::Path;

use anyhow::{Context as _, ensure};
use clap::{Args, ValueEnum};
use sqlx::{
    AssertSqlSafe, Connection as _, FromRow, PgConnection, SqliteConnection,
    postgres::{PgConnectOptions, PgRow},
    sqlite::{SqliteConnectOptions, SqliteRow},
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

/// Which database is used.
#[derive(Clone, Debug, Args)]
pub(crate) struct Choice {
    /// Which database the site keeps its ledger in.
    #[arg(long, value_enum, default_value_t = Kind::Sqlite)]
    pub(crate) database: Kind,

    #[command(flatten)]
    pub(crate) server: Server,
}

/// A PostgreSQL.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Server {
    /// The PostgreSQL server; a schema of its own is made there and removed.
    #[arg(long, env = "CALCOM_TEST_POSTGRES_URL", hide_env_values = true)]
    pub(crate) url: Option<String>,
}

impl Server {
    /// Chooses this server.
    pub(crate) fn choice(&self) -> Choice {
        Choice { database: Kind::Postgres, server: self.clone() }
    }
}

impl Choice {
    /// A file, for what has nothing to do with databases.
    pub(crate) fn file() -> Self {
        Self { database: Kind::Sqlite, server: Server::default() }
    }

    /// Makes the database that was chosen.
    pub(crate) async fn create(&self, name: &str, folder: &Path) -> anyhow::Result<Database> {
        Database::create(self.database, name, folder, self.server.url.as_deref()).await
    }
}

/// A row of either database.
pub(crate) trait Fetched:
    for<'r> FromRow<'r, PgRow> + for<'r> FromRow<'r, SqliteRow> + Send + Unpin
{
}

impl<T> Fetched for T where
    T: for<'r> FromRow<'r, PgRow> + for<'r> FromRow<'r, SqliteRow> + Send + Unpin
{
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
                let url = format!(
                    "{server}{joint}options=-c%20search_path%3D{schema}&application_name={schema}"
                );
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
        if let Self::Sqlite { .. } = self {
            let whole: Vec<(String,)> = self.fetch("PRAGMA integrity_check").await?;
            ensure!(whole == [("ok".to_owned(),)], "the database is damaged: {whole:?}");
        }
        self.fetch("SELECT delivery_id, hook FROM chaos_effects").await
    }

    /// Returns how many rows hooks have written so far.
    pub(crate) async fn count_effects(&self) -> anyhow::Result<i64> {
        self.number("SELECT count(*) FROM chaos_effects").await
    }

    /// Whether a delivery with an id up to this one waits to be planned, or a task of it to be done.
    ///
    /// Reminders do not count: they may wait for long.
    pub(crate) async fn has_work(&self, up_to: &str) -> anyhow::Result<bool> {
        const OPEN: &str = "SELECT CAST(CASE \
            WHEN EXISTS (SELECT 1 FROM cal_deliveries WHERE planned_at IS NULL AND id <= $1) THEN 1 \
            WHEN EXISTS (SELECT 1 FROM cal_deliveries WHERE decision = 'early' AND id <= $1) THEN 1 \
            WHEN EXISTS (SELECT 1 FROM cal_tasks WHERE state IN ('waiting', 'running', 'retry') \
                AND reminder = '' AND delivery_id <= $1) THEN 1 \
            ELSE 0 END AS BIGINT)";
        let rows: Vec<(i64,)> = self.ask(OPEN, Some(up_to)).await?;
        Ok(rows == [(1,)])
    }

    /// Returns a number that is asked for.
    pub(crate) async fn number(&self, query: &'static str) -> anyhow::Result<i64> {
        let rows: Vec<(i64,)> = self.fetch(query).await?;
        Ok(rows.first().context("expected a number")?.0)
    }

    /// Returns the rows that are asked for.
    pub(crate) async fn fetch<T: Fetched>(&self, query: &'static str) -> anyhow::Result<Vec<T>> {
        self.ask(query, None).await
    }

    async fn ask<T: Fetched>(
        &self,
        query: &'static str,
        argument: Option<&str>,
    ) -> anyhow::Result<Vec<T>> {
        Ok(match self {
            Self::Sqlite { url } => {
                let mut connection = SqliteConnection::connect(url).await?;
                let mut query = sqlx::query_as(query);
                if let Some(argument) = argument {
                    query = query.bind(argument);
                }
                query.fetch_all(&mut connection).await?
            }
            Self::Postgres { .. } => {
                let mut connection = self.connect().await?;
                let mut query = sqlx::query_as(query);
                if let Some(argument) = argument {
                    query = query.bind(argument);
                }
                query.fetch_all(&mut connection).await?
            }
        })
    }

    /// Returns how many connections to a PostgreSQL the processes of the site have, as it sees it.
    pub(crate) async fn connections(&self) -> anyhow::Result<usize> {
        const COUNT: &str =
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = current_schema()";
        Ok(usize::try_from(self.number(COUNT).await?)?)
    }

    /// Connects to a PostgreSQL under another name than the site.
    pub(crate) async fn connect(&self) -> anyhow::Result<PgConnection> {
        let options: PgConnectOptions = self.url().parse()?;
        Ok(PgConnection::connect_with(&options.application_name("chaos")).await?)
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
