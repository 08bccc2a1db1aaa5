//! Tests of the vocabulary through its public surface.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

mod answers;
mod drift;
mod garbage;
mod recorded;
mod recordings;
mod samples;
mod times;
mod tolerance;
mod tree;
mod vocabulary;
mod walk;

/// How often a property is tried, unless `CALCOM_TEST_TIMES` multiplies it; failures are printed, not written to files.
fn cases(count: u32) -> proptest::test_runner::Config {
    proptest::test_runner::Config {
        failure_persistence: None,
        ..proptest::test_runner::Config::with_cases(cal_testing::times(count))
    }
}
