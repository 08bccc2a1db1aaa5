//! What is sent later says what is true then, once, to everybody concerned.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use cal_hooks::{
    email::{Kind, Mail, Mailer, Transport},
    sequence::Sequence,
};
use cal_webhook::{
    Hook, HookError, Receiver, ReceiverBuilder, Store as _, TaskRecord, TaskState, Verifier,
};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{Kept, created, news, recorded};
use crate::bodies::{SECRET, arrival};

/// A provider that remembers keys: it takes each once, and refuses another content under it.
#[derive(Clone, Default)]
struct Provider {
    mails: Arc<Mutex<Vec<Mail>>>,
    keys: Arc<Mutex<BTreeMap<String, String>>>,
    /// Takes what comes, and says that it is busy.
    loses_answers: Arc<AtomicBool>,
    is_down: Arc<AtomicBool>,
}

impl Transport for Provider {
    async fn send(&self, mail: &Mail) -> Result<(), HookError> {
        if self.is_down.load(Ordering::SeqCst) {
            return Err(HookError::transient("down"));
        }
        let content = format!("{} {}", mail.subject, mail.text);
        match self.keys.lock().unwrap().entry(mail.key.clone()) {
            std::collections::btree_map::Entry::Occupied(known) if *known.get() != content => {
                return Err(HookError::permanent("another content under this key"));
            }
            std::collections::btree_map::Entry::Occupied(_) => {}
            std::collections::btree_map::Entry::Vacant(new) => {
                new.insert(content);
                self.mails.lock().unwrap().push(mail.clone());
            }
        }
        match self.loses_answers.load(Ordering::SeqCst) {
            true => Err(HookError::transient("the answer was lost")),
            false => Ok(()),
        }
    }
}

impl Provider {
    fn mailer(&self) -> Mailer {
        Mailer::new(self.clone(), "Osk Vidal <osk@host.example>".parse().unwrap())
    }

    fn take(&self) -> Vec<Mail> {
        std::mem::take(&mut *self.mails.lock().unwrap())
    }
}

impl Kept {
    pub(super) fn receiver(
        &self,
        hooks: impl FnOnce(ReceiverBuilder) -> ReceiverBuilder,
    ) -> Receiver {
        let builder = Receiver::builder(Verifier::new(SECRET).unwrap());
        let builder = match self {
            Self::Memory(store) => builder.store(store.clone()),
            Self::Sql(store, _) => builder.store(store.clone()),
        };
        hooks(builder).build().unwrap()
    }

    async fn all_tasks(&self) -> Vec<TaskRecord> {
        let mut tasks = match self {
            Self::Memory(store) => store.tasks(99, None),
            Self::Sql(store, _) => store.tasks(99, None).await.unwrap(),
        };
        tasks.reverse();
        tasks
    }

    pub(super) async fn states(&self) -> Vec<TaskState> {
        self.all_tasks().await.iter().map(|task| task.state).collect()
    }

    /// Lets everything that waits be due now.
    async fn hurry(&self) {
        for TaskRecord { id, .. } in self.all_tasks().await {
            let now = DateTime::UNIX_EPOCH;
            match self {
                Self::Memory(store) => store.move_to(id, now).await.unwrap(),
                Self::Sql(store, _) => store.move_to(id, now).await.unwrap(),
            };
        }
    }
}

/// Waits for a condition that the worker brings about.
pub(super) async fn until<F: Future<Output = bool>>(mut holds: impl FnMut() -> F) {
    let waited = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waited).await.unwrap();
}

fn at_a_lane(trigger: &str, second: i64, place: &str) -> String {
    news(trigger, "a", second, json!({"location": place}))
}

#[tokio::test]
async fn a_mail_that_is_tried_again_says_what_is_true_then() {
    // The first attempt may have been taken or not; both times it says what was true.
    for taken in [true, false] {
        for kept in Kept::each().await {
            let provider = Provider::default();
            let busy = if taken { &provider.loses_answers } else { &provider.is_down };
            busy.store(true, Ordering::SeqCst);
            let receiver = kept.receiver(|builder| builder.hook(provider.mailer().attendees()));
            receiver
                .accept(arrival(&at_a_lane("BOOKING_CREATED", 0, "12 Harbour Row")))
                .await
                .unwrap();
            until(async || kept.states().await == [TaskState::Retry]).await;
            receiver
                .accept(arrival(&at_a_lane("BOOKING_LOCATION_UPDATED", 60, "3 Mill Lane")))
                .await
                .unwrap();
            until(async || kept.states().await.len() == 2).await;
            busy.store(false, Ordering::SeqCst);
            kept.hurry().await;
            until(async || kept.states().await.iter().all(|it| *it == TaskState::Done)).await;
            let mails = provider.take();
            let kinds: Vec<_> = mails.iter().map(|mail| mail.kind).collect();
            let [old @ .., again, changed] = mails.as_slice() else { panic!("{mails:?}") };
            assert_eq!(old.len(), usize::from(taken), "{kinds:?}");
            assert!(old.iter().all(|mail| mail.text.contains("12 Harbour Row")));
            for mail in [again, changed] {
                assert!(mail.text.contains("3 Mill Lane") && !mail.text.contains("Harbour"));
            }
            assert_eq!((again.kind, changed.kind), (Kind::Confirmed, Kind::LocationChanged));
            if let [old] = old {
                let (key, other) = again.key.rsplit_once('/').unwrap();
                assert_eq!((key, other.len()), (&*old.key, 8));
            }
            receiver.shutdown(Duration::ZERO).await;
            kept.clear().await;
        }
    }
}

#[tokio::test]
async fn a_mail_about_the_same_facts_keeps_its_key() {
    for kept in Kept::each().await {
        let provider = Provider::default();
        provider.loses_answers.store(true, Ordering::SeqCst);
        let receiver = kept.receiver(|builder| builder.hook(provider.mailer().attendees()));
        receiver.accept(arrival(&created("a", 0))).await.unwrap();
        until(async || kept.states().await == [TaskState::Retry]).await;
        provider.loses_answers.store(false, Ordering::SeqCst);
        kept.hurry().await;
        until(async || kept.states().await == [TaskState::Done]).await;
        assert_eq!(provider.take().len(), 1);
        receiver.shutdown(Duration::ZERO).await;
        kept.clear().await;
    }
}

#[tokio::test]
async fn a_reminder_says_what_is_true_when_it_is_sent() {
    let people = |locale: &str, more: Value| {
        let mut all = vec![json!({"name": "Runa Berg", "email": "runa@guest.example",
            "timeZone": "Europe/Oslo", "language": {"locale": locale}})];
        all.extend(more.as_array().unwrap().iter().cloned());
        json!(all)
    };
    let change = |members: Value| news("BOOKING_LOCATION_UPDATED", "a", 60, members);
    let friend =
        json!([{"name": "Sten Lie", "email": "sten@guest.example", "timeZone": "Europe/Oslo"}]);
    // What changes, and what the reminder says then.
    let changes = [
        (change(json!({"location": "3 Mill Lane"})), "3 Mill Lane"),
        (
            change(
                json!({"location": "+4722334455", "metadata": {"videoCallUrl": "https://old.example"}}),
            ),
            "+4722334455",
        ),
        (
            change(json!({"location": "12 Harbour Row", "startTime": "2099-06-08T10:00:00Z",
            "endTime": "2099-06-08T11:00:00Z"})),
            "12:00 PM",
        ),
        (
            change(json!({"location": "12 Harbour Row", "attendees": people("en", friend)})),
            "Sten Lie",
        ),
        (
            change(json!({"location": "12 Harbour Row", "attendees": people("de", json!([]))})),
            "Ihren Termin erinnern",
        ),
    ];
    for (number, (changed, want)) in changes.iter().enumerate() {
        let mut all = Kept::each().await;
        if number > 0 {
            // The others read what they know in the same way.
            all.truncate(2);
        }
        for kept in all {
            let provider = Provider::default();
            let plan = Sequence::new().step("24h before start", "reminder").unwrap();
            let hook = provider.mailer().sequence("plan", plan);
            let receiver = kept.receiver(|builder| builder.hook(hook));
            let first = news(
                "BOOKING_CREATED",
                "a",
                0,
                json!({"location": "12 Harbour Row",
                "attendees": people("en", json!([])), "metadata": {"videoCallUrl": "https://old.example"}}),
            );
            for body in [&first, changed] {
                receiver.accept(arrival(body)).await.unwrap();
            }
            until(async || {
                kept.states().await.iter().filter(|it| **it == TaskState::Done).count() == 2
            })
            .await;
            kept.hurry().await;
            until(async || kept.states().await.iter().all(|it| *it == TaskState::Done)).await;
            let mails = provider.take();
            let [mail] = mails.as_slice() else { panic!("one mail: {mails:?}") };
            assert!(mail.text.contains(want), "{want}: {}", mail.text);
            assert!(!mail.text.contains("https://old.example") || *want != "+4722334455");
            receiver.shutdown(Duration::ZERO).await;
            kept.clear().await;
        }
    }
}

#[tokio::test]
async fn a_guest_who_was_taken_off_the_list_is_not_reminded() {
    let two = json!([{"name": "Runa Berg", "email": "runa@guest.example"},
        {"name": "Sten Lie", "email": "sten@guest.example"}]);
    let kept = &Kept::each().await[0];
    let provider = Provider::default();
    let plan = Sequence::new().step("24h before start", "reminder").unwrap();
    let receiver = kept.receiver(|builder| builder.hook(provider.mailer().sequence("plan", plan)));
    receiver
        .accept(arrival(&news("BOOKING_CREATED", "a", 0, json!({"attendees": two}))))
        .await
        .unwrap();
    let changed = news("BOOKING_LOCATION_UPDATED", "a", 60, json!({"location": "3 Mill Lane"}));
    receiver.accept(arrival(&changed)).await.unwrap();
    until(async || kept.states().await.len() == 4).await;
    kept.hurry().await;
    until(async || kept.states().await.iter().all(|it| *it == TaskState::Done)).await;
    let readers: Vec<_> = provider.take().iter().map(|mail| mail.to.email().to_owned()).collect();
    assert_eq!(readers, ["runa@guest.example"]);
    receiver.shutdown(Duration::ZERO).await;
}

/// Who was told what by the hosts' notices.
async fn told(kept: &Kept, bodies: &[String]) -> Vec<(String, String)> {
    let provider = Provider::default();
    let receiver = kept.receiver(|builder| builder.hook(provider.mailer().host_notices()));
    let mut told = Vec::new();
    for body in bodies {
        receiver.accept(arrival(body)).await.unwrap();
        let is_idle = async || {
            let states = kept.states().await;
            !states.is_empty() && states.iter().all(|it| *it == TaskState::Done)
        };
        let planned = kept.all_tasks().await.len();
        until(async || kept.all_tasks().await.len() > planned && is_idle().await).await;
        let mut mails: Vec<_> = provider
            .take()
            .iter()
            .map(|mail| {
                let topic = mail.subject.split([':', ',']).next().unwrap().to_owned();
                (mail.to.email().to_owned(), topic)
            })
            .collect();
        mails.sort();
        told.extend(mails);
    }
    receiver.shutdown(Duration::ZERO).await;
    told
}

#[tokio::test]
async fn all_hosts_are_told() {
    let member = |name: &str, id: i64| json!({"id": id, "name": name, "email": format!("{name}@studio.example")});
    let team = |members: Value| json!({"id": 3, "name": "Panel", "members": members});
    let pair = |what: &str, names: &[&str]| -> Vec<(String, String)> {
        names.iter().map(|name| ((*name).to_owned(), what.to_owned())).collect()
    };
    for kept in Kept::each().await {
        let both = recorded("second-host-not-told");
        if !both.is_empty() {
            let want = pair("New booking", &["birk@studio.example.org", "kim@studio.example.org"]);
            assert_eq!(told(&kept, &both).await, want);
        }
        kept.clear().await;
    }
    for kept in Kept::each().await {
        // The confirmation leaves out the members whom the request named.
        let three = team(json!([member("kim", 2), member("lea", 3), member("kim", 2)]));
        let bodies = [
            news("BOOKING_REQUESTED", "a", 0, json!({"status": "PENDING", "team": three})),
            news("BOOKING_CREATED", "a", 60, json!({"team": team(json!([]))})),
        ];
        let names = ["kim@studio.example", "lea@studio.example", "osk@host.example"];
        let want = [pair("Request to confirm", &names), pair("New booking", &names)].concat();
        assert_eq!(told(&kept, &bodies).await, want);
        kept.clear().await;
    }
    for kept in Kept::each().await {
        // Only the new host is told of an exchange.
        let team = team(json!([member("kim", 2), member("lea", 3)]));
        let body =
            news("BOOKING_REASSIGNED", "a", 60, json!({"team": team, "addedHostUserIds": [3]}));
        assert_eq!(told(&kept, &[body]).await, pair("Now yours", &["lea@studio.example"]));
        kept.clear().await;
    }
}

#[tokio::test]
async fn a_confirmation_expires_when_the_meeting_has_begun() {
    for kept in Kept::each().await {
        let provider = Provider::default();
        provider.is_down.store(true, Ordering::SeqCst);
        let receiver = kept.receiver(|builder| builder.hook(provider.mailer().attendees()));
        let two = json!([{"email": "runa@guest.example"}, {"email": "sten@guest.example"}]);
        let body = |uid: &str, start: &str| {
            news("BOOKING_CREATED", uid, 0, json!({"attendees": two, "startTime": start}))
        };
        receiver.accept(arrival(&body("a", "2099-06-08T08:00:00Z"))).await.unwrap();
        until(async || kept.states().await == [TaskState::Retry; 2]).await;
        let start: DateTime<Utc> = "2099-06-08T08:00:00Z".parse().unwrap();
        assert!(kept.all_tasks().await.iter().all(|task| task.expires_at == Some(start)));
        // What came late already is told all the same.
        receiver.accept(arrival(&body("b", "2026-05-08T08:00:00Z"))).await.unwrap();
        until(async || kept.states().await == [TaskState::Retry; 4]).await;
        assert_eq!(kept.all_tasks().await[2].expires_at, None);
        receiver.shutdown(Duration::ZERO).await;
        kept.clear().await;
    }
}

#[tokio::test]
async fn a_hook_that_is_told_to_wait_waits_as_a_whole() {
    for kept in Kept::each().await {
        let (calls, other) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (count, count_other) = (Arc::clone(&calls), Arc::clone(&other));
        let limited = Hook::named("limited").on_any(move |_| {
            count.fetch_add(1, Ordering::SeqCst);
            async { Err(HookError::retry_after("429", Duration::from_secs(3600))) }
        });
        let free = Hook::named("free").on_any(move |_| {
            count_other.fetch_add(1, Ordering::SeqCst);
            async { Ok(()) }
        });
        let receiver = kept.receiver(|builder| builder.hook(limited).hook(free));
        receiver.accept(arrival(&created("a", 0))).await.unwrap();
        until(async || kept.states().await.contains(&TaskState::Retry)).await;
        for (number, uid) in ["b", "c", "d"].into_iter().enumerate() {
            receiver.accept(arrival(&created(uid, 9))).await.unwrap();
            until(async || other.load(Ordering::SeqCst) == number + 2).await;
        }
        kept.hurry().await;
        receiver.accept(arrival(&created("e", 9))).await.unwrap();
        until(async || other.load(Ordering::SeqCst) == 5).await;
        assert_eq!(calls.load(Ordering::SeqCst), 1);
        if let Kept::Sql(store, _) = &kept {
            assert!(store.paused().await.unwrap().keys().eq(["limited"]));
        }
        receiver.shutdown(Duration::ZERO).await;
        kept.clear().await;
    }
}

#[tokio::test]
async fn a_series_that_is_cancelled_with_one_message_is_reminded_of_no_more() {
    let of = |freq, count| json!({"freq": freq, "count": count, "interval": 1});
    let booked = |uid: &str, second, start: &str, series: &Value, more: Value| {
        let mut members = json!({"eventTypeId": 4, "startTime": start, "recurringEvent": series});
        for (name, value) in more.as_object().unwrap() {
            members[name] = value.clone();
        }
        news("BOOKING_CREATED", uid, second, members)
    };
    let weekly = of(2, 4);
    let friend = json!({"attendees": [{"name": "Sten", "email": "sten@guest.example"}]});
    let bodies = [
        booked("a", 0, "2099-06-08T08:00:00Z", &weekly, json!({})),
        booked("b", 1, "2099-06-15T08:00:00Z", &weekly, json!({})),
        booked("c", 2, "2099-06-22T08:00:00Z", &weekly, json!({})),
        // Another day, another person, no series, another service.
        booked("d", 3, "2099-06-17T08:00:00Z", &weekly, json!({})),
        booked("e", 4, "2099-06-15T08:00:00Z", &weekly, friend),
        booked("f", 5, "2099-06-29T08:00:00Z", &json!(null), json!({})),
        booked("g", 6, "2099-06-29T08:00:00Z", &weekly, json!({"eventTypeId": 5})),
    ];
    let gone = json!({"eventTypeId": 4, "status": "CANCELLED", "recurringEvent": weekly});
    let alone = json!({"eventTypeId": 4, "status": "CANCELLED"});
    for (gone, want) in [(gone, 3), (alone, 1)] {
        for kept in Kept::each().await {
            kept.tell_all(&bodies).await;
            kept.tell(&news("BOOKING_CANCELLED", "a", 60, gone.clone())).await;
            let reminders = kept.all_tasks().await.into_iter().filter(|it| it.reminder.is_some());
            let dropped = reminders.filter(|it| it.state == TaskState::Superseded).count();
            assert_eq!(dropped, want, "{gone}");
            kept.clear().await;
        }
    }
}
