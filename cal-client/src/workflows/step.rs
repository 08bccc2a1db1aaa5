//! What a workflow does.

use serde::Deserialize;

use crate::{
    id::WorkflowStepId,
    wire::{open_enum, or_default},
};

/// A step of a workflow, of whatever kind (`EventTypeWorkflowStepOutputDto` and
/// `RoutingFormWorkflowStepOutputDto` in Cal.com's API description).
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct WorkflowStep {
    /// The step's number; [`EmailStep::id`](super::EmailStep::id) and
    /// [`TextStep::id`](super::TextStep::id) take it.
    pub id: WorkflowStepId,
    /// Its place in the workflow, from 1.
    pub step_number: Option<i64>,
    /// What it does.
    pub action: Option<StepAction>,
    /// Who gets the message; it follows from the action.
    pub recipient: Option<Recipient>,
    /// The address of a message to a fixed one; else empty.
    pub email: Option<String>,
    /// The number of a message to a fixed one; else empty.
    pub phone: Option<String>,
    /// Whether guests must say their phone number when they book.
    pub phone_required: Option<bool>,
    /// What kind of message it is.
    pub template: Option<Template>,
    /// Whether an e-mail has the booking as a calendar file.
    pub include_calendar_event: Option<bool>,
    /// Who the message says that it is from.
    pub sender: Option<String>,
    /// What is sent.
    pub message: Option<StepMessage>,
}

/// What a step sends.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct StepMessage {
    /// The subject.
    #[serde(default, deserialize_with = "or_default")]
    pub subject: String,
    /// The text of an e-mail.
    pub html: Option<String>,
    /// The text of any other message.
    pub text: Option<String>,
}

open_enum! {
    /// What a step does.
    pub enum StepAction {
        /// Calls with Cal.com's voice agent.
        CalAiPhoneCall = "cal_ai_phone_call",
        /// Writes an e-mail to a fixed address.
        EmailAddress = "email_address",
        /// Writes an e-mail to the guests.
        EmailAttendee = "email_attendee",
        /// Writes an e-mail to the host.
        EmailHost = "email_host",
        /// Sends a text message to the guests.
        SmsAttendee = "sms_attendee",
        /// Sends a text message to a fixed number.
        SmsNumber = "sms_number",
        /// Sends a message by `WhatsApp` to the guests.
        WhatsAppAttendee = "whatsapp_attendee",
        /// Sends a message by `WhatsApp` to a fixed number.
        WhatsAppNumber = "whatsapp_number",
    }
}

open_enum! {
    /// Who gets a message.
    pub enum Recipient {
        /// The guests.
        Attendee = "attendee",
        /// A fixed address.
        Email = "email",
        /// The host.
        Host = "const",
        /// A fixed phone number.
        PhoneNumber = "phone_number",
    }
}

open_enum! {
    /// What kind of message it is.
    pub enum Template {
        /// That the booking is cancelled.
        Cancelled = "cancelled",
        /// That the booking is over.
        Completed = "completed",
        /// None of the others.
        Custom = "custom",
        /// A question how it was.
        Rating = "rating",
        /// That the booking is near.
        Reminder = "reminder",
        /// That the booking was moved.
        Rescheduled = "rescheduled",
    }
}
