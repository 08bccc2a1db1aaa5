//! The durable inbox: Cal.com deliveries in SQLite or PostgreSQL.
//!
//! [`SqlStore`] is a [`Store`](cal_webhook::Store) that survives whatever dies when: a delivery is
//! committed before it is acknowledged, and every hook's task is kept until it has ended.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(not(any(feature = "postgres", feature = "sqlite")))]
compile_error!("turn on the feature `sqlite`, `postgres`, or both");

mod accept;
mod claim;
mod database;
mod effect;
mod erase;
mod error;
mod export;
mod migrations;
mod operate;
mod person;
mod plan;
#[cfg(feature = "postgres")]
mod postgres;
mod prune;
mod query;
#[cfg(feature = "reconcile")]
mod reconcile;
mod replay;
mod settle;
mod sql;
#[cfg(feature = "sqlite")]
mod sqlite;
mod store;
mod time;
mod writer;

use cal_webhook::crash;

pub use effect::Effects;
pub use erase::Erased;
pub use error::OpenError;
pub use operate::{AuditRecord, DeadTasks};
pub use prune::Pruned;
pub use query::{AttemptRecord, Counters};
#[cfg(feature = "reconcile")]
#[cfg_attr(docsrs, doc(cfg(feature = "reconcile")))]
pub use reconcile::{ReconcileError, Reconciler, Sweep};
pub use replay::{ReplayOf, Replayed};
pub use store::SqlStore;

/// The version of sqlx that [`Effects`] hand out connections of.
pub use sqlx;

/// What addresses can begin with.
const FEATURES: &str = match (cfg!(feature = "sqlite"), cfg!(feature = "postgres")) {
    (true, true) => "sqlite: or postgres:",
    (true, false) => "sqlite: (this build lacks the feature `postgres`)",
    (false, _) => "postgres: (this build lacks the feature `sqlite`)",
};
