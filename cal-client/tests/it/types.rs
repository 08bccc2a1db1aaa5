//! Types of the wire, one by one: how they are read, written and shown.

mod booking_fields;
pub(crate) mod bookings;
mod delegation_credentials;
mod event_type_locations;
mod event_types;
mod platform;
mod slots;
mod teams;
mod webhooks;
mod workflow_steps;
mod workflows;
