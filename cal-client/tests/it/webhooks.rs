//! What `ensure` does to webhooks that are there already.

use std::sync::Mutex;

use cal_client::webhooks::{Ensured, NewWebhook, Trigger};
use serde_json::{Value, json};

use crate::server::{Reply, Seen, Server};

/// A server of webhooks that is as simple as Cal.com's: they differ by their URLs.
async fn server(webhooks: Value, rivals: &'static [&'static str]) -> Server {
    let webhooks = Mutex::new(serde_json::from_value::<Vec<Value>>(webhooks).unwrap());
    Server::start(move |seen| {
        let mut webhooks = webhooks.lock().unwrap();
        let body: Value = serde_json::from_slice(&seen.body).unwrap_or_default();
        let id = seen.path.rsplit('/').next().unwrap_or_default();
        match &*seen.method {
            "GET" => {
                let number = |name: &str| {
                    let parameter = seen.query.iter().find(|(other, _)| other == name);
                    parameter.map_or(0, |(_, value)| value.parse().unwrap())
                };
                let page = webhooks.iter().skip(number("skip")).take(number("take"));
                Reply::data(&Value::from_iter(page.cloned()).to_string())
            }
            "POST" => {
                // A rival makes the same webhook just before.
                if let Some(url) = rivals.iter().find(|url| body["subscriberUrl"] == **url)
                    && !webhooks.iter().any(|webhook| webhook["subscriberUrl"] == *url)
                {
                    webhooks.push(webhook("rival", url, &["BOOKING_CREATED"]));
                    return Reply::json(
                        409,
                        r#"{"status":"error","error":{"code":"ConflictException"}}"#,
                    );
                }
                let mut webhook = body;
                webhook["id"] = json!(webhooks.len());
                webhooks.push(webhook.clone());
                Reply::data(&webhook.to_string())
            }
            "PATCH" => {
                let webhook = webhooks.iter_mut().find(|webhook| webhook["id"] == id).unwrap();
                for (name, value) in body.as_object().unwrap() {
                    webhook[name] = value.clone();
                }
                Reply::data(&webhook.to_string())
            }
            method => panic!("a {method}"),
        }
    })
    .await
}

fn webhook(id: &str, url: &str, triggers: &[&str]) -> Value {
    json!({"id": id, "subscriberUrl": url, "triggers": triggers, "active": true,
        "payloadTemplate": null, "secret": "hush", "userId": 1})
}

fn wanted() -> NewWebhook {
    let triggers = [Trigger::BookingCancelled, Trigger::BookingCreated];
    NewWebhook::new("https://a.example", triggers, true).secret("hush")
}

fn paused() -> NewWebhook {
    let triggers = [Trigger::BookingCreated, Trigger::BookingCancelled];
    NewWebhook::new("https://a.example", triggers, false)
}

/// What there was made or changed, and how.
fn writes(server: &Server) -> Vec<(String, Value)> {
    let seen = server.seen();
    let writes = seen.iter().filter(|seen| seen.method != "GET");
    let body = |seen: &Seen| serde_json::from_slice(&seen.body).unwrap();
    writes.map(|seen| (format!("{} {}", seen.method, seen.path), body(seen))).collect()
}

fn counts(ensured: &Ensured) -> (usize, usize, usize) {
    (ensured.created.len(), ensured.updated.len(), ensured.unchanged.len())
}

#[tokio::test]
async fn webhooks_that_are_as_they_should_be_are_not_written() {
    let there = json!([
        webhook("1", "https://other.example", &[]),
        webhook("2", "https://a.example", &["BOOKING_CREATED", "BOOKING_CANCELLED"]),
    ]);
    let server = server(there, &[]).await;
    let ensured = server.client().webhooks().ensure(&[wanted()]).await.unwrap();
    assert_eq!(counts(&ensured), (0, 0, 1));
    assert_eq!(ensured.unchanged[0].id, "2".into());
    assert_eq!(writes(&server), []);
}

#[tokio::test]
async fn only_what_differs_is_changed_and_only_once() {
    let there = json!([
        webhook("1", "https://other.example", &["BOOKING_PAID"]),
        webhook("2", "https://a.example", &["BOOKING_CREATED"]),
    ]);
    let server = server(there, &[]).await;
    let webhooks = server.client().webhooks();
    let ensured = webhooks.ensure(&[wanted()]).await.unwrap();
    assert_eq!(counts(&ensured), (0, 1, 0));
    let change = json!({"triggers": ["BOOKING_CANCELLED", "BOOKING_CREATED"]});
    assert_eq!(writes(&server), [("PATCH /v2/webhooks/2".to_owned(), change)]);

    assert_eq!(counts(&webhooks.ensure(&[wanted()]).await.unwrap()), (0, 0, 1));
    assert_eq!(writes(&server).len(), 1);

    let other = paused().payload_template("{}").secret("psst");
    assert_eq!(counts(&webhooks.ensure(&[other]).await.unwrap()), (0, 1, 0));
    let change = json!({"active": false, "payloadTemplate": "{}", "secret": "psst"});
    assert_eq!(writes(&server)[1], ("PATCH /v2/webhooks/2".to_owned(), change));
}

#[tokio::test]
async fn what_is_missing_is_made_once() {
    let server = server(json!([webhook("1", "https://a.example/", &[])]), &[]).await;
    let webhooks = server.client().event_type(7).webhooks();
    assert_eq!(counts(&webhooks.ensure(&[wanted()]).await.unwrap()), (1, 0, 0));
    let made = json!({"subscriberUrl": "https://a.example", "active": true, "secret": "hush",
        "triggers": ["BOOKING_CANCELLED", "BOOKING_CREATED"]});
    assert_eq!(writes(&server), [("POST /v2/event-types/7/webhooks".to_owned(), made)]);

    assert_eq!(counts(&webhooks.ensure(&[wanted()]).await.unwrap()), (0, 0, 1));
    assert_eq!(writes(&server).len(), 1);
}

#[tokio::test]
async fn a_webhook_that_a_rival_made_first_is_changed() {
    let server = server(json!([]), &["https://a.example"]).await;
    let ensured = server.client().webhooks().ensure(&[wanted()]).await.unwrap();
    assert_eq!(counts(&ensured), (0, 1, 0));
    let writes: Vec<_> = writes(&server).into_iter().map(|(request, _)| request).collect();
    assert_eq!(writes, ["POST /v2/webhooks", "PATCH /v2/webhooks/rival"]);
}

#[tokio::test]
async fn a_conflict_with_something_else_is_an_error() {
    let server = Server::start(|seen| match &*seen.method {
        "GET" => Reply::data("[]"),
        _ => Reply::json(409, r#"{"statusCode":409,"message":"no"}"#),
    })
    .await;
    let error = server.client().webhooks().ensure(&[wanted()]).await.unwrap_err();
    assert_eq!((error.status(), error.message()), (Some(409), Some("no")));
    assert_eq!(writes(&server).len(), 1);
}

#[tokio::test]
async fn a_secret_that_is_not_shown_is_sent_again() {
    let mut there = webhook("1", "https://a.example", &["BOOKING_CREATED", "BOOKING_CANCELLED"]);
    there["secret"] = Value::Null;
    let server = server(json!([there]), &[]).await;
    server.client().webhooks().ensure(&[wanted()]).await.unwrap();
    assert_eq!(writes(&server)[0].1, json!({"secret": "hush"}));
}

#[tokio::test]
async fn of_several_webhooks_with_one_url_the_right_one_counts() {
    let there = json!([
        webhook("1", "https://a.example", &[]),
        webhook("2", "https://a.example", &["BOOKING_CREATED", "BOOKING_CANCELLED"]),
    ]);
    let server = server(there, &[]).await;
    let ensured = server.client().webhooks().ensure(&[wanted()]).await.unwrap();
    assert_eq!(ensured.unchanged[0].id, "2".into());
    assert_eq!(writes(&server), []);
}

#[tokio::test]
async fn one_url_is_wanted_once() {
    let server = server(json!([]), &[]).await;
    let wanted = [wanted(), paused()];
    let error = server.client().webhooks().ensure(&wanted).await.unwrap_err();
    assert!(error.is_request());
    assert!(server.seen().is_empty());
}
