//! Clients that are slow, and clients that go away.

use std::time::Duration;

use crate::{
    client::Drip,
    request::{Request, booking, chunk},
    script::{Case, Expected},
    servers::{HOOK, HURRIED, HURRIED_SIGNED, SIGNED},
};

const PAUSE: Duration = Duration::from_millis(50);
/// Many times as long as the limits take that end this.
const TIMES: usize = 200;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![done_before_the_answer()];
    for path in [HURRIED, HURRIED_SIGNED] {
        cases.extend([
            stalled(path),
            dripping(path),
            dripping_chunks(path),
            stalled_unsigned(path),
        ]);
    }
    cases.extend([
        silent(),
        stalled_head(),
        dripping_head(),
        gone_with_the_body(),
        gone_within_a_chunk(),
        finished_early(HOOK),
        finished_early(SIGNED),
    ]);
    cases
}

/// Nothing comes after the headers.
fn stalled(path: &str) -> Case {
    let title = format!("{path}: a body that never comes");
    let request = Request::delivery(path, booking(&title));
    Case::new(title).write(request.head()).read(too_slow()).read(Expected::Closed)
}

/// Every byte comes in time, and the whole does not: the limit is not one for pauses.
fn dripping(path: &str) -> Case {
    let title = format!("{path}: a body that comes byte by byte");
    let request = Request::delivery(path, vec![b' '; 1000]);
    Case::new(title)
        .write(request.head())
        .drip(Drip { piece: b" ".to_vec(), pause: PAUSE, times: TIMES }, too_slow())
        .read(Expected::Closed)
}

fn dripping_chunks(path: &str) -> Case {
    let title = format!("{path}: chunks that come one by one");
    let request = Request::delivery(path, booking(&title)).chunked(1);
    Case::new(title)
        .write(request.head())
        .drip(Drip { piece: chunk(b" "), pause: PAUSE, times: TIMES }, too_slow())
        .read(Expected::Closed)
}

/// Without a signature the body could never be accepted, but what is said first is said to all.
fn stalled_unsigned(path: &str) -> Case {
    let title = format!("{path}: a body that never comes, without a signature");
    let request = Request::post(path, booking(&title));
    Case::new(title).write(request.head()).read(too_slow()).read(Expected::Closed)
}

fn silent() -> Case {
    Case::new("a connection without a word").hurried().read(Expected::Dropped).ask()
}

fn stalled_head() -> Case {
    let head = Request::delivery(HOOK, booking("never sent")).head();
    Case::new("a head that never ends")
        .hurried()
        .write(&head[..head.len() - 4])
        .read(Expected::Dropped)
        .ask()
}

/// Every header comes in time, and the whole does not.
fn dripping_head() -> Case {
    Case::new("headers that come one by one")
        .hurried()
        .write(format!("POST {HOOK} HTTP/1.1\r\nHost: receiver.test\r\n"))
        .drip(
            Drip { piece: b"X: y\r\n".to_vec(), pause: PAUSE, times: TIMES / 4 },
            Expected::Dropped,
        )
        .ask()
}

fn gone_with_the_body() -> Case {
    let title = "a client that goes away within the body";
    let request = Request::delivery(HOOK, booking(title));
    let bytes = request.bytes();
    Case::new(title).write(&bytes[..bytes.len() - 1]).ask()
}

/// The chunks that came are a body with a good signature, only that nobody said it was the end.
fn gone_within_a_chunk() -> Case {
    let title = "a client that goes away before the last chunk";
    let request = Request::delivery(HOOK, booking(title)).chunked(100);
    let bytes = request.bytes();
    Case::new(title).write(&bytes[..bytes.len() - b"0\r\n\r\n".len()]).ask()
}

/// A client may say that it is done and wait for its answer.
fn done_before_the_answer() -> Case {
    let title = "a client that is done with writing";
    let body = booking(title);
    let request = Request::delivery(HOOK, &*body);
    Case::new(title)
        .write(request.bytes())
        .finish()
        .read(Expected::Stored(body))
        .read(Expected::Closed)
}

/// A client that still listens and says that no more comes.
fn finished_early(path: &str) -> Case {
    let title = format!("{path}: a body that ends before its length");
    let request = Request::delivery(path, booking(&title));
    let bytes = request.bytes();
    Case::new(title)
        .write(&bytes[..bytes.len() - 1])
        .finish()
        .read(Expected::refused(400, "the body broke off before its end"))
        .ask()
}

fn too_slow() -> Expected {
    Expected::refused(408, "expected the whole body within 0.5 seconds")
}
