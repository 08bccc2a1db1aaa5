//! Mounts a Cal.com webhook [`Receiver`] in actix-web.
//!
//! ```
//! use actix_web::{App, web};
//! use cal_webhook::{Hook, Receiver, Verifier};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let receiver = Receiver::builder(Verifier::new("the webhook's secret")?)
//!     .hook(Hook::named("log").on_booked(|_cx, booking| async move {
//!         println!("{} with {}", booking.title, booking.organizer.name);
//!         Ok(())
//!     }))
//!     .build()?;
//! let webhook = web::scope("/api/webhooks/cal").configure(cal_actix::configure(receiver));
//! let app = App::new().service(webhook);
//! # Ok(()) }
//! ```
//!
//! The scope brings its own body limit and read timeout; what it answers to which request is the
//! receiver's business, see [`Rejection`].
//!
//! # Limits of the server
//!
//! Clients that send no request, or never read an answer, never get as far as a scope. Set these on
//! the `HttpServer`:
//!
//! | setting | default | what it is for |
//! |---|---|---|
//! | `client_request_timeout` | 5 seconds | how long the head of a connection's first request may take |
//! | `keep_alive` | 5 seconds | how long a connection may idle between two requests |
//! | `client_disconnect_timeout` | 1 second | how long a connection that ends may take |
//! | `max_connections` | 25,000 for each worker | times `workers`, keep it below the process's file descriptors |
//!
//! actix-web has no limit for clients that do not read, for half of a head that is not the first one,
//! and for how long the bodies of other routes take. It stops accepting when it has
//! `max_connections`, so a stranger who opens that many keeps deliveries out until they time out. Where strangers can reach the server, put a proxy in front that limits
//! connections for each address and buffers requests, such as nginx with `limit_conn` and
//! `proxy_request_buffering`.

#![cfg_attr(docsrs, feature(doc_cfg))]

use std::{fmt, future::Future, pin::Pin};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse, ResponseError, dev::Payload, error::PayloadError,
    http::StatusCode, web,
};
use cal_webhook::{Head, Receiver, Rejection, Reply, Verified};
use futures_util::{Stream, StreamExt};

/// Makes a configuration that receives deliveries at its root; put it into a scope.
///
/// POST stores a delivery, GET tells that the receiver is there. A slash at the end of the webhook's
/// address makes no difference.
pub fn configure(receiver: Receiver) -> impl FnOnce(&mut web::ServiceConfig) {
    move |config| {
        config
            .app_data(web::Data::new(receiver))
            .route("", web::route().to(receive))
            .route("/", web::route().to(receive));
    }
}

async fn receive(
    receiver: web::Data<Receiver>,
    request: HttpRequest,
    mut body: web::Payload,
) -> HttpResponse {
    let reply = receiver.receive(head(&request), &mut body).await;
    if reply.ends_connection() {
        hold(body);
    }
    response(reply)
}

/// Extracts a delivery whose signature was verified, for handlers that want the bytes themselves.
///
/// Takes the limits and the secrets from the [`Receiver`] in the application's data. Nothing is
/// stored and no hook runs.
///
/// ```
/// use actix_web::{App, web};
/// use cal_actix::Signed;
/// use cal_webhook::{Receiver, Verifier};
///
/// async fn webhook(Signed(delivery): Signed) -> &'static str {
///     println!("{:?}", delivery.parse().event.trigger());
///     "seen"
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let receiver = Receiver::builder(Verifier::new("the webhook's secret")?).build()?;
/// let app = App::new()
///     .app_data(web::Data::new(receiver))
///     .service(web::resource("/cal").route(web::post().to(webhook)));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Signed(pub Verified);

impl FromRequest for Signed {
    type Error = SignedRejection;
    type Future = Pin<Box<dyn Future<Output = Result<Self, SignedRejection>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let receiver = request.app_data::<web::Data<Receiver>>().cloned();
        let (head, mut body) = (head(request), payload.take());
        Box::pin(async move {
            let receiver = receiver.ok_or(SignedRejection(Rejection::Unmounted))?;
            match receiver.admit(head, &mut body).await {
                Ok(verified) => Ok(Self(verified)),
                Err(rejection) => {
                    if Reply::from(rejection).ends_connection() {
                        hold(body);
                    }
                    Err(SignedRejection(rejection))
                }
            }
        })
    }
}

/// Why [`Signed`] refused a request; answers as the scope does.
#[derive(Clone, Copy, Debug)]
pub struct SignedRejection(pub Rejection);

impl fmt::Display for SignedRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl ResponseError for SignedRejection {
    fn status_code(&self) -> StatusCode {
        status(self.0.status())
    }

    fn error_response(&self) -> HttpResponse {
        response(self.0.into())
    }
}

fn head(request: &HttpRequest) -> Head {
    let headers = request.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    Head::new(request.method().as_str(), headers)
}

/// Keeps the rest of a refused body until the connection is gone.
///
/// actix-web reads a chunked body that was dropped to its end, however long that takes, to keep the
/// connection; only one that is still held makes it close the connection after the answer.
fn hold(mut body: impl Stream<Item = Result<web::Bytes, PayloadError>> + Unpin + 'static) {
    actix_web::rt::spawn(async move { while let Some(Ok(_)) = body.next().await {} });
}

fn response(reply: Reply) -> HttpResponse {
    let mut response = HttpResponse::build(status(reply.status()));
    if reply.ends_connection() {
        // actix-web leaves out a connection header that was set by name.
        response.force_close();
    }
    for header in reply.headers() {
        response.insert_header(*header);
    }
    response.body(reply.into_body())
}

/// A reply's status is one of a table, all of them valid.
fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or_default()
}
