//! Rows that somebody has written by hand.

use std::collections::{BTreeMap, BTreeSet};

use cal_core::BookingUid;
use cal_webhook::Dispatcher;

use super::*;

/// What is done to a booking's rows, and why its task cannot be read then.
const CHANGES: [(&str, &str, Option<&str>); 12] = [
    ("gone", "DELETE FROM cal_deliveries WHERE uid = 'gone'", Some("its delivery is gone")),
    (
        "bare",
        "UPDATE cal_deliveries SET body = NULL WHERE uid = 'bare'",
        Some("the body of its delivery was pruned or erased"),
    ),
    ("named", "UPDATE cal_tasks SET id = 'the first' WHERE uid = 'named'", Some("its id is none")),
    (
        "strange",
        "UPDATE cal_deliveries SET id = 'the last' WHERE uid = 'strange'; \
         UPDATE cal_tasks SET delivery_id = 'the last' WHERE uid = 'strange'",
        Some("the id of its delivery is none"),
    ),
    (
        "unheard",
        "UPDATE cal_deliveries SET transition = 'vanished' WHERE uid = 'unheard'",
        Some("its transition is none that exists"),
    ),
    (
        "other",
        "UPDATE cal_deliveries SET body = CAST('false' AS {bytes}) WHERE uid = 'other'",
        Some("its body does not tell its transition"),
    ),
    (
        "below",
        "UPDATE cal_tasks SET attempts = -3 WHERE uid = 'below'",
        Some("its number of attempts is none"),
    ),
    ("fenced", "UPDATE cal_tasks SET fence = -3 WHERE uid = 'fenced'", Some("its fence is none")),
    (
        "plain",
        "UPDATE cal_deliveries SET headers = '{', source = 'a friend', decision = 'perhaps', \
            parsed = 'half', received_at = 9223372036854775807 WHERE uid = 'plain'",
        None,
    ),
    ("resting", "UPDATE cal_tasks SET state = 'resting' WHERE uid = 'resting'", None),
    ("free", "UPDATE cal_tasks SET uid = NULL, lane = NULL WHERE uid = 'free'", None),
    (
        "moved",
        "UPDATE cal_bookings SET facts = '{', status = 'lost', rank = 70000, \
            start_at = -9223372036854775807 WHERE uid = 'moved'",
        None,
    ),
];

#[tokio::test]
async fn a_task_that_cannot_be_read_is_dead_with_the_reason_and_the_rest_goes_on() {
    for place in Place::each().await {
        let store = place.store().await;
        let intake = intake(&store).await;
        let mut ids = BTreeMap::new();
        for (uid, _, _) in CHANGES {
            ids.insert(uid, stored(post(&intake, &body(uid)).await));
        }
        let hooks = Dispatcher::new().hook(Hook::named(HOOK));
        assert_eq!(store.plan(&hooks).await.unwrap(), CHANGES.len());
        for (_, sql, _) in CHANGES {
            let bytes = if place.url.starts_with("sqlite:") { "BLOB" } else { "BYTEA" };
            by_hand(&place, &sql.replace("{bytes}", bytes)).await;
        }
        // What comes next about a booking whose row cannot be read is planned all the same.
        let cancelled = booking("BOOKING_CANCELLED", json!({"uid": "moved", "bookingId": null}));
        let cancelled = stored(post(&intake, &cancelled).await);

        let (receiver, mut runs) = receiver(&store);
        receiver.start();
        let alive = CHANGES.iter().filter(|(_, _, reason)| reason.is_none());
        let mut expected: BTreeSet<DeliveryId> = alive.map(|(uid, _, _)| ids[uid]).collect();
        expected.insert(cancelled);
        // A cancellation may leave the task of the booking behind.
        expected.remove(&ids["moved"]);
        let mut ran = BTreeSet::new();
        while !ran.is_superset(&expected) {
            ran.extend(heard(&mut runs, 1).await);
        }
        receiver.shutdown(PATIENCE).await;
        ran.remove(&ids["moved"]);
        assert_eq!(ran, expected);

        let dead = "SELECT coalesce(uid, ''), last_error FROM cal_tasks WHERE state = 'dead'";
        let dead: BTreeMap<_, _> = pairs(&place, dead).await.into_iter().collect();
        let reasons = CHANGES.iter().filter_map(|(uid, _, reason)| Some((*uid, (*reason)?)));
        assert_eq!(
            dead.iter().map(|(uid, reason)| (uid.as_str(), reason.as_str())).collect::<Vec<_>>(),
            reasons.collect::<BTreeMap<_, _>>().into_iter().collect::<Vec<_>>()
        );

        // A row is left out of a list only if it has no id.
        assert_eq!(store.deliveries(100, None).await.unwrap().len(), CHANGES.len() - 1);
        assert_eq!(store.tasks(100, None).await.unwrap().len(), CHANGES.len() - 1);
        assert_eq!(store.dead_tasks(100, None).await.unwrap().len(), dead.len() - 2);
        assert_eq!(store.bookings(100, None).await.unwrap().len(), CHANGES.len());
        assert_eq!(store.chain(&BookingUid::from("moved")).await.unwrap().len(), 1);
        assert_eq!(store.counters().await.unwrap().unplanned, 0);
        store.close().await;
        place.clear().await;
    }
}

#[tokio::test]
async fn bytes_whose_row_has_no_id_are_kept_again_and_hold_up_no_others() {
    for place in Place::each().await {
        let store = place.store().await;
        let intake = intake(&store).await;
        stored(post(&intake, &body("first")).await);
        by_hand(&place, "UPDATE cal_deliveries SET id = 'mine'").await;
        let (first, second) = (body("first"), body("second"));
        let (again, other) = tokio::join!(post(&intake, &first), post(&intake, &second));
        let kept = BTreeSet::from([stored(again), stored(other)]);
        let listed = store.deliveries(10, None).await.unwrap();
        assert_eq!(listed.iter().map(|record| record.id).collect::<BTreeSet<_>>(), kept);
        store.close().await;
        place.clear().await;
    }
}
