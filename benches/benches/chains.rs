//! Measures what planning a delivery costs: in a chain of ten bookings and in a long one, in any order, and in
//! one booking whose seats are taken and left.
//!
//! `CHAINS_LENGTH` sets how long the long chain is, 10,000 unless set.
#![expect(clippy::print_stdout, reason = "a table is what this program is for")]

use std::{env, fs, time::Instant};

use anyhow::{Context, Result, ensure};
use benches::{
    SECRET,
    durable::{POSTGRES, Place},
    table::{Table, verdict},
};
use cal_store::{
    SqlStore,
    sqlx::{self, Connection as _, PgConnection},
};
use cal_webhook::{Arrival, Dispatcher, Hook, Signer, Store as _, Verifier};
use chrono::{DateTime, SecondsFormat, TimeDelta};
use fastrand::Rng;
use futures_util::future::try_join_all;
use serde_json::{Value, json};
use tokio::runtime::{self, Runtime};

const LENGTH: usize = 10_000;

/// The limit for a delivery of the long chain, as a multiple of one in a chain of ten.
const GOAL: f64 = 1.3;

/// The limit for a delivery of the long chain or of the crowd, as a multiple of an unrelated one.
const MIXED: f64 = 1.5;

/// A story of moves: how many bookings a chain has, and in which order news comes.
#[derive(Clone, Copy)]
enum Order {
    Forward,
    Reversed,
    Shuffled,
}

impl Order {
    const ALL: [(Self, &str); 3] =
        [(Self::Forward, "in order"), (Self::Reversed, "reversed"), (Self::Shuffled, "shuffled")];

    fn put<T>(self, things: &mut [T]) {
        match self {
            Self::Forward => {}
            Self::Reversed => things.reverse(),
            Self::Shuffled => Rng::with_seed(7).shuffle(things),
        }
    }
}

fn main() -> Result<()> {
    if !benches::is_bench() {
        return Ok(());
    }
    let length = env::var("CHAINS_LENGTH").ok().map_or(Ok(LENGTH), |length| length.parse())?;
    let runtime = runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let mut kinds = vec![("SQLite", false)];
    match env::var_os(POSTGRES) {
        Some(_) => kinds.push(("PostgreSQL", true)),
        None => println!("left out: everything on PostgreSQL, because {POSTGRES} is not set"),
    }
    for (name, is_postgres) in kinds {
        println!("\n{name}: planning, CPU of the program and the server\n");
        let mut table =
            Table::new(&["deliveries", "ms of CPU each", "ms each", "ratio", "goal", ""]);
        let alone = measure(&runtime, is_postgres, &unrelated(length, "u"))?;
        let mut row = |name: String, found: Cost, base: Option<(Cost, f64)>| {
            let mut row = vec![name, format!("{:.3}", found.cpu), format!("{:.3}", found.time)];
            if let Some((base, goal)) = base {
                let ratio = found.cpu / base.cpu;
                row.push(format!("{ratio:.2}"));
                row.extend(verdict(ratio, Some(goal)));
            }
            println!("{}", row.join(" | "));
            table.push(row);
        };
        row(format!("{length} unrelated bookings"), alone, None);
        for (order, how) in Order::ALL {
            let mut bodies = Vec::new();
            for chain in 0..length / 10 {
                let mut moves = moves(10, &format!("c{chain}"));
                order.put(&mut moves);
                bodies.push(moves);
            }
            // The chains are told side by side.
            let short = (0..10).flat_map(|place| bodies.iter().map(move |it| it[place].clone()));
            let short = measure(&runtime, is_postgres, &short.collect::<Vec<_>>())?;
            row(format!("{} chains of 10, {how}", length / 10), short, None);
            let mut long = moves(length, "m");
            order.put(&mut long);
            let long = measure(&runtime, is_postgres, &long)?;
            row(format!("a chain of {length}, {how}"), long, Some((short, GOAL)));
        }
        let mut long = moves(length, "m");
        Order::Shuffled.put(&mut long);
        let mixed =
            long.into_iter().zip(unrelated(length, "u")).flat_map(|(one, other)| [one, other]);
        let mixed = measure(&runtime, is_postgres, &mixed.collect::<Vec<_>>())?;
        row(
            format!("a chain of {length}, shuffled, among {length} unrelated"),
            mixed,
            Some((alone, MIXED)),
        );
        for people in [length, 1] {
            for (order, how) in Order::ALL {
                let mut bodies = seats(length / 2, people);
                order.put(&mut bodies);
                let cost = measure(&runtime, is_postgres, &bodies)?;
                let whom = if people == 1 { "one person" } else { "each another person" };
                row(
                    format!("{} seats taken and left, {whom}, {how}", length / 2),
                    cost,
                    Some((alone, MIXED)),
                );
            }
        }
        println!("\n{table}");
    }
    Ok(())
}

/// The cost of planning one delivery, in milliseconds.
#[derive(Clone, Copy)]
struct Cost {
    cpu: f64,
    time: f64,
}

fn measure(runtime: &Runtime, is_postgres: bool, bodies: &[String]) -> Result<Cost> {
    let place = if is_postgres { Place::postgres()? } else { None };
    let place = place.map_or_else(|| Place::sqlite(&env::temp_dir()), Ok)?;
    runtime.block_on(plan(&place.url, is_postgres, bodies))
}

async fn plan(url: &str, is_postgres: bool, bodies: &[String]) -> Result<Cost> {
    let store = SqlStore::open(url).await?;
    let server = if is_postgres { Some(postmaster(url).await?) } else { None };
    let (verifier, signer) = (Verifier::new(SECRET)?, Signer::new(SECRET)?);
    for group in bodies.chunks(64) {
        // The order within a group is that of the calls.
        let arrivals = group.iter().map(|body| {
            let signature = signer.sign(body);
            let verified = verifier.verify(body.clone(), signature);
            verified.map(|verified| store.accept(Arrival::new(verified)))
        });
        try_join_all(arrivals.collect::<Result<Vec<_>, _>>()?).await?;
    }
    let hooks = Dispatcher::new().hook(Hook::named("crm"));
    let (start, cpu) = (Instant::now(), seconds(server)?);
    let mut planned = 0;
    loop {
        match store.plan(&hooks).await? {
            0 => break,
            some => planned += some,
        }
    }
    let (time, cpu) = (start.elapsed().as_secs_f64(), seconds(server)? - cpu);
    ensure!(planned == bodies.len(), "{planned} of {} deliveries were planned", bodies.len());
    store.close().await;
    let each = |seconds: f64| seconds * 1e3 / planned as f64;
    Ok(Cost { cpu: each(cpu), time: each(time) })
}

/// The process above those that serve connections.
async fn postmaster(url: &str) -> Result<u32> {
    let mut conn = PgConnection::connect(url).await?;
    let own: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut conn).await?;
    let [parent, ..] = stat(&fs::read_to_string(format!("/proc/{own}/stat"))?)?;
    Ok(u32::try_from(parent)?)
}

/// Seconds of CPU that this program and a server with its children have used.
fn seconds(server: Option<u32>) -> Result<f64> {
    let mut ticks = 0;
    let [_, user, system, ..] = stat(&fs::read_to_string("/proc/self/stat")?)?;
    ticks += user + system;
    if let Some(server) = server {
        let [_, user, system, gone_user, gone_system] =
            stat(&fs::read_to_string(format!("/proc/{server}/stat"))?)?;
        ticks += user + system + gone_user + gone_system;
        for process in fs::read_dir("/proc")? {
            let path = process?.path().join("stat");
            let Ok(text) = fs::read_to_string(path) else { continue };
            let Ok([parent, user, system, ..]) = stat(&text) else { continue };
            if parent == i64::from(server) {
                ticks += user + system;
            }
        }
    }
    Ok(ticks as f64 / 100.0)
}

/// Parent, and ticks of CPU in user and system mode, its own and those of children that ended.
fn stat(text: &str) -> Result<[i64; 5]> {
    let (_, rest) = text.rsplit_once(") ").context("expected a process")?;
    let fields: Vec<&str> = rest.split(' ').collect();
    let field =
        |number: usize| anyhow::Ok(fields.get(number).context("expected a field")?.parse()?);
    Ok([field(1)?, field(11)?, field(12)?, field(13)?, field(14)?])
}

fn body(trigger: &str, millis: usize, members: Value) -> String {
    let start = DateTime::from_timestamp(1_777_900_000, 0).unwrap_or_default();
    let at = start + TimeDelta::milliseconds(i64::try_from(millis).unwrap_or_default() * 60_000);
    let mut payload = json!({
        "title": "Strategy hour",
        "startTime": "2026-05-11T08:00:00Z",
        "endTime": "2026-05-11T09:00:00Z",
        "status": "ACCEPTED",
        "organizer": {"name": "Nora Dale", "email": "nora@example.com", "timeZone": "Europe/Oslo"},
        "attendees": [{"name": "Piet Roos", "email": "piet@example.org", "timeZone": "Europe/Paris"}],
    });
    if let (Some(payload), Value::Object(members)) = (payload.as_object_mut(), members) {
        payload.extend(members);
    }
    let at = at.to_rfc3339_opts(SecondsFormat::Millis, true);
    json!({"triggerEvent": trigger, "createdAt": at, "payload": payload}).to_string()
}

fn unrelated(count: usize, name: &str) -> Vec<String> {
    let one =
        |number| body("BOOKING_CREATED", number, json!({"uid": format!("{name}{number:06}")}));
    (0..count).map(one).collect()
}

/// A booking that is made and then moved again and again.
fn moves(length: usize, name: &str) -> Vec<String> {
    let uid = |number: usize| format!("{name}-{number:06}");
    let one = |number: usize| match number.checked_sub(1) {
        None => body("BOOKING_CREATED", 0, json!({"uid": uid(0)})),
        Some(from) => {
            let members = json!({"uid": uid(number), "rescheduleUid": uid(from)});
            body("BOOKING_RESCHEDULED", number, members)
        }
    };
    (0..length).map(one).collect()
}

/// Seats of one booking, each taken and then left.
fn seats(count: usize, people: usize) -> Vec<String> {
    let both = |number: usize| {
        let email = format!("guest{}@example.org", number % people);
        let row = json!({"name": "Guest", "email": email, "timeZone": "Europe/Oslo"});
        let taken = json!({"uid": "seated", "seatsPerTimeSlot": 30, "attendees": [row],
            "attendeeSeatId": format!("seat-{number}")});
        let row = json!({"name": "Guest", "email": email, "timeZone": "Europe/Oslo",
            "bookingId": 7, "noShow": false});
        let left = json!({"uid": "seated", "seatsPerTimeSlot": 30, "status": "CANCELLED",
            "attendees": [row]});
        [
            body("BOOKING_CREATED", number * 2, taken),
            body("BOOKING_CANCELLED", number * 2 + 1, left),
        ]
    };
    (0..count).flat_map(both).collect()
}
