//! The calendar to which bookings are written.

use crate::{
    calendars::{CalendarChoice, CalendarIntegration},
    error::Error,
    scope::handler,
    wire::input,
};

handler! {
    /// The calendar to which bookings are written,
    /// [`Client::destination_calendars`](crate::Client::destination_calendars).
    ///
    /// ```no_run
    /// # async fn example(client: cal_client::Client) -> Result<(), cal_client::Error> {
    /// use cal_client::{
    ///     calendars::CalendarIntegration, destination_calendars::UpdateDestinationCalendar,
    /// };
    ///
    /// let work = UpdateDestinationCalendar::new(CalendarIntegration::Google, "ann@example.com");
    /// client.destination_calendars().update(&work).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub struct DestinationCalendars;
    Me.destination_calendars: "Returns the handler of the calendar to which bookings are written.",
}

impl DestinationCalendars {
    /// Sets the calendar to which bookings are written.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn update(
        &self,
        calendar: &UpdateDestinationCalendar,
    ) -> Result<CalendarChoice, Error> {
        self.at.put("/destination-calendars", &[]).json(calendar).data().await
    }
}

input! {
    /// Which calendar: its members are those of [`Calendar`](crate::calendars::Calendar).
    pub struct UpdateDestinationCalendar {
        required {
            integration: CalendarIntegration,
            external_id: String,
        }
        optional {
            /// Sets the id of the delegated credential.
            delegation_credential_id: String,
        }
    }
}
