//! Tells which failures are worth another try, in words that hold nobody's address.

use std::error::Error as _;

use cal_webhook::HookError;
use lettre::{address::Envelope, transport::smtp::Error};

/// Sorts a failure: 4xx, a refused login and trouble with the connection may pass, 5xx does not.
pub(super) fn sort(error: &Error, envelope: &Envelope) -> HookError {
    if let Some(code) = error.status() {
        let words = error.source().map(ToString::to_string).unwrap_or_default();
        let status = enhanced(&words).map(|status| format!(" {status}")).unwrap_or_default();
        // A login that is refused is a setting that somebody puts right: the mail waits for it.
        let is_login = matches!(u16::from(code), 530 | 534 | 535 | 538);
        return match error.is_permanent() && !is_login {
            true => HookError::permanent(format!("the mail server refused with {code}{status}")),
            false => {
                HookError::transient(format!("the mail server refused for now with {code}{status}"))
            }
        };
    }
    if error.is_response() {
        // What lettre says of it repeats the answer.
        return HookError::transient("the mail server broke off, or its answer is not SMTP");
    }
    let cause = error.source().map(ToString::to_string).unwrap_or_default();
    if !error.is_client() {
        return HookError::transient(format!("no connection with the mail server: {cause}"));
    }
    let message = format!("the mail server lacks what the mail needs: {cause}");
    // Without STARTTLS or a login, another server or somebody between may be at fault.
    match ascii(envelope) {
        true => HookError::transient(message),
        false => HookError::permanent(message),
    }
}

/// Finds the enhanced status code that an answer begins with (RFC 3463): `5.1.1`.
fn enhanced(words: &str) -> Option<&str> {
    let status = words.split_whitespace().next()?;
    let numbers: Vec<_> = status.split('.').collect();
    let short = |number: &&str| {
        (1..=3).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit())
    };
    let class = matches!(numbers.first(), Some(&("4" | "5")));
    (class && numbers.len() == 3 && numbers.iter().all(short)).then_some(status)
}

/// Whether every server can take the addresses; others need SMTPUTF8 (RFC 6531).
fn ascii(envelope: &Envelope) -> bool {
    let mut addresses = envelope.to().iter().chain(envelope.from());
    addresses.all(|address| AsRef::<str>::as_ref(address).is_ascii())
}
