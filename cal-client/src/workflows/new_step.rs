//! What a workflow is to do.

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::{Recipient, StepAction, Template};
use crate::{
    id::{VerifiedEmailId, VerifiedPhoneId, WorkflowStepId},
    wire::input,
};

/// A step to give to a workflow of event types.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum EventTypeStep {
    /// Writes an e-mail to an address that the team has verified.
    EmailAddress(VerifiedEmailId, EmailStep),
    /// Writes an e-mail to the guests.
    EmailAttendee(EmailStep),
    /// Writes an e-mail to the host.
    EmailHost(EmailStep),
    /// Sends a text message to the guests.
    SmsAttendee(TextStep),
    /// Sends a text message to a number that the team has verified.
    SmsNumber(VerifiedPhoneId, TextStep),
    /// Sends a message by `WhatsApp` to the guests.
    WhatsAppAttendee(TextStep),
    /// Sends a message by `WhatsApp` to a number that the team has verified.
    WhatsAppNumber(VerifiedPhoneId, TextStep),
    /// Anything else, which is sent as it is.
    Unknown(Value),
}

/// A step to give to a workflow of routing forms.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum FormStep {
    /// Writes an e-mail to an address that the team has verified.
    EmailAddress(VerifiedEmailId, EmailStep),
    /// Writes an e-mail to whoever sent the form.
    EmailAttendee(EmailStep),
    /// Sends a text message to whoever sent the form.
    SmsAttendee(TextStep),
    /// Sends a text message to a number that the team has verified.
    SmsNumber(VerifiedPhoneId, TextStep),
    /// Anything else, which is sent as it is.
    Unknown(Value),
}

input! {
    /// A step that writes an e-mail; `step_number` is its place in the workflow, from 1.
    pub struct EmailStep {
        required {
            step_number: i64,
            template: Template,
            sender: String,
            message: EmailMessage,
        }
        optional {
            /// Changes the step with this number; it is a new one unless set.
            id: WorkflowStepId,
            /// Sets whether the e-mail has the booking as a calendar file; it has not unless set.
            #[serde(skip)]
            include_calendar_event: bool,
        }
    }
}

input! {
    /// A step that sends a text; `step_number` is its place in the workflow, from 1.
    pub struct TextStep {
        required {
            step_number: i64,
            template: Template,
            sender: String,
            message: TextMessage,
        }
        optional {
            /// Changes the step with this number; it is a new one unless set.
            id: WorkflowStepId,
            /// Sets whether guests must say their phone number when they book; only for texts to
            /// them.
            phone_required: bool,
        }
    }
}

input! {
    /// What an e-mail says; words such as `{EVENT_NAME}` are replaced.
    pub struct EmailMessage {
        required {
            subject: String,
            html: String,
        }
    }
}

input! {
    /// What a text says; words such as `{EVENT_NAME}` are replaced.
    pub struct TextMessage {
        required {
            subject: String,
            text: String,
        }
    }
}

impl Serialize for EventTypeStep {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let written = match self {
            Self::EmailAddress(id, step) => {
                Written::email(StepAction::EmailAddress, step).with_email(*id)
            }
            Self::EmailAttendee(step) => Written::email(StepAction::EmailAttendee, step),
            Self::EmailHost(step) => Written::email(StepAction::EmailHost, step),
            Self::SmsAttendee(step) => Written::text(StepAction::SmsAttendee, step),
            Self::SmsNumber(id, step) => Written::text(StepAction::SmsNumber, step).with_phone(*id),
            Self::WhatsAppAttendee(step) => Written::text(StepAction::WhatsAppAttendee, step),
            Self::WhatsAppNumber(id, step) => {
                Written::text(StepAction::WhatsAppNumber, step).with_phone(*id)
            }
            Self::Unknown(value) => return value.serialize(serializer),
        };
        written.serialize(serializer)
    }
}

impl Serialize for FormStep {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let written = match self {
            Self::EmailAddress(id, step) => {
                Written::email(StepAction::EmailAddress, step).with_email(*id)
            }
            Self::EmailAttendee(step) => Written::email(StepAction::EmailAttendee, step),
            Self::SmsAttendee(step) => Written::text(StepAction::SmsAttendee, step),
            Self::SmsNumber(id, step) => Written::text(StepAction::SmsNumber, step).with_phone(*id),
            Self::Unknown(value) => return value.serialize(serializer),
        };
        written.serialize(serializer)
    }
}

/// A step as it is sent.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'a> {
    action: StepAction,
    recipient: Recipient,
    #[serde(skip_serializing_if = "Option::is_none")]
    verified_email_id: Option<VerifiedEmailId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verified_phone_id: Option<VerifiedPhoneId>,
    /// Every e-mail must say so.
    #[serde(skip_serializing_if = "Option::is_none")]
    include_calendar_event: Option<bool>,
    #[serde(flatten)]
    content: Content<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Content<'a> {
    Email(&'a EmailStep),
    Text(&'a TextStep),
}

impl<'a> Written<'a> {
    fn email(action: StepAction, step: &'a EmailStep) -> Self {
        let include_calendar_event = Some(step.include_calendar_event.unwrap_or_default());
        Self { include_calendar_event, ..Self::new(action, Content::Email(step)) }
    }

    fn text(action: StepAction, step: &'a TextStep) -> Self {
        Self::new(action, Content::Text(step))
    }

    fn new(action: StepAction, content: Content<'a>) -> Self {
        let recipient = match action {
            StepAction::EmailAddress => Recipient::Email,
            StepAction::EmailHost => Recipient::Host,
            StepAction::SmsNumber | StepAction::WhatsAppNumber => Recipient::PhoneNumber,
            _ => Recipient::Attendee,
        };
        Self {
            action,
            recipient,
            verified_email_id: None,
            verified_phone_id: None,
            include_calendar_event: None,
            content,
        }
    }

    fn with_email(self, id: VerifiedEmailId) -> Self {
        Self { verified_email_id: Some(id), ..self }
    }

    fn with_phone(self, id: VerifiedPhoneId) -> Self {
        Self { verified_phone_id: Some(id), ..self }
    }
}
