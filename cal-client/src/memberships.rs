//! Who belongs to a team or an organization, and as what.

mod attribute;

use cal_core::{TeamId, UserId};
use serde::Deserialize;
use serde_json::{Map, Value};

pub use attribute::{ChosenOption, MembershipAttribute, MultipleOptions, SingleOption};

use crate::{
    error::Error,
    id::MembershipId,
    list::List,
    scope::{Team, handler},
    wire::{input, open_enum, or_default},
};

handler! {
    /// The memberships of a team or an organization.
    ///
    /// ```no_run
    /// # async fn example(client: cal_client::Client) -> Result<(), cal_client::Error> {
    /// use cal_client::memberships::{MembershipRole, NewMembership};
    ///
    /// let memberships = client.team(7).memberships();
    /// memberships.create(&NewMembership::new(42, MembershipRole::Member)).await?;
    /// for membership in memberships.list().await? {
    ///     println!("{} is {:?}", membership.user_id, membership.role);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub struct Memberships;
    Team.memberships: "Returns the handler of who belongs to the team.",
    #[cfg(feature = "orgs")]
    Org.memberships: "Returns the handler of who belongs to the organization.",
    #[cfg(feature = "orgs")]
    OrgTeam.memberships: "Returns the handler of who belongs to the team.",
}

impl<S> Memberships<S> {
    /// Lists the memberships, also those that were not yet accepted.
    pub fn list(&self) -> List<Membership, S> {
        self.at.get("/memberships", &[]).list()
    }

    /// Makes a user a member.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn create(&self, membership: &NewMembership) -> Result<Membership, Error> {
        self.at.post("/memberships", &[]).json(membership).data().await
    }

    /// Returns a membership.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn get(&self, id: impl Into<MembershipId>) -> Result<Membership, Error> {
        let id = id.into();
        self.at.get("/memberships/{}", &[&id]).data().await
    }

    /// Changes a membership.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn update(
        &self,
        id: impl Into<MembershipId>,
        update: &UpdateMembership,
    ) -> Result<Membership, Error> {
        let id = id.into();
        self.at.patch("/memberships/{}", &[&id]).json(update).data().await
    }

    /// Ends a membership, and returns what it was.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn delete(&self, id: impl Into<MembershipId>) -> Result<Membership, Error> {
        let id = id.into();
        self.at.delete("/memberships/{}", &[&id]).data().await
    }
}

impl List<Membership, Team> {
    /// Only of users with these e-mail addresses, of which there may be 20.
    pub fn emails(self, emails: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let emails: Vec<_> = emails.into_iter().map(|email| email.as_ref().to_owned()).collect();
        self.map(|request| request.query_list("emails", emails))
    }
}

/// A membership (`TeamMembershipOutput` and `OrganizationMembershipOutput` in Cal.com's API
/// description).
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct Membership {
    /// The membership's number.
    pub id: MembershipId,
    /// Who is the member.
    pub user_id: UserId,
    /// Of which team; an organization is one to Cal.com.
    pub team_id: TeamId,
    /// Whether the user has agreed.
    pub accepted: Option<bool>,
    /// What the member may do.
    pub role: Option<MembershipRole>,
    /// Whether admins may not act in the member's name.
    pub disable_impersonation: Option<bool>,
    /// The member's profile.
    pub user: Option<MembershipUser>,
    /// What the organization says about the member; empty in teams.
    #[serde(default, deserialize_with = "or_default")]
    pub attributes: Vec<MembershipAttribute>,
}

/// The profile of a member.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct MembershipUser {
    /// The address of a picture.
    pub avatar_url: Option<String>,
    /// The name in addresses, `cal.com/<username>`.
    pub username: Option<String>,
    /// The name that guests see.
    pub name: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// What the member says about themselves.
    pub bio: Option<String>,
    /// Data of your own.
    pub metadata: Option<Map<String, Value>>,
}

open_enum! {
    /// What a member may do.
    pub enum MembershipRole {
        /// Changes most things.
        Admin = "ADMIN",
        /// Takes part; the only role for managed users.
        Member = "MEMBER",
        /// Changes everything.
        Owner = "OWNER",
    }
}

input! {
    /// A membership to make.
    pub struct NewMembership {
        required {
            user_id: UserId,
            role: MembershipRole,
        }
        optional {
            /// Sets whether it counts at once, without asking the user; it does not unless set.
            accepted: bool,
            /// Sets whether admins may not act in the member's name; they may unless set.
            disable_impersonation: bool,
        }
    }
}

input! {
    /// What to change of a membership.
    pub struct UpdateMembership {
        optional {
            /// Sets whether the user has agreed.
            accepted: bool,
            /// Sets what the member may do.
            role: MembershipRole,
            /// Sets whether admins may not act in the member's name.
            disable_impersonation: bool,
        }
    }
}
