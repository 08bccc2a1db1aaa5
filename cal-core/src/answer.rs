//! What the booker answered to the booking questions.

mod value;

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
    ser::SerializeMap,
};
use serde_json::{Map, Value};

use value::AnyValue;

pub use value::AnswerValue;

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
        Self::bare(Ok(Value::Object(others).into()))
    }
}

/// A member's name within an answer.
#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "camelCase")]
enum Member {
    IsHidden,
    Label,
    Value,
    Other(String),
}
