//! Identifiers that only the API has; the others come from `cal_core`.

use cal_core::{number_id, text_id};

number_id! {
    /// An attendee's number within a booking.
    AttendeeId,
    /// The number of a connected app or calendar.
    CredentialId,
    /// A membership's number.
    MembershipId,
    /// The number of a routing form's stored answers.
    FormResponseId,
    /// An out-of-office entry's number.
    OutOfOfficeId,
    /// A schedule's number.
    ScheduleId,
    /// The number of an e-mail address that was verified.
    VerifiedEmailId,
    /// The number of a phone number that was verified.
    VerifiedPhoneId,
    /// A workflow's number.
    WorkflowId,
    /// The number of a workflow's step.
    WorkflowStepId,
}

text_id! {
    /// An attribute's id.
    AttributeId,
    /// The id of an attribute's option.
    AttributeOptionId,
    /// A delegation credential's id.
    DelegationCredentialId,
    /// The id of a slot that is held.
    ReservationUid,
    /// A role's id.
    RoleId,
    /// A webhook subscription's id.
    WebhookId,
}
