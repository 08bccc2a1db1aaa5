//! Measures two ways of doing the same in turns, so that what disturbs one disturbs the other.

use std::hint::black_box;

use rustix::time::{ClockId, clock_gettime};

/// How often the two take turns.
const ROUNDS: usize = 101;

/// How long one turn takes, in nanoseconds of CPU time.
const TURN: f64 = 1_500_000.0;

/// What comparing a subject with its floor gave, each the median of all rounds.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    /// CPU time of the subject, in nanoseconds.
    pub subject: f64,
    /// CPU time of the floor, in nanoseconds.
    pub floor: f64,
    /// The subject's time divided by the floor's of the same round.
    pub ratio: f64,
}

/// Measures the CPU time of a subject and of its floor, over the same inputs.
pub fn compare<I, S, F>(
    inputs: &[I],
    mut subject: impl FnMut(&I) -> S,
    mut floor: impl FnMut(&I) -> F,
) -> Measured {
    let once = time(inputs, 1, &mut subject).max(time(inputs, 1, &mut floor));
    let times = (TURN / (once * inputs.len() as f64)).ceil().max(1.0) as usize;
    let rounds: Vec<_> = (0..ROUNDS)
        .map(|round| {
            // Neither is always the one that finds the caches filled by the other.
            if round % 2 == 0 {
                let subject = time(inputs, times, &mut subject);
                (subject, time(inputs, times, &mut floor))
            } else {
                let floor = time(inputs, times, &mut floor);
                (time(inputs, times, &mut subject), floor)
            }
        })
        .collect();
    Measured {
        subject: median(rounds.iter().map(|(subject, _)| *subject)),
        floor: median(rounds.iter().map(|(_, floor)| *floor)),
        ratio: median(rounds.iter().map(|(subject, floor)| subject / floor)),
    }
}

/// Returns the CPU time of one call, dropping its result included.
fn time<I, R>(inputs: &[I], times: usize, work: &mut impl FnMut(&I) -> R) -> f64 {
    let start = cpu(ClockId::ThreadCPUTime);
    for _ in 0..times {
        for input in inputs {
            black_box(work(black_box(input)));
        }
    }
    (cpu(ClockId::ThreadCPUTime) - start) / (times * inputs.len()) as f64
}

/// Returns the CPU time of this thread or process, in nanoseconds.
#[must_use]
pub fn cpu(clock: ClockId) -> f64 {
    let time = clock_gettime(clock);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}

/// Returns the value in the middle; of no values, none.
#[must_use]
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
