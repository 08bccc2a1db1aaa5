//! Requests that have no method of their own.

use std::fmt::{self, Display};

use reqwest::{Method, header::HeaderValue};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::{RawValue, to_raw_value};

use crate::{
    Client,
    error::{Error, Kind},
    request::{At, Request, VERSION},
};

impl Client {
    /// Begins a request that has no method here, such as those that newer servers know.
    ///
    /// The path begins with `/v2/`. Ids go into it as `{}` and [`RawRequest::value`], which encodes
    /// them and keeps them out of logs. Credentials, timeouts and retries are those of any request.
    ///
    /// ```no_run
    /// # async fn example(client: cal_client::Client) -> Result<(), cal_client::Error> {
    /// use cal_client::Method;
    /// use serde_json::Value;
    ///
    /// let request = client.raw(Method::GET, "/v2/calendars/connections/{}/freebusy").value(7);
    /// let busy: Value = request.query("from", "2026-11-23").query("to", "2026-11-24").send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn raw(&self, method: Method, path: impl Into<String>) -> RawRequest {
        RawRequest {
            client: self.clone(),
            method,
            path: path.into(),
            values: Vec::new(),
            query: Vec::new(),
            version: None,
            body: None,
        }
    }
}

/// A request that has no method of its own; [`Client::raw`] begins one.
#[derive(Clone)]
#[must_use]
pub struct RawRequest {
    client: Client,
    method: Method,
    path: String,
    values: Vec<String>,
    query: Vec<(String, String)>,
    version: Option<String>,
    body: Option<Result<Box<RawValue>, Error>>,
}

impl RawRequest {
    /// Puts an id where the next `{}` of the path is.
    pub fn value(mut self, value: impl Display) -> Self {
        self.values.push(value.to_string());
        self
    }

    /// Sets a query parameter; what it was before is gone.
    pub fn query(mut self, name: impl Into<String>, value: impl Display) -> Self {
        self.query.push((name.into(), value.to_string()));
        self
    }

    /// Declares the version of the resource (`cal-api-version`), such as `2024-08-13` of bookings.
    ///
    /// Without it, or with one that the server does not know, some paths mean something else.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// Sends this as JSON.
    pub fn json(mut self, body: &(impl Serialize + ?Sized)) -> Self {
        let refused = "the body of the request cannot be written as JSON";
        let failed = |error| Error::caused(Kind::Request, refused, error);
        self.body = Some(to_raw_value(body).map_err(failed));
        self
    }

    /// Sends it, and returns what is in `data`, where almost all answers have their value.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn send<T: DeserializeOwned>(self) -> Result<T, Error> {
        self.build()?.data().await
    }

    /// Sends it, and returns the whole answer.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn send_bare<T: DeserializeOwned>(self) -> Result<T, Error> {
        self.build()?.bare().await
    }

    /// Sends it, and does not look at the answer, except whether it is a success.
    ///
    /// # Errors
    ///
    /// Fails as every request does; see [`Error`].
    pub async fn send_only(self) -> Result<(), Error> {
        self.build()?.ignore().await
    }

    fn build(self) -> Result<Request, Error> {
        let refused = |text| Error::new(Kind::Request, text);
        let below = self.path.strip_prefix("/v2").filter(|path| path.starts_with('/'));
        let below = below
            .filter(|path| !path.contains(['?', '#']))
            .ok_or_else(|| refused("expected a path such as /v2/me, without a query"))?;
        if below.matches("{}").count() != self.values.len() {
            return Err(refused("expected a value for each {} of the path"));
        }
        let values: Vec<_> =
            self.values.iter().map(|value| value as &(dyn Display + Sync)).collect();
        let mut request = At::root(&self.client).request(self.method, below, &values);
        for (name, value) in self.query {
            request = request.query(&name, value);
        }
        if let Some(version) = self.version {
            let version = HeaderValue::try_from(version)
                .map_err(|_| refused("expected a version such as 2024-08-13"))?;
            request = request.header(VERSION, version);
        }
        Ok(match self.body {
            Some(body) => request.json(&body?),
            None => request,
        })
    }
}

impl fmt::Debug for RawRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawRequest")
            .field("method", &self.method)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
