//! Contacts: who booked, what happened to them, how promising they are.

mod hook;
#[cfg(feature = "hubspot")]
mod hubspot;
#[cfg(feature = "store")]
mod local;
mod news;
mod people;

use std::future::Future;

use cal_core::BookingUid;
use cal_webhook::{Change, HookError};
use chrono::{DateTime, Utc};

pub use hook::CrmHook;
#[cfg(feature = "hubspot")]
#[cfg_attr(docsrs, doc(cfg(feature = "hubspot")))]
pub use hubspot::HubSpot;
#[cfg(feature = "store")]
#[cfg_attr(docsrs, doc(cfg(feature = "store")))]
pub use local::LocalCrm;

/// A system that keeps contacts.
///
/// Calls come at least once: the same [`Activity::key`] twice is one activity, and a contact is
/// found by the e-mail address, whatever its case, or else by the telephone number.
pub trait Crm: Send + Sync + 'static {
    /// Makes the contact, or fills in what is not known of it: what a person maintains there counts more
    /// than what an attendee types.
    fn upsert_contact(
        &self,
        contact: &Contact,
    ) -> impl Future<Output = Result<ContactId, HookError>> + Send;

    /// Records what happened to a contact.
    fn record_activity(
        &self,
        contact: &ContactId,
        activity: &Activity,
    ) -> impl Future<Output = Result<(), HookError>> + Send;

    /// Sets how far a contact has come; a customer stays one.
    fn set_stage(
        &self,
        contact: &ContactId,
        stage: Stage,
    ) -> impl Future<Output = Result<(), HookError>> + Send;

    /// Adds points to the contact's score, once for each key, with their reason.
    fn add_points(
        &self,
        contact: &ContactId,
        points: &Points,
    ) -> impl Future<Output = Result<(), HookError>> + Send;

    /// Returns the points that a contact has already for coming to a booking, or for staying away,
    /// without those for the activity of the key `except`; nothing where the CRM cannot tell.
    ///
    /// With it, a host who marks somebody as absent after the end takes back what the end gave. Those
    /// are the points for [`Change::Ended`], [`Change::NoShow`] and [`Change::GuestNoShow`]; the key of
    /// an activity's points is the activity's with `/points` behind.
    fn attendance(
        &self,
        contact: &ContactId,
        uid: &BookingUid,
        except: &str,
    ) -> impl Future<Output = Result<i32, HookError>> + Send {
        let _ = (contact, uid, except);
        async { Ok(0) }
    }
}

/// A contact's id in the CRM that gave it.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct ContactId(pub String);

/// What is known of a person who books.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Contact {
    /// The e-mail address in lower case; empty for people who gave only a telephone number.
    pub email: String,
    /// The full name as typed.
    pub name: Option<String>,
    /// The first name, where it was told apart.
    pub first_name: Option<String>,
    /// The last name, where it was told apart.
    pub last_name: Option<String>,
    /// The telephone number; of people without an address `+` and digits.
    pub phone: Option<String>,
    /// The IANA time zone.
    pub time_zone: Option<String>,
    /// The language tag.
    pub locale: Option<String>,
}

/// Something that happened to a contact.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Activity {
    /// The same in every attempt at telling it: [`Context::idempotency_key`](cal_webhook::Context::idempotency_key).
    pub key: String,
    /// What happened.
    pub change: Change,
    /// The booking it happened to.
    pub uid: Option<BookingUid>,
    /// The booking that it replaces.
    pub moved_from: Option<BookingUid>,
    /// What the booking is called.
    pub title: String,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// When the meeting starts.
    pub start: Option<DateTime<Utc>>,
    /// When the meeting ends.
    pub end: Option<DateTime<Utc>>,
    /// Where people join.
    pub meeting_url: Option<String>,
    /// Notes and answers as the contact typed them.
    pub note: Option<String>,
    /// Whether the contact is marked as absent; `false` where a mark is taken back.
    pub absent: Option<bool>,
}

impl Contact {
    /// Makes a contact of whom only the e-mail address is known; it is kept in lower case.
    #[must_use]
    pub fn new(email: &str) -> Self {
        Self { email: email.trim().to_lowercase(), ..Self::default() }
    }
}

impl Activity {
    /// Makes an activity of which only these are known; the other members can be set.
    #[must_use]
    pub fn new(key: String, change: Change, title: String, at: DateTime<Utc>) -> Self {
        Self {
            key,
            change,
            uid: None,
            moved_from: None,
            title,
            at,
            start: None,
            end: None,
            meeting_url: None,
            note: None,
            absent: None,
        }
    }
}

impl Points {
    /// Makes points of a key, their number and their reason.
    #[must_use]
    pub fn new(key: String, points: i32, reason: &'static str) -> Self {
        Self { key, points, reason }
    }
}

/// How far a contact has come.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Stage {
    /// Has asked for something, or cancelled what they had.
    Lead,
    /// Has a booking.
    Opportunity,
    /// Has paid, or has come to a meeting.
    Customer,
}

impl Stage {
    /// Returns the name: `lead`, `opportunity`, `customer`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lead => "lead",
            Self::Opportunity => "opportunity",
            Self::Customer => "customer",
        }
    }
}

/// Points of a lead score and why they were given.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Points {
    /// The same in every attempt at giving them.
    pub key: String,
    /// How many; bad news takes some away.
    pub points: i32,
    /// Why: `booked a consultation`, `did not come`.
    pub reason: &'static str,
}
