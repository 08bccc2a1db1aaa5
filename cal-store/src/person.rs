//! A person, and whether a text mentions them.

use std::borrow::Cow;

use cal_webhook::StoreError;
use sha2::{Digest, Sha256};

/// How often what is written in a text may be escaped: JSON in a string of JSON is escaped twice.
const LEVELS: usize = 4;

/// Somebody by their e-mail address.
///
/// Case does not matter, and neither does how the address is escaped. It must be the whole address:
/// `ann@example.org` is not mentioned by `joann@example.org` or `ann@example.org.uk`.
#[derive(Clone)]
pub(crate) struct Person(String);

impl Person {
    pub(crate) fn new(email: &str) -> Result<Self, StoreError> {
        let address = address(email);
        let is_address = address
            .rsplit_once('@')
            .is_some_and(|(name, domain)| !name.is_empty() && !domain.is_empty());
        if !is_address {
            return Err(StoreError::new("expected an e-mail address, such as ann@example.org"));
        }
        Ok(Self(address))
    }

    /// Returns the address in lower case.
    pub(crate) fn address(&self) -> &str {
        &self.0
    }

    /// Stands for the person where the address must not: 32 hexadecimal digits of its SHA-256.
    pub(crate) fn digest(&self) -> String {
        hex(&Sha256::digest(&self.0)[..16])
    }

    pub(crate) fn is_in_delivery(&self, headers: Option<&str>, body: Option<&[u8]>) -> bool {
        body.is_some_and(|body| self.is_in(&String::from_utf8_lossy(body)))
            || headers.is_some_and(|headers| self.is_in(headers))
    }

    pub(crate) fn is_in(&self, text: &str) -> bool {
        let mut text = Cow::Borrowed(text);
        for _ in 0..LEVELS {
            let unescaped = without_percents(&text);
            if self.is_written_in(&text) || unescaped.is_some_and(|text| self.is_written_in(&text))
            {
                return true;
            }
            let Some(inner) = without_backslashes(&text) else { return false };
            text = Cow::Owned(inner);
        }
        false
    }

    fn is_written_in(&self, text: &str) -> bool {
        let text = folded(text);
        text.match_indices(&self.0).any(|(start, _)| {
            // Dots and dashes between words belong to an address, others do not.
            let before = text[..start].trim_end_matches(['.', '-', '_', '+']);
            let after = text[start + self.0.len()..].trim_start_matches(['.', '-']);
            !before.ends_with(char::is_alphanumeric) && !after.starts_with(char::is_alphanumeric)
        })
    }
}

/// Brings an address into the form in which it is kept: lower case, no white space around it.
pub(crate) fn address(email: &str) -> String {
    folded(email.trim())
}

/// Brings texts into the form in which they are compared.
fn folded(text: &str) -> String {
    // PostgreSQL keeps no NUL in texts.
    text.to_lowercase().replace('\0', "\u{fffd}")
}

/// Reads the escapes of JSON; `None` when there are none.
fn without_backslashes(text: &str) -> Option<String> {
    let (head, mut rest) = text.split_at(text.find('\\')?);
    let mut plain = String::with_capacity(text.len());
    plain += head;
    while let Some(tail) = rest.strip_prefix('\\') {
        let mut chars = tail.chars();
        rest = match chars.next() {
            Some('u') => {
                let (letter, tail) = unit(chars.as_str());
                plain.push(letter);
                tail
            }
            Some(letter) => {
                plain.push(if "bfnrt".contains(letter) { ' ' } else { letter });
                chars.as_str()
            }
            None => "",
        };
        let (head, tail) = rest.split_at(rest.find('\\').unwrap_or(rest.len()));
        plain += head;
        rest = tail;
    }
    Some(plain)
}

/// Reads what stands behind `\u`, and returns what comes after it.
fn unit(text: &str) -> (char, &str) {
    let digits = |text: &str| u32::from_str_radix(text.get(..4)?, 16).ok();
    let Some(high) = digits(text) else { return (char::REPLACEMENT_CHARACTER, text) };
    let rest = &text[4..];
    if let Some(letter) = char::from_u32(high) {
        return (letter, rest);
    }
    // Letters beyond the first plane are written as two units.
    let pair = rest.strip_prefix("\\u").and_then(|tail| {
        let low = digits(tail).filter(|low| (0xdc00..0xe000).contains(low))?;
        let high = high.checked_sub(0xd800)?;
        Some((char::from_u32(0x1_0000 + (high << 10) + (low - 0xdc00))?, &tail[4..]))
    });
    pair.unwrap_or((char::REPLACEMENT_CHARACTER, rest))
}

/// Reads the escapes of forms; `None` when there are none.
fn without_percents(text: &str) -> Option<String> {
    text.find('%')?;
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, tail @ ..] = rest {
        let digit = |at: usize| tail.get(at).and_then(|&digit| char::from(digit).to_digit(16));
        match (byte, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                plain.extend(u8::try_from(high << 4 | low));
                rest = &tail[2..];
            }
            _ => {
                plain.push(*byte);
                rest = tail;
            }
        }
    }
    Some(String::from_utf8_lossy(&plain).into_owned())
}

/// Writes bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mentions(text: &str) -> bool {
        Person::new(" Ann_50%@Example.org ").unwrap().is_in(text)
    }

    #[test]
    fn a_person_is_mentioned_however_the_address_is_written() {
        for text in [
            "ann_50%@example.org",
            r#"{"email":"ANN_50%@EXAMPLE.ORG"}"#,
            r#"{"text":"Write to Ann <ann_50%@example.org>."}"#,
            r#"{"text":"Hello\nann_50%@example.org\nbye"}"#,
            r#"{"email":"\u0041nn_50%\u0040example.org"}"#,
            r#"{"email":"ann_50%@EXAMPLE\u002EORG"}"#,
            r#"{"json":"{\"email\":\"ann_50%\\u0040example.org\"}"}"#,
            "email=Ann_50%25%40example.org&name=Ann",
            "mailto:ann_50%@example.org",
            "… see ann_50%@example.org...",
        ] {
            assert!(mentions(text), "{text}");
        }
    }

    #[test]
    fn another_person_is_not_mentioned() {
        for text in [
            "",
            "annx50%@example.org",
            "ann_50@example.org",
            "ann_50xx@example.org",
            "joann_50%@example.org",
            "jo.ann_50%@example.org",
            "ann_50%@example.org.uk",
            "ann_50%@example.orgs",
            r"\u00",
            r"\ud83d\u12",
            "\\",
            "%",
            "%4",
        ] {
            assert!(!mentions(text), "{text}");
        }
    }

    #[test]
    fn letters_of_two_units_and_wrong_bytes_are_read() {
        let person = Person::new("🙂@example.org").unwrap();
        assert!(person.is_in(r#"{"email":"\uD83D\uDE42@example.org"}"#));
        assert!(person.is_in_delivery(None, Some(b"\xff\xfe\xf0\x9f\x99\x82@example.org\xff")));
        assert!(!person.is_in(r#"{"email":"\ud83d\ud83d@example.org"}"#));
    }

    #[test]
    fn what_is_no_address_names_nobody() {
        for email in ["", " ", "@", "ann", "ann@", "@example.org"] {
            assert!(Person::new(email).is_err(), "{email}");
        }
    }

    #[test]
    fn the_digest_does_not_depend_on_case() {
        let digest = |email| Person::new(email).unwrap().digest();
        assert_eq!(digest("ann@example.org"), digest(" Ann@EXAMPLE.org"));
        assert_eq!(digest("ann@example.org").len(), 32);
    }
}
