//! Values of an update, which may also be cleared.

use serde::{Serialize, Serializer};

/// What an update does to a value that can be empty.
///
/// ```
/// use cal_client::Patch;
///
/// let named = Patch::from("Ann");
/// let cleared = Patch::<String>::Clear;
/// # assert_ne!(named, cleared);
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Patch<T> {
    /// Leaves it as it is: it is not sent.
    #[default]
    Keep,
    /// Empties it: `null` is sent.
    Clear,
    /// Sets it.
    Set(T),
}

impl<T> Patch<T> {
    /// Whether the value is left as it is.
    pub const fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }
}

impl<T> From<T> for Patch<T> {
    fn from(value: T) -> Self {
        Self::Set(value)
    }
}

impl From<&str> for Patch<String> {
    fn from(text: &str) -> Self {
        Self::Set(text.to_owned())
    }
}

impl<T: Serialize> Serialize for Patch<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            // Absent values are left out where they stand.
            Self::Keep | Self::Clear => serializer.serialize_none(),
            Self::Set(value) => value.serialize(serializer),
        }
    }
}
