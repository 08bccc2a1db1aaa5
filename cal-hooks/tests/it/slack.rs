//! Slack as `docs.slack.dev/messaging/sending-messages-using-incoming-webhooks` describes it.

use cal_hooks::notify::{NotifyError, Slack};
use cal_webhook::{HookError, Lifecycle as _};
use serde_json::{Value, json};

use crate::{
    delivery::{booking, context, delivery},
    failures::{self, SECRET},
    server::{Reply, Server},
};

const MARCH_4: &str = "<!date^1772618400^{date_short_pretty} {time}|2026-03-04 10:00 UTC>";

fn slack(base: &str) -> Result<Slack, NotifyError> {
    Slack::new(format!("{base}/services/{}", SECRET.replace(' ', "%20")))
}

async fn post(base: &str, delivery: &Value) -> Result<(), HookError> {
    slack(base).unwrap().on_any(&context("slack", delivery)).await
}

/// Returns the notice of a delivery.
async fn notice(delivery: &Value) -> String {
    let server = Server::saying(Reply::text(200, "ok")).await;
    post(&server.url(), delivery).await.unwrap();
    server.only().json()["text"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_notice_is_posted_to_the_address_without_unfolding_links() {
    let server = Server::saying(Reply::text(200, "ok")).await;
    post(&server.url(), &booking("BOOKING_CREATED", json!({}))).await.unwrap();
    let seen = server.only();
    assert_eq!(seen.line(), "POST /services/a%20key%20of%20the%20tests");
    let text = format!(
        "*Booked* – Consultation\nWhen: {MARCH_4}\nWho: Jonas Weber (jonas@example.org)\n\
         Host: Ida Falk (ida@example.com)"
    );
    let expected = json!({ "text": text, "unfurl_links": false, "unfurl_media": false });
    assert_eq!(seen.json(), expected);
}

#[tokio::test]
async fn every_end_and_every_move_says_what_it_is() {
    let moved = json!({
        "rescheduleUid": "uid-0", "rescheduleStartTime": "2026-03-03T09:15:00Z",
    });
    let asked = json!({ "cancellationReason": "ill", "requestReschedule": true });
    let paid = json!({ "price": 5000, "currency": "eur", "paymentId": 4 });
    let cases = [
        (booking("BOOKING_REQUESTED", json!({ "status": "PENDING" })), "Requested", "When: "),
        (booking("BOOKING_RESCHEDULED", moved), "Rescheduled", "|2026-03-03 09:15 UTC>"),
        (
            booking("BOOKING_CANCELLED", json!({ "cancellationReason": "ill" })),
            "Cancelled",
            "Why: ill",
        ),
        (booking("BOOKING_CANCELLED", asked), "Asked to choose another time", "Why: ill"),
        (
            booking("BOOKING_REJECTED", json!({ "rejectionReason": "full" })),
            "Declined",
            "Why: full",
        ),
        (booking("BOOKING_PAID", paid), "Paid", "Amount: 50.00 EUR"),
        (
            booking("BOOKING_PAID", json!({ "price": 5000, "currency": "JPY", "paymentId": 4 })),
            "Paid",
            "Amount: 5000 JPY",
        ),
        (
            booking("BOOKING_PAID", json!({ "price": 5000, "currency": "BTC", "paymentId": 4 })),
            "Paid",
            "Amount: 0.00005000 BTC",
        ),
    ];
    for (delivery, headline, line) in cases {
        let text = notice(&delivery).await;
        assert!(text.starts_with(&format!("*{headline}")), "{text}");
        assert!(text.contains(line), "{line}: {text}");
    }
}

#[tokio::test]
async fn somebody_who_did_not_come_is_named() {
    let marks = json!({
        "bookingUid": "uid-1",
        "attendees": [
            { "email": "jonas@example.org", "noShow": true },
            { "email": "guest@example.org", "noShow": false },
        ],
    });
    let text = notice(&delivery("BOOKING_NO_SHOW_UPDATED", &marks)).await;
    let expected = "*No-show*\nBooking: uid-1\njonas@example.org: did not come\n\
                    guest@example.org: came after all";
    assert_eq!(text, expected);

    let absent = json!({
        "title": "Consultation",
        "bookingUid": "uid-1",
        "startTime": "2026-03-04T10:00:00Z",
        "hostEmail": "ida@example.com",
        "guests": [
            { "name": "Jonas Weber", "email": "jonas@example.org", "noShow": true },
            { "name": "", "email": "guest@example.org", "noShow": false },
        ],
    });
    let text = notice(&delivery("AFTER_HOSTS_CAL_VIDEO_NO_SHOW", &absent)).await;
    let when = format!("Consultation\nWhen: {MARCH_4}\n");
    assert_eq!(text, format!("*Host did not come* – {when}Host: ida@example.com"));
    let text = notice(&delivery("AFTER_GUESTS_CAL_VIDEO_NO_SHOW", &absent)).await;
    assert_eq!(text, format!("*Guest did not come* – {when}Who: Jonas Weber (jonas@example.org)"));
}

#[tokio::test]
async fn what_people_typed_is_nothing_but_text_on_one_line() {
    let name = "<!channel> & <https://example.net|Ida>\r\nHost: Eve 🙂";
    let attendee = json!({ "name": name, "email": "jonas@example.org" });
    let changed = json!({ "attendees": [attendee], "title": "t".repeat(301) });
    let text = notice(&booking("BOOKING_CREATED", changed)).await;
    let who = "Who: &lt;!channel&gt; &amp; &lt;https://example.net|Ida&gt;  Host: Eve 🙂 \
               (jonas@example.org)";
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 4, "{text}");
    assert_eq!(lines[0], format!("*Booked* – {}…", "t".repeat(300)));
    assert_eq!(lines[2], who);
}

#[tokio::test]
async fn what_nobody_needs_to_know_is_not_posted() {
    let server = Server::saying(Reply::text(200, "ok")).await;
    for trigger in ["PING", "BOOKING_LOCATION_UPDATED", "SOMETHING_NEW"] {
        post(&server.url(), &booking(trigger, json!({}))).await.unwrap();
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn failures_are_sorted_and_tell_nothing() {
    let delivery = booking("BOOKING_CREATED", json!({}));
    let hidden = ["jonas@example.org", "services", "key"];
    let call = async |base: String| match slack(&base) {
        Ok(slack) => slack.on_any(&context("slack", &delivery)).await,
        Err(error) => Err(HookError::permanent(error)),
    };
    failures::are_sorted(&hidden, call).await;
    failures::tells_nothing(&slack("https://hooks.example.com").unwrap(), &["hooks", "key"]);
    // What Slack answers when the address is gone, as documented.
    let server = Server::saying(Reply::text(404, "no_service")).await;
    let error = post(&server.url(), &delivery).await.unwrap_err();
    assert!(!error.is_transient(), "{error}");
}

#[test]
fn only_addresses_of_https_and_of_this_machine_are_taken() {
    for address in
        ["https://hooks.example.com", "http://localhost:1", "http://127.0.0.1", "http://[::1]"]
    {
        assert!(slack(address).is_ok(), "{address}");
    }
    for address in ["http://hooks.example.com", "http://10.0.0.1", "ftp://localhost", "hooks"] {
        let error = slack(address).unwrap_err();
        assert!(matches!(error, NotifyError::Address), "{address}: {error}");
        failures::tells_nothing(&error, &["hooks"]);
    }
}

#[test]
fn a_second_channel_has_a_name_of_its_own() {
    assert_eq!(slack("https://hooks.example.com").unwrap().name(), "slack");
    let second = slack("https://hooks.example.com").unwrap().named("slack of the team");
    assert_eq!(second.name(), "slack of the team");
}
