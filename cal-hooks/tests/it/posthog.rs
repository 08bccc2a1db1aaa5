//! PostHog as `posthog.com/docs/api/capture` describes it.

use cal_core::BookingUid;
use cal_hooks::analytics::{Analytics as _, Event, PostHog};
use serde_json::json;

use crate::{
    failures::{self, SECRET},
    server::{Reply, Server},
};

fn posthog(base: impl Into<String>) -> PostHog {
    PostHog::new(SECRET).unwrap().host(base)
}

fn event(key: &str) -> Event {
    let at = "2026-03-04T10:00:00.25Z".parse().unwrap();
    let mut event = Event::new(key.to_owned(), "booking_created".to_owned(), at, "v-17".to_owned());
    event.uid = Some(BookingUid::from("uid-1"));
    event.service = Some("consultation".to_owned());
    event.properties.insert("lead_minutes".to_owned(), 90.into());
    event
}

#[tokio::test]
async fn an_event_is_captured_with_every_documented_member() {
    let server = Server::saying(Reply::json(200, &json!({ "status": 1 }))).await;
    posthog(server.url()).capture(&event("1/analytics")).await.unwrap();

    let seen = server.only();
    assert_eq!(seen.line(), "POST /i/v0/e/");
    assert!(seen.header("user-agent").starts_with("cal-hooks/"));
    let mut body = seen.json();
    let uuid = body.as_object_mut().unwrap().remove("uuid").unwrap();
    let uuid = uuid.as_str().unwrap();
    // Version 8 and the variant of RFC 9562.
    assert_eq!((uuid.len(), &uuid[14..15]), (36, "8"));
    assert!("89ab".contains(&uuid[19..20]), "{uuid}");
    let expected = json!({
        "api_key": SECRET,
        "event": "booking_created",
        "distinct_id": "v-17",
        "timestamp": "2026-03-04T10:00:00.250Z",
        "properties": {
            "booking_uid": "uid-1",
            "service": "consultation",
            "lead_minutes": 90,
            "$process_person_profile": false,
            "$geoip_disable": true,
        },
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn a_repeated_event_is_the_same_request_and_another_has_another_uuid() {
    let server = Server::saying(Reply::text(200, "{}")).await;
    let posthog = posthog(format!("{}/", server.url()));
    for key in ["1/analytics", "1/analytics", "2/analytics"] {
        posthog.capture(&event(key)).await.unwrap();
    }
    let seen = server.seen();
    assert_eq!(seen[0].target, "/i/v0/e/");
    assert_eq!(seen[0].json(), seen[1].json());
    assert_ne!(seen[0].json()["uuid"], seen[2].json()["uuid"]);
}

#[tokio::test]
async fn failures_are_sorted_and_tell_nothing() {
    failures::are_sorted(&["v-17"], async |base| posthog(base).capture(&event("1")).await).await;
    failures::tells_nothing(&posthog("http://localhost"), &[]);
}
