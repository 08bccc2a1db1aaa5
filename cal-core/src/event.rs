//! What a delivery reports.

use std::sync::Arc;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::{
    AcceptedInstantMeeting, Booking, BookingUid, CalVideoNoShow, DelegationError,
    DelegationRotation, FallbackHit, FormSubmission, InstantMeeting, Meeting, NoShowUpdate,
    OutOfOffice, ParseError, Recording, Trigger, WrongAssignment,
};

/// What a delivery reports: one variant for every [`Trigger`], with its payload.
///
/// Payloads are shared, so that an event is cheap to clone. An event serialises as its payload,
/// with the names that Cal.com uses; [`Delivery`](crate::Delivery) adds the envelope.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Event {
    /// `AFTER_GUESTS_CAL_VIDEO_NO_SHOW`
    AfterGuestsCalVideoNoShow(Arc<CalVideoNoShow>),
    /// `AFTER_HOSTS_CAL_VIDEO_NO_SHOW`
    AfterHostsCalVideoNoShow(Arc<CalVideoNoShow>),
    /// `BOOKING_CANCELLED`
    BookingCancelled(Arc<Booking>),
    /// `BOOKING_CREATED`
    BookingCreated(Arc<Booking>),
    /// `BOOKING_LOCATION_UPDATED`
    BookingLocationUpdated(Arc<Booking>),
    /// `BOOKING_NO_SHOW_UPDATED`
    BookingNoShowUpdated(Arc<NoShowUpdate>),
    /// `BOOKING_PAID`
    BookingPaid(Arc<Booking>),
    /// `BOOKING_PAYMENT_INITIATED`
    BookingPaymentInitiated(Arc<Booking>),
    /// `BOOKING_REASSIGNED`
    BookingReassigned(Arc<Booking>),
    /// `BOOKING_REJECTED`
    BookingRejected(Arc<Booking>),
    /// `BOOKING_REQUESTED`
    BookingRequested(Arc<Booking>),
    /// `BOOKING_RESCHEDULED`
    BookingRescheduled(Arc<Booking>),
    /// `CALENDAR_ENTRY_REJECTED`
    CalendarEntryRejected(Arc<CalendarEntryRejected>),
    /// `DELEGATION_CREDENTIAL_ERROR`
    DelegationCredentialError(Arc<DelegationError>),
    /// `DELEGATION_CREDENTIAL_ROTATION_REQUIRED`
    DelegationCredentialRotationRequired(Arc<DelegationRotation>),
    /// `DELEGATION_CREDENTIAL_SECRET_ROTATED`
    DelegationCredentialSecretRotated(Arc<DelegationRotation>),
    /// `DELEGATION_CREDENTIAL_SECRET_ROTATION_FAILED`
    DelegationCredentialSecretRotationFailed(Arc<DelegationRotation>),
    /// `FORM_SUBMITTED`
    FormSubmitted(Arc<FormSubmission>),
    /// `FORM_SUBMITTED_NO_EVENT`
    FormSubmittedNoEvent(Arc<FormSubmission>),
    /// `INSTANT_MEETING`
    InstantMeeting(Arc<InstantMeeting>),
    /// `INSTANT_MEETING_ACCEPTED`
    InstantMeetingAccepted(Arc<AcceptedInstantMeeting>),
    /// `MEETING_ENDED`
    MeetingEnded(Arc<Meeting>),
    /// `MEETING_STARTED`
    MeetingStarted(Arc<Meeting>),
    /// `OOO_CREATED`
    OooCreated(Arc<OutOfOffice>),
    /// A body that is no Cal.com envelope, or one whose payload does not fit its trigger.
    Opaque(Arc<Opaque>),
    /// `PING`
    Ping(Arc<Booking>),
    /// `RECORDING_READY`
    RecordingReady(Arc<Recording>),
    /// `RECORDING_TRANSCRIPTION_GENERATED`
    RecordingTranscriptionGenerated(Arc<Recording>),
    /// `ROUTING_FORM_FALLBACK_HIT`
    RoutingFormFallbackHit(Arc<FallbackHit>),
    /// A trigger that this version does not know.
    Unknown(Arc<Unknown>),
    /// `WRONG_ASSIGNMENT_REPORT`
    WrongAssignmentReport(Arc<WrongAssignment>),
}

impl Event {
    /// Returns the booking, when the payload is one.
    #[must_use]
    pub fn booking(&self) -> Option<&Arc<Booking>> {
        match self {
            Self::BookingCancelled(booking)
            | Self::BookingCreated(booking)
            | Self::BookingLocationUpdated(booking)
            | Self::BookingPaid(booking)
            | Self::BookingPaymentInitiated(booking)
            | Self::BookingReassigned(booking)
            | Self::BookingRejected(booking)
            | Self::BookingRequested(booking)
            | Self::BookingRescheduled(booking)
            | Self::Ping(booking) => Some(booking),
            _ => None,
        }
    }

    /// Returns the booking's public id, under whichever name the payload has it.
    #[must_use]
    pub fn booking_uid(&self) -> Option<&BookingUid> {
        match self {
            Self::AfterGuestsCalVideoNoShow(no_show) | Self::AfterHostsCalVideoNoShow(no_show) => {
                no_show.uid.as_ref()
            }
            Self::BookingNoShowUpdated(update) => update.uid.as_ref(),
            Self::InstantMeeting(meeting) => meeting.uid.as_ref(),
            Self::InstantMeetingAccepted(meeting) => meeting.uid.as_ref(),
            Self::MeetingEnded(meeting) | Self::MeetingStarted(meeting) => meeting.uid.as_ref(),
            Self::RecordingReady(recording) | Self::RecordingTranscriptionGenerated(recording) => {
                recording.uid.as_ref()
            }
            Self::WrongAssignmentReport(report) => report.booking.uid.as_ref(),
            other => other.booking()?.uid.as_ref(),
        }
    }

    /// Returns the trigger; `None` for a body without one.
    #[must_use]
    pub fn trigger(&self) -> Option<Trigger> {
        Some(match self {
            Self::AfterGuestsCalVideoNoShow(_) => Trigger::AfterGuestsCalVideoNoShow,
            Self::AfterHostsCalVideoNoShow(_) => Trigger::AfterHostsCalVideoNoShow,
            Self::BookingCancelled(_) => Trigger::BookingCancelled,
            Self::BookingCreated(_) => Trigger::BookingCreated,
            Self::BookingLocationUpdated(_) => Trigger::BookingLocationUpdated,
            Self::BookingNoShowUpdated(_) => Trigger::BookingNoShowUpdated,
            Self::BookingPaid(_) => Trigger::BookingPaid,
            Self::BookingPaymentInitiated(_) => Trigger::BookingPaymentInitiated,
            Self::BookingReassigned(_) => Trigger::BookingReassigned,
            Self::BookingRejected(_) => Trigger::BookingRejected,
            Self::BookingRequested(_) => Trigger::BookingRequested,
            Self::BookingRescheduled(_) => Trigger::BookingRescheduled,
            Self::CalendarEntryRejected(_) => Trigger::CalendarEntryRejected,
            Self::DelegationCredentialError(_) => Trigger::DelegationCredentialError,
            Self::DelegationCredentialRotationRequired(_) => {
                Trigger::DelegationCredentialRotationRequired
            }
            Self::DelegationCredentialSecretRotated(_) => {
                Trigger::DelegationCredentialSecretRotated
            }
            Self::DelegationCredentialSecretRotationFailed(_) => {
                Trigger::DelegationCredentialSecretRotationFailed
            }
            Self::FormSubmitted(_) => Trigger::FormSubmitted,
            Self::FormSubmittedNoEvent(_) => Trigger::FormSubmittedNoEvent,
            Self::InstantMeeting(_) => Trigger::InstantMeeting,
            Self::InstantMeetingAccepted(_) => Trigger::InstantMeetingAccepted,
            Self::MeetingEnded(_) => Trigger::MeetingEnded,
            Self::MeetingStarted(_) => Trigger::MeetingStarted,
            Self::OooCreated(_) => Trigger::OooCreated,
            Self::Opaque(opaque) => return opaque.trigger.clone(),
            Self::Ping(_) => Trigger::Ping,
            Self::RecordingReady(_) => Trigger::RecordingReady,
            Self::RecordingTranscriptionGenerated(_) => Trigger::RecordingTranscriptionGenerated,
            Self::RoutingFormFallbackHit(_) => Trigger::RoutingFormFallbackHit,
            Self::Unknown(unknown) => unknown.trigger.clone(),
            Self::WrongAssignmentReport(_) => Trigger::WrongAssignmentReport,
        })
    }
}

/// A calendar that refused an entry (`CALENDAR_ENTRY_REJECTED`).
///
/// Cal.com lists the trigger but does not document its payload, which is therefore kept as it is.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
#[non_exhaustive]
pub struct CalendarEntryRejected {
    /// The payload as it came.
    pub payload: Box<RawValue>,
}

/// An envelope whose trigger this version does not know.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
#[non_exhaustive]
pub struct Unknown {
    /// The trigger's spelling.
    #[serde(skip)]
    pub trigger: Trigger,
    /// The payload as it came; of a body without `payload`, the whole body.
    pub payload: Box<RawValue>,
}

/// A body that could not be typed; it stands whole in [`Delivery::body`](crate::Delivery::body).
///
/// Custom templates, Zapier's flat bodies, `false`, form-encoded and empty bodies end here, and so
/// does a payload that lacks what its trigger cannot do without.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Opaque {
    /// The trigger, when the body named one.
    #[serde(skip)]
    pub trigger: Option<Trigger>,
    /// Why the body could not be typed.
    #[serde(serialize_with = "reason")]
    pub reason: ParseError,
}

fn reason<S: serde::Serializer>(reason: &ParseError, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(reason)
}
