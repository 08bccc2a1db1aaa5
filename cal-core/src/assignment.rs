//! Why a host got a booking, and reports that it was the wrong one.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use crate::{BookingId, BookingStatus, BookingUid, EventTypeId, TeamId, UserId, time};

/// Why a host was chosen for a booking; Cal.com writes it in four shapes.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum AssignmentReason {
    /// A plain text.
    Text(String),
    /// The rows of the database; may be empty.
    Rows(Vec<AssignmentReasonRow>),
    /// A category with details.
    Category {
        /// The category.
        category: String,
        /// The details.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        details: Option<String>,
    },
}

/// One reason of an assignment.
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AssignmentReasonRow {
    /// `ROUTING_FORM_ROUTING`, `REASSIGNED`, `SALESFORCE_ASSIGNMENT` and the like.
    pub reason_enum: Option<String>,
    /// The reason in words.
    pub reason_string: Option<String>,
}

/// A member's report that a booking was routed to the wrong host (`WRONG_ASSIGNMENT_REPORT`).
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct WrongAssignment {
    /// The booking.
    pub booking: ReportedBooking,
    /// The report.
    pub report: Option<AssignmentReport>,
}

/// The booking of a [`WrongAssignment`].
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ReportedBooking {
    /// The booking's public id.
    pub uid: Option<BookingUid>,
    /// The booking's number.
    pub id: Option<BookingId>,
    /// The booking's title.
    pub title: Option<String>,
    /// The start.
    #[serde(default, rename = "startTime", deserialize_with = "time::maybe")]
    pub start: Option<DateTime<Utc>>,
    /// The end.
    #[serde(default, rename = "endTime", deserialize_with = "time::maybe")]
    pub end: Option<DateTime<Utc>>,
    /// The status.
    pub status: Option<BookingStatus>,
    /// The event type, unless it was deleted.
    pub event_type: Option<ReportedEventType>,
}

/// The event type of a [`ReportedBooking`].
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ReportedEventType {
    /// The event type's number.
    pub id: Option<EventTypeId>,
    /// Its title.
    pub title: Option<String>,
    /// The last part of its link.
    pub slug: Option<String>,
    /// The team it belongs to.
    pub team_id: Option<TeamId>,
}

/// What a member reported.
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AssignmentReport {
    /// Who reported it.
    pub reported_by: Option<AssignmentReporter>,
    /// Why the host had been chosen; the documentation calls it `routingReason`.
    pub first_assignment_reason: Option<String>,
    /// The documented name of `first_assignment_reason`; see [`AssignmentReport::reason`].
    pub routing_reason: Option<String>,
    /// The guest's e-mail address.
    pub guest: Option<String>,
    /// The host who got the booking.
    pub host: Option<ReportedHost>,
    /// The e-mail address of the host who should have got it.
    pub correct_assignee: Option<String>,
    /// What the member wrote.
    pub additional_notes: Option<String>,
}

impl AssignmentReport {
    /// Returns why the host had been chosen, under whichever name it came.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.first_assignment_reason.as_deref().or(self.routing_reason.as_deref())
    }
}

/// The member who reported a wrong assignment.
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct AssignmentReporter {
    /// The user's number.
    pub id: Option<UserId>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The name.
    pub name: Option<String>,
}

/// The host of a [`WrongAssignment`].
#[skip_serializing_none]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ReportedHost {
    /// The e-mail address.
    pub email: Option<String>,
    /// The name.
    pub name: Option<String>,
}
