//! Refusals of servers, in every shape that they have.

use cal_client::Error;

use crate::{replay::Replay, server::Reply};

/// Returns what a client makes of a refusal.
async fn refusal(replay: &Replay, reply: Reply) -> Error {
    replay.answer(reply);
    replay.client.me().get().await.unwrap_err()
}

#[tokio::test]
async fn every_shape_of_a_refusal_is_understood() {
    let replay = Replay::start().await;
    for (body, code, message) in [
        (
            r#"{"status":"error","error":{"code":"NotFoundException","message":"no such thing","details":{"target":1}}}"#,
            Some("NotFoundException"),
            Some("no such thing"),
        ),
        (
            r#"{"error":"invalid_grant","error_description":"code_invalid_or_expired"}"#,
            Some("invalid_grant"),
            Some("code_invalid_or_expired"),
        ),
        (r#"{"statusCode":409,"message":"taken"}"#, None, Some("taken")),
        (r#"{"statusCode":400,"error":"Bad Request","message":["a","b"]}"#, None, Some("a; b")),
        ("<html>bad gateway</html>", None, None),
        ("[]", None, None),
        ("", None, None),
    ] {
        let error = refusal(&replay, Reply::json(400, body)).await;
        assert_eq!((error.code(), error.message()), (code, message), "{body}");
    }
}

#[tokio::test]
async fn nothing_that_was_said_is_shown_unasked() {
    let replay = Replay::start().await;
    let body =
        r#"{"error":{"code":"a code with ann@example.org","message":"ann@example.org is taken"}}"#;
    let error = refusal(&replay, Reply::json(409, body).header("x-request-id", "r-1")).await;
    assert_eq!(error.to_string(), "the server answered 409 (request r-1)");
    assert_eq!(format!("{error:?}"), "Error(Status: the server answered 409 (request r-1))");
    assert_eq!(error.message(), Some("ann@example.org is taken"));
}
