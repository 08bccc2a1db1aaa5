//! The site's settings, each a flag and an environment variable.

use std::{env, net::SocketAddr};

use clap::Parser;
use secrecy::SecretString;
use tracing_subscriber::filter::{LevelFilter, Targets};

/// The variables that end demo mode: whoever sets one of them means this site in earnest.
const LIVE: [&str; 21] = [
    "ADMIN_TOKEN",
    "APP_URL",
    "CAL_ACCESS_TOKEN",
    "CAL_API_KEY",
    "CAL_API_URL",
    "CAL_LINK",
    "CAL_OAUTH_CLIENT_ID",
    "CAL_OAUTH_CLIENT_SECRET",
    "CAL_ORGANIZATION_ID",
    "CAL_ORIGIN",
    "CAL_WEBHOOK_SECRET",
    "CAL_WEBHOOK_SECRET_OLD",
    "CONTACT_EMAIL",
    "DATABASE_URL",
    "DEBUG_MODE",
    "HUBSPOT_TOKEN",
    "POSTHOG_KEY",
    "RESEND_API_KEY",
    "RETENTION_DAYS",
    "SLACK_WEBHOOK_URL",
    "SMTP_URL",
];

/// A consultation business that runs on calcom; without any setting it runs in demo mode.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Config {
    /// The address to listen on; port 0 takes a free one.
    #[arg(long, env, default_value = "127.0.0.1:3000")]
    pub(crate) bind_addr: SocketAddr,

    /// Where deliveries are kept: `sqlite:` and a file, or `postgres:` and a server.
    #[arg(long, env, hide_env_values = true, default_value = "sqlite://site.db")]
    pub(crate) database_url: SecretString,

    /// The secret of the webhook in Cal.com's settings.
    #[arg(long, env, hide_env_values = true)]
    pub(crate) cal_webhook_secret: Option<SecretString>,

    /// The secret that the webhook had before, while it is being changed.
    #[arg(long, env, hide_env_values = true)]
    pub(crate) cal_webhook_secret_old: Option<SecretString>,

    /// A key of Cal.com's API, with which bookings are found whose webhooks never came.
    #[arg(long, env, hide_env_values = true)]
    pub(crate) cal_api_key: Option<SecretString>,

    /// An access token, in place of a key.
    #[arg(long, env, hide_env_values = true, conflicts_with = "cal_api_key")]
    pub(crate) cal_access_token: Option<SecretString>,

    /// Where Cal.com's API is.
    #[arg(long, env, default_value = calcom::client::US)]
    pub(crate) cal_api_url: String,

    /// How often everything is looked for that no webhook has told, and how long webhooks may take, in
    /// seconds; the reconciler's own times unless set.
    #[arg(long, env = "CALCOM_TEST_SWEEP_SECS", hide = true)]
    pub(crate) sweep_secs: Option<u32>,

    /// Where mails go: `smtps://user:password@host`, or `smtp://` with STARTTLS.
    #[arg(long, env, hide_env_values = true, conflicts_with = "resend_api_key")]
    pub(crate) smtp_url: Option<SecretString>,

    /// A key of Resend, in place of an SMTP server.
    #[arg(long, env, hide_env_values = true)]
    pub(crate) resend_api_key: Option<SecretString>,

    /// Who mails come from: `Ida Falk <ida@example.com>`.
    #[arg(long, env)]
    pub(crate) contact_email: Option<String>,

    /// The token of a private HubSpot app, which keeps contacts and meetings.
    #[arg(long, env, hide_env_values = true)]
    pub(crate) hubspot_token: Option<SecretString>,

    /// Where HubSpot's API is.
    #[arg(long, env = "CALCOM_TEST_HUBSPOT_URL", hide = true)]
    pub(crate) hubspot_url: Option<String>,

    /// The key of a PostHog project, which counts events.
    #[arg(long, env, hide_env_values = true)]
    pub(crate) posthog_key: Option<SecretString>,

    /// Where PostHog is.
    #[arg(long, env = "CALCOM_TEST_POSTHOG_URL", hide = true)]
    pub(crate) posthog_url: Option<String>,

    /// A Slack-compatible incoming webhook, for news to the team.
    #[arg(long, env, hide_env_values = true)]
    pub(crate) slack_webhook_url: Option<SecretString>,

    /// Where visitors find this site, for links in mails; from the bind address by default.
    #[arg(long, env)]
    pub(crate) app_url: Option<String>,

    /// The bearer token of the admin API.
    #[arg(long, env, hide_env_values = true)]
    pub(crate) admin_token: Option<SecretString>,

    /// For how many days what webhooks said, why attempts failed and what visitors did are kept: a
    /// year and one more month to compare with, unless set.
    #[arg(long, env, default_value_t = 400, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub(crate) retention_days: u32,

    /// Whether to log more; `RUST_LOG` takes precedence: levels, also by target, `info,sqlx=warn`.
    #[arg(long, env)]
    pub(crate) debug_mode: bool,
}

impl Config {
    /// Whether nothing was configured, so that the site shows itself.
    pub(crate) fn is_demo(&self) -> bool {
        let webhook = [&self.cal_webhook_secret, &self.cal_webhook_secret_old];
        let others = [&self.cal_api_key, &self.cal_access_token, &self.admin_token];
        let hooks = [
            &self.hubspot_token,
            &self.posthog_key,
            &self.resend_api_key,
            &self.slack_webhook_url,
            &self.smtp_url,
        ];
        webhook.into_iter().chain(others).chain(hooks).all(|flag| flag.is_none())
            && self.contact_email.is_none()
            && self.app_url.is_none()
            && !LIVE.iter().any(|name| env::var_os(name).is_some())
    }

    /// What is logged.
    pub(crate) fn log_levels(&self) -> Targets {
        let level = if self.debug_mode { LevelFilter::DEBUG } else { LevelFilter::INFO };
        let asked = env::var("RUST_LOG").ok().and_then(|levels| levels.parse().ok());
        asked.unwrap_or_else(|| Targets::new().with_default(level))
    }
}
