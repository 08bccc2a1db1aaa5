//! Attributes of an organization's members, such as their office or their languages.

use cal_core::TeamId;
use serde::Deserialize;

use crate::{
    attribute_options::NewAttributeOption,
    error::Error,
    id::AttributeId,
    list::List,
    scope::{Org, handler},
    wire::{input, open_enum, or_default},
};

handler! {
    /// The attributes that members of an organization can have.
    ///
    /// [`AttributeOptions`](crate::attribute_options::AttributeOptions) has their values, and who has
    /// which.
    ///
    /// ```no_run
    /// # async fn example(client: cal_client::Client) -> Result<(), cal_client::Error> {
    /// use cal_client::{
    ///     attribute_options::NewAttributeOption,
    ///     attributes::{AttributeType, NewAttribute},
    /// };
    ///
    /// let options = [("Berlin", "berlin"), ("Lisbon", "lisbon")]
    ///     .map(|(value, slug)| NewAttributeOption::new(value, slug));
    /// let office = NewAttribute::new("Office", "office", AttributeType::SingleSelect, options);
    /// let office = client.org(1).attributes().create(&office).await?;
    /// println!("{}", office.id);
    /// # Ok(())
    /// # }
    /// ```
    pub struct Attributes;
    Org.attributes: "Returns the handler of what members of the organization are told apart by.",
}

impl Attributes<Org> {
    /// Lists the attributes.
    pub fn list(&self) -> List<Attribute, Org> {
        self.at.get("/attributes", &[]).list()
    }

    /// Makes an attribute.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn create(&self, attribute: &NewAttribute) -> Result<Attribute, Error> {
        self.at.post("/attributes", &[]).json(attribute).data().await
    }

    /// Returns an attribute, if there is such a one.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn get(&self, id: impl Into<AttributeId>) -> Result<Option<Attribute>, Error> {
        let id = id.into();
        self.at.get("/attributes/{}", &[&id]).data().await
    }

    /// Changes an attribute.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn update(
        &self,
        id: impl Into<AttributeId>,
        update: &UpdateAttribute,
    ) -> Result<Attribute, Error> {
        let id = id.into();
        self.at.patch("/attributes/{}", &[&id]).json(update).data().await
    }

    /// Deletes an attribute, and returns what it was.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn delete(&self, id: impl Into<AttributeId>) -> Result<Attribute, Error> {
        let id = id.into();
        self.at.delete("/attributes/{}", &[&id]).data().await
    }
}

/// An attribute (`Attribute` in Cal.com's API description).
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct Attribute {
    /// The attribute's id.
    pub id: AttributeId,
    /// The number of the organization, which is a team to Cal.com.
    pub team_id: Option<TeamId>,
    /// What values it has.
    #[serde(rename = "type")]
    pub kind: Option<AttributeType>,
    /// The name.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// The name in filters.
    pub slug: Option<String>,
    /// Whether it is used, and shown on profiles.
    pub enabled: Option<bool>,
    /// Whether members may say themselves what they are.
    pub users_can_edit_relation: Option<bool>,
}

open_enum! {
    /// What values an attribute has.
    pub enum AttributeType {
        /// Several of its options.
        MultiSelect = "MULTI_SELECT",
        /// A number.
        Number = "NUMBER",
        /// One of its options.
        SingleSelect = "SINGLE_SELECT",
        /// A text.
        Text = "TEXT",
    }
}

input! {
    /// An attribute to make.
    pub struct NewAttribute {
        required {
            name: String,
            slug: String,
            #[serde(rename = "type")]
            kind: AttributeType,
            options: Vec<NewAttributeOption>,
        }
        optional {
            /// Sets whether it is used, and shown on profiles.
            enabled: bool,
        }
    }
}

input! {
    /// What to change of an attribute.
    pub struct UpdateAttribute {
        optional {
            /// Sets the name.
            name: String,
            /// Sets the name in filters.
            slug: String,
            /// Sets what values it has.
            #[serde(rename = "type")]
            kind: AttributeType,
            /// Sets whether it is used, and shown on profiles.
            enabled: bool,
        }
    }
}
