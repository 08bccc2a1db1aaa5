//! The admin API: what the site received, as JSON, and another try for what could not be planned.

use std::{net::SocketAddr, str::FromStr, sync::Arc};

use anyhow::Context as _;
use axum::{
    Json, Router,
    extract::{ConnectInfo, Path, Query, Request, State, rejection::QueryRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use calcom::{
    SqlStore,
    core::BookingUid,
    store::FailedDeliveries,
    webhook::{Change, DeliveryId, DeliveryRecord, SecretError, StoreError, TaskId, TaskRecord},
};
use chrono::{DateTime, TimeDelta, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use subtle::ConstantTimeEq;
use tokio::time::sleep;

use crate::{csv::Table, guesses::Guesses, time::now};

/// How many items a page has unless the request says otherwise, and at the most.
const LIMIT: usize = 50;
const MOST: usize = 500;

/// Who has done what is done here, in the audit.
const ACTOR: &str = "admin API";

/// The admin API, behind its token.
#[derive(Clone)]
pub(crate) struct Admin {
    token: Arc<SecretString>,
    guesses: Arc<Guesses>,
    store: SqlStore,
}

impl Admin {
    pub(crate) fn new(token: SecretString, store: SqlStore) -> anyhow::Result<Self> {
        let token = SecretError::check(token).context("ADMIN_TOKEN")?;
        Ok(Self { token: Arc::new(token), guesses: Arc::default(), store })
    }

    pub(crate) fn router(self) -> Router {
        Router::new()
            .route("/analytics/funnel", get(funnel))
            .route("/analytics/services", get(services))
            .route("/bookings", get(bookings))
            .route("/contacts", get(contacts))
            .route("/contacts.csv", get(contacts_csv))
            .route("/counters", get(counters))
            .route("/deliveries", get(deliveries))
            .route("/deliveries/replan", post(replan_all))
            .route("/deliveries/{id}/replan", post(replan))
            .route("/tasks", get(tasks))
            .layer(middleware::from_fn_with_state(self.clone(), authorize))
            .with_state(self)
    }
}

/// Lets only requests with the bearer token through, and keeps every answer out of caches.
async fn authorize(
    State(admin): State<Admin>,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = match admin.challenge(client, bearer(request.headers())).await {
        Some(challenge) => challenge,
        None => next.run(request).await,
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

impl Admin {
    /// Refuses a request without the right token, and delays the answer to a wrong one.
    async fn challenge(&self, client: SocketAddr, token: Option<&str>) -> Option<Response> {
        let expected = self.token.expose_secret().as_bytes();
        if token.is_some_and(|token| bool::from(token.as_bytes().ct_eq(expected))) {
            return None;
        }
        if token.is_some() {
            sleep(self.guesses.wrong(client.ip())).await;
        }
        let challenge = [(header::WWW_AUTHENTICATE, "Bearer")];
        let refusal = error(StatusCode::UNAUTHORIZED, "expected the admin token as bearer");
        Some((challenge, refusal).into_response())
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let header = headers.get(header::AUTHORIZATION)?;
    let (scheme, token) = header.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

/// A page of a list: the newest items first.
#[derive(Deserialize)]
struct Page {
    limit: Option<usize>,
    after: Option<String>,
}

type Asked = Result<Query<Page>, QueryRejection>;

/// What a page is made of: how many items at the most, and the cursor behind which it begins.
struct Range<C> {
    limit: usize,
    after: Option<C>,
}

impl<C: FromStr> Range<C> {
    fn of(page: Asked) -> Result<Self, &'static str> {
        let Query(page) = page.map_err(|_| "expected limit to be a number")?;
        let limit = page.limit.unwrap_or(LIMIT).clamp(1, MOST);
        let after = page.after.map(|cursor| cursor.parse()).transpose();
        let after = after.map_err(|_| "expected after to be a cursor of this list")?;
        Ok(Self { limit, after })
    }

    /// Asks for one record more than a page has, so as to know whether there is a next one.
    fn ask(&self) -> usize {
        self.limit + 1
    }

    fn answer<R>(
        self,
        records: Result<Vec<R>, StoreError>,
        cursor: impl Fn(&R) -> String,
        item: impl Fn(&R) -> Value,
    ) -> Response {
        let mut records = match records {
            Ok(records) => records,
            Err(failure) => return unavailable(&failure),
        };
        let more = records.len() > self.limit;
        records.truncate(self.limit);
        let next = records.last().filter(|_| more).map(cursor);
        let items: Vec<_> = records.iter().map(item).collect();
        Json(json!({"items": items, "next": next})).into_response()
    }
}

async fn deliveries(State(admin): State<Admin>, page: Asked) -> Response {
    let range: Range<DeliveryId> = match Range::of(page) {
        Ok(range) => range,
        Err(message) => return error(StatusCode::BAD_REQUEST, message),
    };
    let records = admin.store.deliveries(range.ask(), range.after).await;
    range.answer(records, |record| record.id.to_string(), delivery)
}

fn delivery(record: &DeliveryRecord) -> Value {
    json!({
        "id": record.id,
        "received_at": record.received_at,
        "trigger": record.trigger,
        "booking_uid": record.booking_uid,
        "source": record.source,
        "parsed": record.parsed,
        "transition": record.change.map(Change::as_str),
        "decision": record.decision,
        "failure": record.failure,
        "event": record.delivery.as_deref(),
    })
}

async fn replan_all(State(admin): State<Admin>) -> Response {
    try_again(&admin.store, FailedDeliveries::All).await
}

async fn replan(State(admin): State<Admin>, Path(id): Path<String>) -> Response {
    match id.parse::<DeliveryId>() {
        Ok(id) => try_again(&admin.store, id.into()).await,
        Err(_) => error(StatusCode::BAD_REQUEST, "expected the id of a delivery"),
    }
}

/// Plans deliveries again that were set aside as failed.
async fn try_again(store: &SqlStore, failed: FailedDeliveries) -> Response {
    match store.replan(failed, ACTOR).await {
        Ok(count) => Json(json!({"replanned": count})).into_response(),
        Err(failure) => unavailable(&failure),
    }
}

async fn counters(State(admin): State<Admin>) -> Response {
    match admin.store.counters().await {
        Ok(counters) => Json(counters).into_response(),
        Err(failure) => unavailable(&failure),
    }
}

async fn tasks(State(admin): State<Admin>, page: Asked) -> Response {
    let range: Range<TaskId> = match Range::of(page) {
        Ok(range) => range,
        Err(message) => return error(StatusCode::BAD_REQUEST, message),
    };
    let records = admin.store.tasks(range.ask(), range.after).await;
    range.answer(records, |record| record.id.to_string(), task)
}

fn task(record: &TaskRecord) -> Value {
    json!({
        "id": record.id,
        "delivery_id": record.delivery_id,
        "hook": record.hook,
        "reminder": record.reminder,
        "state": record.state,
        "attempts": record.attempts,
        "due_at": record.due_at,
        "expires_at": record.expires_at,
        "last_error": record.last_error,
    })
}

async fn bookings(State(admin): State<Admin>, page: Asked) -> Response {
    let range: Range<String> = match Range::of(page) {
        Ok(range) => range,
        Err(message) => return error(StatusCode::BAD_REQUEST, message),
    };
    let after = range.after.as_deref().map(BookingUid::from);
    let records = admin.store.bookings(range.ask(), after.as_ref()).await;
    range.answer(records, |record| record.uid.to_string(), |record| json!(record))
}

async fn contacts(State(admin): State<Admin>, page: Asked) -> Response {
    let range: Range<String> = match Range::of(page) {
        Ok(range) => range,
        Err(message) => return error(StatusCode::BAD_REQUEST, message),
    };
    let records = admin.store.contacts(range.ask(), range.after.as_deref()).await;
    range.answer(records, |record| record.email.clone(), |record| json!(record))
}

/// All contacts as a table for spreadsheets.
async fn contacts_csv(State(admin): State<Admin>) -> Response {
    let mut table = Table::new(&["email", "name", "stage", "score", "first_seen", "last_seen"]);
    let mut after: Option<String> = None;
    loop {
        let page = match admin.store.contacts(MOST, after.as_deref()).await {
            Ok(page) => page,
            Err(failure) => return unavailable(&failure),
        };
        for contact in &page {
            table.row(&[
                contact.shown_email(),
                contact.name.as_deref().unwrap_or_default(),
                &contact.stage,
                &contact.score.to_string(),
                &contact.first_seen.to_rfc3339(),
                &contact.last_seen.to_rfc3339(),
            ]);
        }
        after = page.last().map(|contact| contact.email.clone());
        if page.len() < MOST {
            return table.into_response();
        }
    }
}

/// What numbers are about: from a time until before another, and of one service or of all.
#[derive(Deserialize)]
struct Window {
    from: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
    service: Option<String>,
}

impl Window {
    /// Returns the times: the last 30 days unless they are named.
    fn times(&self) -> (DateTime<Utc>, DateTime<Utc>) {
        let to = self.to.unwrap_or_else(now);
        let month_before = to.checked_sub_signed(TimeDelta::days(30));
        (self.from.or(month_before).unwrap_or(DateTime::<Utc>::MIN_UTC), to)
    }
}

type AskedWindow = Result<Query<Window>, QueryRejection>;

const WINDOW: &str = "expected from and to to be times such as 2026-05-01T00:00:00Z";

async fn funnel(State(admin): State<Admin>, window: AskedWindow) -> Response {
    let Ok(Query(window)) = window else { return error(StatusCode::BAD_REQUEST, WINDOW) };
    let (from, to) = window.times();
    numbers(admin.store.funnel(from, to, window.service.as_deref()).await)
}

async fn services(State(admin): State<Admin>, window: AskedWindow) -> Response {
    let Ok(Query(window)) = window else { return error(StatusCode::BAD_REQUEST, WINDOW) };
    let (from, to) = window.times();
    let mut services = admin.store.services(from, to).await;
    if let (Ok(services), Some(wanted)) = (&mut services, &window.service) {
        services.retain(|service| service.service.as_ref() == Some(wanted));
    }
    numbers(services)
}

/// Answers with all items on one page.
fn numbers<R: Serialize>(records: Result<Vec<R>, StoreError>) -> Response {
    match records {
        Ok(records) => Json(json!({"items": records, "next": null})).into_response(),
        Err(failure) => unavailable(&failure),
    }
}

fn unavailable(failure: &StoreError) -> Response {
    tracing::error!(error = %failure, "the store failed");
    error(StatusCode::SERVICE_UNAVAILABLE, "the database is out of reach")
}

fn error(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({"error": message}))).into_response()
}
