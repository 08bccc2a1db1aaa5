//! Finds the payload of an event by its type.

use std::sync::Arc;

use cal_core::{
    AcceptedInstantMeeting, Booking, CalVideoNoShow, CalendarEntryRejected, DelegationError,
    DelegationRotation, Event, FallbackHit, FormSubmission, InstantMeeting, Meeting, NoShowUpdate,
    OutOfOffice, Recording, WrongAssignment,
};

/// A payload that lifecycle methods take.
pub(crate) trait Payload: Sized + Send + Sync + 'static {
    fn of(event: &Event) -> Option<&Arc<Self>>;
}

impl Payload for Booking {
    fn of(event: &Event) -> Option<&Arc<Self>> {
        event.booking()
    }
}

macro_rules! payloads {
    ($( $payload:ty: $first:ident $(| $other:ident)*; )+) => { $(
        impl Payload for $payload {
            fn of(event: &Event) -> Option<&Arc<Self>> {
                match event {
                    Event::$first(payload) $(| Event::$other(payload))* => Some(payload),
                    _ => None,
                }
            }
        }
    )+ };
}

payloads! {
    AcceptedInstantMeeting: InstantMeetingAccepted;
    CalVideoNoShow: AfterGuestsCalVideoNoShow | AfterHostsCalVideoNoShow;
    CalendarEntryRejected: CalendarEntryRejected;
    DelegationError: DelegationCredentialError;
    DelegationRotation: DelegationCredentialRotationRequired | DelegationCredentialSecretRotated
        | DelegationCredentialSecretRotationFailed;
    FallbackHit: RoutingFormFallbackHit;
    FormSubmission: FormSubmitted | FormSubmittedNoEvent;
    InstantMeeting: InstantMeeting;
    Meeting: MeetingEnded | MeetingStarted;
    NoShowUpdate: BookingNoShowUpdated;
    OutOfOffice: OooCreated;
    Recording: RecordingReady | RecordingTranscriptionGenerated;
    WrongAssignment: WrongAssignmentReport;
}
