//! Deliveries that are right, in every shape that a client or a proxy may give them.

use std::time::Duration;

use super::accepted;
use crate::{
    request::{Request, SIGNATURE, booking, sign},
    script::{Case, Expected},
    servers::{HOOK, SECRET, SIGNED, SLASHED},
};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![
        repeated(),
        repeated_elsewhere(),
        simple("a signature in upper case", |request, body| {
            request.header(SIGNATURE, sign(SECRET, body).to_uppercase())
        }),
        simple("a header's name in odd case", |request, body| {
            request.header("x-CAL-sIgNaTuRe-256", sign(SECRET, body))
        }),
        // White space around a value belongs to the header line and not to the value.
        simple("white space around the signature", |request, body| {
            request.header(SIGNATURE, format!(" \t{} ", sign(SECRET, body)))
        }),
        simple("text/plain", |request, _| request.header("Content-Type", "text/plain").signed()),
        simple("no content type", |request, _| request.signed()),
        simple("a content type that is none", |request, _| {
            request.header("Content-Type", [0xf0, 0x28, b'/', 0xff]).signed()
        }),
        simple("content-encoding identity", |request, _| {
            request.header("Content-Encoding", "identity").signed()
        }),
        simple("chunks of one byte", |request, _| request.chunked(1).signed()),
        simple("one chunk", |request, body| request.chunked(body.len()).signed()),
        form_encoded(),
        with_a_slash(),
        with_a_query(),
        head_in_single_bytes(),
        kept_alive(),
        pipelined(),
        kept_alive_after_a_refusal(),
        last_of_its_connection(),
    ];
    cases.extend([HOOK, SIGNED].map(body_in_pieces));
    cases.extend([HOOK, SIGNED].map(asked_to_go_on));
    let title = "a delivery to the signed route";
    let body = booking(title);
    let request = Request::delivery(SIGNED, &*body);
    // Nothing is stored there, so the same bytes are counted again.
    cases.push(
        Case::one(title, &request, Expected::Counted(body.len()))
            .write(request.bytes())
            .read(Expected::Counted(body.len())),
    );
    cases
}

/// A delivery to the receiver that differs in one thing.
fn simple(title: &str, change: impl FnOnce(Request, &[u8]) -> Request) -> Case {
    let body = booking(title);
    let request = change(Request::post(HOOK, &*body), &body);
    Case::one(title, &request, Expected::Stored(body))
}

fn repeated() -> Case {
    let title = "the same delivery again";
    let body = booking(title);
    let request = Request::delivery(HOOK, &*body);
    Case::one(title, &request, Expected::Stored(body))
        .write(request.bytes())
        .read(Expected::Duplicate)
}

/// What counts is the body alone: neither the connection nor the headers make it another one.
fn repeated_elsewhere() -> Case {
    let title = "the same delivery on another connection with other headers";
    let body = booking(title);
    let again = Request::post(HOOK, &*body).header("User-Agent", "another one").chunked(9).signed();
    Case::one(title, &Request::delivery(HOOK, &*body), Expected::Stored(body))
        .reopen()
        .write(again.bytes())
        .read(Expected::Duplicate)
}

/// A webhook with a custom template may send what an HTML form sends.
fn form_encoded() -> Case {
    let body = b"triggerEvent=BOOKING_CREATED&uid=form+encoded&note=%C3%A5".to_vec();
    let request = Request::post(HOOK, &*body)
        .header("Content-Type", "application/x-www-form-urlencoded")
        .signed();
    Case::one("a form-encoded template", &request, Expected::Stored(body))
}

fn with_a_slash() -> Case {
    let title = "a delivery to the address with a slash behind it";
    let body = booking(title);
    Case::one(title, &Request::delivery(SLASHED, &*body), Expected::Stored(body))
}

fn with_a_query() -> Case {
    let title = "a query behind the path";
    let body = booking(title);
    let path = format!("{HOOK}?team=north&x-cal-signature-256=0");
    Case::one(title, &Request::delivery(&path, &*body), Expected::Stored(body))
}

fn head_in_single_bytes() -> Case {
    let title = "a head in single bytes";
    let body = booking(title);
    let request = Request::delivery(HOOK, &*body);
    Case::new(title)
        .split(request.head(), 1, Duration::ZERO)
        .write(request.rest())
        .read(Expected::Stored(body))
}

fn body_in_pieces(path: &str) -> Case {
    let title = format!("{path}: a body in pieces");
    let body = booking(&title);
    let request = Request::delivery(path, &*body);
    // A pause parts the pieces even where the kernel would join them.
    Case::new(title)
        .write(request.head())
        .split(&body[..100], 10, Duration::from_millis(5))
        .split(&body[100..], 3, Duration::ZERO)
        .read(accepted(path, &body))
}

fn asked_to_go_on(path: &str) -> Case {
    let title = format!("{path}: a client that asks before it sends the body");
    let body = booking(&title);
    let request = Request::delivery(path, &*body).header("Expect", "100-continue");
    Case::new(title)
        .write(request.head())
        .read_continue()
        .write(request.rest())
        .read(accepted(path, &body))
}

fn kept_alive() -> Case {
    let title = "three deliveries on one connection";
    let bodies = ["first", "second", "third"].map(|which| booking(&format!("{title}: {which}")));
    bodies.into_iter().enumerate().fold(Case::new(title), |case, (index, body)| {
        // The framing of one must not leak into the next.
        let request = Request::delivery(HOOK, &*body);
        let request = if index == 1 { request.chunked(50) } else { request };
        case.write(request.bytes()).read(Expected::Stored(body))
    })
}

fn pipelined() -> Case {
    let title = "two deliveries and a question in one write";
    let [first, second] = ["first", "second"].map(|which| booking(&format!("{title}: {which}")));
    let written = [
        Request::delivery(HOOK, &*first).bytes(),
        Request::delivery(HOOK, &*second).bytes(),
        Request::new("GET", HOOK).bytes(),
    ];
    Case::new(title)
        .write(written.concat())
        .read(Expected::Stored(first))
        .read(Expected::Stored(second))
        .read(Expected::Health)
}

/// A body with a bad signature was read to its end, so the connection is still good.
fn kept_alive_after_a_refusal() -> Case {
    let title = "a delivery on the connection of a refused one";
    let body = booking(title);
    let unsigned = Request::post(HOOK, &*body);
    let missing = Expected::refused(401, "expected a x-cal-signature-256 header, found none");
    Case::one(title, &unsigned, missing)
        .write(Request::delivery(HOOK, &*body).bytes())
        .read(Expected::Stored(body))
}

/// HTTP/1.0 has neither chunks nor kept connections: the answer is the end.
fn last_of_its_connection() -> Case {
    let title = "HTTP/1.0";
    let body = booking(title);
    let request = Request::delivery(HOOK, &*body).version("HTTP/1.0");
    Case::one(title, &request, Expected::Stored(body)).read(Expected::Closed)
}
