//! Calendars as the API shows them.

use cal_core::{EventTypeId, TeamId, UserId};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use super::CalendarIntegration;
use crate::{id::CredentialId, wire::or_default};

/// The connected calendars, and where bookings are written.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct ConnectedCalendars {
    /// The accounts at providers, with their calendars.
    #[serde(default, deserialize_with = "or_default")]
    pub connected_calendars: Vec<ConnectedCalendar>,
    /// Where bookings are written; everything in it is absent when no calendar is connected.
    pub destination_calendar: Option<DestinationCalendar>,
}

/// An account at a provider, with its calendars.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct ConnectedCalendar {
    /// The app that makes the connection.
    #[serde(default, deserialize_with = "or_default")]
    pub integration: CalendarApp,
    /// The number of the stored credential.
    pub credential_id: Option<CredentialId>,
    /// The id of the delegated credential.
    pub delegation_credential_id: Option<String>,
    /// The account's main calendar.
    pub primary: Option<Calendar>,
    /// All calendars of the account; empty when they cannot be read.
    #[serde(default, deserialize_with = "or_default")]
    pub calendars: Vec<Calendar>,
    /// Why they cannot be read; it stands in Cal.com's source, and not in its API description.
    pub error: Option<CalendarFailure>,
}

/// Why the calendars of an account cannot be read.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct CalendarFailure {
    /// What is wrong, for people.
    pub message: Option<String>,
}

/// The app that makes a connection (`Integration` in Cal.com's API description).
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct CalendarApp {
    /// What kind of calendar it is.
    #[serde(rename = "type")]
    pub kind: Option<CalendarIntegration>,
    /// The name, for people.
    pub name: Option<String>,
    /// Another name, for people.
    pub title: Option<String>,
    /// What it does.
    pub description: Option<String>,
    /// The name in addresses.
    pub slug: Option<String>,
    /// The folder of its source within Cal.com's.
    pub dir_name: Option<String>,
    /// What it is for, such as `calendar`.
    pub variant: Option<String>,
    /// The name that `categories` had.
    pub category: Option<String>,
    /// What it is for.
    #[serde(default, deserialize_with = "or_default")]
    pub categories: Vec<String>,
    /// The address of a picture.
    pub logo: Option<String>,
    /// Who made it.
    pub publisher: Option<String>,
    /// Where there is more about it.
    pub url: Option<String>,
    /// The address of those who made it.
    pub email: Option<String>,
    /// Whether the server has it.
    pub installed: Option<bool>,
    /// What the app keeps, in its own form.
    pub app_data: Option<Value>,
    /// The location that the app offers, in its own form.
    pub location_option: Option<Value>,
}

/// A calendar.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct Calendar {
    /// The calendar's id at its provider.
    #[serde(default, deserialize_with = "or_default")]
    pub external_id: String,
    /// What kind of calendar it is.
    pub integration: Option<CalendarIntegration>,
    /// The name, for people.
    pub name: Option<String>,
    /// The address of the calendar's account.
    pub email: Option<String>,
    /// Whether it is the account's main calendar.
    pub primary: Option<bool>,
    /// Whether nothing can be written to it.
    pub read_only: Option<bool>,
    /// Whether it is asked for conflicts.
    pub is_selected: Option<bool>,
    /// The number of the stored credential.
    pub credential_id: Option<CredentialId>,
    /// The id of the delegated credential.
    pub delegation_credential_id: Option<String>,
}

/// The calendar to which bookings are written.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct DestinationCalendar {
    /// The number of the row, or a text where there is no row.
    pub id: Option<Value>,
    /// What kind of calendar it is.
    pub integration: Option<CalendarIntegration>,
    /// The calendar's id at its provider.
    pub external_id: Option<String>,
    /// The address of the calendar's account.
    pub primary_email: Option<String>,
    /// The user it belongs to.
    pub user_id: Option<UserId>,
    /// The event type it belongs to.
    pub event_type_id: Option<EventTypeId>,
    /// The number of the stored credential.
    pub credential_id: Option<CredentialId>,
    /// The id of the delegated credential.
    pub delegation_credential_id: Option<String>,
    /// The name, for people.
    pub name: Option<String>,
    /// Whether it is the account's main calendar.
    pub primary: Option<bool>,
    /// Whether nothing can be written to it.
    pub read_only: Option<bool>,
    /// The address of the calendar's account, as its provider has it.
    pub email: Option<String>,
    /// The name of the app that makes the connection.
    pub integration_title: Option<String>,
}

/// A time at which a calendar says that one is busy.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct BusyTime {
    /// When it begins.
    pub start: DateTime<Utc>,
    /// When it ends.
    pub end: DateTime<Utc>,
    /// Which calendar says so.
    pub source: Option<String>,
}

/// A stored credential of calendars.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct CalendarCredential {
    /// The credential's number.
    pub id: CredentialId,
    /// What kind of calendar it is for.
    #[serde(rename = "type")]
    pub kind: Option<CalendarIntegration>,
    /// The user it belongs to.
    pub user_id: Option<UserId>,
    /// The team it belongs to.
    pub team_id: Option<TeamId>,
    /// The app it belongs to, such as `ics-feed`.
    pub app_id: Option<String>,
    /// Whether the provider no longer takes it.
    pub invalid: Option<bool>,
}

/// A calendar that was chosen, for conflicts or to be written to.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct CalendarChoice {
    /// The user who chose it.
    pub user_id: Option<UserId>,
    /// What kind of calendar it is.
    pub integration: Option<CalendarIntegration>,
    /// The calendar's id at its provider.
    pub external_id: Option<String>,
    /// The number of the stored credential.
    pub credential_id: Option<CredentialId>,
}
