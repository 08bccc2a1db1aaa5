//! Organizations within a platform customer's organization (Cal.com deprecates the platform).

use cal_core::OrganizationId;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    error::Error,
    list::List,
    scope::{Org, handler},
    secret,
    wire::{input, or_default},
};

handler! {
    /// The organizations that an organization manages, [`Org::organizations`].
    ///
    /// Only administrators of a platform customer's organization have these, from the plan `SCALE`
    /// on; Cal.com deprecates the platform.
    ///
    /// ```no_run
    /// # async fn example(client: cal_client::Client) -> Result<(), cal_client::Error> {
    /// use cal_client::managed_orgs::NewManagedOrg;
    ///
    /// let organizations = client.org(7).organizations();
    /// let made = organizations.create(&NewManagedOrg::new("Acme").slug("acme")).await?;
    /// println!("{}", organizations.get(made.organization.id).await?.name);
    /// # Ok(())
    /// # }
    /// ```
    pub struct ManagedOrgs;
    Org.organizations: "Returns the handler of the organizations that the organization manages.",
}

impl ManagedOrgs<Org> {
    /// Lists the organizations.
    pub fn list(&self) -> List<ManagedOrg, Org> {
        self.at.get("/organizations", &[]).list()
    }

    /// Makes an organization, with an API key of its own.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn create(&self, new: &NewManagedOrg) -> Result<MadeManagedOrg, Error> {
        self.at.post("/organizations", &[]).json(new).data().await
    }

    /// Returns an organization.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn get(&self, id: impl Into<OrganizationId>) -> Result<ManagedOrg, Error> {
        self.at.get("/organizations/{}", &[&id.into()]).data().await
    }

    /// Changes an organization.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn update(
        &self,
        id: impl Into<OrganizationId>,
        update: &UpdateManagedOrg,
    ) -> Result<ManagedOrg, Error> {
        self.at.patch("/organizations/{}", &[&id.into()]).json(update).data().await
    }

    /// Deletes an organization, and returns what it was.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn delete(&self, id: impl Into<OrganizationId>) -> Result<ManagedOrg, Error> {
        self.at.delete("/organizations/{}", &[&id.into()]).data().await
    }
}

impl List<ManagedOrg, Org> {
    /// Only the organization with this slug.
    pub fn slug(self, slug: &str) -> Self {
        self.map(|request| request.query("slug", slug))
    }

    /// Only organizations with this value under this key of their metadata; upper and lower case
    /// matter.
    pub fn metadata(self, key: &str, value: &str) -> Self {
        self.map(|request| request.query("metadataKey", key).query("metadataValue", value))
    }
}

/// An organization that another one manages (`ManagedOrganizationOutput`).
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct ManagedOrg {
    /// The organization's number.
    pub id: OrganizationId,
    /// The name.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// The name in addresses.
    pub slug: Option<String>,
    /// Data of your own.
    pub metadata: Option<Map<String, Value>>,
}

/// An organization that was made, and its key (`ManagedOrganizationWithApiKeyOutput`).
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct MadeManagedOrg {
    /// The organization.
    #[serde(flatten)]
    pub organization: ManagedOrg,
    /// The API key of the organization; it is not shown again.
    #[serde(deserialize_with = "secret::read")]
    pub api_key: SecretString,
}

input! {
    /// An organization to make.
    pub struct NewManagedOrg {
        required {
            /// The name.
            name: String,
        }
        optional {
            /// Sets for how many days the API key is valid; 30 unless set.
            api_key_days_valid: u32,
            /// Sets whether the API key is valid for ever.
            api_key_never_expires: bool,
            /// Sets the name in addresses; made of the name unless set.
            slug: String,
            /// Sets data of your own: at most 50 keys of 40 characters; texts of 500 characters,
            /// numbers and booleans.
            metadata: Map<String, Value>,
        }
    }
}

input! {
    /// What to change of an organization.
    pub struct UpdateManagedOrg {
        optional {
            /// Sets the name.
            name: String,
            /// Sets data of your own, as for [`NewManagedOrg`].
            metadata: Map<String, Value>,
        }
    }
}
