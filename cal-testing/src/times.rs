//! How often something is tried.

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

/// Returns as many of these as [`times`] says, in their order; `seed` says which.
#[must_use]
pub fn some_of<T>(all: Vec<T>, usual: u32, seed: u64) -> Vec<T> {
    let count = times(usual) as usize;
    let mut chosen: Vec<bool> = (0..all.len()).map(|place| place < count).collect();
    fastrand::Rng::with_seed(seed).shuffle(&mut chosen);
    all.into_iter().zip(chosen).filter_map(|(one, is_chosen)| is_chosen.then_some(one)).collect()
}
