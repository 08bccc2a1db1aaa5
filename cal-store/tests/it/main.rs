//! Tests of the store; each runs on SQLite and, where a server is named, on PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

#[path = "../../../cal-webhook/tests/it/bodies.rs"]
mod bodies;
mod business;
mod chains;
mod claims;
mod clocks;
mod cost;
#[cfg(unix)]
mod crowd;
mod desk;
mod faults;
mod hooks;
mod inbox;
mod numbers;
mod operations;
mod order;
mod payments;
mod people;
mod place;
mod poison;
mod privacy;
mod reconcile;
#[expect(dead_code, reason = "the tests of the client use more of it")]
#[path = "../../../cal-client/tests/it/server.rs"]
mod server;
mod spellings;
mod tables;
mod tasks;
mod upgrade;
