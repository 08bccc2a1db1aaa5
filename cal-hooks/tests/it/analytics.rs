//! What is counted, by whom, and what is not told about anybody.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use cal_core::BookingUid;
use cal_hooks::analytics::{Analytics, AnalyticsHook, Appointments, Event, LocalAnalytics};
use cal_webhook::{Dispatcher, HookError, Lifecycle as _};
use chrono::{DateTime, Utc};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    bodies::{arrival, booking, envelope},
    place::Place,
};

const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

/// Keeps events in memory.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<Event>>>);

impl Analytics for Kept {
    async fn capture(&self, event: &Event) -> Result<(), HookError> {
        self.0.lock().unwrap().push(event.clone());
        Ok(())
    }
}

/// The events that a delivery makes.
async fn events(body: &str) -> Vec<Event> {
    let kept = Kept::default();
    Dispatcher::new().hook(AnalyticsHook::new(kept.clone())).dispatch(arrival(body)).await;
    let events = kept.0.lock().unwrap();
    events.clone()
}

async fn event(body: &str) -> Event {
    let [event] = events(body).await.try_into().unwrap();
    event
}

#[expect(clippy::needless_pass_by_value, reason = "a `json!` reads better without a borrow")]
fn absence(marks: Value) -> String {
    envelope("BOOKING_NO_SHOW_UPDATED", json!({"bookingUid": "first", "attendees": marks}))
}

#[tokio::test]
async fn every_piece_of_news_has_its_name() {
    let bodies = [
        ("booking_created", booking("BOOKING_CREATED", json!({}))),
        ("booking_requested", booking("BOOKING_REQUESTED", json!({"status": "PENDING"}))),
        ("booking_rescheduled", booking("BOOKING_RESCHEDULED", json!({"rescheduleUid": "zero"}))),
        ("booking_cancelled", booking("BOOKING_CANCELLED", json!({"status": "CANCELLED"}))),
        ("booking_rejected", booking("BOOKING_REJECTED", json!({"status": "REJECTED"}))),
        ("payment_initiated", booking("BOOKING_PAYMENT_INITIATED", json!({}))),
        ("payment_received", booking("BOOKING_PAID", json!({"paymentId": 5}))),
        ("meeting_ended", booking("MEETING_ENDED", json!({}))),
        ("no_show", absence(json!([{"email": "piet@example.org", "noShow": true}]))),
        ("form_submitted", envelope("FORM_SUBMITTED", json!({"formId": "f1", "responses": {}}))),
    ];
    for (name, body) in bodies {
        assert_eq!(event(&body).await.name, name, "{body}");
    }
    let nothing = [
        absence(json!([{"email": "piet@example.org", "noShow": false}])),
        booking("BOOKING_CANCELLED", json!({"requestReschedule": true})),
        booking("MEETING_STARTED", json!({})),
        booking("PING", json!({})),
        envelope("SOMETHING_NEW", json!({})),
        "no JSON at all".to_owned(),
    ];
    for body in nothing {
        assert_eq!(events(&body).await, [], "{body}");
    }
}

#[tokio::test]
async fn an_event_tells_what_is_known_and_nothing_about_persons() {
    let body = booking(
        "BOOKING_CREATED",
        json!({
            "title": "A consultation of Ida Falk and Jonas Weber",
            "type": "consultation",
            "price": 9000,
            "currency": "eur",
            "additionalNotes": "My number is 0151",
            "attendees": [{"name": "Jonas Weber", "email": "jonas@example.org",
                "timeZone": "Europe/Berlin", "language": {"locale": "de"}}],
            "responses": {"name": {"label": "your_name", "value": "Jonas Weber"}},
        }),
    );
    let event = event(&body).await;
    assert_eq!((event.uid.as_ref(), event.visitor.as_str()), (Some(&"first".into()), "first"));
    assert_eq!(event.service.as_deref(), Some("consultation"));
    assert_eq!(event.at, "2026-05-04T09:30:00Z".parse::<DateTime<Utc>>().unwrap());
    let lead_time = 6 * 86_400 + 22 * 3600 + 1800;
    let expected = json!({"status": "accepted", "locale": "de", "lead_time": lead_time,
        "duration": 60, "price": 9000, "currency": "EUR"});
    assert_eq!(Value::Object(event.properties.clone()), expected);
    let told = format!("{event:?}").to_lowercase();
    for secret in ["jonas", "weber", "ida", "@", "0151", "berlin"] {
        assert!(!told.contains(secret), "{told}");
    }
}

#[tokio::test]
async fn who_did_it_is_the_visitor_of_the_page_or_else_the_chain() {
    let with = |id: Value| booking("BOOKING_CREATED", json!({"metadata": {"funnel_id": id}}));
    let longest = "a-_Z".repeat(16);
    for id in ["x", &longest] {
        assert_eq!(event(&with(json!(id))).await.visitor, id);
    }
    let too_long = "x".repeat(65);
    for id in [json!(""), json!(too_long), json!("jonas@example.org"), json!(7), json!("ä")] {
        assert_eq!(event(&with(id)).await.visitor, "first");
    }
    let moved = json!({"uid": "second", "rescheduleUid": "first"});
    assert_eq!(event(&booking("BOOKING_RESCHEDULED", moved)).await.visitor, "first");
    let third = json!({"uid": "third", "rescheduleUid": "second", "iCalUID": "first@Cal.com"});
    assert_eq!(event(&booking("BOOKING_RESCHEDULED", third)).await.visitor, "first");
    let ended = json!({"metadata": {"funnel_id": "v1"}, "eventType": {"slug": "consultation"}});
    let ended = event(&booking("MEETING_ENDED", ended)).await;
    assert_eq!((ended.visitor.as_str(), ended.service.as_deref()), ("v1", Some("consultation")));
}

#[tokio::test]
async fn a_fee_is_a_payment_of_another_amount() {
    let body = booking(
        "BOOKING_PAID",
        json!({"uid": null, "price": 9000, "currency": "eur",
            "paymentInfo": {"amount": 3000, "currency": "usd"}}),
    );
    let event = event(&body).await;
    let properties = &event.properties;
    assert_eq!((&properties["price"], &properties["currency"]), (&json!(3000), &json!("USD")));
    assert_eq!((event.name.as_str(), &properties["fee"]), ("payment_received", &json!(true)));
}

#[test]
fn a_hook_can_be_named() {
    let hook = AnalyticsHook::new(Kept::default());
    assert_eq!(hook.name(), "analytics");
    assert_eq!(hook.named("posthog").name(), "posthog");
}

#[test]
fn a_page_may_send_what_is_described() {
    let sent = [
        json!({"name": "page_view", "id": "e1", "visitor": "v1", "properties": {
            "path": "/beratung/ä", "referrer": "www.example.com", "locale": "de-AT",
            "device": "phone", "utm_source": "a letter", "utm_medium": "mail",
            "utm_campaign": "May 2026"}}),
        json!({"name": "booker_viewed", "id": "e2", "visitor": "v1"}),
        json!({"name": "event_type_selected", "id": "e3", "visitor": "v1",
            "service": "consultation", "properties": {"duration": 30}}),
        json!({"name": "slots_viewed", "id": "e4", "visitor": "v1",
            "properties": {"days": 0, "slots": 10_000}}),
        json!({"name": "booking_succeeded", "id": "e5", "visitor": "v1",
            "properties": {"payment_required": false}}),
    ];
    for value in sent {
        let event = Event::from_browser(value.to_string().as_bytes(), NOW).unwrap();
        assert_eq!(event.name, value["name"]);
        assert_eq!(event.key, format!("browser/v1/{}", value["id"].as_str().unwrap()));
        assert_eq!((event.at, event.visitor.as_str()), (NOW, "v1"));
        assert_eq!(event.service.as_deref(), value["service"].as_str());
        let properties = value.get("properties").cloned().unwrap_or_else(|| json!({}));
        assert_eq!(Value::Object(event.properties), properties);
    }
}

#[test]
fn whatever_else_a_page_sends_is_refused_at_its_place() {
    let view = |properties: Value| {
        let mut event = json!({"name": "page_view", "id": "e1", "visitor": "v1"});
        event["properties"] = properties;
        event
    };
    let with = |member: &str, value: Value| {
        let mut event = view(json!({}));
        event[member] = value;
        event
    };
    let refused = [
        ("", json!([])),
        ("name", with("name", json!("booking_created"))),
        ("name", with("name", json!(7))),
        ("id", with("id", json!(null))),
        ("id", with("id", json!("x".repeat(65)))),
        ("visitor", with("visitor", json!("jonas@example.org"))),
        ("service", with("service", json!("jonas@example.org"))),
        ("service", with("service", json!(""))),
        ("properties", with("properties", json!("path"))),
        ("email", with("email", json!("jonas@example.org"))),
        ("*", with("jonas@example.org", json!(1))),
        ("properties.email", view(json!({"email": "jonas@example.org"}))),
        ("properties.slots", view(json!({"slots": 1}))),
        ("properties.*", view(json!({"jonas@example.org": 1}))),
        ("properties.path", view(json!({"path": "/?email=x"}))),
        ("properties.path", view(json!({"path": "/jonas@example.org"}))),
        ("properties.path", view(json!({"path": "/jonas%40example.org"}))),
        ("properties.path", view(json!({"path": format!("/{}", "x".repeat(200))}))),
        ("properties.path", view(json!({"path": "booking"}))),
        ("properties.referrer", view(json!({"referrer": "https://example.com/a"}))),
        ("properties.locale", view(json!({"locale": "de DE"}))),
        ("properties.device", view(json!({"device": "watch"}))),
        ("properties.utm_source", view(json!({"utm_source": "jonas@example.org"}))),
        ("properties.utm_source", view(json!({"utm_source": {"a": 1}}))),
        ("properties.utm_medium", view(json!({"utm_medium": "a\nb"}))),
    ];
    for (path, value) in refused {
        let mistake = Event::from_browser(value.to_string().as_bytes(), NOW).unwrap_err();
        assert_eq!(mistake.path(), path, "{value}");
        assert!(!mistake.to_string().contains("jonas"), "{mistake}");
    }
    let numbers = [
        ("event_type_selected", "duration", json!(0)),
        ("event_type_selected", "duration", json!(1441)),
        ("slots_viewed", "days", json!(-1)),
        ("slots_viewed", "slots", json!(1.5)),
        ("slots_viewed", "slots", json!("7")),
        ("booking_succeeded", "payment_required", json!("true")),
    ];
    for (name, property, value) in numbers {
        let mut event = with("name", json!(name));
        event["properties"][property] = value;
        let mistake = Event::from_browser(event.to_string().as_bytes(), NOW).unwrap_err();
        assert_eq!(mistake.path(), format!("properties.{property}"));
    }
    let padded = format!("{}{}", view(json!({})), " ".repeat(4096));
    assert!(Event::from_browser(padded.as_bytes(), NOW).is_err());
    assert!(Event::from_browser(padded.trim_end().as_bytes(), NOW).is_ok());
}

proptest! {
    #[test]
    fn any_bytes_of_a_page_are_read_without_a_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        text in "\\PC{0,60}",
    ) {
        let _ = Event::from_browser(&bytes, NOW);
        let mut value = json!({"name": "page_view", "id": "e1", "visitor": "v1"});
        value["properties"] = json!({"utm_source": text});
        let is_fine = !text.is_empty() && !text.contains(['@', '\u{fe6b}', '\u{ff20}'])
            && !text.contains("%40");
        let read = Event::from_browser(value.to_string().as_bytes(), NOW);
        prop_assert_eq!(read.is_ok(), is_fine);
    }
}

#[tokio::test]
async fn an_event_that_is_told_twice_is_kept_once_and_not_for_ever() {
    for place in Place::each().await {
        let store = place.store().await;
        let analytics = LocalAnalytics::new(store.clone());
        let told = event(&booking("BOOKING_CREATED", json!({"type": "consultation"}))).await;
        let old = Event::new("old".to_owned(), "page_view".to_owned(), NOW, "v1".to_owned());
        for event in [&told, &told, &old] {
            analytics.capture(event).await.unwrap();
        }
        let [second, first] = store.events(9, None).await.unwrap().try_into().unwrap();
        assert_eq!((first.name, first.at), (told.name, told.at));
        assert_eq!((first.visitor, first.uid), (told.visitor, told.uid));
        assert_eq!((first.service, first.properties), (told.service, told.properties));
        assert_eq!((second.name.as_str(), second.visitor.as_str()), ("page_view", "v1"));
        // Half a century.
        let age = Duration::from_secs(50 * 365 * 86_400);
        assert_eq!(analytics.retain(age).await.unwrap(), 1);
        assert_eq!(store.events(9, None).await.unwrap().len(), 1);
        place.clear().await;
    }
}

#[tokio::test]
async fn appointments_follow_the_bookings() {
    for place in Place::each().await {
        let store = place.store().await;
        let hooks = Dispatcher::new().hook(Appointments::new(store.clone()));
        let tell = async |body: &str| {
            for outcome in hooks.dispatch(arrival(body)).await {
                assert_eq!(outcome.hook, "appointments");
                outcome.result.unwrap();
            }
        };
        let uid = BookingUid::from("first");
        let shown = async || store.appointment(&uid).await.unwrap().unwrap();
        tell(&booking(
            "BOOKING_CREATED",
            json!({"type": "consultation", "metadata": {"funnel_id": "v1"},
                "attendees": [{"name": "Jonas Weber", "email": "Jonas@Example.org"},
                    {"name": "", "email": "guest@example.org"}]}),
        ))
        .await;
        let known = shown().await;
        assert_eq!(known.service.as_deref(), Some("consultation"));
        assert_eq!(known.email.as_deref(), Some("jonas@example.org"));
        assert_eq!((known.title.as_deref(), known.no_show), (Some("Strategy hour"), false));
        assert_eq!(known.visitor.as_deref(), Some("v1"));
        assert_eq!(known.booked_at, Some("2026-05-04T09:30:00Z".parse().unwrap()));

        // Hosts may be among the attendees of a meeting.
        let made = "2026-05-03T09:30:00Z";
        tell(&booking("MEETING_ENDED", json!({"createdAt": made}))).await;
        assert_eq!(shown().await.email, known.email);
        assert_eq!(shown().await.booked_at, Some(made.parse().unwrap()));

        tell(&absence(json!([{"email": "guest@example.org", "noShow": true}]))).await;
        assert!(!shown().await.no_show, "the booker came");
        tell(&absence(json!([{"email": "guest@example.org", "noShow": false},
            {"email": "JONAS@example.org", "noShow": true}])))
        .await;
        assert!(shown().await.no_show);
        let elsewhere = json!({"title": "At another place", "attendees": []});
        tell(&booking("BOOKING_LOCATION_UPDATED", elsewhere)).await;
        assert_eq!(
            (shown().await.no_show, shown().await.title.unwrap()),
            (true, "At another place".to_owned())
        );
        tell(&absence(json!([{"email": "jonas@example.org", "noShow": false}]))).await;
        assert!(!shown().await.no_show);
        tell("no JSON at all").await;

        let leaves = json!({"seatsPerTimeSlot": 5, "attendees":
            [{"name": "", "email": "other@example.org", "bookingId": 7, "noShow": false}]});
        tell(&booking("BOOKING_CANCELLED", leaves)).await;
        assert_eq!(shown().await.email, known.email, "who leaves a seat is not shown");
        place.clear().await;
    }
}

#[tokio::test]
async fn an_absence_is_kept_although_nothing_else_is_known() {
    for place in Place::each().await {
        let store = place.store().await;
        let hooks = Dispatcher::new().hook(Appointments::new(store.clone()));
        let marked = absence(json!([{"email": "jonas@example.org", "noShow": true}]));
        hooks.dispatch(arrival(&marked)).await;
        assert!(store.standing(&"first".into(), None).await.unwrap().no_show);
        place.clear().await;
    }
}
