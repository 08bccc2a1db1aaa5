//! Bodies that nobody should send: they are kept, never typed wrongly, and never crash.

use cal_core::{Delivery, Outline, Parsed, Trigger};
use proptest::{collection::vec, prelude::*, sample::Index};
use serde_json::value::RawValue;

use crate::{cases, samples};

/// Reads and writes a body; whatever it is, its bytes stay and the result is JSON.
fn check(body: &[u8]) -> Delivery {
    let delivery = Delivery::parse(body.to_vec());
    assert_eq!(delivery.body(), body);
    let written = serde_json::to_string(&delivery).unwrap();
    serde_json::from_str::<&RawValue>(&written).unwrap();
    let again = Delivery::parse(written);
    if delivery.parsed() != Parsed::Opaque {
        assert_eq!(again.event.trigger(), delivery.event.trigger());
    }
    let outline = Outline::of(body);
    if let (Ok(outline), Some(trigger)) = (outline, delivery.event.trigger()) {
        assert_eq!(outline.trigger.as_deref(), Some(trigger.as_str()));
    }
    delivery
}

/// A booking with one more member, written as it is given.
fn with_member(member: &str) -> String {
    format!(
        r#"{{"triggerEvent":"BOOKING_CREATED","createdAt":"2026-06-01T08:00:00.000Z","payload":{{
        "uid":"b1","title":"Intro","startTime":"2026-06-09T07:30:00Z","endTime":"2026-06-09T08:15:00Z",
        {member}}}}}"#
    )
}

proptest! {
    #![proptest_config(cases(160))]

    #[test]
    fn any_bytes_are_kept(body in vec(any::<u8>(), 0..300)) {
        prop_assert_ne!(check(&body).parsed(), Parsed::Typed);
    }

    #[test]
    fn any_characters_of_json_are_kept(body in r#"[\[\]{}":,0-9eE+\-.\\a-fnlrtu \n]{0,200}"#) {
        check(body.as_bytes());
        check(format!(r#"{{"triggerEvent":"BOOKING_CREATED","payload":{body}}}"#).as_bytes());
        check(with_member(&format!(r#""metadata":{body}"#)).as_bytes());
    }

    #[test]
    fn a_damaged_sample_is_kept(
        sample in any::<Index>(),
        damage in vec((any::<Index>(), any::<u8>()), 0..4),
        cut in proptest::option::of(any::<Index>()),
    ) {
        let mut body = sample.get(&samples::all()).body.clone().into_bytes();
        for (at, byte) in damage {
            let at = at.index(body.len());
            body[at] = byte;
        }
        if let Some(cut) = cut {
            body.truncate(cut.index(body.len()));
            prop_assert_ne!(check(&body).parsed(), Parsed::Typed);
        } else {
            check(&body);
        }
    }
}

#[test]
fn deep_nesting_overflows_no_stack() {
    const DEPTH: usize = 100_000;
    let arrays = "[".repeat(DEPTH);
    let closed = arrays.clone() + &"]".repeat(DEPTH);
    let objects = r#"{"a":"#.repeat(DEPTH) + "1" + &"}".repeat(DEPTH);
    for body in [&arrays, &closed, &objects] {
        assert_eq!(check(body.as_bytes()).parsed(), Parsed::Opaque);
    }
    for nested in [&closed, &objects] {
        // An unknown member is skipped whatever it holds; a known one has to be read.
        let body = with_member(&format!(r#""newer":{nested}"#));
        assert_eq!(check(body.as_bytes()).parsed(), Parsed::Typed);
        let body = with_member(&format!(r#""metadata":{{"a":{nested}}}"#));
        let delivery = check(body.as_bytes());
        assert_eq!(delivery.parsed(), Parsed::Opaque);
        assert_eq!(delivery.event.trigger(), Some(Trigger::BookingCreated));
        let body = format!(r#"{{"triggerEvent":"NEWER","payload":{nested}}}"#);
        let delivery = check(body.as_bytes());
        assert_eq!(delivery.parsed(), Parsed::Opaque);
        assert_eq!(delivery.event.trigger(), Some(Trigger::from("NEWER")));
    }
}

#[test]
fn a_huge_number_takes_no_booking_with_it_unless_it_is_read() {
    let digits = "9".repeat(1_000_000);
    let fraction = format!("0.{digits}");
    assert_eq!(check(digits.as_bytes()).parsed(), Parsed::Opaque);
    let body = with_member(&format!(r#""newer":{digits}"#));
    assert_eq!(check(body.as_bytes()).parsed(), Parsed::Typed);
    let body = with_member(&format!(r#""price":{digits}"#));
    assert_eq!(check(body.as_bytes()).parsed(), Parsed::Opaque);
    let body = with_member(&format!(r#""price":{fraction}"#));
    assert_eq!(check(body.as_bytes()).parsed(), Parsed::Typed);
}

#[test]
fn half_a_surrogate_pair_is_replaced_and_reported() {
    for (half, mended) in [
        (r"\ud83d", "\u{fffd}"),
        (r"\udca1", "\u{fffd}"),
        (r"\ud83dx", "\u{fffd}x"),
        (r"a\ud83d", "a\u{fffd}"),
        (r"\ud83d\ud83d", "\u{fffd}\u{fffd}"),
        (r"\ude00\ud83d\ude00", "\u{fffd}😀"),
        (r"\ud83d\ud83d\ude00", "\u{fffd}😀"),
    ] {
        let body = with_member(&format!(r#""description":"{half}""#));
        let delivery = check(body.as_bytes());
        assert_eq!(delivery.parsed(), Parsed::Typed, "{half}");
        let description = delivery.event.booking().unwrap().description.clone();
        assert_eq!(description.as_deref(), Some(mended), "{half}");
        assert_eq!(delivery.set_aside().len(), 1, "{half}");
        let body = with_member(&format!(r#""newer":"{half}""#));
        assert_eq!(check(body.as_bytes()).parsed(), Parsed::Typed, "{half}");
    }
}

#[test]
fn whole_characters_stay_as_they_are_beside_half_ones() {
    for (whole, text) in
        [(r"\ud83d\udca1", "💡"), (r"\\ud83d", r"\ud83d"), (r"\n\u00e5", "\nå"), ("ok", "ok")]
    {
        for (newer, set_aside) in [("whole", 0), (r"\ud83d", 1)] {
            let members = format!(r#""description":"{whole}","additionalNotes":"{newer}""#);
            let delivery = check(with_member(&members).as_bytes());
            let description = delivery.event.booking().unwrap().description.clone();
            assert_eq!(description.as_deref(), Some(text), "{whole}");
            assert_eq!(delivery.set_aside().len(), set_aside, "{whole}");
        }
    }
    // These are no escapes of JSON.
    for wrong in [r"\", r"\é", r"\u12", r"\é\u12"] {
        let body = with_member(&format!(r#""description":"{wrong}""#));
        assert_eq!(check(body.as_bytes()).parsed(), Parsed::Opaque, "{wrong}");
    }
}

#[test]
fn marks_and_control_characters_are_not_guessed_at() {
    let body = with_member(r#""length":45"#);
    assert_eq!(check(body.as_bytes()).parsed(), Parsed::Typed);
    assert_eq!(check(format!(" \r\n\t{body}\n").as_bytes()).parsed(), Parsed::Typed);
    let wide: Vec<u8> = body.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for body in [
        format!("\u{feff}{body}").as_bytes(),
        format!("{body}\0").as_bytes(),
        format!("{body}{body}").as_bytes(),
        with_member("\"description\":\"a\0b\"")
            .replace("BOOKING_CREATED", "BOOKING\0CREATED")
            .as_bytes(),
        &wide,
        b"",
        b"{}",
        b"null",
        b"\"BOOKING_CREATED\"",
        b"[]",
        b"triggerEvent=BOOKING_CREATED",
    ] {
        let delivery = check(body);
        assert_eq!(delivery.parsed(), Parsed::Opaque);
        assert_eq!(delivery.event.trigger(), None);
    }
    // Escaped, NUL is a character as any other; raw, it is not allowed in JSON.
    let delivery = check(with_member(r#""description":"a\u0000b""#).as_bytes());
    assert_eq!(delivery.event.booking().unwrap().description.as_deref(), Some("a\0b"));
    assert_eq!(check(with_member("\"description\":\"a\0b\"").as_bytes()).parsed(), Parsed::Opaque);
}

#[test]
fn bytes_that_are_no_utf8_are_opaque() {
    let body = with_member(r#""description":"caf?""#);
    for wrong in [&[0xe9][..], &[0xff], &[0xc3], &[0xed, 0xa0, 0xbd], &[0xf5, 0x80, 0x80, 0x80]] {
        let at = body.find('?').unwrap();
        let body = [&body.as_bytes()[..at], wrong, &body.as_bytes()[at + 1..]].concat();
        assert_eq!(check(&body).parsed(), Parsed::Opaque);
        assert!(Outline::of(&body).is_err());
    }
}
