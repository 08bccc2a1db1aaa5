//! Exchanges with a second server: another edition, some months older.

use cal_client::{
    Client, Error, Method,
    booking_attendees::AddAttendee,
    bookings::{Cancel, MarkAbsent, NewAttendee, NewBooking, NewGuest, Reschedule, UpdateLocation},
    event_types::{NewEventType, UpdateEventType},
    id::WebhookId,
    oauth::OAuth,
    private_links::UpdatePrivateLink,
    schedules::{NewSchedule, UpdateSchedule},
    slot_reservations::ReserveSlot,
    slots::SlotQuery,
    webhooks::{NewWebhook, Trigger},
};
use chrono::{DateTime, TimeDelta, Utc};

use super::{Call, Replay, exchange, recordings};
use crate::shared::shared;

#[tokio::test]
async fn what_a_second_server_answered_is_read() {
    let Some(folder) = shared("fixtures/api-may") else { return };
    let recordings = recordings(&folder);
    let replay = Replay::start().await;
    let mut faults = Vec::new();
    for (name, recorded) in &recordings {
        let (method, path) = (&recorded["request"]["method"], &recorded["request"]["path"]);
        let path = path.as_str().unwrap();
        let (path, _) = path.split_once('?').unwrap_or((path, ""));
        let parts: Vec<_> = path.split('/').skip(2).collect();
        let Some(call) = bookings(method.as_str().unwrap(), &parts)
            .or_else(|| others(method.as_str().unwrap(), &parts))
        else {
            faults.push(format!("{name}: nobody calls it"));
            continue;
        };
        if let Err(fault) = exchange(&replay, recorded, call, false).await {
            faults.push(format!("{name}: {fault}"));
        }
    }
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), recordings.len(), faults.join("\n"));
}

fn call<F, T>(call: impl FnOnce(Client) -> F + Send + 'static) -> Call
where
    F: Future<Output = Result<T, Error>> + Send + 'static,
{
    Box::new(move |client| {
        let calling = call(client);
        Box::pin(async move { calling.await.map(drop) })
    })
}

const AT: DateTime<Utc> = DateTime::from_timestamp(1_796_000_000, 0).unwrap();

/// The call whose answer is read where this was asked; what is asked itself stands elsewhere.
fn bookings(method: &str, parts: &[&str]) -> Option<Call> {
    Some(match (method, parts) {
        ("GET", ["bookings"]) => call(|it| async move { it.bookings().list().await }),
        ("POST", ["bookings"]) => call(|it| async move {
            it.bookings().create(&NewBooking::new(1, AT, NewAttendee::new("Ann", "UTC"))).await
        }),
        ("GET", ["bookings", "by-seat", _]) => {
            call(|it| async move { it.bookings().get_by_seat("s").await })
        }
        ("GET", ["bookings", _]) => call(|it| async move { it.bookings().get_series("u").await }),
        ("POST", ["bookings", _, "reschedule"]) => {
            call(|it| async move { it.bookings().reschedule("u", &Reschedule::new(AT)).await })
        }
        ("POST", ["bookings", _, "cancel"]) => {
            call(|it| async move { it.bookings().cancel("u", &Cancel::new()).await })
        }
        ("POST", ["bookings", _, "confirm"]) => {
            call(|it| async move { it.bookings().confirm("u").await })
        }
        ("POST", ["bookings", _, "decline"]) => {
            call(|it| async move { it.bookings().decline("u", None).await })
        }
        ("POST", ["bookings", _, "reassign"]) => {
            call(|it| async move { it.bookings().reassign("u").await })
        }
        ("POST", ["bookings", _, "mark-absent"]) => {
            call(|it| async move { it.bookings().mark_absent("u", &MarkAbsent::new()).await })
        }
        ("POST", ["bookings", _, "guests"]) => call(|it| async move {
            it.bookings().add_guests("u", &[NewGuest::new("eve@example.com")]).await
        }),
        ("PATCH", ["bookings", _, "location"]) => call(|it| async move {
            let place = UpdateLocation::Address { address: "Quay 4".to_owned() };
            it.bookings().update_location("u", &place).await
        }),
        ("GET", ["bookings", _, "recordings"]) => {
            call(|it| async move { it.bookings().recordings("u").await })
        }
        ("GET", ["bookings", _, "references"]) => {
            call(|it| async move { it.bookings().references("u", None).await })
        }
        ("POST", ["bookings", _, "attendees"]) => call(|it| async move {
            let attendee = AddAttendee::new("Ann", "UTC", "ann@example.com");
            it.booking_attendees().add("u", &attendee).await
        }),
        ("GET", ["bookings", _, "attendees"]) => {
            call(|it| async move { it.booking_attendees().list("u").await })
        }
        ("GET", ["bookings", _, "attendees", _]) => {
            call(|it| async move { it.booking_attendees().get("u", 1).await })
        }
        ("DELETE", ["bookings", _, "attendees", _]) => {
            call(|it| async move { it.booking_attendees().remove("u", 1).await })
        }
        _ => return None,
    })
}

fn others(method: &str, parts: &[&str]) -> Option<Call> {
    let webhook = || NewWebhook::new("https://a.example", [Trigger::BookingCreated], true);
    Some(match (method, parts) {
        ("GET", ["me"]) => call(|it| async move { it.me().get().await }),
        ("GET", ["schedules"]) => call(|it| async move { it.schedules().list().await }),
        ("GET", ["schedules", "default"]) => {
            call(|it| async move { it.schedules().get_default().await })
        }
        ("POST", ["schedules"]) => {
            call(
                |it| async move { it.schedules().create(&NewSchedule::new("Work", "UTC", true)).await },
            )
        }
        ("PATCH", ["schedules", _]) => {
            call(|it| async move { it.schedules().update(1, &UpdateSchedule::new()).await })
        }
        ("GET", ["schedules", _]) => call(|it| async move { it.schedules().get(1).await }),
        ("GET", ["event-types"]) => call(|it| async move { it.event_types().list().await }),
        ("POST", ["event-types"]) => call(|it| async move {
            it.event_types().create(&NewEventType::new("Hour", "hour", 60_u32)).await
        }),
        ("GET", ["event-types", _]) => call(|it| async move { it.event_types().get(1).await }),
        ("PATCH", ["event-types", _]) => {
            call(|it| async move { it.event_types().update(1, &UpdateEventType::new()).await })
        }
        ("DELETE", ["event-types", _]) => {
            call(|it| async move { it.event_types().delete(1).await })
        }
        ("POST", ["event-types", _, "webhooks"]) => {
            call(move |it| async move { it.event_type(1).webhooks().create(&webhook()).await })
        }
        ("DELETE", ["event-types", _, "webhooks"]) => {
            call(|it| async move { it.event_type(1).webhooks().delete_all().await })
        }
        ("GET", ["event-types", _, "private-links"]) => {
            call(|it| async move { it.event_type(1).private_links().list().await })
        }
        ("PATCH", ["event-types", _, "private-links", _]) => call(|it| async move {
            it.event_type(1).private_links().update("x", &UpdatePrivateLink::new()).await
        }),
        ("GET", ["webhooks"]) => call(|it| async move { it.webhooks().list().await }),
        ("POST", ["webhooks"]) => {
            call(move |it| async move { it.webhooks().create(&webhook()).await })
        }
        ("GET", ["webhooks", _]) => {
            call(|it| async move { it.webhooks().get(WebhookId::from("x")).await })
        }
        ("DELETE", ["webhooks", _]) => {
            call(|it| async move { it.webhooks().delete(WebhookId::from("x")).await })
        }
        ("GET", ["slots"]) => call(|it| async move {
            it.slots().find(&SlotQuery::new(1, AT, AT + TimeDelta::days(1))).await
        }),
        ("POST", ["slots", "reservations"]) => {
            call(|it| async move { it.slot_reservations().create(&ReserveSlot::new(1, AT)).await })
        }
        ("GET", ["slots", "reservations", _]) => {
            call(|it| async move { it.slot_reservations().get("x").await })
        }
        ("DELETE", ["slots", "reservations", _]) => {
            call(|it| async move { it.slot_reservations().delete("x").await })
        }
        ("GET", ["calendars"]) => call(|it| async move { it.calendars().list().await }),
        ("GET", ["conferencing"]) => call(|it| async move { it.conferencing().list().await }),
        ("POST", ["conferencing", _, "connect"]) => {
            call(|it| async move { it.conferencing().connect("google-meet").await })
        }
        ("GET", ["auth", "oauth2", "clients", _]) => {
            call(|it| async move { OAuth::new("app", "https://a.example").info(&it).await })
        }
        ("POST", ["auth", "oauth2", "token"]) => call(|it| async move {
            let app = OAuth::new("app", "https://a.example").secret("secret");
            app.exchange(&it, "code", None).await
        }),
        ("GET", ["verified-resources", "emails"]) => {
            call(|it| async move { it.verified_resources().emails().await })
        }
        ("POST", ["verified-resources", "emails", "verification-code", "request"]) => call(
            |it| async move { it.verified_resources().request_email_code("a@b.example").await },
        ),
        ("GET", ["teams"]) => call(|it| async move { it.teams().list().await }),
        ("GET", ["calendars", "google", "check"] | ["stripe", "check"]) => {
            let path = format!("/v2/{}", parts.join("/"));
            call(|it| async move { it.raw(Method::GET, &path).send_only().await })
        }
        _ => return None,
    })
}
