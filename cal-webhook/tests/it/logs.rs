//! The log tells what was refused with a reason and a size, and an outage once.

use std::{
    convert::Infallible,
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use cal_webhook::{
    Head, Hook, HookError, MemoryStore, Receiver, SIGNATURE_HEADER, Signer, TaskState, Verifier,
};
use futures_util::stream;
use serde_json::json;
use tracing::{Level, subscriber::DefaultGuard};
use tracing_subscriber::fmt::MakeWriter;

use crate::{
    bodies::{SECRET, arrival, booking},
    faulty::{Fault, Faulty},
    receiver::post,
};

/// Collects the log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Log {
    /// Collects everything that this thread logs as long as the guard lives.
    fn start() -> (Self, DefaultGuard) {
        let log = Self::default();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(Level::TRACE)
            .with_ansi(false)
            .with_writer(log.clone())
            .finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

/// Logs everything there is while a body with this signature is received.
async fn log_of(body: &'static str, signature: &str) -> String {
    let (log, guard) = Log::start();
    let receiver = Receiver::builder(Verifier::new(SECRET).unwrap()).build().unwrap();
    let head = Head::new("POST", [(SIGNATURE_HEADER, signature.as_bytes())]);
    let body = stream::iter([Ok::<_, Infallible>(Bytes::from_static(body.as_bytes()))]);
    receiver.receive(head, body).await;
    drop(guard);
    log.text()
}

const BODY: &str = r#"{"triggerEvent":"BOOKING_CREATED","payload":{"title":"piet@example.org"}}"#;

#[tokio::test]
async fn a_forged_body_is_logged_as_a_reason_and_a_size() {
    let forged = Signer::new("another secret").unwrap().sign(BODY);
    let log = log_of(BODY, &forged).await;
    assert!(log.contains("the signature does not match the body"), "{log}");
    assert!(log.contains(&format!("size={}", BODY.len())), "{log}");
    for secret in ["piet", "BOOKING", SECRET, &forged] {
        assert!(!log.contains(secret), "{secret} stands in {log}");
    }
}

#[tokio::test]
async fn a_delivery_that_was_stored_is_not_logged() {
    let signature = Signer::new(SECRET).unwrap().sign(BODY);
    let log = log_of(BODY, &signature).await;
    assert!(!log.contains("piet") && !log.contains(SECRET), "{log}");
}

/// A log whose output is gone, and whose writer takes that for a reason to panic.
struct Gone;

impl io::Write for Gone {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        panic!("failed printing to stdout: Broken pipe");
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_log_that_panics_stops_neither_answers_nor_hooks() {
    let subscriber = tracing_subscriber::fmt().with_max_level(Level::TRACE).with_writer(|| Gone);
    let _guard = tracing::subscriber::set_default(subscriber.finish());
    let store = Faulty::default();
    let hook = Hook::named("mail").on_booked(|cx, _| {
        let attempt = cx.attempt();
        async move { if attempt < 3 { Err(HookError::transient("busy")) } else { Ok(()) } }
    });
    let builder = Receiver::builder(Verifier::new(SECRET).unwrap()).store(store.clone());
    let receiver = builder.hook(hook).build().unwrap();
    let head = Head::new("POST", [(SIGNATURE_HEADER, &b"forged"[..])]);
    let body = stream::iter([Ok::<_, Infallible>(Bytes::from_static(b"{}"))]);
    assert_eq!(receiver.receive(head, body).await.status(), 401);
    store.goes_down();
    let body = booking("BOOKING_CREATED", json!({}));
    assert_eq!(post(&receiver, body).await.status(), 200);
    tokio::time::sleep(Duration::from_secs(10)).await;
    store.comes_back();
    store.store.idle().await;
    let task = store.store.tasks(2, None).remove(0);
    assert_eq!((task.state, task.attempts), (TaskState::Done, 3));
    assert!(receiver.is_working());
    receiver.shutdown(Duration::from_secs(10)).await;
    assert!(!receiver.is_working());
}

#[tokio::test(start_paused = true)]
async fn what_a_hook_says_begins_no_line_of_its_own() {
    let (log, _guard) = Log::start();
    let store = MemoryStore::new();
    let forged = "550 no such box\r\n2026-01-01T00:00:00Z ERROR the store failed\u{1b}[31m";
    let hook =
        Hook::named("mail").on_booked(move |_, _| async move { Err(HookError::permanent(forged)) });
    let builder = Receiver::builder(Verifier::new(SECRET).unwrap()).store(store.clone());
    let receiver = builder.hook(hook).build().unwrap();
    post(&receiver, booking("BOOKING_CREATED", json!({}))).await;
    store.idle().await;
    let log = log.text();
    assert!(log.contains("550 no such box"), "{log}");
    assert!(!log.lines().any(|line| line.starts_with("2026-01-01")), "{log}");
    assert!(!log.contains('\u{1b}'), "{log}");
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_the_store_is_logged_when_it_starts_and_when_it_ends() {
    let (log, _guard) = Log::start();
    let store = Faulty::default();
    let hooks = ["crm", "mail"].map(|name| {
        Hook::named(name).on_booked(|_, _| async {
            tokio::time::sleep(Duration::from_secs(5)).await;
            Ok(())
        })
    });
    let builder = Receiver::builder(Verifier::new(SECRET).unwrap()).store(store.clone());
    let receiver =
        hooks.into_iter().fold(builder, |builder, hook| builder.hook(hook)).build().unwrap();
    for outage in 0..2 {
        // The second time one part of the store fails while the others work.
        if outage == 0 {
            store.goes_down()
        } else {
            store.breaks("claim", Fault::Fails)
        }
        let body = booking("BOOKING_CREATED", json!({"uid": outage.to_string()}));
        receiver.accept(arrival(&body)).await.unwrap();
        tokio::time::sleep(Duration::from_secs(100)).await;
        assert_eq!(log.text().matches("the store failed").count(), outage + 1, "{}", log.text());
        assert_eq!(log.text().matches("the store works again").count(), outage, "{}", log.text());
        store.comes_back();
        store.store.idle().await;
    }
    let log = log.text();
    assert_eq!(log.matches("the store works again seconds=100").count(), 2, "{log}");
    assert!(log.contains("error=the disk is gone"), "{log}");
    assert!(!log.contains("piet") && !log.contains("Strategy"), "{log}");
}
