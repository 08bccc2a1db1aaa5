//! Every table is declared: where a person may be named in it, and what pruning leaves of it.

use std::collections::BTreeSet;

use cal_store::{
    ContactDetails,
    sqlx::{self, AssertSqlSafe, Connection as _, PgConnection, SqliteConnection},
};
use serde_json::json;

use crate::{
    bodies::{booking, envelope},
    business::{JONAS, export, fill},
    desk::{WHO, dead, end, take},
    place::Place,
};

struct Table {
    name: &'static str,
    /// The columns that may name a person, each with a change that names Ann; none for bodies.
    personal: &'static [(&'static str, &'static str)],
    /// Texts that cannot: names of ours, ids, and digests of addresses.
    others: &'static [&'static str],
    /// Counts what pruning has to remove; nothing of the other tables is old.
    old: Option<&'static str>,
}

/// A table that knows nobody and stays as it is.
const IMPERSONAL: Table = Table { name: "", personal: &[], others: &[], old: None };

const TABLES: [Table; 18] = [
    Table {
        name: "cal_activities",
        personal: &[
            (
                "email",
                "INSERT INTO cal_activities (key, email, kind, at, points) \
                VALUES ('ann', 'ann＠example.org', 'booked', 1, 0)",
            ),
            ("note", "UPDATE cal_activities SET note = 'for ann&#64;example.org'"),
        ],
        others: &["key", "kind", "uid"],
        ..IMPERSONAL
    },
    Table {
        name: "cal_appointments",
        personal: &[
            ("email", "UPDATE cal_appointments SET email = 'ann＠example.org' WHERE uid = 'first'"),
            ("title", "UPDATE cal_appointments SET title = 'for ann%40example.org'"),
            ("visitor", "UPDATE cal_appointments SET email = 'ann@example.org', visitor = 'v-ann'"),
        ],
        others: &["service", "uid"],
        ..IMPERSONAL
    },
    Table {
        name: "cal_attempts",
        personal: &[("error", "UPDATE cal_attempts SET error = '550 <ann@EXAMPLE.org>: no'")],
        others: &["task_id"],
        old: Some("SELECT count(*) FROM cal_attempts"),
    },
    // Operators' actions stay, and are exported.
    Table { name: "cal_audit", others: &["action", "actor", "object"], ..IMPERSONAL },
    Table {
        name: "cal_bookings",
        personal: &[
            ("attendee_email", "UPDATE cal_bookings SET attendee_email = 'ａnn@example.org'"),
            ("title", "UPDATE cal_bookings SET title = 'for ann&commat;example.org'"),
        ],
        others: &["chain", "facts", "moved_from", "status", "uid"],
        ..IMPERSONAL
    },
    Table { name: "cal_builds", ..IMPERSONAL },
    Table { name: "cal_chains", others: &["id"], ..IMPERSONAL },
    Table {
        name: "cal_contacts",
        personal: &[
            (
                "email",
                "INSERT INTO cal_contacts (email, stage, first_seen, last_seen) \
                VALUES ('ann＠example.org', 'lead', 1, 1)",
            ),
            ("name", "UPDATE cal_contacts SET name = 'Ann (ann@example.org)'"),
            ("phone", "UPDATE cal_contacts SET phone = 'by mail: ann@example.org'"),
        ],
        others: &["locale", "stage", "time_zone"],
        ..IMPERSONAL
    },
    Table {
        name: "cal_deliveries",
        personal: &[
            ("body", ""),
            ("failure", "UPDATE cal_deliveries SET failure = 'odd: ann@example.org'"),
            ("headers", r#"UPDATE cal_deliveries SET headers = '[["x","ann\u0040example.org"]]'"#),
        ],
        others: &[
            "decision",
            "digest",
            "failed_by",
            "id",
            "identity",
            "moved_from",
            "parsed",
            "replay_of",
            "source",
            "transition",
            "trigger_event",
            "uid",
        ],
        old: Some("SELECT count(*) FROM cal_deliveries WHERE body IS NOT NULL"),
    },
    Table {
        name: "cal_events",
        personal: &[
            ("properties", r#"UPDATE cal_events SET properties = '{"from":"ann@example.org"}'"#),
            ("visitor", "UPDATE cal_events SET visitor = 'ann@example.org'"),
        ],
        others: &["key", "name", "service", "uid"],
        old: Some("SELECT count(*) FROM cal_events"),
    },
    Table {
        name: "cal_feedback",
        personal: &[("comment", "UPDATE cal_feedback SET comment = 'ask ann@example.org'")],
        others: &["id", "token", "uid"],
        ..IMPERSONAL
    },
    Table { name: "cal_hooks", others: &["hook", "process"], ..IMPERSONAL },
    Table { name: "cal_migrations", others: &["checksum", "description"], ..IMPERSONAL },
    // Amounts, which the law keeps: they name a booking.
    Table {
        name: "cal_payments",
        others: &["currency", "key", "kind", "state", "uid"],
        ..IMPERSONAL
    },
    Table { name: "cal_seats", others: &["attendee", "facts", "reference", "uid"], ..IMPERSONAL },
    Table { name: "cal_suppressions", others: &["digest", "reason"], ..IMPERSONAL },
    Table {
        name: "cal_tasks",
        personal: &[("last_error", "UPDATE cal_tasks SET last_error = 'no ann@example.org'")],
        others: &["delivery_id", "facts", "hook", "id", "lane", "reminder", "state", "uid"],
        ..IMPERSONAL
    },
    Table {
        name: "cal_values",
        others: &["key", "value"],
        old: Some("SELECT count(*) FROM cal_values WHERE key LIKE 'said:%'"),
        ..IMPERSONAL
    },
];

#[tokio::test]
async fn every_table_is_declared() {
    const SQLITE: &str = "SELECT t.name || '.' || c.name FROM sqlite_schema t \
        JOIN pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' \
            AND c.type NOT IN ('INTEGER', 'BIGINT', 'BOOLEAN', 'TIMESTAMP') \
        UNION SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    const POSTGRES: &str = "SELECT CAST(table_name || '.' || column_name AS TEXT) \
        FROM information_schema.columns WHERE table_schema = current_schema() \
            AND data_type NOT IN ('bigint', 'boolean', 'integer', 'smallint', \
                'timestamp with time zone') \
        UNION SELECT CAST(table_name AS TEXT) FROM information_schema.tables \
            WHERE table_schema = current_schema()";
    let declared: BTreeSet<String> = TABLES
        .iter()
        .flat_map(|table| {
            let personal = table.personal.iter().map(|(column, _)| column);
            let columns = personal.chain(table.others);
            let columns = columns.map(|column| format!("{}.{column}", table.name));
            columns.chain([table.name.to_owned()])
        })
        .collect();
    for place in Place::each().await {
        place.store().await;
        let there: BTreeSet<String> = texts(&place, SQLITE, POSTGRES).await.into_iter().collect();
        assert_eq!(there, declared);
        place.clear().await;
    }
}

#[tokio::test]
async fn a_person_is_exported_from_every_personal_column_and_erased_there() {
    const ANN: &str = "ann@example.org";
    const ANNS: [&str; 6] =
        ["ann_example.org", "ann&%;example.org", "ann_40exam", "ann_u0040", "ａnn", "v-ann"];
    for place in Place::each().await {
        let store = place.store().await;
        fill(&place, &store).await;
        let there = booking("BOOKING_CREATED", json!({"uid": "third"}));
        take(&store, there, &["crm"]).await;
        end(&store, "crm", dead("no")).await;
        store.upsert_contact("ann＠example.org", ContactDetails::default()).await.unwrap();
        for table in &TABLES {
            // SQLite has shown by then that each is found alone.
            let at_once = if is_sqlite(&place) { 1 } else { table.personal.len() };
            for columns in table.personal.chunks(at_once.max(1)) {
                for (column, name_ann) in columns {
                    if name_ann.is_empty() {
                        take(&store, booking("BOOKING_CREATED", json!({"title": ANN})), &[]).await;
                    } else {
                        assert!(place.execute(name_ann).await > 0, "{}.{column}", table.name);
                    }
                }
                let rows = export(&store, Some(ANN)).await;
                let named = rows.iter().any(|row| row["kind"] != "audit");
                assert!(named, "{}: {columns:?} is not exported", table.name);
                store.erase(ANN, WHO).await.unwrap();
                for (column, _) in columns {
                    let left = left(&place, table.name, column, &ANNS).await;
                    assert_eq!(left, 0, "{}.{column} is not erased", table.name);
                }
            }
        }
        let rows = export(&store, Some(ANN)).await;
        assert!(rows.iter().all(|row| row["kind"] == "audit"), "{rows:?}");
        place.clear().await;
    }
}

#[tokio::test]
async fn what_people_send_comes_into_no_other_column() {
    for place in Place::each().await {
        let store = place.store().await;
        for body in bodies() {
            take(&store, body, &["crm"]).await;
        }
        for table in &TABLES {
            for column in table.others {
                let left = left(&place, table.name, column, &[JONAS]).await;
                assert_eq!(left, 0, "{}.{column}", table.name);
            }
        }
        place.clear().await;
    }
}

#[tokio::test]
async fn what_is_old_is_pruned_in_every_table() {
    for place in Place::each().await {
        let store = place.store().await;
        fill(&place, &store).await;
        place.execute("UPDATE cal_events SET at = 1").await;
        for body in bodies() {
            take(&store, body, &["crm"]).await;
        }
        end(&store, "crm", dead("no")).await;
        while store.counters().await.unwrap().tasks["crm"].contains_key("waiting") {
            end(&store, "crm", dead("no")).await;
        }
        for table in &TABLES {
            let Some(old) = table.old else { continue };
            assert!(count(&place, old).await > 0, "{}", table.name);
        }
        let before = store.prune("2020-01-01T00:00:00Z".parse().unwrap()).await.unwrap();
        assert_eq!((before.bodies, before.attempts, before.said), (0, 0, 0));
        let pruned = store.prune("2100-01-01T00:00:00Z".parse().unwrap()).await.unwrap();
        assert_eq!(pruned.said, 1);
        for table in &TABLES {
            let Some(old) = table.old else { continue };
            assert_eq!(count(&place, old).await, 0, "{}", table.name);
        }
        place.clear().await;
    }
}

/// Deliveries about Jonas: he books, pays, takes a seat, moves, stays away, and fills in a form.
fn bodies() -> Vec<String> {
    let jonas = json!([{"name": "Jonas", "email": JONAS, "timeZone": "Europe/Berlin"}]);
    let seat = json!({"uid": "crowd", "seatsPerTimeSlot": 3, "attendees": jonas,
        "attendeeSeatId": "seat-1", "bookingId": 8});
    let absent = json!({"bookingUid": "first", "bookingId": 7, "message": "x",
        "attendees": [{"email": JONAS, "noShow": true}]});
    let form = json!({"formId": "f", "formName": "Form", "teamId": null,
        "responses": {"email": {"label": "E-mail", "value": JONAS}}});
    vec![
        booking("BOOKING_CREATED", json!({"attendees": jonas})),
        booking("BOOKING_CREATED", seat),
        booking("BOOKING_PAID", json!({"attendees": jonas, "paymentId": 5})),
        booking("BOOKING_LOCATION_UPDATED", json!({"attendees": jonas, "location": JONAS})),
        envelope("BOOKING_NO_SHOW_UPDATED", absent),
        booking(
            "BOOKING_RESCHEDULED",
            json!({"attendees": jonas, "uid": "later", "rescheduleUid": "first", "bookingId": 9}),
        ),
        envelope("FORM_SUBMITTED", form),
    ]
}

/// How many rows have one of some texts in a column.
async fn left(place: &Place, table: &str, column: &str, wanted: &[&str]) -> i64 {
    let of = |column: &str| {
        let has = wanted.iter().map(|text| format!("lower({column}) LIKE '%{text}%'"));
        let has = has.collect::<Vec<_>>().join(" OR ");
        format!("SELECT CAST(count(*) AS TEXT) FROM {table} WHERE {has}")
    };
    let text = of(&format!("CAST({column} AS TEXT)"));
    // PostgreSQL would show bytes as digits.
    let bytes = of(&format!("encode({column}, 'escape')"));
    let is_bytes = ["body", "checksum", "digest"].contains(&column) && table != "cal_suppressions";
    texts(place, &text, if is_bytes { &bytes } else { &text }).await[0].parse().unwrap()
}

async fn count(place: &Place, sql: &str) -> i64 {
    let sql = sql.replacen("count(*)", "CAST(count(*) AS TEXT)", 1);
    texts(place, &sql, &sql).await[0].parse().unwrap()
}

fn is_sqlite(place: &Place) -> bool {
    place.url.starts_with("sqlite:")
}

/// Asks for texts behind the store's back, in the words of each database.
async fn texts(place: &Place, sqlite: &str, postgres: &str) -> Vec<String> {
    if is_sqlite(place) {
        let mut conn = SqliteConnection::connect(&place.url).await.unwrap();
        sqlx::query_scalar(AssertSqlSafe(sqlite.to_owned())).fetch_all(&mut conn).await.unwrap()
    } else {
        let mut conn = PgConnection::connect(&place.url).await.unwrap();
        sqlx::query_scalar(AssertSqlSafe(postgres.to_owned())).fetch_all(&mut conn).await.unwrap()
    }
}
