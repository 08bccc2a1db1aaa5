//! Where the log goes: standard output, which may be slow, full or gone.

use std::{
    io::{self, Write},
    sync::mpsc,
    thread,
    time::Duration,
};

use calcom::webhook::log::OneLine;
use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::fmt::MakeWriter;

/// How many lines wait for a reader before new ones are dropped.
const LINES: usize = 8192;

/// How long the last lines may take when the site ends.
const LAST: Duration = Duration::from_secs(2);

/// Writes to standard output in a thread of its own, so that nothing else waits or fails with it.
#[derive(Clone)]
pub(crate) struct Output(NonBlocking);

impl Output {
    pub(crate) fn start() -> (Self, WorkerGuard) {
        let builder = NonBlockingBuilder::default().buffered_lines_limit(LINES).lossy(true);
        let (writer, guard) = builder.finish(io::stdout());
        (Self(writer), guard)
    }

    /// Writes a text for the person at the terminal.
    pub(crate) fn say(&self, text: &str) {
        // It is dropped where nobody reads.
        let _ = self.0.clone().write_all(format!("{text}\n").as_bytes());
    }
}

impl<'a> MakeWriter<'a> for Output {
    type Writer = Lines;

    fn make_writer(&'a self) -> Lines {
        Lines(self.0.clone())
    }
}

/// Writes the lines that wait, unless nobody reads them.
pub(crate) fn finish(guard: WorkerGuard) {
    let (done, is_done) = mpsc::channel();
    thread::spawn(move || {
        drop(guard);
        // It took too long, and nobody listens any more.
        let _ = done.send(());
    });
    let _ = is_done.recv_timeout(LAST);
}

/// Writes every event of the log in one line, whatever it quotes.
pub(crate) struct Lines(NonBlocking);

impl Write for Lines {
    /// Takes a whole event, as the log hands it over.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        self.0.write_all(line(&String::from_utf8_lossy(event)).as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn line(event: &str) -> String {
    format!("{}\n", OneLine(event.strip_suffix('\n').unwrap_or(event)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line_whatever_it_quotes() {
        let (output, _guard) = Output::start();
        let event = "unknown trigger A\r\n1999-01-01 ERROR \u{1b}[2Jgone\u{2028}x\n";
        assert_eq!(output.make_writer().write(event.as_bytes()).unwrap(), event.len());
        let line = line(event);
        assert_eq!(line.lines().count(), 1);
        assert!(!line.trim_end().contains(char::is_control) && line.ends_with("x\n"), "{line}");
    }
}
