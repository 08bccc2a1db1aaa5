//! Tasks run in order, later, or not at all.

use std::{sync::Arc, time::Duration};

use cal_store::{Effects, SqlStore, sqlx};
use cal_webhook::{
    Accepted, Context, Decision, DeliveryId, Dispatcher, Hook, HookError, Reminder, Settlement,
    Store, Task, TaskRecord, TaskState,
};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::{
    bodies::{arrival, booking},
    place::Place,
};

const LEASE: Duration = Duration::from_secs(60);

/// A hook that reminds a day before the start, unless the booking has begun, and one that does not.
fn hooks() -> Dispatcher {
    let reminding = Hook::named("mail").reminders(|_, delivery| {
        let booking = delivery.event.booking();
        let remind = |start: DateTime<Utc>| {
            Reminder::new("a day before", start - TimeDelta::days(1)).expires_at(start)
        };
        booking.and_then(|it| it.start).map(remind).into_iter().collect()
    });
    Dispatcher::new().hook(reminding).hook(Hook::named("crm"))
}

async fn send(store: &SqlStore, trigger: &str, members: Value) -> DeliveryId {
    let accepted = store.accept(arrival(&booking(trigger, members))).await.unwrap();
    store.plan(&hooks()).await.unwrap();
    let Accepted::Stored(id) = accepted else { panic!("{accepted:?}") };
    id
}

async fn claim(store: &SqlStore, hook: &str) -> Vec<Task> {
    store.claim(&[(hook, 10)], LEASE).await.unwrap()
}

async fn reminder_of(store: &SqlStore, delivery: DeliveryId) -> TaskRecord {
    let tasks = store.tasks_of(delivery).await.unwrap();
    tasks.into_iter().find(|task| task.reminder.is_some()).unwrap()
}

#[tokio::test]
async fn tasks_of_one_hook_and_chain_come_one_after_the_other() {
    for place in Place::each().await {
        let store = place.store().await;
        send(&store, "BOOKING_CREATED", json!({})).await;
        send(&store, "BOOKING_LOCATION_UPDATED", json!({"location": "integrations:zoom"})).await;
        send(&store, "BOOKING_CREATED", json!({"uid": "other"})).await;
        let crm = claim(&store, "crm").await;
        assert_eq!(crm.len(), 2, "two chains, one task each");
        assert!(claim(&store, "crm").await.is_empty());
        // Another hook does not wait for this one.
        assert_eq!(claim(&store, "mail").await.len(), 2);

        let later = Settlement::Retry { after: LEASE, error: "503 from the crm".to_owned() };
        store.settle(&crm[0], later).await.unwrap();
        assert!(claim(&store, "crm").await.is_empty());
        assert!(store.move_to(crm[0].id, DateTime::UNIX_EPOCH).await.unwrap());
        let again = claim(&store, "crm").await;
        assert_eq!((again[0].id, again[0].attempt, again[0].fence), (crm[0].id, 2, 2));
        store.settle(&again[0], Settlement::Dead { error: "gone".to_owned() }).await.unwrap();
        let next = claim(&store, "crm").await;
        assert_eq!(next[0].transition.as_ref().unwrap().change.as_str(), "location_changed");

        let attempts = store.attempts(crm[0].id).await.unwrap();
        let errors: Vec<_> = attempts.iter().map(|it| (it.attempt, it.error.as_str())).collect();
        assert_eq!(errors, [(1, "503 from the crm"), (2, "gone")]);
        let dead = store.dead_tasks(10, None).await.unwrap();
        assert_eq!(dead.iter().map(|task| task.id).collect::<Vec<_>>(), [crm[0].id]);
        place.clear().await;
    }
}

#[tokio::test]
async fn a_chain_that_is_joined_later_keeps_its_order() {
    for place in Place::each().await {
        let store = place.store().await;
        let old = json!({"uid": "old", "paymentId": 4});
        send(&store, "BOOKING_CREATED", json!({"uid": "old"})).await;
        let paid = send(&store, "BOOKING_PAID", old).await;
        // The first runs while the chain gets another member, and that one waits for both.
        let first = claim(&store, "crm").await;
        assert_eq!(first.len(), 1);
        send(&store, "BOOKING_RESCHEDULED", json!({"uid": "new", "rescheduleUid": "old"})).await;
        assert!(claim(&store, "crm").await.is_empty());
        store.settle(&first[0], Settlement::Done).await.unwrap();
        let next = claim(&store, "crm").await;
        assert_eq!(next[0].delivery_id, paid);
        store.settle(&next[0], Settlement::Done).await.unwrap();
        let last = claim(&store, "crm").await.swap_remove(0);
        assert_eq!(last.transition.unwrap().moved_from, Some("old".into()));
        place.clear().await;
    }
}

#[tokio::test]
async fn a_reminder_waits_for_its_day_and_moves_with_the_booking() {
    let far = json!({"startTime": "2126-05-11T08:00:00Z", "endTime": "2126-05-11T09:00:00Z"});
    for place in Place::each().await {
        let store = place.store().await;
        let first = send(&store, "BOOKING_CREATED", far.clone()).await;
        let reminder = reminder_of(&store, first).await;
        assert_eq!(reminder.due_at.to_rfc3339(), "2126-05-10T08:00:00+00:00");
        // It stands outside the order: what follows does not wait for it.
        assert_eq!(claim(&store, "mail").await.len(), 1);

        let moved = json!({"uid": "new", "rescheduleUid": "first",
            "startTime": "2126-05-20T08:00:00Z", "endTime": "2126-05-20T09:00:00Z"});
        let second = send(&store, "BOOKING_RESCHEDULED", moved).await;
        assert_eq!(reminder_of(&store, first).await.state, TaskState::Superseded);
        let reminder = reminder_of(&store, second).await;
        assert_eq!(reminder.due_at.to_rfc3339(), "2126-05-19T08:00:00+00:00");
        assert!(store.move_to(reminder.id, DateTime::UNIX_EPOCH).await.unwrap());
        let due = claim(&store, "mail").await;
        let due: Vec<_> = due.iter().filter(|task| task.reminder.is_some()).collect();
        assert_eq!(due[0].reminder.as_deref(), Some("a day before"));

        let third = send(
            &store,
            "BOOKING_CREATED",
            json!({"uid": "third", "startTime":
            "2126-05-11T08:00:00Z"}),
        )
        .await;
        let reminder = reminder_of(&store, third).await;
        assert!(store.cancel(reminder.id).await.unwrap());
        assert!(!store.cancel(reminder.id).await.unwrap());
        assert!(!store.move_to(reminder.id, DateTime::UNIX_EPOCH).await.unwrap());
        place.clear().await;
    }
}

#[tokio::test]
async fn a_reminder_that_has_expired_is_skipped_and_says_so() {
    for place in Place::each().await {
        let store = place.store().await;
        let past = send(&store, "BOOKING_CREATED", json!({})).await;
        place.execute("UPDATE cal_tasks SET due_at = 1, ready_at = 1, expires_at = 2 WHERE reminder <> ''").await;
        assert!(claim(&store, "mail").await.iter().all(|task| task.reminder.is_none()));
        let reminder = reminder_of(&store, past).await;
        assert_eq!((reminder.state, reminder.attempts), (TaskState::Skipped, 0));
        assert_eq!(reminder.last_error.as_deref(), Some("it had expired when it was due"));
        place.clear().await;
    }
}

#[tokio::test]
async fn a_released_task_is_due_at_once_and_its_attempt_does_not_count() {
    for place in Place::each().await {
        let store = place.store().await;
        send(&store, "BOOKING_CREATED", json!({})).await;
        let task = claim(&store, "crm").await.swap_remove(0);
        assert!(store.settle(&task, Settlement::Released).await.unwrap());
        let record = store.tasks_of(task.delivery_id).await.unwrap().into_iter();
        let record = record.rev().find(|record| record.id == task.id).unwrap();
        assert_eq!((record.state, record.attempts), (TaskState::Waiting, 0));
        let again = claim(&store, "crm").await.swap_remove(0);
        assert_eq!((again.attempt, again.fence), (1, 2));
        place.clear().await;
    }
}

#[tokio::test]
async fn a_renewed_claim_is_kept_and_a_lost_one_is_told() {
    for place in Place::each().await {
        let store = place.store().await;
        send(&store, "BOOKING_CREATED", json!({})).await;
        let kept = Arc::new(claim(&store, "crm").await.swap_remove(0));
        let lost = store.claim(&[("mail", 10)], Duration::ZERO).await.unwrap().swap_remove(0);
        let taken = claim(&store, "mail").await.into_iter().find(|it| it.id == lost.id).unwrap();
        let both = [Arc::clone(&kept), Arc::new(lost)];
        assert_eq!(store.renew(&both, LEASE).await.unwrap(), [kept.id]);
        assert!(store.settle(&taken, Settlement::Done).await.unwrap());
        place.clear().await;
    }
}

#[tokio::test]
async fn a_hooks_own_rows_are_there_exactly_when_its_task_is_done() {
    const INSERT: &str = "INSERT INTO effects (delivery) VALUES ($1)";
    async fn write(store: &SqlStore, task: &Arc<Task>, fails: bool) -> bool {
        let delivery = task.delivery_id.to_string();
        let cx = Context::new(Arc::clone(task));
        let written = store.complete(&cx, |effects| {
            Box::pin(async move {
                match effects {
                    Effects::Postgres(conn) => {
                        sqlx::query(INSERT).bind(delivery).execute(conn).await?;
                    }
                    Effects::Sqlite(conn) => {
                        sqlx::query(INSERT).bind(delivery).execute(conn).await?;
                    }
                    _ => unreachable!(),
                }
                if fails { Err(HookError::transient("the second row failed")) } else { Ok(()) }
            })
        });
        written.await.is_ok()
    }
    for place in Place::each().await {
        let store = place.store().await;
        place.execute("CREATE TABLE effects (delivery TEXT)").await;
        send(&store, "BOOKING_CREATED", json!({})).await;
        let slow =
            Arc::new(store.claim(&[("crm", 10)], Duration::ZERO).await.unwrap().swap_remove(0));
        let task = Arc::new(claim(&store, "crm").await.swap_remove(0));
        assert!(!write(&store, &slow, false).await, "its claim was lost");
        assert!(!write(&store, &task, true).await);
        assert!(write(&store, &task, false).await);
        assert!(!write(&store, &task, false).await, "it is done already");
        // The worker settles afterwards what the hook has settled.
        assert!(store.settle(&task, Settlement::Done).await.unwrap());
        assert_eq!(place.execute("DELETE FROM effects").await, 1);
        place.clear().await;
    }
}

#[tokio::test]
async fn bodies_without_identity_are_repeats_for_ten_minutes_only() {
    for place in Place::each().await {
        let store = place.store().await;
        let Accepted::Stored(first) = store.accept(arrival("false")).await.unwrap() else {
            panic!()
        };
        assert_eq!(store.accept(arrival("false")).await.unwrap(), Accepted::Duplicate(first));
        place.execute("UPDATE cal_deliveries SET received_at = received_at - 600000000").await;
        let Accepted::Stored(second) = store.accept(arrival("false")).await.unwrap() else {
            panic!()
        };
        assert_eq!(store.accept(arrival("false")).await.unwrap(), Accepted::Duplicate(second));
        store.plan(&hooks()).await.unwrap();
        let seen = store.deliveries(10, None).await.unwrap();
        assert!(seen.iter().all(|record| record.decision == Some(Decision::Applied)));
        assert_eq!(claim(&store, "crm").await.len(), 2);
        place.clear().await;
    }
}

#[tokio::test]
async fn hostile_bodies_stop_neither_planning_nor_lists() {
    let long = "u".repeat(10_000);
    let bodies = [
        booking("BOOKING_CREATED", json!({"uid": long})),
        booking(
            "BOOKING_CREATED",
            json!({"uid": "nul\0", "title": "a\0b", "attendees":
            [{"email": "a\0@example.org", "name": "\0"}]}),
        ),
        booking(
            "BOOKING_CREATED",
            json!({"uid": "nul", "title": "a\0b", "attendees":
            [{"email": "a\0@example.org", "name": "\0"}]}),
        ),
        booking("BOOKING_RESCHEDULED", json!({"uid": "self", "rescheduleUid": "self"})),
        booking("BOOKING_RESCHEDULED", json!({"uid": "one", "rescheduleUid": "two"})),
        booking("BOOKING_RESCHEDULED", json!({"uid": "two", "rescheduleUid": "one"})),
        r#"{"triggerEvent":"A\u0000B","payload":{"uid":"\ud800"}}"#.to_owned(),
        String::new(),
        "[".repeat(100_000),
    ];
    for place in Place::each().await {
        let store = place.store().await;
        for body in &bodies {
            store.accept(arrival(body)).await.unwrap();
        }
        assert_eq!(store.plan(&hooks()).await.unwrap(), bodies.len());
        assert_eq!(store.deliveries(100, None).await.unwrap().len(), bodies.len());
        assert_eq!(store.tasks(100, None).await.unwrap().len(), {
            let counters = store.counters().await.unwrap();
            counters.tasks.values().flat_map(|states| states.values()).sum::<u64>() as usize
        });
        let rows = store.bookings(100, None).await.unwrap();
        let titles: Vec<_> = rows.iter().filter_map(|row| row.title.as_deref()).collect();
        assert!(titles.contains(&"a\u{fffd}b"), "{titles:?}");
        place.clear().await;
    }
}

#[tokio::test]
async fn pages_follow_each_other_from_the_newest() {
    for place in Place::each().await {
        let store = place.store().await;
        for uid in ["a", "b", "c", "d", "e"] {
            send(&store, "BOOKING_CREATED", json!({"uid": uid})).await;
        }
        let all = store.deliveries(10, None).await.unwrap();
        let rest = store.deliveries(10, Some(all[1].id)).await.unwrap();
        assert_eq!(
            rest.iter().map(|it| it.id).collect::<Vec<_>>(),
            all[2..].iter().map(|it| it.id).collect::<Vec<_>>()
        );
        let tasks = store.tasks(100, None).await.unwrap();
        assert!(tasks.is_sorted_by(|newer, older| newer.id > older.id));
        assert_eq!(store.tasks(100, Some(tasks[3].id)).await.unwrap().len(), tasks.len() - 4);
        let bookings = store.bookings(3, None).await.unwrap();
        let uids = |rows: &[cal_webhook::BookingRecord]| {
            rows.iter().map(|row| row.uid.to_string()).collect::<String>()
        };
        assert_eq!(uids(&bookings), "edc");
        assert_eq!(uids(&store.bookings(3, Some(&bookings[2].uid)).await.unwrap()), "ba");
        place.clear().await;
    }
}
