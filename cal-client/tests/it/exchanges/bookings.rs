use cal_client::{
    Client, Method,
    booking_attendees::AddAttendee,
    bookings::{
        AttendeeAbsence, BookingFilter, Cancel, CancelSeat, MarkAbsent, NewAttendee, NewBooking,
        NewGuest, Reschedule, Sort, UpdateLocation,
    },
};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::Calls;

pub(super) fn calls(calls: &mut Calls) {
    create(calls);
    create_wrongly(calls);
    read(calls);
    reschedule(calls);
    cancel(calls);
    decide(calls);
    attendees(calls);
}

fn create(calls: &mut Calls) {
    calls.same("066", |client| async move {
        let booking = NewBooking::new(1, time("2026-11-23T09:00:00Z"), charlie(CHARLIE))
            .guests(["guest@example.com".to_owned()])
            .metadata([("orderId".to_owned(), "A-1".to_owned())])
            .answer("notes", "Looking forward");
        client.bookings().create(&booking).await
    });
    calls.same("197", |client| async move {
        let booking = NewBooking::new(1, time("2026-12-04T13:00:00Z"), charlie(CHARLIE));
        client.bookings().create(&booking.length_in_minutes(45_u32)).await
    });
    for (number, event_type, start, email) in [
        ("067", 1, "2026-11-23T09:00:00Z", "dan@example.com"),
        ("069", 1, "2020-11-23T09:00:00Z", CHARLIE),
        ("071", 1, "2026-11-23T11:00:00Z", "nope"),
        ("072", 99_999, "2026-11-23T11:00:00Z", CHARLIE),
        ("095", 2, "2026-11-24T10:00:00Z", CHARLIE),
        ("098", 5, "2026-11-25T12:00:00Z", CHARLIE),
        ("102", 3, "2026-11-26T09:00:00Z", CHARLIE),
        ("115", 1, "2026-11-27T09:00:00Z", CHARLIE),
        ("183", 1, "2026-12-03T09:00:00Z", "race1@example.com"),
        ("185", 1, "2026-12-03T09:00:00Z", "race4@example.com"),
        ("188", 1, "2026-12-03T10:00:00Z", CHARLIE),
        ("191", 2, "2026-12-04T09:00:00Z", CHARLIE),
        ("215", 3, "2026-12-08T09:00:00Z", "seat1@example.com"),
        ("218", 3, "2026-12-08T09:00:00Z", "seat4@example.com"),
        ("219", 3, "2026-12-08T11:00:00Z", CHARLIE),
        ("220", 3, "2026-12-08T11:00:00Z", CHARLIE),
        ("238", 3, "2026-12-11T09:00:00Z", "b@example.com"),
    ] {
        calls.same(number, move |client| async move {
            let booking = NewBooking::new(event_type, time(start), charlie(email));
            client.bookings().create(&booking).await
        });
    }
}

/// What the types do not let one ask.
fn create_wrongly(calls: &mut Calls) {
    // The body ends too early, which no JSON does.
    calls.answer("073", |client| async move { post(&client, &json!({})).await });
    calls.same("199", |client| async move {
        let attendee = charlie(CHARLIE);
        let (start, metadata) = ("2026-12-04T14:00:00Z", json!({"x": 5}));
        let body = json!({
            "start": start, "eventTypeId": 1, "attendee": attendee, "metadata": metadata,
        });
        post(&client, &body).await
    });
    calls.same("200", |client| async move {
        let attendee = json!({"name": "A", "email": "a@example.com"});
        let start = "2026-12-04T14:00:00Z";
        post(&client, &json!({"start": start, "eventTypeId": 1, "attendee": attendee})).await
    });
    // This is how bookings were made before.
    calls.same("182", |client| async move {
        let body = json!({
            "start": "2026-11-30T12:00:00Z",
            "end": "2026-11-30T12:30:00Z",
            "eventTypeId": 1,
            "timeZone": "Europe/Oslo",
            "language": "en",
            "metadata": {},
            "responses": {"name": "Old", "email": "old@example.com"},
        });
        client.raw(Method::POST, "/v2/bookings").json(&body).send::<Value>().await
    });
}

fn read(calls: &mut Calls) {
    for (number, uid) in [
        ("074", "jaXVJDfWQdAHDUbcqyQnRn"),
        ("076", "doesnotexist"),
        ("085", "jaXVJDfWQdAHDUbcqyQnRn"),
        ("236", "3QSqaJJzDffwcrrgYfUJkM"),
    ] {
        calls.same(number, move |client| async move { client.bookings().get(uid).await });
    }
    calls.same("077", |client| async move {
        client.bookings().list().status([BookingFilter::Upcoming]).take(1).await
    });
    calls.same("078", |client| async move { client.bookings().list().await });
    calls.same("079", |client| async move { client.bookings().list().take(9999).await });
    calls.same("122", |client| async move {
        client.bookings().list().status([BookingFilter::Recurring]).await
    });
    calls.same("125", |client| async move {
        client.bookings().list().status([BookingFilter::Unconfirmed]).await
    });
    calls.same("128", |client| async move {
        client.bookings().list().sort_start(Sort::Asc).take(3).skip(3).await
    });
    calls.same("131", |client| async move {
        let list = client.bookings().list().updated_after(time("2026-11-21T00:00:00Z"));
        list.sort_updated(Sort::Desc).take(2).await
    });
    calls.same("166", |client| async move { client.bookings().list().take(1).await });
    let uid = "jaXVJDfWQdAHDUbcqyQnRn";
    calls.same("081", move |client| async move { client.bookings().calendar_links(uid).await });
    calls.same("082", move |client| async move { client.bookings().references(uid, None).await });
    calls.same("083", move |client| async move { client.bookings().recordings(uid).await });
}

fn reschedule(calls: &mut Calls) {
    for (number, uid, start, reason, by) in [
        ("084", "jaXVJDfWQdAHDUbcqyQnRn", "2026-11-23T12:00:00Z", Some("Clash"), Some(CHARLIE)),
        ("086", "jaXVJDfWQdAHDUbcqyQnRn", "2026-11-23T13:00:00Z", None, None),
        ("106", "1seYX4a3XzaxvFeNfMXxex", "2026-11-24T13:00:00Z", Some("x"), Some(CHARLIE)),
        ("204", "nonexistent", "2026-12-04T13:00:00Z", None, None),
        ("234", "3QSqaJJzDffwcrrgYfUJkM", "2026-12-10T10:00:00Z", None, Some(CHARLIE)),
    ] {
        calls.same(number, move |client| async move {
            let to = Reschedule::new(time(start));
            let to = reason.into_iter().fold(to, Reschedule::reason);
            let to = by.into_iter().fold(to, Reschedule::rescheduled_by);
            client.bookings().reschedule(uid, &to).await
        });
    }
}

fn cancel(calls: &mut Calls) {
    for (number, uid, reason) in [
        ("087", "gDDcAHaLViRcE2qmjYbVrj", Some("Ill")),
        ("088", "gDDcAHaLViRcE2qmjYbVrj", Some("Ill")),
        ("192", "ovbfxQjh3jacrfGC1HFpgr", Some("changed my mind")),
        ("203", "nonexistent", None),
    ] {
        calls.same(number, move |client| async move {
            let how = reason.into_iter().fold(Cancel::new(), Cancel::reason);
            client.bookings().cancel(uid, &how).await
        });
    }
    calls.same("101", |client| async move {
        let how = Cancel::new().reason("rest").subsequent(true);
        client.bookings().cancel_series("r6yvhTFoZQaMgxS9iJe1KW", &how).await
    });
    calls.same("239", |client| async move {
        let how = CancelSeat::new("b594425d-c97b-48ab-bae3-23343471bc26");
        client.bookings().cancel_seat("iQPTcAEJmHtNj55FosaeXs", &how).await
    });
}

fn decide(calls: &mut Calls) {
    for (number, uid) in [
        ("091", "1seYX4a3XzaxvFeNfMXxex"),
        ("092", "1seYX4a3XzaxvFeNfMXxex"),
        ("093", "1seYX4a3XzaxvFeNfMXxex"),
        ("094", "1seYX4a3XzaxvFeNfMXxex"),
        ("232", "2Wjht6t5wQfxg7EJzxuDBQ"),
    ] {
        calls.same(number, move |client| async move { client.bookings().confirm(uid).await });
    }
    calls.same("096", |client| async move {
        client.bookings().decline("myXXJBJtPmy3Z7ZMnJEp1F", Some("Busy")).await
    });
    let charlie = || [AttendeeAbsence::new(CHARLIE, true)];
    for (number, who) in [
        ("116", MarkAbsent::new().host(false).attendees(charlie())),
        ("117", MarkAbsent::new().attendees(charlie())),
        ("119", MarkAbsent::new().host(true)),
    ] {
        calls.same(number, move |client| async move {
            client.bookings().mark_absent("qBq5CHpLYJpng7JyipqAzg", &who).await
        });
    }
}

fn attendees(calls: &mut Calls) {
    let uid = "4jFY4VQWxLVBnrNhm5nfxY";
    calls.same("080", |client| async move {
        client.booking_attendees().list("jaXVJDfWQdAHDUbcqyQnRn").await
    });
    calls.same("109", move |client| async move {
        client.bookings().add_guests(uid, &[NewGuest::new("eve@example.com").name("Eve")]).await
    });
    calls.same("110", move |client| async move {
        let fay = AddAttendee::new("Fay", "fay@example.com", "Europe/Oslo");
        client.booking_attendees().add(uid, &fay).await
    });
    calls
        .same("112", move |client| async move { client.booking_attendees().remove(uid, 18).await });
    calls.same("113", move |client| async move {
        let location = UpdateLocation::Link { link: "https://meet.example.com/new".to_owned() };
        client.bookings().update_location(uid, &location).await
    });
}

const CHARLIE: &str = "charlie@example.com";

fn charlie(email: &str) -> NewAttendee {
    NewAttendee::new("Charlie Guest", "America/New_York").email(email).language("en")
}

async fn post(client: &Client, body: &Value) -> Result<Value, cal_client::Error> {
    client.raw(Method::POST, "/v2/bookings").version("2024-08-13").json(body).send().await
}

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}
