//! The floor reads what the library reads.

use benches::{
    bodies,
    bodies::Size,
    floor::{self, AnswerValue, Key, RingKey},
};
use cal_core::{Delivery, Event, Outline};
use serde_json::Value;

#[test]
fn the_floor_and_the_library_read_the_same_booking() {
    for size in Size::ALL {
        for number in 0..20 {
            let body = bodies::body(size, number);
            let read = floor::read(body.as_bytes()).unwrap();
            let delivery = Delivery::parse(body.clone());
            assert!(delivery.set_aside().is_empty(), "{:?}", delivery.set_aside());
            let Event::BookingCreated(booking) = &delivery.event else { panic!("{delivery:?}") };

            assert_eq!(read.created_at, delivery.created_at);
            let floor = &read.booking;
            assert_eq!(floor.uid, booking.uid.as_ref().map(|uid| uid.as_str()));
            assert_eq!(
                (floor.id, Some(floor.start), Some(floor.end)),
                (booking.id, booking.start, booking.end)
            );
            assert_eq!(&*floor.title, booking.title);
            assert_eq!(floor.metadata.is_some(), booking.metadata.is_some());
            let people = |people: &[cal_core::Person]| -> Vec<_> {
                people.iter().map(|person| (person.name.clone(), person.email.clone())).collect()
            };
            let floor_people: Vec<_> = floor
                .attendees
                .iter()
                .map(|person| (person.name.to_string(), person.email.to_string()))
                .collect();
            assert_eq!(floor_people, people(&booking.attendees));
            assert_eq!(answers(floor.responses.as_ref()), owned(booking.responses.as_ref()));
            assert_eq!(
                answers(floor.user_fields_responses.as_ref()),
                owned(booking.user_fields_responses.as_ref()),
            );

            let outline = Outline::of(body.as_bytes()).unwrap();
            assert_eq!(outline.uid.as_deref(), floor.uid);
        }
    }
}

/// A question's slug, label and answer, as JSON.
type Row = (String, Option<String>, Option<Value>);

fn answers(fields: Option<&floor::Fields<'_, floor::Answer<'_>>>) -> Vec<Row> {
    let row = |(slug, answer): &(floor::Text<'_>, floor::Answer<'_>)| {
        let value = answer.value.clone().map(AnswerValue::into);
        (slug.to_string(), answer.label.as_ref().map(|label| label.to_string()), value)
    };
    fields.map(|fields| fields.0.iter().map(row).collect()).unwrap_or_default()
}

fn owned(fields: Option<&cal_core::Fields<cal_core::Answer>>) -> Vec<Row> {
    let row = |(slug, answer): (&str, &cal_core::Answer)| {
        let value = answer.value.as_ref().map(|value| serde_json::json!(value));
        (slug.to_owned(), answer.label.clone(), value)
    };
    fields.map(|fields| fields.iter().map(row).collect()).unwrap_or_default()
}

#[test]
fn bodies_have_their_sizes_and_differ() {
    for (size, kilobytes) in [
        (Size::Small, 0.6..0.8),
        (Size::Typical, 2.3..2.7),
        (Size::Large, 30.0..34.0),
        (Size::Huge, 490.0..534.0),
    ] {
        let body = bodies::body(size, 1);
        let length = body.len() as f64 / 1024.0;
        assert!(kilobytes.contains(&length), "{size}: {length:.2} KB");
        assert_eq!(body, bodies::body(size, 1));
        assert_ne!(body, bodies::body(size, 2));
    }
}

#[test]
fn both_keys_know_a_signature_from_another() {
    let samples = bodies::samples(Size::Small, 0..2).unwrap();
    let secret = benches::SECRET.as_bytes();
    let (key, ring) = (Key::new(secret).unwrap(), RingKey::new(secret));
    let digits = samples[0].signature.as_bytes();
    let upper = digits.to_ascii_uppercase();
    for (body, digits, want) in [
        (&samples[0].body, digits, true),
        (&samples[0].body, &upper[..], true),
        (&samples[1].body, digits, false),
        (&samples[0].body, &digits[1..], false),
    ] {
        assert_eq!(key.verify(body, digits), want);
        assert_eq!(ring.verify(body, digits), want);
    }
}
