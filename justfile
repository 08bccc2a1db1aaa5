# What can be run.
default:
    @just --list

# Everything that CI asks for.
check: fmt clippy doc test

fmt:
    cargo fmt --all --check

clippy:
    cargo clippy --workspace --all-targets --all-features -- -D warnings

doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --all-features --no-deps

test:
    cargo test --workspace --no-fail-fast

# Kills the site again and again under load and compares what it kept; sqlite or postgres.
chaos database="sqlite" deliveries="500" kills="15" seed="1":
    cargo run -p cal-chaos -- --database {{database}} --deliveries {{deliveries}} --kills {{kills}} --seed {{seed}}

# Attacks the site: connections, bodies, log, moves, poison, frozen, blocked, drain, rolling or clocks.
attack scenario="connections" seed="1":
    cargo run --release -p cal-chaos -- {{scenario}} --seed {{seed}}

# Licences, bans and sources; needs cargo-deny.
deny:
    cargo deny check bans licenses sources

bench:
    cargo bench -p benches

# Ten minutes of one target: header, delivery or outline; needs nightly and cargo-fuzz.
fuzz target seconds="600":
    mkdir -p fuzz/corpus/{{target}}
    cargo +nightly fuzz run {{target}} fuzz/corpus/{{target}} cal-core/samples -- -max_total_time={{seconds}}
