//! Empty databases.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::Result;
use cal_store::sqlx::{self, AssertSqlSafe, Connection, PgConnection};
use tokio::runtime;

/// Names the server that takes the schemas.
pub const POSTGRES: &str = "CALCOM_TEST_POSTGRES_URL";

/// An empty place that goes away when this is dropped: a new folder, or a new schema.
#[derive(Debug)]
pub struct Place {
    /// The address of the database, or a path.
    pub url: String,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Folder(PathBuf),
    Schema { server: String, name: String },
}

impl Place {
    /// A file in a new folder below this one.
    ///
    /// # Errors
    ///
    /// Fails when the folder cannot be made.
    pub fn file(parent: &Path) -> Result<Self> {
        let folder = parent.join(unique());
        fs::create_dir(&folder)?;
        let url = folder.join("deliveries").display().to_string();
        Ok(Self { url, kind: Kind::Folder(folder) })
    }

    /// An SQLite file in a new folder below this one.
    ///
    /// # Errors
    ///
    /// Fails when the folder cannot be made.
    pub fn sqlite(parent: &Path) -> Result<Self> {
        let mut place = Self::file(parent)?;
        place.url = format!("sqlite://{}.db", place.url);
        Ok(place)
    }

    /// A new schema, if a server is named.
    ///
    /// # Errors
    ///
    /// Fails when the server does not make one.
    pub fn postgres() -> Result<Option<Self>> {
        let Ok(server) = env::var(POSTGRES) else { return Ok(None) };
        let name = unique();
        run(&server, format!("CREATE SCHEMA {name}"))?;
        let url = format!("{server}?options=-c%20search_path%3D{name}");
        Ok(Some(Self { url, kind: Kind::Schema { server, name } }))
    }
}

/// Fills PostgreSQL's log once, if a server is named: it is written over from then on.
///
/// A server that was made a moment ago stops for 30 to 50 ms at every 16 MiB of its log, to make the
/// next file; one that has been running for a while has them.
///
/// # Errors
///
/// Fails when the server lets nobody make tables or checkpoints.
pub fn fill_log() -> Result<()> {
    let Ok(server) = env::var(POSTGRES) else { return Ok(()) };
    let table = unique();
    let rows = "SELECT repeat(md5(i::text), 30) FROM generate_series(1, 700000) AS i";
    run(&server, format!("CREATE TABLE {table} AS {rows}"))?;
    run(&server, format!("DROP TABLE {table}"))?;
    run(&server, "CHECKPOINT".to_owned())
}

impl Drop for Place {
    fn drop(&mut self) {
        match &self.kind {
            Kind::Folder(folder) => drop(fs::remove_dir_all(folder)),
            Kind::Schema { server, name } => {
                drop(run(server, format!("DROP SCHEMA {name} CASCADE")));
            }
        }
    }
}

fn run(server: &str, sql: String) -> Result<()> {
    runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let mut conn = PgConnection::connect(server).await?;
        sqlx::query(AssertSqlSafe(sql)).execute(&mut conn).await?;
        Ok(conn.close().await?)
    })
}

fn unique() -> String {
    format!("calcom_bench_{}_{:08x}", std::process::id(), fastrand::u32(..))
}
