//! Mounts a Cal.com webhook [`Receiver`] in axum.
//!
//! ```
//! use axum::Router;
//! use cal_webhook::{Hook, Receiver, Verifier};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let receiver = Receiver::builder(Verifier::new("the webhook's secret")?)
//!     .hook(Hook::named("log").on_booked(|_cx, booking| async move {
//!         println!("{} with {}", booking.title, booking.organizer.name);
//!         Ok(())
//!     }))
//!     .build()?;
//! let app: Router =
//!     Router::new().nest_service("/api/webhooks/cal", cal_axum::router(receiver));
//! # Ok(()) }
//! ```
//!
//! The router brings its own body limit and read timeout; what it answers to which request is the
//! receiver's business, see [`Rejection`]. Clients that send no request, or never read an answer,
//! never get as far as a router: serve it with `serve` (feature `serve`), which has limits for them.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "serve")]
mod serve;

use axum::{
    Router,
    body::Body,
    extract::{FromRef, FromRequest, Request, State},
    http::{HeaderName, HeaderValue, StatusCode, request::Parts},
    response::{IntoResponse, Response},
    routing::any,
};
use cal_webhook::{Head, Receiver, Rejection, Reply, Verified};

#[cfg(feature = "serve")]
pub use crate::serve::{Serve, serve, shutdown_signal};

/// Makes a router that receives deliveries at its root; nest it where the webhook points to.
///
/// POST stores a delivery, GET tells that the receiver is there. With `Router::nest_service` a slash
/// at the end of the webhook's address makes no difference; `Router::nest` answers that with 404.
pub fn router<S>(receiver: Receiver) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    Router::new().route("/", any(receive)).with_state(receiver)
}

async fn receive(State(receiver): State<Receiver>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    response(receiver.receive(head(&parts), body.into_data_stream()).await)
}

/// Extracts a delivery whose signature was verified, for handlers that want the bytes themselves.
///
/// Takes the limits and the secrets from the [`Receiver`] in the router's state. Nothing is stored
/// and no hook runs.
///
/// ```
/// use axum::{Router, routing::post};
/// use cal_axum::Signed;
/// use cal_webhook::{Receiver, Verifier};
///
/// async fn webhook(Signed(delivery): Signed) -> &'static str {
///     println!("{:?}", delivery.parse().event.trigger());
///     "seen"
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let receiver = Receiver::builder(Verifier::new("the webhook's secret")?).build()?;
/// let app: Router = Router::new().route("/cal", post(webhook)).with_state(receiver);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Signed(pub Verified);

impl<S> FromRequest<S> for Signed
where
    Receiver: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = SignedRejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, SignedRejection> {
        let receiver = Receiver::from_ref(state);
        let (parts, body) = request.into_parts();
        let admitted = receiver.admit(head(&parts), body.into_data_stream()).await;
        admitted.map(Signed).map_err(SignedRejection)
    }
}

/// Why [`Signed`] refused a request; answers as the router does.
#[derive(Clone, Copy, Debug)]
pub struct SignedRejection(pub Rejection);

impl IntoResponse for SignedRejection {
    fn into_response(self) -> Response {
        response(self.0.into())
    }
}

fn head(parts: &Parts) -> Head {
    let headers = parts.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    Head::new(parts.method.as_str(), headers)
}

fn response(reply: Reply) -> Response {
    let status = StatusCode::from_u16(reply.status());
    let headers = reply
        .headers()
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
    let headers = headers.collect();
    let mut response = Response::new(Body::from(reply.into_body()));
    // A reply's status is one of a table, all of them valid.
    *response.status_mut() = status.unwrap_or_default();
    *response.headers_mut() = headers;
    response
}
