use lettre::message::header::MessageId;
use mail_parser::{MessageParser, MimeHeaders as _};
use proptest::prelude::*;

use super::*;
use crate::email::{Kind, Method};

/// What a mail with everything has, and nothing else.
const HEADERS: [&str; 12] = [
    "Auto-Submitted",
    "Content-Language",
    "Content-Type",
    "Date",
    "From",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "MIME-Version",
    "Message-ID",
    "Reply-To",
    "Subject",
    "To",
];

fn mailbox(name: &str, email: &str) -> Mailbox {
    Mailbox::new(name, email).unwrap()
}

fn sample() -> Mail {
    let (ida, jonas) = (mailbox("Ida Falk", "ida@example.com"), mailbox("", "jonas@example.org"));
    Mail::new("a delivery/mails/24h", Kind::Confirmed, ida, jonas)
}

fn message_id_of(key: &str) -> String {
    let mail = Mail { key: key.to_owned(), ..sample() };
    message(&mail).unwrap().headers().get::<MessageId>().unwrap().as_ref().to_owned()
}

/// Returns the lines of a mail's header, each with the lines that it was folded into.
fn lines(written: &[u8]) -> Vec<String> {
    let end = written.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap();
    let head = std::str::from_utf8(&written[..end]).unwrap();
    assert!(!head.replace("\r\n", "").contains(['\r', '\n', '\0']), "{head:?}");
    assert!(head.split("\r\n").all(|line| line.len() <= 998), "{head:?}");
    head.replace("\r\n ", " ").split("\r\n").map(str::to_owned).collect()
}

fn names(written: &[u8]) -> Vec<String> {
    let name = |line: &String| line.split_once(':').unwrap().0.to_owned();
    let mut names: Vec<_> = lines(written).iter().map(name).collect();
    names.sort();
    names
}

/// Cuts a text so that it can be encoded in one line.
fn cut(text: &str) -> String {
    text.chars().take(60).collect()
}

/// Texts that a person types, and texts that somebody types who wants to do harm.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<char>().prop_map(String::from),
        "[ -~]{0,80}",
        "[a-zäöüß ]{0,60}",
        prop::sample::select(vec![
            "\r\n",
            "\n",
            "\r",
            "\0",
            "\r\n\r\n",
            "\r\nBcc: x@y.z\r\n",
            "\u{85}Bcc: x@y.z",
            "\u{2028}",
            "\u{202e}",
            "=?utf-8?q?=0D=0ABcc:_x@y.z?=",
            "\"",
            "\\",
            "<",
            ">",
            "x@y.z,",
            ";",
            "(",
            "😀",
            "שלום",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_text_gets_out_of_its_header(
        (key, language, subject) in (text(), text(), text()),
        (html, words, file) in (text(), text(), text()),
        (from, to, reply) in (text(), text(), text()),
        (email, path) in (text(), text()),
    ) {
        let email = Mailbox::new(&to, &email).unwrap_or_else(|_| mailbox(&to, "jonas@example.org"));
        let mut mail = Mail::new(format!("k{}", cut(&key)), Kind::Host, mailbox(&from, "ida@example.com"), email);
        mail.reply_to = Some(mailbox(&reply, "office@example.com"));
        (mail.language, mail.subject, mail.html, mail.text) = (language, subject, html, words);
        mail.calendar = Some(CalendarFile::new(Method::Request, file));
        mail.unsubscribe = Some(format!("https://example.com/{}", cut(&path)));
        let written = message(&mail).unwrap().formatted();

        let expected = HEADERS.iter().filter(|name| {
            **name != "Content-Language" || super::language(&mail.language).is_some()
        });
        prop_assert_eq!(names(&written), expected.copied().collect::<Vec<_>>());

        let read = MessageParser::default().parse(&written).unwrap();
        let one = |address: Option<&mail_parser::Address<'_>>, mailbox: &Mailbox| {
            let list = address.unwrap().as_list().unwrap();
            assert_eq!(list.len(), 1);
            assert_eq!(list[0].address(), Some(mailbox.email()));
        };
        one(read.from(), &mail.from);
        one(read.to(), &mail.to);
        one(read.reply_to(), mail.reply_to.as_ref().unwrap());
        prop_assert_eq!(read.subject().unwrap_or_default(), line(&mail.subject));
        prop_assert_eq!(read.parts.len(), 6);
        let texts = [&read.parts[2], &read.parts[3], &read.parts[4]];
        let kinds = texts.map(|part| part.content_type().unwrap().subtype().unwrap());
        prop_assert_eq!(kinds, ["plain", "html", "calendar"]);
    }

    #[test]
    fn no_two_keys_become_the_same(one in text(), other in text()) {
        prop_assert_eq!(one == other, safe(&one) == safe(&other));
    }

    #[test]
    fn a_mailbox_holds_no_line_break(name in text(), email in text()) {
        for mailbox in [Mailbox::new(&name, "ida@example.com"), Mailbox::new("", &email), name.parse()] {
            let Ok(mailbox) = mailbox else { continue };
            prop_assert!(mailbox.name().chars().count() <= 256);
            prop_assert!(!mailbox.name().contains(is_hidden));
            prop_assert!(!mailbox.email().contains(is_hidden));
            prop_assert!(named(&mailbox).is_ok());
        }
    }
}

#[test]
fn a_mail_without_extras_has_no_header_of_them() {
    let written = message(&sample()).unwrap().formatted();
    let without = ["List-Unsubscribe", "List-Unsubscribe-Post", "Reply-To"];
    let expected: Vec<_> = HEADERS.into_iter().filter(|name| !without.contains(name)).collect();
    assert_eq!(names(&written), expected);
    let lines = lines(&written).join("\n");
    assert!(lines.contains("Content-Type: multipart/alternative;"), "{lines}");
    assert!(lines.contains("Auto-Submitted: auto-generated"), "{lines}");
}

#[test]
fn only_https_can_be_unsubscribed_from_with_one_click() {
    let with = |address: &str| {
        let mail = Mail { unsubscribe: Some(address.to_owned()), ..sample() };
        message(&mail).map(|message| lines(&message.formatted()))
    };
    let one_click = "List-Unsubscribe-Post: List-Unsubscribe=One-Click".to_owned();
    let secure = with("https://example.com/u/1").unwrap();
    assert!(secure.contains(&"List-Unsubscribe: <https://example.com/u/1>".to_owned()));
    assert!(secure.contains(&one_click));
    let local = with("http://127.0.0.1:3000/u/1").unwrap();
    assert!(local.contains(&"List-Unsubscribe: <http://127.0.0.1:3000/u/1>".to_owned()));
    assert!(!local.contains(&one_click));
    for wrong in ["", "u/1", "javascript:alert(1)", "mailto:ida@example.com"] {
        assert!(matches!(with(wrong), Err(MimeError::Unsubscribe)), "{wrong}");
    }
}

#[test]
fn the_id_is_made_of_the_key_and_the_senders_domain() {
    assert_eq!(message_id_of("7f/mails"), "<7f=2Fmails@example.com>");
    assert_eq!(message_id_of("a.b=c"), "<a=2Eb=3Dc@example.com>");
    for key in [String::new(), "k".repeat(900)] {
        let mail = Mail { key, ..sample() };
        assert!(matches!(message(&mail), Err(MimeError::Key)));
    }
}

#[test]
fn addresses_are_read_as_people_write_them() {
    let both = |text: &str| {
        let mailbox = text.parse::<Mailbox>().ok()?;
        Some(format!("{}|{}", mailbox.name(), mailbox.email()))
    };
    let read = [
        ("ida@example.com", "|ida@example.com"),
        (" Ida Falk <ida@EXAMPLE.com> ", "Ida Falk|ida@example.com"),
        (r#""Falk, \"Ida\"" <ida+x@example.com>"#, r#"Falk, "Ida"|ida+x@example.com"#),
        ("Ida <ida@bücher.example>", "Ida|ida@xn--bcher-kva.example"),
        ("идa@example.com", "|идa@example.com"),
    ];
    for (text, expected) in read {
        assert_eq!(both(text).as_deref(), Some(expected), "{text}");
    }
    let refused = [
        "",
        "ida",
        "ida@",
        "@example.com",
        "ida@[127.0.0.1]",
        "ida@127.0.0.1",
        "a b@example.com",
        "\"a b\"@example.com",
        "ida@example.com\r\nBcc: x@y.z",
        "ida@exam%0aple.com",
        "ida@example..com",
        "ida@example.com, jonas@example.org",
        "i\u{200b}da@example.com",
        "ida.@example.com",
    ];
    for text in refused {
        assert_eq!(both(text), None, "{text:?}");
    }
    let long = format!("{}@example.com", "a".repeat(65));
    assert_eq!(both(&long), None);
}

#[test]
fn a_name_that_wants_to_be_a_header_stays_a_name() {
    let mailbox = mailbox("<script>alert(1)</script>\r\nBcc: x@y.z 😀", "jonas@example.org");
    assert_eq!(mailbox.name(), "<script>alert(1)</script>Bcc: x@y.z 😀");
    let written = message(&Mail { to: mailbox, ..sample() }).unwrap().formatted();
    let read = MessageParser::default().parse(&written).unwrap();
    let to = read.to().unwrap().first().unwrap();
    assert_eq!(to.name(), Some("<script>alert(1)</script>Bcc: x@y.z 😀"));
    assert_eq!(to.address(), Some("jonas@example.org"));
    assert!(read.bcc().is_none());
}

#[test]
fn a_calendar_part_says_what_to_do_with_it() {
    for (method, expected) in [(Method::Cancel, "CANCEL"), (Method::Request, "REQUEST")] {
        let calendar = Some(CalendarFile::new(method, "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"));
        let written = message(&Mail { calendar, ..sample() }).unwrap().formatted();
        let read = MessageParser::default().parse(&written).unwrap();
        let part = read.parts.iter().find(|part| part.is_content_type("text", "calendar")).unwrap();
        assert_eq!(part.content_type().unwrap().attribute("method"), Some(expected));
    }
}

#[test]
fn a_subject_keeps_the_marks_around_what_reads_from_right_to_left() {
    let subject = "Confirmed: \u{2068}ليلى\u{2069} on Monday\u{202e}".to_owned();
    let written = message(&Mail { subject, ..sample() }).unwrap().formatted();
    let read = MessageParser::default().parse(&written).unwrap();
    assert_eq!(read.subject(), Some("Confirmed: \u{2068}ليلى\u{2069} on Monday"));
}
