//! A person, and whether a text mentions them.

mod address;
mod escape;
mod normal;

use std::{borrow::Cow, collections::BTreeSet};

use cal_webhook::StoreError;
use sha2::{Digest, Sha256};

use address::Address;

/// How often what is written in a text may be escaped: JSON in a string of JSON is escaped twice.
const LEVELS: usize = 8;

/// Somebody by their e-mail address, however it is spelled.
///
/// Neither case nor the script's forms matter, nor invisible characters within it, nor whether its
/// domain is written as `xn--`, nor how it is escaped: as JSON, for HTML or for an URL, each in each
/// other. It must be the whole address: `ann@example.org` is not mentioned by `joann@example.org` or
/// `ann@example.org.uk`.
#[derive(Clone)]
pub(crate) struct Person {
    kept: String,
    address: Address,
}

impl Person {
    pub(crate) fn new(email: &str) -> Result<Self, StoreError> {
        let kept = address(email);
        let address = Address::new(&kept).ok_or_else(|| {
            StoreError::new("expected an e-mail address, such as ann@example.org")
        })?;
        Ok(Self { kept, address })
    }

    /// Returns the address in lower case.
    pub(crate) fn address(&self) -> &str {
        &self.kept
    }

    /// Stands for the person where the address must not: 32 hexadecimal digits of its SHA-256.
    pub(crate) fn digest(&self) -> String {
        short(&self.kept)
    }

    /// Whether a text has the person's digest, whichever way they wrote their domain.
    pub(crate) fn has_digest_in(&self, text: &str) -> bool {
        self.spellings().iter().any(|spelling| text.contains(&short(spelling)))
    }

    /// Returns the address as it was given, with its domain as people read it, and as the DNS does.
    pub(crate) fn spellings(&self) -> BTreeSet<String> {
        self.address.spellings().chain([self.kept.clone()]).collect()
    }

    pub(crate) fn is_in_delivery(&self, headers: Option<&str>, body: Option<&[u8]>) -> bool {
        body.is_some_and(|body| self.is_in(&String::from_utf8_lossy(body)))
            || headers.is_some_and(|headers| self.is_in(headers))
    }

    /// Whether a text mentions the person. It takes time and memory in proportion to the text.
    pub(crate) fn is_in(&self, text: &str) -> bool {
        // A percent sign may be one of the address: `ann%de.example.org@example.org`.
        self.is_read_in(text, true) || (text.contains('%') && self.is_read_in(text, false))
    }

    fn is_read_in(&self, text: &str, percents: bool) -> bool {
        let mut text = Cow::Borrowed(text);
        let mut is_json = text.trim_start().starts_with(['{', '[', '"']);
        for _ in 0..LEVELS {
            let form = normal::form(&text);
            if self.address.is_in(&form, is_json, percents) {
                return true;
            }
            let Some(inner) = escape::read_all(&form, percents) else { return false };
            (text, is_json) = (Cow::Owned(inner), false);
        }
        false
    }
}

/// Brings an address into the form in which it is kept: lower case, no white space around it.
pub(crate) fn address(email: &str) -> String {
    // PostgreSQL keeps no NUL in texts.
    email.trim().to_lowercase().replace('\0', "\u{fffd}")
}

/// Writes bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

fn short(address: &str) -> String {
    hex(&Sha256::digest(address)[..16])
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
            "&#",
            "&#x;",
            "&#99999999;",
        ] {
            assert!(!mentions(text), "{text}");
        }
    }

    #[test]
    fn an_escape_beside_a_match_is_read_before_it_is_judged() {
        let nora = Person::new("nora@example.org").unwrap();
        for text in [
            r#"{"text":"two lines:\nora@example.org"}"#,
            r#"{"text":"nora@example.org\u002euk"}"#,
            "nora@example.org&#46;uk",
            "nora@example.org&period;uk",
            "&eacute;nora@example.org",
            "&amp;eacute;nora@example.org",
            "&amp;#233;nora@example.org",
            "%C3%A9nora@example.org",
        ] {
            assert!(!nora.is_in(text), "{text}");
        }
        for text in [
            r#"{"text":"CORP\\nora@example.org"}"#,
            r#"{"text":"CORP\\\\nora@example.org\\\\"}"#,
            r"550 CORP\nora@example.org",
            r#"error: "nora@example.org\u{200b}""#,
            r"nora@example.org\Documents",
            "&lt;nora@example.org&gt;",
            "&amp;nora@example.org&amp;",
            "&amp;lt;nora@example.org&amp;gt;",
            "%3Cnora@example.org%3E",
        ] {
            assert!(nora.is_in(text), "{text}");
        }
    }

    #[test]
    fn letters_beside_a_match_are_of_its_word_or_of_another_script() {
        let ann = Person::new("ann@example.org").unwrap();
        let petr = Person::new("пётр@пример.рф").unwrap();
        for (person, text) in [
            (&ann, "①ann@example.org②"),
            (&ann, "™ann@example.org™"),
            (&ann, "ελann@example.orgελ"),
            (&ann, "\u{1f642}\u{fe0f}ann@example.org\u{1f642}"),
            (&ann, "\u{202a}ann@example.org\u{202c}"),
            (&ann, "𝐚𝐧𝐧@𝐞𝐱𝐚𝐦𝐩𝐥𝐞.𝐨𝐫𝐠"),
            (&ann, "ⓐnn@example.org"),
            (&ann, "ann﹫example｡org"),
            (&ann, "ann％４０example%u002Eorg"),
            (&ann, "ann＆#0064；example.org"),
            (&ann, "ann@example.org - Ann"),
            (&petr, "ПЁТР@ПРИМЕР.РФ"),
            (&petr, "пе\u{308}тр@xn--e1afmkfd.xn--p1ai"),
            (&petr, "пётр@пример.xn--p1ai"),
            (&petr, "联系пётр@пример.рф吧"),
        ] {
            assert!(person.is_in(text), "{text}");
        }
        for (person, text) in [
            (&ann, "𝐣𝐨𝐚𝐧𝐧@example.org"),
            (&ann, "joe\u{301}ann@example.org"),
            (&ann, "øann@example.org"),
            (&ann, "jo﹢ann@example.org"),
            (&ann, "jo＋ann@example.org"),
            (&ann, "jo․ann@example.org"),
            (&ann, "jo%2Eann@example.org"),
            (&ann, "jo&#43;ann@example.org"),
            (&ann, "ﬁann@example.org\u{301}"),
            (&petr, "иванпётр@пример.рф"),
            (&petr, "петр@пример.рф"),
            (&petr, "пётр@пример.рфы"),
            (&petr, "пётр@xn--e1afmkfd.xn--p1ais"),
        ] {
            assert!(!person.is_in(text), "{text}");
        }
        let [strasse, other] =
            ["ann@straße.example", "ann@strasse.example"].map(|email| Person::new(email).unwrap());
        assert!(strasse.is_in("ANN@STRAẞE.example") && strasse.is_in("ann@xn--strae-oqa.example"));
        assert!(!strasse.is_in("ann@strasse.example") && !other.is_in("ann@straße.example"));
    }

    #[test]
    fn nothing_hides_what_comes_after_it() {
        let person = Person::new("ann@example.org").unwrap();
        for part in [
            "@", "\\", "%", "%25", "&", "&amp;", "ann@", "a\u{301}", "\u{200b}", "xn--", "%ff",
            "\\u{", "&#1",
        ] {
            let text = part.repeat(2000);
            assert!(!person.is_in(&text), "{part}");
            assert!(person.is_in(&format!("{text} ann@example.org")), "{part}");
        }
    }

    #[test]
    fn percent_signs_of_an_address_are_its_own() {
        let person = Person::new("ann%de.example.org@example.org").unwrap();
        assert!(person.is_in(r#"{"email":"ann%de.example.org\u0040example.org"}"#));
        assert!(person.is_in("ann%25de.example.org%40example.org"));
        assert!(!person.is_in("ann%25de.example.org%40example.orgs"));
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
        for email in ["", " ", "@", "ann", "ann@", "@example.org", "\u{200b}@example.org", "ann@."]
        {
            assert!(Person::new(email).is_err(), "{email}");
        }
    }

    #[test]
    fn the_digest_does_not_depend_on_case() {
        let digest = |email| Person::new(email).unwrap().digest();
        assert_eq!(digest("ann@example.org"), digest(" Ann@EXAMPLE.org"));
        assert_eq!(digest("ann@example.org").len(), 32);
    }

    #[test]
    fn the_digest_is_found_whichever_way_the_domain_was_written() {
        let [one, other] = ["ann@bücher.example", "ann@xn--bcher-kva.example"]
            .map(|email| Person::new(email).unwrap());
        assert!(one.has_digest_in(&format!("person {}", other.digest())));
        assert!(other.has_digest_in(&one.digest()));
        assert!(!other.has_digest_in(&Person::new("ann@example.org").unwrap().digest()));
    }
}
