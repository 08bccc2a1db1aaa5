//! What the site consists of.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context as _, anyhow};
use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use calcom::{
    Client, Receiver, Reconciler, SqlStore, Verifier,
    client::{Auth, scope::Me},
    webhook::ReceiverBuilder,
};
use chrono::TimeDelta;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use tokio::{task::JoinHandle, time};

#[cfg(feature = "chaos")]
use crate::chaos;
use crate::{
    admin::Admin, config::Config, demo::Demo, feedback, hooks, links::Links, page, time::now,
    unsubscribe,
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The parts of the site; what is not configured is off.
pub(crate) struct App {
    store: SqlStore,
    receiver: Option<Receiver>,
    reconciler: Option<Reconciler<Me>>,
    /// Sweeping, and forgetting what is old.
    chores: Vec<JoinHandle<()>>,
    admin: Option<Admin>,
    links: Links,
    site: String,
    retention: TimeDelta,
}

impl App {
    /// Puts the site together; `address` is where it listens.
    pub(crate) async fn new(
        config: &Config,
        demo: Option<&Demo>,
        address: SocketAddr,
    ) -> anyhow::Result<Self> {
        // What is wrong with the settings shows before a database is made.
        let secret = config.cal_webhook_secret.as_ref().or(demo.map(Demo::secret));
        let old = config.cal_webhook_secret_old.as_ref();
        if secret.is_none() && old.is_some() {
            return Err(anyhow!("CAL_WEBHOOK_SECRET_OLD needs CAL_WEBHOOK_SECRET beside it"));
        }
        let verifier = secret.map(|secret| verifier(secret, old)).transpose()?;
        if verifier.is_none() {
            tracing::warn!("webhooks are off: CAL_WEBHOOK_SECRET is not set");
        }
        let token = config.admin_token.as_ref().or(demo.map(Demo::admin_token));
        if token.is_none() {
            tracing::warn!("the admin API is off: ADMIN_TOKEN is not set");
        }
        let url = demo.map_or(&config.database_url, Demo::database_url);
        let store = SqlStore::open(url.expose_secret()).await.context("DATABASE_URL")?;
        let site = config.app_url.clone().unwrap_or_else(|| format!("http://{address}"));
        let receiver = match verifier {
            Some(verifier) => {
                let builder = Receiver::builder(verifier).store(store.clone());
                Some(hooked(builder, config, demo.is_some(), &store, &site)?)
            }
            None => None,
        };
        let reconciler = reconciler(config, &store)?.filter(|_| receiver.is_some());
        let admin = token.map(|token| Admin::new(token.clone(), store.clone())).transpose()?;
        let links = Links::new(store.clone());
        let retention = TimeDelta::days(config.retention_days.into());
        let chores = Vec::new();
        Ok(Self { store, receiver, reconciler, chores, admin, links, site, retention })
    }

    /// Where deliveries are kept.
    pub(crate) fn store(&self) -> &SqlStore {
        &self.store
    }

    /// What the links in mails are signed with.
    pub(crate) fn links(&self) -> &Links {
        &self.links
    }

    /// Where visitors find the site.
    pub(crate) fn site(&self) -> &str {
        &self.site
    }

    /// Goes on with what an earlier process has left.
    pub(crate) fn start(&mut self) {
        if let Some(receiver) = &self.receiver {
            receiver.start();
        }
        if let Some(reconciler) = self.reconciler.take() {
            self.chores.push(tokio::spawn(async move { reconciler.run().await }));
        }
        self.chores.push(tokio::spawn(forget(self.store.clone(), self.retention)));
    }

    /// Lets running hooks end, and closes the database.
    pub(crate) async fn stop(&self, grace: Duration) {
        for chore in &self.chores {
            // Whatever it was doing, the next one goes on there.
            chore.abort();
        }
        if let Some(receiver) = &self.receiver {
            receiver.shutdown(grace).await;
        }
        self.store.close().await;
    }

    pub(crate) fn router(&self) -> Router {
        let probes = Router::new()
            .route("/healthz", get(async || "healthy\n"))
            .route("/readyz", get(ready))
            .with_state((self.store.clone(), self.receiver.clone()));
        let pages = page::assets()
            .merge(feedback::router(self.links.clone()))
            .merge(unsubscribe::router(self.links.clone()));
        let mut router = Router::new().route("/", get(index)).merge(probes).merge(pages);
        if let Some(receiver) = &self.receiver {
            router =
                router.nest_service("/api/webhooks/cal", calcom::axum::router(receiver.clone()));
        }
        if let Some(admin) = &self.admin {
            router = router.nest("/admin/api", admin.clone().router());
        }
        router
    }
}

/// Whether a delivery that came now could be kept, and its hooks would run.
async fn ready(State((store, receiver)): State<(SqlStore, Option<Receiver>)>) -> Response {
    let missing = if let Err(error) = store.ready().await {
        tracing::warn!(%error, "the store is not ready");
        "the database is out of reach"
    } else if receiver.is_some_and(|receiver| !receiver.is_working()) {
        "nobody runs the hooks"
    } else {
        return Json(json!({"status": "ready"})).into_response();
    };
    let body = Json(json!({"error": missing}));
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "5")], body).into_response()
}

/// Builds the receiver with every hook of the site.
fn hooked(
    builder: ReceiverBuilder,
    config: &Config,
    is_demo: bool,
    store: &SqlStore,
    site: &str,
) -> anyhow::Result<Receiver> {
    #[cfg(feature = "chaos")]
    if let Some(provider) = chaos::Provider::from_env()? {
        return Ok(chaos::add(builder, provider, store)?.build()?);
    }
    Ok(hooks::add(builder, config, is_demo, store, site)?.build()?)
}

/// Forgets every day what has been kept for long enough.
async fn forget(store: SqlStore, age: TimeDelta) {
    let mut days = time::interval(DAY);
    loop {
        days.tick().await;
        match store.prune(now() - age).await {
            Ok(pruned) => tracing::info!(?pruned, "old rows were forgotten"),
            Err(error) => tracing::warn!(%error, "old rows could not be forgotten"),
        }
    }
}

/// Builds what finds bookings whose webhooks never came, if the API may be asked.
fn reconciler(config: &Config, store: &SqlStore) -> anyhow::Result<Option<Reconciler<Me>>> {
    let auth = match (&config.cal_api_key, &config.cal_access_token) {
        (Some(key), _) => Auth::api_key(key.clone()),
        (None, Some(token)) => Auth::access_token(token.clone()),
        (None, None) => {
            tracing::warn!("missed webhooks are not looked for: CAL_API_KEY is not set");
            return Ok(None);
        }
    };
    let client = Client::builder().base_url(&config.cal_api_url).auth(auth).build();
    let client = client.context("CAL_API_KEY, CAL_ACCESS_TOKEN or CAL_API_URL")?;
    let reconciler = Reconciler::new(store.clone(), client.bookings().list());
    Ok(Some(match config.sweep_secs {
        Some(seconds) => {
            let often = Duration::from_secs(seconds.into());
            reconciler.every(often).age(often).absences(often, 3 * DAY).seats(often)
        }
        None => reconciler,
    }))
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
     GET  /readyz                   whether deliveries can be kept\n\
     GET  /admin/api/deliveries     what was received; needs the admin token as bearer\n\
     POST /admin/api/deliveries/replan    another try for what could not be planned\n\
     GET  /admin/api/counters       how much there is of everything\n\
     GET  /admin/api/tasks          what each hook did with it\n\
     GET  /admin/api/bookings       what became of each booking\n\
     GET  /admin/api/contacts       who booked, and what their score is made of\n\
     GET  /admin/api/contacts.csv   the same for a spreadsheet\n\
     GET  /admin/api/analytics/funnel     from the page view to the feedback\n\
     GET  /admin/api/analytics/services   how each service does\n\
     GET  /feedback/{token}         the page that feedback mails lead to\n"
}
