//! Open enums of the booking row.

use crate::wire::open_enum;

open_enum! {
    /// A booking's status, upper case in webhooks (`BookingStatus` in Cal.com's schema).
    pub enum BookingStatus {
        /// Confirmed, or booked without need of confirmation.
        Accepted = "ACCEPTED",
        /// An instant meeting that no host has joined yet.
        AwaitingHost = "AWAITING_HOST",
        /// Cancelled by either side.
        Cancelled = "CANCELLED",
        /// Waiting for the host's confirmation, or for a payment.
        Pending = "PENDING",
        /// Declined by the host.
        Rejected = "REJECTED",
    }
}

open_enum! {
    /// How hosts are assigned to a team event.
    pub enum SchedulingType {
        /// All hosts attend.
        Collective = "COLLECTIVE",
        /// The event type is managed for its members by an administrator.
        Managed = "MANAGED",
        /// One host of several attends.
        RoundRobin = "ROUND_ROBIN",
    }
}
