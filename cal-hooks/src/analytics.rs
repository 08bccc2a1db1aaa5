//! Events: what visitors and bookings do, from the page view to the feedback.

mod browser;
mod hook;
#[cfg(feature = "store")]
mod local;
#[cfg(feature = "posthog")]
mod posthog;
mod reading;

use std::future::Future;

use cal_core::BookingUid;
use cal_webhook::HookError;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

pub use browser::SchemaError;
pub use hook::AnalyticsHook;
#[cfg(feature = "store")]
#[cfg_attr(docsrs, doc(cfg(feature = "store")))]
pub use local::{Appointments, LocalAnalytics};
#[cfg(feature = "posthog")]
#[cfg_attr(docsrs, doc(cfg(feature = "posthog")))]
pub use posthog::PostHog;

/// A system that counts events.
pub trait Analytics: Send + Sync + 'static {
    /// Takes an event; the same [`Event::key`] twice is one event.
    fn capture(&self, event: &Event) -> impl Future<Output = Result<(), HookError>> + Send;
}

/// Something that a visitor did, or that happened to a booking.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Event {
    /// The same in every attempt at telling it.
    pub key: String,
    /// The name: `page_view`, `booking_created`.
    pub name: String,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// Who did it: the page's random visitor id where the booking carries it, else the booking.
    pub visitor: String,
    /// The booking.
    pub uid: Option<BookingUid>,
    /// The service: the last part of the event type's link.
    pub service: Option<String>,
    /// What else is known; no names, addresses or texts that people typed.
    pub properties: Map<String, Value>,
}

impl Event {
    /// Makes an event of which only these are known; the other members can be set.
    #[must_use]
    pub fn new(key: String, name: String, at: DateTime<Utc>, visitor: String) -> Self {
        Self { key, name, at, visitor, uid: None, service: None, properties: Map::new() }
    }
}
