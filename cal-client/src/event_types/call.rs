//! Calls that Cal.com's assistant makes to book an event type.

use secrecy::SecretString;
use serde::Deserialize;

use crate::{
    secret,
    wire::{input, open_enum, or_default},
};

input! {
    /// A phone call to make: from, to, with which API key and template, and whether it is enabled.
    ///
    /// Phone numbers begin with `+` and the country's code. The assistant uses the API key to book.
    pub struct NewPhoneCall {
        required {
            your_phone_number: String,
            number_to_call: String,
            #[serde(serialize_with = "secret::send")]
            cal_api_key: SecretString,
            template_type: CallTemplate,
            enabled: bool,
        }
        optional {
            /// Sets the name of the one in whose name is called.
            scheduler_name: String,
            /// Sets the name of the one who is called.
            guest_name: String,
            /// Sets the e-mail address of the one who is called.
            guest_email: String,
            /// Sets the company of the one who is called.
            guest_company: String,
            /// Sets what is said first.
            begin_message: String,
            /// Sets the instructions of [`CallTemplate::CustomTemplate`].
            general_prompt: String,
        }
    }
}

open_enum! {
    /// What a phone call is about.
    pub enum CallTemplate {
        /// An appointment to check in.
        CheckInAppointment = "CHECK_IN_APPOINTMENT",
        /// What your own instructions say.
        CustomTemplate = "CUSTOM_TEMPLATE",
    }
}

/// A phone call that was begun.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct PhoneCall {
    /// The call's id.
    #[serde(default, deserialize_with = "or_default")]
    pub call_id: String,
    /// The id of the assistant that calls.
    pub agent_id: Option<String>,
}
