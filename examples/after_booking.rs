//! What happens after a booking: mails, contacts, payments and numbers, each with retries of its own.

use axum::Router;
use calcom::{
    Receiver, SqlStore, Verifier,
    hooks::{
        analytics::{AnalyticsHook, Appointments, LocalAnalytics},
        crm::{CrmHook, LocalCrm},
        email::{Files, Mailer, plan},
        payments::Payments,
    },
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let store = SqlStore::open("sqlite://bookings.db").await?;
    // In production: `Smtp::new(url)?` or `Resend::new(key)?` in place of a folder.
    let mail = Mailer::new(Files::new("outbox"), "Ida Falk <ida@example.com>".parse()?)
        .site("https://booking.example.com")?
        .store(store.clone());
    let receiver = Receiver::builder(Verifier::new(std::env::var("CAL_WEBHOOK_SECRET")?)?)
        .store(store.clone())
        .hook(mail.attendees())
        .hook(mail.host_notices())
        .hook(mail.sequence("email-reminders", plan::reminders()))
        .hook(CrmHook::new(LocalCrm::new(store.clone())))
        .hook(AnalyticsHook::new(LocalAnalytics::new(store.clone())))
        .hook(Appointments::new(store.clone()))
        .hook(Payments::new(store))
        .build()?;
    receiver.start();
    let app = Router::new().nest_service("/api/webhooks/cal", calcom::axum::router(receiver));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    calcom::axum::serve(listener, app).await?;
    Ok(())
}
