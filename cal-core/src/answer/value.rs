//! The value of an answer, of any shape.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, SeqAccess, Visitor},
    ser::SerializeMap,
};
use serde_json::{Map, Number, Value};

/// The value of an answer.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum AnswerValue {
    /// One of several choices with an input of its own, such as a location and its phone number.
    Choice {
        /// The chosen option.
        value: String,
        /// What was typed for the option; empty when it asks for nothing.
        option_value: String,
    },
    /// A box that was ticked or not.
    Flag(bool),
    /// Several texts: guests, check boxes, a multiple choice.
    List(Vec<String>),
    /// A name in two parts.
    Name {
        /// The first name.
        first_name: String,
        /// The last name.
        last_name: String,
    },
    /// A number, as bookings made through the API may carry.
    Number(Number),
    /// Any other JSON.
    Other(Value),
    /// A text; numbers typed into a form are texts as well.
    Text(String),
}

impl AnswerValue {
    /// Returns the text of a text answer.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// Writes an answer for people to read: lists with commas, names in order, choices by their input.
impl fmt::Display for AnswerValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Choice { value, option_value } if option_value.is_empty() => f.write_str(value),
            Self::Choice { option_value, .. } => f.write_str(option_value),
            Self::Flag(flag) => flag.fmt(f),
            Self::List(texts) => f.write_str(&texts.join(", ")),
            Self::Name { first_name, last_name } => {
                f.write_str(format!("{first_name} {last_name}").trim())
            }
            Self::Number(number) => number.fmt(f),
            Self::Other(value) => value.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl Serialize for AnswerValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let pair = |serializer: S, first: (&str, &str), second: (&str, &str)| {
            let mut map = serializer.serialize_map(Some(2))?;
            map.serialize_entry(first.0, first.1)?;
            map.serialize_entry(second.0, second.1)?;
            map.end()
        };
        match self {
            Self::Choice { value, option_value } => {
                pair(serializer, ("value", value), ("optionValue", option_value))
            }
            Self::Flag(flag) => flag.serialize(serializer),
            Self::List(texts) => texts.serialize(serializer),
            Self::Name { first_name, last_name } => {
                pair(serializer, ("firstName", first_name), ("lastName", last_name))
            }
            Self::Number(number) => number.serialize(serializer),
            Self::Other(value) => value.serialize(serializer),
            Self::Text(text) => text.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for AnswerValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

/// Reads any JSON value.
pub(super) struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = AnswerValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_bool<E>(self, flag: bool) -> Result<AnswerValue, E> {
        Ok(AnswerValue::Flag(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<AnswerValue, E> {
        Ok(AnswerValue::Number(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<AnswerValue, E> {
        Ok(AnswerValue::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<AnswerValue, E> {
        Ok(Number::from_f64(number).map_or(AnswerValue::Other(Value::Null), AnswerValue::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<AnswerValue, E> {
        Ok(AnswerValue::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<AnswerValue, E> {
        Ok(AnswerValue::Text(text))
    }

    fn visit_unit<E>(self) -> Result<AnswerValue, E> {
        Ok(AnswerValue::Other(Value::Null))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<AnswerValue, A::Error> {
        let mut texts = Vec::new();
        while let Some(item) = seq.next_element()? {
            match item {
                AnswerValue::Text(text) => texts.push(text),
                other => {
                    let mut items: Vec<Value> = texts.into_iter().map(Value::String).collect();
                    items.push(other.into());
                    while let Some(item) = seq.next_element()? {
                        items.push(item);
                    }
                    return Ok(AnswerValue::Other(Value::Array(items)));
                }
            }
        }
        Ok(AnswerValue::List(texts))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<AnswerValue, A::Error> {
        let mut pair = Pair::default();
        while let Some(part) = map.next_key()? {
            let value: AnswerValue = map.next_value()?;
            match part {
                Part::FirstName => pair.first_name = Some(value),
                Part::LastName => pair.last_name = Some(value),
                Part::OptionValue => pair.option_value = Some(value),
                Part::Other(name) => drop(pair.others.insert(name, value.into())),
                Part::Value => pair.value = Some(value),
            }
        }
        Ok(pair.into())
    }
}

/// The members that make a choice or a name, and all others.
#[derive(Default)]
struct Pair {
    value: Option<AnswerValue>,
    option_value: Option<AnswerValue>,
    first_name: Option<AnswerValue>,
    last_name: Option<AnswerValue>,
    others: Map<String, Value>,
}

impl From<Pair> for AnswerValue {
    fn from(pair: Pair) -> Self {
        let Pair { value, option_value, first_name, last_name, mut others } = pair;
        match (value, option_value, first_name, last_name) {
            (Some(Self::Text(value)), Some(Self::Text(option_value)), None, None)
                if others.is_empty() =>
            {
                Self::Choice { value, option_value }
            }
            (None, None, Some(Self::Text(first_name)), Some(Self::Text(last_name)))
                if others.is_empty() =>
            {
                Self::Name { first_name, last_name }
            }
            (value, option_value, first_name, last_name) => {
                let members = [
                    ("value", value),
                    ("optionValue", option_value),
                    ("firstName", first_name),
                    ("lastName", last_name),
                ];
                for (name, member) in members {
                    if let Some(member) = member {
                        others.insert(name.to_owned(), member.into());
                    }
                }
                Self::Other(Value::Object(others))
            }
        }
    }
}

/// A member's name within a value.
#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "camelCase")]
enum Part {
    Value,
    OptionValue,
    FirstName,
    LastName,
    Other(String),
}

impl From<AnswerValue> for Value {
    fn from(value: AnswerValue) -> Self {
        let pair = |first: (&str, String), second: (&str, String)| {
            Self::from_iter([(first.0, first.1), (second.0, second.1)])
        };
        match value {
            AnswerValue::Choice { value, option_value } => {
                pair(("value", value), ("optionValue", option_value))
            }
            AnswerValue::Flag(flag) => Self::Bool(flag),
            AnswerValue::List(texts) => texts.into(),
            AnswerValue::Name { first_name, last_name } => {
                pair(("firstName", first_name), ("lastName", last_name))
            }
            AnswerValue::Number(number) => Self::Number(number),
            AnswerValue::Other(value) => value,
            AnswerValue::Text(text) => Self::String(text),
        }
    }
}

impl From<Value> for AnswerValue {
    fn from(value: Value) -> Self {
        Self::deserialize(&value).unwrap_or(Self::Other(value))
    }
}
