//! Signatures that are no proof.

use crate::{
    request::{Request, SIGNATURE, booking, sign},
    script::{Case, Expected},
    servers::{HOOK, OLD_SECRET, ROTATING, SECRET, SIGNED},
};

pub(super) fn cases() -> Vec<Case> {
    let mut cases: Vec<_> = [HOOK, SIGNED].into_iter().flat_map(refused).collect();
    cases.extend(rotated());
    cases
}

/// A name, the values of the signature headers, and the error.
type Wrong = (&'static str, Vec<Vec<u8>>, Expected);

/// The signatures that a route refuses. The bodies are all new, so that none of them could pass for
/// a repeat, and all would be stored if the signature were not looked at.
fn refused(path: &str) -> Vec<Case> {
    let wrong = |(name, _, _): &Wrong| format!("{path}: {name}");
    let names = values(b"");
    let case = |(index, name): (usize, String)| {
        let body = booking(&name);
        let (_, signatures, expected) = values(&body).swap_remove(index);
        let request = signatures
            .iter()
            .fold(Request::post(path, &*body), |request, value| request.header(SIGNATURE, value));
        Case::one(name, &request, expected)
    };
    names.iter().map(wrong).enumerate().map(case).collect()
}

fn values(body: &[u8]) -> Vec<Wrong> {
    let right = sign(SECRET, body);
    let other = sign(SECRET, b"another body");
    // The last digit changes to another digit: one bit of 256 is enough.
    let flipped = flip(&right, 63);
    let with = |at: usize, byte: u8| {
        let mut value = right.clone().into_bytes();
        value[at] = byte;
        value
    };
    let one = |value: &str| vec![value.as_bytes().to_owned()];
    let trimmed = sign(SECRET, body.strip_suffix(b"}").unwrap_or(b"-"));
    vec![
        ("a signature of another body", one(&other), mismatch()),
        ("a signature with its last bit flipped", one(&flipped), mismatch()),
        ("a signature with its first bits flipped", one(&flip(&right, 0)), mismatch()),
        ("a signature of the body without its last byte", one(&trimmed), mismatch()),
        ("a signature with the old secret", one(&sign(OLD_SECRET, body)), mismatch()),
        ("a signature of nothing", one(&sign(SECRET, b"")), mismatch()),
        ("no signature", vec![], missing()),
        ("the same signature twice", [one(&right), one(&right)].concat(), doubled()),
        ("a wrong signature and the right one", [one(&other), one(&right)].concat(), doubled()),
        ("the right signature and a wrong one", [one(&right), one(&other)].concat(), doubled()),
        ("an empty signature and the right one", [one(""), one(&right)].concat(), doubled()),
        ("two signatures behind one another", one(&format!("{right}, {right}")), malformed(130)),
        ("an empty signature", one(""), malformed(0)),
        ("63 digits", one(&right[..63]), malformed(63)),
        ("65 digits", one(&format!("{right}0")), malformed(65)),
        ("twice the digits", one(&right.repeat(2)), malformed(128)),
        ("64 letters that are no digits", one(&"g".repeat(64)), malformed(64)),
        ("a letter in the place of a digit", vec![with(31, b'x')], malformed(64)),
        ("a space in the place of a digit", vec![with(31, b' ')], malformed(64)),
        ("a byte above ASCII in the place of a digit", vec![with(31, 0xe5)], malformed(64)),
        ("64 bytes above ASCII", vec![vec![0xff; 64]], malformed(64)),
        ("a prefix", one(&format!("sha256={right}")), malformed(71)),
        ("something in front", one(&format!("0x{right}")), malformed(66)),
        ("something behind", one(&format!("{right};v=1")), malformed(68)),
        ("quotes", one(&format!("\"{right}\"")), malformed(66)),
        ("the word for no secret", one("no-secret-provided"), no_secret()),
        ("the word for no secret in upper case", one("NO-SECRET-PROVIDED"), malformed(18)),
    ]
}

/// While a secret changes both are good, and a third one is not.
fn rotated() -> Vec<Case> {
    let case = |name: &str, secret: &str, good: bool| {
        let body = booking(name);
        let request = Request::post(ROTATING, &*body).header(SIGNATURE, sign(secret, &body));
        Case::one(name, &request, if good { Expected::Stored(body) } else { mismatch() })
    };
    vec![
        case("rotation: the new secret", SECRET, true),
        case("rotation: the old secret", OLD_SECRET, true),
        case("rotation: a secret that was never set", "a secret of somebody else", false),
        trimmed(),
        resigned(),
    ]
}

/// The signature is over the bytes as they came: white space around the value counts.
fn trimmed() -> Case {
    let title = "a signature of the trimmed body";
    let body = booking(title);
    let padded = [b"\n ", body.as_slice(), b"\n"].concat();
    let request = Request::post(HOOK, &*padded).header(SIGNATURE, sign(SECRET, &body));
    Case::one(title, &request, mismatch())
        .write(Request::delivery(HOOK, &*padded).bytes())
        .read(Expected::Stored(padded))
}

/// Bytes that are stored already are no proof either: a repeat has to be signed like the rest.
fn resigned() -> Case {
    let title = "a repeat with a wrong signature";
    let body = booking(title);
    let request = Request::post(HOOK, &*body).header(SIGNATURE, sign(OLD_SECRET, &body));
    Case::one(title, &Request::delivery(HOOK, &*body), Expected::Stored(body))
        .write(request.bytes())
        .read(mismatch())
}

fn flip(digits: &str, at: usize) -> String {
    let mut digits = digits.to_owned().into_bytes();
    digits[at] = if digits[at] == b'0' { b'1' } else { b'0' };
    String::from_utf8(digits).unwrap()
}

fn mismatch() -> Expected {
    let error = "the signature does not match the body; compare the secret on both sides";
    Expected::refused(401, error)
}

fn missing() -> Expected {
    Expected::refused(401, "expected a x-cal-signature-256 header, found none")
}

fn doubled() -> Expected {
    Expected::refused(401, "expected one x-cal-signature-256 header, found several")
}

fn malformed(length: usize) -> Expected {
    let error =
        format!("expected 64 hexadecimal digits in x-cal-signature-256, found {length} bytes");
    Expected::refused(401, error)
}

fn no_secret() -> Expected {
    let error = "the webhook has no secret; set one in cal.com's webhook settings";
    Expected::refused(401, error)
}
