//! Private links: secret addresses of event types, which expire or wear out.

use cal_core::EventTypeId;
use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::{
    error::Error,
    scope::handler,
    wire::{input, or_default},
};

handler! {
    /// The private links of an event type.
    ///
    /// ```no_run
    /// # async fn example(client: cal_client::Client) -> Result<(), cal_client::Error> {
    /// use cal_client::private_links::NewPrivateLink;
    ///
    /// let links = client.event_type(7).private_links();
    /// let link = links.create(&NewPrivateLink::new().max_usage_count(5u32)).await?;
    /// println!("good for five bookings: {}", link.booking_url);
    /// # Ok(())
    /// # }
    /// ```
    pub struct PrivateLinks;
    EventTypeScope.private_links: "Returns the handler of the event type's private links.",
    #[cfg(feature = "orgs")]
    OrgTeamEventType.private_links: "Returns the handler of the event type's private links.",
}

impl<S> PrivateLinks<S> {
    /// Lists the links.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn list(&self) -> Result<Vec<PrivateLink>, Error> {
        self.at.get("/private-links", &[]).data().await
    }

    /// Makes a link; one that says nothing else is good for one booking.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn create(&self, link: &NewPrivateLink) -> Result<PrivateLink, Error> {
        self.at.post("/private-links", &[]).json(link).data().await
    }

    /// Changes how long or how often a link is good; the limit that is left out is dropped.
    ///
    /// The server's source is all that is known about this operation of teams: Cal.com's API
    /// description lacks its body.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn update(
        &self,
        link_id: &str,
        update: &UpdatePrivateLink,
    ) -> Result<PrivateLink, Error> {
        let request = self.at.patch("/private-links/{}", &[&link_id]);
        request.json(update).data().await
    }

    /// Deletes a link.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn delete(&self, link_id: &str) -> Result<(), Error> {
        let request = self.at.delete("/private-links/{}", &[&link_id]);
        request.done().await
    }
}

/// A private link; whoever has it can book.
///
/// It has a day on which it expires, or a number of bookings (`TimeBasedPrivateLinkOutput` and
/// `UsageBasedPrivateLinkOutput` in Cal.com's API description).
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct PrivateLink {
    /// The link's id, which is also its secret.
    pub link_id: String,
    /// The event type.
    pub event_type_id: Option<EventTypeId>,
    /// Whether it is no longer good.
    pub is_expired: Option<bool>,
    /// The address to book at.
    #[serde(default, deserialize_with = "or_default")]
    pub booking_url: String,
    /// When it expires.
    pub expires_at: Option<DateTime<Utc>>,
    /// How many bookings it is good for.
    pub max_usage_count: Option<i64>,
    /// How many bookings were made with it.
    pub usage_count: Option<i64>,
}

input! {
    /// A private link to make.
    pub struct NewPrivateLink {
        optional {
            /// Lets it expire at this time.
            expires_at: DateTime<Utc>,
            /// Lets it be good for this many bookings; 1 unless it expires.
            max_usage_count: u32,
        }
    }
}

input! {
    /// What to change of a private link.
    pub struct UpdatePrivateLink {
        optional {
            /// Lets it expire at this time.
            expires_at: DateTime<Utc>,
            /// Lets it be good for this many bookings.
            max_usage_count: u32,
        }
    }
}
