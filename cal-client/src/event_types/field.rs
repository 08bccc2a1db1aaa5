//! What guests are asked when they book.

use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use crate::wire::{open_enum, or_default};

/// A question of the booking form.
///
/// Questions of all kinds have the same members, of which a kind lacks some
/// (`..FieldInput_2024_06_14` and `..FieldOutput_2024_06_14` in Cal.com's API description). A
/// function such as [`BookingField::text`] makes one that is optional and shown; what an event type
/// shows can be changed and sent back.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct BookingField {
    /// The kind.
    #[serde(default, deserialize_with = "or_default", rename = "type")]
    pub kind: FieldKind,
    /// The name that answers have.
    #[serde(default, deserialize_with = "or_default")]
    pub slug: String,
    /// Whether it is one of Cal.com's own questions.
    #[serde(default, deserialize_with = "or_default")]
    pub is_default: bool,
    /// The question.
    pub label: Option<String>,
    /// What stands in the empty field.
    pub placeholder: Option<String>,
    /// Whether an answer is needed.
    pub required: Option<bool>,
    /// Whether the question is not shown.
    pub hidden: Option<bool>,
    /// Whether an answer that the address of the page gives cannot be changed.
    pub disable_on_prefill: Option<bool>,
    /// The answers to choose from.
    #[serde(default, deserialize_with = "or_default")]
    pub options: Vec<String>,
    /// What Cal.com has stored, of a question that it does not know itself
    /// ([`FieldKind::Unknown`]).
    pub booking_field: Option<Value>,
}

open_enum! {
    /// The kind of a question.
    #[derive(Default)]
    pub enum FieldKind {
        /// A postal address.
        Address = "address",
        /// One box to tick.
        Boolean = "boolean",
        /// Boxes to tick, any number of them.
        Checkbox = "checkbox",
        /// An e-mail address; the guest's own if [`BookingField::is_default`].
        Email = "email",
        /// Several e-mail addresses.
        MultiEmail = "multiemail",
        /// Any number of choices from a list.
        MultiSelect = "multiselect",
        /// The guest's name, in one field.
        Name = "name",
        /// A number.
        Number = "number",
        /// A phone number.
        Phone = "phone",
        /// One choice, all of them in sight.
        Radio = "radio",
        /// One choice that may ask for more, as that of the place does.
        RadioInput = "radioInput",
        /// One choice from a list.
        Select = "select",
        /// The guest's name, in two fields.
        SplitName = "splitName",
        /// One line.
        Text = "text",
        /// Several lines.
        TextArea = "textarea",
        /// A question that Cal.com itself does not know.
        #[default]
        Unknown = "unknown",
        /// A web address.
        Url = "url",
    }
}

/// Functions for questions of one's own, which need a name for the answers and a label.
macro_rules! own {
    ($( $(#[doc = $doc:literal])+ $name:ident $kind:ident ($($options:ident)?) $placeholder:expr; )+) => { $(
        $(#[doc = $doc])+
        #[must_use]
        pub fn $name(
            slug: impl Into<String>,
            label: impl Into<String>,
            $($options: impl IntoIterator<Item = impl Into<String>>,)?
        ) -> Self {
            Self {
                label: Some(label.into()),
                placeholder: $placeholder,
                required: Some(false),
                hidden: Some(false),
                $($options: $options.into_iter().map(Into::into).collect(),)?
                ..Self::with(FieldKind::$kind, slug, false)
            }
        }
    )+ };
}

impl BookingField {
    /// Asks for the guest's name.
    #[must_use]
    pub fn name(label: impl Into<String>, placeholder: impl Into<String>) -> Self {
        Self::with(FieldKind::Name, "name", true).label(label).placeholder(placeholder)
    }

    /// Asks for the guest's e-mail address.
    #[must_use]
    pub fn email(label: impl Into<String>, placeholder: impl Into<String>) -> Self {
        Self::with(FieldKind::Email, "email", true).label(label).placeholder(placeholder)
    }

    /// Asks what the meeting is about.
    #[must_use]
    pub fn title() -> Self {
        Self::with(FieldKind::Text, "title", true)
    }

    /// Asks for the place, if there are several.
    #[must_use]
    pub fn location() -> Self {
        Self::with(FieldKind::RadioInput, "location", true)
    }

    /// Asks for further notes.
    #[must_use]
    pub fn notes() -> Self {
        Self::with(FieldKind::TextArea, "notes", true)
    }

    /// Asks for further guests.
    #[must_use]
    pub fn guests() -> Self {
        Self::with(FieldKind::MultiEmail, "guests", true)
    }

    /// Asks why a booking is moved.
    #[must_use]
    pub fn reschedule_reason() -> Self {
        Self::with(FieldKind::TextArea, "rescheduleReason", true)
    }

    own! {
        /// Asks for a postal address.
        address Address () Some(String::new());
        /// Asks to tick a box.
        boolean Boolean () None;
        /// Asks to tick boxes, any number of them.
        checkbox_group Checkbox (options) None;
        /// Asks for several e-mail addresses.
        multi_email MultiEmail () Some(String::new());
        /// Asks for any number of choices from a list.
        multi_select MultiSelect (options) None;
        /// Asks for a number.
        number Number () Some(String::new());
        /// Asks for a phone number.
        ///
        /// With the slug `attendeePhoneNumber` it can take the place of the e-mail address, in event
        /// types of an organization's teams.
        phone Phone () Some(String::new());
        /// Asks for one choice, all of them in sight.
        radio_group Radio (options) None;
        /// Asks for one choice from a list.
        select Select (options) Some(String::new());
        /// Asks for one line.
        text Text () Some(String::new());
        /// Asks for several lines.
        text_area TextArea () Some(String::new());
        /// Asks for a web address. It cannot be part of an update, says Cal.com's API description.
        url Url () Some(String::new());
    }

    fn with(kind: FieldKind, slug: impl Into<String>, is_default: bool) -> Self {
        Self { kind, slug: slug.into(), is_default, ..Self::default() }
    }

    /// Sets the question.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Sets what stands in the empty field.
    #[must_use]
    pub fn placeholder(mut self, placeholder: impl Into<String>) -> Self {
        self.placeholder = Some(placeholder.into());
        self
    }

    /// Sets whether an answer is needed.
    #[must_use]
    pub fn required(mut self, required: bool) -> Self {
        self.required = Some(required);
        self
    }

    /// Sets whether the question is not shown.
    #[must_use]
    pub fn hidden(mut self, hidden: bool) -> Self {
        self.hidden = Some(hidden);
        self
    }

    /// Sets whether an answer that the address of the page gives cannot be changed.
    #[must_use]
    pub fn disable_on_prefill(mut self, disable: bool) -> Self {
        self.disable_on_prefill = Some(disable);
        self
    }
}

/// Of Cal.com's own questions, the server knows some by their kind and the others by their slug.
impl Serialize for BookingField {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Sent<'a> {
            #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
            kind: Option<&'a FieldKind>,
            #[serde(skip_serializing_if = "Option::is_none")]
            slug: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            label: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            placeholder: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            required: Option<bool>,
            #[serde(skip_serializing_if = "Option::is_none")]
            hidden: Option<bool>,
            #[serde(skip_serializing_if = "Option::is_none")]
            disable_on_prefill: Option<bool>,
            #[serde(skip_serializing_if = "<[_]>::is_empty")]
            options: &'a [String],
        }

        let by_kind =
            matches!(self.kind, FieldKind::Name | FieldKind::Email | FieldKind::SplitName);
        // The guest's phone number is written as if it were a question of one's own.
        let by_slug = !by_kind && self.kind != FieldKind::Phone;
        let sent = Sent {
            kind: Some(&self.kind).filter(|_| !(self.is_default && by_slug)),
            slug: Some(&*self.slug).filter(|_| !(self.is_default && by_kind)),
            label: self.label.as_deref(),
            placeholder: self.placeholder.as_deref(),
            required: self.required,
            hidden: self.hidden,
            disable_on_prefill: self.disable_on_prefill,
            options: &self.options,
        };
        sent.serialize(serializer)
    }
}
