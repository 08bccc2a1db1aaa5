//! The whole way of a delivery, without a web framework.

use std::{convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use cal_webhook::{
    BuildError, Head, Hook, HookError, MemoryStore, Receiver, ReceiverBuilder, Rejection, Reply,
    SIGNATURE_HEADER, Signer, TaskRecord, TaskState, Verifier,
};
use futures_util::{StreamExt as _, stream};
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::{
    sync::{Barrier, mpsc},
    time::{Instant, timeout},
};

use crate::bodies::{SECRET, booking};

/// Longer than anything here takes, so that a test that waits in vain fails.
const MINUTE: Duration = Duration::from_secs(60);

fn builder() -> ReceiverBuilder {
    Receiver::builder(Verifier::new(SECRET).unwrap())
}

pub(crate) async fn post(receiver: &Receiver, body: impl Into<Bytes>) -> Reply {
    let body = body.into();
    let signature = Signer::new(SECRET).unwrap().sign(&body);
    let head = Head::new("POST", [(SIGNATURE_HEADER, signature.as_bytes())]);
    receiver.receive(head, stream::iter([Ok::<_, Infallible>(body)])).await
}

fn json_of(reply: Reply) -> Value {
    serde_json::from_str(&reply.into_body()).unwrap()
}

#[tokio::test]
async fn hooks_run_after_the_answer_and_in_the_order_of_the_booking() {
    let (seen, mut sees) = mpsc::unbounded_channel();
    let release = Arc::new(Barrier::new(2));
    let (again, gate) = (seen.clone(), Arc::clone(&release));
    let store = MemoryStore::new();
    let receiver = builder()
        .store(store.clone())
        .hook(
            Hook::named("diary")
                .on_booked(move |_, booking| {
                    let (seen, gate) = (seen.clone(), Arc::clone(&gate));
                    async move {
                        gate.wait().await;
                        seen.send(format!("booked {}", booking.title))?;
                        Ok(())
                    }
                })
                .on_location_changed(move |_, booking| {
                    let seen = again.clone();
                    async move { Ok(seen.send(format!("elsewhere {}", booking.title))?) }
                }),
        )
        .build()
        .unwrap();
    // Both are answered while the first hook is still held back.
    assert_eq!(post(&receiver, booking("BOOKING_CREATED", json!({}))).await.status(), 200);
    assert_eq!(post(&receiver, booking("BOOKING_LOCATION_UPDATED", json!({}))).await.status(), 200);
    assert!(sees.try_recv().is_err());
    release.wait().await;
    store.idle().await;
    assert_eq!(sees.try_recv().unwrap(), "booked Strategy hour");
    assert_eq!(sees.try_recv().unwrap(), "elsewhere Strategy hour");
}

/// Runs a hook on one booking until nothing waits any more, and returns its task.
async fn settled(hook: Hook) -> TaskRecord {
    let store = MemoryStore::new();
    let receiver = builder().store(store.clone()).hook(hook).build().unwrap();
    post(&receiver, booking("BOOKING_CREATED", json!({}))).await;
    store.idle().await;
    store.tasks(1, None).swap_remove(0)
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_fails_for_now_is_tried_again_until_it_works() {
    let (attempt, mut attempts) = mpsc::unbounded_channel();
    let started = Instant::now();
    let task = settled(Hook::named("crm").on_booked(move |cx, _| {
        attempt.send((cx.attempt(), cx.idempotency_key(), started.elapsed())).unwrap();
        async move {
            match cx.attempt() {
                1 => Err(HookError::transient("503")),
                2 => Err(HookError::retry_after("429", Duration::from_secs(300))),
                3 => panic!("a bug in a hook"),
                _ => Ok(()),
            }
        }
    }))
    .await;
    assert_eq!((task.state, task.attempts), (TaskState::Done, 4));

    let attempts: Vec<_> = std::iter::from_fn(|| attempts.try_recv().ok()).collect();
    let waits: Vec<_> = attempts.windows(2).map(|pair| pair[1].2 - pair[0].2).collect();
    let second = Duration::from_secs(1);
    assert!((second * 5 / 2..second * 6).contains(&waits[0]), "{waits:?}");
    assert!((second * 300..second * 301).contains(&waits[1]), "{waits:?}");
    assert!((second * 60..second * 121).contains(&waits[2]), "{waits:?}");
    assert!(attempts.iter().all(|attempt| attempt.1 == attempts[0].1));
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_fails_for_good_is_given_up_at_once() {
    let task =
        settled(Hook::named("crm").on_booked(|_, _| async { Err(HookError::permanent("gone")) }))
            .await;
    assert_eq!((task.state, task.attempts), (TaskState::Dead, 1));
    assert_eq!(task.last_error.as_deref(), Some("gone"));
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_never_works_is_given_up_after_three_days() {
    let started = Instant::now();
    let task =
        settled(Hook::named("crm").on_booked(|_, _| async { Err(HookError::transient("503")) }))
            .await;
    assert_eq!((task.state, task.attempts), (TaskState::Dead, 13));
    let days = started.elapsed().as_secs_f64() / 86_400.0;
    assert!((1.5..3.2).contains(&days), "{days} days");
}

#[tokio::test]
async fn a_hook_that_hangs_on_many_bookings_leaves_the_others_their_place() {
    let (seen, mut sees) = mpsc::unbounded_channel();
    let receiver = builder()
        .hook(Hook::named("hangs").on_booked(|_, _| std::future::pending()))
        .hook(Hook::named("works").on_booked(move |_, _| {
            let sent = seen.send(());
            async move { Ok(sent?) }
        }))
        .build()
        .unwrap();
    for number in 0..100 {
        let body = booking("BOOKING_CREATED", json!({"uid": format!("booking {number}")}));
        assert_eq!(post(&receiver, body).await.status(), 200);
    }
    for _ in 0..100 {
        sees.recv().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_hook_without_room_lets_the_worker_rest() {
    let receiver = builder()
        .hook(Hook::named("hangs").on_booked(|_, _| std::future::pending()))
        .build()
        .unwrap();
    for number in 0..100 {
        let body = booking("BOOKING_CREATED", json!({"uid": format!("booking {number}")}));
        assert_eq!(post(&receiver, body).await.status(), 200);
    }
    // This clock only goes on when nothing is left to do.
    tokio::time::sleep(Duration::from_secs(20)).await;
}

#[test]
fn hooks_go_on_when_the_runtime_they_ran_on_has_ended() {
    let (seen, mut sees) = mpsc::unbounded_channel();
    let receiver = builder()
        .hook(Hook::named("diary").on_booked(move |_, booking| {
            let sent = seen.send(booking.uid.clone());
            async move { Ok(sent?) }
        }))
        .build()
        .unwrap();
    for uid in ["first", "second"] {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            post(&receiver, booking("BOOKING_CREATED", json!({"uid": uid}))).await;
            assert_eq!(sees.recv().await.unwrap(), Some(uid.into()));
        });
    }
}

#[tokio::test]
async fn what_was_stored_is_named_again_when_it_is_repeated() {
    let receiver = builder().build().unwrap();
    let body = booking("BOOKING_CREATED", json!({}));
    let first = json_of(post(&receiver, body.clone()).await);
    let second = json_of(post(&receiver, body).await);
    assert_eq!(first["status"], "stored");
    assert_eq!(second["status"], "duplicate");
    assert_eq!(first["id"], second["id"]);
}

#[tokio::test]
async fn a_full_store_asks_the_sender_to_come_again() {
    let receiver = builder()
        .store(MemoryStore::with_capacity(1))
        .hook(Hook::named("hangs").on_booked(|_, _| std::future::pending()))
        .build()
        .unwrap();
    assert_eq!(post(&receiver, booking("BOOKING_CREATED", json!({}))).await.status(), 200);
    let reply = post(&receiver, booking("BOOKING_CREATED", json!({"uid": "second"}))).await;
    assert_eq!(reply.status(), 503);
    assert!(reply.headers().contains(&("retry-after", "5")));
    assert_eq!(json_of(reply), json!({"error": "the delivery could not be stored; send it again"}));
}

#[tokio::test]
async fn an_endless_body_is_cut_off_at_the_limit() {
    let receiver = builder().body_limit(1000).build().unwrap();
    let head = || Head::new("POST", [(SIGNATURE_HEADER, &b"no matter"[..])]);
    let endless = stream::repeat_with(|| Ok::<_, Infallible>(Bytes::from_static(&[b' '; 300])));
    let refused = receiver.admit(head(), endless).await;
    assert_eq!(refused, Err(Rejection::TooLarge { limit: 1000 }));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_stalls_is_given_up() {
    let receiver = builder().read_timeout(Duration::from_secs(3)).build().unwrap();
    let head = Head::new("POST", [(SIGNATURE_HEADER, &b"no matter"[..])]);
    let refused = receiver.admit(head, stream::pending::<Result<Bytes, Infallible>>()).await;
    assert_eq!(refused, Err(Rejection::Slow(Duration::from_secs(3))));
}

#[tokio::test]
async fn strangers_who_never_end_their_bodies_give_way() {
    let receiver = builder().unverified_limit(4 * 1024 * 1024).build().unwrap();
    // What one of them has sent, and then nothing more.
    let unfinished = |bytes: usize| {
        let head = Head::new("POST", [(SIGNATURE_HEADER, &b"no matter"[..])]);
        let sent = stream::iter([Ok::<_, Infallible>(Bytes::from(vec![b' '; bytes]))]);
        let receiver = receiver.clone();
        tokio::spawn(async move { receiver.receive(head, sent.chain(stream::pending())).await })
    };
    let large: Vec<_> = (0..5).map(|_| unfinished(1024 * 1024)).collect();
    let small: Vec<_> = (0..65).map(|_| unfinished(10)).collect();
    for (name, strangers) in [("large", large), ("small", small)] {
        let first = strangers.into_iter().next().unwrap();
        let refused = timeout(MINUTE, first).await.expect(name).unwrap();
        assert_eq!(refused.status(), 503, "{name}");
        assert!(refused.headers().contains(&("retry-after", "5")), "{name}");
        assert!(refused.ends_connection(), "{name}");
    }
    for size in [100, 20_000, 1_000_000] {
        let body = booking("BOOKING_CREATED", json!({"additionalNotes": " ".repeat(size)}));
        let body = Bytes::from(body);
        let signature = Signer::new(SECRET).unwrap().sign(&body);
        let head = Head::new("POST", [(SIGNATURE_HEADER, signature.as_bytes())]);
        let (sender, receiver_of_pieces) = mpsc::unbounded_channel();
        let pieces = stream::unfold(receiver_of_pieces, async |mut pieces| {
            pieces.recv().await.map(|piece| (piece, pieces))
        });
        let receiver = receiver.clone();
        let pieces = Box::pin(pieces);
        let answer = tokio::spawn(async move { receiver.receive(head, pieces).await });
        let half = body.len() / 2;
        for piece in [body.slice(..half), body.slice(half..)] {
            tokio::task::yield_now().await;
            sender.send(Ok::<_, Infallible>(piece)).unwrap();
        }
        drop(sender);
        assert_eq!(timeout(MINUTE, answer).await.unwrap().unwrap().status(), 200, "{size}");
    }
}

#[test]
fn two_hooks_with_one_name_are_refused() {
    let built = builder().hook(Hook::named("mail")).hook(Hook::named("crm"));
    assert!(built.build().is_ok());
    let hooks = ["mail", "crm", "mail"].map(Hook::named);
    let error = hooks.into_iter().fold(builder(), |builder, hook| builder.hook(hook)).build();
    assert_eq!(error.unwrap_err(), BuildError::DuplicateHook { name: "mail".to_owned() });
}

#[test]
fn the_status_table_is_complete() {
    for (rejection, status) in [
        (Rejection::Busy, 503),
        (Rejection::Interrupted, 400),
        (cal_webhook::VerifyError::Mismatch.into(), 401),
        (Rejection::Method { allow: "POST" }, 405),
        (Rejection::Slow(Duration::from_secs(10)), 408),
        (Rejection::TooLarge { limit: 1 }, 413),
        (Rejection::Encoded, 415),
        (Rejection::Unmounted, 500),
        (Rejection::Unavailable, 503),
    ] {
        assert_eq!(rejection.status(), status);
        let reply = Reply::from(rejection);
        assert_eq!(reply.status(), status);
        assert_eq!(json_of(reply), json!({"error": rejection.to_string()}));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_signed_bytes_are_stored_and_reach_a_hook(body in prop::collection::vec(any::<u8>(), 0..400)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let store = MemoryStore::new();
            let (seen, mut sees) = mpsc::unbounded_channel();
            let hook = Hook::named("any").on_any(move |cx| {
                let sent = seen.send(cx.delivery().body().clone());
                async move { Ok(sent?) }
            });
            let receiver = builder().store(store.clone()).hook(hook).build().unwrap();
            prop_assert_eq!(post(&receiver, body.clone()).await.status(), 200);
            store.idle().await;
            prop_assert_eq!(sees.try_recv().unwrap(), body);
            Ok(())
        })?;
    }
}
