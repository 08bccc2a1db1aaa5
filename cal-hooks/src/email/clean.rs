//! What people typed, made safe for one line or a few.

/// How long one line may be, in characters.
const LINE: usize = 300;

/// How long a subject may be, in characters.
const SUBJECT: usize = 900;

/// How many lines are kept of a longer text.
const LINES: usize = 40;

/// Makes one line: line breaks and other control characters become spaces, runs of spaces one.
pub(super) fn line(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if is_hidden(c) { ' ' } else { c }).collect();
    let words: Vec<_> = spaced.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(LINE) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

/// Makes a subject of a written one: one line, its marks of direction kept.
pub(super) fn subject(text: &str) -> String {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    text.chars().map(|c| if breaks(c) { ' ' } else { c }).take(SUBJECT).collect()
}

/// Keeps the line breaks of a longer text, and nothing else that controls; no line is empty.
pub(super) fn lines(text: &str) -> Vec<String> {
    text.lines().map(line).filter(|line| !line.is_empty()).take(LINES).collect()
}

/// Puts a text that reads from right to left between marks (UAX #9: FSI and PDI), so that it does
/// not reorder the sentence around it.
pub(super) fn isolated(text: &str) -> String {
    if text.chars().any(is_right_to_left) {
        format!("\u{2068}{text}\u{2069}")
    } else {
        text.to_owned()
    }
}

/// Whether a character breaks lines, controls a device, or overrides the direction of a text.
pub(super) fn is_hidden(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Whether a character stands in a block of a script that is written from right to left.
fn is_right_to_left(c: char) -> bool {
    matches!(c,
        '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}'
        | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_no_break_and_no_override() {
        assert_eq!(line(" a\r\nBcc: b\u{202e}c\u{0}\u{2028}d "), "a Bcc: b c d");
    }

    #[test]
    fn a_long_line_is_cut() {
        assert_eq!(line(&"é".repeat(400)).chars().count(), LINE + 1);
    }

    #[test]
    fn only_what_reads_from_right_to_left_is_isolated() {
        assert_eq!(isolated("Zoë 🎉"), "Zoë 🎉");
        assert_eq!(isolated("ليلى"), "\u{2068}ليلى\u{2069}");
    }
}
