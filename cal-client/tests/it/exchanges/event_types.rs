use std::sync::LazyLock;

use cal_client::{
    Method,
    event_types::{
        EventType, EventTypeFilter, EventTypeLocation, NewEventType, Seats, UpdateEventType,
    },
    id::WebhookId,
    me::Weekday,
    private_links::NewPrivateLink,
    schedules::{Availability, NewSchedule, Schedule, ScheduleOverride, UpdateSchedule},
    webhooks::{NewWebhook, Trigger, UpdateWebhook},
};
use chrono::NaiveDate;
use serde_json::json;

use super::{Calls, secret};

static SECRET: LazyLock<String> = LazyLock::new(|| secret("036", "secret"));

pub(super) fn calls(calls: &mut Calls) {
    schedules(calls);
    event_types(calls);
    webhooks(calls);
    calls.same("143", |client| async move {
        let link = NewPrivateLink::new().max_usage_count(5u32);
        client.event_type(1).private_links().create(&link).await
    });
    calls.same("144", |client| async move { client.event_type(1).private_links().list().await });
}

fn schedules(calls: &mut Calls) {
    calls.same("009", |client| async move {
        let days = [
            Weekday::Monday,
            Weekday::Tuesday,
            Weekday::Wednesday,
            Weekday::Thursday,
            Weekday::Friday,
        ];
        let christmas = NaiveDate::from_ymd_opt(2026, 12, 24).unwrap();
        let schedule = NewSchedule::new("Work", "Europe/Oslo", true)
            .availability([Availability::new(days, "09:00", "17:00")])
            .overrides([ScheduleOverride::new(christmas, "10:00", "12:00")]);
        client.schedules().create(&schedule).await
    });
    // The body lacks what it must have.
    calls.same("010", |client| async move {
        let request = client.raw(Method::POST, "/v2/schedules").version("2024-06-11");
        request.json(&json!({"name": "x"})).send::<Schedule>().await
    });
    calls.same("011", |client| async move { client.schedules().list().await });
    calls.same("012", |client| async move { client.schedules().get(1).await });
    calls.same("013", |client| async move { client.schedules().get_default().await });
    calls.same("015", |client| async move { client.schedules().get(999_999).await });
    calls.same("016", |client| async move {
        client.schedules().update(1, &UpdateSchedule::new().name("Work 2")).await
    });
    calls.same("018", |client| async move { client.schedules().delete(2).await });
    calls.same("019", |client| async move { client.schedules().get(1).await });
}

fn event_types(calls: &mut Calls) {
    // The body has metadata, which the server drops.
    calls.same("020", |client| async move {
        let event_type = json!({
            "title": "Intro call", "slug": "intro", "lengthInMinutes": 30,
            "description": "An intro", "metadata": {"team": "x"},
            "locations": [{"type": "address", "address": "Main St 1, Oslo", "public": true}],
        });
        let request = client.raw(Method::POST, "/v2/event-types").version("2024-06-14");
        request.json(&event_type).send::<EventType>().await
    });
    calls.same("022", |client| async move {
        let event_type = NewEventType::new("Seated", "seats", 60u32)
            .locations([address("A")])
            .seats(Seats::new(3u32, true, true));
        client.event_types().create(&event_type).await
    });
    calls.same("025", |client| async move {
        client.event_types().create(&NewEventType::new("Intro call", "intro", 30u32)).await
    });
    calls.same("027", |client| async move { client.event_types().list().await });
    calls.same("029", |client| async move {
        let filter = EventTypeFilter::new().username("alice").event_slug("intro");
        client.event_types().find(&filter).await
    });
    calls.same("031", |client| async move { client.event_types().get(1).await });
    calls.same("032", |client| async move { client.event_types().get(999_999).await });
    calls.same("033", |client| async move {
        let update = UpdateEventType::new().title("Intro call v2").minimum_booking_notice(0u32);
        client.event_types().update(1, &update).await
    });
    calls.same("034", |client| async move {
        client.event_types().create(&NewEventType::new("Tmp", "tmp", 15u32)).await
    });
    calls.same("035", |client| async move { client.event_types().delete(6).await });
    calls.same("223", |client| async move { client.event_types().get(1).await });
    calls.same("224", |client| async move {
        client.event_types().update(1, &UpdateEventType::new().title("x")).await
    });
}

fn webhooks(calls: &mut Calls) {
    calls.same("036", |client| async move {
        let webhook =
            NewWebhook::new("http://127.0.0.1:7788/hook", all(), true).secret(SECRET.as_str());
        client.webhooks().create(&webhook).await
    });
    calls.same("037", |client| async move {
        client.webhooks().create(&created("http://127.0.0.1:7788/hook")).await
    });
    calls.same("038", |client| async move {
        let triggers = [Trigger::Other("NOPE".to_owned())];
        let webhook = NewWebhook::new("http://127.0.0.1:7788/bad", triggers, true);
        client.webhooks().create(&webhook).await
    });
    calls
        .same("040", |client| async move { client.webhooks().create(&created("not a url")).await });
    calls.same("042", |client| async move {
        let triggers = [Trigger::BookingCreated, Trigger::BookingCancelled];
        let webhook = NewWebhook::new("http://127.0.0.1:7788/nosecret", triggers, true);
        client.webhooks().create(&webhook).await
    });
    calls.same("043", |client| async move { client.webhooks().list().await });
    for number in ["045", "046"] {
        calls.same(number, |client| async move {
            client.webhooks().get("7c2f30d1-0eac-4a35-a0f8-22e81565b2ab").await
        });
    }
    calls.same("047", |client| async move {
        client.webhooks().get("00000000-0000-0000-0000-000000000000").await
    });
    calls.same("048", |client| async move {
        let update = UpdateWebhook::new().active(true).triggers([Trigger::BookingCreated]);
        client.webhooks().update("8db10882-a34d-4268-80af-1c7a2a321356", &update).await
    });
    for (number, id) in [
        ("050", "04a77db4-fa1c-4f0b-815e-3d4ba42b1b06"),
        ("179", "72030a60-98a8-45f4-b950-ee7f29a2155c"),
        ("251", "df252ee7-69f6-4584-b442-2940a80def91"),
    ] {
        calls.same(number, move |client| async move {
            client.webhooks().delete(WebhookId::from(id)).await
        });
    }
    calls.same("051", |client| async move {
        let webhook =
            NewWebhook::new("http://127.0.0.1:7788/evtype", all(), true).secret(SECRET.as_str());
        client.event_type(5).webhooks().create(&webhook).await
    });
    calls.same("052", |client| async move { client.event_type(5).webhooks().list().await });
    calls.same("167", |client| async move { client.webhooks().list().take(1).await });
    for (number, url) in [
        ("175", "http://127.0.0.1:7788/redir?status=302"),
        ("249", "http://127.0.0.1:7788/fail-long?status=503"),
    ] {
        calls.same(number, move |client| async move {
            client.webhooks().create(&created(url).secret(SECRET.as_str())).await
        });
    }
    for (number, id) in [("209", "plat_1795241766782"), ("214", "plat_1795241792084")] {
        calls.same(number, move |client| async move {
            let triggers = [
                Trigger::BookingCreated,
                Trigger::BookingRescheduled,
                Trigger::BookingCancelled,
                Trigger::BookingRequested,
                Trigger::BookingRejected,
                Trigger::BookingNoShowUpdated,
            ];
            let webhook = NewWebhook::new("http://127.0.0.1:7788/platform", triggers, true);
            client.platform(id).webhooks().create(&webhook.secret(SECRET.as_str())).await
        });
    }
}

fn address(address: &str) -> EventTypeLocation {
    EventTypeLocation::Address { address: address.to_owned(), public: true }
}

/// A webhook that reports new bookings.
fn created(url: &str) -> NewWebhook {
    NewWebhook::new(url, [Trigger::BookingCreated], true)
}

/// The triggers of the recorded webhooks.
fn all() -> [Trigger; 14] {
    [
        Trigger::BookingCreated,
        Trigger::BookingPaymentInitiated,
        Trigger::BookingPaid,
        Trigger::BookingRescheduled,
        Trigger::BookingRequested,
        Trigger::BookingCancelled,
        Trigger::BookingRejected,
        Trigger::BookingNoShowUpdated,
        Trigger::FormSubmitted,
        Trigger::MeetingEnded,
        Trigger::MeetingStarted,
        Trigger::RecordingReady,
        Trigger::RecordingTranscriptionGenerated,
        Trigger::OooCreated,
    ]
}
