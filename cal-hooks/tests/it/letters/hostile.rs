//! What people typed never becomes more than text.

use cal_hooks::email::{Kind, Texts};
use serde_json::json;

use super::{Outbox, booking};

const NAME: &str = "<script>alert(1)</script>\r\nBcc: x@y.z 🎉 ليلى\u{202e}\u{0}\u{2028}";

fn all() -> Vec<(Kind, Texts)> {
    let booking = booking(json!({
        "title": NAME,
        "eventTitle": NAME,
        "type": "a/../b?c#d",
        "organizer": {"name": NAME, "email": "ida@example.com", "username": "../ida\"><b>"},
        "attendees": [
            {"name": NAME, "email": "jonas@example.org", "timeZone": "Europe/Paris\r\nX: y"},
            {"name": NAME, "email": "mara@example.org", "timeZone": "Europe/Paris"},
        ],
        "additionalNotes": format!("{NAME}\n{NAME}"),
        "location": format!("{NAME} 12 Harbour Row"),
        "cancellationReason": NAME,
        "cancelledBy": "jonas@example.org\r\nBcc: x@y.z",
        "metadata": {"videoCallUrl": "javascript:alert(1)"},
        "bookerUrl": "javascript:alert(1)",
        "currency": "<i>e</i>",
        "price": 100,
        "rescheduleStartTime": "2026-05-07T12:30:00Z",
    }));
    let mailer = Outbox::default().mailer();
    Kind::ALL.map(|kind| (kind, mailer.preview(kind, &booking).unwrap())).into()
}

#[test]
fn a_hostile_name_is_escaped_in_html() {
    for (kind, Texts { html, .. }) in all() {
        assert!(
            !html.contains("<script") && !html.contains("<b>") && !html.contains("<i>"),
            "{kind:?}"
        );
        assert!(!html.contains("javascript:"), "{kind:?}");
        assert!(html.contains("&#60;script&#62;alert(1)"), "{kind:?}: {html}");
        assert!(html.contains("🎉 ليلى"), "{kind:?}");
    }
}

#[test]
fn a_hostile_name_adds_no_line() {
    for (kind, Texts { subject, text, .. }) in all() {
        assert!(!subject.chars().any(char::is_control), "{kind:?}: {subject:?}");
        assert!(!text.lines().any(|line| line.starts_with("Bcc")), "{kind:?}: {text}");
        let unwanted =
            |c: char| c != '\n' && c.is_control() || matches!(c, '\u{2028}' | '\u{202e}');
        assert!(!text.chars().any(unwanted), "{kind:?}: {text:?}");
    }
}

#[test]
fn right_to_left_text_keeps_its_sentence_in_order() {
    for (kind, Texts { subject, .. }) in all() {
        let opened = subject.matches('\u{2068}').count();
        assert!(
            opened > 0 && opened == subject.matches('\u{2069}').count(),
            "{kind:?}: {subject:?}"
        );
    }
}

#[test]
fn a_hostile_slug_stays_one_segment() {
    let texts = all().into_iter().find(|(kind, _)| *kind == Kind::Cancelled).unwrap().1;
    let url = texts.text.lines().find(|line| line.contains("https://cal.com/")).unwrap();
    assert_eq!(url.trim(), "https://cal.com/..%2Fida%22%3E%3Cb%3E/a%2F..%2Fb%3Fc%23d");
}

#[test]
fn endless_notes_fit_into_a_mail() {
    let booking = booking(json!({"additionalNotes": "\"<&>\"".repeat(40_000)}));
    let texts = Outbox::default().mailer().preview(Kind::Confirmed, &booking).unwrap();
    assert!(texts.html.len() < 102 * 1024, "{}", texts.html.len());
}
