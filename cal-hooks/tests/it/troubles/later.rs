//! Mails that are sent later say what is true then, once.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use cal_hooks::{
    email::{Kind, Mail, Mailer, Transport},
    sequence::Sequence,
};
use cal_webhook::{
    HookError, Receiver, ReceiverBuilder, Store as _, TaskRecord, TaskState, Verifier,
};
use chrono::DateTime;
use serde_json::{Value, json};

use super::{Kept, created, news};
use crate::bodies::{SECRET, arrival};

/// A provider that remembers keys: it takes each once, and refuses another content under it.
#[derive(Clone, Default)]
pub(super) struct Provider {
    mails: Arc<Mutex<Vec<Mail>>>,
    keys: Arc<Mutex<BTreeMap<String, String>>>,
    /// Takes what comes, and says that it is busy.
    loses_answers: Arc<AtomicBool>,
    pub(super) is_down: Arc<AtomicBool>,
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
    pub(super) fn mailer(&self) -> Mailer {
        Mailer::new(self.clone(), "Osk Vidal <osk@host.example>".parse().unwrap())
    }

    pub(super) fn take(&self) -> Vec<Mail> {
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

    pub(super) async fn all_tasks(&self) -> Vec<TaskRecord> {
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
    pub(super) async fn hurry(&self) {
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
    // The change, and a text that the reminder must have then.
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
