//! Pages for visitors: HTML that works without scripts.

use askama::Template;
use axum::{
    Router,
    http::{HeaderName, StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};

use crate::words::{Notice, Words};

/// What a page may do: be styled by this site and post its forms to it.
const POLICY: &str = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; \
    frame-ancestors 'none'";

const STYLE: &str = include_str!("../assets/site.css");

/// Serves what pages are made of.
pub(crate) fn assets() -> Router {
    Router::new().route("/assets/site.css", get(style))
}

async fn style() -> Response {
    let kind = (header::CONTENT_TYPE, "text/css; charset=utf-8");
    ([kind, (header::CACHE_CONTROL, "max-age=3600")], STYLE).into_response()
}

/// A page that says something, and may ask for one click.
#[derive(Template)]
#[template(path = "notice.html")]
struct Page {
    lang: &'static str,
    heading: &'static str,
    text: &'static str,
    button: Option<&'static str>,
}

/// Answers with a page that says something, and may ask for one click.
pub(crate) fn notice(
    status: StatusCode,
    words: &Words,
    &Notice(heading, text): &Notice,
    button: Option<&'static str>,
) -> Response {
    show(status, &Page { lang: words.lang, heading, text, button })
}

/// Answers with a page that no cache keeps: its address is a secret of one person.
pub(crate) fn show(status: StatusCode, page: &impl Template) -> Response {
    let headers: [(HeaderName, &str); 4] = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    match page.render() {
        Ok(html) => (status, headers, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
