//! What the tests of this workspace share.

mod skipped;

pub use skipped::{report, skip};
