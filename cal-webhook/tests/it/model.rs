//! Random schedules of interleaved chains, compared with a model that knows no order.

mod runs;
mod story;
mod truth;

use std::env;

use cal_webhook::Ruling;
use fastrand::Rng;

use runs::{Run, shuffled};
use story::{Fact, Story, What};

/// How many orders of one story are tried.
const ORDERS: usize = 20;

/// How many schedules are tried, unless `CALCOM_TEST_SCHEDULES` says it.
const SCHEDULES: usize = 2_000;

fn schedules() -> usize {
    let wanted = env::var("CALCOM_TEST_SCHEDULES").ok();
    wanted.map_or(SCHEDULES, |wanted| wanted.parse().unwrap())
}

/// The seeds of as many stories as are wanted, or the one that `CALCOM_TEST_SEED` names.
fn seeds(share: usize) -> Vec<u64> {
    let one = env::var("CALCOM_TEST_SEED").ok().map(|seed| vec![seed.parse().unwrap()]);
    let count = u64::try_from(schedules() / ORDERS / share).unwrap().max(1);
    one.unwrap_or_else(|| (0..count).collect())
}

#[test]
fn schedules_end_as_the_model_says() {
    for seed in seeds(1) {
        let mut rng = Rng::with_seed(seed);
        let facts = Story::new(&mut rng).facts;
        let truth = truth::end(&facts);
        for order in 0..ORDERS {
            let schedule = shuffled(&facts, order, &mut rng);
            let run = Run::whole(&schedule, order % 10 > 0);
            let told = || told(seed, &schedule, &run);
            for (uid, expected) in &truth {
                let row = run.desk.row(uid);
                assert_eq!(truth::Row::of(&row), expected.without_seats(), "{uid}, {}", told());
            }
            run.check(&truth).unwrap_or_else(|wrong| panic!("{wrong}, {}", told()));
        }
    }
}

#[test]
fn rounds_of_planning_add_up_to_one() {
    for seed in seeds(4) {
        let mut rng = Rng::with_seed(seed);
        let mut facts = Story::new(&mut rng).facts;
        if rng.bool() {
            // Where a seat has been in between only its own report tells.
            facts.retain(|fact| fact.what == What::SeatMoved || rng.u8(..) > 40);
        }
        let mut rows = None;
        for order in 0..ORDERS {
            let schedule = shuffled(&facts, order, &mut rng);
            let [whole, parts] = [Run::whole(&schedule, true), Run::in_parts(&schedule, &mut rng)];
            let told = || told(seed, &schedule, &whole);
            assert_eq!(whole.decisions, parts.decisions, "{}", told());
            assert_eq!(whole.rows(), parts.rows(), "{}", told());
            // Whatever was lost, the order of the rest changes nothing.
            let rows = rows.get_or_insert_with(|| whole.public());
            assert_eq!(*rows, whole.public(), "{}", told());
        }
    }
}

/// A schedule as a failure shows it.
fn told(seed: u64, schedule: &[&Fact], run: &Run<'_>) -> String {
    let lines = schedule.iter().zip(&run.decisions);
    let line = |(fact, ruling): (&&Fact, &Ruling)| {
        let Ruling { decision, seat, overtaken, .. } = ruling;
        let overtaken = overtaken.iter().map(|it| (it.uid.as_str(), it.seat, it.below));
        format!("  {fact:?}: {decision:?} {seat:?} {:?}", overtaken.collect::<Vec<_>>())
    };
    let lines: Vec<_> = lines.map(line).collect();
    format!("seed {seed}:\n{}", lines.join("\n"))
}
