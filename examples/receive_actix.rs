//! Receives Cal.com webhooks in actix-web and prints what happens to bookings.
//!
//! `CAL_WEBHOOK_SECRET=… cargo run --features actix --example receive_actix`

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::{env, time::Duration};

use actix_web::{App, HttpServer, web};
use calcom::{Hook, Receiver, Verifier};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let receiver = Receiver::builder(Verifier::new(env::var("CAL_WEBHOOK_SECRET")?)?)
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
    let app = move || {
        let webhook = calcom::actix::configure(receiver.clone());
        App::new().service(web::scope("/api/webhooks/cal").configure(webhook))
    };
    println!("point the webhook to http://127.0.0.1:3000/api/webhooks/cal");
    // What these cannot do is the business of a proxy in front: see the documentation of cal-actix.
    let server = HttpServer::new(app)
        .client_request_timeout(Duration::from_secs(10))
        .keep_alive(Duration::from_secs(10))
        .workers(2)
        .max_connections(128);
    Ok(server.bind("127.0.0.1:3000")?.run().await?)
}
