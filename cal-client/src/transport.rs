//! Sends requests, again where that helps.

use std::time::Duration;

use reqwest::{
    Method, Response, StatusCode, Url,
    header::{HeaderMap, RETRY_AFTER},
};
use tokio::time::{self, Instant};
use tracing::Span;

use crate::{
    auth::Means,
    error::{Error, Kind},
    request::Request,
};

/// How long to wait after a 429 that does not say: as long as Cal.com blocks.
const BLOCKED: Duration = Duration::from_secs(60);

const LATE: &str = "the answer did not come in time";

/// What a server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    #[cfg(fuzzing)]
    pub(crate) fn made(status: u16, body: Vec<u8>) -> Self {
        Self { status, headers: HeaderMap::new(), body }
    }

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

/// Sends a request as often as the client's policy lets it, and notes in its span how that went.
pub(crate) async fn send(request: &Request, url: Url, span: &Span) -> Result<Answer, Error> {
    let client = request.client.inner();
    let (start, deadline) = (Instant::now(), client.retry.deadline);
    let (mut tries, mut retries, mut is_renewed) = (0, 0, false);
    loop {
        tries += 1;
        span.record("tries", tries);
        let mut shown = None;
        let limit = deadline.saturating_sub(start.elapsed()).min(client.timeout);
        let result = time::timeout(limit, once(request, &url, &mut shown)).await;
        let error = match result.unwrap_or_else(|_| Err(late())) {
            Ok(answer) => {
                span.record("status", answer.status);
                if (200..300).contains(&answer.status) {
                    client.budget.give_back();
                    return Ok(answer);
                }
                answer.refusal()
            }
            Err(error) => error,
        };
        // Expired tokens say 401, those of managed users 498.
        if let (Means::Session(session), Some(number)) = (&client.auth.0, shown)
            && matches!(error.status(), Some(401 | 498))
            && !is_renewed
        {
            is_renewed = true;
            let limit = deadline.saturating_sub(start.elapsed());
            let renewing = time::timeout(limit, session.refused(&request.client, number));
            if renewing.await.unwrap_or_else(|_| Err(late()))? {
                continue;
            }
        }
        let Some(wait) = wait(request, &error, retries) else { return Err(error) };
        if wait >= deadline.saturating_sub(start.elapsed()) || !client.budget.take() {
            return Err(error);
        }
        tracing::debug!(%error, ?wait, "the request is sent again");
        time::sleep(wait).await;
        retries += 1;
    }
}

/// Returns how long to wait before the request is sent again, if it may be.
fn wait(request: &Request, error: &Error, retries: u32) -> Option<Duration> {
    let policy = &request.client.inner().retry;
    if retries >= policy.retries {
        return None;
    }
    let usual = policy.wait(retries);
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
        (Kind::Transport, _) if may_repeat => Some(usual),
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
            return Err(Error::new(Kind::Decode, text));
        }
        body.extend_from_slice(&chunk);
    }
    if status == StatusCode::NO_CONTENT {
        body.clear();
    }
    Ok(Answer { status: status.as_u16(), headers, body })
}

fn late() -> Error {
    Error::new(Kind::Timeout, LATE)
}

/// Says why there is no answer; the address may hold what was sent, so it is left out.
fn failed(error: reqwest::Error) -> Error {
    let error = error.without_url();
    // A connection that took too long is both.
    let (kind, text) = if error.is_connect() {
        (Kind::Connect, "the server could not be reached")
    } else if error.is_timeout() {
        (Kind::Timeout, LATE)
    } else {
        (Kind::Transport, "the connection failed before the answer was there")
    };
    Error::caused(kind, text, error)
}
