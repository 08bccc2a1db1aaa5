//! How users sign in to an app, and the tokens that come of it.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use cal_client::oauth::{self, Authorization, EU, OAuth, Scope};
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};
use url::Url;

use crate::{replay::Replay, server::Reply};

fn query(authorization: &Authorization) -> Vec<(String, String)> {
    Url::parse(&authorization.url).unwrap().query_pairs().into_owned().collect()
}

/// Returns what the standard has shown of a verifier (RFC 7636, `S256`).
fn challenge(verifier: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

#[test]
fn an_app_with_a_secret_sends_it_and_no_challenge() {
    let app = OAuth::new("an id", "https://app.example.org/cb?a=b").secret("s").app_url(EU);
    let authorization = app.authorize([Scope::BOOKING_READ, Scope::APPS_READ], "a&b").unwrap();
    assert!(authorization.url.starts_with("https://app.cal.eu/auth/oauth2/authorize?"));
    assert!(authorization.verifier.is_none());
    let expected = [
        ("response_type", "code"),
        ("client_id", "an id"),
        ("redirect_uri", "https://app.example.org/cb?a=b"),
        ("state", "a&b"),
        ("scope", "BOOKING_READ APPS_READ"),
    ];
    assert_eq!(query(&authorization), expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
}

#[test]
fn an_app_without_a_secret_proves_that_it_began() {
    let app = OAuth::new("id", "https://app.example.org/cb");
    let authorization = app.authorize([], "s").unwrap();
    let verifier = authorization.verifier.as_ref().unwrap();
    assert_eq!(verifier.expose_secret().len(), 43);
    // The example of appendix B.
    assert_eq!(
        challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    );
    let query = query(&authorization);
    assert!(query.contains(&("code_challenge".to_owned(), challenge(verifier.expose_secret()))));
    assert!(query.contains(&("code_challenge_method".to_owned(), "S256".to_owned())));
    assert!(!query.iter().any(|(name, _)| name == "scope"));
    assert_ne!(oauth::state().unwrap(), oauth::state().unwrap());
}

#[test]
fn the_app_must_have_an_address() {
    for address in ["", "app.cal.com", "ftp://app.cal.com", "https://app.cal.com?x="] {
        let app = OAuth::new("id", "https://app.example.org/cb").app_url(address);
        assert!(app.authorize([], "s").unwrap_err().is_request(), "{address}");
    }
}

#[tokio::test]
async fn tokens_are_read_whatever_they_last() {
    let replay = Replay::start().await;
    let app = OAuth::new("id", "https://app.example.org/cb").secret("s");
    for (json, lasts) in [
        (r#"{"access_token":"a","refresh_token":"b","expires_in":1800}"#, true),
        (r#"{"access_token":"a","expires_in":1e300}"#, true),
        (r#"{"access_token":"a","refresh_token":null,"token_type":"bearer"}"#, false),
    ] {
        replay.answer(Reply::json(200, json));
        let tokens = app.exchange(&replay.client, "a-code", None).await.unwrap();
        assert_eq!(tokens.access.expose_secret(), "a");
        assert_eq!(tokens.expires_at.is_some(), lasts, "{json}");
    }
}
