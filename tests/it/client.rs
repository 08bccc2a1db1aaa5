//! A client that knows no more of HTTP than how to tell one answer from the next.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

/// How long an answer may take: longer than the limits that cases are about, so that a hang fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Connection {
    stream: TcpStream,
    unread: Vec<u8>,
}

/// An answer as it came over the wire.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let header = self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
        header.map(|(_, value)| value.as_str())
    }
}

/// Bytes that are written again and again until an answer comes.
#[derive(Clone, Debug)]
pub(crate) struct Drip {
    pub(crate) piece: Vec<u8>,
    pub(crate) pause: Duration,
    pub(crate) times: usize,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        // Every write is a segment of its own, as far as the kernel lets it be one.
        stream.set_nodelay(true).unwrap();
        Self { stream, unread: Vec::new() }
    }

    /// Writes bytes. A server may stop listening before the end; what it answered is what counts.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// Says that nothing more will be written, and goes on listening.
    pub(crate) fn finish(&mut self) {
        self.stream.shutdown(Shutdown::Write).unwrap();
    }

    /// Reads an answer while something is written over and over.
    pub(crate) fn answer_during(&mut self, drip: &Drip) -> io::Result<Option<Answer>> {
        let answered = AtomicBool::new(false);
        let mut writer = self.stream.try_clone()?;
        thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..drip.times {
                    if answered.load(Ordering::Relaxed) || writer.write_all(&drip.piece).is_err() {
                        break;
                    }
                    thread::sleep(drip.pause);
                }
            });
            let answer = self.answer(true);
            answered.store(true, Ordering::Relaxed);
            answer
        })
    }

    /// Reads an answer that is not an interim one; `None` when the connection ended instead.
    pub(crate) fn answer(&mut self, with_body: bool) -> io::Result<Option<Answer>> {
        loop {
            match self.any_answer(with_body)? {
                // actix-web asks for every body that is announced with `Expect`, hyper only for
                // those that are read. Neither matters to a client that sends the body unasked.
                Some(interim) if interim.status == 100 => {}
                answer => return Ok(answer),
            }
        }
    }

    /// Reads an answer of any kind.
    pub(crate) fn any_answer(&mut self, with_body: bool) -> io::Result<Option<Answer>> {
        let end = loop {
            if let Some(end) = find(&self.unread, b"\r\n\r\n") {
                break end;
            }
            if !self.fill()? {
                return Ok(None);
            }
        };
        let head: Vec<_> = self.unread.drain(..end + 4).collect();
        let mut answer = parse(&head).ok_or_else(|| broken("the answer's head"))?;
        if answer.header("transfer-encoding").is_some() {
            return Err(broken("an answer that names its length"));
        }
        let length = answer.header("content-length").map(str::parse).transpose();
        let length: usize = length.map_err(|_| broken("the answer's length"))?.unwrap_or(0);
        if with_body {
            while self.unread.len() < length {
                if !self.fill()? {
                    return Err(broken("the answer's body"));
                }
            }
            answer.body = self.unread.drain(..length).collect();
        }
        Ok(Some(answer))
    }

    /// Reads more; `false` at the end of the connection, even if it is a rude one.
    fn fill(&mut self) -> io::Result<bool> {
        let mut buffer = [0; 4096];
        match self.stream.read(&mut buffer) {
            Ok(size) => {
                self.unread.extend_from_slice(&buffer[..size]);
                Ok(size > 0)
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn parse(head: &[u8]) -> Option<Answer> {
    let mut lines = str::from_utf8(head).ok()?.trim_end().split("\r\n");
    let (version, rest) = lines.next()?.split_once(' ')?;
    let status = rest.get(..3)?.parse().ok().filter(|_| version.starts_with("HTTP/1."))?;
    let headers = lines.map(|line| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_owned(), value.trim().to_owned()))
    });
    Some(Answer { status, headers: headers.collect::<Option<_>>()?, body: Vec::new() })
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

fn broken(expected: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, format!("expected {expected}"))
}
