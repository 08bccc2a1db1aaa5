//! Workflows: what a team sends when something happens to bookings and routing forms.

mod activation;
mod new_step;
mod one;
mod step;
mod trigger;

use cal_core::{EventTypeId, FormId, TeamId, UserId};
use chrono::{DateTime, Utc};
use serde::Deserialize;

pub use activation::Activation;
pub use new_step::{EmailMessage, EmailStep, EventTypeStep, FormStep, TextMessage, TextStep};
pub use step::{Recipient, StepAction, StepMessage, Template, WorkflowStep};
pub use trigger::{EventTypeTrigger, FormTrigger, Offset, TimeUnit};

use one::One;

use crate::{
    error::Error,
    id::WorkflowId,
    list::List,
    scope::{OrgTeam, handler},
    wire::{input, or_default, time_or_none},
};

handler! {
    /// The workflows that event types of a team start.
    ///
    /// ```no_run
    /// # async fn example(client: cal_client::Client) -> Result<(), cal_client::Error> {
    /// use cal_client::workflows::{
    ///     Activation, EmailMessage, EmailStep, EventTypeStep, EventTypeTrigger, NewWorkflow, Offset,
    ///     Template,
    /// };
    ///
    /// let message = EmailMessage::new("See you tomorrow", "<p>{EVENT_NAME} is near.</p>");
    /// let step = EmailStep::new(1, Template::Reminder, "Support", message);
    /// let workflow = NewWorkflow::new(
    ///     "Reminder",
    ///     Activation::All,
    ///     EventTypeTrigger::BeforeEvent { offset: Offset::days(1) },
    ///     [EventTypeStep::EmailAttendee(step.include_calendar_event(true))],
    /// );
    /// let workflow = client.org(1).team(7).workflows().create(&workflow).await?;
    /// println!("{}", workflow.id);
    /// # Ok(())
    /// # }
    /// ```
    pub struct Workflows;
    OrgTeam.workflows: "Returns the handler of workflows that event types start.",
}

handler! {
    /// The workflows that routing forms of a team start.
    ///
    /// ```no_run
    /// # async fn example(client: cal_client::Client) -> Result<(), cal_client::Error> {
    /// let forms = client.org(1).team(7).form_workflows();
    /// for workflow in forms.list().await? {
    ///     println!("{} has {} steps", workflow.name, workflow.steps.len());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub struct FormWorkflows;
    OrgTeam.form_workflows: "Returns the handler of workflows that routing forms start.",
}

impl Workflows<OrgTeam> {
    /// Lists the workflows.
    pub fn list(&self) -> List<Workflow, OrgTeam> {
        self.at.get("/workflows", &[]).list()
    }

    /// Makes a workflow.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn create(&self, workflow: &NewWorkflow) -> Result<Workflow, Error> {
        let One(workflow) = self.at.post("/workflows", &[]).json(workflow).data().await?;
        Ok(workflow)
    }

    /// Returns a workflow.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn get(&self, id: impl Into<WorkflowId>) -> Result<Workflow, Error> {
        let id = id.into();
        let One(workflow) = self.at.get("/workflows/{}", &[&id]).data().await?;
        Ok(workflow)
    }

    /// Changes a workflow.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn update(
        &self,
        id: impl Into<WorkflowId>,
        update: &UpdateWorkflow,
    ) -> Result<Workflow, Error> {
        let id = id.into();
        let One(workflow) = self.at.patch("/workflows/{}", &[&id]).json(update).data().await?;
        Ok(workflow)
    }

    /// Deletes a workflow.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn delete(&self, id: impl Into<WorkflowId>) -> Result<(), Error> {
        let id = id.into();
        self.at.delete("/workflows/{}", &[&id]).done().await
    }
}

impl FormWorkflows<OrgTeam> {
    /// Lists the workflows.
    pub fn list(&self) -> List<FormWorkflow, OrgTeam> {
        self.at.get("/workflows/routing-form", &[]).list()
    }

    /// Makes a workflow.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn create(&self, workflow: &NewFormWorkflow) -> Result<FormWorkflow, Error> {
        let request = self.at.post("/workflows/routing-form", &[]);
        let One(workflow) = request.json(workflow).data().await?;
        Ok(workflow)
    }

    /// Returns a workflow.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn get(&self, id: impl Into<WorkflowId>) -> Result<FormWorkflow, Error> {
        let id = id.into();
        let One(workflow) = self.at.get("/workflows/{}/routing-form", &[&id]).data().await?;
        Ok(workflow)
    }

    /// Changes a workflow.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn update(
        &self,
        id: impl Into<WorkflowId>,
        update: &UpdateFormWorkflow,
    ) -> Result<FormWorkflow, Error> {
        let id = id.into();
        let request = self.at.patch("/workflows/{}/routing-form", &[&id]);
        let One(workflow) = request.json(update).data().await?;
        Ok(workflow)
    }

    /// Deletes a workflow.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn delete(&self, id: impl Into<WorkflowId>) -> Result<(), Error> {
        let id = id.into();
        self.at.delete("/workflows/{}/routing-form", &[&id]).done().await
    }
}

/// A workflow of event types (`EventTypeWorkflowOutput` in Cal.com's API description).
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct Workflow {
    /// The workflow's number.
    pub id: WorkflowId,
    /// The name.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// The user it belongs to, if not to a team.
    pub user_id: Option<UserId>,
    /// The team it belongs to.
    pub team_id: Option<TeamId>,
    /// When it was made.
    #[serde(default, deserialize_with = "time_or_none")]
    pub created_at: Option<DateTime<Utc>>,
    /// When it was last changed.
    #[serde(default, deserialize_with = "time_or_none")]
    pub updated_at: Option<DateTime<Utc>>,
    /// For which event types it runs.
    pub activation: Option<Activation<EventTypeId>>,
    /// When it runs.
    pub trigger: Option<EventTypeTrigger>,
    /// What it does, in order.
    #[serde(default, deserialize_with = "or_default")]
    pub steps: Vec<WorkflowStep>,
}

/// A workflow of routing forms (`RoutingFormWorkflowOutput` in Cal.com's API description).
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct FormWorkflow {
    /// The workflow's number.
    pub id: WorkflowId,
    /// The name.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// The user it belongs to, if not to a team.
    pub user_id: Option<UserId>,
    /// The team it belongs to.
    pub team_id: Option<TeamId>,
    /// When it was made.
    #[serde(default, deserialize_with = "time_or_none")]
    pub created_at: Option<DateTime<Utc>>,
    /// When it was last changed.
    #[serde(default, deserialize_with = "time_or_none")]
    pub updated_at: Option<DateTime<Utc>>,
    /// For which routing forms it runs.
    pub activation: Option<Activation<FormId>>,
    /// When it runs.
    pub trigger: Option<FormTrigger>,
    /// What it does, in order.
    #[serde(default, deserialize_with = "or_default")]
    pub steps: Vec<WorkflowStep>,
}

input! {
    /// A workflow of event types to make.
    pub struct NewWorkflow {
        required {
            name: String,
            activation: Activation<EventTypeId>,
            trigger: EventTypeTrigger,
            steps: Vec<EventTypeStep>,
        }
    }
}

input! {
    /// What to change of a workflow of event types.
    pub struct UpdateWorkflow {
        optional {
            /// Sets the name.
            name: String,
            /// Sets for which event types it runs.
            activation: Activation<EventTypeId>,
            /// Sets when it runs.
            trigger: EventTypeTrigger,
            /// Sets what it does: those with an id stay, others are new, and the rest is deleted.
            steps: Vec<EventTypeStep>,
        }
    }
}

input! {
    /// A workflow of routing forms to make.
    pub struct NewFormWorkflow {
        required {
            name: String,
            activation: Activation<FormId>,
            trigger: FormTrigger,
            steps: Vec<FormStep>,
        }
    }
}

input! {
    /// What to change of a workflow of routing forms.
    pub struct UpdateFormWorkflow {
        optional {
            /// Sets the name.
            name: String,
            /// Sets for which routing forms it runs.
            activation: Activation<FormId>,
            /// Sets when it runs.
            trigger: FormTrigger,
            /// Sets what it does: those with an id stay, others are new, and the rest is deleted.
            steps: Vec<FormStep>,
        }
    }
}
