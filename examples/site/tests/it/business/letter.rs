//! Mails as a mail program reads them.

use mail_parser::{Address, Message, MessageParser, MimeHeaders as _};

/// What the mail server took for one recipient.
pub(super) struct Letter {
    pub(super) id: String,
    pub(super) subject: String,
    /// The name that it is addressed to.
    pub(super) name: String,
    pub(super) html: String,
    pub(super) text: String,
}

impl Letter {
    /// Reads a mail: it must be for this recipient alone, and have no files.
    pub(super) fn read(raw: &[u8], recipient: &str) -> Self {
        let message = MessageParser::default().parse(raw).unwrap();
        let names: Vec<_> = message.headers().iter().map(|header| header.name()).collect();
        let count =
            |wanted: &str| names.iter().filter(|name| name.eq_ignore_ascii_case(wanted)).count();
        assert_eq!(["To", "Cc", "Bcc", "From", "Subject"].map(count), [1, 0, 0, 1, 1], "{names:?}");
        let to = only(message.to());
        assert_eq!(to.1, recipient);
        assert_eq!(only(message.from()), ("Ida Falk".to_owned(), "ida@example.com".to_owned()));
        assert!(message.reply_to().is_none_or(|reply| reply.iter().count() == 1));
        assert_eq!(message.attachment_count(), 0);
        let is_calendar = |message: &Message<'_>| {
            message.parts.iter().any(|part| part.is_content_type("text", "calendar"))
        };
        assert!(!is_calendar(&message), "a calendar file that nobody asked for");
        Self {
            id: message.message_id().unwrap().to_owned(),
            subject: message.subject().unwrap().to_owned(),
            name: to.0,
            html: message.body_html(0).unwrap().into_owned(),
            text: message.body_text(0).unwrap().into_owned(),
        }
    }

    /// Returns what the subject says before the time.
    pub(super) fn topic(&self) -> &str {
        let subject = self.subject.as_str();
        let end = [" on ", " am "].into_iter().find_map(|word| subject.rfind(word));
        subject.get(..end.unwrap()).unwrap()
    }

    /// Returns the link to a page of the site.
    pub(super) fn link(&self, page: &str) -> String {
        let start = self.text.find(page).unwrap();
        let rest = self.text.get(start..).unwrap();
        rest.split_whitespace().next().unwrap().to_owned()
    }
}

/// Returns the name and the address of the one whom a header names.
fn only(address: Option<&Address<'_>>) -> (String, String) {
    let all: Vec<_> = address.unwrap().iter().collect();
    assert_eq!(all.len(), 1, "{all:?}");
    let name = all[0].name.as_deref().unwrap_or_default().to_owned();
    (name, all[0].address.as_deref().unwrap().to_owned())
}
