//! Answers by the slug of their question, borrowed.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};

use super::text::Text;

/// [`cal_core::Fields`], borrowed.
#[derive(Clone, Debug)]
pub struct Fields<'a, T>(pub Vec<(Text<'a>, T)>);

impl<'de: 'a, 'a, T: Deserialize<'de>> Deserialize<'de> for Fields<'a, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
            type Value = Fields<'de, T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::with_capacity(8);
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Fields(entries))
            }
        }

        deserializer.deserialize_map(Entries(PhantomData))
    }
}

/// [`cal_core::Answer`], borrowed.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields of the owned struct")]
pub struct Answer<'a> {
    pub label: Option<Text<'a>>,
    pub value: Option<AnswerValue<'a>>,
    pub is_hidden: Option<bool>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Answer<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LabelledOrBare)
    }
}

struct LabelledOrBare;

impl<'de> Visitor<'de> for LabelledOrBare {
    type Value = Answer<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an answer")
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Self::Value, E> {
        AnyValue.visit_bool(flag).map(Answer::bare)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        AnyValue.visit_i64(number).map(Answer::bare)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        AnyValue.visit_u64(number).map(Answer::bare)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        AnyValue.visit_f64(number).map(Answer::bare)
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        AnyValue.visit_borrowed_str(text).map(Answer::bare)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        AnyValue.visit_str(text).map(Answer::bare)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Answer::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        AnyValue.visit_seq(seq).map(Answer::bare)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut answer = Answer::default();
        let mut others = Vec::new();
        while let Some(member) = map.next_key()? {
            match member {
                Member::IsHidden => answer.is_hidden = map.next_value()?,
                Member::Label => answer.label = map.next_value()?,
                Member::Value => answer.value = map.next_value()?,
                Member::Other(name) => others.push((name, map.next_value()?)),
            }
        }
        if answer.label.is_some() || answer.is_hidden.is_some() {
            return Ok(answer);
        }
        others.extend(answer.value.map(|value| (Text("value".into()), value)));
        Ok(Answer::bare(AnswerValue::of(others)))
    }
}

impl<'a> Answer<'a> {
    fn bare(value: AnswerValue<'a>) -> Self {
        Answer { value: Some(value), ..Answer::default() }
    }
}

/// A member's name within an answer.
#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "camelCase")]
enum Member<'a> {
    IsHidden,
    Label,
    Value,
    #[serde(borrow)]
    Other(Text<'a>),
}

/// [`cal_core::AnswerValue`], borrowed.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the variants of the owned enum")]
pub enum AnswerValue<'a> {
    Choice { value: Text<'a>, option_value: Text<'a> },
    Flag(bool),
    List(Vec<Text<'a>>),
    Name { first_name: Text<'a>, last_name: Text<'a> },
    Number(Number),
    Other(Value),
    Text(Text<'a>),
}

impl<'a> AnswerValue<'a> {
    /// Makes a value of an object's members.
    fn of(members: Vec<(Text<'a>, Self)>) -> Self {
        let members = match <[_; 2]>::try_from(members) {
            Ok([(first, Self::Text(value)), (second, Self::Text(other))]) => {
                match (&*first, &*second) {
                    ("value", "optionValue") => return Self::Choice { value, option_value: other },
                    ("optionValue", "value") => {
                        return Self::Choice { value: other, option_value: value };
                    }
                    ("firstName", "lastName") => {
                        return Self::Name { first_name: value, last_name: other };
                    }
                    ("lastName", "firstName") => {
                        return Self::Name { first_name: other, last_name: value };
                    }
                    _ => vec![(first, Self::Text(value)), (second, Self::Text(other))],
                }
            }
            Ok(pair) => pair.into(),
            Err(members) => members,
        };
        let members = members.into_iter().map(|(name, value)| (name.0.into_owned(), value.into()));
        Self::Other(Value::Object(members.collect::<Map<_, _>>()))
    }
}

impl From<AnswerValue<'_>> for Value {
    fn from(value: AnswerValue<'_>) -> Self {
        let pair = |first: (&str, Text<'_>), second: (&str, Text<'_>)| {
            let text = |text: Text<'_>| Self::String(text.0.into_owned());
            Self::from_iter([(first.0, text(first.1)), (second.0, text(second.1))])
        };
        match value {
            AnswerValue::Choice { value, option_value } => {
                pair(("value", value), ("optionValue", option_value))
            }
            AnswerValue::Flag(flag) => flag.into(),
            AnswerValue::List(texts) => texts.into_iter().map(|text| text.0).collect(),
            AnswerValue::Name { first_name, last_name } => {
                pair(("firstName", first_name), ("lastName", last_name))
            }
            AnswerValue::Number(number) => number.into(),
            AnswerValue::Other(value) => value,
            AnswerValue::Text(text) => text.0.into(),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for AnswerValue<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = AnswerValue<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(AnswerValue::Flag(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(AnswerValue::Number(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(AnswerValue::Number(number.into()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        let number = Number::from_f64(number);
        number.map(AnswerValue::Number).ok_or_else(|| E::custom("no finite number"))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(AnswerValue::Text(Text(text.into())))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(AnswerValue::Text(Text(text.to_owned().into())))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(AnswerValue::Other(Value::Null))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut texts = Vec::new();
        while let Some(item) = seq.next_element()? {
            match item {
                AnswerValue::Text(text) => texts.push(text),
                other => {
                    let texts = texts.into_iter().map(|text| Value::String(text.0.into_owned()));
                    let mut items: Vec<_> = texts.chain([other.into()]).collect();
                    while let Some(item) = seq.next_element()? {
                        items.push(item);
                    }
                    return Ok(AnswerValue::Other(Value::Array(items)));
                }
            }
        }
        Ok(AnswerValue::List(texts))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::with_capacity(2);
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(AnswerValue::of(members))
    }
}
