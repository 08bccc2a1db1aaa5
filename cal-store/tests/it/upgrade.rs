//! Tables that the version before has made and filled.

use std::borrow::Cow;

use cal_webhook::{BookingState, Decision, Dispatcher, Hook, Store};
use serde_json::{Value, json};
use sqlx::{
    AssertSqlSafe, Connection as _, PgConnection, SqlSafeStr as _, SqliteConnection,
    migrate::{Migration, MigrationType, Migrator},
};

use crate::{
    bodies::{arrival, booking},
    place::Place,
};

const SQLITE: [&str; 2] = [
    include_str!("../../migrations/sqlite/0001_ledger.sql"),
    include_str!("../../migrations/sqlite/0002_business.sql"),
];

const POSTGRES: [&str; 2] = [
    include_str!("../../migrations/postgres/0001_ledger.sql"),
    include_str!("../../migrations/postgres/0002_business.sql"),
];

/// A booking as the version before kept it: uid, chain, status, paid, and its facts.
fn kept(uid: &str, chain: &str, status: &str, paid: bool, facts: &Value) -> String {
    let paid_text = if paid { "TRUE" } else { "FALSE" };
    let mut all = json!({"reached": ["accepted"], "shown": null, "moved_from": null, "root": null,
        "first_at": "2026-05-04T09:30:00.5Z", "paid": false, "meetings": [], "seats": []});
    for (name, value) in facts.as_object().unwrap() {
        all[name] = value.clone();
    }
    format!(
        "INSERT INTO cal_bookings (uid, chain, status, paid, known, rank, at, title, start_at, \
            end_at, facts) VALUES ('{uid}', '{chain}', '{status}', {paid_text}, TRUE, 2, 0, 'x', 0, 0, '{all}');"
    )
}

/// Makes the tables of the version before, with what it knew.
async fn fill(place: &Place) {
    let seat = |name: &str, minute: u8, cancelled: Option<&str>| {
        json!({"reference": name, "attendee": format!("digest of {name}"),
            "reached": if cancelled.is_some() { json!(["accepted", "cancelled"]) } else { json!(["accepted"]) },
            "taken_at": format!("2026-05-04T09:{minute}:00Z"), "cancelled_at": cancelled,
            "moved_at": null, "moved": false})
    };
    let rows = [
        kept("z", "z", "moved", false, &json!({})),
        kept(
            "m",
            "z",
            "moved",
            true,
            &json!({"moved_from": "z", "paid": true,
            "first_at": "2026-05-04T09:31:00Z"}),
        ),
        kept(
            "a",
            "z",
            "accepted",
            true,
            &json!({"root": "z", "first_at": "2026-05-04T09:32:00.25Z"}),
        ),
        kept("alone", "alone", "accepted", false, &json!({})),
        kept(
            "crowd",
            "crowd",
            "accepted",
            false,
            &json!({"seats": [
            seat("s1", 40, Some("2026-05-04T09:41:00Z")), seat("s2", 42, None)]}),
        ),
        "INSERT INTO cal_bookings (uid, chain, status, paid, known, facts) \
            VALUES ('broken', 'broken', 'pending', FALSE, FALSE, '{');"
            .to_owned(),
    ];
    let rows = rows.concat();
    let scripts = if place.url.starts_with("sqlite:") { SQLITE } else { POSTGRES };
    let names = [(1, "ledger"), (2, "business")];
    let migrations = names.iter().zip(scripts).map(|((version, name), sql)| {
        let name = Cow::Borrowed(*name);
        Migration::new(*version, name, MigrationType::Simple, sql.into_sql_str(), false)
    });
    let mut migrator = Migrator::with_migrations(migrations.collect());
    migrator.dangerous_set_table_name("cal_migrations");
    migrator.set_locking(false);
    if place.url.starts_with("sqlite:") {
        let url = format!("{}?mode=rwc", place.url);
        let mut conn = SqliteConnection::connect(&url).await.unwrap();
        sqlx::query("PRAGMA journal_mode = WAL").execute(&mut conn).await.unwrap();
        migrator.run_direct(None, &mut conn, false).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(rows)).execute(&mut conn).await.unwrap();
        conn.close().await.unwrap();
    } else {
        let mut conn = PgConnection::connect(&place.url).await.unwrap();
        migrator.run_direct(None, &mut conn, false).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(rows)).execute(&mut conn).await.unwrap();
        conn.close().await.unwrap();
    }
}

#[tokio::test]
async fn chains_and_seats_of_the_version_before_go_on() {
    for place in Place::each().await {
        fill(&place).await;
        let store = place.store().await;
        let bookings = store.bookings(10, None).await.unwrap();
        let shown: Vec<_> = bookings
            .iter()
            .map(|it| (it.uid.as_str(), it.chain.as_str(), it.status, it.paid))
            .collect();
        let (accepted, moved) = (BookingState::Accepted, BookingState::Moved);
        assert_eq!(
            shown,
            [
                ("broken", "broken", BookingState::Pending, false),
                ("crowd", "crowd", accepted, false),
                ("alone", "alone", accepted, false),
                ("a", "z", accepted, true),
                ("m", "z", moved, true),
                ("z", "z", moved, false),
            ]
        );

        let told = async |trigger: &str, members: Value| {
            let mut wire: Value = serde_json::from_str(&booking(trigger, members)).unwrap();
            wire["payload"]["bookingId"] = Value::Null;
            wire["createdAt"] = "2026-05-04T10:00:00.000Z".into();
            store.accept(arrival(&wire.to_string())).await.unwrap();
            let hooks = Dispatcher::new().hook(Hook::named("crm"));
            assert_eq!(store.plan(&hooks).await.unwrap(), 1);
            let told = store.deliveries(1, None).await.unwrap().remove(0);
            (told.decision.unwrap(), told.change.unwrap().as_str())
        };
        let applied = Decision::Applied;
        let members = json!({"uid": "m", "status": "CANCELLED"});
        assert_eq!(told("BOOKING_CANCELLED", members).await.0, Decision::Stale);
        let members = json!({"uid": "n", "iCalUID": "z@Cal.com"});
        assert_eq!(told("BOOKING_CREATED", members).await, (applied, "rescheduled"));
        let members = json!({"uid": "c", "rescheduleUid": "crowd"});
        assert_eq!(told("BOOKING_CREATED", members).await, (applied, "rescheduled"));
        // Seats keep their numbers, by which tasks know them.
        let members = json!({"uid": "crowd", "seatsPerTimeSlot": 3, "attendeeSeatId": "s2"});
        assert_eq!(told("BOOKING_CREATED", members).await.0, Decision::Same);
        let seats = "SELECT CAST(number AS TEXT), reference FROM cal_seats ORDER BY number";
        let seats = crate::faults::pairs(&place, seats).await;
        let texts = |number: &str, name: &str| (number.to_owned(), name.to_owned());
        assert_eq!(seats, [texts("0", "s1"), texts("1", "s2")]);
        let chain = store.chain(&"n".into()).await.unwrap();
        let mut chain: Vec<_> =
            chain.iter().map(|it| (it.uid.as_str(), it.status, it.paid)).collect();
        chain.sort_by_key(|(uid, ..)| *uid);
        assert_eq!(
            chain,
            [("a", moved, true), ("m", moved, true), ("n", accepted, true), ("z", moved, false)]
        );
        store.close().await;
        place.clear().await;
    }
}
