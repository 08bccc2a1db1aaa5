//! The admin API: what the site received, as JSON.

use std::sync::Arc;

use anyhow::ensure;
use axum::{
    Json, Router,
    extract::{Query, Request, State, rejection::QueryRejection},
    http::{StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use calcom::{
    MemoryStore,
    webhook::{Change, DeliveryRecord},
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use subtle::ConstantTimeEq;

/// How many items a page has unless the request says otherwise, and at the most.
const LIMIT: usize = 50;
const MOST: usize = 500;

/// The admin API, behind its token.
#[derive(Clone)]
pub(crate) struct Admin {
    token: Arc<SecretString>,
    store: MemoryStore,
}

impl Admin {
    pub(crate) fn new(token: SecretString, store: MemoryStore) -> anyhow::Result<Self> {
        ensure!(!token.expose_secret().trim().is_empty(), "ADMIN_TOKEN is empty");
        Ok(Self { token: Arc::new(token), store })
    }

    pub(crate) fn router(self) -> Router {
        Router::new()
            .route("/deliveries", get(deliveries))
            .layer(middleware::from_fn_with_state(self.clone(), authorize))
            .with_state(self)
    }
}

/// Lets only requests with the bearer token through.
async fn authorize(State(admin): State<Admin>, request: Request, next: Next) -> Response {
    let header = request.headers().get(header::AUTHORIZATION);
    let token = header.and_then(|value| value.to_str().ok()).and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token)
    });
    let expected = admin.token.expose_secret().as_bytes();
    if token.is_some_and(|token| bool::from(token.as_bytes().ct_eq(expected))) {
        next.run(request).await
    } else {
        let challenge = [(header::WWW_AUTHENTICATE, "Bearer")];
        (challenge, error(StatusCode::UNAUTHORIZED, "expected the admin token as bearer"))
            .into_response()
    }
}

/// A page of a list: the newest items first.
#[derive(Deserialize)]
struct Page {
    limit: Option<usize>,
    after: Option<String>,
}

async fn deliveries(
    State(admin): State<Admin>,
    page: Result<Query<Page>, QueryRejection>,
) -> Response {
    let Ok(Query(page)) = page else {
        return error(StatusCode::BAD_REQUEST, "expected limit to be a number");
    };
    let limit = page.limit.unwrap_or(LIMIT).clamp(1, MOST);
    let Ok(after) = page.after.map(|cursor| cursor.parse()).transpose() else {
        return error(StatusCode::BAD_REQUEST, "expected after to be a cursor of this list");
    };
    let mut records = admin.store.deliveries(limit + 1, after);
    let more = records.len() > limit;
    records.truncate(limit);
    let next = records.last().filter(|_| more).map(|record| record.id);
    let items: Vec<_> = records.iter().map(item).collect();
    Json(json!({"items": items, "next": next})).into_response()
}

fn item(record: &DeliveryRecord) -> Value {
    json!({
        "id": record.id,
        "received_at": record.received_at,
        "trigger": record.trigger,
        "booking_uid": record.booking_uid,
        "source": record.source,
        "parsed": record.parsed,
        "transition": record.change.map(Change::as_str),
        "decision": record.decision,
        "event": record.delivery.as_deref(),
    })
}

fn error(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({"error": message}))).into_response()
}
