//! What a request costs the axum router, beside a server that does nothing.
#![expect(clippy::print_stdout, reason = "a table is what this program is for")]

use std::{rc::Rc, time::Duration};

use anyhow::Result;
use benches::{
    bodies::{self, Size},
    load::{self, CONNECTIONS},
    ratio::median,
    server::{self, Kind, Server},
    table::{Table, verdict},
};

/// How many rounds there are after the first, which only warms up.
const ROUNDS: u64 = 5;

/// How many deliveries one server gets in a round.
const DELIVERIES: u64 = 40_000;

/// How long sending them may take.
const LIMIT: Duration = Duration::from_secs(3);

/// What the router may cost, as a multiple of the server that does nothing.
const GOAL: f64 = 1.75;

fn main() -> Result<()> {
    if server::serve_if_told()? || !benches::is_bench() {
        return Ok(());
    }
    let servers = Kind::ALL.map(|kind| Server::start(kind).map(|server| (kind, server)));
    let mut servers = servers.into_iter().collect::<Result<Vec<_>>>()?;
    let mut rounds = Vec::new();
    for round in 0..=ROUNDS {
        let numbers = round * DELIVERIES..(round + 1) * DELIVERIES;
        let samples = Rc::new(bodies::samples(Size::Typical, numbers)?);
        // Whoever comes first in one round comes last in the next.
        servers.reverse();
        let mut results = servers
            .iter_mut()
            .map(|(kind, server)| {
                let before = server.cpu_when_idle()?;
                let sent = load::send(server.address, &samples, LIMIT)?;
                let cpu = (server.cpu_when_idle()? - before) / sent.answered as f64;
                let per_second = sent.answered as f64 / sent.elapsed.as_secs_f64();
                Ok(Row { kind: *kind, cpu, per_second, refused: sent.refused })
            })
            .collect::<Result<Vec<_>>>()?;
        results.sort_by_key(|row| Kind::ALL.iter().position(|kind| *kind == row.kind));
        if round > 0 {
            rounds.push(results);
        }
    }
    println!("\nCPU time of one 2.5 KB delivery over HTTP, {CONNECTIONS} connections\n");
    println!("{}", table(&rounds));
    Ok(())
}

/// What one server did in one round.
struct Row {
    kind: Kind,
    /// CPU time of one request in nanoseconds.
    cpu: f64,
    per_second: f64,
    refused: usize,
}

fn table(rounds: &[Vec<Row>]) -> Table {
    let mut table =
        Table::new(&["server", "CPU us", "/ noop", "requests/s", "refused", "goal", "verdict"]);
    for (index, kind) in Kind::ALL.into_iter().enumerate() {
        let rows = || rounds.iter().map(|round| &round[index]);
        let ratio = median(rounds.iter().map(|round| round[index].cpu / round[0].cpu));
        let [goal, verdict] = verdict(ratio, (kind == Kind::Door).then_some(GOAL));
        table.push([
            kind.name().to_owned(),
            format!("{:.1}", median(rows().map(|row| row.cpu)) / 1000.0),
            format!("{ratio:.2}"),
            format!("{:.0}", median(rows().map(|row| row.per_second))),
            rows().map(|row| row.refused).sum::<usize>().to_string(),
            goal,
            verdict,
        ]);
    }
    table
}
