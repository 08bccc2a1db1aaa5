//! When a failed hook is tried again.

use std::time::Duration;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// Seconds to wait after the first failure, the second, and so on; about three days in all.
const SECONDS: [u64; 12] = [
    5,
    30,
    2 * MINUTE,
    10 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    4 * HOUR,
    8 * HOUR,
    12 * HOUR,
    24 * HOUR,
    24 * HOUR,
];

/// Returns how long to wait after the attempt with this number, counted from 1.
///
/// Half of the step, and a random part of the other half, so that hooks that failed together do
/// not come back together. `None` after the last step: the task is dead.
pub(crate) fn delay(attempt: u32) -> Option<Duration> {
    let step = SECONDS.get(attempt.checked_sub(1)? as usize)?;
    let half = Duration::from_secs(*step) / 2;
    Some(half + half.mul_f64(fastrand::f64()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_delay_lies_in_the_upper_half_of_its_step() {
        for (index, step) in SECONDS.into_iter().enumerate() {
            let step = Duration::from_secs(step);
            for _ in 0..100 {
                let delay = delay(index as u32 + 1).unwrap();
                assert!(step / 2 <= delay && delay <= step, "{delay:?} of {step:?}");
            }
        }
        assert_eq!(delay(0), None);
        assert_eq!(delay(13), None);
    }
}
