//! Routing forms, whose answers decide what a visitor can book.

#[cfg(feature = "orgs")]
mod form;

use std::collections::BTreeMap;

use cal_core::{EventTypeId, FormId};
use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::{Map, Value};

#[cfg(feature = "orgs")]
pub use form::{Dated, RoutingForm};

use crate::{
    error::Error,
    request::Request,
    scope::handler,
    slots::{Slot, SlotWindow},
    wire::or_default,
};

handler! {
    /// Routing forms of a scope, such as [`Client::routing_forms`](crate::Client::routing_forms).
    ///
    /// ```no_run
    /// # async fn example(client: cal_client::Client) -> Result<(), cal_client::Error> {
    /// use cal_client::{routing_forms::Answers, slots::SlotWindow};
    /// use chrono::{Days, Utc};
    ///
    /// let answers = Answers::from_iter([("size".to_owned(), "large".into())]);
    /// let week = SlotWindow::new(Utc::now(), Utc::now() + Days::new(7));
    /// let routed = client.routing_forms().calculate_slots("the-form", &answers, &week).await?;
    /// println!("{:?}", routed.event_type_id);
    /// # Ok(())
    /// # }
    /// ```
    pub struct RoutingForms;
    Me.routing_forms: "Returns the handler of routing forms as visitors see them.",
    #[cfg(feature = "orgs")]
    Org.routing_forms: "Returns the handler of the organization's routing forms.",
    #[cfg(feature = "orgs")]
    OrgTeam.routing_forms: "Returns the handler of the team's routing forms.",
}

/// What a visitor answers, by the identifiers of the form's fields; lists become texts with commas.
pub type Answers = Map<String, Value>;

impl RoutingForms {
    /// Returns where answers lead, and when that can be booked; nothing is stored.
    ///
    /// # Errors
    ///
    /// Fails with status 404 when they lead elsewhere than to a team's event type, and as every
    /// request does; see [`Error`].
    pub async fn calculate_slots(
        &self,
        form: impl Into<FormId>,
        answers: &Answers,
        query: &SlotWindow,
    ) -> Result<RoutedSlots, Error> {
        let request = self.at.post("/routing-forms/{}/calculate-slots", &[&form.into()]);
        query.add_with(request, answers).data().await
    }
}

/// Where answers lead, and when that can be booked.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct RoutedSlots {
    /// The event type.
    pub event_type_id: Option<EventTypeId>,
    /// The times by day, both in the time zone that was asked for.
    #[serde(default, deserialize_with = "or_default")]
    pub slots: BTreeMap<NaiveDate, Vec<Slot>>,
}

impl SlotWindow {
    /// Adds it and the answers to a request, whose body Cal.com's API description does not have.
    pub(crate) fn add_with(&self, request: Request, answers: &Answers) -> Request {
        let request = self.add_to(request);
        if answers.is_empty() { request } else { request.json(answers) }
    }
}
