//! Tests of trust and meaning through the public surface.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

mod bodies;
mod hooks;
mod logs;
mod memory;
mod receiver;
mod recorded;
#[path = "../../../cal-core/tests/it/recordings.rs"]
mod recordings;
mod transitions;
mod trust;
