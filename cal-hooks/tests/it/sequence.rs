//! Plans over deliveries, and in a store: moved with the booking, dropped with it.

use std::time::Duration;

use cal_core::Delivery;
use cal_hooks::sequence::{Condition, Sequence};
use cal_store::SqlStore;
use cal_webhook::{Dispatcher, Hook, Reminder, Store as _, TaskState, Transition};
use proptest::proptest;
use serde_json::{Value, json};

use crate::{
    bodies::{arrival, booking},
    place::Place,
};

const LEASE: Duration = Duration::from_secs(60);

/// When Cal.com made the bodies: a week before the booking, which starts at 8:00 and ends at 9:00.
const MADE: &str = "2026-05-04T09:30:00Z";

/// What a plan of one step plans, as `name due expiry`; nothing, if it plans nothing.
fn planned(step: &str, body: &str) -> Option<String> {
    let plan = Sequence::new().step(step, "it").unwrap();
    let mut reminders = reminders(&plan, body);
    assert!(reminders.len() <= 1, "{reminders:?}");
    reminders.pop().map(|reminder| show(&reminder))
}

fn reminders(plan: &Sequence, body: &str) -> Vec<Reminder> {
    let delivery = Delivery::parse(body.to_owned());
    plan.plan(&Transition::of(&delivery).unwrap(), &delivery)
}

fn show(reminder: &Reminder) -> String {
    let due_at = reminder.due_at().format("%m-%d %H:%M");
    let expires_at = reminder.expiry().unwrap().format("%m-%d %H:%M");
    format!("{} due {due_at} expires {expires_at}", reminder.name())
}

fn booked() -> String {
    booking("BOOKING_CREATED", json!({}))
}

fn moved() -> String {
    booking("BOOKING_RESCHEDULED", json!({"uid": "second", "rescheduleUid": "first"}))
}

fn cancelled() -> String {
    booking("BOOKING_CANCELLED", json!({"status": "CANCELLED"}))
}

fn made_at(body: &str, at: Option<&str>) -> String {
    let mut body: Value = serde_json::from_str(body).unwrap();
    body["createdAt"] = json!(at);
    body.to_string()
}

#[test]
fn steps_before_the_start_expire_when_it_begins() {
    for step in ["24h before start", "1 day before start", "1440 min before start"] {
        let expected = "it/24h before start due 05-10 08:00 expires 05-11 08:00";
        assert_eq!(planned(step, &booked()).as_deref(), Some(expected), "{step}");
    }
    let expected = "it/10 min before end due 05-11 08:50 expires 05-11 09:00";
    assert_eq!(planned("10m before end", &booked()).as_deref(), Some(expected));
}

#[test]
fn all_other_steps_may_be_a_day_late() {
    for (step, body, expected) in [
        ("at start", booked(), "it/at start due 05-11 08:00 expires 05-12 08:00"),
        ("90 min after end", booked(), "it/90 min after end due 05-11 10:30 expires 05-12 10:30"),
        ("2 weeks after end", booked(), "it/14 days after end due 05-25 09:00 expires 05-26 09:00"),
        (
            "30 minutes after booking",
            booked(),
            "it/30 min after booking due 05-04 10:00 expires 05-05 10:00",
        ),
        (
            "3 days after cancellation",
            cancelled(),
            "it/3 days after cancellation due 05-07 09:30 expires 05-08 09:30",
        ),
        ("at cancellation", cancelled(), "it/at cancellation due 05-04 09:30 expires 05-05 09:30"),
    ] {
        assert_eq!(planned(step, &body).as_deref(), Some(expected), "{step}");
    }
}

#[test]
fn every_anchor_is_set_off_by_its_own_news() {
    let asked = booking("BOOKING_CANCELLED", json!({"requestReschedule": true}));
    let requested = booking("BOOKING_REQUESTED", json!({"status": "PENDING"}));
    let paid = booking("BOOKING_PAID", json!({"paymentId": 5}));
    let news = [booked(), moved(), cancelled(), asked, requested, paid];
    for (step, expected) in [
        ("1h before start", [true, true, false, false, false, false]),
        ("1h after end", [true, true, false, false, false, false]),
        ("1h after booking", [true, false, false, false, false, false]),
        ("1h after cancellation", [false, false, true, false, false, false]),
    ] {
        let planned = news.each_ref().map(|body| planned(step, body).is_some());
        assert_eq!(planned, expected, "{step}");
    }
}

#[test]
fn what_had_passed_when_it_was_booked_is_left_out() {
    let late = made_at(&booked(), Some("2026-05-11T05:00:00Z"));
    assert_eq!(planned("24h before start", &late), None);
    assert!(planned("2h before start", &late).is_some());
    assert!(planned("3h before start", &late).is_some(), "just in time");
    assert!(planned("1h after end", &late).is_some());
    // Also when a booking was moved to be soon.
    let moved = made_at(&moved(), Some("2026-05-11T05:00:00Z"));
    assert_eq!(planned("24h before start", &moved), None);
    // And when it was entered after it had taken place.
    let entered = made_at(&booked(), Some("2026-06-01T05:00:00Z"));
    assert_eq!(planned("1h after end", &entered), None);
}

#[test]
fn without_the_time_of_the_news_only_the_booking_counts() {
    let unknown = made_at(&booked(), None);
    assert!(planned("24h before start", &unknown).is_some());
    assert_eq!(planned("1h after booking", &unknown), None);
    assert_eq!(planned("1h after cancellation", &made_at(&cancelled(), None)), None);
}

#[test]
fn services_are_told_apart_when_planning() {
    let plan = Sequence::new()
        .step_if("1h after end", "follow_up", [Condition::Service("consultation".to_owned())])
        .unwrap();
    let of =
        |slug: Value| reminders(&plan, &booking("BOOKING_CREATED", json!({"type": slug}))).len();
    assert_eq!(of(json!("consultation")), 1);
    assert_eq!(of(json!("consultations")), 0);
    assert_eq!(of(json!(null)), 0);
}

#[test]
fn other_conditions_wait_until_the_step_is_due() {
    let conditions = [Condition::Attended, Condition::NotBookedAgain, Condition::Paid];
    let plan = Sequence::new().step_if("1h after end", "feedback", conditions.clone()).unwrap();
    let reminders = reminders(&plan, &booked());
    let step = plan.step_of(reminders[0].name()).unwrap();
    assert_eq!(step.action(), "feedback");
    assert_eq!(step.conditions(), conditions);
}

#[test]
fn steps_keep_their_order_and_are_found_by_their_reminders() {
    let plan = Sequence::new().step("24h before start", "reminder").unwrap();
    let plan = plan.step("1h before start", "reminder").unwrap();
    let plan = plan.step("24h before start", "prepare").unwrap();
    let names: Vec<&str> = plan.steps().iter().map(|step| step.name()).collect();
    assert_eq!(
        names,
        ["reminder/24h before start", "reminder/1h before start", "prepare/24h before start"]
    );
    for step in plan.steps() {
        assert_eq!(plan.step_of(step.name()), Some(step));
    }
    assert_eq!(plan.step_of("reminder/2h before start"), None);
}

#[test]
fn a_step_cannot_be_there_twice() {
    let plan = Sequence::new().step("24h before start", "reminder").unwrap();
    let error = plan.step("1 day  before START", "reminder").unwrap_err();
    assert_eq!(
        error.to_string(),
        "expected every step of a plan once, found `reminder/24h before start`"
    );
}

#[test]
fn what_is_no_step_is_refused_and_named() {
    for step in [
        "",
        "start",
        "24h",
        "24h start",
        "24h before",
        "24 before start",
        "h before start",
        "-3h before start",
        "+3h before start",
        "1.5h before start",
        "24h around start",
        "24h before lunch",
        "24 fortnights before start",
        "24h before cancellation",
        "1 day before booking",
        "at lunch",
        "24h before start please",
        "4294967296 min before start",
        "426089 weeks before start",
        "٣ days after end",
        "3 дня after end",
    ] {
        let error = Sequence::new().step(step, "it").unwrap_err();
        let expected = "expected a step such as `24h before start`, `1h after end` or `3 days after cancellation`";
        assert_eq!(error.to_string(), format!("{expected}, found `{step}`"));
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,20}|[0-9]{1,12} ?[a-z]{0,4} (before|after|at) (start|end)") {
        if let Ok(plan) = Sequence::new().step(&text, "it") {
            let again = plan.steps()[0].name().strip_prefix("it/").unwrap().to_owned();
            // What is written reads as the same.
            assert_eq!(Sequence::new().step(&again, "it").unwrap(), plan);
            assert!(reminders(&plan, &booked()).len() <= 1);
        }
    }
}

/// Reminders by name, time and state, in the order of their making.
async fn tasks(store: &SqlStore) -> Vec<(String, String, TaskState)> {
    let mut tasks = store.tasks(100, None).await.unwrap();
    tasks.reverse();
    let row = |task: cal_webhook::TaskRecord| {
        Some((task.reminder?, task.due_at.format("%Y-%m-%d %H:%M").to_string(), task.state))
    };
    tasks.into_iter().filter_map(row).collect()
}

fn rows(rows: &[(&str, &str, TaskState)]) -> Vec<(String, String, TaskState)> {
    rows.iter().map(|(name, at, state)| ((*name).to_owned(), (*at).to_owned(), *state)).collect()
}

async fn take(store: &SqlStore, body: &str, hooks: &Dispatcher) {
    store.accept(arrival(body)).await.unwrap();
    while store.plan(hooks).await.unwrap() > 0 {}
}

#[tokio::test]
async fn reminders_move_with_a_booking_and_go_with_it() {
    use TaskState::{Skipped, Superseded, Waiting};

    let plan = Sequence::new().step("24h before start", "reminder").unwrap();
    let plan = plan.step("1h after end", "feedback").unwrap();
    let plan = plan.step("3 days after cancellation", "return").unwrap();
    let sequence = plan.clone();
    let hook = Hook::named("mails").reminders(move |it, delivery| sequence.plan(it, delivery));
    let hooks = Dispatcher::new().hook(hook);
    let at = |uid: &str, day: &str| {
        json!({
            "uid": uid,
            "startTime": format!("{day}T08:00:00Z"),
            "endTime": format!("{day}T09:00:00Z"),
        })
    };
    for place in Place::each().await {
        let store = place.store().await;
        take(&store, &booking("BOOKING_CREATED", at("first", "2096-05-11")), &hooks).await;
        let first = [
            ("reminder/24h before start", "2096-05-10 08:00", Waiting),
            ("feedback/1h after end", "2096-05-11 10:00", Waiting),
        ];
        assert_eq!(tasks(&store).await, rows(&first), "booked, {}", place.url);

        let mut second = at("second", "2096-06-20");
        second["rescheduleUid"] = json!("first");
        take(&store, &booking("BOOKING_RESCHEDULED", second), &hooks).await;
        let first = first.map(|(name, at, _)| (name, at, Superseded));
        let second = [
            ("reminder/24h before start", "2096-06-19 08:00", Waiting),
            ("feedback/1h after end", "2096-06-20 10:00", Waiting),
        ];
        let all = [first, second].concat();
        assert_eq!(tasks(&store).await, rows(&all), "moved, {}", place.url);

        // A day before the start has come.
        let made_due = "UPDATE cal_tasks SET ready_at = 0 \
            WHERE state = 'waiting' AND reminder LIKE 'reminder/%'";
        assert_eq!(place.execute(made_due).await, 1);
        let due = store.claim(&[("mails", 10)], LEASE).await.unwrap();
        let due: Vec<&str> = due.iter().filter_map(|task| task.reminder.as_deref()).collect();
        assert_eq!(due, ["reminder/24h before start"]);
        assert_eq!(plan.step_of(due[0]).unwrap().action(), "reminder");
        let unclaimed = "UPDATE cal_tasks SET state = 'waiting', ready_at = due_at \
            WHERE state = 'running' AND reminder <> ''";
        assert_eq!(place.execute(unclaimed).await, 1);

        let mut gone = at("second", "2096-06-20");
        gone["status"] = json!("CANCELLED");
        take(&store, &booking("BOOKING_CANCELLED", gone), &hooks).await;
        let second = second.map(|(name, at, _)| (name, at, Superseded));
        let mut all = [first, second].concat();
        all.push(("return/3 days after cancellation", "2026-05-07 09:30", Waiting));
        assert_eq!(tasks(&store).await, rows(&all), "cancelled on {MADE}, {}", place.url);

        // The day on which the return mail would have been right is over.
        let due = store.claim(&[("mails", 10)], LEASE).await.unwrap();
        assert!(due.iter().all(|task| task.reminder.is_none()), "{due:?}");
        all[4].2 = Skipped;
        assert_eq!(tasks(&store).await, rows(&all), "too late, {}", place.url);
        drop(store);
        place.clear().await;
    }
}
