//! No more mails that are not about a booking: one click, without login (RFC 8058).

use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::Response,
    routing::get,
};
use calcom::hooks::token::{Purpose, TokenError};

use crate::{links::Links, page::notice, time::now, words::Words};

pub(crate) fn router(links: Links) -> Router {
    Router::new().route("/unsubscribe/{token}", get(ask).post(stop)).with_state(links)
}

/// Asks first: mail programs open links to look at them.
async fn ask(
    State(links): State<Links>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Response {
    let words = Words::of(&headers);
    match digest(&links, &token).await {
        Some(Ok(_)) => notice(StatusCode::OK, words, &words.stop, Some(words.stop_button)),
        Some(Err(_)) => notice(StatusCode::NOT_FOUND, words, &words.unknown, None),
        None => notice(StatusCode::SERVICE_UNAVAILABLE, words, &words.unavailable, None),
    }
}

async fn stop(
    State(links): State<Links>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Response {
    let words = Words::of(&headers);
    let suppressed = match digest(&links, &token).await {
        Some(Ok(digest)) => links.store.suppress(&digest, "unsubscribed").await,
        Some(Err(_)) => return notice(StatusCode::NOT_FOUND, words, &words.unknown, None),
        None => return notice(StatusCode::SERVICE_UNAVAILABLE, words, &words.unavailable, None),
    };
    match suppressed {
        Ok(()) => notice(StatusCode::OK, words, &words.stopped, None),
        Err(error) => {
            tracing::error!(%error, "the store failed");
            notice(StatusCode::SERVICE_UNAVAILABLE, words, &words.unavailable, None)
        }
    }
}

/// Reads whose link it is, by the digest of the address; `None` when the database is out of reach.
async fn digest(links: &Links, token: &str) -> Option<Result<String, TokenError>> {
    match links.tokens().await {
        Ok(tokens) => Some(tokens.open(Purpose::Unsubscribe, token, now())),
        Err(error) => {
            tracing::error!(%error, "the store failed");
            None
        }
    }
}
