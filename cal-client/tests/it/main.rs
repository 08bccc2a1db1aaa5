//! The client against servers: scripted ones, what a real one answered, and a mock of its description.
#![expect(clippy::print_stdout, reason = "the count of operations is what one test is for")]
#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

mod clock;
mod conformance;
mod credentials;
mod exchanges;
mod hostile;
mod journal;
mod oauth;
mod one_or_many;
mod paging;
mod paths;
mod queries;
mod refusals;
mod replay;
mod retry;
mod server;
mod session;
mod shared;
mod tolerance;
mod types;
mod webhooks;
