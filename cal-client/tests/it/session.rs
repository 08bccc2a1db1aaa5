//! Sessions: tokens are refreshed once, saved, and never lost.

use std::{
    error::Error as StdError,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use cal_client::{
    Auth, Client, Error, RetryPolicy, Session, TokenStore, Tokens, me::Profile, oauth::OAuth,
};
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret as _;
use tokio::{
    sync::{Barrier, mpsc},
    task::JoinSet,
};

use crate::{
    clock::Clock,
    server::{Reply, Seen, Server},
};

const TOKEN: &str = "/v2/auth/oauth2/token";
const CALLERS: usize = 100;

fn tokens(access: &str, refresh: Option<&str>, expires_at: Option<DateTime<Utc>>) -> Tokens {
    Tokens { access: access.into(), refresh: refresh.map(Into::into), expires_at }
}

/// Tokens that look valid.
fn old() -> Tokens {
    tokens("old", Some("old-refresh"), None)
}

/// Tokens that are known to have expired.
fn expired() -> Tokens {
    tokens("old", Some("old-refresh"), Some(DateTime::UNIX_EPOCH))
}

fn app() -> OAuth {
    OAuth::new("an-app", "https://app.example.org/callback").secret("a-secret")
}

/// A client without retries.
fn client(server: &Server, session: Session) -> Client {
    server.builder().auth(Auth::session(session)).retry(RetryPolicy::never()).build().unwrap()
}

fn profile() -> Reply {
    Reply::data(r#"{"id":1,"email":"ann@example.org"}"#)
}

fn issued(access: &str) -> Reply {
    let tokens = format!(r#""access_token":"{access}","refresh_token":"{access}-refresh""#);
    Reply::json(200, &format!(r#"{{{tokens},"token_type":"bearer","expires_in":1800}}"#))
}

fn refused() -> Reply {
    let body = r#"{"error":"invalid_grant","error_description":"invalid_refresh_token"}"#;
    Reply::json(400, body)
}

fn is_new(seen: &Seen) -> bool {
    seen.header("authorization") == "Bearer new"
}

/// Returns the requests for tokens.
fn refreshes(server: &Server) -> Vec<Seen> {
    server.seen().into_iter().filter(|seen| seen.path == TOKEN).collect()
}

/// Lets many ask at once.
async fn ask(client: &Client) -> Vec<Result<Profile, Error>> {
    let mut asking = JoinSet::new();
    for _ in 0..CALLERS {
        let client = client.clone();
        asking.spawn(async move { client.me().get().await });
    }
    asking.join_all().await
}

/// Tells which tokens it was handed.
struct Store {
    saved: mpsc::UnboundedSender<String>,
    /// What others saved.
    stored: Mutex<Option<Tokens>>,
    is_broken: Arc<AtomicBool>,
}

impl Store {
    fn new() -> (Self, mpsc::UnboundedReceiver<String>) {
        let (saved, all) = mpsc::unbounded_channel();
        (Self { saved, stored: Mutex::default(), is_broken: Arc::default() }, all)
    }
}

impl TokenStore for Store {
    async fn load(&self) -> Result<Option<Tokens>, Box<dyn StdError + Send + Sync>> {
        Ok(self.stored.lock().unwrap().clone())
    }

    async fn save(&self, tokens: &Tokens) -> Result<(), Box<dyn StdError + Send + Sync>> {
        if self.is_broken.load(Ordering::Relaxed) {
            return Err("the disk is full".into());
        }
        let refresh = tokens.refresh.as_ref().unwrap().expose_secret();
        self.saved.send(format!("{} {refresh}", tokens.access.expose_secret()))?;
        Ok(())
    }
}

#[tokio::test]
async fn many_who_are_refused_refresh_once() {
    for status in [401, 498] {
        let all_refused = Arc::new(Barrier::new(CALLERS));
        let server = Server::start(move |seen| match &*seen.path {
            TOKEN => issued("new"),
            _ if is_new(seen) => profile(),
            _ => Reply::json(status, "{}").behind(&all_refused),
        })
        .await;
        let (store, mut saved) = Store::new();
        let client = client(&server, app().session(old()).store(store));
        assert!(ask(&client).await.iter().all(Result::is_ok));
        drop(client);
        let [refresh] = &refreshes(&server)[..] else { panic!("there was not one refresh") };
        assert_eq!(refresh.header("authorization"), "");
        let form = refresh.form();
        assert_eq!(form["grant_type"], "refresh_token");
        assert_eq!(form["refresh_token"], "old-refresh");
        assert_eq!((&*form["client_id"], &*form["client_secret"]), ("an-app", "a-secret"));
        assert_eq!(server.seen().len(), 2 * CALLERS + 1);
        assert_eq!(saved.recv().await.as_deref(), Some("new new-refresh"));
        assert_eq!(saved.recv().await, None);
    }
}

#[tokio::test]
async fn tokens_that_expired_are_not_shown() {
    let server = Server::start(|seen| match &*seen.path {
        TOKEN => issued("new"),
        _ => profile(),
    })
    .await;
    let client = client(&server, app().session(expired()));
    assert!(ask(&client).await.iter().all(Result::is_ok));
    assert_eq!(refreshes(&server).len(), 1);
    assert_eq!(server.seen().iter().filter(|seen| is_new(seen)).count(), CALLERS);
    assert_eq!(server.seen().len(), CALLERS + 1);
}

#[tokio::test]
async fn a_refresh_that_fails_fails_for_all_who_wait() {
    let _clock = Clock::stopped();
    let all_refused = Arc::new(Barrier::new(CALLERS));
    let server = Server::start(move |seen| match &*seen.path {
        TOKEN => refused(),
        _ => Reply::json(401, "{}").behind(&all_refused),
    })
    .await;
    let (store, mut saved) = Store::new();
    let client = client(&server, app().session(old()).store(store));
    for result in ask(&client).await {
        let error = result.unwrap_err();
        assert_eq!((error.code(), error.is_auth()), (Some("invalid_grant"), true));
    }
    assert_eq!(refreshes(&server).len(), 1);
    drop(client);
    assert_eq!(saved.recv().await, None);
}

#[tokio::test]
async fn after_a_refresh_that_failed_the_next_one_may_succeed() {
    let clock = Clock::stopped();
    let count = AtomicUsize::new(0);
    let server = Server::start(move |seen| match &*seen.path {
        TOKEN if count.fetch_add(1, Ordering::Relaxed) == 0 => Reply::json(503, "{}"),
        TOKEN => issued("new"),
        _ => profile(),
    })
    .await;
    let client = client(&server, app().session(expired()));
    assert_eq!(client.me().get().await.unwrap_err().status(), Some(503));
    assert_eq!(client.me().get().await.unwrap_err().status(), Some(503));
    assert_eq!(refreshes(&server).len(), 1);
    clock.advance(Duration::from_secs(2)).await;
    client.me().get().await.unwrap();
    assert_eq!(refreshes(&server).len(), 2);
}

#[tokio::test]
async fn who_gives_up_does_not_lose_the_tokens() {
    let gate = Arc::new(Barrier::new(2));
    let hold = Arc::clone(&gate);
    let server = Server::start(move |seen| match &*seen.path {
        TOKEN => issued("new").behind(&hold),
        _ => profile(),
    })
    .await;
    let (store, mut saved) = Store::new();
    let client = client(&server, app().session(expired()).store(store));
    let asking = tokio::spawn({
        let client = client.clone();
        async move { client.me().get().await }
    });
    server.asked(1).await;
    asking.abort();
    assert!(asking.await.unwrap_err().is_cancelled());
    gate.wait().await;
    assert_eq!(saved.recv().await.as_deref(), Some("new new-refresh"));
    client.me().get().await.unwrap();
    assert_eq!(refreshes(&server).len(), 1);
    assert!(server.seen().iter().all(|seen| seen.path == TOKEN || is_new(seen)));
}

#[tokio::test]
async fn tokens_are_saved_before_anything_goes_on() {
    let clock = Clock::stopped();
    let server = Server::start(|seen| match &*seen.path {
        TOKEN => issued("new"),
        _ => profile(),
    })
    .await;
    let (store, mut saved) = Store::new();
    let is_broken = Arc::clone(&store.is_broken);
    is_broken.store(true, Ordering::Relaxed);
    // What the store has is older than what could not be saved.
    *store.stored.lock().unwrap() = Some(tokens("older", Some("older-refresh"), None));
    store.stored.lock().unwrap().as_mut().unwrap().expires_at = Some(DateTime::UNIX_EPOCH);
    let client = client(&server, app().session(expired()).store(store));
    for result in ask(&client).await {
        let error = result.unwrap_err();
        assert!(!error.is_auth() && error.to_string() == "the token store failed");
    }
    is_broken.store(false, Ordering::Relaxed);
    clock.advance(Duration::from_secs(2)).await;
    client.me().get().await.unwrap();
    assert_eq!(saved.recv().await.as_deref(), Some("new new-refresh"));
    let [refresh] = &refreshes(&server)[..] else { panic!("there was not one refresh") };
    assert_eq!(refresh.form()["refresh_token"], "older-refresh");
}

#[tokio::test]
async fn tokens_of_another_process_are_taken() {
    let server =
        Server::start(|seen| if is_new(seen) { profile() } else { Reply::json(401, "{}") });
    let server = server.await;
    let (store, mut saved) = Store::new();
    *store.stored.lock().unwrap() = Some(tokens("new", Some("new-refresh"), None));
    let client = client(&server, app().session(old()).store(store));
    client.me().get().await.unwrap();
    assert_eq!((refreshes(&server).len(), server.seen().len()), (0, 2));
    drop(client);
    assert_eq!(saved.recv().await, None);
}

#[tokio::test]
async fn tokens_that_are_young_are_not_refreshed_again() {
    let clock = Clock::stopped();
    let server = Server::start(|seen| match &*seen.path {
        TOKEN => issued("new"),
        // As to accounts that lack an organization.
        _ => Reply::json(401, "{}"),
    })
    .await;
    let client = client(&server, app().session(old()));
    for _ in 0..5 {
        assert_eq!(client.me().get().await.unwrap_err().status(), Some(401));
    }
    assert_eq!((refreshes(&server).len(), server.seen().len()), (1, 1 + 2 + 4));
    clock.advance(Duration::from_secs(61)).await;
    client.me().get().await.unwrap_err();
    assert_eq!(refreshes(&server).len(), 2);
}

#[tokio::test]
async fn apps_without_a_secret_send_none_and_keep_their_refresh_token() {
    let server = Server::start(|seen| match &*seen.path {
        TOKEN => Reply::json(200, r#"{"access_token":"new","expires_in":0}"#),
        _ => profile(),
    })
    .await;
    let public = OAuth::new("an-app", "https://app.example.org/callback");
    let client = client(&server, public.session(expired()));
    client.me().get().await.unwrap();
    client.me().get().await.unwrap();
    for refresh in refreshes(&server) {
        let names: Vec<_> = refresh.form().into_keys().collect();
        assert_eq!(names, ["client_id", "grant_type", "refresh_token"]);
        assert_eq!(refresh.form()["refresh_token"], "old-refresh");
    }
    assert_eq!(refreshes(&server).len(), 2);
}

#[tokio::test]
async fn without_a_refresh_token_one_must_sign_in_again() {
    let server = Server::start(|_| Reply::json(401, "{}")).await;
    let client = client(&server, app().session(tokens("old", None, None)));
    let error = client.me().get().await.unwrap_err();
    assert!(error.is_auth() && error.status().is_none());
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_code_becomes_tokens() {
    let server = Server::start(|_| issued("new")).await;
    let client = server.client();
    let tokens = app().exchange(&client, "a-code", None).await.unwrap();
    assert_eq!(tokens.access.expose_secret(), "new");
    let lasts = (tokens.expires_at.unwrap() - now()).num_seconds();
    assert!((1700..=1800).contains(&lasts));
    // Either a secret or a verifier, and never both.
    let public = OAuth::new("an-app", "https://app.example.org/callback");
    let verifier = "v".repeat(43).into();
    assert!(app().exchange(&client, "a-code", Some(&verifier)).await.unwrap_err().is_request());
    assert!(public.exchange(&client, "a-code", None).await.unwrap_err().is_request());
    public.exchange(&client, "a-code", Some(&verifier)).await.unwrap();
    let seen = server.seen();
    assert!(seen.iter().all(|seen| seen.header("authorization").is_empty()));
    let names: Vec<Vec<_>> = seen.iter().map(|seen| seen.form().into_keys().collect()).collect();
    let [first, last] = ["client_secret", "code_verifier"].map(|proof| {
        let mut names = vec!["client_id", "code", "grant_type", "redirect_uri", proof];
        names.sort_unstable();
        names
    });
    assert_eq!(names, [first, last]);
}

#[expect(clippy::disallowed_methods, reason = "the test compares with the clock")]
fn now() -> DateTime<Utc> {
    Utc::now()
}

/// A server that knows a managed user, and refreshes by a refresh token only if told so.
async fn platform(refresh: u16) -> Server {
    Server::start(move |seen| {
        let tokens = Reply::data(
            r#"{"accessToken":"new","refreshToken":"r","accessTokenExpiresAt":33000000000000}"#,
        );
        match &*seen.path {
            "/v2/oauth/a-client/refresh" if refresh == 200 => tokens,
            "/v2/oauth/a-client/refresh" => Reply::json(refresh, "{}"),
            "/v2/oauth-clients/a-client/users/7/force-refresh" => tokens,
            _ if is_new(seen) => profile(),
            _ => Reply::json(498, "{}"),
        }
    })
    .await
}

#[tokio::test]
async fn managed_users_are_refreshed_by_their_platform_client() {
    let by_token = "/v2/oauth/a-client/refresh";
    let by_force = "/v2/oauth-clients/a-client/users/7/force-refresh";
    for (refresh, answer, expected) in [
        (Some("r"), 200, vec![by_token]),
        (Some("r"), 401, vec![by_token, by_force]),
        (Some("r"), 498, vec![by_token, by_force]),
        (None, 200, vec![by_force]),
        (Some("r"), 500, vec![by_token]),
    ] {
        let server = platform(answer).await;
        let builder = server.builder().auth(Auth::platform("a-client", "a-secret"));
        let client = builder.retry(RetryPolicy::never()).build().unwrap();
        let users = client.platform("a-client").managed_users();
        let theirs = client.with_session(users.session(7, tokens("old", refresh, None)));
        let status = theirs.me().get().await.err().and_then(|error| error.status());
        assert_eq!(status, (answer == 500).then_some(500));
        let seen = server.seen();
        let refreshes: Vec<_> = seen.iter().filter(|seen| seen.method == "POST").collect();
        let paths: Vec<_> = refreshes.iter().map(|seen| &*seen.path).collect();
        assert_eq!(paths, expected);
        for refresh in refreshes {
            assert_eq!(refresh.header("x-cal-secret-key"), "a-secret");
            assert!(refresh.header("x-cal-client-id").is_empty());
            assert!(refresh.header("authorization").is_empty());
        }
    }
}
