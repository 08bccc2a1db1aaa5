//! The mails that there are.

/// What a mail is about.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Kind {
    /// The booking is confirmed.
    Confirmed,
    /// The booking waits for the host.
    Requested,
    /// The booking was moved: old time and new time.
    Rescheduled,
    /// The booking takes place somewhere else.
    LocationChanged,
    /// Somebody else hosts the booking.
    Reassigned,
    /// The host asks for another time.
    RescheduleRequested,
    /// The booking is cancelled.
    Cancelled,
    /// The host declined the request.
    Declined,
    /// The booking is soon.
    Reminder,
    /// The attendee did not come.
    NoShow,
    /// The payment succeeded.
    Receipt,
    /// A fee was charged because the attendee did not come.
    NoShowFee,
    /// How was it?
    Feedback,
    /// What comes after a consultation.
    FollowUp,
    /// Whether to come back after a cancellation.
    Return,
    /// The same news for the host.
    Host,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 16] = [
        Self::Confirmed,
        Self::Requested,
        Self::Rescheduled,
        Self::LocationChanged,
        Self::Reassigned,
        Self::RescheduleRequested,
        Self::Cancelled,
        Self::Declined,
        Self::Reminder,
        Self::NoShow,
        Self::Receipt,
        Self::NoShowFee,
        Self::Feedback,
        Self::FollowUp,
        Self::Return,
        Self::Host,
    ];

    /// Returns the name in snake case: `confirmed`, `follow_up`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Requested => "requested",
            Self::Rescheduled => "rescheduled",
            Self::LocationChanged => "location_changed",
            Self::Reassigned => "reassigned",
            Self::RescheduleRequested => "reschedule_requested",
            Self::Cancelled => "cancelled",
            Self::Declined => "declined",
            Self::Reminder => "reminder",
            Self::NoShow => "no_show",
            Self::Receipt => "receipt",
            Self::NoShowFee => "no_show_fee",
            Self::Feedback => "feedback",
            Self::FollowUp => "follow_up",
            Self::Return => "return",
            Self::Host => "host",
        }
    }

    /// Reads a name as [`Kind::as_str`] writes it.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Whether the mail is about the booking itself; all others can be unsubscribed from.
    #[must_use]
    pub fn is_transactional(self) -> bool {
        !matches!(self, Self::Feedback | Self::FollowUp | Self::NoShow | Self::Return)
    }
}
