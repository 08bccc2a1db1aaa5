//! What a case does and what it expects, and what a server made of it.

use std::{
    io,
    net::SocketAddr,
    thread,
    time::{Duration, Instant},
};

use calcom::webhook::DeliveryId;
use serde_json::{Value, json};

use crate::{
    client::{Answer, Connection, Drip, PATIENCE},
    request::Request,
    servers::{HOOK, Server},
};

/// One case: what is done on one connection after the other, and what is expected back.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    /// Whether the headers must come within a second.
    is_hurried: bool,
    steps: Vec<Step>,
}

#[derive(Debug)]
enum Step {
    /// Drops the connection, and asks on another one whether the receiver is there.
    Ask,
    /// Reads the word to go on.
    Continue,
    /// Writes over and over, and reads an answer meanwhile.
    Drip(Drip, Expected),
    /// Says that nothing more will be written.
    Finish,
    /// Reads an answer.
    Read(Expected),
    /// Drops the connection, whatever state it is in, and opens another one.
    Reopen,
    /// Writes in pieces of this size, with a pause behind each.
    Split(Vec<u8>, usize, Duration),
    /// Writes.
    Write(Vec<u8>),
}

#[derive(Clone, Debug)]
pub(crate) enum Expected {
    /// The connection ends, as the answer before said.
    Closed,
    /// The signed route's answer: how many bytes it got.
    Counted(usize),
    /// The connection ends although the request never did. hyper only closes it, actix-web writes
    /// an empty 408 by itself; both are right, as the request never reached the receiver.
    Dropped,
    /// The same bytes as the delivery stored last, and therefore the same id.
    Duplicate,
    /// The framework's own answer, of which only the status can be the same.
    Framework(u16),
    /// The receiver is there.
    Health,
    /// The same, without the body.
    HealthHead,
    /// The receiver's error.
    Refused(u16, String),
    /// A new delivery with this body.
    Stored(Vec<u8>),
}

impl Case {
    pub(crate) fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), is_hurried: false, steps: Vec::new() }
    }

    /// One request and its answer.
    pub(crate) fn one(name: impl Into<String>, request: &Request, expected: Expected) -> Self {
        Self::new(name).write(request.bytes()).read(expected)
    }

    pub(crate) fn write(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.step(Step::Write(bytes.into()))
    }

    pub(crate) fn split(self, bytes: impl Into<Vec<u8>>, size: usize, pause: Duration) -> Self {
        self.step(Step::Split(bytes.into(), size, pause))
    }

    pub(crate) fn read(self, expected: Expected) -> Self {
        self.step(Step::Read(expected))
    }

    pub(crate) fn drip(self, drip: Drip, expected: Expected) -> Self {
        self.step(Step::Drip(drip, expected))
    }

    pub(crate) fn read_continue(self) -> Self {
        self.step(Step::Continue)
    }

    pub(crate) fn finish(self) -> Self {
        self.step(Step::Finish)
    }

    pub(crate) fn reopen(self) -> Self {
        self.step(Step::Reopen)
    }

    pub(crate) fn ask(self) -> Self {
        self.step(Step::Ask)
    }

    /// Goes where headers must come within a second.
    pub(crate) fn hurried(self) -> Self {
        Self { is_hurried: true, ..self }
    }

    fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    fn expectations(&self) -> impl Iterator<Item = &Expected> {
        self.steps.iter().filter_map(|step| match step {
            Step::Ask => Some(&Expected::Health),
            Step::Drip(_, expected) | Step::Read(expected) => Some(expected),
            _ => None,
        })
    }

    /// Whether all of it is refused, so that it does not matter what runs beside it.
    pub(crate) fn is_refused(&self) -> bool {
        self.expectations().all(|expected| {
            !matches!(expected, Expected::Counted(_) | Expected::Duplicate | Expected::Stored(_))
        })
    }

    /// The bodies that a server has to keep.
    pub(crate) fn kept(&self) -> impl Iterator<Item = &[u8]> {
        self.expectations().filter_map(|expected| match expected {
            Expected::Stored(body) => Some(body.as_slice()),
            _ => None,
        })
    }

    /// What a server has to answer, one line for every answer.
    pub(crate) fn expected(&self) -> Vec<String> {
        let mut stored = 0;
        let lines = self.expectations().map(|expected| {
            stored += usize::from(matches!(expected, Expected::Stored(_)));
            expected.line(stored)
        });
        lines.collect()
    }

    /// What a server answers, one line for every answer.
    pub(crate) fn run(&self, server: &Server) -> Vec<String> {
        let address = if self.is_hurried { server.hurried } else { server.address };
        let mut connection = Connection::open(address);
        let mut ids = Vec::new();
        let mut lines = Vec::new();
        for step in &self.steps {
            match step {
                Step::Ask => {
                    lines.push(line(ask(&mut connection, address), &Expected::Health, &mut ids))
                }
                Step::Continue => match connection.any_answer(true) {
                    Ok(Some(answer)) if answer.status == 100 => {}
                    other => lines.push(format!("{other:?} instead of 100")),
                },
                Step::Drip(drip, expected) => {
                    let answer = connection.answer_during(drip);
                    lines.push(line(answer, expected, &mut ids));
                }
                Step::Finish => connection.finish(),
                Step::Read(expected) => {
                    let with_body = !matches!(expected, Expected::HealthHead);
                    lines.push(line(connection.answer(with_body), expected, &mut ids));
                }
                Step::Reopen => connection = Connection::open(address),
                Step::Split(bytes, size, pause) => {
                    for piece in bytes.chunks(*size) {
                        connection.write(piece);
                        thread::sleep(*pause);
                    }
                }
                Step::Write(bytes) => connection.write(bytes),
            }
        }
        lines
    }
}

impl Expected {
    pub(crate) fn refused(status: u16, error: impl Into<String>) -> Self {
        Self::Refused(status, error.into())
    }

    /// Writes the expectation the way an answer is written; `stored` counts the ids so far.
    fn line(&self, stored: usize) -> String {
        let id = format!("#{stored}");
        let json = |status, body: Value| format!("{status} application/json {body}");
        match self {
            Self::Closed => "closed".to_owned(),
            Self::Counted(size) => format!("200 text/plain; charset=utf-8 {size}"),
            Self::Dropped => "dropped".to_owned(),
            Self::Duplicate => json(200, json!({"status": "duplicate", "id": id})),
            Self::Framework(status) => format!("{status} of the framework"),
            Self::Health => json(200, health()),
            Self::HealthHead => format!("200 application/json {}", length(&health())),
            Self::Refused(status, error) => {
                let line = json(*status, json!({ "error": error }));
                match status {
                    // What is left of the body cannot be told from a next request.
                    400 | 408 | 413 | 415 => line + " connection: close",
                    // The error names the same methods as the header.
                    405 => line + " allow: " + error.rsplit(" of ").next().unwrap(),
                    _ => line,
                }
            }
            Self::Stored(_) => json(200, json!({"status": "stored", "id": id})),
        }
    }
}

/// Asks until there is an answer: a client may be too slow for a server that is in a hurry.
fn ask(connection: &mut Connection, address: SocketAddr) -> io::Result<Option<Answer>> {
    let start = Instant::now();
    loop {
        *connection = Connection::open(address);
        connection.write(&Request::new("GET", HOOK).bytes());
        let answer = connection.answer(true);
        let is_dropped = matches!(&answer, Ok(None) | Ok(Some(Answer { status: 408, .. })));
        if !is_dropped || start.elapsed() > PATIENCE {
            return answer;
        }
    }
}

/// Writes what came instead of an answer, or the answer as far as it has to be the same everywhere.
fn line(
    answer: io::Result<Option<Answer>>,
    expected: &Expected,
    ids: &mut Vec<DeliveryId>,
) -> String {
    let answer = match answer {
        Ok(None) if matches!(expected, Expected::Dropped) => return "dropped".to_owned(),
        Ok(None) => return "closed".to_owned(),
        Ok(Some(answer)) => answer,
        Err(error) => return format!("no answer: {error}"),
    };
    match expected {
        Expected::Dropped if answer.status == 408 && answer.body.is_empty() => {
            return "dropped".to_owned();
        }
        Expected::Framework(_) => return format!("{} of the framework", answer.status),
        _ => {}
    }
    let content_type = answer.header("content-type").unwrap_or("without type");
    let body = match serde_json::from_slice(&answer.body) {
        Ok(body) => numbered(body, ids).to_string(),
        Err(_) if answer.body.is_empty() => {
            format!("{} bytes", answer.header("content-length").unwrap_or("no"))
        }
        Err(_) => format!("{:?}", String::from_utf8_lossy(&answer.body)),
    };
    let mut line = format!("{} {content_type} {body}", answer.status);
    // Before a wrong method is refused the body is not read. It may be skipped to reach the next
    // request, or the connection may end: that is the framework's choice.
    let skipped = (answer.status == 405).then_some("connection");
    for name in ["connection", "allow"].into_iter().filter(|name| Some(*name) != skipped) {
        if let Some(value) = answer.header(name) {
            line = format!("{line} {name}: {value}");
        }
    }
    line
}

/// Puts a number in the place of an id, the same for the same id: no two servers give the same.
fn numbered(mut body: Value, ids: &mut Vec<DeliveryId>) -> Value {
    if let Some(id) = body.get_mut("id")
        && let Some(Ok(read)) = id.as_str().map(str::parse)
    {
        let index = ids.iter().position(|known| *known == read).unwrap_or_else(|| {
            ids.push(read);
            ids.len() - 1
        });
        *id = json!(format!("#{}", index + 1));
    }
    body
}

/// What the receiver says of itself; its version is the workspace's.
fn health() -> Value {
    json!({
        "status": "healthy",
        "service": "cal-webhook",
        "version": env!("CARGO_PKG_VERSION"),
        "features": [
            "signature-verification", "secret-rotation", "deduplication", "lifecycle-hooks",
        ],
    })
}

/// A body that is announced and not sent.
fn length(body: &Value) -> String {
    format!("{} bytes", body.to_string().len())
}
