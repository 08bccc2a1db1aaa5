//! Event types: what can be booked.

mod call;
mod event_type;
mod field;
mod input;
mod location;
mod setting;

use cal_core::{EventTypeId, OrganizationId};

pub use call::{CallTemplate, NewPhoneCall, PhoneCall};
pub use event_type::{
    CalVideo, DeletedEventType, EventType, EventTypeHost, EventTypeTeam, EventTypeUser,
};
pub use field::{BookingField, FieldKind};
pub use input::{
    CalVideoSettings, Host, NewEventType, NewTeamEventType, UpdateEventType, UpdateTeamEventType,
};
pub use location::{EventTypeLocation, VideoApp};
pub use setting::{
    ActiveBookingsLimit, BookerLayout, BookerLayouts, BookingLimits, BookingWindow, Colors,
    ConfirmationPolicy, DestinationCalendar, DisableCancelling, DisableRescheduling, EmailSettings,
    Frequency, HostPriority, NoticeThreshold, NoticeUnit, Recurrence, SchedulingType, Seats,
    Toggle,
};

use crate::{
    bookings::Sort,
    error::Error,
    request::version,
    scope::{Team, handler, sealed::Sealed},
    wire::{OneOrMany, input},
};
#[cfg(feature = "orgs")]
use crate::{
    list::List,
    scope::{Org, OrgTeam},
};

handler! {
    /// The event types of a scope.
    ///
    /// ```no_run
    /// # async fn example(client: cal_client::Client) -> Result<(), cal_client::Error> {
    /// use cal_client::event_types::{NewEventType, Seats, Toggle};
    ///
    /// let webinar = NewEventType::new("Webinar", "webinar", 60u32)
    ///     .seats(Seats::new(20u32, false, true))
    ///     .confirmation_policy(Toggle::Off);
    /// let webinar = client.event_types().create(&webinar).await?;
    /// println!("book at {}", webinar.booking_url.unwrap_or_default());
    /// # Ok(())
    /// # }
    /// ```
    pub struct EventTypes;
    Me.event_types: "Returns the handler of the account's event types.",
    Team.event_types: "Returns the handler of the team's event types.",
    #[cfg(feature = "orgs")]
    Org.event_types: "Returns the handler of the event types of the organization's teams.",
    #[cfg(feature = "orgs")]
    OrgTeam.event_types: "Returns the handler of the team's event types.",
}

impl EventTypes {
    /// Lists the event types of the account.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn list(&self) -> Result<Vec<EventType>, Error> {
        self.find(&EventTypeFilter::new()).await
    }

    /// Lists the event types that a filter lets through; those of others need no credentials.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn find(&self, filter: &EventTypeFilter) -> Result<Vec<EventType>, Error> {
        let EventTypeFilter { username, event_slug, usernames, org_slug, org_id, sort_created } =
            filter;
        let mut request = self.at.get("/event-types", &[]).version(version::EVENT_TYPES);
        if let Some(usernames) = usernames {
            request = request.query_list("usernames", usernames);
        }
        request
            .query_some("username", username.as_ref())
            .query_some("eventSlug", event_slug.as_ref())
            .query_some("orgSlug", org_slug.as_ref())
            .query_some("orgId", *org_id)
            .query_some("sortCreatedAt", sort_created.map(Sort::as_str))
            .data()
            .await
    }

    /// Returns an event type: one's own, or a team's that one may see.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn get(&self, id: impl Into<EventTypeId>) -> Result<EventType, Error> {
        let request = self.at.get("/event-types/{}", &[&id.into()]);
        request.version(version::EVENT_TYPES).data().await
    }

    /// Makes an event type.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn create(&self, event_type: &NewEventType) -> Result<EventType, Error> {
        let request = self.at.post("/event-types", &[]).version(version::EVENT_TYPES);
        request.json(event_type).data().await
    }

    /// Changes an event type.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn update(
        &self,
        id: impl Into<EventTypeId>,
        update: &UpdateEventType,
    ) -> Result<EventType, Error> {
        let request = self.at.patch("/event-types/{}", &[&id.into()]);
        request.version(version::EVENT_TYPES).json(update).data().await
    }

    /// Deletes an event type, and returns what it was.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn delete(&self, id: impl Into<EventTypeId>) -> Result<DeletedEventType, Error> {
        let request = self.at.delete("/event-types/{}", &[&id.into()]);
        request.version(version::EVENT_TYPES).data().await
    }
}

/// Scopes that are one team, outside of organizations or within.
pub trait OneTeam: Sealed {}

impl OneTeam for Team {}
#[cfg(feature = "orgs")]
impl OneTeam for OrgTeam {}

impl<S: OneTeam> EventTypes<S> {
    /// Lists the event types of the team.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn list(&self) -> Result<Vec<EventType>, Error> {
        self.find(&TeamEventTypeFilter::new()).await
    }

    /// Lists the event types of the team that a filter lets through.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn find(&self, filter: &TeamEventTypeFilter) -> Result<Vec<EventType>, Error> {
        let TeamEventTypeFilter { event_slug, hosts_limit, sort_created } = filter;
        self.at
            .get("/event-types", &[])
            .query_some("eventSlug", event_slug.as_ref())
            .query_some("hostsLimit", *hosts_limit)
            .query_some("sortCreatedAt", sort_created.map(Sort::as_str))
            .data()
            .await
    }

    /// Returns an event type.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn get(&self, id: impl Into<EventTypeId>) -> Result<EventType, Error> {
        let request = self.at.get("/event-types/{}", &[&id.into()]);
        request.data().await
    }

    /// Makes an event type: one, or with [`SchedulingType::Managed`] also those of its members.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn create(&self, event_type: &NewTeamEventType) -> Result<Vec<EventType>, Error> {
        let made: OneOrMany<_> = self.at.post("/event-types", &[]).json(event_type).data().await?;
        Ok(made.0)
    }

    /// Changes an event type: one, or with [`SchedulingType::Managed`] also those of its members.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn update(
        &self,
        id: impl Into<EventTypeId>,
        update: &UpdateTeamEventType,
    ) -> Result<Vec<EventType>, Error> {
        let request = self.at.patch("/event-types/{}", &[&id.into()]);
        let changed: OneOrMany<_> = request.json(update).data().await?;
        Ok(changed.0)
    }

    /// Deletes an event type.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn delete(&self, id: impl Into<EventTypeId>) -> Result<(), Error> {
        let request = self.at.delete("/event-types/{}", &[&id.into()]);
        request.done().await
    }

    /// Lets Cal.com's assistant call somebody on the phone to book the event type.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn create_phone_call(
        &self,
        id: impl Into<EventTypeId>,
        call: &NewPhoneCall,
    ) -> Result<PhoneCall, Error> {
        let request = self.at.post("/event-types/{}/create-phone-call", &[&id.into()]);
        request.json(call).data().await
    }
}

#[cfg(feature = "orgs")]
impl EventTypes<Org> {
    /// Lists the event types of all teams.
    pub fn list(&self) -> List<EventType, Org> {
        self.at.get("/teams/event-types", &[]).list()
    }
}

#[cfg(feature = "orgs")]
impl List<EventType, Org> {
    /// Sorts by the time of creation.
    pub fn sort_created(self, sort: Sort) -> Self {
        self.map(|request| request.query("sortCreatedAt", sort.as_str()))
    }
}

input! {
    /// Which event types to list, and in which order.
    pub struct EventTypeFilter {
        optional {
            /// Only those of this user, without the hidden ones unless the user is oneself.
            username: String,
            /// Only the one with this name in addresses; it needs [`EventTypeFilter::username`].
            event_slug: String,
            /// Only the one that these users have together for the moment.
            usernames: Vec<String>,
            /// The organization of the user, by its name in addresses.
            org_slug: String,
            /// The organization of the user.
            org_id: OrganizationId,
            /// Sorts by the time of creation.
            #[serde(skip)]
            sort_created: Sort,
        }
    }
}

input! {
    /// Which event types of a team to list, and in which order.
    pub struct TeamEventTypeFilter {
        optional {
            /// Only the one with this name in addresses.
            event_slug: String,
            /// At most this many hosts of each; all unless set.
            hosts_limit: u32,
            /// Sorts by the time of creation.
            #[serde(skip)]
            sort_created: Sort,
        }
    }
}
