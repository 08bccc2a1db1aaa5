//! Hooks for the program that kills this site under load and compares what they did.

mod crowd;
mod effects;

use std::{env, time::Duration};

use anyhow::{Context as _, ensure};
use calcom::{
    Context, HookError, Lifecycle, SqlStore,
    webhook::{ReceiverBuilder, crash},
};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    Request, Uri,
    body::Bytes,
    client::conn::http1,
    header::{CONTENT_TYPE, HOST, HeaderName},
};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::{net::TcpStream, time};

use crate::journal::Journal;

/// How long the provider may take.
const TIMEOUT: Duration = Duration::from_secs(5);

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Adds the hooks that the environment asks for: those with effects, unless it wants many cheap ones.
pub(crate) fn add(
    builder: ReceiverBuilder,
    provider: Provider,
    store: &SqlStore,
) -> anyhow::Result<ReceiverBuilder> {
    // Their ledger counts tasks by hooks, and knows no reminders.
    let mut builder = match crowd::count()? {
        Some(count) => crowd::add(builder, count, store),
        None => builder.hook(Journal).hook(provider).hook(effects::Effects(store.clone())),
    };
    if crowd::has_dead() {
        builder = builder.hook(crowd::dead());
    }
    if crash::is_next() {
        builder = builder.hook(effects::Next(store.clone()));
    }
    Ok(builder)
}

/// Tells a provider outside about everything that happens.
pub(crate) struct Provider {
    authority: String,
}

impl Provider {
    /// Takes the provider's address from `CALCOM_TEST_PROVIDER_URL`; `None` when it is not set.
    pub(crate) fn from_env() -> anyhow::Result<Option<Self>> {
        const NAME: &str = "CALCOM_TEST_PROVIDER_URL";
        let Some(url) = env::var_os(NAME) else { return Ok(None) };
        let url: Uri = url.to_str().and_then(|url| url.parse().ok()).context(NAME)?;
        ensure!(url.scheme_str() == Some("http"), "expected {NAME} to begin with http://");
        let authority = url.authority().context(NAME)?.to_string();
        Ok(Some(Self { authority }))
    }

    async fn post(&self, key: &str, body: String) -> anyhow::Result<()> {
        let stream = TcpStream::connect(&self.authority).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let request = Request::post("/")
            .header(HOST, &self.authority)
            .header(CONTENT_TYPE, "application/json")
            .header(IDEMPOTENCY_KEY, key)
            .body(Full::new(Bytes::from(body)))?;
        let response = sender.send_request(request).await?;
        let status = response.status();
        response.into_body().collect().await?;
        ensure!(status.is_success(), "the provider answered with {status}");
        Ok(())
    }
}

impl Lifecycle for Provider {
    fn name(&self) -> &str {
        "provider"
    }

    async fn on_any(&self, cx: &Context) -> Result<(), HookError> {
        let key = cx.idempotency_key();
        let body = json!({
            "key": key,
            "transition": cx.transition().map(|transition| transition.change.as_str()),
            "uid": cx.event().booking_uid(),
        });
        match time::timeout(TIMEOUT, self.post(&key, body.to_string())).await {
            Ok(Ok(())) => {
                // The provider knows; the store does not know yet.
                crash::point("called");
                Ok(())
            }
            Ok(Err(error)) => Err(HookError::transient(error.to_string())),
            Err(_) => Err(HookError::transient("the provider did not answer in time")),
        }
    }
}
