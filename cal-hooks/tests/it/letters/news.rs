//! Which transition sends which mail, and to whom.

use cal_hooks::email::{Kind, Method};
use cal_webhook::Dispatcher;
use serde_json::{Value, json};

use super::{Outbox, body, envelope, run};

const JONAS: &str = "jonas@example.org";
const IDA: &str = "ida@example.com";

/// Every trigger that tells attendees or hosts something, with its members and mails.
fn triggers() -> Vec<(&'static str, Value, Option<Kind>, bool)> {
    vec![
        ("BOOKING_CREATED", json!({}), Some(Kind::Confirmed), true),
        ("BOOKING_CREATED", json!({"status": "PENDING"}), Some(Kind::Requested), true),
        ("BOOKING_CREATED", json!({"status": "CANCELLED"}), None, false),
        ("BOOKING_REQUESTED", json!({"status": "PENDING"}), Some(Kind::Requested), true),
        ("BOOKING_RESCHEDULED", json!({"rescheduleUid": "old"}), Some(Kind::Rescheduled), true),
        ("BOOKING_CANCELLED", json!({"status": "CANCELLED"}), Some(Kind::Cancelled), true),
        (
            "BOOKING_CANCELLED",
            json!({"status": "CANCELLED", "requestReschedule": true}),
            Some(Kind::RescheduleRequested),
            false,
        ),
        ("BOOKING_REJECTED", json!({"status": "REJECTED"}), Some(Kind::Declined), false),
        ("BOOKING_PAID", json!({"paymentId": 4}), Some(Kind::Receipt), true),
        ("BOOKING_PAYMENT_INITIATED", json!({"paymentId": 4}), None, false),
        ("BOOKING_LOCATION_UPDATED", json!({}), Some(Kind::LocationChanged), true),
        ("BOOKING_REASSIGNED", json!({}), Some(Kind::Reassigned), true),
        (
            "BOOKING_PAID",
            json!({"uid": null, "paymentId": 4, "paymentData": {"amount": 4900, "currency": "eur"}}),
            Some(Kind::NoShowFee),
            true,
        ),
        ("PING", json!({}), None, false),
    ]
}

#[tokio::test]
async fn every_transition_sends_its_mail_to_the_attendee() {
    let outbox = Outbox::default();
    let hooks = Dispatcher::new().hook(outbox.mailer().attendees());
    for (trigger, members, kind, _) in triggers() {
        for outcome in run(&hooks, &body(trigger, members.clone())).await {
            outcome.result.unwrap();
        }
        let want: Vec<_> = kind.map(|kind| (kind, JONAS.to_owned())).into_iter().collect();
        assert_eq!(outbox.sent(), want, "{trigger} {members}");
    }
}

#[tokio::test]
async fn hosts_are_told_what_concerns_them() {
    let outbox = Outbox::default();
    let hooks = Dispatcher::new().hook(outbox.mailer().host_notices());
    for (trigger, members, _, told) in triggers() {
        for outcome in run(&hooks, &body(trigger, members.clone())).await {
            outcome.result.unwrap();
        }
        let mails = outbox.take();
        assert_eq!(mails.len(), usize::from(told), "{trigger} {members}");
        for mail in mails {
            assert_eq!((mail.kind, mail.to.email()), (Kind::Host, IDA), "{trigger}");
            assert_eq!(mail.reply_to.unwrap().email(), JONAS, "{trigger}");
            assert!(mail.subject.contains("Jonas Weber"), "{trigger}: {}", mail.subject);
        }
    }
}

#[tokio::test]
async fn a_named_host_gets_the_notices_instead() {
    let outbox = Outbox::default();
    let mailer = outbox.mailer().host("desk@example.com".parse().unwrap());
    run(&Dispatcher::new().hook(mailer.host_notices()), &body("BOOKING_CREATED", json!({}))).await;
    assert_eq!(outbox.sent(), [(Kind::Host, "desk@example.com".to_owned())]);
}

#[tokio::test]
async fn every_guest_gets_one_mail_of_their_own() {
    let outbox = Outbox::default();
    let hooks = Dispatcher::new().hook(outbox.mailer().attendees());
    let members = json!({"attendees": [
        {"name": "Jonas Weber", "email": JONAS, "timeZone": "Europe/Paris"},
        {"name": "", "email": "mara@example.org", "timeZone": "Asia/Tokyo", "language": {"locale": "de"}},
        {"name": "Jonas again", "email": "JONAS@example.org"},
        {"name": "A phone", "email": "4915100000000@sms.cal.com"},
        {"name": "Nobody", "email": "not an address"},
    ]});
    *outbox.refused.lock().unwrap() = Some("mara@example.org");
    let outcomes = run(&hooks, &body("BOOKING_CREATED", members.clone())).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.result.is_err()).count(), 1);
    assert_eq!(outbox.sent(), [(Kind::Confirmed, JONAS.to_owned())]);

    *outbox.refused.lock().unwrap() = None;
    run(&hooks, &body("BOOKING_CREATED", members)).await;
    let mails = outbox.take();
    let [jonas, mara] = mails.as_slice() else { panic!("expected two mails: {mails:?}") };
    assert_ne!(jonas.key, mara.key);
    assert_eq!(mara.language, "de");
    assert!(mara.key.ends_with("/email/guest/2"), "{}", mara.key);
    assert!(mara.subject.contains("17:00 Uhr"), "{}", mara.subject);
    assert!(jonas.text.contains("Cancel booking") && !mara.text.contains("/booking/first"));
}

#[tokio::test]
async fn nobody_to_write_to_is_no_failure() {
    let outbox = Outbox::default();
    let mailer = outbox.mailer();
    let hooks = Dispatcher::new().hook(mailer.attendees()).hook(mailer.host_notices());
    for attendees in
        [json!([]), json!([{"name": "Jonas", "email": ""}]), json!([{"email": "\r\nBcc: x@y.z"}])]
    {
        let members = json!({"attendees": attendees, "organizer": {"name": "Ida Falk"}});
        for outcome in run(&hooks, &body("BOOKING_CREATED", members)).await {
            outcome.result.unwrap();
        }
    }
    assert_eq!(outbox.sent(), []);
}

#[tokio::test]
async fn an_absence_without_a_store_is_passed_over() {
    let outbox = Outbox::default();
    let mailer = outbox.mailer();
    let hooks = Dispatcher::new().hook(mailer.attendees()).hook(mailer.host_notices());
    let update = json!({"bookingUid": "first", "attendees": [{"email": JONAS, "noShow": true}]});
    for outcome in run(&hooks, &envelope("BOOKING_NO_SHOW_UPDATED", update)).await {
        outcome.result.unwrap();
    }
    assert_eq!(outbox.sent(), []);
}

#[tokio::test]
async fn calendar_files_come_only_when_they_are_wanted() {
    let outbox = Outbox::default();
    for (on, want) in [(false, None), (true, Some(Method::Request))] {
        let hooks = Dispatcher::new().hook(outbox.mailer().calendar(on).attendees());
        run(&hooks, &body("BOOKING_CREATED", json!({"iCalUID": "first@Cal.com"}))).await;
        let mail = outbox.take().pop().unwrap();
        assert_eq!(mail.calendar.map(|file| file.method), want);
    }
    let hooks = Dispatcher::new().hook(outbox.mailer().calendar(true).attendees());
    for (trigger, want) in [
        ("BOOKING_RESCHEDULED", Some(Method::Request)),
        ("BOOKING_CANCELLED", Some(Method::Cancel)),
        ("BOOKING_REQUESTED", None),
        ("BOOKING_PAID", None),
    ] {
        run(&hooks, &body(trigger, json!({}))).await;
        let mail = outbox.take().pop().unwrap();
        assert_eq!(mail.calendar.map(|file| file.method), want, "{trigger}");
    }
}

#[tokio::test]
async fn replies_go_to_whom_the_event_type_names() {
    let outbox = Outbox::default();
    let mailer = outbox.mailer().reply_to("desk@example.com".parse().unwrap());
    let hooks = Dispatcher::new().hook(mailer.attendees());
    for (members, want) in [
        (json!({}), "desk@example.com"),
        (json!({"customReplyToEmail": "team@example.com"}), "team@example.com"),
    ] {
        run(&hooks, &body("BOOKING_CREATED", members)).await;
        assert_eq!(outbox.take().pop().unwrap().reply_to.unwrap().email(), want);
    }
}

#[tokio::test]
async fn a_receipt_in_a_shared_slot_goes_to_who_has_paid() {
    let outbox = Outbox::default();
    let mailer = outbox.mailer();
    let hooks = Dispatcher::new().hook(mailer.attendees()).hook(mailer.host_notices());
    for (payer, want) in [(json!("Mara@Example.org"), true), (json!(null), false)] {
        let members = json!({
            "paymentId": 4,
            "seatsPerTimeSlot": 5,
            "metadata": {"bookerEmail": payer},
            "attendees": [
                {"name": "Jonas Weber", "email": JONAS},
                {"name": "Mara Weber", "email": "mara@example.org"},
            ],
        });
        run(&hooks, &body("BOOKING_PAID", members)).await;
        let mails = outbox.take();
        let [attendees @ .., host] = mails.as_slice() else { panic!("expected a notice") };
        let readers: Vec<_> = attendees.iter().map(|mail| mail.to.email()).collect();
        assert_eq!(readers, if want { vec!["mara@example.org"] } else { vec![] });
        let name = if want { "Mara Weber" } else { "Somebody" };
        assert!(host.subject.contains(name) && !host.text.contains("Jonas"), "{}", host.subject);
    }
}
