//! All hosts are told, confirmations expire, and hooks wait when they are told to.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use cal_webhook::{Hook, HookError, TaskState};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{
    Kept, created,
    later::{Provider, until},
    news, recorded,
};
use crate::bodies::arrival;

/// Returns the readers and subjects of the hosts' notices.
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
        // A delivery that came late already is told all the same.
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
