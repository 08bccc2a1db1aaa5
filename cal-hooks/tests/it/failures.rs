//! What every service may do wrong.

use std::{fmt::Debug, time::Duration};

use cal_webhook::HookError;

use crate::server::{Reply, Server};

/// The secret that the services are given here.
pub(crate) const SECRET: &str = "a key of the tests";

/// Fails unless the errors that every service has in common are sorted alike.
///
/// `call` makes the client for a base address and calls it once; no error may tell what `hidden`
/// holds.
pub(crate) async fn are_sorted(
    hidden: &[&str],
    call: impl AsyncFn(String) -> Result<(), HookError>,
) {
    let limited = Reply::text(429, "slow down").header("retry-after", "7");
    let dated = Reply::text(503, "").header("retry-after", "Wed, 04 Mar 2026 10:00:00 GMT");
    let cases = [
        (limited, true, Some(7)),
        (Reply::text(429, ""), true, None),
        (dated, true, None),
        (Reply::text(500, "a key of the tests"), true, None),
        (Reply::HangUp, true, None),
        (Reply::text(401, "a key of the tests"), true, None),
        (Reply::text(403, ""), true, None),
        (Reply::text(400, ""), false, None),
        (Reply::text(404, ""), false, None),
    ];
    for (reply, transient, delay) in cases {
        let case = format!("{reply:?}");
        let server = Server::saying(reply).await;
        let error = call(server.url()).await.unwrap_err();
        assert_eq!(error.is_transient(), transient, "{case}: {error}");
        assert_eq!(error.delay(), delay.map(Duration::from_secs), "{case}: {error}");
        tells_nothing(&error, hidden);
    }
    for (address, transient) in [("http://127.0.0.1:1", true), ("no address", false)] {
        let error = call(address.to_owned()).await.unwrap_err();
        assert_eq!(error.is_transient(), transient, "{address}: {error}");
        tells_nothing(&error, hidden);
    }
}

/// Fails when an error shows a secret, or something else that nobody shall see.
pub(crate) fn tells_nothing(shown: &(impl Debug + ?Sized), hidden: &[&str]) {
    let shown = format!("{shown:?}");
    for hidden in hidden.iter().chain(&[SECRET]) {
        assert!(!shown.contains(hidden), "{shown}");
    }
}
