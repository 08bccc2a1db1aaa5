//! The booking questions that a meeting's event type may carry.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use crate::Amount;

/// A question of the booking form (`bookingFields`, schema in `form-builder/schema.ts`).
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Question {
    /// The slug that answers are stored under.
    pub name: Option<String>,
    /// `text`, `email`, `radioInput`, `multiemail` and the like.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The label that the host typed.
    pub label: Option<String>,
    /// The label as HTML.
    pub label_as_safe_html: Option<String>,
    /// The translation key of Cal.com's own label.
    pub default_label: Option<String>,
    /// The placeholder that the host typed.
    pub placeholder: Option<String>,
    /// The translation key of Cal.com's own placeholder.
    pub default_placeholder: Option<String>,
    /// Whether an answer is needed.
    pub required: Option<bool>,
    /// Whether the question is not shown.
    pub hidden: Option<bool>,
    /// `system`, `system-but-optional`, `user` and the like.
    pub editable: Option<String>,
    /// Who added the question.
    pub sources: Option<Vec<QuestionSource>>,
    /// The variant in use, `fullName`.
    pub variant: Option<String>,
    /// All variants.
    pub variants_config: Option<QuestionVariants>,
    /// Where the options come from, `locations`.
    pub get_options_at: Option<String>,
    /// The options.
    pub options: Option<Vec<QuestionOption>>,
    /// The input that belongs to an option.
    pub options_inputs: Option<BTreeMap<String, QuestionInput>>,
    /// Whether a single option is not worth showing.
    pub hide_when_just_one_option: Option<bool>,
    /// Whether a filled-in value cannot be changed.
    pub disable_on_prefill: Option<bool>,
    /// The pages that show it; all when absent.
    pub views: Option<Vec<QuestionView>>,
    /// The shortest answer.
    pub min_length: Option<i64>,
    /// The longest answer.
    pub max_length: Option<i64>,
    /// The addresses that may not book.
    pub exclude_emails: Option<String>,
    /// The addresses that alone may book.
    pub require_emails: Option<String>,
    /// What a tick costs.
    pub price: Option<Amount>,
}

/// Who added a question.
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct QuestionSource {
    /// The id.
    pub id: Option<String>,
    /// `default`, `user`, `workflow`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The name people see.
    pub label: Option<String>,
    /// A second line.
    pub sub_label: Option<String>,
    /// Where it is edited.
    pub edit_url: Option<String>,
    /// Whether the source needs an answer.
    pub field_required: Option<bool>,
}

/// The variants of a question.
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct QuestionVariants {
    /// The variants by name.
    pub variants: Option<BTreeMap<String, QuestionVariant>>,
    /// The variant that is used when none is chosen.
    pub default_variant: Option<String>,
}

/// One variant of a question.
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct QuestionVariant {
    /// The inputs it consists of.
    pub fields: Option<Vec<QuestionVariantField>>,
}

/// One input of a variant.
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct QuestionVariantField {
    /// The slug.
    pub name: Option<String>,
    /// The kind of input.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The label.
    pub label: Option<String>,
    /// The label as HTML.
    pub label_as_safe_html: Option<String>,
    /// The placeholder.
    pub placeholder: Option<String>,
    /// Whether an answer is needed.
    pub required: Option<bool>,
    /// The shortest answer.
    pub min_length: Option<i64>,
    /// The longest answer.
    pub max_length: Option<i64>,
}

/// One option of a question.
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct QuestionOption {
    /// The label people see.
    pub label: Option<String>,
    /// The value that is stored.
    pub value: Option<String>,
    /// What the option costs.
    pub price: Option<Amount>,
}

/// The input that belongs to an option.
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct QuestionInput {
    /// The kind of input.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Whether an answer is needed.
    pub required: Option<bool>,
    /// The placeholder.
    pub placeholder: Option<String>,
}

/// A page that shows a question.
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct QuestionView {
    /// `reschedule` and the like.
    pub id: Option<String>,
    /// The name people see.
    pub label: Option<String>,
    /// What the page is for.
    pub description: Option<String>,
}
