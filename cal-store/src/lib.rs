//! The durable inbox: Cal.com deliveries in SQLite or PostgreSQL.
//!
//! [`SqlStore`] is a [`Store`](cal_webhook::Store) that survives whatever dies when: a delivery is
//! committed before it is acknowledged, and every hook's task is kept until it has ended.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(not(any(feature = "postgres", feature = "sqlite")))]
compile_error!("turn on the feature `sqlite`, `postgres`, or both");

mod accept;
mod announce;
mod appointment;
mod claim;
mod clock;
mod contact;
mod convert;
mod database;
mod effect;
mod erase;
mod error;
mod event;
mod export;
mod failed;
mod feedback;
mod funnel;
mod kept;
mod migrations;
mod operate;
mod paid;
mod payment;
mod person;
mod place;
mod plan;
#[cfg(feature = "postgres")]
mod postgres;
mod prune;
mod query;
#[cfg(feature = "reconcile")]
mod reconcile;
mod replay;
mod secret;
mod service;
mod settle;
mod sql;
#[cfg(feature = "sqlite")]
mod sqlite;
mod store;
mod suppression;
mod time;
mod writer;

use cal_webhook::crash;

pub use appointment::{Appointment, Standing};
pub use clock::TestClock;
pub use contact::{ActivityRecord, ContactDetails, ContactRecord, NewActivity, PointsRecord};
pub use effect::Effects;
pub use erase::Erased;
pub use error::OpenError;
pub use event::{EventRecord, NewEvent};
pub use failed::FailedDeliveries;
pub use feedback::FeedbackRecord;
pub use funnel::FunnelStep;
pub use operate::{AuditRecord, DeadTasks};
pub use payment::{Charge, PaymentKind, PaymentRecord, PaymentState};
pub use place::{ChainPlace, Invite};
pub use prune::Pruned;
pub use query::{AttemptRecord, Counters};
#[cfg(feature = "reconcile")]
#[cfg_attr(docsrs, doc(cfg(feature = "reconcile")))]
pub use reconcile::{ReconcileError, Reconciler, Sweep};
pub use replay::{ReplayOf, Replayed};
pub use service::ServiceRecord;
pub use store::SqlStore;
pub use suppression::address_digest;

/// The version of sqlx that [`Effects`] hand out connections of.
pub use sqlx;

/// What addresses can begin with.
const FEATURES: &str = match (cfg!(feature = "sqlite"), cfg!(feature = "postgres")) {
    (true, true) => "sqlite: or postgres:",
    (true, false) => "sqlite: (this build lacks the feature `postgres`)",
    (false, _) => "postgres: (this build lacks the feature `sqlite`)",
};
