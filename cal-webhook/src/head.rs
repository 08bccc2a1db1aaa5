//! The part of a request that comes before the body.

use crate::{
    VerifyError,
    signature::{self, SIGNATURE_HEADER, Tag},
};

/// The headers that are kept beside the body; none of them holds a secret.
const KEPT: [&str; 3] = ["content-type", "user-agent", "x-cal-webhook-version"];

/// What a receiver needs of a request's method and headers, whichever framework they come from.
#[derive(Clone, Debug)]
pub struct Head {
    pub(crate) method: Method,
    pub(crate) signature: Result<Tag, VerifyError>,
    pub(crate) length: Option<u64>,
    pub(crate) encoded: bool,
    pub(crate) kept: Vec<(&'static str, String)>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Method {
    Get,
    Other,
    Post,
}

impl Head {
    /// Reads a method and headers; names of headers may have any case, values any bytes.
    #[must_use]
    pub fn new<'a>(method: &str, headers: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Self {
        let mut head = Self {
            method: match method {
                "GET" | "HEAD" => Method::Get,
                "POST" => Method::Post,
                _ => Method::Other,
            },
            signature: Err(VerifyError::Missing),
            length: None,
            encoded: false,
            kept: Vec::with_capacity(KEPT.len()),
        };
        for (name, value) in headers {
            head.read(name, value);
        }
        head
    }

    fn read(&mut self, name: &str, value: &[u8]) {
        if name.eq_ignore_ascii_case(SIGNATURE_HEADER) {
            self.signature = match self.signature {
                Err(VerifyError::Missing) => signature::parse(value),
                _ => Err(VerifyError::Doubled),
            };
        } else if name.eq_ignore_ascii_case("content-length") {
            self.length = str::from_utf8(value).ok().and_then(|text| text.trim().parse().ok());
        } else if name.eq_ignore_ascii_case("content-encoding") {
            self.encoded |= !value.is_empty() && !value.eq_ignore_ascii_case(b"identity");
        } else if let Some(kept) = KEPT.iter().find(|kept| name.eq_ignore_ascii_case(kept))
            && let Ok(text) = str::from_utf8(value)
        {
            self.kept.push((kept, text.to_owned()));
        }
    }
}
