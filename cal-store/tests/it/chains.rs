//! Where deliveries stand in their chains, and the clock that tests set forward.

use std::time::Duration;

use cal_store::{ChainPlace, SqlStore, TestClock};
use cal_webhook::{Accepted, DeliveryId, Dispatcher, Hook, Reminder, Store};
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::{
    bodies::{arrival, booking},
    desk::{LEASE, claim},
    place::Place,
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A hook that wants to be reminded a day after the delivery was made.
fn hooks() -> Dispatcher {
    let reminding = Hook::named("mail").reminders(|_, delivery| {
        let made = delivery.created_at;
        made.map(|made| Reminder::new("later", made + TimeDelta::days(1))).into_iter().collect()
    });
    Dispatcher::new().hook(reminding)
}

async fn send(store: &SqlStore, trigger: &str, members: Value) -> DeliveryId {
    let accepted = store.accept(arrival(&booking(trigger, members))).await.unwrap();
    store.plan(&hooks()).await.unwrap();
    let Accepted::Stored(id) = accepted else { panic!("{accepted:?}") };
    id
}

async fn step(store: &SqlStore, id: DeliveryId) -> (String, u32) {
    let ChainPlace { chain, step, .. } = store.chain_place(id).await.unwrap().unwrap();
    (chain.to_string(), step)
}

#[tokio::test]
async fn news_of_a_chain_is_numbered_and_the_last_booking_is_found() {
    for place in Place::each().await {
        let store = place.store().await;
        let booked = send(&store, "BOOKING_CREATED", json!({})).await;
        let moved =
            send(&store, "BOOKING_RESCHEDULED", json!({"uid": "second", "rescheduleUid": "first"}))
                .await;
        let again = send(
            &store,
            "BOOKING_RESCHEDULED",
            json!({"uid": "third", "rescheduleUid": "second", "title": "Strategy hour, moved"}),
        )
        .await;
        let members = json!({"uid": "third", "status": "CANCELLED", "attendees": []});
        let gone = send(&store, "BOOKING_CANCELLED", members).await;
        let other = send(&store, "BOOKING_CREATED", json!({"uid": "other"})).await;
        for (id, expected) in [(booked, 0), (moved, 1), (again, 2), (gone, 3)] {
            assert_eq!(step(&store, id).await, ("first".to_owned(), expected));
        }
        assert_eq!(step(&store, other).await, ("other".to_owned(), 0));
        let latest = store.latest_booking(&"third".into()).await.unwrap().unwrap();
        assert!(latest.attendees.is_empty(), "the cancellation came last");
        assert_eq!(store.latest_booking(&"nobody's".into()).await.unwrap(), None);
        assert_eq!(store.chain_place(DeliveryId::new()).await.unwrap(), None);
        place.clear().await;
    }
}

#[tokio::test]
async fn what_is_due_tomorrow_is_due_when_the_clock_is_set_forward() {
    for place in Place::each().await {
        let clock = TestClock::new();
        let store = SqlStore::open_with_clock(&place.url, &clock).await.unwrap();
        let tomorrow = chrono_now() + TimeDelta::hours(20);
        send(&store, "BOOKING_CREATED", json!({})).await;
        place.execute("UPDATE cal_tasks SET ready_at = NULL WHERE reminder = ''").await;
        let reminder = store.tasks(10, None).await.unwrap();
        let reminder = reminder.into_iter().find(|task| task.reminder.is_some()).unwrap();
        assert!(store.move_to(reminder.id, tomorrow).await.unwrap());
        assert!(claim(&store, "mail").await.is_empty());

        // Whoever sleeps until something is due is woken.
        let (sleeper, setter) = (store.clone(), clock.clone());
        let sleeping = tokio::spawn(async move { sleeper.wake(&["mail"]).await });
        setter.advance(DAY);
        sleeping.await.unwrap();
        let tasks = claim(&store, "mail").await;
        assert_eq!(tasks.len(), 1);
        // Leases go by the same clock.
        clock.advance(LEASE * 2);
        assert_eq!(claim(&store, "mail").await[0].fence, tasks[0].fence + 1);
        place.clear().await;
    }
}

#[expect(clippy::disallowed_methods, reason = "the clock that the test clock starts from")]
fn chrono_now() -> chrono::DateTime<chrono::Utc> {
    chrono::Utc::now()
}
