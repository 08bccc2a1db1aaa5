//! Sends requests, again where that helps.

use std::time::Duration;

use reqwest::{
    Method, Response, StatusCode, Url,
    header::{HeaderMap, RETRY_AFTER},
};
use tokio::time::{self, Instant};

use crate::{
    auth::Means,
    error::{Error, Kind},
    request::Request,
};

/// How long to wait after a 429 that does not say: as long as Cal.com blocks.
const BLOCKED: Duration = Duration::from_secs(60);

/// What a server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn request_id(&self) -> Option<String> {
        let id = self.headers.get("x-request-id")?.to_str().ok()?;
        // It is shown in errors.
        let is_id = id.len() <= 128 && id.bytes().all(|byte| byte.is_ascii_graphic());
        is_id.then(|| id.to_owned())
    }

    pub(crate) fn refusal(&self) -> Error {
        Error::refused(self.status, self.request_id(), self.wait(), &self.body)
    }

    /// Returns how long the server asks to wait.
    ///
    /// Cal.com sends `X-RateLimit-Reset-*` in seconds that are left, one for each limit, and names
    /// the limit at the end (`CustomThrottlerGuard` in its source); it refuses when all are spent.
    fn wait(&self) -> Option<Duration> {
        let resets = self.headers.iter().filter(|(name, _)| {
            *name == RETRY_AFTER
                || self.status == 429 && name.as_str().starts_with("x-ratelimit-reset-")
        });
        let seconds = resets.filter_map(|(_, value)| value.to_str().ok()?.trim().parse().ok());
        seconds.max().map(|seconds: u32| Duration::from_secs(seconds.into()))
    }
}

/// Sends a request as often as the client's policy lets it.
pub(crate) async fn send(request: &Request, url: Url) -> Result<Answer, Error> {
    let client = request.client.inner();
    let policy = &client.retry;
    let end = Instant::now() + policy.deadline;
    let (mut tries, mut is_renewed) = (0, false);
    loop {
        let limit = end.saturating_duration_since(Instant::now()).min(client.timeout);
        let mut shown = None;
        let result = match time::timeout(limit, once(request, &url, &mut shown)).await {
            Ok(result) => result,
            Err(_) => Err(Error::new(Kind::Timeout, "the answer did not come in time")),
        };
        tries += 1;
        let span = tracing::Span::current();
        span.record("tries", tries);
        if let Ok(answer) = &result {
            span.record("status", answer.status);
        }
        let error = match result {
            Ok(answer) if (200..300).contains(&answer.status) => {
                client.budget.give_back();
                return Ok(answer);
            }
            Ok(answer) => answer.refusal(),
            Err(error) => error,
        };
        // Expired tokens say 401, those of managed users 498.
        if let (Means::Session(session), Some(number)) = (&client.auth.0, shown)
            && matches!(error.status(), Some(401 | 498))
            && !is_renewed
        {
            is_renewed = true;
            session.renew(&request.client, number).await?;
            continue;
        }
        let Some(wait) = wait(request, &error, tries) else { return Err(error) };
        if Instant::now() + wait >= end || !client.budget.take() {
            return Err(error);
        }
        tracing::debug!(%error, ?wait, "the request is sent again");
        time::sleep(wait).await;
    }
}

/// Returns how long to wait before the request is sent again, if it may be.
fn wait(request: &Request, error: &Error, tries: u32) -> Option<Duration> {
    let policy = &request.client.inner().retry;
    if tries > policy.retries {
        return None;
    }
    let usual = policy.wait(tries - 1);
    let may_repeat = matches!(request.method, Method::GET | Method::PUT | Method::DELETE);
    match (error.kind(), error.status()) {
        (Kind::Connect, _) => Some(usual),
        // Nothing was done. All who wait for the same reset must not come back at once.
        (Kind::Status, Some(429)) => {
            Some(error.retry_after().unwrap_or(BLOCKED) + usual.min(Duration::from_secs(1)))
        }
        (Kind::Status, Some(502..=504)) if may_repeat => {
            Some(error.retry_after().map_or(usual, |wait| wait.max(usual)))
        }
        _ => None,
    }
}

/// Sends a request once, and reads the whole answer.
async fn once(request: &Request, url: &Url, shown: &mut Option<u64>) -> Result<Answer, Error> {
    let client = request.client.inner();
    let mut headers = request.headers.clone();
    let signing = client.auth.0.sign(&request.client, request.credentials, &mut headers);
    *shown = signing.await?;
    let mut sending = client.http.request(request.method.clone(), url.clone()).headers(headers);
    if let Some(body) = &request.body {
        sending = sending.body(body.clone());
    }
    let response = sending.send().await.map_err(failed)?;
    read(response, client.longest).await
}

async fn read(mut response: Response, longest: usize) -> Result<Answer, Error> {
    let status = response.status();
    let headers = response.headers().clone();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if body.len() + chunk.len() > longest {
            // A refusal is one, however long it is.
            if !status.is_success() {
                break;
            }
            let text = format!("the answer is longer than {longest} bytes");
            return Err(Error::new(Kind::Transport, text));
        }
        body.extend_from_slice(&chunk);
    }
    if status == StatusCode::NO_CONTENT {
        body.clear();
    }
    Ok(Answer { status: status.as_u16(), headers, body })
}

/// Says why there is no answer; the address may hold what was sent, so it is left out.
fn failed(error: reqwest::Error) -> Error {
    let error = error.without_url();
    let (kind, text) = if error.is_timeout() {
        (Kind::Timeout, "the answer did not come in time")
    } else if error.is_connect() {
        (Kind::Connect, "the server could not be reached")
    } else {
        (Kind::Transport, "the connection failed before the answer was there")
    };
    Error::caused(kind, text, error)
}
