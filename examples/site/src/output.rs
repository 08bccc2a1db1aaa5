//! Where the log goes: standard output, which may be slow, full or gone.

use std::io::{self, Write};

use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::fmt::MakeWriter;

/// How many lines wait for a reader before new ones are dropped.
const LINES: usize = 8192;

/// Writes to standard output in a thread of its own, so that nothing else waits or fails with it.
///
/// What waits is written when the guard is dropped, unless nobody reads it.
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

/// Writes every event of the log in one line, whatever it quotes.
pub(crate) struct Lines(NonBlocking);

impl Write for Lines {
    /// Takes a whole event, as the log hands it over.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let line = one_line(text.strip_suffix('\n').unwrap_or(&text));
        self.0.write_all(line.as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Replaces what would begin another line or steer a terminal.
fn one_line(text: &str) -> String {
    let steers = |it: char| it.is_control() || matches!(it, '\u{2028}' | '\u{2029}');
    format!("{}\n", text.replace(steers, "\u{fffd}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line_whatever_it_quotes() {
        let line = one_line("unknown trigger A\r\n2026-01-01 ERROR \u{1b}[2Jgone\u{2028}x");
        assert_eq!(line.lines().count(), 1);
        assert!(!line.trim_end().contains(char::is_control) && line.ends_with("gone\u{fffd}x\n"));
    }
}
