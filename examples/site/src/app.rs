//! What the site consists of.

use anyhow::{Context as _, anyhow};
use axum::{Router, routing::get};
use calcom::{MemoryStore, Receiver, Verifier};
use secrecy::SecretString;

use crate::{admin::Admin, config::Config, demo::Demo, journal::Journal};

/// The parts of the site; what is not configured is off.
pub(crate) struct App {
    receiver: Option<Receiver>,
    admin: Option<Admin>,
}

impl App {
    pub(crate) fn new(config: &Config, demo: Option<&Demo>) -> anyhow::Result<Self> {
        let store = MemoryStore::new();
        let secret = config.cal_webhook_secret.as_ref().or(demo.map(Demo::secret));
        let token = config.admin_token.as_ref().or(demo.map(Demo::admin_token));
        if secret.is_none() {
            if config.cal_webhook_secret_old.is_some() {
                return Err(anyhow!("CAL_WEBHOOK_SECRET_OLD needs CAL_WEBHOOK_SECRET beside it"));
            }
            tracing::warn!("webhooks are off: CAL_WEBHOOK_SECRET is not set");
        }
        if token.is_none() {
            tracing::warn!("the admin API is off: ADMIN_TOKEN is not set");
        }
        let verifier = secret
            .map(|secret| verifier(secret, config.cal_webhook_secret_old.as_ref()))
            .transpose()?;
        let receiver = verifier
            .map(|verifier| Receiver::builder(verifier).store(store.clone()).hook(Journal).build());
        let admin = token.map(|token| Admin::new(token.clone(), store)).transpose()?;
        Ok(Self { receiver, admin })
    }

    pub(crate) fn router(self) -> Router {
        let mut router = Router::new().route("/", get(index));
        if let Some(receiver) = self.receiver {
            router = router.nest("/api/webhooks/cal", calcom::axum::router(receiver));
        }
        if let Some(admin) = self.admin {
            router = router.nest("/admin/api", admin.router());
        }
        router
    }
}

fn verifier(secret: &SecretString, old: Option<&SecretString>) -> anyhow::Result<Verifier> {
    let verifier = Verifier::new(secret.clone()).context("CAL_WEBHOOK_SECRET")?;
    match old {
        Some(old) => verifier.or(old.clone()).context("CAL_WEBHOOK_SECRET_OLD"),
        None => Ok(verifier),
    }
}

async fn index() -> &'static str {
    "This site receives Cal.com webhooks.\n\n\
     POST /api/webhooks/cal         deliveries, signed by Cal.com\n\
     GET  /api/webhooks/cal         whether the receiver is there\n\
     GET  /admin/api/deliveries     what was received; needs the admin token as bearer\n"
}
