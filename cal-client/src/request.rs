//! One request to the API, from its parts to the value in the answer.

use std::{
    borrow::Cow,
    fmt::Display,
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use chrono::{DateTime, SecondsFormat, Utc};
use futures_util::future::BoxFuture;
use reqwest::{
    Method,
    header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
};
use serde::{
    Deserialize, Serialize,
    de::{DeserializeOwned, IgnoredAny},
};
use serde_json::value::RawValue;
use tracing::Instrument as _;
use url::form_urlencoded;

use crate::{
    Client,
    auth::Credentials,
    error::{Error, Kind},
    items::items,
    list::{List, Page, Pagination},
    path::Path,
    transport::Answer,
};

/// Where the operations of a scope begin: a client and a path such as `/v2/teams/7`.
#[derive(Clone, Debug)]
pub(crate) struct At {
    pub(crate) client: Client,
    path: Result<Path, Error>,
    credentials: Credentials,
}

/// A request that is being put together. What is wrong with it shows when it is sent.
#[derive(Clone, Debug)]
#[must_use]
pub(crate) struct Request {
    pub(crate) client: Client,
    pub(crate) method: Method,
    path: Result<Path, Error>,
    query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) credentials: Credentials,
    fault: Option<Error>,
}

/// The values of `cal-api-version`, by resource. Operations that declare none send none: some
/// controllers answer only then.
pub(crate) mod version {
    pub(crate) const BOOKINGS: &str = "2024-08-13";
    pub(crate) const EVENT_TYPES: &str = "2024-06-14";
    pub(crate) const SCHEDULES: &str = "2024-06-11";
    pub(crate) const SLOTS: &str = "2024-09-04";
}

pub(crate) const VERSION: HeaderName = HeaderName::from_static("cal-api-version");

impl At {
    pub(crate) fn root(client: &Client) -> Self {
        let path = Path::default().join("/v2", &[]);
        Self { client: client.clone(), path, credentials: Credentials::Usual }
    }

    /// Goes to what stands below, such as `/teams/{}`.
    pub(crate) fn join(&self, template: &str, values: &[&(dyn Display + Sync)]) -> Self {
        let path = self.path.clone().and_then(|path| path.join(template, values));
        Self { client: self.client.clone(), path, credentials: self.credentials }
    }

    /// Lets requests carry other credentials than usual.
    pub(crate) fn credentials(self, credentials: Credentials) -> Self {
        Self { credentials, ..self }
    }

    pub(crate) fn get(&self, template: &str, values: &[&(dyn Display + Sync)]) -> Request {
        self.request(Method::GET, template, values)
    }

    pub(crate) fn post(&self, template: &str, values: &[&(dyn Display + Sync)]) -> Request {
        self.request(Method::POST, template, values)
    }

    pub(crate) fn put(&self, template: &str, values: &[&(dyn Display + Sync)]) -> Request {
        self.request(Method::PUT, template, values)
    }

    pub(crate) fn patch(&self, template: &str, values: &[&(dyn Display + Sync)]) -> Request {
        self.request(Method::PATCH, template, values)
    }

    pub(crate) fn delete(&self, template: &str, values: &[&(dyn Display + Sync)]) -> Request {
        self.request(Method::DELETE, template, values)
    }

    pub(crate) fn request(
        &self,
        method: Method,
        template: &str,
        values: &[&(dyn Display + Sync)],
    ) -> Request {
        Request {
            client: self.client.clone(),
            method,
            path: self.path.clone().and_then(|path| path.join(template, values)),
            query: Vec::new(),
            headers: HeaderMap::new(),
            body: None,
            credentials: self.credentials,
            fault: None,
        }
    }
}

impl Request {
    /// Declares the version of the operation.
    pub(crate) fn version(self, version: &'static str) -> Self {
        self.header(VERSION, HeaderValue::from_static(version))
    }

    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    pub(crate) fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = credentials;
        self
    }

    /// Sets a query parameter; what it was before is gone.
    pub(crate) fn query(mut self, name: &str, value: impl Display) -> Self {
        self.query.retain(|(other, _)| other != name);
        self.query.push((name.to_owned(), value.to_string()));
        self
    }

    /// Sets a query parameter if there is a value.
    pub(crate) fn query_some(self, name: &str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    /// Sets a query parameter to values with commas between them, as the server reads lists.
    pub(crate) fn query_list(
        self,
        name: &str,
        values: impl IntoIterator<Item = impl Display>,
    ) -> Self {
        let values: Vec<_> = values.into_iter().map(|value| value.to_string()).collect();
        self.query(name, values.join(","))
    }

    /// Sets a query parameter to a time, in UTC.
    pub(crate) fn query_time(self, name: &str, at: DateTime<Utc>) -> Self {
        self.query(name, at.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }

    /// Sends JSON.
    pub(crate) fn json(mut self, body: &(impl Serialize + ?Sized)) -> Self {
        match serde_json::to_vec(body) {
            Ok(body) => self.body = Some(body),
            Err(error) => {
                let text = "the body of the request cannot be written as JSON";
                self.fault = Some(Error::caused(Kind::Request, text, error));
            }
        }
        self.header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
    }

    /// Sends a form, as OAuth has it.
    pub(crate) fn form(mut self, fields: &[(&str, &str)]) -> Self {
        let mut form = form_urlencoded::Serializer::new(String::new());
        self.body = Some(form.extend_pairs(fields).finish().into_bytes());
        let kind = "application/x-www-form-urlencoded";
        self.header(CONTENT_TYPE, HeaderValue::from_static(kind))
    }

    /// Reads pages of items.
    pub(crate) fn list<T, S>(self) -> List<T, S> {
        List::new(self)
    }

    /// Returns the value in `data`.
    pub(crate) async fn data<T: DeserializeOwned>(self) -> Result<T, Error> {
        data(&self.send().await?)
    }

    /// Returns the items in `data`, what is said about pages, and a mark by which the same page is
    /// known when it comes again.
    pub(crate) async fn page<T: DeserializeOwned>(self) -> Result<(Page<T>, u64), Error> {
        page(&self.send().await?)
    }

    /// Returns the whole answer, which has no envelope.
    pub(crate) async fn bare<T: DeserializeOwned>(self) -> Result<T, Error> {
        let answer = self.send().await?;
        refused(&answer)?;
        decode(&answer.body, "", &answer)
    }

    /// Checks that the answer is a success; there is nothing else in it.
    pub(crate) async fn done(self) -> Result<(), Error> {
        let answer = self.send().await?;
        if answer.body.iter().all(u8::is_ascii_whitespace) {
            return Ok(());
        }
        envelope::<IgnoredAny>(&answer).map(drop)
    }

    /// Checks that the answer is a success, whatever else is in it.
    pub(crate) async fn ignore(self) -> Result<(), Error> {
        refused(&self.send().await?)
    }

    /// Sends it. What that takes is compiled here, and not again in every program.
    pub(crate) fn send(self) -> BoxFuture<'static, Result<Answer, Error>> {
        Box::pin(self.sent())
    }

    async fn sent(mut self) -> Result<Answer, Error> {
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        let path = self.path.clone()?;
        let url = self.client.url(path.text(), &self.query)?;
        let span = tracing::debug_span!(
            "calcom",
            method = %self.method,
            path = path.template(),
            status = tracing::field::Empty,
            tries = tracing::field::Empty,
        );
        crate::transport::send(&self, url, &span).instrument(span.clone()).await
    }
}

pub(crate) fn data<T: DeserializeOwned>(answer: &Answer) -> Result<T, Error> {
    let envelope: Envelope<'_, &RawValue> = envelope(answer)?;
    // What is missing reads as null, which an `Option` takes.
    decode(envelope.data.map_or("null", RawValue::get).as_bytes(), "data", answer)
}

pub(crate) fn page<T: DeserializeOwned>(answer: &Answer) -> Result<(Page<T>, u64), Error> {
    let envelope: Envelope<'_, &RawValue> = envelope(answer)?;
    let data = envelope.data.map_or("null", RawValue::get);
    let mut mark = DefaultHasher::new();
    data.hash(&mut mark);
    let (items, set_aside, lost) = items(data, answer)?;
    let page = Page { items, set_aside, pagination: envelope.pagination, lost };
    Ok((page, mark.finish()))
}

#[derive(Deserialize)]
struct Envelope<'a, T> {
    status: Option<Cow<'a, str>>,
    data: Option<T>,
    pagination: Option<Pagination>,
}

/// Reads the envelope; a status of `error` is one, whatever the HTTP status says.
fn envelope<'a, T: Deserialize<'a>>(answer: &'a Answer) -> Result<Envelope<'a, T>, Error> {
    let envelope: Envelope<'a, T> = decode(&answer.body, "", answer)?;
    if envelope.status.as_deref() == Some("error") {
        return Err(answer.refusal());
    }
    Ok(envelope)
}

/// Fails when an answer that need not have an envelope has one that says so.
fn refused(answer: &Answer) -> Result<(), Error> {
    match envelope::<IgnoredAny>(answer) {
        Err(error) if !error.is_decode() => Err(error),
        _ => Ok(()),
    }
}

/// Reads JSON, and on failure says where it is not what was expected.
pub(crate) fn decode<'a, T: Deserialize<'a>>(
    json: &'a [u8],
    prefix: &str,
    answer: &Answer,
) -> Result<T, Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
        Ok(value) if deserializer.end().is_ok() => Ok(value),
        Ok(_) => Err(Error::undecodable(answer.status, answer.request_id(), prefix)),
        Err(error) => {
            let mut path = prefix.to_owned();
            for segment in error.path() {
                use serde_path_to_error::Segment;
                match segment {
                    Segment::Seq { index } => path += &format!("[{index}]"),
                    Segment::Map { key } => {
                        path += if path.is_empty() { "" } else { "." };
                        path += if is_name(key) { key } else { "*" };
                    }
                    Segment::Enum { .. } | Segment::Unknown => {}
                }
            }
            Err(Error::undecodable(answer.status, answer.request_id(), &path))
        }
    }
}

/// Whether a key is one of a type; those of maps may be anybody's e-mail address.
fn is_name(key: &str) -> bool {
    key.len() <= 40 && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
