//! Where a booking takes place, as it is asked for.

use serde::Serialize;

/// Where a new booking takes place: one of the locations that the event type offers.
///
/// Named after the `BookingInput...Location_2024_08_13` of Cal.com's API description.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase", tag = "type")]
pub enum NewLocation {
    /// The address that the event type has.
    Address,
    /// An address of the attendee's.
    AttendeeAddress {
        /// The address.
        address: String,
    },
    /// Whatever the attendee says.
    AttendeeDefined {
        /// What the attendee says.
        location: String,
    },
    /// A phone number of the attendee's.
    AttendeePhone {
        /// The number in international format, such as `+4722225555`.
        phone: String,
    },
    /// A video meeting.
    Integration {
        /// The app's name, such as `cal-video`, `google-meet` or `zoom`.
        integration: String,
    },
    /// The link that the event type has.
    Link,
    /// The app that the host prefers; event types of teams only.
    OrganizersDefaultApp,
    /// The phone number that the event type has.
    Phone,
}

/// Where a booking takes place from now on.
///
/// Named after the `Update...Location_2024_08_13` of Cal.com's API description.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase", tag = "type")]
pub enum UpdateLocation {
    /// An address of the host's.
    Address {
        /// The address.
        address: String,
    },
    /// An address of the attendee's.
    AttendeeAddress {
        /// The address.
        address: String,
    },
    /// Whatever the attendee says.
    AttendeeDefined {
        /// What the attendee says.
        location: String,
    },
    /// A phone number of the attendee's.
    AttendeePhone {
        /// The number in international format, such as `+4722225555`.
        phone: String,
    },
    /// A link of the host's.
    Link {
        /// The address.
        link: String,
    },
    /// A phone number of the host's.
    Phone {
        /// The number in international format, such as `+4722225555`.
        phone: String,
    },
}
