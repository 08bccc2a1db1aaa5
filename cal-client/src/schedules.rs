//! Schedules: when people can be booked.

#[cfg(feature = "orgs")]
use cal_core::EventTypeId;
use cal_core::UserId;
use chrono::NaiveDate;
use serde::Deserialize;

#[cfg(feature = "orgs")]
use crate::scope::{Org, OrgTeam, OrgUser};
use crate::{
    error::Error,
    id::ScheduleId,
    list::List,
    me::Weekday,
    request::{Request, version},
    scope::{Me, Team, handler, sealed::Sealed},
    wire::{input, or_default, value},
};

handler! {
    /// The schedules of a scope.
    ///
    /// ```no_run
    /// # async fn example(client: cal_client::Client) -> Result<(), cal_client::Error> {
    /// use cal_client::me::Weekday;
    /// use cal_client::schedules::{Availability, NewSchedule};
    ///
    /// let mornings = Availability::new([Weekday::Monday, Weekday::Friday], "08:00", "12:00");
    /// let schedule = NewSchedule::new("Mornings", "Europe/Oslo", false).availability([mornings]);
    /// let schedule = client.schedules().create(&schedule).await?;
    /// println!("schedule {}", schedule.id);
    /// # Ok(())
    /// # }
    /// ```
    pub struct Schedules;
    Me.schedules: "Returns the handler of the account's schedules.",
    Team.schedules: "Returns the handler of the schedules of the team's members.",
    #[cfg(feature = "orgs")]
    Org.schedules: "Returns the handler of the schedules of the organization's members.",
    #[cfg(feature = "orgs")]
    OrgTeam.schedules: "Returns the handler of the schedules of the team's members.",
    #[cfg(feature = "orgs")]
    OrgUser.schedules: "Returns the handler of the user's schedules.",
}

/// Scopes that are one person, whose schedules can be changed.
pub trait Person: Sealed {
    #[doc(hidden)]
    const VERSION: Option<&'static str>;
}

impl Person for Me {
    const VERSION: Option<&'static str> = Some(version::SCHEDULES);
}

#[cfg(feature = "orgs")]
impl Person for OrgUser {
    const VERSION: Option<&'static str> = None;
}

impl<S: Person> Schedules<S> {
    /// Lists the schedules.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn list(&self) -> Result<Vec<Schedule>, Error> {
        versioned::<S>(self.at.get("/schedules", &[])).data().await
    }

    /// Returns a schedule.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn get(&self, id: impl Into<ScheduleId>) -> Result<Schedule, Error> {
        let request = self.at.get("/schedules/{}", &[&id.into()]);
        versioned::<S>(request).data().await
    }

    /// Makes a schedule.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn create(&self, schedule: &NewSchedule) -> Result<Schedule, Error> {
        versioned::<S>(self.at.post("/schedules", &[])).json(schedule).data().await
    }

    /// Changes a schedule.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn update(
        &self,
        id: impl Into<ScheduleId>,
        update: &UpdateSchedule,
    ) -> Result<Schedule, Error> {
        let request = self.at.patch("/schedules/{}", &[&id.into()]);
        versioned::<S>(request).json(update).data().await
    }

    /// Deletes a schedule.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn delete(&self, id: impl Into<ScheduleId>) -> Result<(), Error> {
        let request = self.at.delete("/schedules/{}", &[&id.into()]);
        versioned::<S>(request).done().await
    }
}

impl Schedules {
    /// Returns the schedule of event types that have none of their own, if there is one.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn get_default(&self) -> Result<Option<Schedule>, Error> {
        self.at.get("/schedules/default", &[]).version(version::SCHEDULES).data().await
    }
}

impl Schedules<Team> {
    /// Lists the schedules of all members.
    pub fn list(&self) -> List<Schedule, Team> {
        self.at.get("/schedules", &[]).list()
    }
}

#[cfg(feature = "orgs")]
impl Schedules<Org> {
    /// Lists the schedules of all members.
    pub fn list(&self) -> List<Schedule, Org> {
        self.at.get("/schedules", &[]).list()
    }
}

#[cfg(feature = "orgs")]
impl Schedules<OrgTeam> {
    /// Lists the schedules of all members.
    pub fn list(&self) -> List<Schedule, OrgTeam> {
        self.at.get("/schedules", &[]).list()
    }

    /// Lists the schedules of one member, or only those that an event type uses.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn of_member(
        &self,
        user: impl Into<UserId>,
        event_type: Option<EventTypeId>,
    ) -> Result<Vec<Schedule>, Error> {
        let request = self.at.get("/users/{}/schedules", &[&user.into()]);
        request.query_some("eventTypeId", event_type).data().await
    }
}

#[cfg(feature = "orgs")]
impl List<Schedule, OrgTeam> {
    /// Only schedules that this event type uses.
    pub fn event_type(self, id: impl Into<EventTypeId>) -> Self {
        self.map(|request| request.query("eventTypeId", id.into()))
    }
}

/// A schedule (`ScheduleOutput_2024_06_11` in Cal.com's API description).
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct Schedule {
    /// The schedule's number.
    pub id: ScheduleId,
    /// The user it belongs to.
    pub owner_id: Option<UserId>,
    /// The name.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// The IANA name of the time zone that all times here are in.
    pub time_zone: Option<String>,
    /// The hours of every week.
    #[serde(default, deserialize_with = "or_default")]
    pub availability: Vec<Availability>,
    /// Whether event types use it that have none of their own.
    #[serde(default, deserialize_with = "or_default")]
    pub is_default: bool,
    /// The days that are unlike other weeks.
    #[serde(default, deserialize_with = "or_default")]
    pub overrides: Vec<ScheduleOverride>,
}

value! {
    /// Hours on some days of every week.
    pub struct Availability {
        required {
            /// The days.
            #[serde(default, deserialize_with = "or_default")]
            days: Vec<Weekday>,
            /// When the hours begin: `HH:MM`, from 00 to 23 hours.
            #[serde(default, deserialize_with = "or_default")]
            start_time: String,
            /// When the hours end: `HH:MM`, from 00 to 23 hours.
            #[serde(default, deserialize_with = "or_default")]
            end_time: String,
        }
    }
}

value! {
    /// Hours on one day, in place of those of its weekday.
    pub struct ScheduleOverride {
        required {
            /// The day.
            date: NaiveDate,
            /// When the hours begin: `HH:MM`, from 00 to 23 hours.
            #[serde(default, deserialize_with = "or_default")]
            start_time: String,
            /// When the hours end: `HH:MM`, from 00 to 23 hours.
            #[serde(default, deserialize_with = "or_default")]
            end_time: String,
        }
    }
}

input! {
    /// A schedule to make.
    pub struct NewSchedule {
        required {
            name: String,
            time_zone: String,
            is_default: bool,
        }
        optional {
            /// Sets the hours of every week; Monday to Friday from 09:00 to 17:00 unless set.
            availability: Vec<Availability>,
            /// Sets the days that are unlike other weeks.
            overrides: Vec<ScheduleOverride>,
        }
    }
}

input! {
    /// What to change of a schedule.
    pub struct UpdateSchedule {
        optional {
            /// Sets the name.
            name: String,
            /// Sets the time zone, by its IANA name.
            time_zone: String,
            /// Sets the hours of every week; those before are gone.
            availability: Vec<Availability>,
            /// Makes it the schedule of event types that have none of their own.
            is_default: bool,
            /// Sets the days that are unlike other weeks; those before are gone.
            overrides: Vec<ScheduleOverride>,
        }
    }
}

/// Declares the version where the scope has one.
fn versioned<S: Person>(request: Request) -> Request {
    match S::VERSION {
        Some(version) => request.version(version),
        None => request,
    }
}
