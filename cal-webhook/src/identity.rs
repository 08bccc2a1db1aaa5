//! What makes two reports one, and what may still be told of a booking that is over.

use crate::Change;

/// By what two reports of one change are told to be one; see [`Change::identity`].
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Identity {
    /// The same content, sent less than ten seconds apart.
    Content,
    /// The same id, whenever it comes.
    Id,
    /// The same state of the same booking or seat, reached once.
    State,
    /// The same value as the one known: only a change is news.
    Value,
}

impl Identity {
    /// Returns the name in lower case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Content => "content",
            Self::Id => "id",
            Self::State => "state",
            Self::Value => "value",
        }
    }
}

impl Change {
    /// Returns what makes two reports of this change one.
    ///
    /// Where a delivery leaves out what this goes by, its content counts.
    #[must_use]
    pub fn identity(self) -> Identity {
        match self {
            Self::Booked
            | Self::Cancelled
            | Self::Ended
            | Self::PaymentInitiated
            | Self::Rejected
            | Self::Requested
            | Self::RescheduleRequested
            | Self::Rescheduled
            | Self::Started => Identity::State,
            Self::GuestNoShow
            | Self::GuestsAdded
            | Self::HostNoShow
            | Self::LocationChanged
            | Self::NoShow
            | Self::OutOfOffice
            | Self::Reassigned => Identity::Value,
            Self::NoShowFee | Self::Paid | Self::Recording | Self::Transcript => Identity::Id,
            Self::CalendarEntryRejected
            | Self::DelegationError
            | Self::DelegationRotated
            | Self::DelegationRotationFailed
            | Self::DelegationRotationRequired
            | Self::Form
            | Self::FormWithoutBooking
            | Self::InstantMeeting
            | Self::InstantMeetingAccepted
            | Self::Ping
            | Self::RoutingFallback
            | Self::WrongAssignment => Identity::Content,
        }
    }

    /// Whether it may still be told of a booking that was cancelled, declined or moved away.
    ///
    /// Money that came is money, and a recording that exists can be downloaded. What says how a
    /// meeting is or was held says nothing once the meeting was called off.
    #[must_use]
    pub fn outlives_booking(self) -> bool {
        match self {
            Self::Booked
            | Self::Cancelled
            | Self::Ended
            | Self::GuestNoShow
            | Self::GuestsAdded
            | Self::HostNoShow
            | Self::InstantMeeting
            | Self::InstantMeetingAccepted
            | Self::LocationChanged
            | Self::NoShow
            | Self::PaymentInitiated
            | Self::Reassigned
            | Self::Rejected
            | Self::Requested
            | Self::RescheduleRequested
            | Self::Rescheduled
            | Self::Started => false,
            Self::CalendarEntryRejected
            | Self::DelegationError
            | Self::DelegationRotated
            | Self::DelegationRotationFailed
            | Self::DelegationRotationRequired
            | Self::Form
            | Self::FormWithoutBooking
            | Self::NoShowFee
            | Self::OutOfOffice
            | Self::Paid
            | Self::Ping
            | Self::Recording
            | Self::RoutingFallback
            | Self::Transcript
            | Self::WrongAssignment => true,
        }
    }

    /// Whether a later delivery with the same time of sending is a revision of an earlier one.
    ///
    /// What is told apart by what it says may come several times in one moment.
    pub(crate) fn has_revisions(self) -> bool {
        match self.identity() {
            Identity::State => true,
            Identity::Value => {
                let several =
                    [Self::GuestNoShow, Self::GuestsAdded, Self::HostNoShow, Self::Reassigned];
                !several.contains(&self)
            }
            Identity::Id => matches!(self, Self::NoShowFee | Self::Paid),
            Identity::Content => false,
        }
    }
}
