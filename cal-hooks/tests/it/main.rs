//! Tests of the ready-made hooks.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

#[cfg(feature = "store")]
mod analytics;
#[path = "../../../cal-webhook/tests/it/bodies.rs"]
mod bodies;
#[cfg(feature = "email")]
mod calendar;
#[cfg(feature = "store")]
mod crm;
#[cfg(feature = "http")]
mod delivery;
#[cfg(feature = "http")]
mod failures;
#[cfg(feature = "store")]
mod feedback;
#[cfg(feature = "hubspot")]
mod hubspot;
#[cfg(feature = "email")]
mod letters;
#[cfg(all(feature = "smtp", feature = "hubspot", feature = "store"))]
mod outage;
#[path = "../../../cal-store/tests/it/place.rs"]
mod place;
#[cfg(feature = "smtp")]
mod post;
#[cfg(feature = "posthog")]
mod posthog;
#[cfg(feature = "resend")]
mod resend;
mod sequence;
#[cfg(feature = "http")]
mod server;
#[cfg(feature = "notify")]
mod slack;
#[cfg(all(feature = "email", feature = "notify", feature = "store"))]
mod troubles;
#[cfg(feature = "notify")]
mod webhook;
#[cfg(feature = "email")]
mod zone;
