//! Calendar files (RFC 5545, RFC 5546, RFC 6047).
//!
//! They are written here and not by a crate: what people type must neither break a line nor end the
//! program, and the folding of `icalendar` 0.17 panics at some texts with emojis and many spaces.

use std::fmt::Write as _;

use chrono::{DateTime, Datelike as _, Utc};
use url::Url;

use super::Mailbox;

/// Who wrote the file.
const PRODUCT: &str = "-//calcom//cal-hooks//EN";

/// How many octets a line may have, its end not counted (RFC 5545, section 3.1).
const LINE: usize = 75;

/// A calendar file of one event.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct CalendarFile {
    /// What the receiver shall do with it.
    pub method: Method,
    /// The file, its lines ended by CR LF.
    pub text: String,
}

impl CalendarFile {
    /// Takes a file that is written elsewhere.
    #[must_use]
    pub fn new(method: Method, text: impl Into<String>) -> Self {
        Self { method, text: text.into() }
    }
}

/// What the receiver of a calendar file shall do with it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Method {
    /// Take the event away.
    Cancel,
    /// Put the event into the calendar, or move it.
    Request,
}

impl Method {
    /// Returns the name as it stands in the file, and in a mail's `Content-Type`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cancel => "CANCEL",
            Self::Request => "REQUEST",
        }
    }
}

/// An event of one booking chain, as it stands after its latest news.
///
/// Times are written in UTC, to the second: no calendar needs to know a zone. Texts may hold
/// anything. Line breaks stay in the description and become spaces everywhere else; other control
/// characters are left out. In names `"` becomes `'`, and `\` becomes `/`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Invitation {
    /// The same for the life of the chain.
    pub uid: String,
    /// Rises with every piece of news; at most 2,147,483,647.
    pub sequence: u32,
    /// When the news came.
    pub stamp: DateTime<Utc>,
    /// When it starts.
    pub start: DateTime<Utc>,
    /// When it ends.
    pub end: DateTime<Utc>,
    /// What it is called.
    pub summary: String,
    /// What else is to be said.
    pub description: String,
    /// Where it takes place: a link or a place.
    pub location: Option<String>,
    /// Who can be answered.
    pub organizer: Mailbox,
    /// Who takes part; the first one gets this file.
    pub attendees: Vec<Mailbox>,
}

impl Invitation {
    /// Makes an invitation from `start` to `end` without texts and attendees, to be filled in.
    ///
    /// Set [`Invitation::stamp`] to when the news came; until then it says 1970. RFC 5546 asks for
    /// at least one attendee.
    #[must_use]
    pub fn new(
        uid: impl Into<String>,
        sequence: u32,
        (start, end): (DateTime<Utc>, DateTime<Utc>),
        organizer: Mailbox,
    ) -> Self {
        Self {
            uid: uid.into(),
            sequence,
            stamp: DateTime::UNIX_EPOCH,
            start,
            end,
            summary: String::new(),
            description: String::new(),
            location: None,
            organizer,
            attendees: Vec::new(),
        }
    }

    /// Writes the file that puts the event into a calendar, or moves it.
    ///
    /// Who gets it has accepted by booking; all others are asked for an answer.
    #[must_use]
    pub fn request(&self) -> CalendarFile {
        self.file(Method::Request)
    }

    /// Writes the file that takes the event away.
    #[must_use]
    pub fn cancel(&self) -> CalendarFile {
        self.file(Method::Cancel)
    }

    fn file(&self, method: Method) -> CalendarFile {
        let mut lines = Lines::default();
        lines.add("BEGIN", "VCALENDAR");
        lines.add("VERSION", "2.0");
        lines.add("PRODID", PRODUCT);
        lines.add("CALSCALE", "GREGORIAN");
        lines.add("METHOD", method.as_str());
        lines.add("BEGIN", "VEVENT");
        lines.add("UID", &text(&line(&self.uid)));
        lines.add("SEQUENCE", &self.sequence.min(i32::MAX.unsigned_abs()).to_string());
        lines.add("DTSTAMP", &time(self.stamp));
        lines.add("DTSTART", &time(self.start));
        lines.add("DTEND", &time(self.end));
        lines.add("STATUS", status(method));
        lines.add("SUMMARY", &text(&line(&self.summary)));
        lines.add("DESCRIPTION", &text(&self.description));
        if let Some(location) = &self.location {
            lines.add("LOCATION", &text(&line(location)));
            if let Some(url) = link(location) {
                lines.add("URL", url.as_str());
            }
        }
        lines.add(&person("ORGANIZER", &self.organizer), &address(&self.organizer));
        for (number, attendee) in self.attendees.iter().enumerate() {
            let asked = if number == 0 { ACCEPTED } else { asked(method) };
            lines.add(&(person("ATTENDEE", attendee) + asked), &address(attendee));
        }
        lines.add("END", "VEVENT");
        lines.add("END", "VCALENDAR");
        CalendarFile { method, text: lines.text }
    }
}

const ACCEPTED: &str = ";ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED;RSVP=FALSE";

fn asked(method: Method) -> &'static str {
    match method {
        Method::Cancel => ";ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=FALSE",
        Method::Request => ";ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE",
    }
}

fn status(method: Method) -> &'static str {
    match method {
        Method::Cancel => "CANCELLED",
        Method::Request => "CONFIRMED",
    }
}

/// Writes a time in UTC, within the four digits that a year has.
fn time(at: DateTime<Utc>) -> String {
    match at.year() {
        0..=9999 => at.format("%Y%m%dT%H%M%SZ").to_string(),
        year if year < 0 => "00000101T000000Z".to_owned(),
        _ => "99991231T235959Z".to_owned(),
    }
}

/// Writes a property's name with the parameter of somebody's name.
///
/// Quotes cannot occur in it, and a caret is doubled (RFC 6868). A backslash would be itself, but
/// some parsers take it for the escape that it is in a text.
fn person(property: &str, mailbox: &Mailbox) -> String {
    let name = line(mailbox.name()).replace('"', "'").replace('\\', "/").replace('^', "^^");
    if name.is_empty() { property.to_owned() } else { format!("{property};CN=\"{name}\"") }
}

/// Writes an address as a link (RFC 6068): what a link must not hold, by its octets.
fn address(mailbox: &Mailbox) -> String {
    let mut link = "mailto:".to_owned();
    for octet in mailbox.email().bytes() {
        if octet.is_ascii_alphanumeric() || b"!$'*+-._~@:[]=".contains(&octet) {
            link.push(char::from(octet));
        } else {
            // Writing into a string cannot fail.
            let _ = write!(link, "%{octet:02X}");
        }
    }
    link
}

/// Reads a location that is a link people can open.
fn link(location: &str) -> Option<Url> {
    Url::parse(location.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
}

/// Makes one line of a text.
fn line(text: &str) -> String {
    clean(text).replace(['\n', '\t'], " ").trim().to_owned()
}

/// Escapes a text (RFC 5545, section 3.3.11).
fn text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in clean(text).chars() {
        match character {
            '\n' => escaped.push_str("\\n"),
            ',' | ';' | '\\' => escaped.extend(['\\', character]),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Leaves control characters out, and makes one character of whatever breaks a line.
fn clean(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace(['\r', '\u{85}', '\u{2028}', '\u{2029}'], "\n");
    text.chars().filter(|it| matches!(it, '\n' | '\t') || !it.is_control()).collect()
}

#[derive(Default)]
struct Lines {
    text: String,
}

impl Lines {
    /// Adds a property, folded between characters so that no line is too long.
    fn add(&mut self, name: &str, value: &str) {
        let mut length = 0;
        for character in name.chars().chain([':']).chain(value.chars()) {
            if length + character.len_utf8() > LINE {
                self.text.push_str("\r\n ");
                length = 1;
            }
            self.text.push(character);
            length += character.len_utf8();
        }
        self.text.push_str("\r\n");
    }
}
