//! Credentials with which an organization lets Cal.com into its members' calendars.

use cal_core::OrganizationId;
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::{
    error::Error,
    id::DelegationCredentialId,
    scope::{Org, handler},
    wire::input,
};

handler! {
    /// The delegation credentials of an organization: one service account for all calendars.
    ///
    /// ```no_run
    /// # async fn example(client: cal_client::Client) -> Result<(), cal_client::Error> {
    /// use cal_client::delegation_credentials::{
    ///     GoogleKey, NewDelegationCredential, UpdateDelegationCredential,
    /// };
    ///
    /// let key = GoogleKey::new("-----BEGIN ...", "cal@project.example", "10987654321");
    /// let credential = NewDelegationCredential::new("google", "example.org", key);
    /// let credentials = client.org(1).delegation_credentials();
    /// let credential = credentials.create(&credential).await?;
    /// credentials.update(credential.id, &UpdateDelegationCredential::new().enabled(true)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub struct DelegationCredentials;
    Org.delegation_credentials: "Returns the handler of the organization's delegation credentials.",
}

impl DelegationCredentials<Org> {
    /// Saves a credential.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn create(
        &self,
        credential: &NewDelegationCredential,
    ) -> Result<DelegationCredential, Error> {
        self.at.post("/delegation-credentials", &[]).json(credential).data().await
    }

    /// Switches a credential on or off, or gives it another key, which switches it off first.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn update(
        &self,
        id: impl Into<DelegationCredentialId>,
        update: &UpdateDelegationCredential,
    ) -> Result<DelegationCredential, Error> {
        let id = id.into();
        self.at.patch("/delegation-credentials/{}", &[&id]).json(update).data().await
    }
}

/// A delegation credential, without its key (`DelegationCredentialOutput` in Cal.com's API
/// description).
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct DelegationCredential {
    /// The credential's id.
    pub id: DelegationCredentialId,
    /// Whether it is used.
    pub enabled: Option<bool>,
    /// The domain of the e-mail addresses it is used for.
    pub domain: Option<String>,
    /// The organization.
    pub organization_id: Option<OrganizationId>,
    /// Where the calendars are.
    pub workspace_platform: Option<WorkspacePlatform>,
    /// When it was saved.
    pub created_at: Option<DateTime<Utc>>,
    /// When it was last changed.
    pub updated_at: Option<DateTime<Utc>>,
}

/// Where an organization has its calendars.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct WorkspacePlatform {
    /// The name for people to read.
    pub name: Option<String>,
    /// The name that [`NewDelegationCredential`] takes.
    pub slug: Option<String>,
}

/// The key of a service account.
///
/// Cal.com's API description asks for a list of them; its source takes one.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
#[serde(untagged)]
pub enum ServiceAccountKey {
    /// A service account of Google.
    Google(GoogleKey),
    /// An app registration of Microsoft.
    Microsoft(MicrosoftKey),
}

impl From<GoogleKey> for ServiceAccountKey {
    fn from(key: GoogleKey) -> Self {
        Self::Google(key)
    }
}

impl From<MicrosoftKey> for ServiceAccountKey {
    fn from(key: MicrosoftKey) -> Self {
        Self::Microsoft(key)
    }
}

input! {
    /// The key of a service account of Google, with the names of its JSON file.
    pub struct GoogleKey {
        required {
            #[serde(rename = "private_key", serialize_with = "crate::secret::send")]
            private_key: SecretString,
            #[serde(rename = "client_email")]
            client_email: String,
            #[serde(rename = "client_id")]
            client_id: String,
        }
    }
}

input! {
    /// The secret of an app registration of Microsoft.
    pub struct MicrosoftKey {
        required {
            #[serde(rename = "private_key", serialize_with = "crate::secret::send")]
            private_key: SecretString,
            #[serde(rename = "tenant_id")]
            tenant_id: String,
            #[serde(rename = "client_id")]
            client_id: String,
        }
    }
}

input! {
    /// A delegation credential to save; it is not used until it is switched on.
    pub struct NewDelegationCredential {
        required {
            workspace_platform_slug: String,
            domain: String,
            service_account_key: ServiceAccountKey,
        }
    }
}

input! {
    /// What to change of a delegation credential.
    pub struct UpdateDelegationCredential {
        optional {
            /// Sets whether it is used.
            enabled: bool,
            /// Sets the key.
            service_account_key: ServiceAccountKey,
        }
    }
}
