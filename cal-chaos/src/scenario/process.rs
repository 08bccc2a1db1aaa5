//! Facts that the system tells about a process.

use std::{collections::HashSet, fs, time::Duration};

use anyhow::Context as _;
use tokio::{
    process::Child,
    time::{self, Instant},
};

/// How often it is looked whether a process stands still.
const GLANCE: Duration = Duration::from_millis(5);

/// Waits until a process stands still; whether it does so in time.
pub(crate) async fn is_stopped(child: &mut Child, patience: Duration) -> anyhow::Result<bool> {
    let began = Instant::now();
    let id = child.id().context("the site has ended already")?;
    while began.elapsed() < patience && child.try_wait()?.is_none() {
        let stat = fs::read_to_string(format!("/proc/{id}/stat"))?;
        if state(&stat) == Some('T') {
            return Ok(true);
        }
        time::sleep(GLANCE).await;
    }
    Ok(false)
}

/// Returns how many connections to this port a process holds.
pub(crate) fn connections(child: &Child, port: u16) -> anyhow::Result<usize> {
    let id = child.id().context("the site has ended already")?;
    let mut sockets = HashSet::new();
    for table in ["tcp", "tcp6"] {
        // A system may lack the second.
        let table = fs::read_to_string(format!("/proc/{id}/net/{table}")).unwrap_or_default();
        sockets.extend(table.lines().filter_map(|line| to_port(line, port)).map(str::to_owned));
    }
    let mut count = 0;
    for file in fs::read_dir(format!("/proc/{id}/fd"))? {
        // Files may be closed meanwhile.
        let Ok(target) = fs::read_link(file?.path()) else { continue };
        let socket = target.to_str().and_then(|it| it.strip_prefix("socket:[")?.strip_suffix(']'));
        count += usize::from(socket.is_some_and(|socket| sockets.contains(socket)));
    }
    Ok(count)
}

/// Returns the state of a process; its name may hold any letter.
fn state(stat: &str) -> Option<char> {
    stat.rsplit_once(") ")?.1.chars().next()
}

/// Returns the number of the socket that a line is about, if it is connected to this port.
fn to_port(line: &str, port: u16) -> Option<&str> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let remote = fields.get(2)?.rsplit_once(':')?.1;
    let is_open = *fields.get(3)? == "01";
    (is_open && u16::from_str_radix(remote, 16) == Ok(port)).then(|| fields.get(9).copied())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_and_sockets_are_read() {
        assert_eq!(state("7 (a) site) T 1 7"), Some('T'));
        let line = "  1: 0100007F:A4E2 0100007F:D431 01 00000000:00000000 00:00000000 00000000  0 0 4711 1";
        assert_eq!(to_port(line, 54321), Some("4711"));
        assert_eq!(to_port(line, 54322), None);
        assert_eq!(to_port("  sl  local_address rem_address   st", 1), None);
    }
}
