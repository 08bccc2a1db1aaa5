//! The library's parts divided by the floor of the same run.
#![expect(clippy::print_stdout, reason = "a table is what this program is for")]

use std::hint::black_box;

use anyhow::{Context, Result};
use benches::{
    SECRET, bodies,
    bodies::{Sample, Size},
    floor,
    ratio::{Measured, compare},
    table::{Table, verdict},
};
use cal_core::{Delivery, Outline};
use cal_webhook::Verifier;
use sha2::{Digest, Sha256};

fn main() -> Result<()> {
    if !benches::is_bench() {
        return Ok(());
    }
    let subjects = Subjects {
        verifier: Verifier::new(SECRET)?,
        key: floor::Key::new(SECRET.as_bytes()).context("could not prepare the key")?,
        ring: floor::RingKey::new(SECRET.as_bytes()),
    };
    let mut table =
        Table::new(&["row", "size", "bytes", "ns", "floor ns", "ratio", "goal", "verdict"]);
    for row in ROWS {
        for size in Size::ALL {
            let samples = bodies::samples(size, 0..4)?;
            let bytes = samples.iter().map(|sample| sample.body.len()).sum::<usize>();
            let Measured { subject, floor, ratio } = (row.measure)(&subjects, &samples);
            let goal = row.goals.iter().find_map(|(known, goal)| (*known == size).then_some(*goal));
            let [goal, verdict] = verdict(ratio, goal);
            table.push([
                row.name.to_owned(),
                size.to_string(),
                (bytes / samples.len()).to_string(),
                format!("{subject:.0}"),
                format!("{floor:.0}"),
                format!("{ratio:.3}"),
                goal,
                verdict,
            ]);
        }
    }
    println!("\nCPU time of one delivery, medians of interleaved rounds\n\n{table}");
    Ok(())
}

struct Subjects {
    verifier: Verifier,
    key: floor::Key,
    ring: floor::RingKey,
}

impl Subjects {
    fn verify(&self, sample: &Sample) -> bool {
        self.verifier.verify(sample.body.clone(), &sample.signature).is_ok()
    }

    fn verify_floor(&self, sample: &Sample) -> bool {
        self.key.verify(&sample.body, sample.signature.as_bytes())
    }

    fn verify_parse(&self, sample: &Sample) -> Option<Delivery> {
        let verified = self.verifier.verify(sample.body.clone(), &sample.signature);
        verified.ok().map(|verified| verified.parse())
    }

    fn verify_parse_floor<'a>(&self, sample: &'a Sample) -> Option<floor::Delivery<'a>> {
        if self.verify_floor(sample) { floor::read(&sample.body).ok() } else { None }
    }

    fn verify_outline(&self, sample: &Sample) -> bool {
        let verified = self.verifier.verify(sample.body.clone(), &sample.signature);
        verified.is_ok_and(|verified| black_box(Outline::of(verified.body())).is_ok())
    }
}

/// A subject, its floor, and the goals of some sizes.
struct Row {
    name: &'static str,
    measure: fn(&Subjects, &[Sample]) -> Measured,
    goals: &'static [(Size, f64)],
}

const ROWS: &[Row] = &[
    Row {
        name: "verify / sha256 alone",
        measure: |all, samples| {
            compare(samples, |sample| all.verify(sample), |sample| Sha256::digest(&sample.body))
        },
        goals: &[],
    },
    Row {
        name: "verify / prepared hmac",
        measure: |all, samples| {
            compare(samples, |sample| all.verify(sample), |sample| all.verify_floor(sample))
        },
        goals: &[(Size::Typical, 1.05)],
    },
    Row {
        name: "verify / prepared ring",
        measure: |all, samples| {
            let ring = |sample: &Sample| all.ring.verify(&sample.body, sample.signature.as_bytes());
            compare(samples, |sample| all.verify(sample), ring)
        },
        goals: &[],
    },
    Row {
        name: "parse / borrowed",
        measure: |_, samples| {
            let parse = |sample: &Sample| Delivery::parse(sample.body.clone());
            compare(samples, parse, |sample| black_box(floor::read(&sample.body)).is_ok())
        },
        goals: &[],
    },
    Row {
        name: "outline / borrowed parse",
        measure: |_, samples| {
            let outline = |sample: &Sample| black_box(Outline::of(&sample.body)).is_ok();
            compare(samples, outline, |sample| black_box(floor::read(&sample.body)).is_ok())
        },
        goals: &[],
    },
    Row {
        name: "verify+parse / floor",
        measure: |all, samples| {
            compare(
                samples,
                |sample| all.verify_parse(sample),
                |sample| black_box(all.verify_parse_floor(sample)).is_some(),
            )
        },
        goals: &[(Size::Typical, 1.20), (Size::Large, 1.35)],
    },
    Row {
        name: "verify+outline / verify+parse floor",
        measure: |all, samples| {
            compare(
                samples,
                |sample| all.verify_outline(sample),
                |sample| black_box(all.verify_parse_floor(sample)).is_some(),
            )
        },
        goals: &[(Size::Typical, 0.68)],
    },
];
