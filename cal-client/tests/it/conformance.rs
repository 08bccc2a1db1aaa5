//! Every operation of the API's description, against a mock that checks requests against it.

mod bookings;
mod calendars;
mod event_types;
mod me;
mod organizations;
mod platform;

use std::{
    collections::BTreeSet,
    fs,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use cal_client::{Auth, Client, Error, RetryPolicy};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time,
};

use crate::shared::shared;

/// How long the mock may take until it listens; the first time it is downloaded.
const PATIENCE: Duration = Duration::from_secs(180);

/// Collects what did not go well.
#[derive(Default)]
pub(crate) struct Checks(Vec<String>);

impl Checks {
    /// Notes that an operation failed.
    pub(crate) fn is<T>(&mut self, operation: &str, result: Result<T, Error>) {
        if let Err(error) = result {
            let said = error.message().unwrap_or_default();
            self.0.push(format!("{operation}: {error} {said}"));
        }
    }
}

#[tokio::test]
async fn every_operation_fits_the_description() {
    let Some(description) = shared("api/openapi.fixed.json") else { return };
    let description = corrected(&description);
    let Some(mut mock) = Mock::start(&description).await else { return };
    let client = |auth| {
        let builder = Client::builder().base_url(mock.url.clone()).auth(auth);
        builder.retry(RetryPolicy::never()).build().unwrap()
    };
    let user = client(Auth::api_key("cal_test_key"));
    let platform = client(Auth::platform("a-platform-client", "its-secret"));
    let mut checks = Checks::default();
    bookings::check(&user, &mut checks).await;
    calendars::check(&user, &mut checks).await;
    event_types::check(&user, &platform, &mut checks).await;
    me::check(&user, &mut checks).await;
    organizations::check(&user, &mut checks).await;
    platform::check(&platform, &mut checks).await;

    let described = described(&description);
    let called = mock.called(&described).await;
    println!("{}/{}", called.len(), described.len());
    let missing: Vec<_> = described.difference(&called).collect();
    assert!(checks.0.is_empty(), "{} operations failed:\n{}", checks.0.len(), checks.0.join("\n"));
    assert!(missing.is_empty(), "never called: {missing:#?}");
}

/// Corrects what the server contradicts, as read in Cal.com's source: a service account's key is one
/// object (`service-account-key.input.ts`), where the description says a list of them, and changing
/// a private link of an organization's team takes a body, of which the description is silent.
fn corrected(description: &Path) -> PathBuf {
    let text = fs::read_to_string(description).unwrap();
    let mut description: Value = serde_json::from_str(&text).unwrap();
    for input in ["CreateDelegationCredentialInput", "UpdateDelegationCredentialInput"] {
        let properties = &mut description["components"]["schemas"][input]["properties"];
        let key = properties["serviceAccountKey"]["items"].take();
        assert!(key.is_object(), "the description of {input} has changed");
        properties["serviceAccountKey"] = key;
    }
    let link = "/v2/event-types/{eventTypeId}/private-links/{linkId}";
    let body = description["paths"][link]["patch"]["requestBody"].clone();
    let of_team = format!("/v2/organizations/{{orgId}}/teams/{{teamId}}{}", &link["/v2".len()..]);
    description["paths"][&of_team]["patch"]["requestBody"] = body;
    let corrected = Path::new(env!("CARGO_TARGET_TMPDIR")).join("openapi.json");
    fs::write(&corrected, description.to_string()).unwrap();
    corrected
}

/// An operation: a method in lower case and a path with names in braces.
type Operation = (String, String);

/// Reads the operations of the description.
fn described(description: &Path) -> BTreeSet<Operation> {
    let text = fs::read_to_string(description).unwrap();
    let description: Value = serde_json::from_str(&text).unwrap();
    let paths = description["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().unwrap().keys();
        methods.map(move |method| (method.clone(), path.clone()))
    });
    operations.filter(|(method, _)| method != "parameters").collect()
}

/// The mock, in a process that ends with the test.
struct Mock {
    url: String,
    log: Lines<BufReader<ChildStdout>>,
    _process: Child,
}

impl Mock {
    /// Starts it, or says why everything here is skipped.
    async fn start(description: &Path) -> Option<Self> {
        // Below the ports that systems give to clients, as other tests have many connections.
        let mut ports = std::iter::repeat_with(|| fastrand::u16(20_000..30_000));
        let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
        let port = ports.find(is_free).unwrap().to_string();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/prism");
        let process = Command::new(script)
            .arg(&port)
            .arg(description)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn();
        let mut process = match process {
            Ok(process) => process,
            Err(error) => {
                cal_testing::skip(format_args!("the mock could not be started: {error}"));
                return None;
            }
        };
        let mut log = BufReader::new(process.stdout.take().unwrap()).lines();
        let listening = async {
            while let Some(line) = log.next_line().await.unwrap() {
                if line.contains("Prism is listening") {
                    return true;
                }
            }
            false
        };
        if !time::timeout(PATIENCE, listening).await.unwrap_or_default() {
            cal_testing::skip("the mock did not start; it needs Node, and npm to install it");
            return None;
        }
        Some(Self { url: format!("http://127.0.0.1:{port}"), log, _process: process })
    }

    /// Reads in its log which operations were called.
    async fn called(&mut self, described: &BTreeSet<Operation>) -> BTreeSet<Operation> {
        // The log has come as far as this when it shows this request.
        let last = format!("{}/the-last-request", self.url);
        let _ = knock(&last).await;
        let mut called = BTreeSet::new();
        while let Some(line) = self.log.next_line().await.unwrap() {
            let words: Vec<_> = line.split_whitespace().map(plain).collect();
            let Some(at) = words.iter().position(|word| word == "SERVER]") else { continue };
            let (Some(method), Some(path)) = (words.get(at + 1), words.get(at + 2)) else {
                continue;
            };
            if path.contains("the-last-request") {
                break;
            }
            called.extend(find(described, method, path));
        }
        called
    }
}

/// Removes the colours from a word.
fn plain(word: &str) -> String {
    let mut plain = String::new();
    let mut letters = word.chars();
    while let Some(letter) = letters.next() {
        if letter == '\u{1b}' {
            letters.by_ref().find(char::is_ascii_alphabetic);
        } else {
            plain.push(letter);
        }
    }
    plain
}

/// Finds the operation that a path belongs to: of several, the one with the fewest names.
fn find(described: &BTreeSet<Operation>, method: &str, path: &str) -> Option<Operation> {
    let path = path.split('?').next().unwrap_or_default();
    let fits = |template: &str| {
        let (path, template) = (path.split('/'), template.split('/'));
        path.clone().count() == template.clone().count()
            && path.zip(template).all(|(is, want)| want.starts_with('{') || is == want)
    };
    let fitting = described.iter().filter(|(m, template)| m == method && fits(template));
    fitting.min_by_key(|(_, template)| template.matches('{').count()).cloned()
}

/// Sends a plain GET.
async fn knock(url: &str) -> std::io::Result<()> {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let rest = url.trim_start_matches("http://");
    let (address, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut stream = tokio::net::TcpStream::connect(address).await?;
    let request = format!("GET /{path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    stream.read_to_end(&mut Vec::new()).await.map(drop)
}
