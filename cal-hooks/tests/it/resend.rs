//! Resend as `resend.com/docs/api-reference` describes it.

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use cal_hooks::email::{CalendarFile, Kind, Mail, Mailbox, Method, Resend, Transport as _};
use cal_webhook::HookError;
use serde_json::json;

use crate::{
    failures::{self, SECRET},
    server::{Reply, Server},
};

fn resend(base: impl Into<String>) -> Resend {
    Resend::new(SECRET).unwrap().base_url(base)
}

fn mail() -> Mail {
    let from = Mailbox::new("Ida Falk", "ida@example.com").unwrap();
    let to = Mailbox::new("Weber, \"Jo\" <x>", "jonas@example.org").unwrap();
    let mut mail = Mail::new("1/email/confirmed", Kind::Confirmed, from, to);
    mail.subject = "Consultation".to_owned();
    mail.html = "<p>See you</p>".to_owned();
    mail.text = "See you".to_owned();
    mail
}

fn taken() -> Reply {
    Reply::json(200, &json!({ "id": "49a3999c-0ce1-4ea6-ab68-afcd6dc2e794" }))
}

#[tokio::test]
async fn a_mail_is_sent_with_every_documented_member() {
    let server = Server::saying(taken()).await;
    let mut mail = mail();
    mail.reply_to = Some(Mailbox::new("", "desk@example.com").unwrap());
    mail.unsubscribe = Some("https://example.com/unsubscribe/t".to_owned());
    let file = "BEGIN:VCALENDAR\r\nSUMMARY:Gespräch\r\nEND:VCALENDAR\r\n";
    mail.calendar = Some(CalendarFile::new(Method::Cancel, file));
    resend(server.url()).send(&mail).await.unwrap();

    let seen = server.only();
    assert_eq!(seen.line(), "POST /emails");
    assert_eq!(seen.header("authorization"), format!("Bearer {SECRET}"));
    assert_eq!(seen.header("idempotency-key"), "1/email/confirmed");
    // Resend refuses requests without one.
    assert!(seen.header("user-agent").starts_with("cal-hooks/"));
    let expected = json!({
        "from": "\"Ida Falk\" <ida@example.com>",
        "to": [r#""Weber, \"Jo\" <x>" <jonas@example.org>"#],
        "reply_to": "desk@example.com",
        "subject": "Consultation",
        "html": "<p>See you</p>",
        "text": "See you",
        "headers": {
            "List-Unsubscribe": "<https://example.com/unsubscribe/t>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
        "attachments": [{
            "filename": "invite.ics",
            "content": BASE64_STANDARD.encode(file),
            "content_type": "text/calendar; charset=utf-8; method=CANCEL",
        }],
    });
    assert_eq!(seen.json(), expected);
}

#[tokio::test]
async fn a_plain_mail_has_no_members_that_it_does_not_need() {
    let server = Server::saying(taken()).await;
    resend(server.url()).send(&mail()).await.unwrap();
    let body = server.only().json();
    let names: Vec<_> = body.as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["from", "html", "subject", "text", "to"]);
}

#[tokio::test]
async fn a_key_that_no_header_carries_is_replaced_by_one_of_its_own() {
    let server = Server::saying(taken()).await;
    let long = "k".repeat(257);
    for key in [&*"k".repeat(256), &long, &long, "grüße", "a\r\nb", ""] {
        let mut mail = mail();
        mail.key = key.to_owned();
        resend(server.url()).send(&mail).await.unwrap();
    }
    let seen = server.seen();
    let keys: Vec<_> = seen.iter().map(|seen| seen.header("idempotency-key")).collect();
    assert_eq!(keys[0], "k".repeat(256));
    assert_eq!(keys[1], keys[2]);
    assert!(keys[1..].iter().all(|key| key.len() == 44), "{keys:?}");
    assert_eq!(keys.iter().collect::<std::collections::BTreeSet<_>>().len(), 5);
}

#[tokio::test]
async fn failures_are_sorted_and_tell_nothing() {
    let hidden = ["ida@example.com", "jonas@example.org"];
    failures::are_sorted(&hidden, async |base| resend(base).send(&mail()).await).await;
    failures::tells_nothing(&resend("http://localhost"), &[]);
}

#[tokio::test]
async fn the_names_of_errors_decide_where_the_status_does_not() {
    const HOUR: Option<Duration> = Some(Duration::from_secs(3600));
    let cases = [
        (409, "concurrent_idempotent_requests", true, None),
        (409, "invalid_idempotent_request", false, None),
        (409, "something_else", false, None),
        (429, "rate_limit_exceeded", true, None),
        (429, "daily_quota_exceeded", true, HOUR),
        (429, "monthly_quota_exceeded", true, HOUR),
        (422, "invalid_attachment", false, None),
        (400, "validation_error", false, None),
        (500, "internal_server_error", true, None),
    ];
    for (status, name, transient, delay) in cases {
        let error = refused(Reply::json(
            status,
            &json!({ "statusCode": status, "name": name, "message": "jonas@example.org" }),
        ));
        let error = error.await;
        assert_eq!((error.is_transient(), error.delay()), (transient, delay), "{name}: {error}");
        failures::tells_nothing(&error, &["jonas@example.org"]);
    }
}

#[tokio::test]
async fn an_error_that_cannot_be_read_is_sorted_by_its_status() {
    for (status, transient) in [(409, false), (429, true)] {
        let error = refused(Reply::text(status, "<html>")).await;
        assert_eq!(error.is_transient(), transient, "{error}");
    }
    let named = json!({ "name": "daily_quota_exceeded" });
    let error = refused(Reply::json(429, &named).header("retry-after", "9")).await;
    assert_eq!(error.delay(), Some(Duration::from_secs(9)));
}

async fn refused(reply: Reply) -> HookError {
    let server = Server::saying(reply).await;
    resend(server.url()).send(&mail()).await.unwrap_err()
}
