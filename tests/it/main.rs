//! One list of HTTP cases, sent over raw sockets to an axum server and to an actix-web server.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

mod cases;
mod client;
mod conformance;
mod door;
mod request;
mod script;
mod servers;
