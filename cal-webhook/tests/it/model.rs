//! Random schedules of interleaved chains, compared with a model that knows no order.

mod runs;
mod story;
mod truth;

use std::env;

use cal_webhook::{Reading, Ruling};
use fastrand::Rng;
use serde_json::{Value, json};

use runs::{Run, shuffled};
use story::{Fact, Story, What};

use crate::{
    desk::{Desk, Kept, reading},
    news::{left, meeting, news, no_show, seat, seat_moved, with},
};

/// How many orders of one story are tried.
const ORDERS: usize = 20;

/// How many schedules are tried, unless `CALCOM_TEST_SCHEDULES` says it.
const SCHEDULES: usize = 1_000;

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

#[test]
fn what_is_looked_up_for_a_batch_is_enough_whatever_is_sent() {
    for seed in seeds(1) {
        let mut rng = Rng::with_seed(seed);
        for _ in 0..ORDERS / 4 {
            let mut schedule = hostile(&mut rng);
            let (mut desk, mut kept) = (Desk::default(), Kept::default());
            let whole: Vec<Ruling> = schedule.iter().map(|it| desk.plan(it)).collect();
            let mut parts = Vec::new();
            while !schedule.is_empty() {
                let rest = schedule.split_off(rng.usize(1..=schedule.len().min(6)));
                parts.extend(kept.plan(&schedule));
                schedule = rest;
            }
            // Payments that were held back are decided about at other times.
            let ruled = |rulings: Vec<Ruling>| {
                let rank = |ruling: &Ruling| ruling.rank < i16::MAX;
                rulings
                    .into_iter()
                    .filter(rank)
                    .map(|it| (it.decision, it.seat))
                    .collect::<Vec<_>>()
            };
            assert_eq!(ruled(whole), ruled(parts), "seed {seed}");
            desk.wait();
            kept.wait();
            for (uid, row) in &kept.rows {
                assert_eq!(desk.chains.booking(uid).as_ref(), Some(row), "seed {seed}");
            }
        }
    }
}

/// Anything that somebody who has the secret may send about a few bookings.
fn hostile(rng: &mut Rng) -> Vec<Reading> {
    let uids = ["a", "b", "c", "d", "e", "f"];
    let few = rng.usize(2..=6);
    let one = |rng: &mut Rng| uids[rng.usize(..few)];
    (0..rng.usize(3..24))
        .map(|_| {
            let (uid, minute) = (one(rng), rng.i64(0..12));
            let mut members = json!({"title": format!("t{}", rng.u8(..4))});
            match rng.u8(..7) {
                0 | 1 => members["rescheduleUid"] = one(rng).into(),
                2 => members["iCalUID"] = format!("{}@Cal.com", one(rng)).into(),
                3 => {
                    members["rescheduleUid"] = one(rng).into();
                    members["iCalUID"] = format!("{}@Cal.com", one(rng)).into();
                }
                4 => members["rescheduledToUid"] = one(rng).into(),
                _ => {}
            }
            let (who, r) = (["dan", "eve"][rng.usize(..2)], ["s1", "s2", "s3", ""][rng.usize(..4)]);
            let body = match rng.u8(..16) {
                0 | 1 => news("BOOKING_CREATED", uid, minute, members),
                2 | 3 => news("BOOKING_RESCHEDULED", uid, minute, members),
                4 => {
                    members["status"] = "PENDING".into();
                    news("BOOKING_REQUESTED", uid, minute, members)
                }
                5 => {
                    members["status"] = "CANCELLED".into();
                    news("BOOKING_CANCELLED", uid, minute, members)
                }
                6 => news("BOOKING_REJECTED", uid, minute, members),
                7 => news("BOOKING_PAID", uid, minute, json!({"paymentId": rng.u8(..3)})),
                8 => news("BOOKING_PAYMENT_INITIATED", uid, minute, json!({"paymentId": 1})),
                9 => meeting("MEETING_ENDED", uid, json!({})),
                10 => seat(uid, r, who, minute),
                11 => seat_moved(uid, one(rng), r, who, minute),
                12 => left(uid, who, minute),
                13 => {
                    members["rescheduleUid"] = one(rng).into();
                    let body = news("BOOKING_RESCHEDULED", uid, minute, members);
                    with(&body, |wire| wire["payload"]["uid"] = Value::Null)
                }
                14 => no_show(uid, minute, &[(who, rng.bool())]),
                _ => news("BOOKING_CREATED", uid, minute, json!({"status": "CANCELLED"})),
            };
            reading(&body)
        })
        .collect()
}
