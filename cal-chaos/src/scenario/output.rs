//! Logs that cannot be written.

use std::{
    fs::{File, OpenOptions},
    io::{PipeReader, pipe},
    os::fd::OwnedFd,
    path::Path,
};

use rustix::pipe::fcntl_setpipe_size;
use tokio::{io::AsyncReadExt as _, net::unix::pipe::Receiver, process::Command, task::JoinHandle};

/// The largest file that a site with a full disk may write: much more than its database has.
const DISK: u64 = 1 << 30;

/// How many bytes a pipe holds that nobody reads.
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
    /// Something reads it.
    Read(JoinHandle<()>),
    /// Nothing reads it.
    Unread(PipeReader),
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
            // Much is logged, so that the pipe is full soon.
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
            Case::ReaderDies => {
                let (reader, writer) = pipe()?;
                command.stdout(writer.try_clone()?).stderr(writer);
                let mut reader = Receiver::from_owned_fd(OwnedFd::from(reader))?;
                Self::Read(tokio::spawn(async move {
                    let mut buffer = [0; 4096];
                    while matches!(reader.read(&mut buffer).await, Ok(1..)) {}
                }))
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
            Case::NobodyReads => {
                let (reader, writer) = pipe()?;
                fcntl_setpipe_size(&writer, PIPE)?;
                command.stdout(writer.try_clone()?).stderr(writer);
                Self::Unread(reader)
            }
        })
    }

    /// Makes the log such that it cannot be written; what is returned must be held meanwhile.
    pub(crate) async fn break_off(self) -> anyhow::Result<Option<PipeReader>> {
        match self {
            Self::Read(reader) => {
                reader.abort();
                // It is closed once the task has ended, which is an error here.
                let _ = reader.await;
            }
            Self::Disk(log) => log.set_len(DISK)?,
            Self::Full => {}
            Self::Unread(reader) => return Ok(Some(reader)),
        }
        Ok(None)
    }
}
