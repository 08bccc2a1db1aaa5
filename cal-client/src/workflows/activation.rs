//! For what a workflow runs.

use cal_core::{EventTypeId, FormId};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::wire::or_default;

/// For which event types or routing forms of the team a workflow runs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Activation<T> {
    /// For all of them, also for those to come.
    All,
    /// For these.
    Only(Vec<T>),
}

/// Declares how an activation is written: whether it is for all, and for which it is otherwise.
macro_rules! written {
    ($id:ty, $all:literal, $only:literal) => {
        impl Serialize for Activation<$id> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                #[derive(Serialize)]
                struct Written<'a> {
                    #[serde(rename = $all)]
                    is_all: bool,
                    #[serde(rename = $only, skip_serializing_if = "Option::is_none")]
                    only: Option<&'a [$id]>,
                }

                let written = match self {
                    Self::All => Written { is_all: true, only: None },
                    Self::Only(ids) => Written { is_all: false, only: Some(ids) },
                };
                written.serialize(serializer)
            }
        }

        impl<'de> Deserialize<'de> for Activation<$id> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                #[derive(Deserialize)]
                struct Written {
                    #[serde(default, rename = $all, deserialize_with = "or_default")]
                    is_all: bool,
                    #[serde(default, rename = $only, deserialize_with = "or_default")]
                    only: Vec<$id>,
                }

                let Written { is_all, only } = Written::deserialize(deserializer)?;
                Ok(if is_all { Self::All } else { Self::Only(only) })
            }
        }
    };
}

written!(EventTypeId, "isActiveOnAllEventTypes", "activeOnEventTypeIds");
written!(FormId, "isActiveOnAllRoutingForms", "activeOnRoutingFormIds");
