//! Requests as bytes, right ones and wrong ones.

use calcom::Signer;

use crate::servers::SECRET;

/// The header that Cal.com signs with, spelled the way it does.
pub(crate) const SIGNATURE: &str = "X-Cal-Signature-256";

#[derive(Clone, Debug)]
pub(crate) struct Request {
    start: String,
    headers: Vec<u8>,
    body: Vec<u8>,
    framing: Framing,
}

#[derive(Clone, Copy, Debug)]
enum Framing {
    /// A `Transfer-Encoding`, with chunks of this many bytes.
    Chunked(usize),
    /// A `Content-Length`, the right one or not.
    Length(usize),
    /// Nothing at all.
    None,
}

impl Request {
    pub(crate) fn new(method: &str, path: &str) -> Self {
        Self {
            start: format!("{method} {path} HTTP/1.1\r\n"),
            headers: b"Host: receiver.test\r\n".to_vec(),
            body: Vec::new(),
            framing: Framing::None,
        }
    }

    /// A delivery as Cal.com posts it.
    pub(crate) fn delivery(path: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::post(path, body).header("Content-Type", "application/json").signed()
    }

    /// A body that nobody signed.
    pub(crate) fn post(path: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::new("POST", path).body(body)
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.framing = Framing::Length(self.body.len());
        self
    }

    pub(crate) fn method(mut self, method: &str) -> Self {
        self.start = self.start.replacen("POST", method, 1);
        self
    }

    pub(crate) fn version(mut self, version: &str) -> Self {
        self.start = self.start.replace("HTTP/1.1", version);
        self
    }

    pub(crate) fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        for part in [name.as_bytes(), b": ", value.as_ref(), b"\r\n"] {
            self.headers.extend_from_slice(part);
        }
        self
    }

    pub(crate) fn signed(self) -> Self {
        let signature = sign(SECRET, &self.body);
        self.header(SIGNATURE, signature)
    }

    pub(crate) fn chunked(mut self, size: usize) -> Self {
        self.framing = Framing::Chunked(size);
        self
    }

    /// Announces a length that is not the body's.
    pub(crate) fn claiming(mut self, length: usize) -> Self {
        self.framing = Framing::Length(length);
        self
    }

    /// Everything up to the empty line.
    pub(crate) fn head(&self) -> Vec<u8> {
        let framing = match self.framing {
            Framing::Chunked(_) => "Transfer-Encoding: chunked\r\n".to_owned(),
            Framing::Length(length) => format!("Content-Length: {length}\r\n"),
            Framing::None => String::new(),
        };
        [self.start.as_bytes(), &self.headers, framing.as_bytes(), b"\r\n"].concat()
    }

    /// Everything behind the empty line.
    pub(crate) fn rest(&self) -> Vec<u8> {
        match self.framing {
            Framing::Chunked(size) => {
                let chunks = self.body.chunks(size).flat_map(chunk);
                chunks.chain(b"0\r\n\r\n".iter().copied()).collect()
            }
            Framing::Length(_) | Framing::None => self.body.clone(),
        }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        [self.head(), self.rest()].concat()
    }
}

pub(crate) fn sign(secret: &str, body: &[u8]) -> String {
    Signer::new(secret).unwrap().sign(body)
}

/// One chunk of a chunked body.
pub(crate) fn chunk(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

/// A delivery's body that no other case sends, as repeats are told from their bytes.
pub(crate) fn booking(title: &str) -> Vec<u8> {
    let body = serde_json::json!({
        "triggerEvent": "BOOKING_CREATED",
        "createdAt": "2031-03-04T09:30:00.000Z",
        "payload": {
            "uid": format!("uid of {title}"),
            "title": title,
            "type": "half-an-hour",
            "startTime": "2031-03-11T14:00:00.000Z",
            "endTime": "2031-03-11T14:30:00.000Z",
            "organizer": {
                "id": 7, "name": "Orla Quist", "email": "orla@receiver.test",
                "username": "orla", "timeZone": "Europe/Oslo", "language": {"locale": "nb"},
            },
            "attendees": [{
                "name": "Pim Ås", "email": "pim@visitor.test", "timeZone": "Europe/Oslo",
                "language": {"locale": "nb"},
            }],
        },
    });
    body.to_string().into_bytes()
}

/// A delivery's body of exactly this size.
pub(crate) fn booking_of(title: &str, size: usize) -> Vec<u8> {
    let mut body = booking(title);
    // White space after the value belongs to the body like everything else.
    body.resize(size, b' ');
    body
}
