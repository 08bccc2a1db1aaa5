//! Delegated calendar credentials of an organisation.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use crate::{OrganizationId, UserId, time};

/// A delegated credential that failed for a user (`DELEGATION_CREDENTIAL_ERROR`).
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct DelegationError {
    /// What went wrong.
    pub error: Option<CredentialFailure>,
    /// The credential.
    pub credential: Option<Credential>,
    /// The user.
    pub user: Option<CredentialOwner>,
}

/// What went wrong with a [`Credential`].
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CredentialFailure {
    /// The name of Cal.com's error class, `CalendarAppDelegationCredentialInvalidGrantError`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The message.
    pub message: Option<String>,
}

/// A credential for a calendar app.
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Credential {
    /// The number; `-1` for a credential that is not stored.
    pub id: Option<i64>,
    /// The kind, `google_calendar`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The app, `google-calendar`.
    pub app_id: Option<String>,
    /// The delegated credential it comes from.
    pub delegation_credential_id: Option<String>,
}

/// The user of a [`Credential`].
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CredentialOwner {
    /// The number.
    pub id: Option<UserId>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The organisation.
    pub organization_id: Option<OrganizationId>,
}

/// A secret that was rotated, could not be rotated, or must be rotated by hand.
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DelegationRotation {
    /// The credential.
    pub delegation_credential: Option<DelegationCredential>,
    /// Why the rotation failed.
    pub error: Option<RotationFailure>,
}

/// The credential of a [`DelegationRotation`].
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DelegationCredential {
    /// The id.
    pub id: Option<String>,
    /// The platform, `office365`.
    pub workspace_platform: Option<String>,
    /// The organisation's domain.
    pub domain: Option<String>,
    /// The organisation.
    pub organization_id: Option<OrganizationId>,
    /// When the secret expires.
    #[serde(default, deserialize_with = "time::maybe")]
    pub secret_expires_at: Option<DateTime<Utc>>,
}

/// Why a rotation failed.
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RotationFailure {
    /// `SECRET_MINT_FAILED` or `SECRET_PROMOTION_FAILED`.
    pub code: Option<String>,
    /// The message.
    pub message: Option<String>,
}
