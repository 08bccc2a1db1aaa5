#![allow(warnings)]
use anyhow::*;
use benches::{
    bodies::{self, Size},
    durable::{self, Kind, Place, Server},
    ratio::median,
    server,
    wire::{self, Pace},
};
use std::{
    env, fs,
    path::Path,
    rc::Rc,
    time::{Duration, Instant},
};
fn cpu(pid: &str) -> (f64, f64) {
    let mut cpu = 0.0;
    for t in fs::read_dir(format!("/proc/{pid}/task")).unwrap().flatten() {
        let s = fs::read_to_string(t.path().join("schedstat")).unwrap_or_default();
        cpu += s.split(' ').next().and_then(|x| x.parse::<f64>().ok()).unwrap_or(0.0);
    }
    let io = fs::read_to_string(format!("/proc/{pid}/io")).unwrap();
    let sc =
        io.lines().find_map(|l| l.strip_prefix("write_bytes: ")).unwrap().parse::<f64>().unwrap();
    (cpu, sc)
}
fn main() -> Result<()> {
    if durable::serve_if_told()? {
        return Ok(());
    }
    let n = |k: &str, d: u64| env::var(k).ok().map_or(d, |v| v.parse().unwrap());
    let (rounds, count, senders, hooks) =
        (n("R", 5), n("N", 12000), n("S", 64) as usize, n("H", 1) as usize);
    let drain = n("D", 1) == 1;
    let kinds: Vec<Kind> = env::var("K")
        .unwrap_or("file, grouped|SQLite".into())
        .split('|')
        .map(|k| Kind::ALL.into_iter().find(|x| x.name() == k).unwrap())
        .collect();
    let req = |r: std::ops::Range<u64>| wire::requests(&bodies::samples(Size::Typical, r).unwrap());
    let (warm, load) = (req(0..512), req(512..512 + count));
    let alone = req(512 + count..512 + count + 400);
    let mut rows = vec![vec![]; kinds.len()];
    for round in 0..rounds {
        for (i, kind) in kinds.iter().enumerate() {
            let f = Path::new(env!("CARGO_TARGET_TMPDIR"));
            let place = match kind {
                Kind::File => Place::file(f)?,
                k if k.is_postgres() => Place::postgres()?.unwrap(),
                _ => Place::sqlite(f)?,
            };
            let mut s = Server::start(*kind, place, hooks)?;
            let pid = String::from_utf8(
                std::process::Command::new("pgrep")
                    .args(["-P", &std::process::id().to_string(), "-f", "serve-durably"])
                    .output()?
                    .stdout,
            )?
            .trim()
            .to_string();
            let x = wire::send(s.address, &warm, Pace::full(senders, Duration::from_secs(3)))?;
            s.drain(x.waits.len())?;
            let c0 = cpu(&pid);
            let t = Instant::now();
            let x = wire::send(s.address, &load, Pace::full(senders, Duration::from_secs(3)))?;
            let c1 = cpu(&pid);
            let k = x.waits.len() as f64;
            let mut dr = f64::NAN;
            let mut dc = f64::NAN;
            if drain {
                s.drain(x.waits.len())?;
                dr = k / t.elapsed().as_secs_f64();
                dc = (cpu(&pid).0 - c0.0) / k / 1e3;
            }
            let l = wire::send(s.address, &alone, Pace::full(1, Duration::from_secs(3)))?;
            rows[i].push([
                x.per_second(),
                x.within(0.5),
                x.within(0.99),
                (c1.0 - c0.0) / k / 1e3,
                (c1.1 - c0.1) / k,
                dr,
                dc,
                l.within(0.5),
                l.within(0.9),
            ]);
        }
    }
    for (i, kind) in kinds.iter().enumerate() {
        let m = |j: usize| median(rows[i].iter().map(|r| r[j]));
        let rel = median(rows[i].iter().zip(&rows[0]).map(|(a, b)| a[0] / b[0]));
        println!(
            "{:28} {:7.0}/s ratio {:.2} p50 {:.2} p99 {:.2} cpu {:.1}us wr {:.0}B drained {:.0}/s cpu {:.0}us lone p50 {:.3} p90 {:.3}  all {:?}",
            kind.name(),
            m(0),
            rel,
            m(1),
            m(2),
            m(3),
            m(4),
            m(5),
            m(6),
            m(7),
            m(8),
            rows[i].iter().map(|r| r[0] as u64).collect::<Vec<_>>()
        );
    }
    Ok(())
}
