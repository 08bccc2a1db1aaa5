//! Values by the slug of a question.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor},
};

/// Values by the slug of their question, in the order Cal.com sent them.
///
/// ```
/// # let body = r#"{"triggerEvent":"BOOKING_CREATED","payload":{"responses":{"notes":{"label":
/// #   "additional_notes","value":"Ring twice"}},
/// #   "startTime":"2026-05-11T08:00:00Z","endTime":"2026-05-11T08:30:00Z"}}"#;
/// # let cal_core::Event::BookingCreated(booking) = cal_core::Delivery::parse(body).event else { panic!() };
/// let notes = booking.responses.as_ref().and_then(|answers| answers.get("notes"));
/// assert_eq!(notes.and_then(|notes| notes.value.as_ref()?.as_str()), Some("Ring twice"));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Fields<T>(Vec<(String, T)>);

impl<T> Fields<T> {
    /// Returns the value of the question with this slug: `name`, `email`, `notes`, or a custom one.
    ///
    /// Of a slug that occurs twice the last value counts.
    #[must_use]
    pub fn get(&self, slug: &str) -> Option<&T> {
        self.0.iter().rev().find_map(|(known, value)| (known == slug).then_some(value))
    }

    /// Goes through slugs and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.0.iter().map(|(slug, value)| (slug.as_str(), value))
    }

    /// Returns how many questions there are, answered or not.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no question.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T> Default for Fields<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> FromIterator<(String, T)> for Fields<T> {
    fn from_iter<I: IntoIterator<Item = (String, T)>>(entries: I) -> Self {
        Self(entries.into_iter().collect())
    }
}

impl<T: Serialize> Serialize for Fields<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Fields<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
            type Value = Fields<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<T>, A::Error> {
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
