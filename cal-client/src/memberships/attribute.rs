//! What an organization says about a member.

use serde::Deserialize;
use serde_json::Value;

use crate::{
    id::{AttributeId, AttributeOptionId},
    wire::or_default,
};

/// An attribute of a member, with its value.
///
/// The spellings of `type` are those in Cal.com's source; its API description does not have them.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum MembershipAttribute {
    /// Several of the attribute's options.
    MultiSelect(MultipleOptions),
    /// A number.
    Number(SingleOption<f64>),
    /// One of the attribute's options.
    SingleSelect(SingleOption<String>),
    /// A text.
    Text(SingleOption<String>),
    /// One that this version cannot read, as it came.
    #[serde(untagged)]
    Unknown(Value),
}

/// An attribute with one value.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct SingleOption<T> {
    /// The attribute's id.
    pub id: AttributeId,
    /// The attribute's name.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// The value; `None` for a number that is none.
    pub option: Option<T>,
    /// The id of the value.
    pub option_id: Option<AttributeOptionId>,
}

/// An attribute with any number of values.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct MultipleOptions {
    /// The attribute's id.
    pub id: AttributeId,
    /// The attribute's name.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// The values.
    #[serde(default, deserialize_with = "or_default")]
    pub options: Vec<ChosenOption>,
}

/// One of several values.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct ChosenOption {
    /// The id of the value.
    pub option_id: AttributeOptionId,
    /// The value.
    #[serde(default, deserialize_with = "or_default")]
    pub option: String,
}
