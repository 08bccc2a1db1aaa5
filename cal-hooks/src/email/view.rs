//! What a template may show.

use std::fmt;

use super::Kind;

/// Everything a template may show: plain texts in the reader's language and zone, not escaped.
///
/// No text holds a line break or another control character, whatever was typed.
#[derive(Clone)]
#[non_exhaustive]
pub struct View {
    /// What the mail is about.
    pub kind: Kind,
    /// The language tag, for `lang`.
    pub lang: String,
    /// The direction of the language's script, for `dir`: `ltr` or `rtl`.
    pub dir: &'static str,
    /// The subject, with date and time.
    pub subject: String,
    /// The sentence that mail programs show beside the subject.
    pub preheader: String,
    /// The heading.
    pub heading: String,
    /// The greeting, with the reader's name where it is known.
    pub greeting: String,
    /// The first sentences.
    pub lead: String,
    /// What is to be known, in the order to show it.
    pub facts: Vec<Fact>,
    /// What can be done, the most likely first.
    pub buttons: Vec<Button>,
    /// Why the reader gets this mail.
    pub footer: String,
    /// Where the reader can have no more mails like this.
    pub unsubscribe: Option<Button>,
}

/// One thing to know.
#[derive(Clone)]
#[non_exhaustive]
pub struct Fact {
    /// What it is, whatever the language: `service`, `when`, `before`, `other_zone`, `duration`,
    /// `place`, `host`, `attendee`, `guests`, `absent`, `price`, `amount`, `cancelled_by`,
    /// `reason`, `notes`.
    pub name: &'static str,
    /// What it is called.
    pub label: String,
    /// The lines of its text; of a time the date, the hours, the zone.
    pub lines: Vec<String>,
    /// Where the text links to, `http` or `https`.
    pub url: Option<String>,
}

/// A link to do something.
#[derive(Clone)]
#[non_exhaustive]
pub struct Button {
    /// What it does, whatever the language: `join`, `move`, `cancel`, `rebook`, `rate`, `open`,
    /// `unsubscribe`.
    pub name: &'static str,
    /// What stands on it.
    pub label: String,
    /// Where it leads, `http` or `https`.
    pub url: String,
}

impl View {
    /// Returns the fact of a name.
    #[must_use]
    pub fn fact(&self, name: &str) -> Option<&Fact> {
        self.facts.iter().find(|fact| fact.name == name)
    }

    /// Returns the button of a name.
    #[must_use]
    pub fn button(&self, name: &str) -> Option<&Button> {
        self.buttons.iter().find(|button| button.name == name)
    }
}

impl Fact {
    /// Whether it no longer holds and is to be struck: the time before a reschedule.
    #[must_use]
    pub fn is_old(&self) -> bool {
        self.name == "before"
    }

    /// Whether its first line is to stand out: the time.
    #[must_use]
    pub fn is_strong(&self) -> bool {
        self.name == "when"
    }
}

/// Shows nobody's data.
impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// Shows nobody's data.
impl fmt::Debug for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fact").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Shows no address: it may hold a token.
impl fmt::Debug for Button {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Button").field("name", &self.name).finish_non_exhaustive()
    }
}
