//! Reads bytes as answers; for the fuzzer alone.

use serde::de::DeserializeOwned;

use crate::{Error, Page, request, transport::Answer};

/// Reads a refusal.
pub fn refusal(status: u16, body: Vec<u8>) -> Error {
    Answer::made(status, body).refusal()
}

/// Reads the value in an envelope.
///
/// # Errors
///
/// Fails when it is not what was expected, or the envelope says so.
pub fn data<T: DeserializeOwned>(body: Vec<u8>) -> Result<T, Error> {
    request::data(&Answer::made(200, body))
}

/// Reads a page of items.
///
/// # Errors
///
/// Fails when it is not what was expected, or the envelope says so.
pub fn page<T: DeserializeOwned>(body: Vec<u8>) -> Result<Page<T>, Error> {
    request::page(&Answer::made(200, body)).map(|(page, _)| page)
}
