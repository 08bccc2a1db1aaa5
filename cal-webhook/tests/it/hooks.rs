//! Hooks get what happened, and none disturbs another.

use std::{
    collections::BTreeSet,
    future::pending,
    sync::{Arc, Mutex},
    time::Duration,
};

use cal_core::{Booking, Delivery, Trigger};
use cal_webhook::{
    Change, Context, DeliveryId, Dispatcher, Hook, HookError, Lifecycle, Outcome, Reminder, Task,
    TaskId, Transition,
};
use chrono::TimeDelta;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::bodies::{arrival, booking, envelope};

/// Writes down which methods were called.
#[derive(Clone, Default)]
struct Diary(Arc<Mutex<Vec<String>>>);

impl Diary {
    fn note(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

struct Diarist(Diary);

impl Lifecycle for Diarist {
    fn name(&self) -> &str {
        "diarist"
    }

    async fn on_any(&self, cx: &Context) -> Result<(), HookError> {
        let change = cx.transition().map(|transition| transition.change.as_str());
        self.0.note(format!("any {}", change.unwrap_or("nothing")));
        Ok(())
    }

    async fn on_booked(&self, _cx: &Context, booking: &Booking) -> Result<(), HookError> {
        self.0.note(format!("booked {}", booking.title));
        Ok(())
    }
}

async fn dispatch(dispatcher: &Dispatcher, body: &str) -> Vec<Outcome> {
    dispatcher.dispatch(arrival(body)).await
}

#[tokio::test]
async fn one_transition_calls_one_method_and_the_rest_end_in_on_any() {
    let diary = Diary::default();
    let dispatcher = Dispatcher::new().hook(Diarist(diary.clone()));
    dispatch(&dispatcher, &booking("BOOKING_CREATED", json!({}))).await;
    dispatch(&dispatcher, &booking("BOOKING_CANCELLED", json!({}))).await;
    dispatch(&dispatcher, "false").await;
    dispatch(&dispatcher, &envelope("BOOKING_CONFIRMED", json!({}))).await;
    assert_eq!(
        diary.lines(),
        ["booked Strategy hour", "any cancelled", "any nothing", "any nothing"]
    );
}

/// Every lifecycle method, closure by closure; the method's name is what it writes down.
fn every_closure(diary: &Diary) -> Hook {
    macro_rules! closures {
        ($($method:ident)+) => {
            Hook::named("closures")$(.$method({
                let diary = diary.clone();
                move |_cx, _payload| {
                    diary.note(stringify!($method));
                    async { Ok(()) }
                }
            }))+
        };
    }
    closures! {
        on_booked on_calendar_entry_rejected on_cancelled on_delegation_error on_delegation_rotated
        on_delegation_rotation_failed on_delegation_rotation_required on_ended on_form
        on_form_without_booking on_guest_no_show on_host_no_show on_instant_meeting
        on_instant_meeting_accepted on_location_changed on_no_show on_no_show_fee on_out_of_office
        on_paid on_payment_initiated on_ping on_reassigned on_recording on_rejected on_requested
        on_reschedule_requested on_rescheduled on_routing_fallback on_started on_transcript
        on_wrong_assignment
    }
}

#[tokio::test]
async fn every_trigger_reaches_a_method_of_its_own() {
    let diary = Diary::default();
    let dispatcher = Dispatcher::new().hook(every_closure(&diary));
    let members = |trigger: &Trigger| match trigger {
        Trigger::OooCreated => json!({"oooEntry": {"uuid": "u"}}),
        Trigger::WrongAssignmentReport => json!({"booking": {}}),
        _ => json!({}),
    };
    for trigger in Trigger::SUBSCRIBABLE.iter().chain([&Trigger::Ping]) {
        let body = booking(trigger.as_str(), members(trigger));
        let outcomes = dispatch(&dispatcher, &body).await;
        assert!(outcomes[0].result.is_ok());
        assert_eq!(diary.lines().len(), 1, "{trigger} called {:?}", diary.lines());
        diary.0.lock().unwrap().clear();
    }
    let variants: [(&str, Value); 2] = [
        ("BOOKING_CANCELLED", json!({"requestReschedule": true})),
        ("BOOKING_PAID", json!({"paymentData": {"id": 1}})),
    ];
    for trigger in Trigger::SUBSCRIBABLE.iter().chain([&Trigger::Ping]) {
        dispatch(&dispatcher, &booking(trigger.as_str(), members(trigger))).await;
    }
    for (trigger, members) in variants {
        dispatch(&dispatcher, &booking(trigger, members)).await;
    }
    let called: BTreeSet<_> = diary.lines().into_iter().collect();
    assert_eq!(called.len(), 31, "{called:?}");
}

#[tokio::test(start_paused = true)]
async fn failing_panicking_and_hanging_hooks_stop_no_other() {
    let (seen, mut sees) = mpsc::unbounded_channel();
    let dispatcher = Dispatcher::new()
        .hook(
            Hook::named("fails")
                .on_booked(|_, _| async { Err(HookError::permanent("no such contact")) }),
        )
        .hook(Hook::named("panics").on_booked(|_, _| async { panic!("a bug in a hook") }))
        .hook(Hook::named("hangs").timeout(Duration::from_secs(5)).on_booked(|_, _| pending()))
        .hook(Hook::named("works").on_booked(move |cx, booking| {
            seen.send((cx.idempotency_key(), booking.title.clone())).unwrap();
            async { Ok(()) }
        }));
    let outcomes = dispatch(&dispatcher, &booking("BOOKING_CREATED", json!({}))).await;

    let error = |hook: &str| {
        let outcome = outcomes.iter().find(|outcome| outcome.hook == hook).unwrap();
        outcome.result.as_ref().err().map(|error| (error.to_string(), error.is_transient()))
    };
    assert_eq!(error("fails"), Some(("no such contact".to_owned(), false)));
    assert_eq!(error("panics"), Some(("the hook panicked".to_owned(), true)));
    assert_eq!(error("hangs"), Some(("the hook took longer than 5s".to_owned(), true)));
    assert_eq!(error("works"), None);
    let (key, title) = sees.try_recv().unwrap();
    assert!(key.ends_with("/works"), "{key}");
    assert_eq!(title, "Strategy hour");
}

/// A task that is due because of a reminder with this name.
fn reminder_task(hook: &str, reminder: &str) -> Arc<Task> {
    let delivery = Delivery::parse(booking("BOOKING_CREATED", json!({})));
    let received_at = delivery.event.booking().unwrap().start.unwrap() - TimeDelta::days(7);
    Arc::new(Task {
        id: TaskId::new(),
        delivery_id: DeliveryId::new(),
        hook: hook.to_owned(),
        reminder: Some(reminder.to_owned()),
        attempt: 1,
        fence: 1,
        due_at: received_at,
        expires_in: None,
        received_at,
        transition: Transition::of(&delivery),
        delivery: Arc::new(delivery),
    })
}

/// Plans a reminder, and writes down when it is called.
struct Reminding(Diary);

impl Lifecycle for Reminding {
    fn name(&self) -> &str {
        "reminding"
    }

    fn reminders(&self, transition: &Transition, delivery: &Delivery) -> Vec<Reminder> {
        match (transition.change, delivery.event.booking()) {
            (Change::Booked, Some(booking)) => {
                booking.start.map(|start| Reminder::new("soon", start)).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    async fn on_reminder(&self, cx: &Context, name: &str) -> Result<(), HookError> {
        let title = cx.booking().map(|booking| &booking.title);
        self.0.note(format!("{name} {} {:?}", title.unwrap(), cx.reminder()));
        Ok(())
    }

    async fn on_any(&self, cx: &Context) -> Result<(), HookError> {
        self.0.note(format!("any {:?}", cx.reminder()));
        Ok(())
    }
}

#[tokio::test]
async fn a_reminder_calls_its_method_with_its_name_and_its_own_key() {
    let diary = Diary::default();
    let (seen, mut sees) = mpsc::unbounded_channel();
    let closures = Hook::named("closures")
        .reminders(|_, _| vec![Reminder::new("soon", chrono::DateTime::UNIX_EPOCH)])
        .on_any(|_| async { panic!("a reminder is no news") })
        .on_reminder(move |cx, name| {
            let sent = seen.send((cx.idempotency_key(), name));
            async move { Ok(sent?) }
        });
    let dispatcher = Dispatcher::new().hook(Reminding(diary.clone())).hook(closures);

    let task = reminder_task("reminding", "soon");
    let (transition, delivery) = (task.transition.as_ref().unwrap(), &task.delivery);
    for hook in ["reminding", "closures"] {
        let planned = dispatcher.reminders(hook, transition, delivery);
        assert_eq!(planned.iter().map(Reminder::name).collect::<Vec<_>>(), ["soon"]);
    }
    assert!(dispatcher.run(task).await.result.is_ok());
    assert_eq!(diary.lines(), [r#"soon Strategy hour Some("soon")"#]);

    let task = reminder_task("closures", "soon");
    assert!(dispatcher.run(Arc::clone(&task)).await.result.is_ok());
    let key = format!("{}/closures/soon", task.delivery_id);
    assert_eq!(sees.try_recv().unwrap(), (key, "soon".to_owned()));
    dispatch(&dispatcher, "false").await;
    assert_eq!(diary.lines().last().unwrap(), "any None");
}

#[tokio::test]
async fn a_reminder_that_nobody_acts_on_fails_for_good() {
    let diary = Diary::default();
    let dispatcher = Dispatcher::new().hook(Diarist(diary.clone())).hook(Hook::named("closures"));
    for hook in ["diarist", "closures"] {
        let error = dispatcher.run(reminder_task(hook, "soon")).await.result.unwrap_err();
        assert!(!error.is_transient());
        assert_eq!(error.to_string(), "the hook plans reminders, but has no on_reminder");
    }
    assert!(diary.lines().is_empty());
}

#[test]
fn a_question_mark_makes_a_transient_failure() {
    fn send() -> Result<(), HookError> {
        Err(std::io::Error::other("connection refused"))?;
        Ok(())
    }
    let error = send().unwrap_err();
    assert!(error.is_transient());
    assert_eq!(error.to_string(), "connection refused");
}
