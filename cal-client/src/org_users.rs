//! Users of an organization.

use cal_core::{OrganizationId, TeamId, UserId};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    error::Error,
    id::{AttributeOptionId, ScheduleId},
    list::List,
    me::Weekday,
    memberships::MembershipRole,
    scope::{Org, handler},
    wire::{input, open_enum},
};

handler! {
    /// The users of an organization.
    ///
    /// ```no_run
    /// # async fn example(client: cal_client::Client) -> Result<(), cal_client::Error> {
    /// use cal_client::org_users::NewUser;
    ///
    /// let users = client.org(1).users();
    /// users.create(&NewUser::new("ann@example.org").time_zone("Europe/Berlin")).await?;
    /// for user in users.list().teams([7]).all().await? {
    ///     println!("{}", user.email);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub struct OrgUsers;
    Org.users: "Returns the handler of the organization's users.",
}

impl OrgUsers<Org> {
    /// Lists the users.
    pub fn list(&self) -> List<User, Org> {
        self.at.get("/users", &[]).list()
    }

    /// Makes a user, who becomes a member of the organization.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn create(&self, user: &NewUser) -> Result<User, Error> {
        self.at.post("/users", &[]).json(user).data().await
    }

    /// Changes a user.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn update(&self, id: impl Into<UserId>, update: &UpdateUser) -> Result<User, Error> {
        let id = id.into();
        self.at.patch("/users/{}", &[&id]).json(update).data().await
    }

    /// Deletes a user, and returns who it was.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn delete(&self, id: impl Into<UserId>) -> Result<User, Error> {
        let id = id.into();
        self.at.delete("/users/{}", &[&id]).data().await
    }
}

impl List<User, Org> {
    /// Only users with these e-mail addresses.
    pub fn emails(self, emails: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let emails: Vec<_> = emails.into_iter().map(|email| email.as_ref().to_owned()).collect();
        self.map(|request| request.query_list("emails", emails))
    }

    /// Only users with these options of attributes, as [`List::options_match`] says.
    pub fn assigned_options(
        self,
        ids: impl IntoIterator<Item = impl Into<AttributeOptionId>>,
    ) -> Self {
        let ids = ids.into_iter().map(Into::into);
        self.map(|request| request.query_list("assignedOptionIds", ids))
    }

    /// How many of the [`assigned_options`](List::assigned_options) a user has; all unless set.
    pub fn options_match(self, matching: OptionsMatch) -> Self {
        self.map(|request| request.query("attributeQueryOperator", matching))
    }

    /// Only users of these teams.
    pub fn teams(self, ids: impl IntoIterator<Item = impl Into<TeamId>>) -> Self {
        let ids = ids.into_iter().map(Into::into);
        self.map(|request| request.query_list("teamIds", ids))
    }
}

open_enum! {
    /// How many of some options a user has.
    pub enum OptionsMatch {
        /// All of them.
        All = "AND",
        /// At least one of them.
        Any = "OR",
        /// None of them.
        None = "NONE",
    }
}

/// A user of an organization (`GetOrgUsersWithProfileOutput` in Cal.com's API description).
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// The user's number.
    pub id: UserId,
    /// The name in addresses outside of the organization.
    pub username: Option<String>,
    /// The name that guests see.
    pub name: Option<String>,
    /// The e-mail address.
    pub email: String,
    /// When the e-mail address was verified.
    pub email_verified: Option<DateTime<Utc>>,
    /// What the user says about themselves.
    pub bio: Option<String>,
    /// The address of a picture.
    pub avatar_url: Option<String>,
    /// The IANA name of the time zone.
    pub time_zone: Option<String>,
    /// The day on which a week begins.
    pub week_start: Option<Weekday>,
    /// The look of Cal.com to the user, such as `light`.
    pub app_theme: Option<String>,
    /// The look of booking pages, such as `light`.
    pub theme: Option<String>,
    /// The schedule of event types that have none of their own.
    pub default_schedule_id: Option<ScheduleId>,
    /// The language, such as `de` or `pt-BR`.
    pub locale: Option<String>,
    /// 12 or 24 hours.
    pub time_format: Option<i64>,
    /// Whether booking pages do not say that they are Cal.com's.
    pub hide_branding: Option<bool>,
    /// The colour of booking pages, such as `#ffffff`.
    pub brand_color: Option<String>,
    /// The colour of dark booking pages.
    pub dark_brand_color: Option<String>,
    /// Whether the user can be booked together with others by a link of their names.
    pub allow_dynamic_booking: Option<bool>,
    /// When the user was made.
    pub created_date: Option<DateTime<Utc>>,
    /// Whether Cal.com has verified the user.
    pub verified: Option<bool>,
    /// Who invited the user, by a number.
    pub invited_to: Option<i64>,
    /// Data of your own.
    pub metadata: Option<Map<String, Value>>,
    /// What the user is within the organization.
    pub profile: Option<UserProfile>,
}

/// What a user is within an organization.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct UserProfile {
    /// The profile's number.
    pub id: i64,
    /// The organization.
    pub organization_id: Option<OrganizationId>,
    /// The user.
    pub user_id: Option<UserId>,
    /// The name in addresses of the organization.
    pub username: Option<String>,
}

input! {
    /// A user to make.
    pub struct NewUser {
        required {
            email: String,
        }
        optional {
            /// Sets the name in addresses.
            username: String,
            /// Sets the day on which a week begins.
            weekday: Weekday,
            /// Sets the colour of booking pages, such as `#FFFFFF`.
            brand_color: String,
            /// Sets the colour of dark booking pages.
            dark_brand_color: String,
            /// Sets whether booking pages do not say that they are Cal.com's.
            hide_branding: bool,
            /// Sets what the user says about themselves.
            bio: String,
            /// Sets data of your own: at most 50 keys of 40 characters, values of 500.
            metadata: Map<String, Value>,
            /// Sets the time zone, by its IANA name.
            time_zone: String,
            /// Sets 12 or 24 hours.
            time_format: u8,
            /// Sets the schedule of event types that have none of their own.
            default_schedule_id: ScheduleId,
            /// Sets the address of a picture.
            avatar_url: String,
            /// Sets what the user may do in the organization; a member unless set.
            organization_role: MembershipRole,
            /// Sets whether the membership counts at once, without asking; it does unless set.
            auto_accept: bool,
        }
        nullable {
            /// Sets the look of booking pages, `light` or `dark`.
            theme: String,
            /// Sets the look of Cal.com to the user, `light` or `dark`.
            app_theme: String,
            /// Sets the language, such as `de`; English unless set.
            locale: String,
        }
    }
}

input! {
    /// What to change of a user.
    ///
    /// Cal.com's API description leaves this empty; its source has what a new user has.
    pub struct UpdateUser {
        optional {
            /// Sets the e-mail address.
            email: String,
            /// Sets the name in addresses.
            username: String,
            /// Sets the day on which a week begins.
            weekday: Weekday,
            /// Sets the colour of booking pages, such as `#FFFFFF`.
            brand_color: String,
            /// Sets the colour of dark booking pages.
            dark_brand_color: String,
            /// Sets whether booking pages do not say that they are Cal.com's.
            hide_branding: bool,
            /// Sets what the user says about themselves.
            bio: String,
            /// Sets data of your own: at most 50 keys of 40 characters, values of 500.
            metadata: Map<String, Value>,
            /// Sets the time zone, by its IANA name.
            time_zone: String,
            /// Sets 12 or 24 hours.
            time_format: u8,
            /// Sets the schedule of event types that have none of their own.
            default_schedule_id: ScheduleId,
            /// Sets the address of a picture.
            avatar_url: String,
        }
        nullable {
            /// Sets the look of booking pages, `light` or `dark`.
            theme: String,
            /// Sets the look of Cal.com to the user, `light` or `dark`.
            app_theme: String,
            /// Sets the language, such as `de`.
            locale: String,
        }
    }
}
