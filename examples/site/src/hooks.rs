//! What happens after a booking: every hook that is configured.

use anyhow::Context as _;
use calcom::{
    SqlStore,
    hooks::{
        analytics::{AnalyticsHook, Appointments, LocalAnalytics, PostHog},
        crm::{CrmHook, HubSpot, LocalCrm},
        email::{Files, Mailbox, Mailer, Resend, Smtp, plan},
        notify::Slack,
        payments::Payments,
    },
    webhook::ReceiverBuilder,
};

use crate::{config::Config, journal::Journal};

/// Who mails come from in the demo.
const DEMO_SENDER: &str = "Ida Falk <ida@example.com>";

/// Where the demo's mails are written to.
pub(crate) const OUTBOX: &str = "outbox";

/// Adds the hooks: the log and those of the site's own database always, others when they are configured.
pub(crate) fn add(
    builder: ReceiverBuilder,
    config: &Config,
    is_demo: bool,
    store: &SqlStore,
    site: &str,
) -> anyhow::Result<ReceiverBuilder> {
    let mut builder = builder
        .hook(Journal)
        .hook(Appointments::new(store.clone()))
        .hook(AnalyticsHook::new(LocalAnalytics::new(store.clone())))
        .hook(CrmHook::new(LocalCrm::new(store.clone())))
        .hook(Payments::new(store.clone()));
    match mailer(config, is_demo)? {
        Some(mailer) => {
            let mailer = mailer.site(site).context("APP_URL")?.store(store.clone());
            builder = builder
                .hook(mailer.attendees())
                .hook(mailer.host_notices())
                .hook(mailer.sequence("email-reminders", plan::reminders()))
                .hook(mailer.sequence("email-consultation", plan::consultation()))
                .hook(mailer.sequence("email-return", plan::returning()));
        }
        None => tracing::warn!("mails are off: neither SMTP_URL nor RESEND_API_KEY is set"),
    }
    match &config.hubspot_token {
        Some(token) => {
            let mut hubspot = HubSpot::new(token.clone()).context("HUBSPOT_TOKEN")?;
            if let Some(url) = &config.hubspot_url {
                hubspot = hubspot.base_url(url);
            }
            builder = builder.hook(CrmHook::new(hubspot).named("hubspot"));
        }
        None => tracing::debug!("HubSpot is off: HUBSPOT_TOKEN is not set"),
    }
    match &config.posthog_key {
        Some(key) => {
            let mut posthog = PostHog::new(key.clone()).context("POSTHOG_KEY")?;
            if let Some(url) = &config.posthog_url {
                posthog = posthog.host(url);
            }
            builder = builder.hook(AnalyticsHook::new(posthog).named("posthog"));
        }
        None => tracing::debug!("PostHog is off: POSTHOG_KEY is not set"),
    }
    match &config.slack_webhook_url {
        Some(url) => builder = builder.hook(Slack::new(url.clone()).context("SLACK_WEBHOOK_URL")?),
        None => tracing::debug!("notices are off: SLACK_WEBHOOK_URL is not set"),
    }
    Ok(builder)
}

/// What sends mails: an SMTP server, Resend, or in the demo a folder.
fn mailer(config: &Config, is_demo: bool) -> anyhow::Result<Option<Mailer>> {
    let sender = || -> anyhow::Result<Mailbox> {
        let sender = config.contact_email.as_deref();
        sender
            .context("CONTACT_EMAIL is not set, but mails are on")?
            .parse()
            .context("CONTACT_EMAIL")
    };
    if let Some(url) = &config.smtp_url {
        let smtp = Smtp::new(url.clone()).context("SMTP_URL")?;
        return Ok(Some(Mailer::new(smtp, sender()?)));
    }
    if let Some(key) = &config.resend_api_key {
        let resend = Resend::new(key.clone()).context("RESEND_API_KEY")?;
        return Ok(Some(Mailer::new(resend, sender()?)));
    }
    if is_demo {
        return Ok(Some(Mailer::new(Files::new(OUTBOX), DEMO_SENDER.parse()?)));
    }
    Ok(None)
}
