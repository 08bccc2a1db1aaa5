//! Finds a free slot, books it, moves the booking and cancels it.
//!
//! `CAL_API_KEY=cal_live_.. cargo run --features client --example client_bookings -- 17`, where 17 is
//! the number of an event type; `CAL_API_URL` names another server than Cal.com's.

#![expect(clippy::disallowed_methods, reason = "an example has no clock of its own")]
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::{env, error::Error, time::SystemTime};

use calcom::client::{
    Auth, Client, US,
    bookings::{Cancel, NewAttendee, NewBooking, Reschedule},
    slots::{Slot, SlotQuery},
};
use chrono::{DateTime, TimeDelta, Utc};

const ZONE: &str = "Europe/Oslo";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let event_type: i64 =
        env::args().nth(1).ok_or("expected the number of an event type")?.parse()?;
    let key = env::var("CAL_API_KEY").map_err(|_| "expected an API key in CAL_API_KEY")?;
    let url = env::var("CAL_API_URL").unwrap_or_else(|_| US.to_owned());
    let client = Client::builder().base_url(url).auth(Auth::api_key(key)).build()?;

    let [first, second] = free(&client, event_type).await?;
    let attendee = NewAttendee::new("Ann Guest", ZONE).email("ann@example.org").language("en");
    let booking = NewBooking::new(event_type, first.start, attendee)
        .metadata([("order".to_owned(), "A-1".to_owned())])
        .answer("notes", "Looking forward to it");
    let booking = client.bookings().create(&booking).await?;
    println!("{} at {}: {}", booking.title, booking.start, booking.status);

    let later = Reschedule::new(second.start).reason("A train is late");
    let moved = client.bookings().reschedule(&booking.uid, &later).await?;
    println!("moved to {}, as {}", moved.start, moved.uid);

    let cancel = Cancel::new().reason("It was only an example");
    let cancelled = client.bookings().cancel(&moved.uid, &cancel).await?;
    println!("{}: {}", cancelled.uid, cancelled.status);
    Ok(())
}

/// Finds the first two slots of the next two weeks.
async fn free(client: &Client, event_type: i64) -> Result<[Slot; 2], Box<dyn Error>> {
    let now = DateTime::<Utc>::from(SystemTime::now());
    let query = SlotQuery::new(event_type, now, now + TimeDelta::weeks(2)).time_zone(ZONE);
    let mut slots = client.slots().find(&query).await?.into_values().flatten();
    match (slots.next(), slots.next()) {
        (Some(first), Some(second)) => Ok([first, second]),
        _ => Err("there are no two free slots in the next two weeks".into()),
    }
}
