//! Stories told by sweeps: without a webhook, with one before the sweep, and with one after.

use cal_webhook::{BookingState, Change, Source};
use serde_json::{Value, json};

use super::account::{Account, at, guest, shown, told};
use crate::place::Place;

/// When the webhook of what happens comes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum When {
    Before,
    After,
    Never,
}

const TIMES: [When; 3] = [When::Before, When::After, When::Never];

/// Lets something happen to bookings, and returns what hooks were told of it, the same at any time.
///
/// Where `webhook` is none Cal.com sends none, and there is only one story.
async fn happen(
    before: &[String],
    shown: &[Value],
    webhook: Option<String>,
    check: impl AsyncFn(&Account, When),
) {
    for place in Place::each().await {
        let account = Account::new(place.store().await).await;
        for when in TIMES.into_iter().filter(|when| webhook.is_some() || *when == When::Never) {
            account.begin();
            for body in before {
                account.tell(body).await;
            }
            if let Some(body) = webhook.as_ref().filter(|_| when == When::Before) {
                account.tell(body).await;
            }
            account.show(shown.to_vec());
            account.sweep().await;
            if let Some(body) = webhook.as_ref().filter(|_| when == When::After) {
                account.tell(body).await;
            }
            // Nothing is told twice.
            assert_eq!(account.sweep().await.missed, 0, "{when:?}");
            check(&account, when).await;
        }
        account.store.close().await;
        place.clear().await;
    }
}

fn seat(name: &str, reference: &str, minute: i64) -> String {
    let more = json!({"attendees": [name], "attendeeSeatId": reference, "seatsPerTimeSlot": 5});
    told("BOOKING_CREATED", "w", minute, &more)
}

fn left(name: &str, minute: i64) -> String {
    let leaver = json!({"name": name, "email": format!("{name}@example.org"), "bookingId": 7});
    let more = json!({"attendees": [leaver], "seatsPerTimeSlot": 5, "status": "CANCELLED"});
    told("BOOKING_CANCELLED", "w", minute, &more)
}

/// A booking with seats as the API shows it; its title names whoever came first.
fn workshop(guests: &[(&str, &str)], more: &Value) -> Value {
    let guests: Vec<_> = guests.iter().map(|(name, seat)| guest(name, Some(seat))).collect();
    let mut booking = shown("w", more);
    booking["attendees"] = json!(guests);
    booking
}

#[tokio::test]
async fn a_place_that_changed_is_told_once() {
    let booked = told("BOOKING_CREATED", "a", 0, &json!({}));
    let moved = shown("a", &json!({"location": "Side St 2", "updatedAt": at(30)}));
    let webhook = told("BOOKING_LOCATION_UPDATED", "a", 30, &json!({"location": "Side St 2"}));
    happen(&[booked], &[moved], Some(webhook), async |account, when| {
        let changes = account.changes().await;
        assert_eq!(changes, [Change::Booked, Change::LocationChanged], "{when:?}");
        let record = account.applied().await.remove(1);
        let delivery = record.delivery.unwrap();
        let booking = delivery.event.booking().unwrap();
        assert_eq!(booking.location.as_ref().unwrap().as_str(), "Side St 2");
        assert_eq!(booking.event_title.as_deref(), Some("Strategy hour"));
        // And back again, which no webhook tells.
        account.show([shown("a", &json!({"location": "Main St 1", "updatedAt": at(35)}))]);
        assert_eq!(account.sweep().await.missed, 1);
        assert_eq!(account.changes().await[2..], [Change::LocationChanged]);
    })
    .await;
}

#[tokio::test]
async fn a_room_that_has_its_link_now_has_not_changed() {
    let more = json!({"location": "integrations:daily", "status": "PENDING"});
    let asked = told("BOOKING_REQUESTED", "a", 0, &more);
    let more = json!({"location": "https://app.cal.com/video/a", "updatedAt": at(9)});
    happen(&[asked], &[shown("a", &more)], None, async |account, _| {
        assert_eq!(account.changes().await, [Change::Requested, Change::Booked]);
        // It was asked for when it was made, and accepted when it was changed last.
        let delivery = account.applied().await.remove(1).delivery.unwrap();
        assert_eq!(delivery.created_at, at(9).parse().ok());
    })
    .await;
    let booked = told("BOOKING_CREATED", "a", 0, &json!({"location": "integrations:zoom"}));
    let more = json!({"location": "https://us02web.zoom.us/j/1", "updatedAt": at(9)});
    happen(&[booked], &[shown("a", &more)], None, async |account, _| {
        assert_eq!(account.changes().await, [Change::Booked]);
    })
    .await;
}

#[tokio::test]
async fn guests_who_were_added_are_told_each() {
    let team = json!({"members": [{"name": "Osk", "email": "osk@example.org"}]});
    let booked = told("BOOKING_CREATED", "a", 0, &json!({"team": team}));
    // Hosts are no guests, although they may be listed among them.
    let guests = ["ann", "bea", "cid", "osk", "ida"].map(|name| guest(name, None));
    let more = json!({"attendees": guests, "guests": ["bea@example.org"], "updatedAt": at(30)});
    happen(&[booked], &[shown("a", &more)], None, async |account, _| {
        let changes = account.changes().await;
        assert_eq!(changes, [Change::Booked, Change::GuestsAdded, Change::GuestsAdded]);
        let added = account.applied().await.into_iter().skip(1).map(|record| {
            let delivery = record.delivery.unwrap();
            let booking = delivery.event.booking().unwrap();
            assert_eq!(booking.booker().unwrap().name, "ann");
            booking.guests_added.clone().unwrap().concat()
        });
        let mut added: Vec<_> = added.collect();
        added.sort();
        assert_eq!(added, ["bea@example.org", "cid@example.org"]);
    })
    .await;
}

#[tokio::test]
async fn a_seat_that_was_taken_is_told_once() {
    let bodies = [seat("ann", "s1", 0)];
    let shown = workshop(&[("ann", "s1"), ("bea", "s2")], &json!({}));
    happen(&bodies, &[shown], Some(seat("bea", "s2", 5)), async |account, when| {
        assert_eq!(account.changes().await, [Change::Booked, Change::Booked], "{when:?}");
        let delivery = account.applied().await.remove(1).delivery.unwrap();
        let booking = delivery.event.booking().unwrap();
        let names: Vec<_> = booking.attendees.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["bea"]);
        if when == When::Never {
            // Nobody reads another guest's name.
            assert_eq!(booking.title, "Strategy hour");
            assert!(booking.seats_per_time_slot.is_some());
        }
    })
    .await;
}

#[tokio::test]
async fn a_seat_that_was_given_up_is_told_once() {
    let bodies = [seat("ann", "s1", 0), seat("bea", "s2", 1)];
    let shown = workshop(&[("bea", "s2")], &json!({}));
    happen(&bodies, &[shown], Some(left("ann", 5)), async |account, when| {
        let changes = account.changes().await;
        assert_eq!(changes, [Change::Booked, Change::Booked, Change::Cancelled], "{when:?}");
        let record = account.applied().await.remove(2);
        let delivery = record.delivery.unwrap();
        let booking = delivery.event.booking().unwrap();
        assert_eq!(booking.booker().unwrap().name, "ann");
        assert_eq!(booking.attendees.len(), 1);
        assert_eq!(account.status().await, BookingState::Accepted, "{when:?}");
        // A guest who comes back has a seat again.
        account.tell(&seat("ann", "s3", 3000)).await;
        assert_eq!(account.changes().await.len(), 4);
    })
    .await;
}

#[tokio::test]
async fn all_guests_of_a_cancelled_booking_with_seats_are_known_by_name() {
    let bodies = [seat("ann", "s1", 0), seat("bea", "s2", 1), seat("cid", "s3", 2), left("cid", 3)];
    let more = json!({"status": "cancelled", "updatedAt": at(30), "cancellationReason": "Ill",
        "title": "Strategy hour between Ida Berg and Ann"});
    let more_told = json!({"attendees": ["ann", "bea"], "seatsPerTimeSlot": 5,
        "status": "CANCELLED", "cancellationReason": "Ill"});
    let webhook = told("BOOKING_CANCELLED", "w", 30, &more_told);
    happen(&bodies, &[workshop(&[], &more)], Some(webhook), async |account, when| {
        let applied = account.applied().await;
        assert_eq!(applied.len(), 5, "{when:?}");
        let record = applied.last().unwrap();
        assert_eq!(record.change, Some(Change::Cancelled));
        let source = if when == When::Before { Source::Webhook } else { Source::Reconcile };
        assert_eq!(record.source, source);
        let delivery = record.delivery.clone().unwrap();
        let booking = delivery.event.booking().unwrap();
        let mut guests: Vec<_> = booking.attendees.iter().collect();
        guests.sort_by_key(|guest| guest.name.clone());
        let names: Vec<_> = guests.iter().map(|guest| guest.name.as_str()).collect();
        assert_eq!(names, ["ann", "bea"], "{when:?}");
        assert!(guests.iter().all(|it| it.locale() == Some("nl") && it.time_zone == "Europe/Oslo"));
        assert_eq!(booking.event_title.as_deref(), Some("Strategy hour"));
        assert_eq!(account.status().await, BookingState::Cancelled);
    })
    .await;
}

#[tokio::test]
async fn a_booking_that_cannot_be_read_costs_no_other() {
    let drifted = [
        json!({"guests": [{"email": "x@example.org"}]}),
        json!({"metadata": []}),
        json!({"eventType": {"slug": "hour"}}),
        json!({"rating": "5"}),
        json!({"attendees": [{"name": "Ann", "email": "ann@example.org", "absent": "false"}]}),
        json!({"hosts": {"name": "Ida"}}),
        json!({"updatedAt": "yesterday"}),
        json!({"start": null}),
        json!({"uid": 12}),
    ];
    for place in Place::each().await {
        let account = Account::new(place.store().await).await;
        let mut bookings = Vec::new();
        for (number, more) in drifted.iter().enumerate() {
            let good = shown(&format!("good{number}"), &json!({"updatedAt": at(5)}));
            bookings.extend([shown(&format!("bad{number}"), more), good]);
        }
        account.show(bookings);
        let sweep = account.sweep().await;
        assert!(sweep.set_aside >= drifted.len() && sweep.lost >= 2, "{sweep:?}");
        let known = account.store.bookings(100, None).await.unwrap();
        let known: Vec<_> = known.iter().map(|row| row.uid.to_string()).collect();
        for number in 0..drifted.len() {
            assert!(known.contains(&format!("1good{number}")), "{number}: {known:?}");
            let is_lost = number >= 7;
            assert_eq!(known.contains(&format!("1bad{number}")), !is_lost, "{number}");
        }
        // A page with nothing else on it stops nothing either.
        account.show(
            (0..120)
                .map(|n| shown(&format!("b{n}"), &json!({"start": null})))
                .chain([shown("last", &json!({"updatedAt": at(9)}))]),
        );
        assert_eq!(account.sweep().await.missed, 1);
        account.store.close().await;
        place.clear().await;
    }
}

#[tokio::test]
async fn an_attendee_without_address_has_the_one_that_they_answered() {
    let answers = json!({"email": "ann@example.org", "name": "Ann"});
    let nobody = json!({"name": "Ann", "email": null, "timeZone": "UTC", "language": "en"});
    let seated = json!({"name": "Ann", "seatUid": "s1", "bookingFieldsResponses": answers});
    for more in [
        json!({"attendees": [nobody.clone()], "bookingFieldsResponses": answers}),
        json!({"attendees": [seated]}),
        json!({"attendees": [{"name": "Ann", "email": "", "displayEmail": "ann@example.org"}]}),
    ] {
        happen(&[], &[shown("a", &more)], None, async |account, _| {
            let delivery = account.applied().await.remove(0).delivery.unwrap();
            let booking = delivery.event.booking().unwrap();
            assert_eq!(booking.booker().unwrap().email, "ann@example.org", "{more}");
        })
        .await;
    }
}
