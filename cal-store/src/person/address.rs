//! An address, and where it stands in a text.

use memchr::memchr_iter;
use unicode_normalization::UnicodeNormalization;

use super::{
    escape,
    normal::{self, is_mark, is_same_word, is_unseen},
};

/// The characters of an address that are neither letters nor digits.
const JOINTS: [char; 5] = ['.', '_', '%', '+', '-'];

#[derive(Clone)]
pub(super) struct Address {
    name: String,
    labels: Vec<Label>,
}

/// A part of a domain, as people read it and as the DNS does.
#[derive(Clone)]
struct Label {
    text: String,
    ascii: Option<String>,
}

impl Address {
    pub(super) fn new(email: &str) -> Option<Self> {
        let (name, domain) = email.rsplit_once(is_at)?;
        let name = seen(name);
        let domain = domain.trim_end_matches(is_dot);
        let labels: Vec<_> = domain.split(is_dot).map(Label::new).collect();
        let is_named = labels.iter().any(|label| !label.text.is_empty());
        (!name.is_empty() && is_named).then_some(Self { name, labels })
    }

    /// Returns the address with its domain as people read it, and as the DNS does.
    pub(super) fn spellings(&self) -> impl Iterator<Item = String> {
        let name: String = self.name.nfc().collect();
        let text = self.labels.iter().map(|label| label.text.nfc().collect::<String>());
        let ascii = self.labels.iter().map(|label| label.ascii.as_ref().unwrap_or(&label.text));
        let domains =
            [text.collect::<Vec<_>>().join("."), ascii.cloned().collect::<Vec<_>>().join(".")];
        domains.into_iter().map(move |domain| format!("{name}@{domain}"))
    }

    /// Whether it stands in a text of the normal form, as a whole.
    ///
    /// An escape beside it says only when it is read whether the address goes on there.
    pub(super) fn is_in(&self, text: &str, is_json: bool, percents: bool) -> bool {
        memchr_iter(b'@', text.as_bytes()).any(|at| {
            self.name_starts(&text[..at])
                .is_some_and(|before| !self.goes_on_before(before, is_json))
                && self
                    .domain_ends(&text[at + 1..])
                    .is_some_and(|after| !self.goes_on_after(after, percents))
        })
    }

    /// Returns what stands before the name at the end of a text.
    fn name_starts<'a>(&self, text: &'a str) -> Option<&'a str> {
        let mut letters = text.chars();
        let mut seen = || loop {
            let letter = letters.next_back()?;
            if !is_unseen(letter) {
                return Some(letter);
            }
        };
        let is_it = self.name.chars().rev().all(|wanted| seen() == Some(wanted));
        is_it.then_some(letters.as_str())
    }

    /// Returns what stands behind the domain at the start of a text.
    fn domain_ends<'a>(&self, mut text: &'a str) -> Option<&'a str> {
        for (place, label) in self.labels.iter().enumerate() {
            if place > 0 {
                text = text.trim_start_matches(is_unseen).strip_prefix(is_dot)?;
            }
            let ascii = || label.ascii.as_ref().and_then(|ascii| without(text, ascii));
            text = without(text, &label.text).or_else(ascii)?;
        }
        Some(text)
    }

    fn goes_on_before(&self, before: &str, is_json: bool) -> bool {
        let Some(edge) = self.name.chars().next() else { return false };
        let backslashes = before.len() - before.trim_end_matches('\\').len();
        if is_json && backslashes % 2 == 1 && matches!(edge, 'b' | 'f' | 'n' | 'r' | 't') {
            // The first letter of the name is none.
            return true;
        }
        match before.trim_end_matches(is_mark).chars().next_back() {
            Some(beside) if JOINTS.contains(&beside) => true,
            Some(';') => escape::ends(before),
            Some(beside) => is_same_word(beside, edge),
            None => false,
        }
    }

    fn goes_on_after(&self, after: &str, percents: bool) -> bool {
        let Some(edge) = self.labels.last().and_then(|label| label.text.chars().next_back()) else {
            return false;
        };
        if after.starts_with(is_mark) || escape::hides(after, percents) {
            return true;
        }
        // A full stop ends the sentence, unless another word follows at once.
        let after = after.trim_start_matches(JOINTS);
        escape::hides(after, percents)
            || after.chars().next().is_some_and(|beside| is_same_word(beside, edge))
    }
}

impl Label {
    /// Takes a label in either form.
    fn new(label: &str) -> Self {
        let text = match idna::domain_to_unicode(label) {
            (text, Ok(())) => seen(&text),
            // People have addresses that the rules do not allow.
            _ => seen(label),
        };
        let ascii = idna::domain_to_ascii(label).ok();
        Self { ascii: ascii.filter(|ascii| *ascii != text), text }
    }
}

/// Brings a part of an address into the normal form, without what nobody sees.
fn seen(part: &str) -> String {
    normal::form(part).chars().filter(|letter| !is_unseen(*letter)).collect()
}

/// Returns what stands behind a part at the start of a text.
fn without<'a>(text: &'a str, part: &str) -> Option<&'a str> {
    let mut letters = text.chars();
    let mut seen = || letters.find(|letter| !is_unseen(*letter));
    let is_it = part.chars().all(|wanted| seen() == Some(wanted));
    is_it.then_some(letters.as_str())
}

/// Whether a character parts name and domain.
fn is_at(letter: char) -> bool {
    matches!(letter, '@' | '＠' | '﹫')
}

/// Whether a character parts the labels of a domain.
fn is_dot(letter: char) -> bool {
    matches!(letter, '.' | '。' | '．' | '｡')
}
