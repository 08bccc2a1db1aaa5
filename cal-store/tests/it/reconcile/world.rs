//! A Cal.com account in which things happen: what its API shows, and which webhooks it sends.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::server::{Reply, Seen};

/// A booking as the API keeps it.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) uid: String,
    id: i64,
    pub(crate) status: &'static str,
    start: DateTime<Utc>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    pub(crate) from: Option<String>,
    pub(crate) to: Option<String>,
    /// The first booking of its chain.
    pub(crate) root: String,
    series: Option<String>,
    pub(crate) absent: bool,
}

/// The account. Every change takes a second.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) rows: BTreeMap<String, Row>,
    now: DateTime<Utc>,
    /// When new bookings start.
    pub(crate) start: DateTime<Utc>,
    /// The bodies of the webhooks that were sent.
    pub(crate) sent: Vec<String>,
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

impl World {
    pub(crate) fn new(now: DateTime<Utc>) -> Self {
        let start = now + TimeDelta::days(300);
        Self { rows: BTreeMap::new(), now, start, sent: Vec::new() }
    }

    fn add(&mut self, status: &'static str, from: Option<&str>, series: Option<&str>) -> String {
        self.now += TimeDelta::seconds(1);
        let id = i64::try_from(self.rows.len()).unwrap() + 1;
        let uid = format!("uid-{id:05}");
        let root = from.map_or_else(|| uid.clone(), |from| self.rows[from].root.clone());
        let row = Row {
            uid: uid.clone(),
            id,
            status,
            start: self.start,
            created_at: self.now,
            updated_at: self.now,
            from: from.map(str::to_owned),
            to: None,
            root,
            series: series.map(str::to_owned),
            absent: false,
        };
        self.rows.insert(uid.clone(), row);
        if let Some(from) = from {
            let (now, row) = (self.now, self.rows.get_mut(from).unwrap());
            (row.status, row.to, row.updated_at) = ("cancelled", Some(uid.clone()), now);
        }
        uid
    }

    fn change(&mut self, uid: &str, status: &'static str) {
        self.now += TimeDelta::seconds(1);
        let row = self.rows.get_mut(uid).unwrap();
        (row.status, row.updated_at) = (status, self.now);
    }

    fn send(&mut self, trigger: &str, uid: &str, more: &Value) {
        let row = &self.rows[uid];
        let mut payload = json!({
            "uid": uid,
            "bookingId": row.id,
            "title": "Strategy hour",
            "startTime": time(row.start),
            "endTime": time(row.start + TimeDelta::hours(1)),
            "organizer": {"name": "Ida Berg", "email": "ida@example.org"},
            "attendees": [{"name": "Piet Roos", "email": "piet@example.org"}],
        });
        payload.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        // The webhook leaves a little later than the row is written.
        let at = time(self.now + TimeDelta::milliseconds(300));
        let body = json!({"triggerEvent": trigger, "createdAt": at, "payload": payload});
        self.sent.push(body.to_string());
    }

    pub(crate) fn book(&mut self) -> String {
        let uid = self.add("accepted", None, None);
        self.send("BOOKING_CREATED", &uid, &json!({"status": "ACCEPTED"}));
        uid
    }

    pub(crate) fn request(&mut self) -> String {
        let uid = self.add("pending", None, None);
        self.send("BOOKING_REQUESTED", &uid, &json!({"status": "PENDING"}));
        uid
    }

    pub(crate) fn confirm(&mut self, uid: &str) {
        self.change(uid, "accepted");
        self.send("BOOKING_CREATED", uid, &json!({"status": "ACCEPTED"}));
    }

    pub(crate) fn decline(&mut self, uid: &str) {
        self.change(uid, "rejected");
        self.send("BOOKING_REJECTED", uid, &json!({"status": "REJECTED"}));
    }

    pub(crate) fn cancel(&mut self, uid: &str) {
        self.change(uid, "cancelled");
        self.send("BOOKING_CANCELLED", uid, &json!({"status": "CANCELLED"}));
    }

    pub(crate) fn move_it(&mut self, from: &str) -> String {
        let uid = self.add("accepted", Some(from), None);
        self.send(
            "BOOKING_RESCHEDULED",
            &uid,
            &json!({"status": "ACCEPTED", "rescheduleUid": from}),
        );
        uid
    }

    /// A guest moves a booking that needs confirmation: only the calendar entry links the two.
    pub(crate) fn move_as_guest(&mut self, from: &str) -> String {
        let uid = self.add("pending", Some(from), None);
        let ical = format!("{}@Cal.com", self.rows[&uid].root);
        self.send("BOOKING_REQUESTED", &uid, &json!({"status": "PENDING", "iCalUID": ical}));
        uid
    }

    /// A series; each of its bookings has a webhook.
    pub(crate) fn series(&mut self, count: usize) -> Vec<String> {
        let name = format!("series-{}", self.rows.len());
        let more = json!({"status": "ACCEPTED", "recurringEvent": {"freq": 2, "count": count, "interval": 1}});
        (0..count)
            .map(|_| {
                let uid = self.add("accepted", None, Some(&name));
                self.send("BOOKING_CREATED", &uid, &more);
                uid
            })
            .collect()
    }

    /// All of a series at once, with one webhook.
    pub(crate) fn cancel_series(&mut self, uids: &[String]) {
        for uid in uids {
            self.change(uid, "cancelled");
            self.now -= TimeDelta::seconds(1);
        }
        self.now += TimeDelta::seconds(1);
        self.send("BOOKING_CANCELLED", &uids[0], &json!({"status": "CANCELLED"}));
    }

    /// The rows do not tell when somebody was marked.
    pub(crate) fn mark_absent(&mut self, uid: &str, absent: bool) {
        self.rows.get_mut(uid).unwrap().absent = absent;
    }

    /// Makes a chain of one of the kinds that there are.
    pub(crate) fn happen(&mut self, kind: usize) {
        match kind {
            0 => drop(self.book()),
            1 => {
                let uid = self.book();
                self.cancel(&uid);
            }
            2 => {
                let uid = self.book();
                self.move_it(&uid);
            }
            3 => {
                let first = self.book();
                let second = self.move_it(&first);
                let third = self.move_it(&second);
                self.cancel(&third);
            }
            4 => {
                let uid = self.request();
                self.confirm(&uid);
            }
            5 => {
                let uid = self.request();
                self.decline(&uid);
            }
            6 => {
                let first = self.request();
                self.confirm(&first);
                let second = self.move_as_guest(&first);
                self.confirm(&second);
            }
            7 => {
                let first = self.request();
                let second = self.move_as_guest(&first);
                self.decline(&second);
            }
            8 => drop(self.request()),
            9 => {
                let series = self.series(3);
                self.cancel_series(&series);
            }
            10 => {
                let first = self.book();
                let second = self.move_it(&first);
                self.move_it(&second);
            }
            _ => {
                let first = self.request();
                self.confirm(&first);
                self.move_as_guest(&first);
            }
        }
    }

    /// How many kinds of chains there are.
    pub(crate) const KINDS: usize = 12;
}

fn shown(row: &Row) -> Value {
    let mut shown = json!({
        "id": row.id,
        "uid": row.uid,
        "title": "Strategy hour",
        "description": null,
        "hosts": [{"id": 1, "name": "Ida Berg", "email": "ida@example.org", "timeZone": "Europe/Oslo"}],
        "status": row.status,
        "start": time(row.start),
        "end": time(row.start + TimeDelta::hours(1)),
        "duration": 60,
        "eventTypeId": 5,
        "eventType": {"id": 5, "slug": "hour"},
        "location": null,
        "absentHost": false,
        "createdAt": time(row.created_at),
        "updatedAt": time(row.updated_at),
        "icsUid": format!("{}@Cal.com", row.root),
        "attendees": [{
            "name": "Piet Roos", "email": "piet@example.org", "timeZone": "Europe/Oslo",
            "language": "en", "absent": row.absent,
        }],
    });
    let members = shown.as_object_mut().unwrap();
    for (name, value) in [
        ("rescheduledFromUid", &row.from),
        ("rescheduledToUid", &row.to),
        ("recurringBookingUid", &row.series),
    ] {
        if let Some(value) = value {
            members.insert(name.to_owned(), json!(value));
        }
    }
    shown
}

/// Answers like `GET /v2/bookings`.
pub(crate) fn answer(world: &Arc<Mutex<World>>, seen: &Seen) -> Reply {
    assert_eq!((seen.method.as_str(), seen.path.as_str()), ("GET", "/v2/bookings"));
    let query: BTreeMap<_, _> = seen.query.iter().cloned().collect();
    let at = |name: &str| query.get(name).map(|at| at.parse::<DateTime<Utc>>().unwrap());
    let number = |name: &str| query.get(name).map(|number| number.parse::<usize>().unwrap());
    let world = world.lock().unwrap();
    let mut rows: Vec<&Row> = world.rows.values().collect();
    rows.retain(|row| at("afterUpdatedAt").is_none_or(|at| row.updated_at >= at));
    rows.retain(|row| at("afterStart").is_none_or(|at| row.start >= at));
    rows.retain(|row| at("beforeEnd").is_none_or(|at| row.start + TimeDelta::hours(1) <= at));
    for (name, key) in [
        ("sortUpdatedAt", (|row| row.updated_at) as fn(&Row) -> DateTime<Utc>),
        ("sortCreated", |row| row.created_at),
        ("sortStart", |row| row.start),
    ] {
        match query.get(name).map(String::as_str) {
            Some("asc") => rows.sort_by_key(|row| key(row)),
            Some("desc") => rows.sort_by_key(|row| std::cmp::Reverse(key(row))),
            _ => {}
        }
    }
    let (skip, take) = (number("skip").unwrap_or(0), number("take").unwrap_or(100));
    let page: Vec<_> = rows.iter().skip(skip).take(take).map(|row| shown(row)).collect();
    let has_next = skip + page.len() < rows.len();
    let body = json!({
        "status": "success",
        "data": page,
        "pagination": {"totalItems": rows.len(), "returnedItems": page.len(), "hasNextPage": has_next},
    });
    Reply::json(200, &body.to_string())
}
