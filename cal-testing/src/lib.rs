//! What the tests of this workspace share.

mod orders;
mod skipped;
mod times;

pub use orders::orders;
pub use skipped::{report, skip};
pub use times::{some_of, times};
