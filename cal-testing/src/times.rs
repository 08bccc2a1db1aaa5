//! How often something random is tried.

use std::env;

/// Returns how often something random is tried that is usually tried so often: `CALCOM_TEST_TIMES`
/// times that, for long runs.
///
/// # Panics
///
/// Panics when the variable is no number.
#[must_use]
pub fn times(usual: u32) -> u32 {
    let factor = env::var("CALCOM_TEST_TIMES").ok();
    let factor = factor.map_or(1, |factor| factor.parse().expect("CALCOM_TEST_TIMES is a number"));
    usual.saturating_mul(factor)
}
