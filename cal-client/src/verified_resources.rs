//! E-mail addresses and phone numbers that were proven to be reachable.

use cal_core::{TeamId, UserId};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::{
    error::Error,
    id::{VerifiedEmailId, VerifiedPhoneId},
    list::List,
    scope::handler,
    secret,
    wire::or_default,
};

handler! {
    /// Verified addresses and numbers of a scope, such as
    /// [`Client::verified_resources`](crate::Client::verified_resources).
    ///
    /// ```no_run
    /// # async fn example(client: cal_client::Client) -> Result<(), cal_client::Error> {
    /// let verified = client.verified_resources();
    /// verified.request_email_code("ann@example.com").await?;
    /// // The code comes by e-mail.
    /// let email = verified.verify_email("ann@example.com", "1ABG2C").await?;
    /// println!("{} is verified", email.email);
    /// # Ok(())
    /// # }
    /// ```
    pub struct VerifiedResources;
    Me.verified_resources: "Returns the handler of the account's verified addresses and numbers.",
    Team.verified_resources: "Returns the handler of the team's verified addresses and numbers.",
    #[cfg(feature = "orgs")]
    OrgTeam.verified_resources: "Returns the handler of the team's verified addresses and numbers.",
}

impl<S> VerifiedResources<S> {
    /// Lists the verified e-mail addresses.
    pub fn emails(&self) -> List<VerifiedEmail, S> {
        self.at.get("/verified-resources/emails", &[]).list()
    }

    /// Returns a verified e-mail address.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn email(&self, id: impl Into<VerifiedEmailId>) -> Result<VerifiedEmail, Error> {
        self.at.get("/verified-resources/emails/{}", &[&id.into()]).data().await
    }

    /// Lets a code be sent to an e-mail address; at most five in a minute.
    ///
    /// # Errors
    ///
    /// Fails when the code was not sent, and as every request does; see [`Error`].
    pub async fn request_email_code(&self, email: &str) -> Result<(), Error> {
        let request = self.at.post("/verified-resources/emails/verification-code/request", &[]);
        request.json(&Reach::Email { email }).done().await
    }

    /// Verifies an e-mail address by the code that was sent there.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn verify_email(
        &self,
        email: &str,
        code: impl Into<SecretString>,
    ) -> Result<VerifiedEmail, Error> {
        let request = self.at.post("/verified-resources/emails/verification-code/verify", &[]);
        request.json(&Proof { reach: Reach::Email { email }, code: code.into() }).data().await
    }

    /// Lists the verified phone numbers.
    pub fn phones(&self) -> List<VerifiedPhone, S> {
        self.at.get("/verified-resources/phones", &[]).list()
    }

    /// Returns a verified phone number.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn phone(&self, id: impl Into<VerifiedPhoneId>) -> Result<VerifiedPhone, Error> {
        self.at.get("/verified-resources/phones/{}", &[&id.into()]).data().await
    }

    /// Lets a code be sent to a phone number; at most three in a minute.
    ///
    /// # Errors
    ///
    /// Fails when the code was not sent, and as every request does; see [`Error`].
    pub async fn request_phone_code(&self, phone: &str) -> Result<(), Error> {
        let request = self.at.post("/verified-resources/phones/verification-code/request", &[]);
        request.json(&Reach::Phone { phone }).done().await
    }

    /// Verifies a phone number by the code that was sent there.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn verify_phone(
        &self,
        phone: &str,
        code: impl Into<SecretString>,
    ) -> Result<VerifiedPhone, Error> {
        let request = self.at.post("/verified-resources/phones/verification-code/verify", &[]);
        request.json(&Proof { reach: Reach::Phone { phone }, code: code.into() }).data().await
    }
}

/// A verified e-mail address.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct VerifiedEmail {
    /// The number of the address.
    pub id: VerifiedEmailId,
    /// The address.
    #[serde(default, deserialize_with = "or_default")]
    pub email: String,
    /// The user it belongs to.
    pub user_id: Option<UserId>,
    /// The team it belongs to.
    pub team_id: Option<TeamId>,
}

/// A verified phone number.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct VerifiedPhone {
    /// The number of the phone number.
    pub id: VerifiedPhoneId,
    /// The phone number, such as `+37255556666`.
    #[serde(default, deserialize_with = "or_default")]
    pub phone_number: String,
    /// The user it belongs to.
    pub user_id: Option<UserId>,
    /// The team it belongs to.
    pub team_id: Option<TeamId>,
}

/// Where a code is sent.
#[derive(Serialize)]
#[serde(untagged)]
enum Reach<'a> {
    Email { email: &'a str },
    Phone { phone: &'a str },
}

/// The code that was sent.
#[derive(Serialize)]
struct Proof<'a> {
    #[serde(flatten)]
    reach: Reach<'a>,
    #[serde(serialize_with = "secret::send")]
    code: SecretString,
}
