//! Making the webhooks of a scope what they should be.

use std::collections::HashSet;

use secrecy::ExposeSecret as _;

use super::{NewWebhook, Trigger, UpdateWebhook, Webhook, Webhooks};
use crate::error::{Error, Kind};

/// What [`Webhooks::ensure`] did.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Ensured {
    /// The webhooks that were missing.
    pub created: Vec<Webhook>,
    /// The webhooks that were different, as they are now.
    pub updated: Vec<Webhook>,
    /// The webhooks that were as they should be.
    pub unchanged: Vec<Webhook>,
}

impl<S> Webhooks<S> {
    /// Makes the webhooks that are missing, and changes those that are different.
    ///
    /// A webhook is known by its subscriber URL, to the letter; those with other URLs are left
    /// alone. What a wanted webhook does not say is left as it is. Triggers are compared as a set.
    /// A secret is sent again when the server shows another one or none, since some servers show
    /// none at all; a version only when the server shows another one. Of several webhooks with one
    /// URL, the one that is as it should be counts, or else the first.
    ///
    /// Doing it again changes nothing. Two processes may do it at once: one whose creation is
    /// refused as a duplicate looks again, and updates.
    ///
    /// # Errors
    ///
    /// Fails when two wanted webhooks have the same URL, before anything is sent, and otherwise as
    /// every request does; see [`Error`]. What was done before a failure stays done.
    pub async fn ensure(&self, wanted: &[NewWebhook]) -> Result<Ensured, Error> {
        let mut urls = HashSet::new();
        if !wanted.iter().all(|want| urls.insert(&*want.subscriber_url)) {
            let text = "expected one webhook for each subscriber URL, got several";
            return Err(Error::new(Kind::Request, text));
        }
        let mut ensured = Ensured::default();
        let mut present = self.list().all().await?;
        for want in wanted {
            if let Some(is) = find(&present, want) {
                self.adjust(is, want, &mut ensured).await?;
                continue;
            }
            let taken = match self.create(want).await {
                Ok(created) => {
                    ensured.created.push(created);
                    continue;
                }
                Err(error) if error.status() == Some(409) => error,
                Err(error) => return Err(error),
            };
            // Somebody else was faster.
            present = self.list().all().await?;
            let is = find(&present, want).ok_or(taken)?;
            self.adjust(is, want, &mut ensured).await?;
        }
        Ok(ensured)
    }

    async fn adjust(
        &self,
        is: &Webhook,
        want: &NewWebhook,
        ensured: &mut Ensured,
    ) -> Result<(), Error> {
        match difference(is, want) {
            Some(update) => ensured.updated.push(self.update(&is.id, &update).await?),
            None => ensured.unchanged.push(is.clone()),
        }
        Ok(())
    }
}

/// Finds the webhook that is wanted: of several with its URL, rather one that needs no change.
fn find<'a>(present: &'a [Webhook], want: &NewWebhook) -> Option<&'a Webhook> {
    let mut alike = present.iter().filter(|is| is.subscriber_url == want.subscriber_url);
    alike.clone().find(|is| difference(is, want).is_none()).or_else(|| alike.next())
}

/// Says what must change, if anything.
fn difference(is: &Webhook, want: &NewWebhook) -> Option<UpdateWebhook> {
    let NewWebhook { subscriber_url: _, triggers, active, payload_template, secret, version } =
        want;
    let set = |triggers: &[Trigger]| triggers.iter().cloned().collect::<HashSet<_>>();
    let shown = is.secret.as_ref().map(|secret| secret.expose_secret());
    let update = UpdateWebhook {
        subscriber_url: None,
        triggers: Some(triggers.clone()).filter(|triggers| set(triggers) != set(&is.triggers)),
        active: Some(*active).filter(|active| *active != is.active),
        payload_template: payload_template
            .clone()
            .filter(|_| *payload_template != is.payload_template),
        secret: secret.clone().filter(|secret| shown != Some(secret.expose_secret())),
        version: version.clone().filter(|_| is.version.is_some() && *version != is.version),
    };
    let UpdateWebhook { subscriber_url: _, triggers, active, payload_template, secret, version } =
        &update;
    let is_different = triggers.is_some()
        || active.is_some()
        || payload_template.is_some()
        || secret.is_some()
        || version.is_some();
    is_different.then_some(update)
}
