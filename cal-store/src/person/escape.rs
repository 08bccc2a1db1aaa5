//! Escapes of JSON, of HTML and of URLs.

use memchr::memchr3;

/// Names of characters that may stand in an address, beside one or unseen within it.
const NAMES: [(&str, char); 23] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("nbsp", ' '),
    ("newline", ' '),
    ("tab", ' '),
    ("commat", '@'),
    ("period", '.'),
    ("lowbar", '_'),
    ("plus", '+'),
    ("percnt", '%'),
    ("hyphen", '-'),
    ("dash", '-'),
    ("num", '#'),
    ("shy", '\u{ad}'),
    ("zwj", '\u{200d}'),
    ("zwnj", '\u{200c}'),
    ("zerowidthspace", '\u{200b}'),
    ("nobreak", '\u{2060}'),
    ("lrm", '\u{200e}'),
    ("rlm", '\u{200f}'),
];

/// Names of the characters from U+00DF to U+00FF; those of capitals differ in case only, and what is
/// compared is in lower case.
const LATIN: [&str; 33] = [
    "szlig", "agrave", "aacute", "acirc", "atilde", "auml", "aring", "aelig", "ccedil", "egrave",
    "eacute", "ecirc", "euml", "igrave", "iacute", "icirc", "iuml", "eth", "ntilde", "ograve",
    "oacute", "ocirc", "otilde", "ouml", "divide", "oslash", "ugrave", "uacute", "ucirc", "uuml",
    "yacute", "thorn", "yuml",
];

/// The longest name, with what is around it.
const LONGEST: usize = "&zerowidthspace;".len();

/// The meaning of an escape.
enum Plain {
    Letter(char),
    Byte(u8),
}

/// Replaces each escape of a text by what it stands for; `None` when there are none.
///
/// The result may have escapes again.
pub(super) fn read_all(text: &str, percents: bool) -> Option<String> {
    let mut plain = Vec::new();
    let (mut rest, mut is_changed) = (text, false);
    while let Some(at) = memchr3(b'\\', b'&', b'%', rest.as_bytes()) {
        let (head, tail) = rest.split_at(at);
        plain.extend_from_slice(head.as_bytes());
        if let Some((read, tail)) = read(tail, percents) {
            match read {
                Plain::Byte(byte) => plain.push(byte),
                Plain::Letter(letter) => {
                    plain.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
                }
            }
            (rest, is_changed) = (tail, true);
        } else {
            // Each of the three is one byte.
            plain.extend_from_slice(&tail.as_bytes()[..1]);
            rest = &tail[1..];
        }
    }
    plain.extend_from_slice(rest.as_bytes());
    is_changed.then(|| String::from_utf8_lossy(&plain).into_owned())
}

/// Whether a text begins with an escape that may stand for a part of an address, or for the start of
/// another escape.
pub(super) fn hides(text: &str, percents: bool) -> bool {
    let letter = match read(text, percents) {
        Some((Plain::Letter(letter), _)) => letter,
        Some((Plain::Byte(byte), _)) => char::from(byte),
        None => return false,
    };
    letter.is_alphanumeric() || !letter.is_ascii() || "._%+-\\&".contains(letter)
}

/// Whether a text ends with what may be a name or a number of HTML once the `&` before it is read.
pub(super) fn ends(text: &str) -> bool {
    let Some(rest) = text.strip_suffix(';') else { return false };
    let before = rest.trim_end_matches(|letter: char| letter.is_ascii_alphanumeric());
    let before = before.strip_suffix('#').unwrap_or(before);
    before.ends_with(['&', ';']) && entity(&text[before.len()..]).is_some()
}

/// Reads the escape that a text begins with, and returns what comes after it.
fn read(text: &str, percents: bool) -> Option<(Plain, &str)> {
    let mut chars = text.chars();
    let first = chars.next()?;
    let rest = chars.as_str();
    let letter = |(letter, rest)| (Plain::Letter(letter), rest);
    match first {
        '\\' => backslash(rest).map(letter),
        '&' => entity(rest).map(letter),
        '%' if percents => match rest.strip_prefix('u') {
            // As browsers once wrote it.
            Some(digits) => unit(digits).map(letter),
            None => {
                let byte = u8::try_from(number(rest.get(..2)?, 16)?).ok()?;
                Some((Plain::Byte(byte), &rest[2..]))
            }
        },
        _ => None,
    }
}

/// Reads what stands behind a backslash, as JSON and programs write it.
fn backslash(text: &str) -> Option<(char, &str)> {
    let mut chars = text.chars();
    let first = chars.next()?;
    let rest = chars.as_str();
    match first {
        '"' | '\\' | '/' | '\'' => Some((first, rest)),
        'b' | 'f' | 'n' | 'r' | 't' => Some((' ', rest)),
        'x' => Some((char::from_u32(number(rest.get(..2)?, 16)?)?, &rest[2..])),
        'u' => match rest.strip_prefix('{') {
            Some(rest) => {
                let end = rest.bytes().take(7).position(|byte| byte == b'}')?;
                Some((char::from_u32(number(&rest[..end], 16)?)?, &rest[end + 1..]))
            }
            None => unit(rest),
        },
        _ => None,
    }
}

/// Reads what stands behind `\u`.
fn unit(text: &str) -> Option<(char, &str)> {
    let high = number(text.get(..4)?, 16)?;
    let rest = &text[4..];
    if let Some(letter) = char::from_u32(high) {
        return Some((letter, rest));
    }
    // Letters beyond the first plane are written as two units.
    let pair = rest.strip_prefix("\\u").and_then(|tail| {
        let low = number(tail.get(..4)?, 16).filter(|low| (0xdc00..0xe000).contains(low))?;
        let high = high.checked_sub(0xd800)?;
        Some((char::from_u32(0x1_0000 + (high << 10) + (low - 0xdc00))?, &tail[4..]))
    });
    pair.or(Some((char::REPLACEMENT_CHARACTER, rest)))
}

/// Reads what stands behind `&`. Browsers read numbers without a semicolon as well.
fn entity(text: &str) -> Option<(char, &str)> {
    if let Some(text) = text.strip_prefix('#') {
        let (digits, radix) = match text.strip_prefix(['x', 'X']) {
            Some(digits) => (digits, 16),
            None => (text, 10),
        };
        let end = digits.find(|digit: char| !digit.is_digit(radix)).unwrap_or(digits.len());
        let letter = char::from_u32(number(&digits[..end], radix)?)?;
        let rest = &digits[end..];
        return Some((letter, rest.strip_prefix(';').unwrap_or(rest)));
    }
    let end = text.bytes().take(LONGEST).position(|byte| byte == b';')?;
    let (name, rest) = (&text[..end], &text[end + 1..]);
    let known = NAMES.iter().find(|(known, _)| name.eq_ignore_ascii_case(known));
    let latin = || {
        let at = LATIN.iter().position(|known| name.eq_ignore_ascii_case(known))?;
        char::from_u32(0xdf + u32::try_from(at).ok()?)
    };
    known.map(|(_, letter)| *letter).or_else(latin).map(|letter| (letter, rest))
}

/// Reads digits, and nothing else.
fn number(digits: &str, radix: u32) -> Option<u32> {
    let is_number = digits.chars().all(|digit| digit.is_digit(radix));
    is_number.then(|| u32::from_str_radix(digits, radix).ok()).flatten()
}
