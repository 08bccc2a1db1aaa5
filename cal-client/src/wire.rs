//! What the types on the wire share.

use std::{fmt, marker::PhantomData};

#[cfg(feature = "orgs")]
use chrono::{DateTime, Utc};
use serde::{
    Deserialize, Deserializer,
    de::{
        MapAccess, SeqAccess, Visitor,
        value::{MapAccessDeserializer, SeqAccessDeserializer},
    },
};

/// Reads `null` as the type's default; beside `#[serde(default)]`, for members that are no `Option`.
pub(crate) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Reads a time; any other text is none, for members that are described as just a text.
#[cfg(feature = "orgs")]
pub(crate) fn time_or_none<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<DateTime<Utc>>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.and_then(|text| text.parse().ok()))
}

/// What is one object in some answers, and in others a list of such.
pub(crate) struct OneOrMany<T>(pub(crate) Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
            type Value = OneOrMany<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object or a list of objects")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(|one| OneOrMany(vec![one]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(seq)).map(OneOrMany)
            }
        }
        deserializer.deserialize_any(Either(PhantomData))
    }
}

/// Declares the body of a request: a struct, its `new` and a setter for each of the rest.
///
/// Members of `required` are the arguments of `new`, in their order. Those of `optional` are left
/// out unless set. Those of `nullable` are [`Patch`](crate::Patch): kept, cleared or set.
macro_rules! input {
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            $(required {
                $( $(#[doc = $rdoc:literal])* $(#[serde($($rserde:tt)*)])* $required:ident: $rtype:ty, )*
            })?
            $(optional {
                $( $(#[doc = $odoc:literal])* $(#[serde($($oserde:tt)*)])* $optional:ident: $otype:ty, )*
            })?
            $(nullable {
                $( $(#[doc = $ndoc:literal])* $(#[serde($($nserde:tt)*)])* $nullable:ident: $ntype:ty, )*
            })?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, serde::Serialize)]
        #[must_use]
        #[serde(rename_all = "camelCase")]
        pub struct $name {
            $($( $(#[serde($($rserde)*)])* pub(crate) $required: $rtype, )*)?
            $($(
                #[serde(skip_serializing_if = "Option::is_none")]
                $(#[serde($($oserde)*)])*
                pub(crate) $optional: Option<$otype>,
            )*)?
            $($(
                #[serde(skip_serializing_if = "crate::Patch::is_keep")]
                $(#[serde($($nserde)*)])*
                pub(crate) $nullable: crate::Patch<$ntype>,
            )*)?
        }

        impl $name {
            /// Makes it from what it must have.
            #[allow(clippy::new_without_default, clippy::too_many_arguments)]
            pub fn new($($( $required: impl Into<$rtype>, )*)?) -> Self {
                Self {
                    $($( $required: $required.into(), )*)?
                    $($( $optional: None, )*)?
                    $($( $nullable: crate::Patch::Keep, )*)?
                }
            }

            $($(
                $(#[doc = $odoc])*
                pub fn $optional(mut self, $optional: impl Into<$otype>) -> Self {
                    self.$optional = Some($optional.into());
                    self
                }
            )*)?

            $($(
                $(#[doc = $ndoc])*
                pub fn $nullable(mut self, $nullable: impl Into<crate::Patch<$ntype>>) -> Self {
                    self.$nullable = $nullable.into();
                    self
                }
            )*)?
        }
    };
}

/// Declares what is both sent and received: a struct with members to read, its `new`, and a setter
/// for each member that may be absent.
macro_rules! value {
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            $(required {
                $( $(#[doc = $rdoc:literal])* $(#[serde($($rserde:tt)*)])* $required:ident: $rtype:ty, )*
            })?
            $(optional {
                $( $(#[doc = $odoc:literal])* $(#[serde($($oserde:tt)*)])* $optional:ident: $otype:ty, )*
            })?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
        #[non_exhaustive]
        #[serde(rename_all = "camelCase")]
        pub struct $name {
            $($( $(#[doc = $rdoc])* $(#[serde($($rserde)*)])* pub $required: $rtype, )*)?
            $($(
                $(#[doc = $odoc])*
                #[serde(skip_serializing_if = "Option::is_none")]
                $(#[serde($($oserde)*)])*
                pub $optional: Option<$otype>,
            )*)?
        }

        impl $name {
            /// Makes it from what it must have.
            #[allow(clippy::new_without_default)]
            #[must_use]
            pub fn new($($( $required: impl Into<$rtype>, )*)?) -> Self {
                Self {
                    $($( $required: $required.into(), )*)?
                    $($( $optional: None, )*)?
                }
            }

            $($(
                $(#[doc = $odoc])*
                #[must_use]
                pub fn $optional(mut self, $optional: impl Into<$otype>) -> Self {
                    self.$optional = Some($optional.into());
                    self
                }
            )*)?
        }
    };
}
pub(crate) use cal_core::open_enum;
pub(crate) use {input, value};
