//! Days on which somebody cannot be booked.

use chrono::{DateTime, FixedOffset, Utc};
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use crate::{UserId, time};

/// An out-of-office entry that was created or updated (`OOO_CREATED`).
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct OutOfOffice {
    /// The entry.
    #[serde(rename = "oooEntry")]
    pub entry: OutOfOfficeEntry,
}

/// The entry of an [`OutOfOffice`].
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct OutOfOfficeEntry {
    /// The entry's number.
    pub id: Option<i64>,
    /// The entry's uuid; it stays when the entry is updated.
    pub uuid: Option<String>,
    /// The first moment, on the user's clock.
    #[serde(default, deserialize_with = "time::maybe")]
    pub start: Option<DateTime<FixedOffset>>,
    /// The last moment, on the user's clock.
    #[serde(default, deserialize_with = "time::maybe")]
    pub end: Option<DateTime<FixedOffset>>,
    /// When the entry was made.
    #[serde(default, deserialize_with = "time::maybe")]
    pub created_at: Option<DateTime<Utc>>,
    /// When the entry was last changed.
    #[serde(default, deserialize_with = "time::maybe")]
    pub updated_at: Option<DateTime<Utc>>,
    /// What the user wrote.
    pub notes: Option<String>,
    /// The reason.
    pub reason: Option<OutOfOfficeReason>,
    /// The reason's number.
    pub reason_id: Option<i64>,
    /// Who is away.
    pub user: Option<OutOfOfficeUser>,
    /// Who takes the bookings meanwhile.
    pub to_user: Option<OutOfOfficeUser>,
}

/// The reason of an [`OutOfOfficeEntry`].
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct OutOfOfficeReason {
    /// An emoji.
    pub emoji: Option<String>,
    /// A translation key such as `ooo_reasons_vacation`, or the user's own words.
    pub reason: Option<String>,
}

/// Somebody an [`OutOfOfficeEntry`] names.
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct OutOfOfficeUser {
    /// The number.
    pub id: Option<UserId>,
    /// The name.
    pub name: Option<String>,
    /// The user name.
    pub username: Option<String>,
    /// The IANA time zone.
    pub time_zone: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
}
