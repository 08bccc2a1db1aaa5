//! Links with which people join a team.

use secrecy::SecretString;
use serde::Deserialize;

use crate::{error::Error, scope::handler};

handler! {
    /// The invitations to a team.
    ///
    /// ```no_run
    /// # async fn example(client: cal_client::Client) -> Result<(), cal_client::Error> {
    /// use secrecy::ExposeSecret as _;
    ///
    /// let invite = client.team(7).invites().create().await?;
    /// println!("join us: {}", invite.invite_link.expose_secret());
    /// # Ok(())
    /// # }
    /// ```
    pub struct Invites;
    Team.invites: "Returns the handler of invitations to the team.",
    #[cfg(feature = "orgs")]
    OrgTeam.invites: "Returns the handler of invitations to the team.",
}

impl<S> Invites<S> {
    /// Makes a link.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn create(&self) -> Result<Invite, Error> {
        self.at.post("/invite", &[]).data().await
    }
}

/// A link to join a team: whoever has it can (`InviteDataDto` in Cal.com's API description).
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct Invite {
    /// The token in the link.
    #[serde(deserialize_with = "crate::secret::read")]
    pub token: SecretString,
    /// The link, which leads to the page for signing up.
    #[serde(deserialize_with = "crate::secret::read")]
    pub invite_link: SecretString,
}
