//! Mails through a real mail server, and into a folder.

pub(crate) mod office;

use std::{
    fs, future::poll_fn, io::Write as _, net::TcpListener, pin::pin, task::Poll, time::Duration,
};

use cal_hooks::email::{
    CalendarFile, Files, Kind, Mail, Mailbox, Method, Smtp, SmtpError, Transport,
};
use mail_parser::{Message, MessageParser, MimeHeaders as _};
use tokio::time;

use self::office::{Office, unique};

const CALENDAR: &str = concat!(
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:chain@example.com\r\n",
    "SUMMARY:Gespräch über Bäume\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
);

fn mail(recipient: &str) -> Mail {
    let from = "Ida Falk <ida@example.com>".parse().unwrap();
    let to = Mailbox::new("Jonas Weber", recipient).unwrap();
    let mut mail = Mail::new(format!("{recipient}/mails"), Kind::Confirmed, from, to);
    mail.subject = "A consultation".to_owned();
    mail.text = "It is confirmed.\r\n".to_owned();
    mail.html = "<p>It is confirmed.</p>\r\n".to_owned();
    mail
}

fn smtp(url: &str) -> Smtp {
    Smtp::new(url).unwrap()
}

fn parse(raw: &[u8]) -> Message<'_> {
    MessageParser::default().parse(raw).unwrap()
}

fn header<'a>(message: &'a Message<'_>, name: &'static str) -> Option<&'a str> {
    message.header_raw(name).map(str::trim)
}

#[tokio::test]
async fn a_mail_arrives_as_it_was_written() {
    let Some(office) = Office::open() else { return };
    let recipient = unique("everything");
    let mut mail = mail(&recipient);
    mail.language = "de-AT".to_owned();
    mail.reply_to = Some("office@example.com".parse().unwrap());
    mail.subject =
        "Bestätigt: Gespräch über Bäume 🌳 am Freitag, dem 27. November um 9:15 Uhr".to_owned();
    mail.text = ".Grüße\r\n..\r\n.\r\nund 🌳 = gut\r\n".to_owned();
    mail.html = format!("<p title=\"ä\">{}</p>\r\n.\r\n", "Grüße 🌳 ".repeat(200));
    mail.calendar = Some(CalendarFile::new(Method::Request, CALENDAR));
    mail.unsubscribe = Some("https://example.com/u/1?a=b".to_owned());
    smtp(&office.url).send(&mail).await.unwrap();

    let raw = office.only(&recipient);
    let read = parse(&raw);
    assert_eq!(read.subject(), Some(mail.subject.as_str()));
    let (from, to) = (read.from().unwrap().first().unwrap(), read.to().unwrap().first().unwrap());
    assert_eq!((from.name(), from.address()), (Some("Ida Falk"), Some("ida@example.com")));
    assert_eq!((to.name(), to.address()), (Some("Jonas Weber"), Some(recipient.as_str())));
    assert_eq!(read.reply_to().unwrap().first().unwrap().address(), Some("office@example.com"));
    assert!(read.date().is_some());
    assert_eq!(header(&read, "Content-Language"), Some("de-AT"));
    assert_eq!(header(&read, "Auto-Submitted"), Some("auto-generated"));
    assert_eq!(header(&read, "List-Unsubscribe"), Some("<https://example.com/u/1?a=b>"));
    assert_eq!(header(&read, "List-Unsubscribe-Post"), Some("List-Unsubscribe=One-Click"));

    // Mixed, alternative, and the four leaves.
    let kinds: Vec<_> = read
        .parts
        .iter()
        .map(|part| {
            let kind = part.content_type().unwrap();
            format!("{}/{}", kind.ctype(), kind.subtype().unwrap())
        })
        .collect();
    let expected = [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
        "application/ics",
    ];
    assert_eq!(kinds, expected);
    // The line break before a boundary belongs to the boundary.
    let content = |part: usize| read.parts[part].contents().to_owned();
    assert_eq!(String::from_utf8(content(2)).unwrap(), mail.text);
    assert_eq!(String::from_utf8(content(3)).unwrap(), mail.html);
    assert_eq!(String::from_utf8(content(4)).unwrap(), CALENDAR);
    assert_eq!(String::from_utf8(content(5)).unwrap(), CALENDAR);
    let calendar = read.parts[4].content_type().unwrap();
    assert_eq!(calendar.attribute("method"), Some("REQUEST"));
    assert_eq!(calendar.attribute("charset"), Some("utf-8"));
    assert_eq!(read.parts[5].attachment_name(), Some("invite.ics"));
    assert!(read.parts[5].content_disposition().unwrap().is_attachment());
}

#[tokio::test]
async fn a_key_has_one_message_id() {
    let Some(office) = Office::open() else { return };
    let (recipient, smtp) = (unique("id"), smtp(&office.url));
    let mut mail = mail(&recipient);
    mail.key = "7f/mails".to_owned();
    smtp.send(&mail).await.unwrap();
    mail.subject = "Written once more".to_owned();
    smtp.send(&mail).await.unwrap();
    mail.key = "7f/other".to_owned();
    smtp.send(&mail).await.unwrap();
    let mails = office.mails(&recipient);
    let mut ids: Vec<_> =
        mails.iter().map(|raw| parse(raw).message_id().unwrap().to_owned()).collect();
    ids.sort();
    assert_eq!(ids, ["7f=2Fmails@example.com", "7f=2Fmails@example.com", "7f=2Fother@example.com"]);
}

#[tokio::test]
async fn a_refused_recipient_is_a_failure_for_good() {
    let Some(office) = Office::open() else { return };
    let recipient = unique("refused");
    let error = smtp(&office.url).send(&mail(&recipient)).await.unwrap_err();
    assert!(!error.is_transient());
    assert_eq!(error.to_string(), "the mail server refused with 550 5.1.1");
    assert!(!format!("{error:?}").contains('@'), "{error:?}");
    assert_eq!(office.mails(&recipient).len(), 0);
}

#[tokio::test]
async fn a_greylisted_mail_is_taken_later() {
    let Some(office) = Office::open() else { return };
    let (recipient, smtp) = (unique("greylisted"), smtp(&office.url));
    let mail = mail(&recipient);
    let error = smtp.send(&mail).await.unwrap_err();
    assert!(error.is_transient());
    assert_eq!(error.to_string(), "the mail server refused for now with 450 4.7.1");
    assert!(!format!("{error:?}").contains('@'), "{error:?}");
    smtp.send(&mail).await.unwrap();
    office.only(&recipient);
}

#[tokio::test]
async fn a_server_that_hangs_up_is_asked_again() {
    let Some(office) = Office::open() else { return };
    let (recipient, smtp) = (unique("hangup"), smtp(&office.url));
    let mail = mail(&recipient);
    let error = smtp.send(&mail).await.unwrap_err();
    assert!(error.is_transient(), "{error}");
    assert!(!format!("{error:?}").contains('@'), "{error:?}");
    smtp.send(&mail).await.unwrap();
    office.only(&recipient);
}

#[tokio::test]
async fn a_server_that_is_down_is_a_failure_for_now() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = smtp(&url).send(&mail("jonas@example.org")).await.unwrap_err();
    assert!(error.is_transient(), "{error}");
}

#[tokio::test]
async fn a_server_that_talks_nonsense_is_a_failure_for_now_and_not_quoted() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"hello jonas@example.org\r\n").unwrap();
    });
    let error = smtp(&url).send(&mail("jonas@example.org")).await.unwrap_err();
    server.join().unwrap();
    assert!(error.is_transient(), "{error}");
    assert!(!format!("{error:?}").contains("jonas"), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_is_given_up_before_the_hook_is() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let smtp = smtp(&format!("smtp://{}", listener.local_addr().unwrap()));
    let mail = mail("jonas@example.org");
    let error =
        time::timeout(Duration::from_secs(29), smtp.send(&mail)).await.unwrap().unwrap_err();
    assert!(error.is_transient());
    assert_eq!(error.to_string(), "the mail server did not answer in time");
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let Some(office) = Office::open() else { return };
    let (recipient, smtp) = (unique("again"), smtp(&office.url));
    for _ in 0..3 {
        smtp.send(&mail(&recipient)).await.unwrap();
    }
    let mails = office.mails(&recipient);
    assert_eq!(mails.len(), 3);
    let first = header(&parse(&mails[0]), "X-Peer").unwrap().to_owned();
    assert!(mails.iter().all(|raw| header(&parse(raw), "X-Peer") == Some(&first)));
}

/// More often than this, no mail waits for the server.
const STEPS: usize = 16;

/// Longer than this, no server of the tests thinks.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs a future until it has waited so often, and drops it.
async fn give_up_after(steps: usize, future: impl Future) {
    let mut future = pin!(future);
    let mut left = steps;
    poll_fn(|cx| {
        let ready = left == 0 || future.as_mut().poll(cx).is_ready();
        left = left.saturating_sub(1);
        if ready { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

#[tokio::test]
async fn a_mail_given_up_halfway_spoils_no_other() {
    let Some(office) = Office::open() else { return };
    let (dropped, sent) = (unique("dropped"), unique("sent"));
    let smtp = smtp(&office.url);
    let mut long = mail(&dropped);
    long.text = "It is confirmed.\r\n".repeat(10_000);
    for steps in 1..=STEPS {
        let halfway = give_up_after(steps, smtp.send(&long));
        time::timeout(PATIENCE, halfway).await.unwrap();
        // A task that wants to keep the connection can do so now.
        tokio::task::yield_now().await;
        time::timeout(PATIENCE, smtp.send(&mail(&sent))).await.unwrap().unwrap();
    }
    let mails = office.mails(&sent);
    assert_eq!(mails.len(), STEPS);
    assert!(mails.iter().all(|raw| parse(raw).body_text(0).unwrap() == "It is confirmed.\r\n"));
    let whole = |raw: &Vec<u8>| parse(raw).body_text(0).unwrap() == long.text.as_str();
    assert!(office.mails(&dropped).iter().all(whole));
}

#[tokio::test]
async fn tls_works_with_the_authority_of_the_server() {
    let Some(office) = Office::open() else { return };
    let recipient = unique("tls");
    let smtp = smtp(&office.tls).with_root(&office.root()).unwrap();
    smtp.send(&mail(&recipient)).await.unwrap();
    let raw = office.only(&recipient);
    assert_eq!(header(&parse(&raw), "X-TLS"), Some("TLSv1.3"));
}

#[tokio::test]
async fn a_server_of_an_unknown_authority_gets_nothing() {
    let Some(office) = Office::open() else { return };
    for url in [&office.tls, &office.starttls] {
        let recipient = unique("unknown");
        let error = smtp(url).send(&mail(&recipient)).await.unwrap_err();
        assert!(error.is_transient());
        assert!(error.to_string().contains("UnknownIssuer"), "{error}");
        assert_eq!(office.mails(&recipient).len(), 0);
    }
}

#[tokio::test]
async fn starttls_comes_before_the_password_and_the_mail() {
    let Some(office) = Office::open() else { return };
    let recipient = unique("starttls");
    let smtp = smtp(&office.starttls).with_root(&office.root()).unwrap();
    smtp.send(&mail(&recipient)).await.unwrap();
    let raw = office.only(&recipient);
    assert_eq!(header(&parse(&raw), "X-TLS"), Some("TLSv1.3"));
}

#[tokio::test]
async fn a_mail_waits_until_a_wrong_password_is_put_right() {
    let Some(office) = Office::open() else { return };
    let url = office.starttls.replace("tests:", "tests:not");
    let smtp = smtp(&url).with_root(&office.root()).unwrap();
    let error = smtp.send(&mail("jonas@example.org")).await.unwrap_err();
    assert!(error.is_transient());
    assert_eq!(error.to_string(), "the mail server refused for now with 535 5.7.8");
}

#[tokio::test]
async fn a_server_without_starttls_gets_nothing_where_it_is_required() {
    let Some(office) = Office::open() else { return };
    let recipient = unique("required");
    let error =
        smtp(&format!("{}?tls=required", office.url)).send(&mail(&recipient)).await.unwrap_err();
    assert!(error.is_transient());
    assert!(error.to_string().contains("STARTTLS"), "{error}");
    assert_eq!(office.mails(&recipient).len(), 0);
    smtp(&format!("{}?tls=opportunistic", office.url)).send(&mail(&recipient)).await.unwrap();
    assert_eq!(header(&parse(&office.only(&recipient)), "X-TLS"), Some("none"));
}

#[tokio::test]
async fn an_international_address_needs_a_server_that_takes_it() {
    let Some(office) = Office::open() else { return };
    let recipient = format!("grüße-{}", unique("x"));
    smtp(&office.url).send(&mail(&recipient)).await.unwrap();
    office.only(&recipient);
}

#[test]
fn an_address_that_gives_the_password_away_is_refused() {
    let refused = |url: &str| Smtp::new(url).unwrap_err();
    for url in ["smtp://ida:secret@example.com", "smtp://ida:secret@example.com?tls=opportunistic"]
    {
        assert!(matches!(refused(url), SmtpError::Exposed), "{url}");
    }
    for url in ["", "smtps://example.com\n", " smtps://example.com"] {
        assert!(matches!(refused(url), SmtpError::Malformed(_)), "{url}");
    }
    for url in [
        "example.com",
        "http://example.com",
        "smtp://example.com?tls=never",
        "smtps://",
        "smtps://ida@example.com",
    ] {
        assert!(matches!(refused(url), SmtpError::Url), "{url}");
    }
    for url in [
        "smtp://ida:secret@localhost:2525",
        "smtp://ida:secret@[::1]",
        "smtps://ida:secret@example.com",
    ] {
        let shown = format!("{:?}", smtp(url));
        assert!(!shown.contains("ida") && !shown.contains("secret"), "{shown}");
    }
    let certificate = smtp("smtps://example.com").with_root(b"no certificate");
    assert!(matches!(certificate, Err(SmtpError::Certificate)));
}

#[tokio::test]
async fn a_folder_holds_one_mail_for_each_key() {
    let folder = std::env::temp_dir().join(unique("outbox")).join("mails");
    let files = Files::new(&folder);
    let mut mail = mail("jonas@example.org");
    mail.key = "7f/mails/../24h".to_owned();
    files.send(&mail).await.unwrap();
    mail.subject = "Written once more".to_owned();
    mail.html = "<p>ä</p>".to_owned();
    files.send(&mail).await.unwrap();
    mail.key = "7f/other".to_owned();
    files.send(&mail).await.unwrap();

    let list = fs::read_dir(&folder).unwrap();
    let mut names: Vec<_> =
        list.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort_by_key(|name| name[16..].to_owned());
    let ends: Vec<_> = names.iter().map(|name| &name[16..]).collect();
    assert_eq!(
        ends,
        [
            "-confirmed-7f=2Fmails=2F=2E=2E=2F24h.eml",
            "-confirmed-7f=2Fmails=2F=2E=2E=2F24h.html",
            "-confirmed-7f=2Fother.eml",
            "-confirmed-7f=2Fother.html",
        ]
    );
    let raw = fs::read(folder.join(&names[0])).unwrap();
    assert_eq!(parse(&raw).subject(), Some("Written once more"));
    assert_eq!(fs::read_to_string(folder.join(&names[1])).unwrap(), "<p>ä</p>");
    fs::remove_dir_all(folder.parent().unwrap()).unwrap();
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_a_failure_for_now() {
    let file = std::env::temp_dir().join(unique("file"));
    fs::write(&file, "").unwrap();
    let error = Files::new(file.join("outbox")).send(&mail("jonas@example.org")).await.unwrap_err();
    assert!(error.is_transient(), "{error}");
    fs::remove_file(file).unwrap();
}
