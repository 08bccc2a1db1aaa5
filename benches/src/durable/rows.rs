//! What is usually written by hand: one `INSERT`, and so one commit, for each delivery.

use std::{str::FromStr, time::Duration};

use anyhow::Result;
use axum::Router;
use cal_store::sqlx::{
    self, PgPool, SqlitePool,
    postgres::PgPoolOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use cal_webhook::{Arrival, DeliveryId, Verified};
use sha2::{Digest, Sha256};

use super::{Keep, keeping};

/// How many connections to PostgreSQL there are.
const CONNECTIONS: u32 = 32;

/// How long a connection may take to become free.
const PATIENCE: Duration = Duration::from_secs(30);

/// The columns of the real table, and only the indexes that nobody can do without.
const TABLE: &str = "(seq INTEGER PRIMARY KEY, id TEXT NOT NULL, digest BLOB UNIQUE, \
    received_at INTEGER NOT NULL, source TEXT NOT NULL, planned_at INTEGER, parsed TEXT, \
    trigger_event TEXT, created_at INTEGER, uid TEXT, number INTEGER, identity TEXT, \
    transition TEXT, moved_from TEXT, seat INTEGER, decision TEXT, held_until INTEGER, \
    replay_of TEXT, headers TEXT, body BLOB)";

const INSERT: &str = "INSERT INTO deliveries (id, digest, received_at, source, headers, body) \
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (digest) DO NOTHING";

#[derive(Clone)]
struct Sqlite(SqlitePool);

#[derive(Clone)]
struct Postgres(PgPool);

/// The same settings as the real store has.
pub(super) async fn sqlite(url: &str) -> Result<Router> {
    let options = SqliteConnectOptions::from_str(url)?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .pragma("wal_autocheckpoint", "8000")
        .pragma("journal_size_limit", "67108864");
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(PATIENCE)
        .connect_with(options)
        .await?;
    let create = sqlx::AssertSqlSafe(format!("CREATE TABLE deliveries {TABLE} STRICT"));
    sqlx::query(create).execute(&pool).await?;
    keeping(Sqlite(pool))
}

pub(super) async fn postgres(url: &str) -> Result<Router> {
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(PATIENCE)
        .connect(url)
        .await?;
    let table = TABLE
        .replace("seq INTEGER", "seq BIGINT GENERATED ALWAYS AS IDENTITY")
        .replace("INTEGER", "BIGINT")
        .replace("BLOB", "BYTEA");
    let create = sqlx::AssertSqlSafe(format!("CREATE TABLE deliveries {table}"));
    sqlx::query(create).execute(&pool).await?;
    keeping(Postgres(pool))
}

macro_rules! insert {
    ($pool:expr, $delivery:expr) => {{
        let digest: [u8; 32] = Sha256::digest($delivery.body()).into();
        let arrival = Arrival::new($delivery);
        sqlx::query(INSERT)
            .bind(DeliveryId::new().to_string())
            .bind(digest.as_slice())
            .bind(arrival.received_at().timestamp_micros())
            .bind("webhook")
            .bind(None::<&str>)
            .bind(arrival.body().as_ref())
            .execute($pool)
            .await
            .is_ok()
    }};
}

impl Keep for Sqlite {
    async fn keep(&self, delivery: Verified) -> bool {
        insert!(&self.0, delivery)
    }
}

impl Keep for Postgres {
    async fn keep(&self, delivery: Verified) -> bool {
        insert!(&self.0, delivery)
    }
}
