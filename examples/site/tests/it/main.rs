//! Tests of the site as a process: what it prints, what it answers, how it stops.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

mod demo;
mod live;
mod process;
