//! Tests of trust and meaning through the public surface.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

mod bodies;
mod chains;
#[cfg(feature = "crash-points")]
mod crash;
mod desk;
mod faulty;
mod hooks;
mod leap;
mod logs;
mod memory;
#[cfg(feature = "metrics")]
mod metrics;
mod model;
mod news;
mod receiver;
mod recorded;
#[path = "../../../cal-core/tests/it/recordings.rs"]
mod recordings;
mod transitions;
mod triggers;
mod trust;
mod worker;
