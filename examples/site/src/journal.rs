//! A hook that logs each transition in one line.

use calcom::{Booking, Context, HookError, Lifecycle, core::Event};
use chrono::{DateTime, Utc};

/// Logs what happens: event types and times, never who.
pub(crate) struct Journal;

impl Lifecycle for Journal {
    fn name(&self) -> &str {
        "journal"
    }

    async fn on_any(&self, cx: &Context) -> Result<(), HookError> {
        match (cx.transition(), cx.event()) {
            (Some(transition), event) => {
                let subject = event.booking().map(|booking| about(booking)).unwrap_or_default();
                tracing::info!("{}{subject}", transition.change);
            }
            (None, Event::Unknown(unknown)) => {
                tracing::info!("unknown trigger {}", unknown.trigger);
            }
            (None, Event::Opaque(opaque)) => {
                tracing::info!("a body that is no cal.com event: {}", opaque.reason);
            }
            (None, _) => {}
        }
        Ok(())
    }
}

fn about(booking: &Booking) -> String {
    let title = booking.event_title.as_deref().or(booking.event_type_slug.as_deref());
    let mut line = format!(": {}", title.unwrap_or("a booking"));
    if let Some(start) = booking.start {
        line += &format!(" on {}", time(start));
    }
    if let Some(before) = booking.reschedule_start {
        line += &format!(", before on {}", time(before));
    }
    if let Some(uid) = &booking.uid {
        line += &format!(" ({uid})");
    }
    line
}

fn time(at: DateTime<Utc>) -> impl std::fmt::Display {
    at.format("%a %d %b %Y %H:%M UTC")
}
