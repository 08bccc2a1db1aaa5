//! What the tests of this workspace share.

mod skipped;
mod times;

pub use skipped::{report, skip};
pub use times::times;
