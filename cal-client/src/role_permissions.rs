//! What a role allows, piece by piece.

use serde::Serialize;

use crate::{error::Error, id::RoleId, roles::Permission, scope::handler};

handler! {
    /// The permissions of roles, each by the role's id.
    ///
    /// ```no_run
    /// # async fn example(client: cal_client::Client) -> Result<(), cal_client::Error> {
    /// let permissions = client.org(1).role_permissions();
    /// for permission in permissions.add("a-role", ["booking.read"]).await? {
    ///     println!("{permission}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub struct RolePermissions;
    Org.role_permissions: "Returns the handler of what the organization's roles allow.",
    OrgTeam.role_permissions: "Returns the handler of what the team's roles allow.",
}

impl<S> RolePermissions<S> {
    /// Returns what a role allows.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn list(&self, role: impl Into<RoleId>) -> Result<Vec<Permission>, Error> {
        let role = role.into();
        self.at.get("/roles/{}/permissions", &[&role]).data().await
    }

    /// Lets a role allow more, and returns all that it allows.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn add(
        &self,
        role: impl Into<RoleId>,
        permissions: impl IntoIterator<Item = impl Into<Permission>>,
    ) -> Result<Vec<Permission>, Error> {
        let (role, body) = (role.into(), Body::new(permissions));
        self.at.post("/roles/{}/permissions", &[&role]).json(&body).data().await
    }

    /// Lets a role allow this and nothing else.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn replace(
        &self,
        role: impl Into<RoleId>,
        permissions: impl IntoIterator<Item = impl Into<Permission>>,
    ) -> Result<Vec<Permission>, Error> {
        let (role, body) = (role.into(), Body::new(permissions));
        self.at.put("/roles/{}/permissions", &[&role]).json(&body).data().await
    }

    /// Takes a permission from a role.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn remove(
        &self,
        role: impl Into<RoleId>,
        permission: impl Into<Permission>,
    ) -> Result<(), Error> {
        let (role, permission) = (role.into(), permission.into());
        self.at.delete("/roles/{}/permissions/{}", &[&role, &permission]).done().await
    }

    /// Takes several permissions from a role.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`]. None at all are refused by the server.
    pub async fn remove_many(
        &self,
        role: impl Into<RoleId>,
        permissions: impl IntoIterator<Item = impl Into<Permission>>,
    ) -> Result<(), Error> {
        let (role, body) = (role.into(), Body::new(permissions));
        let request = self.at.delete("/roles/{}/permissions", &[&role]);
        request.query_list("permissions", body.permissions).done().await
    }
}

#[derive(Serialize)]
struct Body {
    permissions: Vec<Permission>,
}

impl Body {
    fn new(permissions: impl IntoIterator<Item = impl Into<Permission>>) -> Self {
        Self { permissions: permissions.into_iter().map(Into::into).collect() }
    }
}
