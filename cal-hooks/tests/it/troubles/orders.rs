//! A chain that says little ends the same in every order: its rows, mails and contact.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use cal_hooks::crm::{CrmHook, LocalCrm};
use cal_store::SqlStore;
use cal_testing::{orders, some_of};
use cal_webhook::{Dispatcher, Settlement, Store as _};
use serde_json::{Value, json};

use super::{calendar::Outbox, created, news, sent};
use crate::{bodies::arrival, place::Place};

/// Booked, moved without a uid, cancelled for the new one, paid, and not come.
fn chain() -> [String; 5] {
    let numbered = |trigger, uid: &str, second, mut members: Value| {
        members["bookingId"] = 121.into();
        news(trigger, uid, second, members)
    };
    let moved = json!({"uid": null, "rescheduleUid": "a", "startTime": "2099-06-09T08:00:00Z",
        "endTime": "2099-06-09T09:00:00Z"});
    let absent = json!({"message": "x", "bookingUid": "b", "bookingId": 121,
        "attendees": [{"email": "runa@guest.example", "noShow": true}]});
    [
        created("a", 0),
        numbered("BOOKING_RESCHEDULED", "", 60, moved),
        news("BOOKING_CANCELLED", "a", 61, json!({"status": "CANCELLED", "rescheduledToUid": "b"})),
        numbered("BOOKING_PAID", "b", 90, json!({"paymentId": 9})),
        sent("BOOKING_NO_SHOW_UPDATED", 500, absent),
    ]
}

/// What is seen in the end: the rows, the mails and the contact.
#[derive(Debug, PartialEq)]
struct End {
    rows: BTreeMap<String, (String, bool, Option<String>)>,
    mails: Vec<(&'static str, String)>,
    contact: (String, i64, Vec<String>),
}

async fn end(place: &Place, order: &[String]) -> End {
    let (outbox, store) = (Outbox::default(), place.store().await);
    let mailer = outbox.mailer().site("https://site.example").unwrap().store(store.clone());
    let crm = CrmHook::new(LocalCrm::new(store.clone()));
    let hooks = Dispatcher::new().hook(mailer.attendees()).hook(crm);
    for body in order {
        store.accept(arrival(body)).await.unwrap();
        while store.plan(&hooks).await.unwrap() > 0 {}
    }
    run(&store, &hooks).await;
    let bookings = store.bookings(9, None).await.unwrap();
    let rows = bookings.into_iter().map(|it| {
        let start = it.start.map(|start| start.to_rfc3339());
        (it.uid.to_string(), (it.status.as_str().to_owned(), it.paid, start))
    });
    let mails = outbox.take();
    let mut mails: Vec<_> =
        mails.iter().map(|mail| (mail.kind.as_str(), mail.to.email().to_owned())).collect();
    mails.sort();
    let contact = store.contact("runa@guest.example").await.unwrap().unwrap();
    let activities = store.activities("runa@guest.example", 9).await.unwrap();
    let mut kinds: Vec<_> = activities.into_iter().map(|activity| activity.kind).collect();
    kinds.sort();
    End { rows: rows.collect(), mails, contact: (contact.stage, contact.score, kinds) }
}

async fn run(store: &SqlStore, hooks: &Dispatcher) {
    for hook in ["email", "crm"] {
        loop {
            let tasks = store.claim(&[(hook, 9)], Duration::from_secs(60)).await.unwrap();
            if tasks.is_empty() {
                break;
            }
            for task in tasks.into_iter().map(Arc::new) {
                hooks.run(Arc::clone(&task)).await.result.unwrap();
                assert!(store.settle(&task, Settlement::Done).await.unwrap());
            }
        }
    }
}

#[tokio::test]
async fn a_chain_that_says_little_ends_the_same_in_every_order() {
    let mut first = None;
    for (number, order) in some_of(orders(&chain()), 24, 7).into_iter().enumerate() {
        // PostgreSQL does the same; some orders are enough.
        let places = if number % 10 == 0 { Place::each().await } else { vec![Place::sqlite()] };
        for place in places {
            let end = end(&place, &order).await;
            let first = first.get_or_insert_with(|| {
                assert_eq!(end.rows["a"].0, "moved");
                assert_eq!(
                    end.rows["b"],
                    ("accepted".to_owned(), true, Some("2099-06-09T08:00:00+00:00".to_owned()))
                );
                assert_eq!(end.contact.0, "customer");
                let kinds: Vec<_> = end.mails.iter().map(|(kind, _)| *kind).collect();
                assert_eq!(kinds, ["no_show", "receipt", "rescheduled"]);
                End {
                    rows: end.rows.clone(),
                    mails: end.mails.clone(),
                    contact: end.contact.clone(),
                }
            });
            assert_eq!(&end, first, "{order:#?}");
            place.clear().await;
        }
    }
}
