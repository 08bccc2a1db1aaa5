//! Identifiers as types, so that a booking's number is never mistaken for an event type's.

/// Declares ids that are numbers; also for `cal-client`.
#[doc(hidden)]
#[macro_export]
macro_rules! number_id {
    ($( $(#[$doc:meta])* $name:ident, )+) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, serde::Deserialize, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<i64> for $name {
            fn from(number: i64) -> Self {
                Self(number)
            }
        }
    )+ };
}

/// Declares ids that are texts; also for `cal-client`.
#[doc(hidden)]
#[macro_export]
macro_rules! text_id {
    ($( $(#[$doc:meta])* $name:ident, )+) => { $(
        $(#[$doc])*
        #[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, serde::Deserialize, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Returns the id as Cal.com spells it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl From<&$name> for $name {
            fn from(id: &$name) -> Self {
                id.clone()
            }
        }
    )+ };
}

number_id! {
    /// A booking's number in Cal.com's database; `bookingId` in payloads.
    BookingId,
    /// An event type's number. `0` appears in no-show fee payments and means none.
    EventTypeId,
    /// An organisation's number.
    OrganizationId,
    /// A payment's number in Cal.com's database.
    PaymentId,
    /// A team's number.
    TeamId,
    /// A Cal.com user's number.
    UserId,
}

text_id! {
    /// A booking's public id: about 22 letters and digits, new after every reschedule.
    BookingUid,
    /// A routing form's id.
    FormId,
    /// A seat's reference within a seated booking (`attendeeSeatId`).
    SeatUid,
}
