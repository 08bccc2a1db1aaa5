//! How much memory a process has resident.

use std::fs;

use anyhow::Context as _;

/// Resident memory in MiB, rounded up.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Memory {
    pub(crate) now: u64,
    pub(crate) peak: u64,
}

impl Memory {
    pub(crate) fn of(process: u32) -> anyhow::Result<Self> {
        let path = format!("/proc/{process}/status");
        let status = fs::read_to_string(&path).context(path)?;
        Self::read(&status).context("expected VmRSS and VmHWM in the status of a process")
    }

    fn read(status: &str) -> Option<Self> {
        let of = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            let kilobytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
            Some(kilobytes.div_ceil(1024))
        };
        Some(Self { now: of("VmRSS:")?, peak: of("VmHWM:")? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_from_the_status_of_a_process() {
        let status = "Name:\tsite\nVmHWM:\t  163841 kB\nVmRSS:\t   20480 kB\n";
        assert_eq!(Memory::read(status), Some(Memory { now: 20, peak: 161 }));
        assert_eq!(Memory::read("Name:\tsite\n"), None);
        let own = Memory::of(std::process::id()).unwrap();
        assert!(own.now > 0 && own.peak >= own.now);
    }
}
