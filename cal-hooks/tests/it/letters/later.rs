//! Mails that follow later, and what the store adds.

use std::{sync::Arc, time::Duration};

use cal_core::Delivery;
use cal_hooks::{
    analytics::Appointments,
    email::{Kind, Method, plan},
    feedback::Feedback,
    sequence::Sequence,
    token::Tokens,
};
use cal_store::{SqlStore, address_digest};
use cal_webhook::{DeliveryId, Dispatcher, Settlement, Store, Transition};
use serde_json::json;

use super::{Outbox, arrival, body, envelope, remind, run};

/// An empty store in a new folder.
async fn store() -> SqlStore {
    let folder = std::env::temp_dir().join(format!("cal-hooks-{}", DeliveryId::new()));
    std::fs::create_dir(&folder).unwrap();
    SqlStore::open(&format!("sqlite://{}", folder.join("test.db").display())).await.unwrap()
}

/// Keeps a body, and runs what is due because of it.
async fn work(store: &SqlStore, hooks: &Dispatcher, body: &str) {
    store.accept(arrival(body)).await.unwrap();
    while store.plan(hooks).await.unwrap() > 0 {}
    let names: Vec<_> = hooks.names().map(str::to_owned).collect();
    for hook in names {
        loop {
            let tasks = store.claim(&[(&hook, 8)], Duration::from_secs(60)).await.unwrap();
            if tasks.is_empty() {
                break;
            }
            for task in tasks.into_iter().map(Arc::new) {
                hooks.run(Arc::clone(&task)).await.result.unwrap();
                assert!(store.settle(&task, Settlement::Done).await.unwrap());
            }
        }
    }
}

/// The steps that a body sets off, by the names of their reminders.
fn planned(hooks: &Dispatcher, hook: &str, body: &str) -> (Delivery, Vec<String>) {
    let delivery = Delivery::parse(body.to_owned());
    let transition = Transition::of(&delivery).unwrap();
    let reminders = hooks.reminders(hook, &transition, &delivery);
    (delivery, reminders.iter().map(|reminder| reminder.name().to_owned()).collect())
}

#[tokio::test]
async fn a_booking_is_reminded_of_a_day_and_an_hour_before() {
    let outbox = Outbox::default();
    let series = outbox.mailer().sequence("reminders", plan::reminders());
    let hooks = Dispatcher::new().hook(series);
    let two = json!({"attendees": [{"email": "jonas@example.org"}, {"email": "mara@example.org"}]});
    let (delivery, names) = planned(&hooks, "reminders", &body("BOOKING_CREATED", two));
    assert_eq!(names.len(), 4, "two steps for two attendees: {names:?}");
    for name in names {
        remind(&hooks, "reminders", &name, &delivery).await.result.unwrap();
    }
    let [jonas, mara] =
        ["jonas", "mara"].map(|name| (Kind::Reminder, format!("{name}@example.org")));
    assert_eq!(outbox.sent(), [jonas.clone(), jonas, mara.clone(), mara]);
}

#[tokio::test]
async fn every_plan_sends_the_mails_it_names() {
    let outbox = Outbox::default();
    let mailer = outbox.mailer().site("https://booking.example.com").unwrap();
    let mailer = mailer.tokens(Tokens::new("a key of the tests".into()));
    for (plan, trigger, steps) in [
        (plan::reminders(), "BOOKING_CREATED", 2),
        (plan::consultation(), "BOOKING_CREATED", 2),
        (plan::returning(), "BOOKING_CANCELLED", 1),
        (plan::returning(), "BOOKING_CREATED", 0),
    ] {
        let hooks = Dispatcher::new().hook(mailer.sequence("plan", plan));
        let (_, names) = planned(&hooks, "plan", &body(trigger, json!({})));
        assert_eq!(names.len(), steps, "{trigger}: {names:?}");
    }
}

#[tokio::test]
async fn a_mail_that_is_not_about_the_booking_can_be_unsubscribed_from() {
    let outbox = Outbox::default();
    let sequence = Sequence::new().step("1h after end", "feedback").unwrap();
    let mailer = outbox.mailer().site("https://booking.example.com/").unwrap();
    let mailer = mailer.tokens(Tokens::new("a key of the tests".into()));
    let hooks = Dispatcher::new().hook(mailer.sequence("after", sequence));
    let (delivery, names) = planned(&hooks, "after", &body("BOOKING_CREATED", json!({})));
    remind(&hooks, "after", &names[0], &delivery).await.result.unwrap();
    let mail = outbox.take().pop().unwrap();
    let unsubscribe = mail.unsubscribe.unwrap();
    assert!(unsubscribe.starts_with("https://booking.example.com/unsubscribe/"), "{unsubscribe}");
    assert!(mail.text.contains(&unsubscribe), "{}", mail.text);
    assert!(mail.text.contains("https://booking.example.com/feedback/"), "{}", mail.text);
    assert!(!unsubscribe.contains("jonas"), "{unsubscribe}");
}

#[tokio::test]
async fn without_a_way_to_unsubscribe_such_a_mail_fails_for_good() {
    let outbox = Outbox::default();
    let sequence = Sequence::new().step("1h after end", "feedback").unwrap();
    let hooks = Dispatcher::new().hook(outbox.mailer().sequence("after", sequence));
    let (delivery, names) = planned(&hooks, "after", &body("BOOKING_CREATED", json!({})));
    let error = remind(&hooks, "after", &names[0], &delivery).await.result.unwrap_err();
    assert!(!error.is_transient(), "{error}");
}

#[tokio::test]
async fn an_action_that_is_no_mail_fails_for_good() {
    let sequence = Sequence::new().step("1h before start", "dance").unwrap();
    let hooks = Dispatcher::new().hook(Outbox::default().mailer().sequence("after", sequence));
    let (delivery, names) = planned(&hooks, "after", &body("BOOKING_CREATED", json!({})));
    let error = remind(&hooks, "after", &names[0], &delivery).await.result.unwrap_err();
    assert!(error.to_string().contains("`dance`") && !error.is_transient(), "{error}");
}

#[tokio::test]
async fn who_unsubscribed_gets_only_what_is_about_the_booking() {
    let outbox = Outbox::default();
    let store = store().await;
    store.suppress(&address_digest("Jonas@Example.org "), "unsubscribed").await.unwrap();
    let mailer = outbox.mailer().site("https://booking.example.com").unwrap();
    let mailer = mailer.tokens(Tokens::new("a key of the tests".into())).store(store);
    let sequence = Sequence::new().step("1h after end", "feedback").unwrap();
    let sequence = sequence.step("1h before start", "reminder").unwrap();
    let hooks = Dispatcher::new().hook(mailer.sequence("after", sequence)).hook(mailer.attendees());
    for outcome in run(&hooks, &body("BOOKING_CREATED", json!({}))).await {
        outcome.result.unwrap();
    }
    let jonas = |kind| (kind, "jonas@example.org".to_owned());
    assert_eq!(outbox.sent(), [jonas(Kind::Confirmed), jonas(Kind::Reminder)]);
}

#[tokio::test]
async fn a_move_that_does_not_tell_the_old_time_finds_it_in_the_store() {
    let (outbox, store) = (Outbox::default(), store().await);
    let mailer = outbox.mailer().store(store.clone());
    let hooks = Dispatcher::new().hook(mailer.attendees()).hook(mailer.host_notices());
    work(&store, &hooks, &body("BOOKING_CREATED", json!({}))).await;
    outbox.take();
    let moved = json!({
        "uid": "second",
        "rescheduleUid": "first",
        "startTime": "2026-05-12T06:00:00Z",
        "endTime": "2026-05-12T07:00:00Z",
    });
    work(&store, &hooks, &body("BOOKING_RESCHEDULED", moved)).await;
    let mails = outbox.take();
    assert_eq!(mails.len(), 2, "{mails:?}");
    for mail in mails {
        for part in ["Monday, May 11, 2026", "10:00 AM – 11:00 AM", "Tuesday, May 12, 2026"] {
            assert!(mail.text.contains(part), "{part}: {}", mail.text);
        }
        assert!(mail.html.contains("<bdi>Monday, May 11, 2026</bdi></s>"), "{}", mail.html);
    }
}

#[tokio::test]
async fn calendar_files_of_a_chain_have_one_uid_and_a_rising_sequence() {
    let (outbox, store) = (Outbox::default(), store().await);
    let mailer = outbox.mailer().store(store.clone()).calendar(true);
    let hooks = Dispatcher::new().hook(mailer.attendees());
    let moved = |uid: &str, from: &str| {
        body("BOOKING_RESCHEDULED", json!({"uid": uid, "rescheduleUid": from}))
    };
    let news = [
        (body("BOOKING_CREATED", json!({})), Method::Request),
        (moved("second", "first"), Method::Request),
        (moved("third", "second"), Method::Request),
        (body("BOOKING_CANCELLED", json!({"uid": "third", "status": "CANCELLED"})), Method::Cancel),
    ];
    for (sequence, (body, method)) in news.into_iter().enumerate() {
        work(&store, &hooks, &body).await;
        let mails = outbox.take();
        let [mail] = mails.as_slice() else { panic!("expected one mail: {mails:?}") };
        let file = mail.calendar.as_ref().unwrap();
        assert_eq!(file.method, method);
        for line in ["UID:first@Cal.com".to_owned(), format!("SEQUENCE:{sequence}")] {
            assert!(file.text.lines().any(|found| found == line), "{line}: {}", file.text);
        }
    }
}

#[tokio::test]
async fn only_who_is_newly_absent_is_missed() {
    let (outbox, store) = (Outbox::default(), store().await);
    let mailer = outbox.mailer().site("https://booking.example.com").unwrap();
    let mailer = mailer.tokens(Tokens::new("a key of the tests".into())).store(store.clone());
    let hooks = Dispatcher::new().hook(mailer.attendees()).hook(mailer.host_notices());
    let people = json!({"attendees": [
        {"name": "Jonas Weber", "email": "jonas@example.org", "timeZone": "Europe/Paris"},
        {"name": "Mara Weber", "email": "mara@example.org", "language": {"locale": "de"}},
    ]});
    work(&store, &hooks, &body("BOOKING_CREATED", people)).await;
    outbox.take();
    let update = json!({"bookingUid": "first", "attendees": [
        {"email": "jonas@example.org", "noShow": false},
        {"email": "mara@example.org", "noShow": true},
    ]});
    work(&store, &hooks, &envelope("BOOKING_NO_SHOW_UPDATED", update)).await;
    let mails = outbox.take();
    let [mara, host] = mails.as_slice() else { panic!("expected two mails: {mails:?}") };
    assert_eq!((mara.kind, mara.to.email()), (Kind::NoShow, "mara@example.org"));
    assert!(mara.text.contains("Guten Tag Mara Weber,"), "{}", mara.text);
    assert!(mara.text.contains("Neuen Termin buchen"), "{}", mara.text);
    assert_eq!((host.kind, host.to.email()), (Kind::Host, "ida@example.com"));
    assert!(host.subject.contains("Did not come: Mara Weber"), "{}", host.subject);
}

#[tokio::test]
async fn a_reminder_names_the_place_of_today() {
    let (outbox, store) = (Outbox::default(), store().await);
    let mailer = outbox.mailer().store(store.clone());
    let hooks = Dispatcher::new().hook(mailer.sequence("reminders", plan::reminders()));
    let created = body("BOOKING_CREATED", json!({"location": "12 Harbour Row"}));
    let (delivery, names) = planned(&hooks, "reminders", &created);
    let idle = Dispatcher::new();
    work(&store, &idle, &created).await;
    let changed = body("BOOKING_LOCATION_UPDATED", json!({"location": "3 Mill Lane"}));
    work(&store, &idle, &changed).await;
    remind(&hooks, "reminders", &names[0], &delivery).await.result.unwrap();
    let mail = outbox.take().pop().unwrap();
    assert!(mail.text.contains("3 Mill Lane") && !mail.text.contains("Harbour"), "{}", mail.text);
}

#[tokio::test]
async fn guests_hear_of_a_cancellation_although_it_ends_what_was_planned() {
    let (outbox, store) = (Outbox::default(), store().await);
    let hooks = Dispatcher::new().hook(outbox.mailer().store(store.clone()).attendees());
    let people = json!([{"email": "jonas@example.org"}, {"email": "mara@example.org"}]);
    let created = body("BOOKING_CREATED", json!({"attendees": people}));
    work(&store, &hooks, &created).await;
    let members = json!({"attendees": people, "status": "CANCELLED"});
    work(&store, &hooks, &body("BOOKING_CANCELLED", members)).await;
    let [jonas, mara] = ["jonas", "mara"].map(|name| format!("{name}@example.org"));
    assert_eq!(
        outbox.sent(),
        [
            (Kind::Confirmed, jonas.clone()),
            (Kind::Cancelled, jonas),
            (Kind::Confirmed, mara.clone()),
            (Kind::Cancelled, mara),
        ]
    );
}

/// A seat of a slot that two share, in the past, taken by somebody.
fn seat(name: &str, reference: &str) -> String {
    body(
        "BOOKING_CREATED",
        json!({
            "seatsPerTimeSlot": 5,
            "attendeeSeatId": reference,
            "attendees": [{"name": name, "email": format!("{name}@example.org")}],
        }),
    )
}

#[tokio::test]
async fn everybody_in_a_shared_slot_has_a_feedback_link_of_their_own() {
    let (outbox, store) = (Outbox::default(), store().await);
    let tokens = Tokens::new("a key of the tests".into());
    let mailer = outbox.mailer().site("https://booking.example.com").unwrap();
    let mailer = mailer.tokens(tokens.clone());
    let sequence = Sequence::new().step("1h after end", "feedback").unwrap();
    let hooks = Dispatcher::new().hook(mailer.sequence("after", sequence));
    let feedback = Feedback::new(store.clone(), tokens);
    for (name, reference) in [("jonas", "s1"), ("mara", "s2")] {
        let (delivery, names) = planned(&hooks, "after", &seat(name, reference));
        remind(&hooks, "after", &names[0], &delivery).await.result.unwrap();
        let text = outbox.take().pop().unwrap().text;
        let token = text.split("/feedback/").nth(1).unwrap().lines().next().unwrap().to_owned();
        let now = "2026-05-11T10:00:00Z".parse().unwrap();
        assert_eq!(feedback.open(&token, now).await.unwrap().uid.as_str(), "first");
        feedback.answer(&token, 5, None, now).await.unwrap();
    }
    assert_eq!(store.feedback_of(&"first".into()).await.unwrap().len(), 2);
}

#[tokio::test]
async fn who_missed_a_shared_slot_is_not_asked_how_it_was() {
    let (outbox, store) = (Outbox::default(), store().await);
    let mailer = outbox.mailer().site("https://booking.example.com").unwrap();
    let mailer = mailer.store(store.clone());
    let hooks = Dispatcher::new().hook(mailer.sequence("after", plan::consultation()));
    let appointments = Dispatcher::new().hook(Appointments::new(store.clone()));
    let seats = [("jonas", "s1"), ("mara", "s2")].map(|(name, seat_of)| seat(name, seat_of));
    for taken in &seats {
        work(&store, &appointments, taken).await;
    }
    let update = json!({"bookingUid": "first", "attendees": [
        {"email": "Jonas@example.org", "noShow": true},
        {"email": "mara@example.org", "noShow": false},
    ]});
    work(&store, &appointments, &envelope("BOOKING_NO_SHOW_UPDATED", update)).await;
    for taken in &seats {
        let (delivery, names) = planned(&hooks, "after", taken);
        remind(&hooks, "after", &names[0], &delivery).await.result.unwrap();
    }
    assert_eq!(outbox.sent(), [(Kind::Feedback, "mara@example.org".to_owned())]);
}

#[tokio::test]
async fn a_guest_of_a_booker_without_address_does_not_take_their_place() {
    let outbox = Outbox::default();
    let mailer = outbox.mailer().site("https://booking.example.com").unwrap();
    let mailer = mailer.tokens(Tokens::new("a key of the tests".into()));
    let plan = Sequence::new().step("1h before start", "reminder").unwrap();
    let plan = plan.step("1h after end", "feedback").unwrap();
    let hooks = Dispatcher::new().hook(mailer.attendees()).hook(mailer.sequence("plan", plan));
    let members = json!({"attendees": [
        {"name": "Jonas Weber", "email": "4915100000000@sms.cal.com"},
        {"name": "", "email": "mara@example.org"},
    ]});
    for outcome in run(&hooks, &body("BOOKING_CREATED", members)).await {
        outcome.result.unwrap();
    }
    let mails = outbox.take();
    let kinds: Vec<_> = mails.iter().map(|mail| mail.kind).collect();
    assert_eq!(kinds, [Kind::Confirmed, Kind::Reminder]);
    for mail in mails {
        assert_eq!(mail.to.email(), "mara@example.org");
        assert!(!mail.text.contains("Cancel booking"), "{}", mail.text);
    }
}
