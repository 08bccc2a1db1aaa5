//! Logging that can neither fail nor be forged.

use std::{
    fmt::{self, Write as _},
    panic::{AssertUnwindSafe, catch_unwind},
};

/// Logs an event; a subscriber that panics over it, because its output is gone, stops nothing.
pub fn quietly(event: impl FnOnce()) {
    // Without a log there is nobody to tell.
    let _ = catch_unwind(AssertUnwindSafe(event));
}

/// Writes a text that came from outside in one line, with what steers a terminal escaped.
#[derive(Debug)]
pub struct OneLine<T>(pub T);

impl<T: fmt::Display> fmt::Display for OneLine<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaping(f), "{}", self.0)
    }
}

struct Escaping<'a, 'b>(&'a mut fmt::Formatter<'b>);

impl fmt::Write for Escaping<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            // Separators of lines and marks of direction are no control characters.
            let steers = matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            if character.is_control() || steers {
                write!(self.0, "{}", character.escape_default())?;
            } else {
                self.0.write_char(character)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_cannot_begin_a_line_of_its_own() {
        let forged = "Ann\r\n2026-01-01 ERROR the store failed\u{1b}[2J\u{2028}\u{85}\u{202e}é";
        let shown = OneLine(forged).to_string();
        let expected = r"Ann\r\n2026-01-01 ERROR the store failed\u{1b}[2J\u{2028}\u{85}\u{202e}é";
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_log_that_panics_stops_nobody() {
        quietly(|| panic!("failed printing to stderr"));
    }
}
