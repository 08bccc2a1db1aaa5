//! What the booker answered to the booking questions.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
    ser::SerializeMap,
};
use serde_json::{Map, Number, Value};

/// One question of a booking and its answer.
///
/// Instant meetings, and meetings until early 2025, carry the bare value: then there is no label.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Answer {
    /// The question's label, or Cal.com's translation key such as `your_name`.
    pub label: Option<String>,
    /// What was answered; absent when nothing was.
    pub value: Option<AnswerValue>,
    /// Whether the question was hidden from the booker.
    pub is_hidden: Option<bool>,
}

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

impl From<Value> for AnswerValue {
    fn from(value: Value) -> Self {
        match value {
            Value::Bool(flag) => Self::Flag(flag),
            Value::Number(number) => Self::Number(number),
            Value::String(text) => Self::Text(text),
            Value::Array(items) if items.iter().all(Value::is_string) => Self::List(
                items.into_iter().filter_map(|item| item.as_str().map(str::to_owned)).collect(),
            ),
            Value::Object(members) => Self::from_members(members),
            other => Self::Other(other),
        }
    }
}

impl AnswerValue {
    fn from_members(members: Map<String, Value>) -> Self {
        let text = |name| members.get(name).and_then(Value::as_str).map(str::to_owned);
        if members.len() == 2 {
            if let (Some(value), Some(option_value)) = (text("value"), text("optionValue")) {
                return Self::Choice { value, option_value };
            }
            if let (Some(first_name), Some(last_name)) = (text("firstName"), text("lastName")) {
                return Self::Name { first_name, last_name };
            }
        }
        Self::Other(Value::Object(members))
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
struct AnyValue;

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

impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.label.is_none() && self.is_hidden.is_none() {
            return self.value.serialize(serializer);
        }
        let mut map = serializer.serialize_map(None)?;
        if let Some(label) = &self.label {
            map.serialize_entry("label", label)?;
        }
        if let Some(value) = &self.value {
            map.serialize_entry("value", value)?;
        }
        if let Some(is_hidden) = self.is_hidden {
            map.serialize_entry("isHidden", &is_hidden)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Answer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LabelledOrBare)
    }
}

/// Reads `{label, value?, isHidden?}`, and any other JSON as a bare value.
struct LabelledOrBare;

impl LabelledOrBare {
    fn bare<E>(value: Result<AnswerValue, E>) -> Result<Answer, E> {
        Ok(Answer { value: Some(value?), ..Answer::default() })
    }
}

impl<'de> Visitor<'de> for LabelledOrBare {
    type Value = Answer;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an answer")
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Answer, E> {
        Self::bare(AnyValue.visit_bool(flag))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Answer, E> {
        Self::bare(AnyValue.visit_i64(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Answer, E> {
        Self::bare(AnyValue.visit_u64(number))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Answer, E> {
        Self::bare(AnyValue.visit_f64(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Answer, E> {
        Self::bare(AnyValue.visit_str(text))
    }

    fn visit_unit<E: Error>(self) -> Result<Answer, E> {
        Ok(Answer::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Answer, A::Error> {
        Self::bare(AnyValue.visit_seq(seq))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Answer, A::Error> {
        let mut answer = Answer::default();
        let mut others = Map::new();
        while let Some(member) = map.next_key()? {
            match member {
                Member::IsHidden => answer.is_hidden = map.next_value()?,
                Member::Label => answer.label = map.next_value()?,
                Member::Value => answer.value = map.next_value()?,
                Member::Other(name) => {
                    others.insert(name, map.next_value()?);
                }
            }
        }
        if answer.label.is_some() || answer.is_hidden.is_some() {
            return Ok(answer);
        }
        if let Some(value) = answer.value {
            others.insert("value".to_owned(), value.into());
        }
        Self::bare(Ok(AnswerValue::from_members(others)))
    }
}

/// A member's name within an answer.
enum Member {
    IsHidden,
    Label,
    Other(String),
    Value,
}

impl<'de> Deserialize<'de> for Member {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;

        impl Visitor<'_> for Name {
            type Value = Member;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a member's name")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Member, E> {
                Ok(match name {
                    "isHidden" => Member::IsHidden,
                    "label" => Member::Label,
                    "value" => Member::Value,
                    other => Member::Other(other.to_owned()),
                })
            }
        }

        deserializer.deserialize_identifier(Name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_value_goes_there_and_back() {
        for text in [
            r#""12""#,
            "true",
            "7",
            "1.5",
            r#"["a","b"]"#,
            "[]",
            r#"[1,"b"]"#,
            r#"{"optionValue":"+4711111","value":"phone"}"#,
            r#"{"firstName":"Ada","lastName":"Moe"}"#,
            r#"{"street":"Kaigata 1","zip":5003}"#,
        ] {
            let value: AnswerValue = serde_json::from_str(text).unwrap();
            let wire: Value = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_value(&value).unwrap(), wire, "{text}");
            assert_eq!(AnswerValue::from(wire), value, "{text}");
        }
    }

    #[test]
    fn labelled_and_bare_answers_keep_their_shape() {
        for text in [
            r#"{"isHidden":false,"label":"your_name","value":"Ada"}"#,
            r#"{"label":"Plan"}"#,
            r#""Ada""#,
            r#"["a@example.com"]"#,
            r#"{"optionValue":"+4711111","value":"phone"}"#,
            r#"{"firstName":"Ada","lastName":"Moe"}"#,
        ] {
            let answer: Answer = serde_json::from_str(text).unwrap();
            assert_eq!(
                serde_json::to_string(&serde_json::to_value(&answer).unwrap()).unwrap(),
                text
            );
        }
        let bare: Answer =
            serde_json::from_str(r#"{"value":"phone","optionValue":"+4711111"}"#).unwrap();
        assert!(matches!(bare.value, Some(AnswerValue::Choice { .. })));
    }

    #[test]
    fn an_answer_reads_as_a_person_would_write_it() {
        let shown = |text| serde_json::from_str::<AnswerValue>(text).unwrap().to_string();
        assert_eq!(shown(r#"{"value":"phone","optionValue":"+4711111"}"#), "+4711111");
        assert_eq!(
            shown(r#"{"value":"integrations:daily","optionValue":""}"#),
            "integrations:daily"
        );
        assert_eq!(shown(r#"{"firstName":"Ada","lastName":""}"#), "Ada");
        assert_eq!(shown(r#"["Pricing","Security"]"#), "Pricing, Security");
    }
}
