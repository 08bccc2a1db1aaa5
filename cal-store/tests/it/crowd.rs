//! Many processes work on one database.

mod paused;
mod worker;

use std::{collections::BTreeMap, env, process::Stdio, time::Duration};

use cal_store::SqlStore;
use cal_webhook::{DeliveryId, Store as _};
use chrono::{DateTime, SecondsFormat, TimeDelta};
use futures_util::future::join_all;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    task,
    time::{self, Instant},
};

use crate::{bodies::arrival, place::Place};

/// Says what a process is to do, and with which database; nobody else sets these.
const ROLE: &str = "CALCOM_TEST_CHILD";
const URL: &str = "CALCOM_TEST_CHILD_URL";

/// What a process writes begins with this, as the test harness writes, too.
const MARK: &str = "child: ";

/// Longer than anything here takes, so that a test that waits in vain fails.
const PATIENCE: Duration = Duration::from_secs(240);

/// The name of the only hook.
const HOOK: &str = "crm";

/// This program again, in another process, which ends when its input does.
struct Process {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Process {
    fn start(role: &str, url: &str) -> Self {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["crowd::worker::a_process_does_what_it_was_started_for", "--exact"])
            .args(["--nocapture", "--test-threads=1"])
            .env(ROLE, role)
            .env(URL, url)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let input = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, input, output }
    }

    /// Waits for what it says next.
    async fn says(&mut self) -> String {
        let saying = async {
            loop {
                let line = self.output.next_line().await.unwrap().expect("a process died");
                if let Some((_, said)) = line.split_once(MARK) {
                    return said.to_owned();
                }
            }
        };
        time::timeout(PATIENCE, saying).await.expect("a process says nothing")
    }

    async fn tell(&mut self, line: &str) {
        self.input.write_all(format!("{line}\n").as_bytes()).await.unwrap();
    }

    /// Makes it stand still, and returns when it does: the signal alone takes its time, in which it
    /// could still begin a transaction.
    async fn pause(&self) {
        let pid = self.pid();
        kill_process(pid, Signal::STOP).unwrap();
        let standing = move || waitid(WaitId::Pid(pid), WaitIdOptions::STOPPED);
        assert!(task::spawn_blocking(standing).await.unwrap().unwrap().unwrap().stopped());
    }

    fn resume(&self) {
        kill_process(self.pid(), Signal::CONT).unwrap();
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().unwrap().try_into().unwrap()).unwrap()
    }

    /// Lets it end, which it must do in good order.
    async fn end(mut self) {
        drop(self.input);
        let status = time::timeout(PATIENCE, self.child.wait()).await;
        assert!(status.expect("a process does not end").unwrap().success());
    }
}

/// A booking, and then its guest is marked as missing and as present in turn.
fn event(uid: usize, number: i64) -> String {
    let first = DateTime::from_timestamp(1_780_000_000, 0).unwrap();
    let at = first + TimeDelta::seconds(number);
    let at = at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let (trigger, payload) = if number == 0 {
        let booked = json!({
            "uid": format!("b{uid}"),
            "title": "Strategy hour",
            "startTime": "2026-05-11T08:00:00Z",
            "endTime": "2026-05-11T09:00:00Z",
            "status": "ACCEPTED",
            "attendees": [{"name": "Piet Roos", "email": "piet@example.org"}],
        });
        ("BOOKING_CREATED", booked)
    } else {
        let attendees = json!([{"email": "piet@example.org", "noShow": number % 2 == 1}]);
        let marked = json!({"bookingUid": format!("b{uid}"), "attendees": attendees});
        ("BOOKING_NO_SHOW_UPDATED", marked)
    };
    json!({"triggerEvent": trigger, "createdAt": at, "payload": payload}).to_string()
}

/// Stores a delivery: how long the store may take for one attempt is a limit of its own.
async fn accepted(store: &SqlStore, body: String) {
    let accepting = async { while store.accept(arrival(&body)).await.is_err() {} };
    time::timeout(PATIENCE, accepting).await.expect("the store takes nothing");
}

#[tokio::test]
async fn sixteen_processes_run_ten_thousand_tasks_once_each_and_in_order() {
    const PROCESSES: usize = 16;
    const BOOKINGS: usize = 1000;
    const EVENTS: i64 = 10;
    const TASKS: usize = 10_000;
    let Some(place) = Place::postgres().await else { return };
    let store = place.store().await;
    let mut conn = PgConnection::connect(&place.url).await.unwrap();
    // Without a unique constraint: what is done twice must show.
    let table = "CREATE TABLE crowd_runs (seq BIGINT GENERATED ALWAYS AS IDENTITY, \
        delivery TEXT, uid TEXT, at BIGINT, attempt BIGINT, process BIGINT)";
    sqlx::query(table).execute(&mut conn).await.unwrap();
    let mut crowd: Vec<_> = (0..PROCESSES).map(|_| Process::start("work", &place.url)).collect();
    for process in &mut crowd {
        assert_eq!(process.says().await, "ready");
    }
    let began = Instant::now();
    for number in 0..EVENTS {
        let accepts = (0..BOOKINGS).map(|uid| accepted(&store, event(uid, number)));
        join_all(accepts).await;
    }
    let done = "SELECT count(*) FROM cal_tasks WHERE state = 'done' AND attempts = 1";
    let mut count: i64 = 0;
    while began.elapsed() < PATIENCE && count < i64::try_from(TASKS).unwrap() {
        store.wake(&[]).await;
        count = sqlx::query_scalar(done).fetch_one(&mut conn).await.unwrap();
    }
    let seconds = began.elapsed().as_secs_f64();
    join_all(crowd.into_iter().map(Process::end)).await;
    assert_eq!(usize::try_from(count).unwrap(), TASKS);

    let rows: Vec<(String, String, i64, i64, i64)> =
        sqlx::query_as("SELECT delivery, uid, at, attempt, process FROM crowd_runs ORDER BY seq")
            .fetch_all(&mut conn)
            .await
            .unwrap();
    let mut deliveries: Vec<DeliveryId> =
        rows.iter().map(|(delivery, ..)| delivery.parse().unwrap()).collect();
    deliveries.sort();
    let mut kept: Vec<_> = store.deliveries(TASKS + 1, None).await.unwrap();
    kept.reverse();
    assert_eq!(deliveries, kept.iter().map(|record| record.id).collect::<Vec<_>>());
    let (mut lanes, mut shares) = (BTreeMap::<_, Vec<i64>>::new(), BTreeMap::<_, usize>::new());
    for (_, uid, at, attempt, process) in &rows {
        assert_eq!(*attempt, 1);
        lanes.entry(uid).or_default().push(*at);
        *shares.entry(process).or_default() += 1;
    }
    assert_eq!(lanes.len(), BOOKINGS);
    assert!(lanes.values().all(|lane| lane.is_sorted()), "tasks of one booking ran out of order");
    assert_eq!(shares.len(), PROCESSES, "{shares:?}");
    eprintln!("{TASKS} tasks in {seconds:.1} s, by each process: {:?}", shares.values());
    store.close().await;
    conn.close().await.unwrap();
    place.clear().await;
}

/// Makes a table for what hooks write.
async fn make_notes(place: &Place) {
    run(place, "CREATE TABLE notes (who TEXT NOT NULL)").await;
}

/// Returns what hooks wrote.
async fn notes(place: &Place) -> Vec<String> {
    const ALL: &str = "SELECT who FROM notes";
    if place.url.starts_with("sqlite:") {
        let mut conn = sqlx::SqliteConnection::connect(&place.url).await.unwrap();
        sqlx::query_scalar(ALL).fetch_all(&mut conn).await.unwrap()
    } else {
        let mut conn = PgConnection::connect(&place.url).await.unwrap();
        sqlx::query_scalar(ALL).fetch_all(&mut conn).await.unwrap()
    }
}

async fn run(place: &Place, sql: &str) {
    let sql = AssertSqlSafe(sql.to_owned());
    if place.url.starts_with("sqlite:") {
        let mut conn = sqlx::SqliteConnection::connect(&place.url).await.unwrap();
        sqlx::query(sql).execute(&mut conn).await.unwrap();
        conn.close().await.unwrap();
    } else {
        let mut conn = PgConnection::connect(&place.url).await.unwrap();
        sqlx::query(sql).execute(&mut conn).await.unwrap();
    }
}

/// Writes a note and ends the task, in one transaction; whether the claim still held.
async fn complete(store: &SqlStore, task: &cal_webhook::Task, who: &'static str) -> bool {
    use cal_store::Effects;
    const INSERT: &str = "INSERT INTO notes (who) VALUES ($1)";
    let cx = cal_webhook::Context::new(std::sync::Arc::new(task.clone()));
    let completed = store.complete(&cx, |effects| {
        Box::pin(async move {
            match effects {
                Effects::Postgres(conn) => {
                    sqlx::query(INSERT).bind(who).execute(conn).await.map(drop)?
                }
                Effects::Sqlite(conn) => {
                    sqlx::query(INSERT).bind(who).execute(conn).await.map(drop)?
                }
                _ => unreachable!("a database that nobody knows"),
            }
            Ok(())
        })
    });
    completed.await.is_ok()
}
