//! HTTP as bytes, for what no client library would send.

use std::{fmt::Write as _, net::SocketAddr};

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use cal_webhook::{SIGNATURE_HEADER, Signer};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    net::TcpStream,
};

/// How large an answer may be.
const LIMIT: usize = 256 * 1024;

/// How a body says where it ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Framing {
    Length(usize),
    Chunked,
}

/// The first answer on a connection.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) has_retry_after: bool,
    pub(crate) body: Bytes,
}

/// Writes the head of a request.
pub(crate) fn head(method: &str, path: &str, framing: Framing, headers: &str) -> String {
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n{headers}");
    match framing {
        Framing::Length(length) => {
            // Writing to a string does not fail.
            let _ = write!(head, "Content-Length: {length}\r\n");
        }
        Framing::Chunked => head.push_str("Transfer-Encoding: chunked\r\n"),
    }
    head.push_str("\r\n");
    head
}

/// Writes a signed delivery.
pub(crate) fn delivery(signer: &Signer, body: &[u8]) -> Bytes {
    let headers = format!(
        "Content-Type: application/json\r\n{SIGNATURE_HEADER}: {}\r\nx-cal-webhook-version: \
         2021-10-20\r\n",
        signer.sign(body)
    );
    let head = head("POST", "/api/webhooks/cal", Framing::Length(body.len()), &headers);
    [head.as_bytes(), body].concat().into()
}

/// Connects, and sends each write at once.
pub(crate) async fn connect(address: SocketAddr) -> anyhow::Result<TcpStream> {
    let stream = TcpStream::connect(address).await.context("could not connect")?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Reads an answer up to the end of its body.
pub(crate) async fn read(mut stream: impl AsyncRead + Unpin) -> anyhow::Result<Answer> {
    let mut bytes = Vec::new();
    loop {
        if let Some(answer) = parse(&bytes)? {
            return Ok(answer);
        }
        let count = stream.read_buf(&mut bytes).await?;
        ensure!(count > 0, "closed without an answer");
        ensure!(bytes.len() < LIMIT, "an answer without an end");
    }
}

/// Returns the answer once all of it has come.
fn parse(bytes: &[u8]) -> anyhow::Result<Option<Answer>> {
    const END: &[u8] = b"\r\n\r\n";
    let Some(end) = bytes.windows(END.len()).position(|window| window == END) else {
        return Ok(None);
    };
    let head = std::str::from_utf8(&bytes[..end])?.to_ascii_lowercase();
    let header = |name: &str| head.lines().find_map(|line| line.strip_prefix(name));
    let length = header("content-length:").map_or(Ok(0), |length| length.trim().parse::<usize>());
    let Some(body) = bytes[end + END.len()..].get(..length?) else { return Ok(None) };
    let status = head.split(' ').nth(1).context("expected a status")?.parse()?;
    let has_retry_after = header("retry-after:").is_some();
    Ok(Some(Answer { status, has_retry_after, body: Bytes::copy_from_slice(body) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_when_its_body_is() {
        let bytes = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\n\
            Content-Length: 2\r\n\r\n{}";
        for length in 0..bytes.len() {
            assert_eq!(parse(&bytes[..length]).unwrap(), None);
        }
        let answer = Answer { status: 503, has_retry_after: true, body: Bytes::from_static(b"{}") };
        assert_eq!(parse(bytes).unwrap(), Some(answer));
    }
}
