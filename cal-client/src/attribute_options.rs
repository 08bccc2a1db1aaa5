//! The values of an organization's attributes, and which member has which.

use cal_core::{TeamId, UserId};
use serde::Deserialize;

use crate::{
    error::Error,
    id::{AttributeId, AttributeOptionId, MembershipId},
    list::List,
    scope::{Org, handler},
    wire::{input, or_default},
};

handler! {
    /// The options of attributes, and who has them.
    ///
    /// Texts and numbers are options, too: one for each that a member has.
    ///
    /// ```no_run
    /// # async fn example(client: cal_client::Client) -> Result<(), cal_client::Error> {
    /// use cal_client::attribute_options::NewAssignment;
    ///
    /// let options = client.org(1).attribute_options();
    /// let berlin = NewAssignment::new("office").attribute_option_id("berlin");
    /// options.assign(42, &berlin).await?;
    /// for option in options.of_user(42).await? {
    ///     println!("{}", option.value);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub struct AttributeOptions;
    Org.attribute_options: "Returns the handler of the values that attributes have.",
}

impl AttributeOptions<Org> {
    /// Lists the options of an attribute.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn list(
        &self,
        attribute: impl Into<AttributeId>,
    ) -> Result<Vec<AttributeOption>, Error> {
        let attribute = attribute.into();
        self.at.get("/attributes/{}/options", &[&attribute]).data().await
    }

    /// Adds an option to an attribute.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn create(
        &self,
        attribute: impl Into<AttributeId>,
        option: &NewAttributeOption,
    ) -> Result<AttributeOption, Error> {
        let attribute = attribute.into();
        self.at.post("/attributes/{}/options", &[&attribute]).json(option).data().await
    }

    /// Changes an option of an attribute.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn update(
        &self,
        attribute: impl Into<AttributeId>,
        option: impl Into<AttributeOptionId>,
        update: &UpdateAttributeOption,
    ) -> Result<AttributeOption, Error> {
        let (attribute, option) = (attribute.into(), option.into());
        let request = self.at.patch("/attributes/{}/options/{}", &[&attribute, &option]);
        request.json(update).data().await
    }

    /// Deletes an option of an attribute, and returns what it was.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn delete(
        &self,
        attribute: impl Into<AttributeId>,
        option: impl Into<AttributeOptionId>,
    ) -> Result<AttributeOption, Error> {
        let (attribute, option) = (attribute.into(), option.into());
        self.at.delete("/attributes/{}/options/{}", &[&attribute, &option]).data().await
    }

    /// Lists the options of an attribute that somebody has.
    pub fn assigned(&self, attribute: impl Into<AttributeId>) -> List<AssignedOption, Org> {
        let attribute = attribute.into();
        self.at.get("/attributes/{}/options/assigned", &[&attribute]).list()
    }

    /// Lists the options that somebody has of an attribute with this slug.
    pub fn assigned_by_slug(&self, slug: &str) -> List<AssignedOption, Org> {
        self.at.get("/attributes/slugs/{}/options/assigned", &[&slug]).list()
    }

    /// Returns what a member has.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn of_user(&self, user: impl Into<UserId>) -> Result<Vec<AttributeOption>, Error> {
        let user = user.into();
        self.at.get("/attributes/options/{}", &[&user]).data().await
    }

    /// Gives a member an option, or a text or number of their own.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn assign(
        &self,
        user: impl Into<UserId>,
        assignment: &NewAssignment,
    ) -> Result<Assignment, Error> {
        let user = user.into();
        self.at.post("/attributes/options/{}", &[&user]).json(assignment).data().await
    }

    /// Takes an option from a member, and returns what they had.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn unassign(
        &self,
        user: impl Into<UserId>,
        option: impl Into<AttributeOptionId>,
    ) -> Result<Assignment, Error> {
        let (user, option) = (user.into(), option.into());
        self.at.delete("/attributes/options/{}/{}", &[&user, &option]).data().await
    }
}

impl List<AssignedOption, Org> {
    /// Only those of members who have one of these options; 404 if nobody has.
    ///
    /// Cal.com leaves others out of a page after it was cut (seen in its source), so that pages are
    /// not full and a stream may end early: ask for one page of 250.
    pub fn assigned_options(
        self,
        ids: impl IntoIterator<Item = impl Into<AttributeOptionId>>,
    ) -> Self {
        let ids = ids.into_iter().map(Into::into);
        self.map(|request| request.query_list("assignedOptionIds", ids))
    }

    /// Only for members of these teams.
    pub fn teams(self, ids: impl IntoIterator<Item = impl Into<TeamId>>) -> Self {
        let ids = ids.into_iter().map(Into::into);
        self.map(|request| request.query_list("teamIds", ids))
    }
}

/// An option of an attribute (`OptionOutput` in Cal.com's API description).
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct AttributeOption {
    /// The option's id.
    pub id: AttributeOptionId,
    /// The attribute it is an option of.
    pub attribute_id: Option<AttributeId>,
    /// What it says.
    #[serde(default, deserialize_with = "or_default")]
    pub value: String,
    /// The name in filters.
    pub slug: Option<String>,
}

/// An option that somebody has (`AssignedOptionOutput` in Cal.com's API description).
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct AssignedOption {
    /// The option's id.
    pub id: AttributeOptionId,
    /// The attribute it is an option of.
    pub attribute_id: Option<AttributeId>,
    /// What it says.
    #[serde(default, deserialize_with = "or_default")]
    pub value: String,
    /// The name in filters.
    pub slug: Option<String>,
    /// Who has it.
    #[serde(default, deserialize_with = "or_default")]
    pub assigned_user_ids: Vec<UserId>,
}

/// That a member has an option (`AssignOptionUserOutputData` in Cal.com's API description).
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct Assignment {
    /// The assignment's id.
    pub id: String,
    /// The membership of the organization that has the option.
    pub member_id: Option<MembershipId>,
    /// The option.
    pub attribute_option_id: Option<AttributeOptionId>,
}

input! {
    /// An option to add to an attribute.
    pub struct NewAttributeOption {
        required {
            value: String,
            slug: String,
        }
    }
}

input! {
    /// What to change of an option.
    pub struct UpdateAttributeOption {
        optional {
            /// Sets what it says.
            value: String,
            /// Sets the name in filters.
            slug: String,
        }
    }
}

input! {
    /// What to give a member: an option, or a value if the attribute is a text or a number.
    pub struct NewAssignment {
        required {
            attribute_id: AttributeId,
        }
        optional {
            /// Gives one of the attribute's options.
            attribute_option_id: AttributeOptionId,
            /// Gives a text, or a number written as one.
            value: String,
        }
    }
}
