//! The names of webhook triggers.

use crate::wire::open_enum;

open_enum! {
    /// What a webhook reports: the `triggerEvent` of its envelope.
    ///
    /// The 28 triggers one can subscribe to, and `PING`, which only the test button sends
    /// (`WebhookTriggerEvents` in Cal.com's schema and its API description). Names that circulate
    /// but were never sent have their replacement in [`Trigger::instead_of`].
    pub enum Trigger {
        /// A guest did not join a Cal Video meeting in time.
        AfterGuestsCalVideoNoShow = "AFTER_GUESTS_CAL_VIDEO_NO_SHOW",
        /// A host did not join a Cal Video meeting in time; one delivery per absent host.
        AfterHostsCalVideoNoShow = "AFTER_HOSTS_CAL_VIDEO_NO_SHOW",
        /// A booking or one seat was cancelled, or the host asked the guest to reschedule.
        BookingCancelled = "BOOKING_CANCELLED",
        /// A booking was accepted: booked, confirmed by the host, or paid; also each new seat.
        BookingCreated = "BOOKING_CREATED",
        /// A booking's location changed.
        BookingLocationUpdated = "BOOKING_LOCATION_UPDATED",
        /// An attendee was marked, or unmarked, as absent.
        BookingNoShowUpdated = "BOOKING_NO_SHOW_UPDATED",
        /// A payment succeeded, or a no-show fee was charged.
        BookingPaid = "BOOKING_PAID",
        /// A booking was made whose payment is still due.
        BookingPaymentInitiated = "BOOKING_PAYMENT_INITIATED",
        /// A round-robin booking was given to other hosts.
        BookingReassigned = "BOOKING_REASSIGNED",
        /// The host declined a pending booking.
        BookingRejected = "BOOKING_REJECTED",
        /// A booking was made that waits for confirmation.
        BookingRequested = "BOOKING_REQUESTED",
        /// A booking was moved and the new one is accepted.
        BookingRescheduled = "BOOKING_RESCHEDULED",
        /// A calendar refused an entry; Cal.com does not document the payload.
        CalendarEntryRejected = "CALENDAR_ENTRY_REJECTED",
        /// A delegated calendar credential failed for a user.
        DelegationCredentialError = "DELEGATION_CREDENTIAL_ERROR",
        /// A delegated credential's secret must be rotated by hand.
        DelegationCredentialRotationRequired = "DELEGATION_CREDENTIAL_ROTATION_REQUIRED",
        /// A delegated credential's secret was rotated.
        DelegationCredentialSecretRotated = "DELEGATION_CREDENTIAL_SECRET_ROTATED",
        /// Rotating a delegated credential's secret failed.
        DelegationCredentialSecretRotationFailed = "DELEGATION_CREDENTIAL_SECRET_ROTATION_FAILED",
        /// A routing form was submitted.
        FormSubmitted = "FORM_SUBMITTED",
        /// A routing form was submitted and no booking followed within 15 minutes.
        FormSubmittedNoEvent = "FORM_SUBMITTED_NO_EVENT",
        /// A visitor asks for an instant meeting.
        InstantMeeting = "INSTANT_MEETING",
        /// The first host accepted an instant meeting.
        InstantMeetingAccepted = "INSTANT_MEETING_ACCEPTED",
        /// A meeting's scheduled end has come; nobody looked whether people hung up.
        MeetingEnded = "MEETING_ENDED",
        /// A meeting's scheduled start has come; nobody looked whether people joined.
        MeetingStarted = "MEETING_STARTED",
        /// An out-of-office entry was created or updated.
        OooCreated = "OOO_CREATED",
        /// The test button of Cal.com's webhook settings was pressed.
        Ping = "PING",
        /// A Cal Video recording can be downloaded.
        RecordingReady = "RECORDING_READY",
        /// The transcript of a Cal Video recording can be downloaded.
        RecordingTranscriptionGenerated = "RECORDING_TRANSCRIPTION_GENERATED",
        /// A routing form used its fallback action.
        RoutingFormFallbackHit = "ROUTING_FORM_FALLBACK_HIT",
        /// A member reported a wrongly routed booking.
        WrongAssignmentReport = "WRONG_ASSIGNMENT_REPORT",
    }
}

impl Trigger {
    /// Every trigger one can subscribe to, in alphabetical order; `PING` is not among them.
    pub const SUBSCRIBABLE: [Self; 28] = [
        Self::AfterGuestsCalVideoNoShow,
        Self::AfterHostsCalVideoNoShow,
        Self::BookingCancelled,
        Self::BookingCreated,
        Self::BookingLocationUpdated,
        Self::BookingNoShowUpdated,
        Self::BookingPaid,
        Self::BookingPaymentInitiated,
        Self::BookingReassigned,
        Self::BookingRejected,
        Self::BookingRequested,
        Self::BookingRescheduled,
        Self::CalendarEntryRejected,
        Self::DelegationCredentialError,
        Self::DelegationCredentialRotationRequired,
        Self::DelegationCredentialSecretRotated,
        Self::DelegationCredentialSecretRotationFailed,
        Self::FormSubmitted,
        Self::FormSubmittedNoEvent,
        Self::InstantMeeting,
        Self::InstantMeetingAccepted,
        Self::MeetingEnded,
        Self::MeetingStarted,
        Self::OooCreated,
        Self::RecordingReady,
        Self::RecordingTranscriptionGenerated,
        Self::RoutingFormFallbackHit,
        Self::WrongAssignmentReport,
    ];

    /// Returns the trigger to use instead of a name that Cal.com never sends.
    ///
    /// Guides and even API examples mention triggers that do not exist. `None` for every other
    /// name, among them `BOOKING_REOPENED`, which has no counterpart.
    ///
    /// ```
    /// use cal_core::Trigger;
    ///
    /// assert_eq!(Trigger::instead_of("BOOKING_CONFIRMED"), Some(Trigger::BookingCreated));
    /// assert_eq!(Trigger::instead_of("PAYMENT_COMPLETED"), Some(Trigger::BookingPaid));
    /// ```
    #[must_use]
    pub fn instead_of(name: &str) -> Option<Self> {
        Some(match name {
            "BOOKING_COMPLETED" => Self::MeetingEnded,
            "BOOKING_CONFIRMED" => Self::BookingCreated,
            "BOOKING_NO_SHOW" => Self::BookingNoShowUpdated,
            "INSTANT_MEETING_CREATED" => Self::InstantMeeting,
            "PAYMENT_COMPLETED" => Self::BookingPaid,
            _ => return None,
        })
    }

    /// Whether the payload is a [`Booking`](crate::Booking).
    #[must_use]
    pub fn is_booking(&self) -> bool {
        matches!(
            self,
            Self::BookingCancelled
                | Self::BookingCreated
                | Self::BookingLocationUpdated
                | Self::BookingPaid
                | Self::BookingPaymentInitiated
                | Self::BookingReassigned
                | Self::BookingRejected
                | Self::BookingRequested
                | Self::BookingRescheduled
                | Self::Ping
        )
    }
}
