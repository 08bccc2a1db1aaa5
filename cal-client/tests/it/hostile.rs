//! Servers that answer what they should not, and what is shown of it.

use std::{
    error::Error as _,
    fmt::{Debug, Write as _},
};

use cal_client::{
    Auth, Client, Error, RetryPolicy, Tokens, bookings::BookingFilter, me::UpdateProfile,
    oauth::OAuth,
};
use chrono::DateTime;

use crate::{
    journal::Journal,
    server::{Reply, Server},
};

/// Starts a server that always answers the same, and a client that asks once.
async fn answering(reply: Reply) -> (Server, Client) {
    let server = Server::always(reply).await;
    let client = server.builder().retry(RetryPolicy::never()).max_answer(100_000).build().unwrap();
    (server, client)
}

/// Returns why the answer is no profile.
async fn fault(reply: Reply) -> Error {
    let (_server, client) = answering(reply).await;
    client.me().get().await.unwrap_err()
}

#[tokio::test]
async fn answers_that_are_cut_off_are_none() {
    let error = fault(Reply::data(r#"{"id":1,"email":"ann@example.org"}"#).cut()).await;
    assert!(error.status().is_none() && !error.is_timeout() && !error.is_connect());
    let error = fault(Reply::json(200, "")).await;
    assert!(error.is_decode());
}

#[tokio::test]
async fn pages_of_proxies_are_refusals() {
    let page = "<html><body>502 Bad Gateway ann@example.org</body></html>";
    let error = fault(Reply::new(502, "text/html", page)).await;
    assert_eq!((error.status(), error.code(), error.message()), (Some(502), None, None));
    let error = fault(Reply::new(200, "text/html", page)).await;
    assert!(error.is_decode() && error.status() == Some(200) && error.path().is_none());
}

#[tokio::test]
async fn endless_answers_are_read_no_further_than_they_may() {
    let error = fault(Reply::json(200, &" ".repeat(1000)).endless()).await;
    assert!(error.is_decode());
    assert_eq!(error.to_string(), "the answer is longer than 100000 bytes");
    let error = fault(Reply::json(404, &" ".repeat(1000)).endless()).await;
    assert!(error.is_not_found());
}

#[tokio::test]
async fn nobody_is_followed_elsewhere() {
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = Server::start(|_| Reply::data("{}")).await;
        let to = format!("{}/v2/me", elsewhere.url());
        let error = fault(Reply::json(status, "").header("location", &to)).await;
        assert_eq!(error.status(), Some(status));
        assert!(elsewhere.seen().is_empty());
    }
}

#[tokio::test]
async fn an_error_is_one_whatever_the_status() {
    let body = r#"{"status":"error","error":{"code":"NotFoundException","message":"none"}}"#;
    for body in [body, &body.replace("error\",", r#"\u0065rror","#)] {
        let (_server, client) = answering(Reply::json(200, body)).await;
        let app = OAuth::new("an-app", "https://app.example.org/callback").secret("a-secret");
        for error in [
            client.me().get().await.unwrap_err(),
            client.bookings().list().await.unwrap_err(),
            app.refresh(&client, &"a-token".into()).await.unwrap_err(),
        ] {
            let seen = (error.status(), error.code(), error.message());
            assert_eq!(seen, (Some(200), Some("NotFoundException"), Some("none")));
        }
    }
}

#[tokio::test]
async fn what_is_nested_deeply_is_not_read() {
    let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    let objects = format!("{}1{}", r#"{"a":"#.repeat(15_000), "}".repeat(15_000));
    for nested in [deep, objects] {
        assert!(fault(Reply::data(&nested)).await.is_decode());
        assert!(fault(Reply::json(200, &nested)).await.is_decode());
        let error = fault(Reply::json(400, &nested)).await;
        assert_eq!((error.status(), error.code()), (Some(400), None));
    }
}

#[tokio::test]
async fn bytes_that_are_no_text_are_errors() {
    let bodies: [&[u8]; 4] = [
        b"{\"status\":\"success\",\"data\":{\"id\":1,\"email\":\"\xFF\xFE\"}}",
        b"{\"status\":\"success\",\"data\":{\"id\":1,\"email\":\"\0\"}}",
        b"\0\0\0\0",
        b"{\"status\":\"success\",\"data\":{\"id\":1,\"email\":\"\\ud800\"}}",
    ];
    for body in bodies {
        assert!(fault(Reply::new(200, "application/json", body)).await.is_decode());
        let error = fault(Reply::new(409, "application/json", body)).await;
        assert_eq!(error.status(), Some(409));
    }
    // A NUL is a letter as any other when it is written as JSON has it.
    let error = fault(Reply::json(400, r#"{"message":"a\u0000b"}"#)).await;
    assert_eq!(error.message(), Some("a\0b"));
}

#[tokio::test]
async fn where_an_answer_is_wrong_is_told_but_not_by_whose_names() {
    let error = fault(Reply::data(r#"{"id":1,"email":["ann@example.org"]}"#)).await;
    assert_eq!(error.path(), Some("data.email"));
    assert_eq!(error.to_string(), "the answer is not what was expected at data.email");
    let error = fault(Reply::data("null")).await;
    assert_eq!(error.path(), Some("data"));
}

/// Everything that is shown of an error to those who do not ask for its message.
fn shown(error: &Error) -> String {
    let mut shown = format!("{error} {error:?} {error:#?}");
    let mut source = error.source();
    while let Some(error) = source {
        write!(shown, " {error} {error:?}").unwrap();
        source = error.source();
    }
    shown
}

/// Fails when any of these is shown.
fn assert_hidden(shown: &str, secrets: &[&str]) {
    for secret in secrets {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

#[tokio::test]
async fn errors_show_neither_what_was_sent_nor_what_was_received() {
    let secrets = ["cal_test_key", "ann@example.org", "Ann's bio", "a-secret", "a-token", "a-code"];
    // All that is heard comes back, in every place there is.
    let servers =
        ["CODE", r#"{"status":"error","error":{"code":CODE,"message":CODE,"details":CODE}}"#]
            .into_iter()
            .chain([
                r#"{"error":CODE,"error_description":CODE}"#,
                r#"{"statusCode":CODE,"message":CODE}"#,
                r#"{"status":"success","data":CODE}"#,
                r#"{"status":"success","data":{"id":1,"email":{CODE:CODE}}}"#,
                r#"{"status":CODE,"data":{"id":CODE}}"#,
            ]);
    for (template, status) in servers.flat_map(|it| [200, 400, 401, 500].map(|status| (it, status)))
    {
        let server = Server::start(move |seen| {
            let heard = format!("{seen:?} {}", String::from_utf8_lossy(&seen.body));
            let heard = serde_json::to_string(&heard).unwrap();
            Reply::json(status, &template.replace("CODE", &heard))
        })
        .await;
        let client = server.builder().retry(RetryPolicy::never()).build().unwrap();
        let app = OAuth::new("an-app", "https://app.example.org/callback").secret("a-secret");
        let update = UpdateProfile::new().email("ann@example.org").bio("Ann's bio");
        for error in [
            client.me().update(&update).await.unwrap_err(),
            app.refresh(&client, &"a-token".into()).await.unwrap_err(),
            app.exchange(&client, "a-code", None).await.unwrap_err(),
        ] {
            assert_hidden(&shown(&error), &secrets);
        }
    }
}

#[tokio::test]
async fn errors_of_connections_do_not_show_addresses_with_queries() {
    let server = Server::start(|_| Reply::silent().cut()).await;
    let url = server.url();
    drop(server);
    let builder = Client::builder().base_url(url).auth(Auth::api_key("cal_test_key"));
    let client = builder.retry(RetryPolicy::never()).build().unwrap();
    let list = client.platform("a-client").managed_users().list().emails(["ann@example.org"]);
    let error = list.await.unwrap_err();
    assert_hidden(&shown(&error), &["cal_test_key", "ann@", "a-client"]);
    let error = client.bookings().get("..").await.unwrap_err();
    assert!(error.is_request());
}

#[tokio::test]
async fn credentials_that_are_no_header_are_not_sent() {
    let (server, client) = answering(Reply::data("{}")).await;
    for key in ["", "a\nb", "a\0b", "kéy"] {
        let error = client.with_auth(Auth::api_key(key)).me().get().await.unwrap_err();
        assert!(error.is_auth());
        let shown = shown(&error);
        assert!(key.is_empty() || !shown.contains(key), "{shown}");
    }
    assert!(server.seen().is_empty());
}

#[test]
fn what_holds_secrets_does_not_show_them() {
    let app = OAuth::new("an-app", "https://app.example.org/callback").secret("a-secret");
    let tokens = || Tokens {
        access: "an-access".into(),
        refresh: Some("a-refresh".into()),
        expires_at: None,
    };
    let platform = Auth::platform("a-client", "a-secret");
    let client = Client::builder().auth(platform.clone()).build().unwrap();
    let users = client.platform("a-client").managed_users();
    let all: [&dyn Debug; 7] = [
        &app,
        &tokens(),
        &app.session(tokens()),
        &Auth::session(app.session(tokens())),
        &platform,
        &client,
        &(users.session(7, tokens()), &users),
    ];
    assert_hidden(&format!("{all:?} {all:#?}"), &["a-secret", "an-access", "a-refresh"]);
}

#[tokio::test]
async fn traces_name_operations_but_nobody() {
    let server = Server::start(|seen| match &*seen.path {
        "/v2/auth/oauth2/token" => Reply::json(200, r#"{"access_token":"an-access"}"#),
        "/v2/bookings" => Reply::json(404, r#"{"message":"ann@example.org"}"#),
        _ => Reply::json(429, r#"{"message":"ann@example.org"}"#).header("retry-after", "0"),
    })
    .await;
    let journal = Journal::begin();
    be_traced(&server).await;
    let journal = journal.end();

    for told in [
        "/v2/bookings/{}/references",
        "method=GET",
        "tries=2",
        "status=404",
        "status=429",
        "error=",
    ] {
        assert!(journal.contains(told), "{told} not in {journal}");
    }
    let secrets = ["a-booking", "past", "ann@", "an-access", "a-refresh", "a-secret", "an-app"];
    assert_hidden(&journal, &secrets);
}

/// Asks for what nobody else may know.
async fn be_traced(server: &Server) {
    let app = OAuth::new("an-app", "https://app.example.org/callback").secret("a-secret");
    let tokens = Tokens {
        access: "an-access".into(),
        refresh: Some("a-refresh".into()),
        expires_at: Some(DateTime::UNIX_EPOCH),
    };
    let policy = RetryPolicy::default().retries(1);
    let client = server.builder().auth(Auth::session(app.session(tokens))).retry(policy);
    let client = client.build().unwrap();
    client.bookings().references("a-booking", None).await.unwrap_err();
    client.bookings().list().status([BookingFilter::Past]).await.unwrap_err();
    client.me().update(&UpdateProfile::new().email("ann@example.org")).await.unwrap_err();
}
