//! Webhooks as Standard Webhooks, version 1.0.0, describes them.

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use cal_hooks::notify::{NotifyError, Webhook};
use cal_webhook::{HookError, Lifecycle as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::{
    delivery::{booking, context, delivery},
    failures,
    server::{Reply, Seen, Server},
};

const ONE: &[u8] = b"the first key of these tests";
const TWO: &[u8] = b"the other key of these tests";

fn secret(key: &[u8]) -> String {
    format!("whsec_{}", BASE64_STANDARD.encode(key))
}

fn webhook(url: &str) -> Webhook {
    Webhook::new(url, secret(ONE)).unwrap()
}

async fn send(url: &str, delivery: &Value) -> Result<(), HookError> {
    webhook(url).on_any(&context("webhook", delivery)).await
}

/// Signs as a receiver does to compare.
fn sign(key: &[u8], id: &str, timestamp: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update([id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat().as_slice());
    format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
}

fn expected(key: &[u8], seen: &Seen) -> String {
    sign(key, seen.header("webhook-id"), seen.header("webhook-timestamp"), &seen.body)
}

#[test]
fn the_receiver_of_these_tests_knows_the_published_example() {
    // From the reference libraries of the specification.
    let key = BASE64_STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    let signature = sign(&key, id, "1614265330", br#"{"test": 2432232314}"#);
    assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the clock is what the timestamp is compared with")]
async fn a_webhook_has_the_three_headers_and_a_signature_that_a_receiver_verifies() {
    let server = Server::saying(Reply::text(204, "")).await;
    let before = chrono::Utc::now().timestamp();
    send(&format!("{}/in?from=cal", server.url()), &booking("BOOKING_CREATED", json!({})))
        .await
        .unwrap();
    let after = chrono::Utc::now().timestamp();

    let seen = server.only();
    assert_eq!(seen.line(), "POST /in?from=cal");
    let id = seen.header("webhook-id");
    assert!(id.starts_with("msg_") && !id.contains('.'), "{id}");
    let timestamp = seen.header("webhook-timestamp").parse::<i64>().unwrap();
    assert!((before..=after).contains(&timestamp), "{timestamp}");
    assert_eq!(seen.header("webhook-signature"), expected(ONE, &seen));
}

#[tokio::test]
async fn the_body_says_what_happened_to_which_booking() {
    let server = Server::saying(Reply::text(200, "")).await;
    let changed = json!({
        "rescheduleUid": "uid-0",
        "oneTimePassword": "never",
        "videoCallData": {
            "type": "daily_video",
            "id": "room",
            "password": "never",
            "url": "https://example.com/room",
        },
    });
    send(&server.url(), &booking("BOOKING_RESCHEDULED", changed)).await.unwrap();

    let mut body = server.only().json();
    let event = body["data"].as_object_mut().unwrap().remove("event").unwrap();
    let expected = json!({
        "type": "booking.rescheduled",
        "timestamp": "2026-03-01T09:00:00.000Z",
        "data": { "change": "rescheduled", "uid": "uid-1", "moved_from": "uid-0" },
    });
    assert_eq!(body, expected);
    assert_eq!(event["startTime"], "2026-03-04T10:00:00Z");
    assert_eq!(event["attendees"][0]["name"], "Jonas Weber");
    assert_eq!(event["videoCallData"]["id"], "room");
    assert!(!event.to_string().contains("never"), "{event}");
}

#[tokio::test]
async fn types_tell_what_they_are_about() {
    let server = Server::saying(Reply::text(200, "")).await;
    let marks = json!({ "bookingUid": "uid-1", "attendees": [] });
    let cases = [
        (booking("BOOKING_CREATED", json!({})), "booking.created"),
        (booking("BOOKING_CANCELLED", json!({})), "booking.cancelled"),
        (booking("PING", json!({})), "webhook.ping"),
        (delivery("BOOKING_NO_SHOW_UPDATED", &marks), "booking.no_show"),
    ];
    for (delivery, _) in &cases {
        send(&server.url(), delivery).await.unwrap();
    }
    for (seen, (_, kind)) in server.seen().iter().zip(&cases) {
        assert_eq!(seen.json()["type"], *kind);
    }
    assert_eq!(server.seen()[3].json()["data"]["uid"], "uid-1");
}

#[tokio::test]
async fn another_attempt_has_the_same_id_and_another_hook_another_one() {
    let server = Server::saying(Reply::text(200, "")).await;
    let webhook = webhook(&server.url());
    let cx = context("a.hook with a full stop", &booking("BOOKING_CREATED", json!({})));
    for cx in [&cx, &cx, &context("webhook", &booking("BOOKING_CREATED", json!({})))] {
        webhook.on_any(cx).await.unwrap();
    }
    let seen = server.seen();
    let ids: Vec<_> = seen.iter().map(|seen| seen.header("webhook-id")).collect();
    assert_eq!(ids[0], ids[1]);
    assert_ne!(ids[0], ids[2]);
    assert!(!ids[0].contains('.'));
    assert_eq!(seen[0].body, seen[1].body);
}

#[tokio::test]
async fn two_secrets_make_two_signatures() {
    let server = Server::saying(Reply::json(202, &json!({ "taken": true }))).await;
    let webhook = webhook(&server.url()).and(secret(TWO)).unwrap();
    webhook.on_any(&context("webhook", &booking("BOOKING_CREATED", json!({})))).await.unwrap();
    let seen = server.only();
    let both = format!("{} {}", expected(ONE, &seen), expected(TWO, &seen));
    assert_eq!(seen.header("webhook-signature"), both);
}

#[tokio::test]
async fn a_receiver_that_is_gone_is_not_tried_again_and_every_other_answer_is() {
    let delivery = booking("BOOKING_CREATED", json!({}));
    for (status, transient) in
        [(410, false), (301, true), (307, true), (400, true), (401, true), (404, true), (500, true)]
    {
        // A redirect that would lead back here, if it were followed.
        let reply = Reply::text(status, "").header("location", "/elsewhere");
        let server = Server::saying(reply).await;
        let error = send(&server.url(), &delivery).await.unwrap_err();
        assert_eq!(error.is_transient(), transient, "{status}: {error}");
        assert_eq!(server.only().target, "/");
    }
    for status in [429, 503] {
        let server = Server::saying(Reply::text(status, "").header("retry-after", "30")).await;
        let error = send(&server.url(), &delivery).await.unwrap_err();
        assert_eq!(error.delay(), Some(Duration::from_secs(30)));
    }
    let server = Server::saying(Reply::HangUp).await;
    assert!(send(&server.url(), &delivery).await.unwrap_err().is_transient());
}

#[tokio::test]
async fn what_is_not_understood_is_not_passed_on() {
    let server = Server::saying(Reply::text(200, "")).await;
    send(&server.url(), &booking("SOMETHING_NEW", json!({}))).await.unwrap();
    assert!(server.seen().is_empty());
}

#[test]
fn only_secrets_of_the_specified_form_are_taken() {
    let (short, long) = (secret(&[7; 23]), secret(&[7; 65]));
    let unmarked = BASE64_STANDARD.encode(ONE);
    for wrong in [&*short, &long, &unmarked, "whsec_no base64"] {
        let error = Webhook::new("https://example.com", wrong).unwrap_err();
        assert!(matches!(error, NotifyError::Secret), "{error}");
    }
    for padded in ["", " ", &format!("{}\n", secret(ONE))] {
        let error = Webhook::new("https://example.com", padded).unwrap_err();
        assert!(matches!(error, NotifyError::Malformed(_)), "{error}");
    }
    for right in [secret(&[7; 24]), secret(&[7; 64])] {
        assert!(Webhook::new("https://example.com", right).is_ok());
    }
    let error = Webhook::new("http://example.com", secret(ONE)).unwrap_err();
    assert!(matches!(error, NotifyError::Address), "{error}");
}

#[tokio::test]
async fn neither_errors_nor_debug_tell_the_address_or_the_secret() {
    let delivery = booking("BOOKING_CREATED", json!({}));
    let server = Server::saying(Reply::text(500, "jonas@example.org")).await;
    let error = send(&format!("{}/token", server.url()), &delivery).await.unwrap_err();
    let unreached = send("http://127.0.0.1:1/token", &delivery).await.unwrap_err();
    let hidden = ["token", "jonas@example.org", &*BASE64_STANDARD.encode(ONE)];
    failures::tells_nothing(&error, &hidden);
    failures::tells_nothing(&unreached, &hidden);
    failures::tells_nothing(&webhook("https://example.com/token").named("copy"), &hidden);
    assert_eq!(webhook("https://example.com").named("copy").name(), "copy");
}
