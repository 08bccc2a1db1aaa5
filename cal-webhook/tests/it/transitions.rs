//! What happened, by the rules for Cal.com's quirks.

use cal_core::{Delivery, PaymentId};
use cal_webhook::{Change, Seat, Subject, Transition};
use serde_json::json;

use crate::bodies::{booking, envelope};

fn read(body: String) -> Transition {
    Transition::of(&Delivery::parse(body)).unwrap()
}

fn first() -> Option<Subject> {
    Some(Subject::Booking("first".into()))
}

#[test]
fn a_confirmed_request_is_a_booking() {
    let read = read(booking("BOOKING_CREATED", json!({"requiresConfirmation": true})));
    assert_eq!((read.change, read.subject), (Change::Booked, first()));
}

#[test]
fn booked_and_rescheduled_reach_the_same_state() {
    let booked = read(booking("BOOKING_CREATED", json!({})));
    let moved =
        read(booking("BOOKING_RESCHEDULED", json!({"rescheduleUid": "old", "rescheduleId": 3})));
    assert_eq!(moved.change, Change::Rescheduled);
    assert_eq!(moved.moved_from, Some("old".into()));
    assert_eq!(moved.subject, booked.subject);
}

#[test]
fn a_created_booking_that_replaces_another_was_rescheduled() {
    let read = read(booking("BOOKING_CREATED", json!({"rescheduleUid": "old", "rescheduleId": 3})));
    assert_eq!((read.change, read.moved_from), (Change::Rescheduled, Some("old".into())));
}

#[test]
fn a_request_that_replaces_another_booking_says_so() {
    let named = json!({"status": "PENDING", "rescheduleUid": "old"});
    let named = read(booking("BOOKING_REQUESTED", named));
    assert_eq!((named.change, named.moved_from), (Change::Requested, Some("old".into())));

    // A move that waits for confirmation was also seen under the other trigger's name.
    let pending = json!({"status": "PENDING", "rescheduleUid": "old"});
    assert_eq!(read(booking("BOOKING_RESCHEDULED", pending)).change, Change::Requested);
}

#[test]
fn a_guests_move_shows_only_in_the_calendar_uid() {
    for trigger in ["BOOKING_REQUESTED", "BOOKING_CREATED", "BOOKING_REJECTED"] {
        for name in ["Cal.com", "Cal.diy", "My bookings", "a@b"] {
            let read = read(booking(trigger, json!({"iCalUID": format!("root@{name}")})));
            assert_eq!((read.moved_from, read.root), (None, Some("root".into())), "{trigger}");
        }
    }
    for own in [
        json!({"iCalUID": "first@Cal.com"}),
        json!({"iCalUID": "first@Cal.diy"}),
        json!({"iCalUID": "040000008200E00074C5B7101A82E008"}),
        json!({"iCalUID": "@Cal.com"}),
        json!({"iCalUID": "root@Cal.com", "seatsPerTimeSlot": 3}),
        json!({"iCalUID": "root@Cal.com", "recurringEvent": {"freq": 2, "count": 3}}),
    ] {
        assert_eq!(read(booking("BOOKING_REQUESTED", own.clone())).root, None, "{own}");
    }
}

#[test]
fn a_created_booking_that_ended_meanwhile_is_stale() {
    for status in ["CANCELLED", "REJECTED"] {
        assert!(read(booking("BOOKING_CREATED", json!({"status": status}))).stale);
    }
    assert!(!read(booking("BOOKING_CREATED", json!({"status": null}))).stale);
}

#[test]
fn a_request_to_reschedule_is_no_lost_booking() {
    let change = |members| read(booking("BOOKING_CANCELLED", members)).change;
    let flagged = json!({"status": "CANCELLED", "requestReschedule": true});
    assert_eq!(change(flagged), Change::RescheduleRequested);
    let before_2026 = json!({"status": null, "cancellationReason": "Please reschedule. Ill"});
    assert_eq!(change(before_2026), Change::RescheduleRequested);
    let said_by_a_guest = json!({"status": "CANCELLED", "cancellationReason": "Please reschedule"});
    assert_eq!(change(said_by_a_guest), Change::Cancelled);
    let denied = json!({"requestReschedule": false, "cancellationReason": "Please reschedule"});
    assert_eq!(change(denied), Change::Cancelled);
}

#[test]
fn a_seat_is_known_by_its_reference_or_its_attendee() {
    let seated = json!({"seatsPerTimeSlot": 3, "attendeeSeatId": "seat-1"});
    let seat = Seat::Reference("seat-1".into());
    let booked = read(booking("BOOKING_CREATED", seated));
    assert_eq!(booked.subject, Some(Subject::Seat("first".into(), seat)));

    let unnamed = read(booking("BOOKING_CREATED", json!({"seatsPerTimeSlot": 3})));
    let seat = Seat::Attendee("piet@example.org".to_owned());
    assert_eq!(unnamed.subject, Some(Subject::Seat("first".into(), seat)));
}

#[test]
fn moving_a_seat_links_no_bookings_and_may_come_back() {
    let moved = json!({"seatsPerTimeSlot": 3, "attendeeSeatId": "seat-1", "rescheduleUid": "old"});
    let read = read(booking("BOOKING_RESCHEDULED", moved));
    assert_eq!((read.change, read.moved_from), (Change::Rescheduled, None));
}

#[test]
fn only_rows_of_leavers_make_a_cancellation_one_of_seats() {
    let row =
        |members| json!({"seatsPerTimeSlot": 3, "status": "CANCELLED", "attendees": [members]});
    let leaver = row(json!({"email": "piet@example.org", "bookingId": 7, "noShow": false}));
    let seat = Seat::Attendee("piet@example.org".to_owned());
    let one = read(booking("BOOKING_CANCELLED", leaver));
    assert_eq!(one.subject, Some(Subject::Seat("first".into(), seat)));

    let named = row(json!({"email": "piet@example.org", "bookingId": 7,
        "bookingSeat": {"id": 4, "referenceUid": "seat-1"}}));
    let one = read(booking("BOOKING_CANCELLED", named));
    assert_eq!(one.subject, Some(Subject::Seat("first".into(), Seat::Reference("seat-1".into()))));

    let whole = read(booking("BOOKING_CANCELLED", row(json!({"email": "piet@example.org"}))));
    assert_eq!((whole.change, whole.subject), (Change::Cancelled, first()));
}

#[test]
fn a_payment_is_told_from_a_no_show_fee() {
    let paid = read(booking("BOOKING_PAID", json!({"paymentId": 9})));
    assert_eq!((paid.change, paid.subject), (Change::Paid, Some(Subject::Payment(PaymentId(9)))));
    let fee = json!({"uid": null, "paymentId": 9, "paymentInfo": {"amount": 4900, "currency": "eur"},
        "paymentData": {"id": 9, "success": true}});
    let fee = read(booking("BOOKING_PAID", fee));
    assert_eq!(
        (fee.change, fee.subject),
        (Change::NoShowFee, Some(Subject::Payment(PaymentId(9))))
    );
    let unnumbered = read(booking("BOOKING_PAID", json!({})));
    assert_eq!(unnumbered.subject, first());
}

#[test]
fn an_initiated_payment_accepts_nothing() {
    let read =
        read(booking("BOOKING_PAYMENT_INITIATED", json!({"status": "ACCEPTED", "paymentId": 9})));
    assert_eq!((read.change, read.subject), (Change::PaymentInitiated, first()));
}

#[test]
fn every_trigger_has_a_change_of_its_own_name() {
    for (trigger, payload, change, subject) in [
        (
            "AFTER_GUESTS_CAL_VIDEO_NO_SHOW",
            json!({"bookingUid": "first"}),
            "guest_no_show",
            first(),
        ),
        ("AFTER_HOSTS_CAL_VIDEO_NO_SHOW", json!({"bookingUid": "first"}), "host_no_show", first()),
        ("BOOKING_NO_SHOW_UPDATED", json!({"bookingUid": "first"}), "no_show", first()),
        ("CALENDAR_ENTRY_REJECTED", json!({}), "calendar_entry_rejected", None),
        ("DELEGATION_CREDENTIAL_ERROR", json!({}), "delegation_error", None),
        (
            "DELEGATION_CREDENTIAL_ROTATION_REQUIRED",
            json!({}),
            "delegation_rotation_required",
            None,
        ),
        ("DELEGATION_CREDENTIAL_SECRET_ROTATED", json!({}), "delegation_rotated", None),
        (
            "DELEGATION_CREDENTIAL_SECRET_ROTATION_FAILED",
            json!({}),
            "delegation_rotation_failed",
            None,
        ),
        ("INSTANT_MEETING", json!({"uid": "first"}), "instant_meeting", first()),
        (
            "INSTANT_MEETING_ACCEPTED",
            json!({"bookingUid": "first"}),
            "instant_meeting_accepted",
            first(),
        ),
        ("RECORDING_READY", json!({"uid": "first"}), "recording", first()),
        ("RECORDING_TRANSCRIPTION_GENERATED", json!({"uid": "first"}), "transcript", first()),
        ("ROUTING_FORM_FALLBACK_HIT", json!({}), "routing_fallback", None),
        (
            "WRONG_ASSIGNMENT_REPORT",
            json!({"booking": {"uid": "first"}}),
            "wrong_assignment",
            first(),
        ),
    ] {
        let read = read(envelope(trigger, payload));
        assert_eq!((read.change.as_str(), &read.subject), (change, &subject), "{trigger}");
    }
    for (trigger, change) in
        [("FORM_SUBMITTED", "form"), ("FORM_SUBMITTED_NO_EVENT", "form_without_booking")]
    {
        let read = read(envelope(trigger, json!({})));
        assert_eq!(read.change.as_str(), change);
        assert!(matches!(read.subject, Some(Subject::Form(_))), "{trigger}");
    }
    for (trigger, change) in [
        ("BOOKING_LOCATION_UPDATED", "location_changed"),
        ("BOOKING_REASSIGNED", "reassigned"),
        ("BOOKING_REJECTED", "rejected"),
        ("MEETING_ENDED", "ended"),
        ("MEETING_STARTED", "started"),
    ] {
        let read = read(booking(trigger, json!({})));
        assert_eq!((read.change.as_str(), read.subject), (change, first()), "{trigger}");
    }
}

#[test]
fn what_is_not_understood_is_no_transition() {
    for body in ["{}", "false", "", "name=Piet", &envelope("BOOKING_CONFIRMED", json!({}))] {
        assert_eq!(Transition::of(&Delivery::parse(body.to_owned())), None, "{body}");
    }
}
