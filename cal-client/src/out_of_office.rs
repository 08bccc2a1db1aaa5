//! When users of an organization are away.

use cal_core::UserId;
use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::{
    bookings::Sort,
    error::Error,
    id::OutOfOfficeId,
    list::List,
    scope::{Org, OrgUser, handler},
    wire::{input, open_enum},
};

handler! {
    /// When users of an organization are away, such as
    /// [`OrgUser::out_of_office`](crate::scope::OrgUser::out_of_office).
    ///
    /// ```no_run
    /// # async fn example(client: cal_client::Client) -> Result<(), cal_client::Error> {
    /// use cal_client::out_of_office::{NewOutOfOffice, OutOfOfficeReason};
    /// use chrono::{Days, Utc};
    ///
    /// let start = Utc::now();
    /// let entry = NewOutOfOffice::new(start, start + Days::new(7))
    ///     .reason(OutOfOfficeReason::Vacation)
    ///     .to_user_id(23);
    /// client.org(7).user(42).out_of_office().create(&entry).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub struct OutOfOffice;
    Org.out_of_office: "Returns the handler of when the organization's users are away.",
    OrgUser.out_of_office: "Returns the handler of when the user is away.",
}

impl<S> OutOfOffice<S> {
    /// Lists when users are away.
    pub fn list(&self) -> List<OutOfOfficeEntry, S> {
        self.at.get("/ooo", &[]).list()
    }
}

impl OutOfOffice<OrgUser> {
    /// Notes that the user will be away.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn create(&self, entry: &NewOutOfOffice) -> Result<OutOfOfficeEntry, Error> {
        self.at.post("/ooo", &[]).json(entry).data().await
    }

    /// Changes an entry.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn update(
        &self,
        id: impl Into<OutOfOfficeId>,
        update: &UpdateOutOfOffice,
    ) -> Result<OutOfOfficeEntry, Error> {
        self.at.patch("/ooo/{}", &[&id.into()]).json(update).data().await
    }

    /// Deletes an entry, and returns what it was.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn delete(&self, id: impl Into<OutOfOfficeId>) -> Result<OutOfOfficeEntry, Error> {
        self.at.delete("/ooo/{}", &[&id.into()]).data().await
    }
}

impl<S> List<OutOfOfficeEntry, S> {
    /// Sorts by the time of the beginning.
    pub fn sort_start(self, sort: Sort) -> Self {
        self.map(|request| request.query("sortStart", sort.as_str()))
    }

    /// Sorts by the time of the end.
    pub fn sort_end(self, sort: Sort) -> Self {
        self.map(|request| request.query("sortEnd", sort.as_str()))
    }
}

impl List<OutOfOfficeEntry, Org> {
    /// Only entries of the user with this e-mail address.
    pub fn email(self, email: &str) -> Self {
        self.map(|request| request.query("email", email))
    }
}

/// A time at which a user is away (`UserOooOutputDto` in Cal.com's API description).
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct OutOfOfficeEntry {
    /// The entry's number.
    pub id: OutOfOfficeId,
    /// The entry's public id.
    pub uuid: Option<String>,
    /// Who is away.
    pub user_id: Option<UserId>,
    /// Who stands in.
    pub to_user_id: Option<UserId>,
    /// When it begins.
    pub start: DateTime<Utc>,
    /// When it ends.
    pub end: DateTime<Utc>,
    /// What there is to say about it.
    pub notes: Option<String>,
    /// Why.
    pub reason: Option<OutOfOfficeReason>,
}

input! {
    /// A time at which a user will be away.
    pub struct NewOutOfOffice {
        required {
            start: DateTime<Utc>,
            end: DateTime<Utc>,
        }
        optional {
            /// Sets what there is to say about it.
            notes: String,
            /// Sets who stands in.
            to_user_id: UserId,
            /// Sets why.
            reason: OutOfOfficeReason,
        }
    }
}

input! {
    /// What to change of an entry.
    pub struct UpdateOutOfOffice {
        optional {
            /// Sets when it begins.
            start: DateTime<Utc>,
            /// Sets when it ends.
            end: DateTime<Utc>,
            /// Sets what there is to say about it.
            notes: String,
            /// Sets who stands in.
            to_user_id: UserId,
            /// Sets why.
            reason: OutOfOfficeReason,
        }
    }
}

open_enum! {
    /// Why a user is away.
    pub enum OutOfOfficeReason {
        /// Nobody said.
        Unspecified = "unspecified",
        /// A vacation.
        Vacation = "vacation",
        /// A journey.
        Travel = "travel",
        /// An illness.
        Sick = "sick",
        /// A public holiday.
        PublicHoliday = "public_holiday",
    }
}
