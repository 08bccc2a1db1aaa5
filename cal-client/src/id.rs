//! Identifiers that only the API has; the others come from `cal_core`.

use cal_core::{number_id, text_id};

number_id! {
    /// An attendee's number within a booking.
    AttendeeId,
    /// The number of a connected app or calendar.
    CredentialId,
    /// A membership's number.
    MembershipId,
    /// An out-of-office entry's number.
    OutOfOfficeId,
    /// A schedule's number.
    ScheduleId,
}

text_id! {
    /// A webhook subscription's id.
    WebhookId,
}
