//! What it costs to commit deliveries before they are answered, beside a bare file and beside one
//! commit for each; and whether answers wait for hooks.
#![expect(clippy::print_stdout, reason = "a table is what this program is for")]

use std::{env, path::Path, rc::Rc, time::Duration};

use anyhow::{Context, Result, ensure};
use benches::{
    bodies::{self, Size},
    durable::{self, Kind, POSTGRES, Place, Server},
    ratio::median,
    server,
    table::{Table, reached, verdict},
    wire::{self, Pace, Sent},
};

/// How many rounds there are after the first, which only warms up.
const ROUNDS: u64 = 5;

/// How many send at the same time.
const SENDERS: usize = 64;

/// How many deliveries a server gets in a round, and how many before them that do not count.
const DELIVERIES: u64 = 12_000;
const FIRST: u64 = 512;

/// How long a server may take for them.
const LIMIT: Duration = Duration::from_secs(2);

/// How often a lone sender comes to each server, and how many deliveries it brings.
const TURNS: u64 = 8;
const ALONE: u64 = 80;

/// The load under which hooks hang: so many deliveries in a round, and when the next one is due.
const PACED: u64 = 1_600;
const INTERVAL: Duration = Duration::from_micros(2_500);
const PACED_SENDERS: usize = 32;
const PACED_HOOKS: usize = 3;

/// What a lone sender may wait, as a multiple of its wait for one commit.
const ALONE_GOAL: f64 = 1.05;

/// What answers may take while hooks hang, as a multiple of what they take otherwise.
const HANGING_GOAL: f64 = 1.20;

fn main() -> Result<()> {
    if durable::serve_if_told()? || server::serve_if_told()? || !benches::is_bench() {
        return Ok(());
    }
    let has_postgres = env::var_os(POSTGRES).is_some();
    if !has_postgres {
        println!("left out: everything on PostgreSQL, because {POSTGRES} is not set");
    }
    durable::fill_log()?;
    let rounds = rounds()?;
    let is_wanted = |kind: &Kind| has_postgres || !kind.is_postgres();
    accepting(rounds, is_wanted)?;
    hanging(rounds, is_wanted)
}

/// The number of rounds, which `CALCOM_BENCH_ROUNDS` may change.
fn rounds() -> Result<u64> {
    const NAME: &str = "CALCOM_BENCH_ROUNDS";
    env::var(NAME).ok().map_or(Ok(ROUNDS), |rounds| rounds.parse().context(NAME))
}

fn start(kind: Kind, hooks: usize) -> Result<Server> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let place = match kind {
        Kind::File => Place::file(folder)?,
        kind if kind.is_postgres() => Place::postgres()?.context(POSTGRES)?,
        _ => Place::sqlite(folder)?,
    };
    Server::start(kind, place, hooks)
}

fn requests(numbers: std::ops::Range<u64>) -> Result<Rc<[Vec<u8>]>> {
    Ok(wire::requests(&bodies::samples(Size::Typical, numbers)?))
}

/// What one server did in one round.
struct Accepted {
    per_second: f64,
    /// From the first delivery until all work has ended.
    drained: f64,
    median: f64,
    late: f64,
    /// The median wait of a lone sender, in milliseconds.
    alone: f64,
    busy: f64,
}

/// Sends as fast as answers come, and then alone.
fn accepting(rounds: u64, is_wanted: impl Fn(&Kind) -> bool) -> Result<()> {
    const KINDS: [Kind; 5] =
        [Kind::File, Kind::SqliteRows, Kind::Sqlite, Kind::PostgresRows, Kind::Postgres];
    let kinds: Vec<_> = KINDS.into_iter().filter(is_wanted).collect();
    let full = Pace::full(SENDERS, LIMIT);
    let mut all: Vec<Vec<Accepted>> = kinds.iter().map(|_| Vec::new()).collect();
    for round in 0..=rounds {
        let (warm, crowd) = (requests(0..FIRST)?, requests(FIRST..FIRST + DELIVERIES)?);
        let mut servers = Vec::new();
        let mut order: Vec<_> = (0..kinds.len()).collect();
        // Whoever comes first in one round comes last in the next.
        if round % 2 == 1 {
            order.reverse();
        }
        for place in order {
            let mut server = start(kinds[place], 1)?;
            let sent = send(&server, &warm, full)?;
            server.drain(sent.waits.len())?;
            let start = std::time::Instant::now();
            let sent = send(&server, &crowd, full)?;
            server.drain(sent.waits.len())?;
            let drained = sent.waits.len() as f64 / start.elapsed().as_secs_f64();
            servers.push((place, server, sent, drained, Vec::new()));
        }
        for turn in 0..TURNS {
            let first = FIRST + DELIVERIES + turn * ALONE;
            let alone = requests(first..first + ALONE)?;
            servers.reverse();
            for (_, server, _, _, waits) in &mut servers {
                let sent = send(server, &alone, Pace::full(1, LIMIT))?;
                server.drain(sent.waits.len())?;
                waits.extend(sent.waits);
            }
        }
        for (place, _, sent, drained, waits) in servers {
            let (per_second, median_wait) = (sent.per_second(), sent.within(0.5));
            let row = Accepted {
                per_second,
                drained,
                median: median_wait,
                late: sent.within(0.99),
                alone: median(waits),
                busy: sent.busy,
            };
            if round > 0 {
                all[place].push(row);
            }
        }
    }
    println!("\n2.5 KB deliveries committed before their answers, {SENDERS} senders\n");
    println!("{}", accepted(&kinds, &all));
    println!("{}", goals(&kinds, &all));
    Ok(())
}

fn send(server: &Server, requests: &Rc<[Vec<u8>]>, pace: Pace) -> Result<Sent> {
    let sent = wire::send(server.address, requests, pace)?;
    ensure!(sent.refused == 0, "{} deliveries were refused", sent.refused);
    Ok(sent)
}

fn accepted(kinds: &[Kind], all: &[Vec<Accepted>]) -> Table {
    let mut table = Table::new(&[
        "server",
        "accepted/s",
        "p50 ms",
        "p99 ms",
        "drained/s",
        "lone sender p50 ms",
        "senders' use of a core",
    ]);
    for (kind, rows) in kinds.iter().zip(all) {
        let of = |number: fn(&Accepted) -> f64| median(rows.iter().map(number));
        let drains = matches!(kind, Kind::Sqlite | Kind::Postgres);
        table.push([
            kind.name().to_owned(),
            format!("{:.0}", of(|row| row.per_second)),
            format!("{:.2}", of(|row| row.median)),
            format!("{:.2}", of(|row| row.late)),
            if drains { format!("{:.0}", of(|row| row.drained)) } else { "-".to_owned() },
            format!("{:.3}", of(|row| row.alone)),
            format!("{:.2}", of(|row| row.busy)),
        ]);
    }
    table
}

/// Compares rows of the same round.
fn goals(kinds: &[Kind], all: &[Vec<Accepted>]) -> Table {
    let mut table = Table::new(&["ratio", "median of rounds", "all rounds", "goal", "verdict"]);
    let of = |wanted: Kind| kinds.iter().position(|kind| *kind == wanted).map(|at| &all[at]);
    let ratios = |subject: Kind, other: Kind, number: fn(&Accepted) -> f64| {
        let pairs = of(subject)?.iter().zip(of(other)?);
        Some(pairs.map(|(a, b)| number(a) / number(b)).collect::<Vec<_>>())
    };
    for (subject, rows, of_limit, of_rows) in [
        (Kind::Sqlite, Kind::SqliteRows, 0.45, 5.0),
        (Kind::Postgres, Kind::PostgresRows, 0.65, 4.0),
    ] {
        for (what, other, goal) in [("file", Kind::File, of_limit), ("rows", rows, of_rows)] {
            let Some(ratios) = ratios(subject, other, |row| row.per_second) else { continue };
            let name = if what == "file" { "the grouped file" } else { "one commit each" };
            let ratio = median(ratios.iter().copied());
            let name = format!("{}, accepted / {name}", subject.name());
            push(&mut table, name, &ratios, reached(ratio, goal));
        }
        let Some(ratios) = ratios(subject, rows, |row| row.alone) else { continue };
        let verdict = verdict(median(ratios.iter().copied()), Some(ALONE_GOAL));
        let name = format!("{}, lone sender's p50 / one commit each", subject.name());
        push(&mut table, name, &ratios, verdict);
    }
    table
}

fn push(table: &mut Table, name: String, ratios: &[f64], [goal, verdict]: [String; 2]) {
    let each: Vec<_> = ratios.iter().map(|ratio| format!("{ratio:.2}")).collect();
    let ratio = format!("{:.2}", median(ratios.iter().copied()));
    table.push([name, ratio, each.join(" "), goal, verdict]);
}

/// Sends at a bounded pace to hooks that hang, and to hooks that do nothing.
fn hanging(rounds: u64, is_wanted: impl Fn(&Kind) -> bool) -> Result<()> {
    let pace = Pace { senders: PACED_SENDERS, limit: Duration::from_secs(20), interval: INTERVAL };
    let mut table = Table::new(&[
        "store",
        "p50 ms",
        "p50 ms, hooks hang",
        "p99 ms",
        "p99 ms, hooks hang",
        "ratio of p99",
        "all rounds",
        "goal",
        "verdict",
    ]);
    for (calm, hung) in
        [(Kind::Sqlite, Kind::SqliteHanging), (Kind::Postgres, Kind::PostgresHanging)]
    {
        if !is_wanted(&calm) {
            continue;
        }
        let mut results = Vec::new();
        for round in 0..=2 * rounds {
            let (warm, load) = (requests(0..FIRST)?, requests(FIRST..FIRST + PACED)?);
            let measure = |kind| -> Result<[f64; 2]> {
                let server = start(kind, PACED_HOOKS)?;
                send(&server, &warm, Pace::full(PACED_SENDERS, LIMIT))?;
                let sent = send(&server, &load, pace)?;
                Ok([sent.within(0.5), sent.within(0.99)])
            };
            let pair = if round % 2 == 0 {
                let calm = measure(calm)?;
                [calm, measure(hung)?]
            } else {
                let hung = measure(hung)?;
                [measure(calm)?, hung]
            };
            if round > 0 {
                results.push(pair);
            }
        }
        let ratios: Vec<_> = results.iter().map(|[calm, hung]| hung[1] / calm[1]).collect();
        let [goal, verdict] = verdict(median(ratios.iter().copied()), Some(HANGING_GOAL));
        let of = |pair: usize, part: usize| {
            format!("{:.2}", median(results.iter().map(|row: &[[f64; 2]; 2]| row[pair][part])))
        };
        table.push([
            calm.name().to_owned(),
            of(0, 0),
            of(1, 0),
            of(0, 1),
            of(1, 1),
            format!("{:.2}", median(ratios.iter().copied())),
            ratios.iter().map(|ratio| format!("{ratio:.2}")).collect::<Vec<_>>().join(" "),
            goal,
            verdict,
        ]);
    }
    let rate = 1.0 / INTERVAL.as_secs_f64();
    println!(
        "\nAnswers while {PACED_HOOKS} hooks hang and while they end, {rate:.0} deliveries/s\n"
    );
    println!("{table}");
    Ok(())
}
