//! Logs that cannot be written.

use std::{
    fs::{File, OpenOptions},
    io::pipe,
    os::fd::OwnedFd,
    path::Path,
};

use rustix::pipe::fcntl_setpipe_size;
use tokio::{
    io::AsyncReadExt as _, net::unix::pipe::Receiver, process::Command, sync::oneshot,
    task::JoinHandle,
};

/// The largest file that a site with a full disk may write: much more than its database has.
const DISK: u64 = 1 << 30;

/// How many bytes a pipe holds: few, so that one that nobody reads is full soon.
const PIPE: usize = 4096;

/// What is wrong with the log.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Case {
    ReaderDies,
    DiskFills,
    DiskIsFull,
    NobodyReads,
}

/// The other end of the site's output.
#[derive(Debug)]
pub(crate) enum Output {
    /// Something reads it until it is told to stop.
    Pipe(oneshot::Sender<()>, JoinHandle<Receiver>),
    /// There is still place on its disk.
    Disk(File),
    /// There never was.
    Full,
}

impl Case {
    pub(crate) const ALL: [Self; 4] =
        [Self::ReaderDies, Self::DiskFills, Self::DiskIsFull, Self::NobodyReads];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ReaderDies => "reader dies",
            Self::DiskFills => "disk fills up",
            Self::DiskIsFull => "disk is full",
            Self::NobodyReads => "nobody reads",
        }
    }

    /// Returns what a shell does before it starts the site.
    pub(crate) fn limits(self) -> Option<String> {
        // Shells count in blocks of 512 bytes. Without the signal a write fails, as on a full disk.
        let blocks = DISK / 512;
        matches!(self, Self::DiskFills).then(|| format!("trap '' XFSZ && ulimit -f {blocks}"))
    }

    fn level(self) -> &'static str {
        match self {
            Self::NobodyReads => "debug",
            _ => "info",
        }
    }
}

impl Output {
    /// Connects the output of a command.
    pub(crate) fn of(case: Case, command: &mut Command, folder: &Path) -> anyhow::Result<Self> {
        command.env("RUST_LOG", case.level());
        Ok(match case {
            Case::ReaderDies | Case::NobodyReads => {
                let (reader, writer) = pipe()?;
                fcntl_setpipe_size(&writer, PIPE)?;
                command.stdout(writer.try_clone()?).stderr(writer);
                let reader = Receiver::from_owned_fd(OwnedFd::from(reader))?;
                let (stop, stopped) = oneshot::channel();
                Self::Pipe(stop, tokio::spawn(read(reader, stopped)))
            }
            Case::DiskFills => {
                let path = folder.join("full.log");
                let log = OpenOptions::new().create(true).append(true).open(path)?;
                // The file takes no place: nothing is written into most of it.
                log.set_len(DISK / 2)?;
                command.stdout(log.try_clone()?).stderr(log.try_clone()?);
                Self::Disk(log)
            }
            Case::DiskIsFull => {
                let full = OpenOptions::new().write(true).open("/dev/full")?;
                command.stdout(full.try_clone()?).stderr(full);
                Self::Full
            }
        })
    }

    /// Makes the log such that it cannot be written; what is returned must be held meanwhile.
    pub(crate) async fn break_off(self, case: Case) -> anyhow::Result<Option<Receiver>> {
        match self {
            Self::Pipe(stop, reader) => {
                // A reader that has ended already needs no signal.
                let _ = stop.send(());
                let reader = reader.await?;
                return Ok(matches!(case, Case::NobodyReads).then_some(reader));
            }
            Self::Disk(log) => log.set_len(DISK)?,
            Self::Full => {}
        }
        Ok(None)
    }
}

/// Reads until it is stopped, and leaves the pipe open.
async fn read(mut reader: Receiver, mut stopped: oneshot::Receiver<()>) -> Receiver {
    let mut buffer = [0; 4096];
    loop {
        tokio::select! {
            read = reader.read(&mut buffer) => if !matches!(read, Ok(1..)) { return reader },
            _ = &mut stopped => return reader,
        }
    }
}
