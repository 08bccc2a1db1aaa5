//! Writes every mail in every language into a folder, to look at: `letters <folder>`.
//!
//! Run it with `cargo run -p cal-hooks --example letters --features email -- letters`.

use std::{env, error::Error, fs, path::PathBuf};

use cal_core::{Booking, Delivery};
use cal_hooks::email::{Kind, Mail, Mailer, Transport};
use cal_webhook::HookError;
use serde_json::json;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(env::args().nth(1).ok_or("expected a folder")?);
    let mailer = Mailer::new(Nowhere, "Ida Falk <ida@example.com>".parse()?)
        .site("https://booking.example.com")?;
    #[cfg(feature = "store")]
    let mailer = mailer.tokens(cal_hooks::token::Tokens::new("a key of the example".into()));
    for language in ["en", "de"] {
        let folder = folder.join(language);
        fs::create_dir_all(&folder)?;
        let booking = booking(language).ok_or("expected a booking")?;
        for kind in Kind::ALL {
            let texts = mailer.preview(kind, &booking)?;
            let file = folder.join(kind.as_str());
            fs::write(file.with_extension("html"), texts.html)?;
            let text = format!("Subject: {}\n\n{}", texts.subject, texts.text);
            fs::write(file.with_extension("txt"), text)?;
        }
    }
    Ok(())
}

/// A booking as Cal.com would send it.
fn booking(language: &str) -> Option<Booking> {
    let body = json!({
        "triggerEvent": "BOOKING_RESCHEDULED",
        "createdAt": "2026-05-04T09:30:00.000Z",
        "payload": {
            "uid": "first",
            "type": "strategy",
            "title": "Strategy hour between Ida Falk and Jonas Weber",
            "eventTitle": "Strategy hour",
            "startTime": "2026-05-11T08:00:00Z",
            "endTime": "2026-05-11T09:00:00Z",
            "rescheduleStartTime": "2026-05-07T12:30:00Z",
            "rescheduleEndTime": "2026-05-07T13:30:00Z",
            "organizer": {
                "name": "Ida Falk",
                "email": "ida@example.com",
                "username": "ida",
                "timeZone": "Europe/Oslo",
                "language": {"locale": language},
            },
            "attendees": [{
                "name": "Jonas Weber",
                "email": "jonas@example.org",
                "timeZone": "America/Vancouver",
                "language": {"locale": language},
            }],
            "location": "integrations:daily",
            "metadata": {"videoCallUrl": "https://app.cal.com/video/first"},
            "additionalNotes": "We would like to talk about the autumn.\nTwo of us will come.",
            "price": 12_000,
            "currency": "eur",
            "cancelledBy": "ida@example.com",
            "cancellationReason": "I have to travel that day.",
        },
    });
    let delivery = Delivery::parse(body.to_string());
    delivery.event.booking().map(|booking| Booking::clone(booking))
}

/// Sends nothing.
struct Nowhere;

impl Transport for Nowhere {
    async fn send(&self, _: &Mail) -> Result<(), HookError> {
        Ok(())
    }
}
