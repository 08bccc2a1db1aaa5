//! Deliveries that are signed and not understood: they are stored like all others.

use super::accepted;
use crate::{
    request::{Request, booking},
    script::{Case, Expected},
    servers::{HOOK, ROOMY, SIGNED},
};

/// How deep and how long the worst bodies are.
const DEPTH: usize = 100_000;
const DIGITS: usize = 1_000_000;

pub(super) fn cases() -> Vec<Case> {
    let small: [(&str, &[u8]); 16] = [
        ("one byte", b" "),
        ("an empty object", b"{}"),
        ("an empty list", b"[]"),
        ("false", b"false"),
        ("null", b"null"),
        ("a string", br#""BOOKING_CREATED""#),
        ("an object that breaks off", br#"{"triggerEvent":"BOOKING_CREATED","payload":{"uid":"#),
        ("two objects", br#"{"triggerEvent":"PING"}{"triggerEvent":"PING"}"#),
        ("a mark of byte order", b"\xef\xbb\xbf{\"triggerEvent\":\"PING\",\"payload\":{}}"),
        ("bytes that are no UTF-8", b"{\"triggerEvent\":\"BOOKING_\xc3\x28\",\"payload\":{}}"),
        ("UTF-16", b"{\0\"\0t\0\"\0:\x001\0}\0"),
        ("bytes of every value", &EVERY),
        ("an unknown trigger", br#"{"triggerEvent":"TEA_SERVED","payload":{"cups":2}}"#),
        ("a trigger that is a number", br#"{"triggerEvent":404,"payload":{}}"#),
        ("a known trigger without payload", br#"{"triggerEvent":"BOOKING_CANCELLED"}"#),
        ("a payload that is a list", br#"{"triggerEvent":"BOOKING_PAID","payload":[1,2]}"#),
    ];
    let mut cases = Vec::new();
    for path in [HOOK, SIGNED] {
        cases.push(empty(path));
        cases.extend(small.map(|(name, body)| strange(path, name, body)));
    }
    let large: [(&str, Vec<u8>); 6] = [
        ("lists without end", vec![b'['; DEPTH]),
        ("objects without end", br#"{"a":"#.repeat(DEPTH)),
        ("lists in lists", [vec![b'['; DEPTH], vec![b']'; DEPTH]].concat()),
        ("lists in a payload", in_a_payload(&[vec![b'['; DEPTH], vec![b']'; DEPTH]].concat())),
        ("a number of a megabyte", vec![b'7'; DIGITS]),
        ("a number of a megabyte in a payload", in_a_payload(&vec![b'7'; DIGITS])),
    ];
    cases.extend(large.map(|(name, body)| strange(ROOMY, name, &body)));
    // After all these the server must still be able to read what it can read.
    let title = "a delivery after all the strange ones";
    cases.push(strange(HOOK, title, &booking(title)));
    cases
}

/// Every byte that there is, once.
const EVERY: [u8; 256] = {
    let mut bytes = [0; 256];
    let mut value = 0;
    while value < 256 {
        bytes[value] = value as u8;
        value += 1;
    }
    bytes
};

fn strange(path: &str, name: &str, body: &[u8]) -> Case {
    Case::one(format!("{path}: {name}"), &Request::delivery(path, body), accepted(path, body))
}

fn in_a_payload(value: &[u8]) -> Vec<u8> {
    let start = br#"{"triggerEvent":"BOOKING_CREATED","payload":{"uid":"deep","metadata":"#;
    [start.as_slice(), value, b"}}"].concat()
}

/// A request that names no length has an empty body, as one that names a length of zero.
fn empty(path: &str) -> Case {
    let unframed = Request::new("POST", path).signed();
    let again = if path == SIGNED { Expected::Counted(0) } else { Expected::Duplicate };
    Case::one(format!("{path}: an empty body"), &Request::delivery(path, ""), accepted(path, b""))
        .write(unframed.bytes())
        .read(again)
}
