//! The answers of a receiver: the only place that knows status codes.

use std::time::Duration;

use serde_json::json;

use crate::{Accepted, VerifyError};

/// Tells the client that the connection ends.
const CLOSE: (&str, &str) = ("connection", "close");

/// What is answered to a request, for a framework to write out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reply {
    status: u16,
    headers: Vec<(&'static str, &'static str)>,
    body: String,
}

impl Reply {
    /// Returns the status code.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Returns names and values of the headers.
    #[must_use]
    pub fn headers(&self) -> &[(&'static str, &'static str)] {
        &self.headers
    }

    /// Whether the connection must end after this answer, because the rest of a body is unread.
    #[must_use]
    pub fn ends_connection(&self) -> bool {
        self.headers.contains(&CLOSE)
    }

    /// Takes the body, which is JSON.
    #[must_use]
    pub fn into_body(self) -> String {
        self.body
    }

    /// The answer to somebody who asks whether the receiver is there.
    pub(crate) fn health() -> Self {
        let body = json!({
            "status": "healthy",
            "service": "cal-webhook",
            "version": env!("CARGO_PKG_VERSION"),
            "features": ["signature-verification", "secret-rotation", "deduplication", "lifecycle-hooks"],
        });
        Self::json(200, body.to_string())
    }

    fn json(status: u16, body: String) -> Self {
        Self { status, headers: vec![("content-type", "application/json")], body }
    }
}

impl From<Accepted> for Reply {
    fn from(accepted: Accepted) -> Self {
        let (status, id) = match accepted {
            Accepted::Duplicate(id) => ("duplicate", id),
            Accepted::Stored(id) => ("stored", id),
        };
        Self::json(200, format!(r#"{{"status":"{status}","id":"{id}"}}"#))
    }
}

/// Why a request was refused.
///
/// The message is what the sender reads; it holds no part of the request.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// Too much is arriving at once that nobody has verified.
    #[error("too many bodies are arriving at once; send it again")]
    Busy,
    /// The body is compressed: the signature is over the bytes as they were written.
    #[error("expected a body without content-encoding")]
    Encoded,
    /// The connection broke while the body was read.
    #[error("the body broke off before its end")]
    Interrupted,
    /// Deliveries are posted.
    #[error("expected the method to be one of {allow}")]
    Method {
        /// The methods that are understood here.
        allow: &'static str,
    },
    /// The body took longer than the limit.
    #[error("expected the whole body within {} seconds", .0.as_secs_f64())]
    Slow(Duration),
    /// The body is longer than the limit.
    #[error("expected a body of at most {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The store is out of reach.
    #[error("the delivery could not be stored; send it again")]
    Unavailable,
    /// The application mounts no receiver for this route.
    #[error("no receiver is mounted here")]
    Unmounted,
    /// The signature is missing, malformed, or wrong.
    #[error(transparent)]
    Unverified(#[from] VerifyError),
}

impl Rejection {
    /// Returns the status code.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Interrupted => 400,
            Self::Unverified(_) => 401,
            Self::Method { .. } => 405,
            Self::Slow(_) => 408,
            Self::TooLarge { .. } => 413,
            Self::Encoded => 415,
            Self::Unmounted => 500,
            Self::Busy | Self::Unavailable => 503,
        }
    }
}

impl From<Rejection> for Reply {
    fn from(rejection: Rejection) -> Self {
        let body = json!({ "error": rejection.to_string() });
        let mut reply = Self::json(rejection.status(), body.to_string());
        if rejection.status() == 503 {
            reply.headers.push(("retry-after", "5"));
        }
        match rejection {
            // The rest of the body was not read, so the connection cannot be used again.
            Rejection::Busy
            | Rejection::Encoded
            | Rejection::Interrupted
            | Rejection::Slow(_)
            | Rejection::TooLarge { .. } => reply.headers.push(CLOSE),
            Rejection::Method { allow } => reply.headers.push(("allow", allow)),
            Rejection::Unavailable | Rejection::Unmounted | Rejection::Unverified(_) => {}
        }
        reply
    }
}
