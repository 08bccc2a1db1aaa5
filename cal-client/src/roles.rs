//! Roles: what members of an organization or of its teams may do.

use cal_core::{OrganizationId, TeamId, text_id};
use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::{
    error::Error,
    id::RoleId,
    list::List,
    scope::handler,
    wire::{input, open_enum, or_default, time_or_none},
};

handler! {
    /// The roles of an organization or of one of its teams.
    ///
    /// [`RolePermissions`](crate::role_permissions::RolePermissions) changes single permissions.
    ///
    /// ```no_run
    /// # async fn example(client: cal_client::Client) -> Result<(), cal_client::Error> {
    /// use cal_client::roles::{NewRole, Permission};
    ///
    /// let permissions = ["booking.read", "insights.read"].map(Permission::from);
    /// let role = NewRole::new("Analyst").permissions(permissions);
    /// let role = client.org(1).roles().create(&role).await?;
    /// println!("{}", role.id);
    /// # Ok(())
    /// # }
    /// ```
    pub struct Roles;
    Org.roles: "Returns the handler of the organization's roles.",
    OrgTeam.roles: "Returns the handler of the team's roles.",
}

impl<S> Roles<S> {
    /// Lists the roles.
    pub fn list(&self) -> List<Role, S> {
        self.at.get("/roles", &[]).list()
    }

    /// Makes a role.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn create(&self, role: &NewRole) -> Result<Role, Error> {
        self.at.post("/roles", &[]).json(role).data().await
    }

    /// Returns a role.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn get(&self, id: impl Into<RoleId>) -> Result<Role, Error> {
        let id = id.into();
        self.at.get("/roles/{}", &[&id]).data().await
    }

    /// Changes a role.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn update(&self, id: impl Into<RoleId>, update: &UpdateRole) -> Result<Role, Error> {
        let id = id.into();
        self.at.patch("/roles/{}", &[&id]).json(update).data().await
    }

    /// Deletes a role, and returns what it was.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn delete(&self, id: impl Into<RoleId>) -> Result<Role, Error> {
        let id = id.into();
        self.at.delete("/roles/{}", &[&id]).data().await
    }
}

text_id! {
    /// Something that a role allows: a resource and an action, such as `booking.read`.
    ///
    /// Actions are mostly `create`, `read`, `update` and `delete`; `*.*` is everything. Teams know
    /// fewer than organizations, and each release of Cal.com has more.
    Permission,
}

/// A role (`OrgRoleOutput` and `TeamRoleOutput` in Cal.com's API description).
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct Role {
    /// The role's id.
    pub id: RoleId,
    /// The name.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// The colour of its badge, such as `#ffffff`.
    pub color: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// The organization it belongs to, if not to a team.
    pub organization_id: Option<OrganizationId>,
    /// The team it belongs to.
    pub team_id: Option<TeamId>,
    /// Who made it.
    #[serde(rename = "type")]
    pub kind: Option<RoleType>,
    /// What it allows.
    #[serde(default, deserialize_with = "or_default")]
    pub permissions: Vec<Permission>,
    /// When it was made.
    #[serde(default, deserialize_with = "time_or_none")]
    pub created_at: Option<DateTime<Utc>>,
    /// When it was last changed.
    #[serde(default, deserialize_with = "time_or_none")]
    pub updated_at: Option<DateTime<Utc>>,
}

open_enum! {
    /// Who made a role.
    pub enum RoleType {
        /// The organization or team.
        Custom = "CUSTOM",
        /// Cal.com: those of owners, admins and members.
        System = "SYSTEM",
    }
}

input! {
    /// A role to make.
    pub struct NewRole {
        required {
            name: String,
        }
        optional {
            /// Sets the colour of its badge, such as `#ffffff`.
            color: String,
            /// Sets what it is for.
            description: String,
            /// Sets what it allows.
            permissions: Vec<Permission>,
        }
    }
}

input! {
    /// What to change of a role.
    pub struct UpdateRole {
        optional {
            /// Sets the name.
            name: String,
            /// Sets the colour of its badge, such as `#ffffff`.
            color: String,
            /// Sets what it is for.
            description: String,
            /// Sets what it allows: all of it, not what comes in addition.
            permissions: Vec<Permission>,
        }
    }
}
