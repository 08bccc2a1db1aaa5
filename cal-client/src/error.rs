//! What can go wrong with a request.

use std::{error::Error as StdError, fmt, sync::Arc, time::Duration};

use serde_json::Value;

/// Why a request failed; cheap to clone.
///
/// It is asked questions instead of being matched, because what can fail is not a closed set.
/// `Display` and `Debug` show the status, Cal.com's code and the request's id, and neither
/// credentials nor what was sent or received: [`Error::message`] may quote that, so it is shown to
/// those who ask.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

struct Inner {
    kind: Kind,
    /// What to say about it; never anything that was sent or received.
    text: String,
    status: Option<u16>,
    code: Option<String>,
    message: Option<String>,
    request_id: Option<String>,
    retry_after: Option<Duration>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The kinds of failure.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// The request could not be made from what was given.
    Request,
    /// No connection came about, so nothing was sent.
    Connect,
    /// The answer did not come in time.
    Timeout,
    /// The connection failed on the way.
    Transport,
    /// The server refused.
    Status,
    /// The answer is not what it should be.
    Decode,
    /// There are no valid credentials, and none could be had.
    Auth,
    /// The token store failed.
    Store,
}

impl Error {
    pub(crate) fn new(kind: Kind, text: impl Into<String>) -> Self {
        Self(Arc::new(Inner {
            kind,
            text: text.into(),
            status: None,
            code: None,
            message: None,
            request_id: None,
            retry_after: None,
            source: None,
        }))
    }

    pub(crate) fn caused(
        kind: Kind,
        text: impl Into<String>,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self::new(kind, text).with(|inner| inner.source = Some(source.into()))
    }

    /// Reads what a server says when it refuses.
    ///
    /// Cal.com has four shapes for that, and what stands in front of it has others
    /// (facts read in its source: `http-exception.filter.ts` and `oauth2.controller.ts`).
    pub(crate) fn refused(
        status: u16,
        request_id: Option<String>,
        retry_after: Option<Duration>,
        body: &[u8],
    ) -> Self {
        let (code, message) = serde_json::from_slice(body).map_or((None, None), |it| said(&it));
        Self::new(Kind::Status, "").with(|inner| {
            inner.status = Some(status);
            inner.code = code;
            inner.message = message;
            inner.request_id = request_id;
            inner.retry_after = retry_after;
        })
    }

    /// Tells that an answer could not be read, at a place such as `data.attendees[0].email`.
    pub(crate) fn undecodable(status: u16, request_id: Option<String>, path: &str) -> Self {
        let text = if path.is_empty() {
            "the answer is not the JSON that was expected".to_owned()
        } else {
            format!("the answer is not what was expected at {path}")
        };
        Self::new(Kind::Decode, text).with(|inner| {
            inner.status = Some(status);
            inner.request_id = request_id;
            inner.message = Some(path.to_owned()).filter(|path| !path.is_empty());
        })
    }

    /// Changes an error that nobody else has yet.
    fn with(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.0) {
            change(inner);
        }
        self
    }

    pub(crate) fn kind(&self) -> Kind {
        self.0.kind
    }

    /// Returns the HTTP status, if the server answered.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// Returns Cal.com's code, such as `NotFoundException` or `CONFLICT`, or OAuth's, such as
    /// `invalid_grant`.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// Returns what the server said; it may quote what was sent, so mind where it is written.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.0.message.as_deref().filter(|_| self.0.kind != Kind::Decode)
    }

    /// Returns the id under which Cal.com knows the request (`X-Request-Id`).
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// Returns how long the server asked to wait.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Whether the answer did not come in time; the server may have done what was asked.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.0.kind == Kind::Timeout
    }

    /// Whether no connection came about; nothing was sent.
    #[must_use]
    pub fn is_connect(&self) -> bool {
        self.0.kind == Kind::Connect
    }

    /// Whether the credentials are missing, wrong, expired or not enough: 401, 403, 498, and what
    /// OAuth says of a code or refresh token that it does not take, `invalid_grant`.
    #[must_use]
    pub fn is_auth(&self) -> bool {
        self.0.kind == Kind::Auth
            || matches!(self.0.status, Some(401 | 403 | 498))
            || self.code() == Some("invalid_grant")
    }

    /// Whether there is no such thing (404).
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.0.status == Some(404)
    }

    /// Whether there were too many requests (429).
    #[must_use]
    pub fn is_rate_limited(&self) -> bool {
        self.0.status == Some(429)
    }

    /// Whether the answer came but could not be read; [`Error::path`] tells where.
    #[must_use]
    pub fn is_decode(&self) -> bool {
        self.0.kind == Kind::Decode
    }

    /// Whether the request could not be made from what was given; nothing was sent.
    #[must_use]
    pub fn is_request(&self) -> bool {
        self.0.kind == Kind::Request
    }

    /// Returns the place in the answer that could not be read, such as `data[3].start`.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        self.0.message.as_deref().filter(|_| self.0.kind == Kind::Decode)
    }
}

/// Finds the code and the message in the body of a refusal.
fn said(body: &Value) -> (Option<String>, Option<String>) {
    let text = |value: Option<&Value>| match value {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Array(texts)) => {
            let texts: Vec<_> = texts.iter().filter_map(Value::as_str).collect();
            Some(texts.join("; ")).filter(|text| !text.is_empty())
        }
        _ => None,
    };
    match body.get("error") {
        Some(error @ Value::Object(_)) => (text(error.get("code")), text(error.get("message"))),
        Some(Value::String(code)) if body.get("message").is_none() => {
            (Some(code.clone()), text(body.get("error_description")))
        }
        _ => (text(body.get("code")), text(body.get("message"))),
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        if inner.kind != Kind::Status {
            return f.write_str(&inner.text);
        }
        f.write_str("the server answered ")?;
        inner.status.unwrap_or_default().fmt(f)?;
        // A code is a word; anything else could be a sentence that quotes the request.
        let is_word = |code: &&str| {
            code.len() <= 64
                && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        if let Some(code) = self.code().filter(is_word) {
            write!(f, " {code}")?;
        }
        if let Some(id) = self.request_id() {
            write!(f, " (request {id})")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({:?}: {self})", self.0.kind)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_ref().map(|source| source.as_ref() as _)
    }
}
