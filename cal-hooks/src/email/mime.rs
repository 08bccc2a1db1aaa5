//! Mails as they travel (RFC 5322, RFC 2045 to 2049).

#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use lettre::{
    Message,
    address::Envelope,
    message::{
        Attachment, Mailbox as Named, MultiPart, SinglePart,
        header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue},
    },
};
use url::Url;

use super::{CalendarFile, Mail, Mailbox, clean::is_hidden};

/// How many characters a subject has at the most.
const SUBJECT: usize = 256;

/// How many bytes a value that cannot be folded may have; RFC 5322 ends lines at 998.
const LINE: usize = 900;

/// Why a mail cannot be written down; no repetition cures it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MimeError {
    #[error("expected a mail to have a sender and a recipient that lettre can write")]
    Address,
    #[error("expected a mail to have a key of at most {LINE} bytes, and not an empty one")]
    Key,
    #[error("expected an `http` or `https` address of at most {LINE} bytes to unsubscribe at")]
    Unsubscribe,
    #[error("could not write the mail: {0}")]
    Other(#[from] lettre::error::Error),
}

/// Writes a mail down.
///
/// Its parts are alternatives: text, HTML and the calendar file with its method (RFC 6047). The
/// calendar file is attached as well, as `invite.ics`, because some programs show one and some the
/// other. Nothing in the mail's fields can end a header: names and addresses cannot hold a line
/// break by their type, the subject is one line, and everything else is reduced to ASCII letters.
pub(crate) fn message(mail: &Mail) -> Result<Message, MimeError> {
    let (from, to) = (named(&mail.from)?, named(&mail.to)?);
    let envelope = Envelope::new(Some(from.email.clone()), vec![to.email.clone()])?;
    let mut message = Message::builder()
        .envelope(envelope)
        .message_id(Some(message_id(&mail.key, from.email.domain())?))
        .from(from)
        .to(to)
        .subject(line(&mail.subject))
        // RFC 3834: no program shall answer that somebody is on holiday.
        .raw_header(header(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated"));
    if let Some(reply_to) = &mail.reply_to {
        message = message.reply_to(named(reply_to)?);
    }
    if let Some(language) = language(&mail.language) {
        let name = HeaderName::new_from_ascii_str("Content-Language");
        message = message.raw_header(header(name, language));
    }
    if let Some(address) = &mail.unsubscribe {
        let address = web(address)?;
        let name = HeaderName::new_from_ascii_str("List-Unsubscribe");
        message = message.raw_header(header(name, &format!("<{address}>")));
        // RFC 8058 speaks of HTTPS only.
        if address.scheme() == "https" {
            let name = HeaderName::new_from_ascii_str("List-Unsubscribe-Post");
            message = message.raw_header(header(name, "List-Unsubscribe=One-Click"));
        }
    }
    let texts = MultiPart::alternative()
        .singlepart(part(ContentType::TEXT_PLAIN, &mail.text))
        .singlepart(part(ContentType::TEXT_HTML, &mail.html));
    Ok(message.multipart(match &mail.calendar {
        Some(calendar) => with_calendar(texts, calendar),
        None => texts,
    })?)
}

/// Writes a key with ASCII letters, digits, `-` and `_` only; every other byte becomes `=` and two
/// hexadecimal digits.
///
/// No two keys become the same, and what comes out is an atom (RFC 5322, section 3.2.3) and a file
/// name on every system.
pub(crate) fn safe(key: &str) -> String {
    let mut safe = String::with_capacity(key.len());
    for byte in key.bytes() {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'_' => safe.push(byte.into()),
            _ => _ = write!(safe, "={byte:02X}"),
        }
    }
    safe
}

/// Makes the id that is the same in every attempt at sending a mail.
fn message_id(key: &str, domain: &str) -> Result<String, MimeError> {
    let id = format!("<{}@{domain}>", safe(key));
    if key.is_empty() || id.len() > LINE { Err(MimeError::Key) } else { Ok(id) }
}

fn named(mailbox: &Mailbox) -> Result<Named, MimeError> {
    let name = Some(mailbox.name()).filter(|name| !name.is_empty());
    let address = mailbox.email().parse().map_err(|_| MimeError::Address)?;
    Ok(Named::new(name.map(str::to_owned), address))
}

/// Makes one line of a text that holds what somebody typed; marks that isolate it stay.
fn line(text: &str) -> String {
    let breaks = |c: char| is_hidden(c) && !matches!(c, '\u{2068}' | '\u{2069}');
    let seen: String = text.chars().map(|c| if breaks(c) { ' ' } else { c }).collect();
    let words: Vec<_> = seen.split_whitespace().collect();
    let cut: String = words.join(" ").chars().take(SUBJECT).collect();
    // What looks like an encoded word (RFC 2047) would be shown as what it stands for.
    cut.trim_end().replace("=?", "= ?")
}

/// Returns the tag when it looks like one (RFC 5646).
fn language(tag: &str) -> Option<&str> {
    let letters = tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    (letters && (2..=35).contains(&tag.len())).then_some(tag)
}

/// Reads an address of the web; what comes out is ASCII without spaces and angle brackets.
fn web(address: &str) -> Result<Url, MimeError> {
    let address = Url::parse(address).map_err(|_| MimeError::Unsubscribe)?;
    let known = matches!(address.scheme(), "http" | "https");
    if known && address.as_str().len() <= LINE { Ok(address) } else { Err(MimeError::Unsubscribe) }
}

/// Writes a header of our own; lettre encodes what ASCII lines cannot hold.
fn header(name: HeaderName, value: &str) -> HeaderValue {
    HeaderValue::new(name, value.to_owned())
}

fn with_calendar(texts: MultiPart, calendar: &CalendarFile) -> MultiPart {
    let kind = format!("text/calendar; method={}; charset=utf-8", calendar.method.as_str());
    let alternative = ContentType::parse(&kind).unwrap_or(ContentType::TEXT_PLAIN);
    let attached = ContentType::parse("application/ics; name=\"invite.ics\"");
    let file = Attachment::new("invite.ics".to_owned())
        .body(calendar.text.clone(), attached.unwrap_or(ContentType::TEXT_PLAIN));
    MultiPart::mixed()
        .multipart(texts.singlepart(part(alternative, &calendar.text)))
        .singlepart(file)
}

/// Writes a text so that no relay touches it: short lines of ASCII.
fn part(kind: ContentType, text: &str) -> SinglePart {
    SinglePart::builder()
        .header(kind)
        .header(ContentTransferEncoding::QuotedPrintable)
        .body(text.to_owned())
}
