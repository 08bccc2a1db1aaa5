//! Halves of characters that JavaScript leaves behind.

/// What stands in for a half: the replacement character, as an escape of the same length.
const REPLACEMENT: &str = "\\ufffd";

/// Replaces the halves of surrogate pairs in JSON text; `None` when there are none.
///
/// JavaScript counts in UTF-16. A text that was cut inside an emoji ends in half a pair, which
/// `JSON.stringify` writes as an escape (`\ud83d`) and which is no character at all.
pub(crate) fn mend(json: &str) -> Option<String> {
    let mut mended: Option<String> = None;
    let mut at = 0;
    while let Some(found) = json[at..].find('\\') {
        at += found;
        let (here, next) = (unit(json, at), unit(json, at + 6));
        at += match here {
            Some(0xd800..=0xdbff) if matches!(next, Some(0xdc00..=0xdfff)) => 12,
            Some(0xd800..=0xdfff) => {
                let text = mended.get_or_insert_with(|| json.to_owned());
                text.replace_range(at..at + 6, REPLACEMENT);
                6
            }
            Some(_) => 6,
            // Any other escape has two characters, the second one ASCII in valid JSON.
            None => 1 + json[at + 1..].chars().next().map_or(0, char::len_utf8),
        };
    }
    mended
}

/// Reads the UTF-16 unit of an escape that starts here.
fn unit(json: &str, at: usize) -> Option<u16> {
    let digits = json.get(at..at + 6)?.strip_prefix("\\u")?;
    u16::from_str_radix(digits, 16).ok()
}
