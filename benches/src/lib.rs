//! What the benchmarks share: bodies, the floor they are measured against, and the measuring.
//!
//! `cargo bench -p benches` runs these programs: `parts` lists every part by itself, `ratios`
//! compares the parts with the floor of the same run, `requests` does the same for the axum router
//! under load, `durable` for deliveries that are committed before they are answered, `chains` measures
//! planning in long chains and large crowds, `drain` how fast hooks work off a backlog, and `capacity`
//! starts the site on a million deliveries. Goals are printed beside the results; none of them fails a
//! run.

pub mod bodies;
pub mod child;
pub mod durable;
pub mod floor;
pub mod load;
pub mod ratio;
pub mod server;
pub mod table;
pub mod wire;

/// The webhook's secret in every benchmark.
pub const SECRET: &str = "a secret of thirty-two characters";

/// Whether the program was started to measure, and not by `cargo test --all-targets`.
#[must_use]
pub fn is_bench() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}
