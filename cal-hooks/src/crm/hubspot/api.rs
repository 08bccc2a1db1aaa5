//! Calls of HubSpot's API.

use cal_webhook::HookError;
use reqwest::{Client, Method, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use url::Url;

use crate::http;

/// How errors name the service.
pub(super) const NAME: &str = "HubSpot";

/// The group that our properties belong to.
pub(super) const GROUP: &str = "calcom";

/// HubSpot's API with a token.
pub(super) struct Api {
    client: Client,
    token: SecretString,
    base: String,
}

/// What HubSpot says to a request.
pub(super) enum Answer {
    /// The request cannot be fulfilled as things are: 400 or 409.
    Clash(Clash),
    /// The object, after what was asked for.
    Done(Value),
    /// There is no such object.
    Missing,
}

/// A refusal that may mean that something exists already.
pub(super) struct Clash {
    pub(super) status: u16,
    pub(super) message: String,
}

impl Answer {
    /// Returns the object; everything else is a failure for good.
    pub(super) fn done(self) -> Result<Value, HookError> {
        match self {
            Self::Clash(clash) => Err(clash.into()),
            Self::Done(value) => Ok(value),
            Self::Missing => Err(HookError::permanent(format!("{NAME} answered with 404"))),
        }
    }
}

impl From<Clash> for HookError {
    fn from(clash: Clash) -> Self {
        Self::permanent(clash.message)
    }
}

impl Api {
    pub(super) fn new(client: Client, token: SecretString) -> Self {
        Self { client, token, base: "https://api.hubapi.com".to_owned() }
    }

    pub(super) fn set_base(&mut self, base: String) {
        self.base = base;
    }

    pub(super) async fn read(
        &self,
        path: &str,
        rest: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Answer, HookError> {
        self.write(Method::GET, path, rest, query, &Value::Null).await
    }

    /// Sends a request to a path and what follows it, with a body unless it is null.
    pub(super) async fn write(
        &self,
        method: Method,
        path: &str,
        rest: &[&str],
        query: &[(&str, &str)],
        body: &Value,
    ) -> Result<Answer, HookError> {
        let request = self.client.request(method, self.url(path, rest, query)?);
        let request = request.bearer_auth(self.token.expose_secret());
        let request = if body.is_null() { request } else { request.json(body) };
        let response = http::exchange(NAME, request).await?;
        Ok(match response.status() {
            StatusCode::NOT_FOUND => Answer::Missing,
            status @ (StatusCode::BAD_REQUEST | StatusCode::CONFLICT) => Answer::Clash(Clash {
                status: status.as_u16(),
                message: http::answered(NAME, &response),
            }),
            // An account on the move between HubSpot's data centres answers 477.
            status if status.as_u16() == 477 => return Err(http::later(NAME, &response)),
            status if status.is_success() => Answer::Done(http::json(NAME, response).await?),
            _ => return Err(http::refused(NAME, &response)),
        })
    }

    /// Makes a property with its group if it is missing, and returns it.
    pub(super) async fn prepare(
        &self,
        object: &str,
        name: &str,
        property: &Value,
    ) -> Result<Value, HookError> {
        const PATH: &str = "crm/v3/properties";
        let known = self.read(PATH, &[object, name], &[]).await?;
        if !matches!(known, Answer::Missing) {
            return known.done();
        }
        let group = json!({ "name": GROUP, "label": "Cal.com" });
        // 409 says that somebody has made it already.
        match self.write(Method::POST, PATH, &[object, "groups"], &[], &group).await? {
            Answer::Clash(clash) if clash.status == 409 => {}
            made => made.done().map(drop)?,
        }
        match self.write(Method::POST, PATH, &[object], &[], property).await? {
            Answer::Clash(clash) if clash.status == 409 => Err(HookError::transient(clash.message)),
            made => made.done(),
        }
    }

    fn url(&self, path: &str, rest: &[&str], query: &[(&str, &str)]) -> Result<Url, HookError> {
        let wrong = || HookError::permanent(format!("{NAME}: expected a base address of https"));
        let mut url = Url::parse(&self.base).map_err(|_| wrong())?;
        let segments = path.split('/').chain(rest.iter().copied());
        url.path_segments_mut().map_err(|()| wrong())?.pop_if_empty().extend(segments);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }
}

/// Returns the id of an object.
pub(super) fn id(object: &Value) -> Result<String, HookError> {
    let id = object.get("id").and_then(Value::as_str).map(str::to_owned);
    id.ok_or_else(|| HookError::transient(format!("{NAME}: the answer has no id")))
}
