//! Requests that cost more than they are worth, sent as fast as the site takes them.

use std::{collections::BTreeMap, future::pending, net::SocketAddr, time::Duration};

use bytes::Bytes;
use fastrand::Rng;
use tokio::{
    io::AsyncWriteExt as _,
    sync::{mpsc, watch},
    task::JoinSet,
    time::{self, Instant},
};

use super::{
    attacker::{DEAF_REQUEST, connect_deaf, sink},
    memory::Memory,
    series::millis,
    wire::{self, Answer, Framing},
};
use crate::report::Report;

/// How far apart connections are opened.
const PACE: Duration = Duration::from_millis(1);

/// How long the next kind waits for this one to be sent.
const PATIENCE: Duration = Duration::from_secs(20);

/// A kind of request, and how much of it is sent.
#[derive(Debug)]
struct Shape {
    name: &'static str,
    part: Part,
    sent: usize,
}

/// What a request is made of.
#[derive(Clone, Copy, Debug)]
enum Part {
    Headers,
    /// A body to this path that says it has this size.
    Body(&'static str, usize),
    /// Many small requests, whose answers nobody reads.
    Pipeline,
}

const WEBHOOK: &str = "/api/webhooks/cal";
const FORM: &str = "/feedback/x";

const SHAPES: [Shape; 6] = [
    Shape { name: "1 MB", part: Part::Body(WEBHOOK, 1_000_000), sent: 999_999 },
    Shape { name: "10 of 16 KB", part: Part::Body(WEBHOOK, 16 * 1024), sent: 10 * 1024 },
    Shape { name: "32 KB to a form", part: Part::Body(FORM, 32 * 1024), sent: 32 * 1024 - 1 },
    Shape { name: "380 KB of headers", part: Part::Headers, sent: 380 * 1024 },
    Shape { name: "1 MB that ends", part: Part::Body(WEBHOOK, 1_000_000), sent: 1_000_000 },
    Shape { name: "pipeline of 512 KB", part: Part::Pipeline, sent: 512 * 1024 },
];

/// An attack with requests of each kind.
#[derive(Debug)]
pub(crate) struct Flood {
    pub(crate) address: SocketAddr,
    /// How many of each kind there are.
    pub(crate) bodies: usize,
    /// How long they are held once all have been sent.
    pub(crate) hold: Duration,
    /// The site.
    pub(crate) process: u32,
}

/// What came of one request.
#[derive(Debug)]
enum Fate {
    /// The site holds all that was sent of it.
    Held,
    /// The site neither reads on nor says so.
    Stalled,
    /// It was answered, so long after the site took its last byte.
    Answered(Answer, Duration),
    Closed,
}

/// What came of the requests of one kind.
#[derive(Debug)]
pub(crate) struct Fates {
    name: &'static str,
    fates: Vec<Fate>,
    /// How much memory the site had resident in the end.
    resident: anyhow::Result<Memory>,
}

impl Flood {
    /// Attacks with one kind after the other.
    pub(crate) async fn attack(self, mut random: Rng) -> Vec<Fates> {
        let mut all = Vec::new();
        for shape in &SHAPES {
            all.push(self.attack_with(shape, &mut random).await);
        }
        all
    }

    async fn attack_with(&self, shape: &Shape, random: &mut Rng) -> Fates {
        let requests: [Bytes; 2] = [false, true].map(|chunked| shape.request(chunked).into());
        let (over, is_over) = watch::channel(());
        let (sending, mut is_sending) = mpsc::channel::<()>(1);
        let mut strangers = JoinSet::new();
        let mut ticks = time::interval(PACE);
        for _ in 0..self.bodies {
            ticks.tick().await;
            let request = requests[random.usize(..requests.len())].clone();
            let over = is_over.clone();
            match shape.part {
                Part::Pipeline => strangers.spawn(stay_deaf(self.address, request, over)),
                _ => strangers.spawn(hold(self.address, request, sending.clone(), over)),
            };
        }
        drop(sending);
        // Nothing is received: the channel closes when all have been sent.
        let _ = time::timeout(PATIENCE, is_sending.recv()).await;
        time::sleep(self.hold).await;
        let resident = Memory::of(self.process);
        drop(over);
        Fates { name: shape.name, fates: strangers.join_all().await, resident }
    }
}

impl Shape {
    /// Writes what is sent; half of all bodies are chunked.
    fn request(&self, chunked: bool) -> String {
        let kind = "Content-Type: application/x-www-form-urlencoded\r\n";
        let start = match self.part {
            Part::Pipeline => return DEAF_REQUEST.repeat(self.sent / DEAF_REQUEST.len()),
            Part::Headers => "GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ".to_owned(),
            Part::Body(path, size) if chunked => {
                format!("{}{size:x}\r\n", wire::head("POST", path, Framing::Chunked, kind))
            }
            Part::Body(path, size) => wire::head("POST", path, Framing::Length(size), kind),
        };
        let mut request = start + &"a".repeat(self.sent);
        if matches!(self.part, Part::Body(_, size) if chunked && size == self.sent) {
            request.push_str("\r\n0\r\n\r\n");
        }
        request
    }
}

/// Sends a request, and holds the connection until the site or the attack ends it.
///
/// It is sending as long as it holds `sending`.
async fn hold(
    address: SocketAddr,
    request: Bytes,
    sending: mpsc::Sender<()>,
    mut over: watch::Receiver<()>,
) -> Fate {
    let Ok(mut stream) = wire::connect(address).await else { return Fate::Closed };
    let (reader, mut writer) = stream.split();
    let (mut left, mut last) = (request, Instant::now());
    let write = async {
        while !left.is_empty() && writer.write_buf(&mut left).await.is_ok() {
            last = Instant::now();
        }
        drop(sending);
        // How the connection ends shows where it is read.
        pending::<()>().await;
    };
    let answer = tokio::select! {
        answer = wire::read(reader) => Some(answer),
        () = write => None,
        _ = over.changed() => None,
    };
    match answer {
        Some(Ok(answer)) => {
            let took = last.elapsed();
            // What the site keeps of it, it keeps until the connection ends.
            tokio::select! {
                _ = sink(stream) => {}
                _ = over.changed() => {}
            }
            Fate::Answered(answer, took)
        }
        Some(Err(_)) => Fate::Closed,
        None if left.is_empty() => Fate::Held,
        None => Fate::Stalled,
    }
}

/// Sends requests until the site takes no more, and reads no answer.
async fn stay_deaf(address: SocketAddr, requests: Bytes, mut over: watch::Receiver<()>) -> Fate {
    let Ok(mut stream) = connect_deaf(address, None).await else { return Fate::Closed };
    let write = async {
        match stream.write_all(&requests).await {
            Ok(()) => pending().await,
            Err(_) => Fate::Closed,
        }
    };
    tokio::select! {
        fate = write => fate,
        _ = over.changed() => Fate::Held,
    }
}

impl Fates {
    pub(crate) fn report(&self, report: &mut Report) {
        let name = self.name;
        let count = |is: fn(&Fate) -> bool| self.fates.iter().filter(|fate| is(fate)).count();
        report.figure(format!("{name}: sent"), self.fates.len());
        report.figure(format!("{name}: held to the end"), count(|f| matches!(f, Fate::Held)));
        report.figure(
            format!("{name}: closed without an answer"),
            count(|fate| matches!(fate, Fate::Closed)),
        );
        let mut answers: BTreeMap<(u16, bool), (usize, Duration)> = BTreeMap::new();
        for fate in &self.fates {
            if let Fate::Answered(answer, took) = fate {
                let key = (answer.status, answer.has_retry_after);
                let (count, slowest) = answers.entry(key).or_default();
                *count += 1;
                *slowest = (*slowest).max(*took);
            }
        }
        for ((status, has_retry_after), (count, slowest)) in &answers {
            let retry_after = if *has_retry_after { " with Retry-After" } else { "" };
            report.figure(format!("{name}: answered {status}{retry_after}"), count);
            let what = format!("{name}: slowest {status} after the last byte, ms");
            report.figure(what, millis(*slowest));
        }
        let stalled = self.fates.iter().filter(|fate| matches!(fate, Fate::Stalled));
        report.none(format!("{name}: not read and not answered"), stalled.map(|_| "one"));
        let hints = answers.keys().filter(|key| **key == (503, false));
        report.none(format!("{name}: 503 without Retry-After"), hints.map(|_| "some"));
        let resident = match &self.resident {
            Ok(memory) => memory.now.to_string(),
            Err(error) => format!("{error:#}"),
        };
        report.figure(format!("{name}: resident, MiB"), resident);
    }
}
