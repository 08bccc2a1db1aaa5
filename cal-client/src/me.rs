//! One's own profile.

use cal_core::OrganizationId;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    error::Error,
    id::ScheduleId,
    scope::handler,
    wire::{input, open_enum, or_default},
};

handler! {
    /// The profile of the account, [`Client::me`](crate::Client::me).
    ///
    /// ```no_run
    /// # async fn example(client: cal_client::Client) -> Result<(), cal_client::Error> {
    /// use cal_client::me::{UpdateProfile, Weekday};
    ///
    /// let me = client.me().update(&UpdateProfile::new().week_start(Weekday::Monday)).await?;
    /// println!("{}", me.email);
    /// # Ok(())
    /// # }
    /// ```
    pub struct Me;
    Me.me: "Returns the handler of the account's own profile.",
}

impl Me {
    /// Returns the profile.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn get(&self) -> Result<Profile, Error> {
        self.at.get("/me", &[]).data().await
    }

    /// Changes the profile. A new e-mail address counts once it is verified.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn update(&self, update: &UpdateProfile) -> Result<Profile, Error> {
        self.at.patch("/me", &[]).json(update).data().await
    }
}

/// A profile (`MeOutput` in Cal.com's API description).
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// The user's number.
    pub id: cal_core::UserId,
    /// The name in addresses, `cal.com/<username>`.
    pub username: Option<String>,
    /// The e-mail address.
    #[serde(default, deserialize_with = "or_default")]
    pub email: String,
    /// The name that guests see.
    pub name: Option<String>,
    /// The address of a picture.
    pub avatar_url: Option<String>,
    /// What the user says about themselves.
    pub bio: Option<String>,
    /// 12 or 24 hours.
    pub time_format: Option<i64>,
    /// The schedule of event types that have none of their own.
    pub default_schedule_id: Option<ScheduleId>,
    /// The day on which a week begins.
    pub week_start: Option<Weekday>,
    /// The IANA name of the time zone.
    pub time_zone: Option<String>,
    /// The organization the user belongs to.
    pub organization_id: Option<OrganizationId>,
    /// The same, with what kind it is.
    pub organization: Option<MyOrganization>,
}

/// The organization of a profile.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct MyOrganization {
    /// Whether it belongs to a platform customer.
    pub is_platform: Option<bool>,
    /// The organization's number.
    pub id: OrganizationId,
}

input! {
    /// What to change of a profile.
    pub struct UpdateProfile {
        optional {
            /// Sets the e-mail address.
            email: String,
            /// Sets the name that guests see.
            name: String,
            /// Sets 12 or 24 hours.
            time_format: u8,
            /// Sets the schedule of event types that have none of their own.
            default_schedule_id: ScheduleId,
            /// Sets the day on which a week begins.
            week_start: Weekday,
            /// Sets the time zone, by its IANA name.
            time_zone: String,
            /// Sets the language, such as `de` or `pt-BR`.
            locale: String,
            /// Sets the address of a picture.
            avatar_url: String,
            /// Sets what the user says about themselves.
            bio: String,
            /// Sets data of your own: at most 50 keys of 40 characters, values of 500.
            metadata: Map<String, Value>,
        }
    }
}

open_enum! {
    /// A day of the week.
    pub enum Weekday {
        /// Monday.
        Monday = "Monday",
        /// Tuesday.
        Tuesday = "Tuesday",
        /// Wednesday.
        Wednesday = "Wednesday",
        /// Thursday.
        Thursday = "Thursday",
        /// Friday.
        Friday = "Friday",
        /// Saturday.
        Saturday = "Saturday",
        /// Sunday.
        Sunday = "Sunday",
    }
}
