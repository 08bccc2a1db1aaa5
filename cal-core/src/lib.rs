//! The vocabulary of Cal.com webhooks: triggers, payloads, ids, locations, and their parsing.
//!
//! [`Delivery::parse`] turns the raw bytes of a webhook into an [`Event`]: one variant for every
//! [`Trigger`], with a struct for its payload. It cannot fail: a trigger this version does not know
//! becomes [`Event::Unknown`], a body that is no Cal.com envelope becomes [`Event::Opaque`], and the
//! raw bytes always stay beside the typed value. [`Outline`] reads only what routing needs.
//!
//! ```
//! use cal_core::{Delivery, Event};
//!
//! let body = r#"{"triggerEvent":"BOOKING_CREATED","createdAt":"2026-05-04T09:30:00.000Z","payload":{
//!     "uid":"b1","title":"Intro","startTime":"2026-05-11T08:00:00Z","endTime":"2026-05-11T08:30:00Z"}}"#;
//! let delivery = Delivery::parse(body);
//! let Event::BookingCreated(booking) = &delivery.event else { panic!("not a booking") };
//! assert_eq!(booking.title, "Intro");
//! ```
//!
//! The crate does no I/O, starts no runtime and reads no clock. What it knows about Cal.com comes
//! from Cal.com's public documentation and from the behaviour of its open-source server; the names
//! of the source files stand at the items they explain.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod answer;
mod assignment;
mod booking;
mod calendar;
mod delegation;
mod delivery;
mod error;
mod event;
mod fields;
mod form;
mod id;
mod instant;
mod location;
mod meeting;
mod money;
mod noshow;
mod outline;
mod outofoffice;
mod payment;
mod person;
mod question;
mod recording;
#[doc(hidden)]
pub mod salvage;
mod status;
mod surrogate;
mod time;
mod trigger;
mod wire;

pub use answer::{Answer, AnswerValue};
pub use assignment::{
    AssignmentReason, AssignmentReasonRow, AssignmentReport, AssignmentReporter, ReportedBooking,
    ReportedEventType, ReportedHost, WrongAssignment,
};
pub use booking::Booking;
pub use calendar::{
    AdditionalInformation, AppStatus, Conference, ConferenceRequest, ConferenceSolution,
    ConferenceStatus, DestinationCalendar, DestinationCalendars, EntryPoint, ExistingSeries,
    Recurrence, Team, VideoCall,
};
pub use delegation::{
    Credential, CredentialFailure, CredentialOwner, DelegationCredential, DelegationError,
    DelegationRotation, RotationFailure,
};
pub use delivery::{Delivery, Parsed};
pub use error::ParseError;
pub use event::{CalendarEntryRejected, Event, Opaque, Unknown};
pub use fields::Fields;
pub use form::{
    FallbackHit, FormAction, FormAnswer, FormOption, FormRedirect, FormResponse, FormSubmission,
};
pub use id::{
    BookingId, BookingUid, EventTypeId, FormId, OrganizationId, PaymentId, SeatUid, TeamId, UserId,
};
pub use instant::{AcceptedInstantMeeting, InstantMeeting};
pub use location::Location;
pub use meeting::{
    BookingReference, EventTypeHost, EventTypeOwner, Meeting, MeetingEventType, MeetingUser,
};
pub use money::{Amount, Currency, Money};
pub use noshow::{
    CalVideoNoShow, CalVideoParticipant, NoShowAttendee, NoShowEventType, NoShowUpdate,
    NoShowWebhook,
};
pub use outline::Outline;
pub use outofoffice::{OutOfOffice, OutOfOfficeEntry, OutOfOfficeReason, OutOfOfficeUser};
pub use payment::{Payment, PaymentInfo, PaymentOption};
pub use person::{BookingSeat, Language, Person, TimeFormat};
pub use question::{
    Question, QuestionInput, QuestionOption, QuestionSource, QuestionVariant, QuestionVariantField,
    QuestionVariants, QuestionView,
};
pub use recording::{Recording, TranscriptLink, TranscriptLinks};
pub use status::{BookingStatus, SchedulingType};
pub use trigger::Trigger;
