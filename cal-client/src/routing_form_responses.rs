//! What was answered to routing forms.

use std::collections::BTreeMap;

use cal_core::{BookingUid, EventTypeId, FormId, UserId};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    error::Error, id::FormResponseId, list::List, routing_forms::Answers, scope::handler,
    slots::Slot, slots::SlotWindow, wire::or_default,
};

handler! {
    /// What was answered to routing forms of a scope, such as
    /// [`Org::routing_form_responses`](crate::scope::Org::routing_form_responses).
    ///
    /// ```no_run
    /// # async fn example(client: cal_client::Client) -> Result<(), cal_client::Error> {
    /// let responses = client.org(7).routing_form_responses();
    /// for response in responses.list("the-form").take(10).await? {
    ///     println!("{:?} led to {:?}", response.response, response.routed_to_booking_uid);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub struct RoutingFormResponses;
    Org.routing_form_responses: "Returns the handler of answers to the organization's forms.",
    OrgTeam.routing_form_responses: "Returns the handler of answers to the team's forms.",
}

impl<S> RoutingFormResponses<S> {
    /// Lists what was answered to a form.
    pub fn list(&self, form: impl Into<FormId>) -> List<FormResponse, S> {
        self.at.get("/routing-forms/{}/responses", &[&form.into()]).list()
    }

    /// Stores answers, and returns where they lead and when that can be booked.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn create(
        &self,
        form: impl Into<FormId>,
        answers: &Answers,
        query: &SlotWindow,
    ) -> Result<RoutedResponse, Error> {
        let request = self.at.post("/routing-forms/{}/responses", &[&form.into()]);
        query.add_with(request, answers).data().await
    }

    /// Does the same, but keeps the answers aside until a booking comes of them.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn queue(
        &self,
        form: impl Into<FormId>,
        answers: &Answers,
        query: &SlotWindow,
    ) -> Result<RoutedResponse, Error> {
        let request = self.at.post("/routing-forms/{}/responses", &[&form.into()]);
        query.add_with(request, answers).query("queueResponse", true).data().await
    }

    /// Replaces answers, which are `{"<field's id>": {"label": .., "value": ..}}`.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn update(
        &self,
        form: impl Into<FormId>,
        id: impl Into<FormResponseId>,
        response: &Map<String, Value>,
    ) -> Result<FormResponse, Error> {
        let path = "/routing-forms/{}/responses/{}";
        let request = self.at.patch(path, &[&form.into(), &id.into()]);
        request.json(&Update { response }).data().await
    }
}

/// What was answered to a form (`RoutingFormResponseOutput` in Cal.com's API description).
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct FormResponse {
    /// The number of the answers.
    pub id: FormResponseId,
    /// The form.
    pub form_id: Option<FormId>,
    /// Who answered, as an id of the browser.
    pub form_filler_id: Option<String>,
    /// The booking that came of it.
    pub routed_to_booking_uid: Option<BookingUid>,
    /// The answers by the ids of the form's fields, each with `label` and `value`.
    #[serde(default, deserialize_with = "or_default")]
    pub response: Map<String, Value>,
    /// When it was answered.
    pub created_at: Option<DateTime<Utc>>,
}

/// Where answers lead: to an event type, to a message, or to another address.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct RoutedResponse {
    /// The event type.
    pub event_type_id: Option<EventTypeId>,
    /// What to hand on when it is booked.
    pub routing: Option<FormRouting>,
    /// The times at which it can be booked by day, both in the time zone that was asked for.
    #[serde(default, deserialize_with = "or_default")]
    pub slots: BTreeMap<NaiveDate, Vec<Slot>>,
    /// What to tell the visitor.
    pub routing_custom_message: Option<String>,
    /// The address to go to.
    pub routing_external_redirect_url: Option<String>,
}

/// What a form decided about a booking: who may host it, and why.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct FormRouting {
    /// The number of the answers.
    pub response_id: Option<FormResponseId>,
    /// The id of answers that are kept aside.
    pub queued_response_id: Option<String>,
    /// Who may host the booking.
    #[serde(default, deserialize_with = "or_default")]
    pub team_member_ids: Vec<UserId>,
    /// The address of who is to host it.
    pub team_member_email: Option<String>,
    /// Whether it does not matter who has the contact in the CRM.
    pub skip_contact_owner: Option<bool>,
    /// The app of the CRM, such as `salesforce`.
    pub crm_app_slug: Option<String>,
    /// What the owner of the contact is in the CRM, such as `Account`.
    pub crm_owner_record_type: Option<String>,
}

#[derive(Serialize)]
struct Update<'a> {
    response: &'a Map<String, Value>,
}
