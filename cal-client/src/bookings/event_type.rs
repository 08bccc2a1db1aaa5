//! Which event type is meant.

use cal_core::EventTypeId;
use serde::{Serialize, Serializer};

use crate::request::Request;

/// An event type, by its number or by the names in its address; a number converts into it.
///
/// `cal.com/ann/intro` is `EventTypeRef::of_user("ann", "intro")`, and what stands at
/// `acme.cal.com/ann/intro` is the same `.in_organization("acme")`.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum EventTypeRef {
    /// The event type with this number.
    Id(EventTypeId),
    /// An event type of a team.
    TeamSlug {
        /// The team's name in addresses.
        team: String,
        /// The event type's name in addresses.
        slug: String,
        /// The name in addresses of the organization that the team belongs to.
        organization: Option<String>,
    },
    /// An event type of a user.
    UserSlug {
        /// The user's name in addresses.
        user: String,
        /// The event type's name in addresses.
        slug: String,
        /// The name in addresses of the organization that the user belongs to.
        organization: Option<String>,
    },
}

impl EventTypeRef {
    /// The event type of a user, by their names in addresses.
    #[must_use]
    pub fn of_user(user: impl Into<String>, slug: impl Into<String>) -> Self {
        Self::UserSlug { user: user.into(), slug: slug.into(), organization: None }
    }

    /// The event type of a team, by their names in addresses.
    #[must_use]
    pub fn of_team(team: impl Into<String>, slug: impl Into<String>) -> Self {
        Self::TeamSlug { team: team.into(), slug: slug.into(), organization: None }
    }

    /// Looks for the user or the team in this organization; a number needs none, and gets none.
    #[must_use]
    pub fn in_organization(mut self, name: impl Into<String>) -> Self {
        match &mut self {
            Self::Id(_) => {}
            Self::TeamSlug { organization, .. } | Self::UserSlug { organization, .. } => {
                *organization = Some(name.into());
            }
        }
        self
    }

    /// Names it in a query.
    pub(crate) fn query(&self, request: Request) -> Request {
        let wire = self.wire();
        request
            .query_some("eventTypeId", wire.event_type_id)
            .query_some("eventTypeSlug", wire.event_type_slug)
            .query_some("username", wire.username)
            .query_some("teamSlug", wire.team_slug)
            .query_some("organizationSlug", wire.organization_slug)
    }

    fn wire(&self) -> Wire<'_> {
        match self {
            Self::Id(id) => Wire { event_type_id: Some(*id), ..Wire::default() },
            Self::TeamSlug { team, slug, organization } => Wire {
                event_type_slug: Some(slug),
                team_slug: Some(team),
                organization_slug: organization.as_deref(),
                ..Wire::default()
            },
            Self::UserSlug { user, slug, organization } => Wire {
                event_type_slug: Some(slug),
                username: Some(user),
                organization_slug: organization.as_deref(),
                ..Wire::default()
            },
        }
    }
}

impl From<EventTypeId> for EventTypeRef {
    fn from(id: EventTypeId) -> Self {
        Self::Id(id)
    }
}

impl From<i64> for EventTypeRef {
    fn from(id: i64) -> Self {
        Self::Id(EventTypeId(id))
    }
}

impl Serialize for EventTypeRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.wire().serialize(serializer)
    }
}

/// The members that name an event type, among others of a body or a query.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    event_type_id: Option<EventTypeId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_type_slug: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    team_slug: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    organization_slug: Option<&'a str>,
}
