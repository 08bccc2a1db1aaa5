//! Names, money and places; outlines; and what threads may share.

use cal_core::{
    Amount, Answer, AnswerValue, Booking, Currency, Delivery, Event, Fields, FormSubmission,
    Location, Meeting, Money, Outline, ParseError, Parsed, PaymentInfo, Trigger,
};
use chrono::{DateTime, Utc};
use proptest::prelude::*;
use serde_json::json;

use crate::{cases, samples};

/// A booking with these members.
pub(crate) fn booking(members: &serde_json::Value) -> Booking {
    let mut payload = json!({
        "startTime": "2026-06-09T07:30:00Z",
        "endTime": "2026-06-09T08:15:00Z",
    });
    for (name, value) in members.as_object().unwrap() {
        payload[name] = value.clone();
    }
    let body = json!({"triggerEvent": "BOOKING_CREATED", "payload": payload}).to_string();
    Delivery::parse(body).event.booking().unwrap().as_ref().clone()
}

/// Start and end, where the payload has them.
fn times(event: &Event) -> (Option<DateTime<Utc>>, Option<DateTime<Utc>>) {
    match event {
        Event::AfterGuestsCalVideoNoShow(event) | Event::AfterHostsCalVideoNoShow(event) => {
            (event.start, event.end)
        }
        Event::InstantMeetingAccepted(event) => (event.start, event.end),
        Event::MeetingEnded(event) | Event::MeetingStarted(event) => {
            (Some(event.start), Some(event.end))
        }
        Event::RecordingReady(event) | Event::RecordingTranscriptionGenerated(event) => {
            (event.start, event.end)
        }
        Event::WrongAssignmentReport(event) => (event.booking.start, event.booking.end),
        event => event.booking().map(|it| (it.start, it.end)).unwrap_or_default(),
    }
}

#[test]
fn names_that_are_never_sent_stay_unknown_and_have_a_replacement() {
    for (name, instead) in [
        ("BOOKING_COMPLETED", Some(Trigger::MeetingEnded)),
        ("BOOKING_CONFIRMED", Some(Trigger::BookingCreated)),
        ("BOOKING_NO_SHOW", Some(Trigger::BookingNoShowUpdated)),
        ("BOOKING_REOPENED", None),
        ("INSTANT_MEETING_CREATED", Some(Trigger::InstantMeeting)),
        ("PAYMENT_COMPLETED", Some(Trigger::BookingPaid)),
        ("booking_created", None),
        ("BOOKING_CREATED ", None),
        ("", None),
    ] {
        assert_eq!(Trigger::from(name), Trigger::Other(name.to_owned()));
        assert_eq!(Trigger::instead_of(name), instead, "{name}");
        let body = json!({"triggerEvent": name, "payload": {"uid": "b1"}}).to_string();
        let delivery = Delivery::parse(body);
        assert_eq!(delivery.parsed(), Parsed::Unknown, "{name}");
        assert_eq!(delivery.event.trigger().unwrap().as_str(), name);
    }
    for known in Trigger::SUBSCRIBABLE.into_iter().chain([Trigger::Ping]) {
        assert_eq!(Trigger::from(known.as_str()), known);
        assert_eq!(Trigger::instead_of(known.as_str()), None);
    }
}

#[test]
fn subscribable_triggers_are_sorted_and_different() {
    let names: Vec<_> = Trigger::SUBSCRIBABLE.iter().map(Trigger::as_str).collect();
    assert!(names.is_sorted_by(|one, other| one < other), "{names:?}");
    assert!(!names.contains(&"PING"));
}

#[test]
fn currencies_are_equal_in_either_case() {
    assert_eq!(Currency::from("usd"), Currency::from("USD"));
    assert_eq!(Currency::from("Btc").as_str(), "BTC");
    assert_eq!(Currency::from("nok").to_string(), "NOK");
    assert_ne!(Currency::from("EUR"), Currency::from("USD"));
    let lower = booking(&json!({"price": 4900, "currency": "eur"}));
    let upper = booking(&json!({"price": 4900, "currency": "EUR"}));
    assert_eq!(lower.price(), upper.price());
    assert_eq!(lower.currency.as_deref(), Some("eur"));
}

#[test]
fn a_fraction_of_a_minor_unit_is_kept_and_never_rounded() {
    let price = |price| booking(&json!({"price": price, "currency": "sat"}));
    assert_eq!(price(json!(4900)).price_amount, Some(Amount::Minor(4900)));
    assert_eq!(price(json!(0)).price().unwrap().minor_units, 0);
    assert_eq!(price(json!(-250)).price().unwrap().minor_units, -250);
    let fraction = price(json!(12.5));
    assert_eq!(fraction.price_amount, Some(Amount::Fraction(12.5)));
    assert_eq!(fraction.price_amount.unwrap().minor_units(), None);
    assert_eq!(fraction.price(), None);
    assert_eq!(serde_json::to_value(&fraction).unwrap()["price"], json!(12.5));
    assert_eq!(price(json!(null)).price_amount, None);
    assert_eq!(booking(&json!({"price": 4900})).price(), None);
}

#[test]
fn a_location_is_told_by_its_spelling_alone() {
    for (text, expected) in [
        ("attendeeInPerson", Location::AttendeeInPerson),
        ("conferencing", Location::Conferencing),
        ("inPerson", Location::InPerson),
        ("integrations:daily", Location::CalVideo),
        ("integrations:google:meet", Location::GoogleMeet),
        ("integrations:office365_video", Location::MicrosoftTeams),
        ("integrations:zoom", Location::Zoom),
        ("link", Location::Link),
        ("somewhereElse", Location::SomewhereElse),
        ("integrations:jitsi", Location::Integration("integrations:jitsi".into())),
        ("Integrations:daily", Location::Address("Integrations:daily".into())),
        ("phone", Location::AttendeePhone),
        ("userPhone", Location::OrganizerPhone),
        ("+47 21 00-21.00", Location::Phone("+47 21 00-21.00".into())),
        ("+47 22 33 44 55", Location::Phone("+47 22 33 44 55".into())),
        ("+1234", Location::Address("+1234".into())),
        ("+1", Location::Address("+1".into())),
        ("12 Harbour Row", Location::Address("12 Harbour Row".into())),
        ("21002100", Location::Address("21002100".into())),
        ("https://rooms.example.com/a", Location::Url("https://rooms.example.com/a".into())),
        ("https:/rooms.example.com", Location::Address("https:/rooms.example.com".into())),
        ("", Location::Unspecified),
        (" ", Location::Address(" ".into())),
    ] {
        let read = booking(&json!({"location": text})).location.unwrap();
        assert_eq!(read, expected);
        assert_eq!(read.as_str(), text);
        assert_eq!(read.url().is_some(), matches!(expected, Location::Url(_)));
    }
    assert_eq!(booking(&json!({"location": null})).location, None);
}

proptest! {
    #![proptest_config(cases(120))]

    #[test]
    fn a_spelling_survives(text in r"(integrations:|https?://|\+)?\PC{0,20}") {
        let location = Location::from(text.as_str());
        prop_assert_eq!(location.as_str(), &text);
        prop_assert_eq!(Trigger::from(text.as_str()).to_string(), text);
    }

    #[test]
    fn whole_amounts_are_exact(units in any::<i64>()) {
        let read = booking(&json!({"price": units, "currency": "eur"}));
        prop_assert_eq!(read.price().map(|money| money.minor_units), Some(units));
    }
}

#[test]
fn an_outline_says_what_the_whole_payload_says() {
    for samples::Sample { name, body } in samples::typed() {
        let delivery = Delivery::parse(body.clone());
        let outline = Outline::of(body.as_bytes()).unwrap();
        let trigger = delivery.event.trigger();
        assert_eq!(outline.trigger.as_deref(), trigger.as_ref().map(Trigger::as_str), "{name}");
        if trigger == Some(Trigger::CalendarEntryRejected) {
            continue;
        }
        let uid = delivery.event.booking_uid().map(cal_core::BookingUid::as_str);
        assert_eq!(outline.uid.as_deref(), uid, "{name}");
        assert_eq!((outline.start, outline.end), times(&delivery.event), "{name}");
        if delivery.created_at.is_some() {
            assert_eq!(outline.created_at, delivery.created_at, "{name}");
        }
    }
}

#[test]
fn an_outline_of_what_is_no_envelope_is_empty_or_an_error() {
    for samples::Sample { name, body } in samples::all() {
        match (Delivery::parse(body.clone()).parsed(), Outline::of(body.as_bytes())) {
            (Parsed::Opaque, Ok(outline)) => assert_eq!(outline.trigger, None, "{name}"),
            (_, outline) => {
                let object = serde_json::from_str::<serde_json::Map<_, _>>(&body);
                assert_eq!(outline.is_ok(), object.is_ok(), "{name}");
            }
        }
    }
    for body in ["", "[]", "null", "false", "7", r#""BOOKING_CREATED""#, r#"["BOOKING_CREATED"]"#] {
        assert!(Outline::of(body.as_bytes()).is_err(), "{body}");
    }
    let positions = r#"["BOOKING_CREATED",null,["b1",null,null,null],null,null,null]"#;
    assert!(Outline::of(positions.as_bytes()).is_err());
}

#[test]
fn threads_may_share_everything_that_is_read() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<(Amount, Currency, Location, Money, Trigger)>();
    shared::<(Answer, AnswerValue, Fields<Answer>, PaymentInfo)>();
    shared::<(Booking, FormSubmission, Meeting)>();
    shared::<(Delivery, Event, Outline<'static>, ParseError, Parsed)>();
}
