//! What happened, as read from deliveries that a running Cal.com sent, read where they are at hand.

use cal_webhook::{Change, SIGNATURE_HEADER, Seat, Subject, Transition, Verifier, VerifyError};
use serde_json::Value;

use crate::recordings::recordings;

fn verify(delivery: &Value) -> Result<cal_webhook::Verified, VerifyError> {
    let headers = delivery["headers"].as_object().unwrap();
    let header = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(SIGNATURE_HEADER));
    let signature = header.unwrap().1.as_str().unwrap();
    // Without a secret there is nothing to verify with; any secret must refuse the delivery.
    let secret = delivery["secret"].as_str().filter(|secret| !secret.is_empty());
    let verifier = Verifier::new(secret.unwrap_or("any")).unwrap();
    verifier.verify(delivery["body"].as_str().unwrap().to_owned(), signature)
}

#[test]
fn every_recording_verifies_with_its_own_secret() {
    for folder in ["webhooks", "traffic", "traffic-may"] {
        for (name, delivery) in recordings(folder) {
            let verified = verify(&delivery);
            match delivery["secret"].as_str() {
                Some("") => assert_eq!(verified, Err(VerifyError::NoSecret), "{name}"),
                _ => assert!(verified.is_ok(), "{name}: {verified:?}"),
            }
        }
    }
}

/// What a recording must be read as: its change, and the kind of its subject.
fn expected(number: &str) -> Option<(Change, &'static str)> {
    Some(match number {
        "003" | "018" | "032" | "061" | "078" | "091" | "108" => return None,
        "005" | "080" => (Change::Rescheduled, "booking"),
        "006" | "035" | "097" => (Change::Cancelled, "booking"),
        "007" | "074" => (Change::Requested, "booking"),
        "012" => (Change::Rejected, "booking"),
        "031" | "087" | "093" | "104" => (Change::Booked, "seat"),
        "045" => (Change::NoShow, "booking"),
        "047" | "051" => (Change::Started, "booking"),
        "049" | "054" => (Change::Ended, "booking"),
        "066" => (Change::Ping, "nothing"),
        "067" => (Change::OutOfOffice, "out of office"),
        "110" => (Change::Cancelled, "seat"),
        "002" | "010" | "017" | "023" | "042" | "058" | "063" | "071" | "081" | "111" | "117" => {
            (Change::Booked, "booking")
        }
        other => panic!("no expectation for recording {other}"),
    })
}

#[test]
fn every_recording_is_read_as_what_happened() {
    for (name, delivery) in recordings("traffic") {
        let body = delivery["body"].as_str().unwrap().to_owned();
        let transition = Transition::of(&cal_core::Delivery::parse(body.clone()));
        let kind = |subject: &Option<Subject>| match subject {
            Some(Subject::Booking(_)) => "booking",
            Some(Subject::Seat(..)) => "seat",
            Some(Subject::OutOfOffice(_)) => "out of office",
            Some(_) => "something else",
            None => "nothing",
        };
        let read = transition.as_ref().map(|read| (read.change, kind(&read.subject)));
        assert_eq!(read, expected(&name[..3]), "{name}");
        let Some(transition) = transition else { continue };
        assert!(!transition.stale, "{name}");

        let wire: Value = serde_json::from_str(&body).unwrap();
        let moved_from = wire["payload"]["rescheduleUid"].as_str();
        let linked = transition.moved_from.as_ref().map(|uid| uid.as_str());
        assert_eq!(linked, moved_from, "{name}");
    }
}

#[test]
fn a_cancelled_booking_that_was_moved_names_its_root() {
    for (name, delivery) in recordings("traffic") {
        let body = delivery["body"].as_str().unwrap().to_owned();
        let root = Transition::of(&cal_core::Delivery::parse(body)).and_then(|read| read.root);
        let expected = (&name[..3] == "006").then_some("jaXVJDfWQdAHDUbcqyQnRn");
        assert_eq!(root.as_ref().map(|uid| uid.as_str()), expected, "{name}");
    }
}

#[test]
fn a_leaver_of_a_booking_with_seats_is_the_seat() {
    for (name, delivery) in
        recordings("traffic").into_iter().filter(|(name, _)| name.starts_with("110"))
    {
        let body = delivery["body"].as_str().unwrap().to_owned();
        let subject = Transition::of(&cal_core::Delivery::parse(body)).unwrap().subject;
        let leaver = Seat::Attendee("b@example.com".to_owned());
        assert_eq!(subject, Some(Subject::Seat("iQPTcAEJmHtNj55FosaeXs".into(), leaver)), "{name}");
    }
}
