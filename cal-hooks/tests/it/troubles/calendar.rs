//! What went into people's calendars is moved or taken away.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use cal_hooks::email::{Mail, Mailer, Method, Transport};
use cal_store::SqlStore;
use cal_webhook::{Dispatcher, HookError, Settlement, Store as _};
use serde_json::{Value, json};

use super::{cancelled, news, recorded, sent};
use crate::{bodies::arrival, place::Place};

/// Keeps the mails that are sent.
#[derive(Clone, Default)]
pub(super) struct Outbox(Arc<Mutex<Vec<Mail>>>);

impl Outbox {
    pub(super) fn mailer(&self) -> Mailer {
        Mailer::new(self.clone(), "Osk Vidal <osk@host.example>".parse().unwrap())
    }

    pub(super) fn take(&self) -> Vec<Mail> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl Transport for Outbox {
    async fn send(&self, mail: &Mail) -> Result<(), HookError> {
        self.0.lock().unwrap().push(mail.clone());
        Ok(())
    }
}

/// What went to a reader's calendar: which entry, what of it, and when it starts.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Sent {
    reader: String,
    uid: String,
    method: Method,
    start: String,
    sequence: u32,
}

/// Tells bodies to a store of each kind; returns what each body has put into calendars.
async fn entries(bodies: &[String]) -> Vec<Vec<Vec<Sent>>> {
    let mut all = Vec::new();
    for place in Place::each().await {
        let (outbox, store) = (Outbox::default(), place.store().await);
        let mailer = outbox.mailer().store(store.clone()).calendar(true);
        let hooks = Dispatcher::new().hook(mailer.attendees());
        let mut told = Vec::new();
        for body in bodies {
            store.accept(arrival(body)).await.unwrap();
            while store.plan(&hooks).await.unwrap() > 0 {}
            work(&hooks, &store, &["email"]).await;
            told.push(outbox.take().iter().filter_map(entry).collect());
        }
        all.push(told);
        place.clear().await;
    }
    all
}

/// Runs all tasks of these hooks.
pub(super) async fn work(hooks: &Dispatcher, store: &SqlStore, names: &[&str]) {
    let wanted: Vec<_> = names.iter().map(|name| (*name, 9)).collect();
    loop {
        let tasks = store.claim(&wanted, Duration::from_secs(60)).await.unwrap();
        if tasks.is_empty() {
            return;
        }
        for task in tasks.into_iter().map(Arc::new) {
            hooks.run(Arc::clone(&task)).await.result.unwrap();
            assert!(store.settle(&task, Settlement::Done).await.unwrap());
        }
    }
}

fn entry(mail: &Mail) -> Option<Sent> {
    let file = mail.calendar.as_ref()?;
    let text = file.text.replace("\r\n ", "");
    let line =
        |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
    Some(Sent {
        reader: mail.to.email().to_owned(),
        uid: line("UID:"),
        method: file.method,
        start: line("DTSTART:"),
        sequence: line("SEQUENCE:").parse().unwrap(),
    })
}

/// Asserts that one entry was put there, moved and at last is where or what it is said to be.
fn one_entry(told: &[Vec<Sent>], uid: &str, methods: &[Option<Method>]) {
    let found: Vec<_> = told.iter().map(|sent| sent.first().map(|it| it.method)).collect();
    assert_eq!(found, methods, "{told:#?}");
    let files: Vec<_> = told.iter().flatten().collect();
    assert!(files.iter().all(|file| file.uid == uid), "{uid}: {files:#?}");
    assert!(files.is_sorted_by(|one, next| one.sequence < next.sequence), "{files:#?}");
}

fn moved(uid: &str, from: &str, second: i64, more: Value) -> String {
    let mut members = json!({"rescheduleUid": from, "startTime": "2099-06-09T08:00:00Z",
        "endTime": "2099-06-09T09:00:00Z"});
    for (name, value) in more.as_object().unwrap() {
        members[name] = value.clone();
    }
    news("BOOKING_RESCHEDULED", uid, second, members)
}

const REQUEST: Option<Method> = Some(Method::Request);
const CANCEL: Option<Method> = Some(Method::Cancel);

#[tokio::test]
async fn an_entry_goes_by_the_uid_that_the_calendar_gave() {
    let recorded = recorded("ics-ignores-calendar-uid");
    for told in entries(&recorded).await {
        assert!(
            told.iter().flatten().all(|it| it.uid == "k3l9q0exampleid@google.com"),
            "{told:#?}"
        );
    }
    for given in ["7f2@google.com", "040000008200E00074C5@outlook.example", "a@Cal.diy"] {
        let ical = json!({"iCalUID": given});
        let bodies = [
            news("BOOKING_CREATED", "a", 0, ical.clone()),
            moved("b", "a", 9, json!({})),
            moved("c", "b", 20, ical),
            cancelled("c", 30),
        ];
        for told in entries(&bodies).await {
            one_entry(&told, given, &[REQUEST, REQUEST, REQUEST, CANCEL]);
        }
    }
    // What went out under one name stays there.
    let late = json!({"iCalUID": "7f2@google.com", "status": "CANCELLED"});
    let bodies =
        [news("BOOKING_CREATED", "a", 0, json!({})), news("BOOKING_CANCELLED", "a", 9, late)];
    for told in entries(&bodies).await {
        one_entry(&told, "a@Cal.com", &[REQUEST, CANCEL]);
    }
}

#[tokio::test]
async fn occurrences_of_a_series_are_entries_of_their_own() {
    let series = json!({"iCalUID": "7f2@google.com", "recurringEvent": {"freq": 2, "count": 2, "interval": 1}});
    let bodies =
        [news("BOOKING_CREATED", "a", 0, series.clone()), news("BOOKING_CREATED", "b", 1, series)];
    for told in entries(&bodies).await {
        let uids: Vec<_> = told.iter().flatten().map(|it| it.uid.as_str()).collect();
        assert_eq!(uids, ["a@Cal.com", "b@Cal.com"]);
    }
}

fn seat(trigger: &str, uid: &str, second: i64, person: &str, more: Value) -> String {
    let mut members = json!({"seatsPerTimeSlot": 4, "attendeeSeatId": format!("{person}-{second}"),
        "iCalUID": format!("{person}@seat.example"),
        "attendees": [{"name": person, "email": format!("{person}@guest.example"), "timeZone": "Europe/Oslo"}]});
    for (name, value) in more.as_object().unwrap() {
        members[name] = value.clone();
    }
    news(trigger, uid, second, members)
}

#[tokio::test]
async fn an_entry_of_a_seat_moves_with_it() {
    for told in entries(&recorded("seat-move-leaves-old-entry")).await {
        let ada: Vec<_> =
            told.iter().flatten().filter(|it| it.reader == "ada@guest.example.net").collect();
        assert!(ada.iter().all(|it| it.uid == "seatX@Cal.com"), "{ada:#?}");
        assert!(ada.is_sorted_by(|one, next| one.sequence < next.sequence));
    }
    let left = json!({"status": "CANCELLED", "attendeeSeatId": null,
        "attendees": [{"name": "runa", "email": "runa@guest.example", "bookingId": 7, "noShow": false}]});
    let bodies = [
        seat("BOOKING_CREATED", "a", 0, "runa", json!({})),
        seat("BOOKING_RESCHEDULED", "b", 9, "runa", json!({"rescheduleUid": "a"})),
        seat("BOOKING_RESCHEDULED", "c", 20, "runa", json!({"rescheduleUid": "b"})),
        seat("BOOKING_CANCELLED", "c", 30, "runa", left),
    ];
    for told in entries(&bodies).await {
        one_entry(&told, "a@Cal.com", &[REQUEST, REQUEST, REQUEST, CANCEL]);
    }
    // Back where it was; and somebody else's entry there is another one.
    let bodies = [
        seat("BOOKING_CREATED", "a", 0, "runa", json!({})),
        seat("BOOKING_RESCHEDULED", "b", 9, "runa", json!({"rescheduleUid": "a"})),
        seat("BOOKING_RESCHEDULED", "a", 20, "runa", json!({"rescheduleUid": "b"})),
        seat("BOOKING_CREATED", "b", 30, "sten", json!({})),
    ];
    for told in entries(&bodies).await {
        one_entry(&told[..3], "a@Cal.com", &[REQUEST; 3]);
        assert_eq!(told[3][0].uid, "b@Cal.com");
    }
}

#[tokio::test]
async fn a_move_that_waits_for_the_host_takes_the_old_entry_away() {
    for told in entries(&recorded("opt-in-move-keeps-old-entry")).await {
        one_entry(&told, "optX@Cal.com", &[REQUEST, CANCEL, None]);
        assert_eq!(told[1][0].start, "20270304T100000Z", "the time that was in the calendar");
    }
    let asked = |more: Value| {
        let mut members = json!({"status": "PENDING", "startTime": "2099-06-09T08:00:00Z",
            "endTime": "2099-06-09T09:00:00Z"});
        for (name, value) in more.as_object().unwrap() {
            members[name] = value.clone();
        }
        news("BOOKING_REQUESTED", "b", 9, members)
    };
    let first = news("BOOKING_CREATED", "a", 0, json!({}));
    let confirmed = news("BOOKING_CREATED", "b", 20, json!({"startTime": "2099-06-09T08:00:00Z"}));
    let declined = news("BOOKING_REJECTED", "b", 20, json!({"status": "REJECTED"}));
    for link in [json!({"iCalUID": "a@Cal.com"}), json!({"rescheduleUid": "a"})] {
        for told in entries(&[first.clone(), asked(link.clone()), confirmed.clone()]).await {
            one_entry(&told, "a@Cal.com", &[REQUEST, CANCEL, REQUEST]);
        }
        for told in entries(&[first.clone(), asked(link.clone()), declined.clone()]).await {
            one_entry(&told, "a@Cal.com", &[REQUEST, CANCEL, None]);
        }
        // The request came late: the refusal takes the entry away.
        let declined = news(
            "BOOKING_REJECTED",
            "b",
            20,
            json!({"status": "REJECTED", "iCalUID": "a@Cal.com"}),
        );
        for told in entries(&[first.clone(), declined, asked(link)]).await {
            one_entry(&told, "a@Cal.com", &[REQUEST, CANCEL, None]);
        }
    }
    // Nothing went out, so nothing is taken away.
    let asked = news("BOOKING_REQUESTED", "a", 0, json!({"status": "PENDING"}));
    let again =
        news("BOOKING_REQUESTED", "b", 9, json!({"status": "PENDING", "rescheduleUid": "a"}));
    for told in entries(&[asked, again]).await {
        assert_eq!(told, [vec![], vec![]]);
    }
}

#[tokio::test]
async fn an_entry_moves_and_ends_although_the_delivery_says_little() {
    let first = news("BOOKING_CREATED", "a", 0, json!({}));
    let nameless = moved("", "a", 9, json!({"uid": null, "bookingId": 121}));
    for told in entries(&[first.clone(), nameless]).await {
        one_entry(&told, "a@Cal.com", &[REQUEST, REQUEST]);
        assert_eq!(told[1][0].start, "20990609T080000Z");
    }
    let timeless = json!({"status": "CANCELLED", "startTime": "", "endTime": ""});
    for told in entries(&[first, news("BOOKING_CANCELLED", "a", 9, timeless)]).await {
        one_entry(&told, "a@Cal.com", &[REQUEST, CANCEL]);
        assert_eq!(told[1][0].start, "20990608T080000Z");
    }
    let none: Vec<String> = vec![sent("PING", 0, json!({"title": "Test"}))];
    for told in entries(&none).await {
        assert_eq!(told, [vec![]]);
    }
}
