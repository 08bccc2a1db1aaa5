//! Tests of the site as a process: what it prints, what it answers, how it stops.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

#[path = "../../../../cal-hooks/tests/it/hubspot/account.rs"]
mod account;
mod business;
mod demo;
mod live;
#[path = "../../../../cal-hooks/tests/it/post/office.rs"]
#[expect(dead_code, reason = "this site needs no encrypted mail server")]
mod office;
mod process;
#[path = "../../../../cal-hooks/tests/it/server.rs"]
#[expect(dead_code, reason = "these servers have no moods")]
mod server;
mod sweeps;
