//! What a delivery costs, counted in rows that are looked up and written, however long its chain is.

use cal_store::SqlStore;
use cal_webhook::{BookingState, Dispatcher, Hook, Store};
use futures_util::future::try_join_all;
use serde_json::{Value, json};

use crate::{
    bodies::{arrival, booking},
    place::Place,
};

/// Returns how long the long chain is, and how many seats the crowded booking has.
fn many() -> usize {
    cal_testing::times(300) as usize
}

fn hooks() -> Dispatcher {
    Dispatcher::new().hook(Hook::named("crm"))
}

/// How much one delivery has the planner look up and write.
async fn cost(store: &SqlStore, body: &str) -> (u64, u64) {
    store.accept(arrival(body)).await.unwrap();
    let before = store.planning_rows();
    assert_eq!(store.plan(&hooks()).await.unwrap(), 1);
    let [looked_up, written] = store.planning_rows();
    (looked_up - before[0], written - before[1])
}

async fn tell(store: &SqlStore, bodies: &[String]) {
    for group in bodies.chunks(64) {
        try_join_all(group.iter().map(|body| store.accept(arrival(body)))).await.unwrap();
    }
    while store.plan(&hooks()).await.unwrap() > 0 {}
}

fn news(trigger: &str, second: usize, mut members: Value) -> String {
    members["bookingId"] = Value::Null;
    let mut body: Value = serde_json::from_str(&booking(trigger, members)).unwrap();
    let (minutes, seconds) = (second / 60, second % 60);
    let at = format!(
        "2026-05-{:02}T{:02}:{:02}:{seconds:02}.000Z",
        4 + minutes / 1440,
        minutes / 60 % 24,
        minutes % 60
    );
    body["createdAt"] = at.into();
    body.to_string()
}

fn uid(number: usize) -> String {
    format!("b{number:05}")
}

/// The `number`th booking, which replaces the one before: by a link, or by the calendar entry.
fn moved(number: usize, is_linked: bool) -> String {
    let members = match (number, is_linked) {
        (0, _) => json!({"uid": uid(0)}),
        (_, true) => json!({"uid": uid(number), "rescheduleUid": uid(number - 1)}),
        (_, false) => json!({"uid": uid(number), "iCalUID": format!("{}@Cal.com", uid(0))}),
    };
    news("BOOKING_CREATED", number, members)
}

#[tokio::test]
async fn a_move_costs_the_same_in_a_short_and_in_a_long_chain() {
    for place in Place::each().await {
        for is_linked in [true, false] {
            let mut costs = Vec::new();
            for length in [10, many()] {
                let store = place.store().await;
                for table in [
                    "DELETE FROM cal_tasks",
                    "DELETE FROM cal_deliveries",
                    "DELETE FROM cal_bookings",
                    "DELETE FROM cal_chains",
                    "DELETE FROM cal_values",
                ] {
                    place.execute(table).await;
                }
                let mut bodies: Vec<_> = (1..=length).map(|it| moved(it, is_linked)).collect();
                fastrand::Rng::with_seed(7).shuffle(&mut bodies);
                tell(&store, &bodies).await;
                let paid = json!({"uid": uid(length / 2), "paymentId": 5});
                let ask = json!({"uid": uid(length + 1), "paymentId": 6});
                let gone = json!({"uid": uid(length + 1), "status": "CANCELLED"});
                let mut cost_of = Vec::new();
                for body in [
                    moved(length + 1, is_linked),
                    moved(0, is_linked),
                    news("BOOKING_PAID", length + 2, paid),
                    news("BOOKING_PAYMENT_INITIATED", length + 3, ask),
                    news("BOOKING_CANCELLED", length + 4, gone),
                ] {
                    cost_of.push(cost(&store, &body).await);
                }
                costs.push(cost_of);
                let chain = store.chain(&uid(3).as_str().into()).await.unwrap();
                assert_eq!(chain.len(), length + 2);
                assert!(chain.iter().all(|booking| booking.chain.as_str() == uid(0)));
                let last = chain.iter().find(|it| it.uid.as_str() == uid(length + 1)).unwrap();
                assert_eq!((last.status, last.paid), (BookingState::Cancelled, true));
                let moved = chain.iter().filter(|it| it.status == BookingState::Moved).count();
                assert_eq!(moved, length + 1);
                assert_eq!(chain.iter().filter(|it| it.paid).count(), length + 2 - length / 2);
                store.close().await;
            }
            let [short, long] = &costs[..] else { unreachable!() };
            for (number, ((looked_up, written), (at_ten, written_at_ten))) in
                long.iter().zip(short).enumerate()
            {
                // A payment is looked for as far as sixteen moves back.
                let more = if number == 3 { 16 } else { 0 };
                assert!(*looked_up <= at_ten + more, "{number}: {short:?} {long:?}");
                assert!(written <= written_at_ten, "{number}: {short:?} {long:?}");
            }
        }
        place.clear().await;
    }
}

#[tokio::test]
async fn a_seat_costs_the_same_in_a_small_and_in_a_large_crowd() {
    let taken = |number: usize, people: usize| {
        let email = format!("guest{}@example.org", number % people);
        let row = json!({"name": "Guest", "email": email, "timeZone": "Europe/Oslo"});
        news(
            "BOOKING_CREATED",
            number * 2,
            json!({"uid": "crowd", "seatsPerTimeSlot": 30,
            "attendees": [row], "attendeeSeatId": format!("seat-{number}")}),
        )
    };
    let left = |number: usize, people: usize| {
        let email = format!("guest{}@example.org", number % people);
        let row = json!({"name": "Guest", "email": email, "timeZone": "Europe/Oslo",
            "bookingId": 7, "noShow": false});
        news(
            "BOOKING_CANCELLED",
            number * 2 + 1,
            json!({"uid": "crowd", "seatsPerTimeSlot": 30,
            "status": "CANCELLED", "attendees": [row]}),
        )
    };
    for place in Place::each().await {
        for people in [usize::MAX, 1] {
            let store = place.store().await;
            for table in [
                "DELETE FROM cal_tasks",
                "DELETE FROM cal_deliveries",
                "DELETE FROM cal_bookings",
                "DELETE FROM cal_seats",
                "DELETE FROM cal_values",
            ] {
                place.execute(table).await;
            }
            let both = |number: usize| [taken(number, people), left(number, people)];
            let first: Vec<String> = (0..40).flat_map(both).collect();
            tell(&store, &first).await;
            let [one, other] = both(40);
            let small = [cost(&store, &one).await, cost(&store, &other).await];
            let rest: Vec<String> = (41..many() / 2).flat_map(both).collect();
            tell(&store, &rest).await;
            let [one, other] = both(many() / 2);
            let large = [cost(&store, &one).await, cost(&store, &other).await];
            assert_eq!(small, large);
            assert!(large.iter().all(|(rows, written)| *rows < 50 && *written < 8), "{large:?}");
            let row = store.bookings(1, None).await.unwrap().remove(0);
            assert_eq!(row.status, BookingState::Cancelled);
            store.close().await;
        }
        place.clear().await;
    }
}
