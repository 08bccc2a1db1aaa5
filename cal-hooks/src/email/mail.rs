//! A mail before it is encoded.

use std::{fmt, str::FromStr};

use url::Host;

use super::{CalendarFile, Kind, clean::is_hidden};

/// How many characters a name has at the most.
const NAME: usize = 256;

/// How many bytes an address has at the most (RFC 5321, section 4.5.3.1.3, without the brackets).
const ADDRESS: usize = 254;

/// A mail that is written and not sent yet.
#[derive(Clone)]
#[non_exhaustive]
pub struct Mail {
    /// The same in every attempt at sending it; becomes the `Message-ID` and Resend's key.
    pub key: String,
    /// What it is about.
    pub kind: Kind,
    /// The language tag of its texts.
    pub language: String,
    /// Who sends it.
    pub from: Mailbox,
    /// Who gets replies, when that is not the sender.
    pub reply_to: Option<Mailbox>,
    /// Who gets it.
    pub to: Mailbox,
    /// The subject, one line.
    pub subject: String,
    /// The HTML part.
    pub html: String,
    /// The plain text part.
    pub text: String,
    /// The calendar file.
    pub calendar: Option<CalendarFile>,
    /// The HTTPS address that a POST without login unsubscribes at (RFC 8058).
    pub unsubscribe: Option<String>,
}

impl Mail {
    /// Makes a mail in English without subject and texts; the fields take the rest.
    #[must_use]
    pub fn new(key: impl Into<String>, kind: Kind, from: Mailbox, to: Mailbox) -> Self {
        Self {
            key: key.into(),
            kind,
            language: "en".to_owned(),
            from,
            reply_to: None,
            to,
            subject: String::new(),
            html: String::new(),
            text: String::new(),
            calendar: None,
            unsubscribe: None,
        }
    }
}

/// An e-mail address with a name; neither can hold a line break.
///
/// ```
/// use cal_hooks::email::Mailbox;
///
/// let ida: Mailbox = "Ida Falk <ida@bücher.example>".parse()?;
/// assert_eq!(ida.name(), "Ida Falk");
/// assert_eq!(ida.email(), "ida@xn--bcher-kva.example");
/// # Ok::<_, cal_hooks::email::AddressError>(())
/// ```
#[derive(Clone, Eq, PartialEq)]
pub struct Mailbox {
    name: String,
    email: String,
}

/// Why a text is no address.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("expected an e-mail address such as `ida@example.com` or `Ida Falk <ida@example.com>`")]
pub struct AddressError;

impl Mailbox {
    /// Takes a name as somebody typed it, and an address.
    ///
    /// Of the name, up to 256 characters are kept, without control characters, line and paragraph
    /// separators and the marks that turn the direction of text around. The domain is kept as the
    /// DNS knows it, in lower case: `bücher.example` as `xn--bcher-kva.example` (RFC 5891).
    ///
    /// # Errors
    ///
    /// Fails when the address is none (RFC 5321, with the letters of RFC 6531), is longer than 254
    /// bytes, has a quoted local part or has an IP address for a domain.
    pub fn new(name: &str, email: &str) -> Result<Self, AddressError> {
        let shown: String = name.chars().filter(|c| !is_hidden(*c)).collect();
        let cut: String = shown.trim().chars().take(NAME).collect();
        Ok(Self { name: cut.trim_end().to_owned(), email: address(email.trim())? })
    }

    /// Returns the name, which may be empty.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the address.
    #[must_use]
    pub fn email(&self) -> &str {
        &self.email
    }
}

/// Reads `ida@example.com`, `Ida Falk <ida@example.com>` and `"Falk, Ida" <ida@example.com>`.
impl FromStr for Mailbox {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        match text.strip_suffix('>').and_then(|text| text.rsplit_once('<')) {
            Some((name, email)) => Self::new(&unquoted(name.trim()), email),
            None => Self::new("", text),
        }
    }
}

/// Shows nobody's address.
impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailbox").finish_non_exhaustive()
    }
}

/// Shows what the mail is about, and nothing of what stands in it.
impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail")
            .field("key", &self.key)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// Checks an address and writes its domain in ASCII.
fn address(email: &str) -> Result<String, AddressError> {
    let (local, domain) = email.rsplit_once('@').ok_or(AddressError)?;
    let unseen =
        |c: char| is_hidden(c) || c.is_whitespace() || matches!(c, '\u{200b}'..='\u{200f}');
    if local.contains(|c| unseen(c) || c == '"') {
        return Err(AddressError);
    }
    // What the URL standard would decode or take out of a host is no part of a domain.
    let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.') || !c.is_ascii();
    if !domain.chars().all(|c| named(c) && !unseen(c)) {
        return Err(AddressError);
    }
    let Ok(Host::Domain(domain)) = Host::parse(domain) else { return Err(AddressError) };
    let address = format!("{local}@{domain}");
    match address.parse::<lettre::Address>() {
        Ok(_) if address.len() <= ADDRESS => Ok(address),
        _ => Err(AddressError),
    }
}

/// Takes the quotes from a quoted name (RFC 5322, section 3.2.4).
fn unquoted(name: &str) -> String {
    let Some(quoted) = name.strip_prefix('"').and_then(|name| name.strip_suffix('"')) else {
        return name.to_owned();
    };
    let mut plain = String::with_capacity(quoted.len());
    let mut letters = quoted.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => plain.extend(letters.next()),
            _ => plain.push(letter),
        }
    }
    plain
}
