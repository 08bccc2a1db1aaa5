//! Tests of the store; each runs on SQLite and, where a server is named, on PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

#[path = "../../../cal-webhook/tests/it/bodies.rs"]
mod bodies;
mod inbox;
mod order;
mod place;
mod tasks;
