//! Teams: those of the account, and those of an organization.

use cal_core::{OrganizationId, TeamId};
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::{Map, Value};

use crate::{
    error::Error,
    me::Weekday,
    scope::handler,
    wire::{input, or_default},
};
#[cfg(feature = "orgs")]
use crate::{list::List, scope::Org};

handler! {
    /// Teams by their numbers, of the account or of an organization.
    ///
    /// What belongs to one team is in the handle [`Client::team`](crate::Client::team).
    ///
    /// ```no_run
    /// # async fn example(client: cal_client::Client) -> Result<(), cal_client::Error> {
    /// use cal_client::teams::UpdateTeam;
    ///
    /// for team in client.teams().list().await? {
    ///     let update = UpdateTeam::new().time_zone("Europe/Lisbon");
    ///     client.teams().update(team.id, &update).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub struct Teams;
    Me.teams: "Returns the handler of the teams that the account is in.",
    #[cfg(feature = "orgs")]
    Org.teams: "Returns the handler of the organization's teams.",
}

impl Teams {
    /// Returns the teams that the account is in.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn list(&self) -> Result<Vec<Team>, Error> {
        self.at.get("/teams", &[]).data().await
    }

    /// Makes a team, or a link where to pay for it.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn create(&self, team: &NewTeam) -> Result<CreatedTeam, Error> {
        self.at.post("/teams", &[]).json(team).data().await
    }
}

#[cfg(feature = "orgs")]
impl Teams<Org> {
    /// Lists the teams of the organization.
    pub fn list(&self) -> List<Team, Org> {
        self.at.get("/teams", &[]).list()
    }

    /// Lists the teams of the organization that the account is in.
    pub fn mine(&self) -> List<Team, Org> {
        self.at.get("/teams/me", &[]).list()
    }

    /// Makes a team.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn create(&self, team: &NewTeam) -> Result<Team, Error> {
        self.at.post("/teams", &[]).json(team).data().await
    }
}

impl<S> Teams<S> {
    /// Returns a team.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn get(&self, id: impl Into<TeamId>) -> Result<Team, Error> {
        let id = id.into();
        self.at.get("/teams/{}", &[&id]).data().await
    }

    /// Changes a team.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn update(&self, id: impl Into<TeamId>, update: &UpdateTeam) -> Result<Team, Error> {
        let id = id.into();
        self.at.patch("/teams/{}", &[&id]).json(update).data().await
    }

    /// Deletes a team, and returns what it was.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn delete(&self, id: impl Into<TeamId>) -> Result<Team, Error> {
        let id = id.into();
        self.at.delete("/teams/{}", &[&id]).data().await
    }
}

/// A team (`TeamOutputDto` and `OrgTeamOutputDto` in Cal.com's API description).
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct Team {
    /// The team's number.
    pub id: TeamId,
    /// The organization it belongs to.
    pub parent_id: Option<OrganizationId>,
    /// The name.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// The name in addresses, `cal.com/team/<slug>`.
    pub slug: Option<String>,
    /// The address of the logo.
    pub logo_url: Option<String>,
    /// The address of the logo in Cal Video.
    pub cal_video_logo: Option<String>,
    /// The address of the logo in place of Cal.com's.
    pub app_logo: Option<String>,
    /// The address of the icon in place of Cal.com's.
    pub app_icon_logo: Option<String>,
    /// What the team says about itself.
    pub bio: Option<String>,
    /// Whether booking pages do not say that they are Cal.com's.
    pub hide_branding: Option<bool>,
    /// Whether it is an organization, which is a team to Cal.com.
    pub is_organization: Option<bool>,
    /// Whether the members are not shown.
    pub is_private: Option<bool>,
    /// Whether single members cannot be booked from the team's page.
    pub hide_book_a_team_member: Option<bool>,
    /// Data of your own.
    pub metadata: Option<Map<String, Value>>,
    /// The look of booking pages, such as `light`.
    pub theme: Option<String>,
    /// The colour of booking pages, such as `#ffffff`.
    pub brand_color: Option<String>,
    /// The colour of dark booking pages.
    pub dark_brand_color: Option<String>,
    /// The address of the picture above booking pages.
    pub banner_url: Option<String>,
    /// 12 or 24 hours.
    pub time_format: Option<i64>,
    /// The IANA name of the time zone.
    pub time_zone: Option<String>,
    /// The day on which a week begins.
    pub week_start: Option<Weekday>,
}

/// What became of a new team of the account.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum CreatedTeam {
    /// It must be paid for (`CreateTeamOutputData` in Cal.com's API description).
    Pending(Box<PendingTeam>),
    /// It is there.
    Ready(Box<Team>),
}

/// A team that comes into being once it is paid for.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct PendingTeam {
    /// What Cal.com says about it, in English.
    pub message: Option<String>,
    /// The page where to pay.
    pub payment_link: String,
    /// The team as it will be.
    pub pending_team: Option<Team>,
}

impl<'de> Deserialize<'de> for CreatedTeam {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let created = if value.get("paymentLink").is_some() {
            Deserialize::deserialize(value).map(Self::Pending)
        } else {
            Deserialize::deserialize(value).map(Self::Ready)
        };
        created.map_err(D::Error::custom)
    }
}

input! {
    /// A team to make.
    pub struct NewTeam {
        required {
            name: String,
        }
        optional {
            /// Sets the name in addresses; it is made of the name unless set.
            slug: String,
            /// Sets the address of the logo.
            logo_url: String,
            /// Sets the address of the logo in Cal Video.
            cal_video_logo: String,
            /// Sets the address of the logo in place of Cal.com's.
            app_logo: String,
            /// Sets the address of the icon in place of Cal.com's.
            app_icon_logo: String,
            /// Sets what the team says about itself.
            bio: String,
            /// Sets whether booking pages do not say that they are Cal.com's.
            hide_branding: bool,
            /// Sets whether the members are not shown.
            is_private: bool,
            /// Sets whether single members cannot be booked from the team's page.
            hide_book_a_team_member: bool,
            /// Sets data of your own: at most 50 keys of 40 characters; texts of 500, numbers,
            /// booleans.
            metadata: Map<String, Value>,
            /// Sets the look of booking pages, such as `light`.
            theme: String,
            /// Sets the colour of booking pages, such as `#ffffff`.
            brand_color: String,
            /// Sets the colour of dark booking pages.
            dark_brand_color: String,
            /// Sets the address of the picture above booking pages.
            banner_url: String,
            /// Sets 12 or 24 hours.
            time_format: u8,
            /// Sets the time zone of the team's first schedule, by its IANA name; it is
            /// `Europe/London` unless set.
            time_zone: String,
            /// Sets the day on which a week begins; it is Sunday unless set.
            week_start: Weekday,
            /// Sets whether the account is a member at once; it is unless set. Platform customers
            /// leave it so: event types need a member.
            auto_accept_creator: bool,
        }
    }
}

input! {
    /// What to change of a team.
    pub struct UpdateTeam {
        optional {
            /// Sets the name.
            name: String,
            /// Sets the name in addresses.
            slug: String,
            /// Sets the address of the logo.
            logo_url: String,
            /// Sets the address of the logo in Cal Video.
            cal_video_logo: String,
            /// Sets the address of the logo in place of Cal.com's.
            app_logo: String,
            /// Sets the address of the icon in place of Cal.com's.
            app_icon_logo: String,
            /// Sets what the team says about itself.
            bio: String,
            /// Sets whether booking pages do not say that they are Cal.com's.
            hide_branding: bool,
            /// Sets whether the members are not shown.
            is_private: bool,
            /// Sets whether single members cannot be booked from the team's page.
            hide_book_a_team_member: bool,
            /// Sets data of your own: at most 50 keys of 40 characters; texts of 500, numbers,
            /// booleans.
            metadata: Map<String, Value>,
            /// Sets the look of booking pages, such as `light`.
            theme: String,
            /// Sets the colour of booking pages, such as `#ffffff`.
            brand_color: String,
            /// Sets the colour of dark booking pages.
            dark_brand_color: String,
            /// Sets the address of the picture above booking pages.
            banner_url: String,
            /// Sets 12 or 24 hours.
            time_format: u8,
            /// Sets the time zone, by its IANA name.
            time_zone: String,
            /// Sets the day on which a week begins.
            week_start: Weekday,
            /// Sets how many bookings there may be; a text whose form Cal.com does not describe.
            booking_limits: String,
            /// Sets whether managed event types count towards the limits.
            include_managed_events_in_limits: bool,
        }
    }
}
