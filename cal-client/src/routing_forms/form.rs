//! The routing forms of an organization.

use cal_core::{BookingUid, FormId, TeamId, UserId};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use super::RoutingForms;
use crate::{
    bookings::Sort,
    list::List,
    routing_form_responses::FormResponse,
    scope::{Org, OrgTeam},
};

impl RoutingForms<Org> {
    /// Lists the organization's routing forms.
    pub fn list(&self) -> List<RoutingForm, Org> {
        self.at.get("/routing-forms", &[]).list()
    }
}

impl RoutingForms<OrgTeam> {
    /// Lists the team's routing forms.
    pub fn list(&self) -> List<RoutingForm, OrgTeam> {
        self.at.get("/routing-forms", &[]).list()
    }
}

/// A routing form (`RoutingFormOutput` in Cal.com's API description).
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct RoutingForm {
    /// The form's id.
    pub id: FormId,
    /// The name.
    pub name: Option<String>,
    /// The description.
    pub description: Option<String>,
    /// The place among the forms.
    pub position: Option<i64>,
    /// Whether it takes no answers.
    pub disabled: Option<bool>,
    /// Who made it.
    pub user_id: Option<UserId>,
    /// The team it belongs to.
    pub team_id: Option<TeamId>,
    /// When it was made.
    pub created_at: Option<DateTime<Utc>>,
    /// When it was last changed.
    pub updated_at: Option<DateTime<Utc>>,
    /// The questions, as Cal.com's web app keeps them.
    pub fields: Option<Value>,
    /// Where answers lead, as Cal.com's web app keeps it.
    pub routes: Option<Value>,
    /// The settings, as Cal.com's web app keeps them.
    pub settings: Option<Value>,
}

/// What can be sought by when it was made and changed: routing forms and what was answered to them.
pub trait Dated: sealed::Sealed {}

impl Dated for RoutingForm {}

impl Dated for FormResponse {}

mod sealed {
    #[expect(unnameable_types, reason = "nobody else may add a type")]
    pub trait Sealed {}

    impl Sealed for super::RoutingForm {}
    impl Sealed for super::FormResponse {}
}

impl<T: Dated, S> List<T, S> {
    /// Sorts by the time of the creation.
    pub fn sort_created(self, sort: Sort) -> Self {
        self.map(|request| request.query("sortCreatedAt", sort.as_str()))
    }

    /// Sorts by the time of the last change.
    pub fn sort_updated(self, sort: Sort) -> Self {
        self.map(|request| request.query("sortUpdatedAt", sort.as_str()))
    }

    /// Only what was made after this time.
    pub fn created_after(self, at: DateTime<Utc>) -> Self {
        self.map(|request| request.query_time("afterCreatedAt", at))
    }

    /// Only what was made before this time.
    pub fn created_before(self, at: DateTime<Utc>) -> Self {
        self.map(|request| request.query_time("beforeCreatedAt", at))
    }

    /// Only what was last changed after this time.
    pub fn updated_after(self, at: DateTime<Utc>) -> Self {
        self.map(|request| request.query_time("afterUpdatedAt", at))
    }

    /// Only what was last changed before this time.
    pub fn updated_before(self, at: DateTime<Utc>) -> Self {
        self.map(|request| request.query_time("beforeUpdatedAt", at))
    }

    /// Only what led to this booking.
    pub fn routed_to(self, booking: impl Into<BookingUid>) -> Self {
        self.map(|request| request.query("routedToBookingUid", booking.into()))
    }
}

impl List<RoutingForm, Org> {
    /// Only forms of these teams.
    pub fn teams(self, ids: impl IntoIterator<Item = impl Into<TeamId>>) -> Self {
        self.map(|request| request.query_list("teamIds", ids.into_iter().map(Into::into)))
    }
}
