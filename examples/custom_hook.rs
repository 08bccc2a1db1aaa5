//! A hook of your own: counts bookings by event type, and shows how its failures are retried.
//!
//! `cargo run --example custom_hook` sends itself a booking; nothing else is needed.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::sync::atomic::{AtomicU32, Ordering};

use calcom::{
    Booking, Context, HookError, Lifecycle, MemoryStore, Receiver, Signer, Verifier,
    webhook::Arrival,
};

/// Counts bookings; the first attempt fails on purpose.
struct Counter {
    booked: AtomicU32,
}

impl Lifecycle for Counter {
    fn name(&self) -> &str {
        "counter"
    }

    async fn on_booked(&self, cx: &Context, booking: &Booking) -> Result<(), HookError> {
        if cx.attempt() == 1 {
            println!("attempt 1 fails, the next one follows within 5 seconds");
            return Err(HookError::transient("the counter is busy"));
        }
        let count = self.booked.fetch_add(1, Ordering::Relaxed) + 1;
        println!("attempt {}: booking {count} is {}", cx.attempt(), booking.title);
        Ok(())
    }

    /// Everything that has no method of its own ends here.
    async fn on_any(&self, cx: &Context) -> Result<(), HookError> {
        println!("not counted: {:?}", cx.event().trigger());
        Ok(())
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let (secret, store) = ("a secret for this example", MemoryStore::new());
    let receiver = Receiver::builder(Verifier::new(secret)?)
        .store(store.clone())
        .hook(Counter { booked: AtomicU32::new(0) })
        .build()?;
    for body in [
        r#"{"triggerEvent":"BOOKING_CREATED","createdAt":"2026-05-04T09:30:00.000Z","payload":{
            "uid":"b1","title":"Strategy hour","startTime":"2026-05-11T08:00:00Z",
            "endTime":"2026-05-11T09:00:00Z"}}"#,
        r#"{"triggerEvent":"BOOKING_CONFIRMED","payload":{}}"#,
    ] {
        let verified = Verifier::new(secret)?.verify(body, Signer::new(secret)?.sign(body))?;
        receiver.accept(Arrival::new(verified)).await?;
    }
    store.idle().await;
    Ok(())
}
