//! Exchanges with a real server: the client must ask the same, and read the answers.

mod bookings;
mod calendars;
mod event_types;
mod may;
mod me;
mod platform;
mod slots;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    pin::Pin,
};

use cal_client::{Auth, Client, Error};
use serde_json::Value;

use crate::{replay::Replay, server::Reply, shared::shared};

type Call = Box<dyn FnOnce(Client) -> Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>>;

/// The calls by the beginning of the name of the recording, such as `001`.
#[derive(Default)]
pub(crate) struct Calls(BTreeMap<&'static str, (Call, bool)>);

impl Calls {
    /// The call that asks what was recorded.
    pub(crate) fn same<F, T>(
        &mut self,
        number: &'static str,
        call: impl FnOnce(Client) -> F + 'static,
    ) where
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        self.insert(number, true, call);
    }

    /// A call that asks something else, because the recorded request has no typed method (it is
    /// wrong on purpose, or old); it must still read the answer.
    pub(crate) fn answer<F, T>(
        &mut self,
        number: &'static str,
        call: impl FnOnce(Client) -> F + 'static,
    ) where
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        self.insert(number, false, call);
    }

    fn insert<F, T>(
        &mut self,
        number: &'static str,
        is_same: bool,
        call: impl FnOnce(Client) -> F + 'static,
    ) where
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let call: Call = Box::new(move |client| {
            let calling = call(client);
            Box::pin(async move { calling.await.map(drop) })
        });
        assert!(self.0.insert(number, (call, is_same)).is_none(), "{number} stands here twice");
    }
}

/// Returns a secret that a recorded request has, in its JSON or its form: this repository has none.
pub(crate) fn secret(number: &str, name: &str) -> String {
    let mut files = fs::read_dir(shared("fixtures/api").unwrap()).unwrap();
    let is_it = |file: &fs::DirEntry| file.file_name().to_str().unwrap().starts_with(number);
    let file = files.find_map(|file| file.ok().filter(is_it)).unwrap();
    let recorded: Value = serde_json::from_str(&fs::read_to_string(file.path()).unwrap()).unwrap();
    let body = recorded["request"]["body"].as_str().unwrap();
    if let Ok(body) = serde_json::from_str::<Value>(body) {
        return body[name].as_str().unwrap().to_owned();
    }
    let mut pairs = url::form_urlencoded::parse(body.as_bytes());
    pairs.find(|(other, _)| other == name).unwrap().1.into_owned()
}

#[tokio::test]
async fn what_a_real_server_was_asked_and_answered() {
    let Some(folder) = shared("fixtures/api") else { return };
    let mut calls = Calls::default();
    bookings::calls(&mut calls);
    calendars::calls(&mut calls);
    event_types::calls(&mut calls);
    me::calls(&mut calls);
    platform::calls(&mut calls);
    slots::calls(&mut calls);
    let recordings = recordings(&folder);
    let replay = Replay::start().await;
    let mut faults = Vec::new();
    for (name, recorded) in &recordings {
        match calls.0.remove(&name[..3]) {
            Some((call, is_same)) => {
                if let Err(fault) = exchange(&replay, recorded, call, is_same).await {
                    faults.push(format!("{name}: {fault}"));
                }
            }
            None => faults.push(format!("{name}: nobody calls it")),
        }
    }
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), recordings.len(), faults.join("\n"));
    assert!(calls.0.is_empty(), "there is no recording of {:?}", calls.0.keys());
}

/// Returns the recorded exchanges of a folder with their names, in order.
fn recordings(folder: &Path) -> Vec<(String, Value)> {
    let mut files: Vec<_> =
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let read = |file: PathBuf| {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap())
    };
    files.into_iter().map(read).collect()
}

/// Lets the client call a server that answers as the real one did, and compares.
async fn exchange(
    replay: &Replay,
    recorded: &Value,
    call: Call,
    is_same: bool,
) -> Result<(), String> {
    let (request, response) = (&recorded["request"], &recorded["response"]);
    let status = u16::try_from(response["status"].as_u64().unwrap()).unwrap();
    let mut reply = Reply::json(status, response["body"].as_str().unwrap_or_default());
    for (name, value) in response["headers"].as_object().unwrap() {
        if name.starts_with("x-") {
            reply = reply.header(name, value.as_str().unwrap());
        }
    }
    let auth = match &request["headers"]["x-cal-client-id"] {
        Value::String(id) => Auth::platform(id.as_str(), "the-secret"),
        _ => Auth::api_key("cal_test_key"),
    };
    let before = replay.server.seen().len();
    replay.answer(reply);
    let result = call(replay.client.with_auth(auth)).await;
    let all = replay.server.seen();
    let [seen] = &all[before..] else { return Err("there was not one request".to_owned()) };
    match result {
        Ok(()) if (200..300).contains(&status) => {}
        Ok(()) => return Err(format!("{status} was taken for a success")),
        Err(error) if error.status() == Some(status) && !error.is_decode() => {
            let body: Value = serde_json::from_str(response["body"].as_str().unwrap_or_default())
                .unwrap_or_default();
            if body["error"]["message"].is_string()
                && error.message() != body["error"]["message"].as_str()
            {
                return Err("the message was not read".to_owned());
            }
            if response["headers"]["x-request-id"].as_str() != error.request_id() {
                return Err("the request id was not read".to_owned());
            }
        }
        Err(error) => return Err(format!("{error:?}, of {status}")),
    }
    if !is_same {
        return Ok(());
    }
    let target = request["path"].as_str().unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let sorted = |mut query: Vec<(String, String)>| {
        query.sort();
        query
    };
    let query = sorted(url::form_urlencoded::parse(query.as_bytes()).into_owned().collect());
    let version = request["headers"]["cal-api-version"].as_str();
    let is_form = seen.header("content-type") == "application/x-www-form-urlencoded";
    let read = |body: &[u8]| -> Value {
        if is_form {
            return url::form_urlencoded::parse(body).collect();
        }
        serde_json::from_slice(body).unwrap()
    };
    let body = request["body"].as_str().map(|body| read(body.as_bytes()));
    let sent = Some(&*seen.body).filter(|body| !body.is_empty()).map(read);
    for (what, sent, want) in [
        ("method", Value::from(&*seen.method), request["method"].clone()),
        ("path", Value::from(&*seen.path), Value::from(path)),
        (
            "query",
            Value::from(format!("{:?}", sorted(seen.query.clone()))),
            Value::from(format!("{query:?}")),
        ),
        (
            "version",
            Value::from(seen.headers.get("cal-api-version").cloned()),
            Value::from(version),
        ),
        ("body", Value::from(sent), Value::from(body)),
    ] {
        if sent != want {
            return Err(format!("the {what} is {sent}, not {want}"));
        }
    }
    Ok(())
}
