//! Tests of the ready-made hooks.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

mod analytics;
#[path = "../../../cal-webhook/tests/it/bodies.rs"]
mod bodies;
mod calendar;
mod crm;
mod delivery;
mod failures;
mod feedback;
mod hubspot;
mod letters;
mod outage;
#[path = "../../../cal-store/tests/it/place.rs"]
mod place;
mod post;
mod posthog;
mod resend;
mod sequence;
mod server;
mod slack;
mod troubles;
mod webhook;
mod zone;
