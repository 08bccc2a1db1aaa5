//! The calendars that are asked for conflicts.

use crate::{
    calendars::{CalendarChoice, CalendarIntegration},
    error::Error,
    id::CredentialId,
    scope::handler,
    wire::input,
};

handler! {
    /// The calendars that are asked for conflicts,
    /// [`Client::selected_calendars`](crate::Client::selected_calendars).
    ///
    /// ```no_run
    /// # async fn example(client: cal_client::Client) -> Result<(), cal_client::Error> {
    /// use cal_client::{calendars::CalendarIntegration, selected_calendars::CalendarSelection};
    ///
    /// let work = CalendarSelection::new(CalendarIntegration::Google, "ann@example.com", 17);
    /// client.selected_calendars().add(&work).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub struct SelectedCalendars;
    Me.selected_calendars: "Returns the handler of the calendars that are asked for conflicts.",
}

impl SelectedCalendars {
    /// Lets a calendar be asked for conflicts.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn add(&self, calendar: &CalendarSelection) -> Result<CalendarChoice, Error> {
        self.at.post("/selected-calendars", &[]).json(calendar).data().await
    }

    /// Lets a calendar no longer be asked for conflicts.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn remove(&self, calendar: &CalendarSelection) -> Result<CalendarChoice, Error> {
        let request = self
            .at
            .delete("/selected-calendars", &[])
            .query("integration", &calendar.integration)
            .query("externalId", &calendar.external_id)
            .query("credentialId", calendar.credential_id);
        let delegated = calendar.delegation_credential_id.as_ref();
        request.query_some("delegationCredentialId", delegated).data().await
    }
}

input! {
    /// Which calendar: its members are those of [`Calendar`](crate::calendars::Calendar).
    pub struct CalendarSelection {
        required {
            integration: CalendarIntegration,
            external_id: String,
            credential_id: CredentialId,
        }
        optional {
            /// Sets the id of the delegated credential.
            delegation_credential_id: String,
        }
    }
}
