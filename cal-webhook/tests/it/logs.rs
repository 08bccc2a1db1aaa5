//! What is refused leaves a reason and a size in the log, and nothing else.

use std::{
    convert::Infallible,
    io,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use cal_webhook::{Head, Receiver, SIGNATURE_HEADER, Signer, Verifier};
use futures_util::stream;
use tracing_subscriber::fmt::MakeWriter;

use crate::bodies::SECRET;

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

/// Logs everything there is while a body with this signature is received.
async fn log_of(body: &'static str, signature: &str) -> String {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter("trace")
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let receiver = Receiver::builder(Verifier::new(SECRET).unwrap()).build();
    let head = Head::new("POST", [(SIGNATURE_HEADER, signature.as_bytes())]);
    let body = stream::iter([Ok::<_, Infallible>(Bytes::from_static(body.as_bytes()))]);
    receiver.receive(head, body).await;
    drop(guard);
    let log = log.0.lock().unwrap().clone();
    String::from_utf8(log).unwrap()
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
