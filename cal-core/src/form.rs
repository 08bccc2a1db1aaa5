//! Routing forms.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_with::skip_serializing_none;

use crate::{
    Answer, AnswerValue, EventTypeId, Fields, FormId, TeamId,
    wire::{null_as_default, open_enum},
};

/// A routing form that somebody filled in (`FORM_SUBMITTED`, `FORM_SUBMITTED_NO_EVENT`).
///
/// Cal.com writes the answers up to twice: with their options in [`FormSubmission::responses`],
/// and as bare values beside the envelope (or within the payload). [`FormSubmission::answer`] looks
/// in all places.
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct FormSubmission {
    /// The form's id.
    pub form_id: Option<FormId>,
    /// The form's name.
    pub form_name: Option<String>,
    /// The team the form belongs to.
    pub team_id: Option<TeamId>,
    /// The answers with their options.
    pub responses: Option<Fields<FormAnswer>>,
    /// Where the form sent the visitor; `FORM_SUBMITTED_NO_EVENT` only.
    pub redirect: Option<FormRedirect>,
    /// The number of the stored answers; `FORM_SUBMITTED_NO_EVENT` only.
    pub response_id: Option<i64>,
    /// The bare answers, where they stand within the payload.
    #[serde(flatten)]
    pub payload_answers: Fields<AnswerValue>,
    /// The bare answers, where they stand beside the envelope.
    #[serde(skip)]
    pub root_answers: Fields<AnswerValue>,
}

impl FormSubmission {
    /// Returns the answer to the field with this identifier or label, wherever it stands.
    #[must_use]
    pub fn answer(&self, field: &str) -> Option<&AnswerValue> {
        let typed = self.responses.as_ref().and_then(|answers| answers.get(field)?.value.as_ref());
        typed.or_else(|| self.root_answers.get(field)).or_else(|| self.payload_answers.get(field))
    }
}

/// One answer of a form.
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FormAnswer {
    /// The answer as text, number or list; of a choice, the labels.
    pub value: Option<AnswerValue>,
    /// The answer with the ids of the chosen options.
    pub response: Option<FormResponse>,
    /// The field's label, where this version sends it.
    pub label: Option<String>,
}

/// An answer with the ids of its options, or the plain value of a field without options.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(from = "Value", untagged)]
#[non_exhaustive]
pub enum FormResponse {
    /// The chosen options.
    Options(Vec<FormOption>),
    /// The plain value.
    Plain(AnswerValue),
}

impl From<Value> for FormResponse {
    fn from(value: Value) -> Self {
        let is_option = |item: &Value| item.get("label").is_some();
        match &value {
            Value::Array(items) if !items.is_empty() && items.iter().all(is_option) => {
                Vec::deserialize(&value).map_or_else(|_| Self::Plain(value.into()), Self::Options)
            }
            _ => Self::Plain(value.into()),
        }
    }
}

/// An option that was chosen.
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FormOption {
    /// The label people see.
    #[serde(default, deserialize_with = "null_as_default")]
    pub label: String,
    /// The option's id; absent for an option that no longer exists.
    pub id: Option<String>,
}

open_enum! {
    /// What a form does when it was filled in.
    pub enum FormAction {
        /// Shows a text.
        CustomPageMessage = "customPageMessage",
        /// Goes to the booking page of an event type.
        EventTypeRedirectUrl = "eventTypeRedirectUrl",
        /// Goes to another site.
        ExternalRedirectUrl = "externalRedirectUrl",
    }
}

/// Where a form sent the visitor.
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct FormRedirect {
    /// What the form does.
    #[serde(rename = "type")]
    pub action: Option<FormAction>,
    /// The text or the address.
    pub value: Option<String>,
    /// The event type.
    pub event_type_id: Option<EventTypeId>,
}

/// A form that no route matched, so that its fallback was used (`ROUTING_FORM_FALLBACK_HIT`).
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct FallbackHit {
    /// The form's id.
    pub form_id: Option<FormId>,
    /// The form's name.
    pub form_name: Option<String>,
    /// The team the form belongs to.
    pub team_id: Option<TeamId>,
    /// The number of the stored answers.
    pub response_id: Option<i64>,
    /// What the form did instead.
    pub fallback_action: Option<FormRedirect>,
    /// The answers.
    pub responses: Option<Fields<Answer>>,
}
