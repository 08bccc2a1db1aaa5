//! What the types on the wire share.

#[cfg(feature = "orgs")]
use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer};

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
pub(crate) use cal_core::open_enum;
pub(crate) use input;
