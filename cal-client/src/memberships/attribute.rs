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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(json: Value) -> MembershipAttribute {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn each_type_has_its_values() {
        let one = |kind: &str, option: Value| json!({"type": kind, "id": "a", "name": "A", "option": option, "optionId": "o"});
        match read(one("text", json!("tall"))) {
            MembershipAttribute::Text(text) => assert_eq!(text.option.as_deref(), Some("tall")),
            other => panic!("{other:?}"),
        }
        match read(one("number", json!(7))) {
            MembershipAttribute::Number(number) => assert_eq!(number.option, Some(7.0)),
            other => panic!("{other:?}"),
        }
        // What Cal.com makes of a text that is no number.
        match read(one("number", Value::Null)) {
            MembershipAttribute::Number(number) => assert_eq!(number.option, None),
            other => panic!("{other:?}"),
        }
        match read(one("singleSelect", json!("Berlin"))) {
            MembershipAttribute::SingleSelect(option) => {
                assert_eq!(option.option_id, Some("o".into()));
            }
            other => panic!("{other:?}"),
        }
        let options = json!([{"optionId": "o", "option": "Rust"}, {"optionId": "p"}]);
        match read(json!({"type": "multiSelect", "id": "a", "name": null, "options": options})) {
            MembershipAttribute::MultiSelect(attribute) => {
                assert_eq!(attribute.name, "");
                assert_eq!(attribute.options.len(), 2);
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_cannot_be_read_is_kept() {
        for json in [
            json!({"type": "colour", "id": "a", "option": "red"}),
            json!({"type": "number", "id": "a", "option": "seven"}),
            json!({"id": "a"}),
        ] {
            assert_eq!(read(json.clone()), MembershipAttribute::Unknown(json));
        }
    }
}
