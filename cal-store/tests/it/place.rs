//! Databases for tests, each of its own: a file in a new folder, or a new schema.

use std::{
    env, fs,
    path::PathBuf,
    sync::atomic::{AtomicUsize, Ordering},
};

use cal_store::SqlStore;
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};

/// Names the server whose `calcom` database takes the schemas of the tests.
const POSTGRES: &str = "CALCOM_TEST_POSTGRES_URL";

/// An empty database that ends with the test.
pub(crate) struct Place {
    pub(crate) url: String,
    kind: Kind,
}

enum Kind {
    Folder(PathBuf),
    Schema { server: String, name: String },
}

impl Place {
    pub(crate) fn sqlite() -> Self {
        let folder = env::temp_dir().join(unique());
        fs::create_dir(&folder).unwrap();
        let url = format!("sqlite://{}", folder.join("test.db").display());
        Self { url, kind: Kind::Folder(folder) }
    }

    pub(crate) async fn postgres() -> Option<Self> {
        let Ok(server) = env::var(POSTGRES) else {
            cal_testing::skip(format_args!(
                "{POSTGRES} is not set, so nothing is tested on PostgreSQL"
            ));
            return None;
        };
        let name = unique();
        let mut conn = PgConnection::connect(&server).await.unwrap();
        let create = format!("CREATE SCHEMA {name}");
        sqlx::query(AssertSqlSafe(create)).execute(&mut conn).await.unwrap();
        let url = format!("{server}?options=-c%20search_path%3D{name}");
        Some(Self { url, kind: Kind::Schema { server, name } })
    }

    /// An empty database of each kind that there is.
    pub(crate) async fn each() -> Vec<Self> {
        let mut places = vec![Self::sqlite()];
        places.extend(Self::postgres().await);
        places
    }

    pub(crate) async fn store(&self) -> SqlStore {
        SqlStore::open(&self.url).await.unwrap()
    }

    /// Changes rows behind the store's back.
    pub(crate) async fn execute(&self, sql: &'static str) -> u64 {
        match &self.kind {
            Kind::Folder(_) => {
                let mut conn = SqliteConnection::connect(&self.url).await.unwrap();
                sqlx::query(sql).execute(&mut conn).await.unwrap().rows_affected()
            }
            Kind::Schema { .. } => {
                let mut conn = PgConnection::connect(&self.url).await.unwrap();
                sqlx::query(sql).execute(&mut conn).await.unwrap().rows_affected()
            }
        }
    }

    /// Removes a schema; folders go by themselves.
    pub(crate) async fn clear(self) {
        if let Kind::Schema { server, name } = &self.kind {
            let mut conn = PgConnection::connect(server).await.unwrap();
            let drop = format!("DROP SCHEMA {name} CASCADE");
            sqlx::query(AssertSqlSafe(drop)).execute(&mut conn).await.unwrap();
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Kind::Folder(folder) = &self.kind {
            let _ = fs::remove_dir_all(folder);
        }
    }
}

fn unique() -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("calcom_{}_{count}_{:08x}", std::process::id(), fastrand::u32(..))
}
