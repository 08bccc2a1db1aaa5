//! Whose bookings, schedules and so on: the account's, a team's, an organization's.

use cal_core::{EventTypeId, TeamId};
#[cfg(feature = "orgs")]
use cal_core::{OrganizationId, UserId};

use crate::{Client, request::At};

/// The account whose credentials the client has.
#[derive(Clone, Copy, Debug)]
pub enum Me {}

impl sealed::Sealed for Me {}

/// What all scopes are, so that traits of scopes cannot be implemented by others.
pub(crate) mod sealed {
    #[expect(unnameable_types, reason = "nobody else can implement what they cannot name")]
    pub trait Sealed {}
}

/// A handle of a scope: where its operations are.
macro_rules! scopes {
    ($( $(#[$meta:meta])* $name:ident, )+) => { $(
        $(#[$meta])*
        #[derive(Clone, Debug)]
        pub struct $name {
            pub(crate) at: At,
        }

        impl sealed::Sealed for $name {}
    )+ };
}

scopes! {
    /// An event type of the account.
    EventTypeScope,
    /// A team outside of organizations, or one's own within.
    Team,
    /// An event type of a team.
    TeamEventType,
}

#[cfg(feature = "orgs")]
scopes! {
    /// An organization.
    Org,
    /// A team of an organization.
    OrgTeam,
    /// An event type of a team of an organization.
    OrgTeamEventType,
    /// A user of an organization.
    OrgUser,
}

/// A platform client (deprecated by Cal.com).
#[cfg(feature = "platform")]
#[derive(Clone, Debug)]
pub struct Platform {
    pub(crate) at: At,
    /// Where tokens of its users are refreshed, which is elsewhere.
    pub(crate) tokens: At,
}

#[cfg(feature = "platform")]
impl sealed::Sealed for Platform {}

/// Declares a handler: its struct, and how its scopes give one out.
///
/// A handler is generic over the scope, so that an operation that a scope lacks is no method of it.
macro_rules! handler {
    (
        $(#[$meta:meta])*
        pub struct $name:ident;
        $( $(#[cfg($cfg:meta)])? $scope:ident . $method:ident: $doc:literal, )+
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug)]
        pub struct $name<S = crate::scope::Me> {
            pub(crate) at: crate::request::At,
            marker: std::marker::PhantomData<fn() -> S>,
        }

        impl<S> $name<S> {
            #[allow(dead_code)]
            pub(crate) fn new(at: crate::request::At) -> Self {
                Self { at, marker: std::marker::PhantomData }
            }
        }

        $( crate::scope::handler!(@scope $(#[cfg($cfg)])? $name $scope $method $doc); )+
    };
    (@scope $name:ident Me $method:ident $doc:literal) => {
        impl crate::Client {
            #[doc = $doc]
            #[must_use]
            pub fn $method(&self) -> $name {
                $name::new(self.at())
            }
        }
    };
    (@scope $(#[cfg($cfg:meta)])? $name:ident $scope:ident $method:ident $doc:literal) => {
        $(#[cfg($cfg)])?
        impl crate::scope::$scope {
            #[doc = $doc]
            #[must_use]
            pub fn $method(&self) -> $name<crate::scope::$scope> {
                $name::new(self.at.clone())
            }
        }
    };
}
pub(crate) use handler;

impl Client {
    /// Goes to an event type of the account: its webhooks and private links.
    #[must_use]
    pub fn event_type(&self, id: impl Into<EventTypeId>) -> EventTypeScope {
        EventTypeScope { at: self.at().join("/event-types/{}", &[&id.into()]) }
    }

    /// Goes to a team.
    #[must_use]
    pub fn team(&self, id: impl Into<TeamId>) -> Team {
        Team { at: self.at().join("/teams/{}", &[&id.into()]) }
    }

    /// Goes to an organization.
    #[cfg(feature = "orgs")]
    #[must_use]
    pub fn org(&self, id: impl Into<OrganizationId>) -> Org {
        Org { at: self.at().join("/organizations/{}", &[&id.into()]) }
    }

    /// Goes to a platform client; the client needs [`Auth::platform`](crate::Auth::platform).
    #[cfg(feature = "platform")]
    #[must_use]
    pub fn platform(&self, client_id: &str) -> Platform {
        use crate::auth::Credentials::SecretKey;
        let at = self.at().credentials(SecretKey);
        Platform {
            at: at.join("/oauth-clients/{}", &[&client_id]),
            tokens: at.join("/oauth/{}", &[&client_id]),
        }
    }
}

impl Team {
    /// Goes to an event type of the team: its webhooks.
    #[must_use]
    pub fn event_type(&self, id: impl Into<EventTypeId>) -> TeamEventType {
        TeamEventType { at: self.at.join("/event-types/{}", &[&id.into()]) }
    }
}

#[cfg(feature = "orgs")]
impl Org {
    /// Goes to a team of the organization.
    #[must_use]
    pub fn team(&self, id: impl Into<TeamId>) -> OrgTeam {
        OrgTeam { at: self.at.join("/teams/{}", &[&id.into()]) }
    }

    /// Goes to a user of the organization.
    #[must_use]
    pub fn user(&self, id: impl Into<UserId>) -> OrgUser {
        OrgUser { at: self.at.join("/users/{}", &[&id.into()]) }
    }
}

#[cfg(feature = "orgs")]
impl OrgTeam {
    /// Goes to an event type of the team: its private links.
    #[must_use]
    pub fn event_type(&self, id: impl Into<EventTypeId>) -> OrgTeamEventType {
        OrgTeamEventType { at: self.at.join("/event-types/{}", &[&id.into()]) }
    }
}
