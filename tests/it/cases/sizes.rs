//! Bodies at the limit, above it, and with an encoding that hides their size.

use std::time::Duration;

use super::accepted;
use crate::{
    client::Drip,
    request::{Request, booking, booking_of, chunk},
    script::{Case, Expected},
    servers::{DEFAULT_LIMIT, HOOK, LIMIT, ROOMY, SIGNED},
};

/// How much a client writes at most that was told to stop.
const FLOOD: usize = 8 * 1024 * 1024;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for path in [HOOK, SIGNED] {
        cases.extend([
            at_the_limit(path, LIMIT),
            at_the_limit_in_chunks(path),
            above_the_limit(path, LIMIT),
            above_the_limit_in_chunks(path),
            announced(path, false),
            announced(path, true),
            announced_and_sent(path),
            endless(path),
        ]);
        cases.extend(["gzip", "br", "GZIP", "identity, gzip"].map(|name| encoded(path, name)));
    }
    cases.extend([
        at_the_limit(ROOMY, DEFAULT_LIMIT),
        above_the_limit(ROOMY, DEFAULT_LIMIT),
        encoded_twice(),
        beyond_numbers(),
    ]);
    cases
}

fn at_the_limit(path: &str, limit: usize) -> Case {
    let title = format!("{path}: a body at the limit");
    let body = booking_of(&title, limit);
    Case::one(title, &Request::delivery(path, &*body), accepted(path, &body))
}

fn at_the_limit_in_chunks(path: &str) -> Case {
    let title = format!("{path}: chunks up to the limit");
    let body = booking_of(&title, LIMIT);
    Case::one(title, &Request::delivery(path, &*body).chunked(1000), accepted(path, &body))
}

fn above_the_limit(path: &str, limit: usize) -> Case {
    let title = format!("{path}: a body one byte above the limit");
    let request = Request::delivery(path, booking_of(&title, limit + 1));
    Case::one(title, &request, too_large(limit))
}

fn above_the_limit_in_chunks(path: &str) -> Case {
    let title = format!("{path}: chunks one byte above the limit");
    let request = Request::delivery(path, booking_of(&title, LIMIT + 1)).chunked(1000);
    Case::one(title, &request, too_large(LIMIT))
}

/// The answer has to come although no byte of the body was sent.
fn announced(path: &str, asks: bool) -> Case {
    let title = format!("{path}: a length above the limit, asking first: {asks}");
    let request = Request::delivery(path, booking(&title)).claiming(LIMIT + 1);
    let request = if asks { request.header("Expect", "100-continue") } else { request };
    Case::new(title).write(request.head()).read(too_large(LIMIT)).read(Expected::Closed)
}

/// A client that does not listen before it has sent everything is told all the same.
fn announced_and_sent(path: &str) -> Case {
    let title = format!("{path}: a flood that was announced");
    let request = Request::delivery(path, booking(&title)).claiming(FLOOD);
    let piece = vec![b' '; 32 * 1024];
    Case::new(title)
        .write(request.head())
        .drip(Drip { times: FLOOD / piece.len(), piece, pause: Duration::ZERO }, too_large(LIMIT))
        .read(Expected::Closed)
}

/// The chunk that would end the body never comes, and nobody waits for it.
fn endless(path: &str) -> Case {
    let title = format!("{path}: chunks without end");
    let request = Request::delivery(path, booking(&title)).chunked(1);
    let piece = chunk(&[b' '; 32 * 1024]);
    Case::new(title)
        .write(request.head())
        .drip(Drip { times: FLOOD / piece.len(), piece, pause: Duration::ZERO }, too_large(LIMIT))
        .read(Expected::Closed)
}

fn encoded(path: &str, encoding: &str) -> Case {
    let title = format!("{path}: content-encoding {encoding}");
    let request = Request::delivery(path, booking(&title)).header("Content-Encoding", encoding);
    Case::one(title, &request, refused_encoding())
}

fn encoded_twice() -> Case {
    let title = "content-encoding gzip behind identity";
    let request = Request::delivery(HOOK, booking(title))
        .header("Content-Encoding", "identity")
        .header("Content-Encoding", "gzip");
    Case::one(title, &request, refused_encoding())
}

/// A length that no machine can count to is the framework's to refuse.
fn beyond_numbers() -> Case {
    let request = Request::new("POST", HOOK).header("Content-Length", "99999999999999999999999");
    Case::one("a length beyond 64 bits", &request, Expected::Framework(400))
}

fn too_large(limit: usize) -> Expected {
    Expected::refused(413, format!("expected a body of at most {limit} bytes"))
}

fn refused_encoding() -> Expected {
    Expected::refused(415, "expected a body without content-encoding")
}
