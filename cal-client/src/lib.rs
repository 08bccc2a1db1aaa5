#![doc = include_str!("../README.md")]
//!
//! # Where its types come from
//!
//! Names and members follow Cal.com's published API description, and where a real server differs,
//! the server. Everything that may be absent or `null` is an `Option`, enums keep spellings they do
//! not know, and members they do not know are passed over, so a newer server is no reason to fail.

#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod api_keys;
#[cfg(feature = "orgs")]
pub mod attribute_options;
#[cfg(feature = "orgs")]
pub mod attributes;
mod auth;
pub mod booking_attendees;
pub mod bookings;
pub mod calendars;
mod client;
mod clock;
pub mod conferencing;
#[cfg(feature = "orgs")]
pub mod delegation_credentials;
pub mod destination_calendars;
mod error;
pub mod event_types;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
pub mod id;
pub mod invites;
mod items;
mod list;
#[cfg(all(feature = "orgs", feature = "platform"))]
pub mod managed_orgs;
#[cfg(feature = "platform")]
pub mod managed_users;
pub mod me;
pub mod memberships;
pub mod oauth;
#[cfg(feature = "platform")]
pub mod oauth_clients;
#[cfg(feature = "orgs")]
pub mod org_users;
#[cfg(feature = "orgs")]
pub mod out_of_office;
mod patch;
mod path;
pub mod private_links;
mod raw;
mod request;
mod retry;
#[cfg(feature = "orgs")]
pub mod role_permissions;
#[cfg(feature = "orgs")]
pub mod roles;
#[cfg(feature = "orgs")]
pub mod routing_form_responses;
pub mod routing_forms;
pub mod schedules;
pub mod scope;
mod secret;
pub mod selected_calendars;
mod session;
pub mod slot_reservations;
pub mod slots;
pub mod stripe;
pub mod teams;
mod tls;
mod transport;
pub mod unified_calendars;
pub mod verified_resources;
pub mod webhooks;
mod wire;
#[cfg(feature = "orgs")]
pub mod workflows;

pub use auth::Auth;
pub use client::{Client, ClientBuilder, EU, US};
pub use error::Error;
pub use list::{List, Page, Pagination, SetAside};
pub use patch::Patch;
pub use raw::RawRequest;
/// What a [`RawRequest`] does.
pub use reqwest::Method;
pub use retry::RetryPolicy;
pub use session::{Session, TokenStore, Tokens};
