//! Operators replay, redrive and skip.

use std::time::Duration;

use cal_store::DeadTasks;
use cal_webhook::{Accepted, Decision, DeliveryId, Settlement, Source, Store, TaskId, TaskState};
use chrono::TimeDelta;
use serde_json::json;

use crate::{
    bodies::{arrival, booking},
    desk::{WHO, audit, claim, counts, day, dead, end, keep, plan, states, take},
    place::Place,
};

const BOTH: [&str; 2] = ["crm", "mail"];

#[tokio::test]
async fn a_replay_is_a_new_delivery_through_the_named_hooks() {
    for place in Place::each().await {
        let store = place.store().await;
        let body = booking("BOOKING_CREATED", json!({"title": "Zero \0 and 🙂"}));
        let id = take(&store, &body, &BOTH).await;
        for hook in BOTH {
            end(&store, hook, Settlement::Done).await;
        }
        let replayed = store.replay(id, &["crm", "crm"], WHO).await.unwrap();
        assert_eq!((replayed.deliveries, replayed.without_body), (1, 0));
        assert_eq!(plan(&store, &BOTH).await, 0);
        let [copy, original] = store.deliveries(9, None).await.unwrap().try_into().unwrap();
        assert_eq!((original.id, copy.source), (id, Source::Replay));
        assert_eq!(copy.decision, Some(Decision::Applied));
        assert_eq!((&copy.headers, copy.change), (&original.headers, original.change));
        assert_eq!((&copy.trigger, &copy.booking_uid), (&original.trigger, &original.booking_uid));
        let [task] = claim(&store, "crm").await.try_into().unwrap();
        assert_eq!((task.delivery_id, task.attempt), (copy.id, 1));
        assert_eq!(task.delivery.body(), body.as_bytes());
        assert_eq!(task.transition.unwrap().change, original.change.unwrap());
        assert_eq!(states(&store).await, counts([("done", 2), ("running", 1)]));
        // A capture is still a repeat of what came, not of its replay.
        let again = store.accept(arrival(&body)).await.unwrap();
        assert_eq!(again, Accepted::Duplicate(id));
        let object = format!("delivery {id} through crm");
        assert_eq!(audit(&store).await, [("replay".to_owned(), object)]);
        place.clear().await;
    }
}

#[tokio::test]
async fn a_single_delivery_is_replayed_whatever_it_meant() {
    for place in Place::each().await {
        let store = place.store().await;
        take(&store, booking("BOOKING_CANCELLED", json!({"status": "CANCELLED"})), &BOTH).await;
        let late = take(&store, booking("BOOKING_CREATED", json!({})), &BOTH).await;
        let record = store.delivery(late).await.unwrap().unwrap();
        assert_eq!(record.decision, Some(Decision::Stale));
        assert_eq!(store.replay(late, &["mail"], WHO).await.unwrap().deliveries, 1);
        assert_eq!(states(&store).await, counts([("waiting", 3)]));
        let (from, until) = day(&store, late).await;
        let range = from - TimeDelta::days(1)..until;
        // Of the three, the late one and the replay are left out.
        assert_eq!(store.replay(range, &["mail"], WHO).await.unwrap().deliveries, 1);
        assert_eq!(states(&store).await, counts([("waiting", 4)]));
        place.clear().await;
    }
}

#[tokio::test]
async fn a_replay_that_waits_is_superseded_like_its_original() {
    for place in Place::each().await {
        let store = place.store().await;
        let id = take(&store, booking("BOOKING_CREATED", json!({})), &["crm"]).await;
        end(&store, "crm", Settlement::Done).await;
        store.replay(id, &["crm"], WHO).await.unwrap();
        let cancelled = booking("BOOKING_CANCELLED", json!({"status": "CANCELLED"}));
        let cancelled = take(&store, cancelled, &["crm"]).await;
        assert_eq!(states(&store).await, counts([("done", 1), ("superseded", 1), ("waiting", 1)]));
        let [task] = claim(&store, "crm").await.try_into().unwrap();
        assert_eq!(task.delivery_id, cancelled);
        place.clear().await;
    }
}

#[tokio::test]
async fn a_range_is_replayed_in_order_and_in_batches() {
    for place in Place::each().await {
        let store = place.store().await;
        let mut ids = Vec::new();
        for n in 0..150 {
            ids.push(keep(&store, format!(r#"{{"n":{n}}}"#)).await);
        }
        let big = vec![b'x'; 1 << 20];
        for n in 0..9_u8 {
            ids.push(keep(&store, [&big[..], &[n, 0, 0xff]].concat()).await);
        }
        plan(&store, &[]).await;
        let (from, until) = (day(&store, ids[0]).await.0, day(&store, ids[158]).await.1);
        for nothing in [until..until, until..from, from - TimeDelta::days(9)..from] {
            assert_eq!(store.replay(nothing, &["crm"], WHO).await.unwrap().deliveries, 0);
        }
        assert_eq!(audit(&store).await, []);
        let replayed = store.replay(from..until, &["crm"], WHO).await.unwrap();
        assert_eq!((replayed.deliveries, replayed.without_body), (159, 0));
        let mut bodies = Vec::new();
        for id in &ids {
            bodies.push(store.delivery(*id).await.unwrap().unwrap().delivery.unwrap());
        }
        let tasks = claim(&store, "crm").await;
        let replays: Vec<_> = tasks.iter().map(|task| task.delivery.body()).collect();
        assert!(bodies.iter().map(|delivery| delivery.body()).eq(replays));
        assert_eq!(states(&store).await, counts([("running", 159)]));
        assert_eq!(audit(&store).await.len(), 1);
        place.clear().await;
    }
}

#[tokio::test]
async fn what_has_no_body_or_no_plan_is_not_replayed() {
    for place in Place::each().await {
        let store = place.store().await;
        let id = keep(&store, booking("BOOKING_CREATED", json!({}))).await;
        assert_eq!(store.replay(id, &BOTH, WHO).await.unwrap().deliveries, 0);
        assert_eq!(store.replay(DeliveryId::new(), &BOTH, WHO).await.unwrap().deliveries, 0);
        assert!(store.replay(id, &[], WHO).await.is_err());
        assert!(store.replay(id, &BOTH, " ").await.is_err());
        plan(&store, &[]).await;
        let (from, until) = day(&store, id).await;
        store.prune(until).await.unwrap();
        for replayed in [
            store.replay(id, &BOTH, WHO).await.unwrap(),
            store.replay(from..until, &BOTH, WHO).await.unwrap(),
        ] {
            assert_eq!((replayed.deliveries, replayed.without_body), (0, 1));
        }
        assert_eq!(states(&store).await, counts([]));
        assert_eq!(audit(&store).await, []);
        place.clear().await;
    }
}

#[tokio::test]
async fn what_is_brought_back_stands_in_the_lane_of_its_chain_as_it_is_called_now() {
    for place in Place::each().await {
        let store = place.store().await;
        let moved = |uid, from, at| {
            let members = json!({"uid": uid, "rescheduleUid": from, "startTime": at});
            booking("BOOKING_RESCHEDULED", members)
        };
        let third = moved("third", "second", "2026-05-13T08:00:00Z");
        let third = take(&store, third, &["crm"]).await;
        end(&store, "crm", dead("the CRM is gone")).await;
        // Now the chain has another beginning.
        take(&store, moved("second", "first", "2026-05-12T08:00:00Z"), &["crm"]).await;
        for _ in 0..2 {
            store.replay(third, &["crm"], WHO).await.unwrap();
        }
        assert_eq!(store.redrive(DeadTasks::of("crm"), WHO).await.unwrap(), 1);
        let mut deliveries = Vec::new();
        for _ in 0..3 {
            // One after the other.
            let [task] = claim(&store, "crm").await.try_into().unwrap();
            store.settle(&task, Settlement::Done).await.unwrap();
            deliveries.push(task.delivery_id);
        }
        assert_eq!(deliveries[0], third);
        assert_eq!(states(&store).await, counts([("done", 3)]));
        place.clear().await;
    }
}

#[tokio::test]
async fn dead_tasks_are_redriven_with_all_attempts_before_them() {
    for place in Place::each().await {
        let store = place.store().await;
        take(&store, booking("BOOKING_CREATED", json!({})), &BOTH).await;
        end(&store, "mail", dead("the mailbox is full")).await;
        let [early] = end(&store, "crm", dead("the CRM is gone")).await.try_into().unwrap();
        let fence = {
            take(&store, booking("BOOKING_CREATED", json!({"uid": "other"})), &["crm"]).await;
            let [task] = claim(&store, "crm").await.try_into().unwrap();
            store.settle(&task, dead("the CRM is gone")).await.unwrap();
            task.fence
        };
        let [late] = store.dead_tasks(1, None).await.unwrap().try_into().unwrap();
        let died = store.attempts(late.id).await.unwrap()[0].ended_at;
        let unknown = [DeadTasks::from(TaskId::new()), DeadTasks::of("craft")];
        for nothing in
            unknown.into_iter().chain([DeadTasks::since("crm", died + TimeDelta::days(1))])
        {
            assert_eq!(store.redrive(nothing, WHO).await.unwrap(), 0);
        }
        assert!(store.redrive(early, "").await.is_err());
        assert_eq!(states(&store).await, counts([("dead", 3)]));
        assert_eq!(store.redrive(DeadTasks::since("crm", died), WHO).await.unwrap(), 1);
        let [again] = claim(&store, "crm").await.try_into().unwrap();
        assert_eq!((again.id, again.attempt, again.fence), (late.id, 1, fence + 1));
        assert_eq!(store.redrive(early, WHO).await.unwrap(), 1);
        assert_eq!(store.redrive(early, WHO).await.unwrap(), 0);
        assert_eq!(states(&store).await, counts([("dead", 1), ("running", 1), ("waiting", 1)]));
        let objects: Vec<_> = audit(&store).await.into_iter().map(|(_, object)| object).collect();
        assert_eq!(objects, [format!("task {early}"), format!("tasks of crm dead since {died}")]);
        place.clear().await;
    }
}

#[tokio::test]
async fn many_dead_tasks_are_redriven_in_batches() {
    for place in Place::each().await {
        let store = place.store().await;
        let mut last = None;
        for n in 0..1001 {
            last = Some(keep(&store, format!("number {n}")).await);
        }
        plan(&store, &["crm"]).await;
        place.execute("UPDATE cal_tasks SET state = 'dead', ready_at = NULL").await;
        // Whose body is gone stays dead.
        let (_, until) = day(&store, last.unwrap()).await;
        place.execute("UPDATE cal_deliveries SET body = NULL WHERE seq = 3").await;
        assert_eq!(store.redrive(DeadTasks::of("crm"), WHO).await.unwrap(), 1000);
        assert_eq!(states(&store).await, counts([("dead", 1), ("waiting", 1000)]));
        assert_eq!(audit(&store).await.len(), 1);
        assert_eq!(store.prune(until).await.unwrap().bodies, 1);
        place.clear().await;
    }
}

#[tokio::test]
async fn what_is_skipped_lets_the_next_of_its_lane_go() {
    for place in Place::each().await {
        let store = place.store().await;
        take(&store, booking("BOOKING_CREATED", json!({})), &["crm"]).await;
        let paid = json!({"paymentId": 5});
        take(&store, booking("BOOKING_PAID", paid), &["crm"]).await;
        let [first] = claim(&store, "crm").await.try_into().unwrap();
        assert!(!store.skip(first.id, WHO).await.unwrap(), "it runs");
        let later =
            Settlement::Retry { after: Duration::from_secs(3600), error: "not now".to_owned() };
        store.settle(&first, later).await.unwrap();
        assert!(claim(&store, "crm").await.is_empty());
        assert!(store.skip(first.id, WHO).await.unwrap());
        assert!(!store.skip(first.id, WHO).await.unwrap());
        assert!(store.skip(first.id, "").await.is_err());
        let [second] = end(&store, "crm", dead("no")).await.try_into().unwrap();
        assert!(store.skip(second, WHO).await.unwrap());
        assert_eq!(states(&store).await, counts([("skipped", 2)]));
        let tasks = store.tasks(9, None).await.unwrap();
        assert!(tasks.iter().all(|task| task.state == TaskState::Skipped));
        let newest = store.audit(1, None).await.unwrap().remove(0);
        assert_eq!(newest.object, format!("task {second}"));
        let older = store.audit(9, Some(newest.id)).await.unwrap();
        assert_eq!(older.len(), 1);
        assert_eq!((older[0].action.as_str(), older[0].actor.as_str()), ("skip", WHO));
        place.clear().await;
    }
}

#[tokio::test]
async fn a_replay_is_no_news_about_its_booking() {
    for place in Place::each().await {
        let store = place.store().await;
        // Only when it was received tells when it happened.
        let body = booking("BOOKING_CREATED", json!({})).replace("createdAt", "sentAt");
        let id = take(&store, body, &["crm"]).await;
        store.replay(id, &["crm"], WHO).await.unwrap();
        let [shown] = store.bookings(9, None).await.unwrap().try_into().unwrap();
        assert_eq!(shown.history.len(), 1, "{:?}", shown.history);
        place.clear().await;
    }
}
