//! The page that feedback mails lead to: a form for one answer.

use askama::Template;
use axum::{
    Form, Router,
    extract::{DefaultBodyLimit, Path, State, rejection::FormRejection},
    http::{HeaderMap, StatusCode},
    response::Response,
    routing::get,
};
use calcom::{
    HookError, SqlStore,
    core::BookingUid,
    hooks::{
        crm::{CrmHook, LocalCrm},
        feedback::{Asked, FeedbackError},
    },
};
use serde::Deserialize;

use crate::{
    links::Links,
    page::{notice, show},
    time::now,
    words::Words,
};

/// How many bytes an answer may have: 2,000 characters of any script, encoded.
const LIMIT: usize = 32 * 1024;

/// The form.
#[derive(Template)]
#[template(path = "feedback.html")]
struct Page {
    lang: &'static str,
    words: &'static Words,
    title: String,
    problem: Option<&'static str>,
}

/// What the form sends.
#[derive(Deserialize)]
struct Answer {
    rating: Option<u8>,
    comment: Option<String>,
}

pub(crate) fn router(links: Links) -> Router {
    Router::new()
        .route("/feedback/{token}", get(ask).post(answer))
        .layer(DefaultBodyLimit::max(LIMIT))
        .with_state(links)
}

async fn ask(
    State(links): State<Links>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Response {
    let words = Words::of(&headers);
    match open(&links, &token).await {
        Ok(asked) => form(StatusCode::OK, words, asked, None),
        Err(error) => refuse(words, &error),
    }
}

async fn answer(
    State(links): State<Links>,
    Path(token): Path<String>,
    headers: HeaderMap,
    answer: Result<Form<Answer>, FormRejection>,
) -> Response {
    let words = Words::of(&headers);
    let asked = match open(&links, &token).await {
        Ok(asked) => asked,
        Err(error) => return refuse(words, &error),
    };
    let Ok(Form(Answer { rating: Some(rating), comment })) = answer else {
        return form(StatusCode::UNPROCESSABLE_ENTITY, words, asked, Some(words.choose));
    };
    let answered = async {
        let feedback = links.feedback().await?;
        feedback.answer(&token, rating, comment.as_deref(), now()).await
    };
    match answered.await {
        Ok(()) => {
            if let Err(error) = score(&links.store, &asked.uid, rating).await {
                // The rating is kept; only its points are missing.
                tracing::error!(%error, "the contact's score was not raised");
            }
            notice(StatusCode::OK, words, &words.thanks, None)
        }
        Err(FeedbackError::Rating(_)) => {
            form(StatusCode::UNPROCESSABLE_ENTITY, words, asked, Some(words.choose))
        }
        Err(error) => refuse(words, &error),
    }
}

async fn open(links: &Links, token: &str) -> Result<Asked, FeedbackError> {
    links.feedback().await?.open(token, now()).await
}

/// Gives the contact points for a good rating.
async fn score(store: &SqlStore, uid: &BookingUid, rating: u8) -> Result<(), HookError> {
    let Some(email) = store.appointment(uid).await?.and_then(|known| known.email) else {
        return Ok(());
    };
    let crm = CrmHook::new(LocalCrm::new(store.clone()));
    crm.rated(&email, &format!("feedback/{uid}"), rating).await
}

fn form(
    status: StatusCode,
    words: &'static Words,
    asked: Asked,
    problem: Option<&'static str>,
) -> Response {
    let title = asked.title.or(asked.service).unwrap_or_default();
    show(status, &Page { lang: words.lang, words, title, problem })
}

fn refuse(words: &Words, error: &FeedbackError) -> Response {
    let (status, text) = match error {
        FeedbackError::Answered => (StatusCode::CONFLICT, &words.answered),
        FeedbackError::Expired => (StatusCode::GONE, &words.expired),
        FeedbackError::Store(error) => {
            tracing::error!(%error, "the store failed");
            (StatusCode::SERVICE_UNAVAILABLE, &words.unavailable)
        }
        _ => (StatusCode::NOT_FOUND, &words.unknown),
    };
    notice(status, words, text, None)
}
