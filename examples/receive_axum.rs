//! Receives Cal.com webhooks in axum, keeps them in SQLite and prints what happens to bookings.
//!
//! `CAL_WEBHOOK_SECRET=… cargo run --features serve,sqlite --example receive_axum`

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::env;

use axum::Router;
use calcom::{Hook, Receiver, SqlStore, Verifier};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let receiver = Receiver::builder(Verifier::new(env::var("CAL_WEBHOOK_SECRET")?)?)
        .store(SqlStore::open("sqlite://bookings.db").await?)
        .hook(
            Hook::named("print")
                .on_booked(|_cx, booking| async move {
                    println!("booked: {} at {:?}", booking.title, booking.start);
                    Ok(())
                })
                .on_rescheduled(|_cx, booking| async move {
                    println!("moved: {} to {:?}", booking.title, booking.start);
                    Ok(())
                })
                .on_cancelled(|_cx, booking| async move {
                    println!("cancelled: {}", booking.title);
                    Ok(())
                }),
        )
        .build()?;
    let app = Router::new().nest_service("/api/webhooks/cal", calcom::axum::router(receiver));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!("point the webhook to http://{}/api/webhooks/cal", listener.local_addr()?);
    let serve = calcom::axum::serve(listener, app);
    Ok(serve.with_graceful_shutdown(calcom::axum::shutdown_signal()).await?)
}
