//! Bodies that never end, sent as fast as the site takes them.

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
    series::millis,
    wire::{self, Answer, Framing},
};
use crate::report::Report;

/// How far apart connections are opened.
const PACE: Duration = Duration::from_millis(1);

/// How long the next kind waits for this one to be sent.
const PATIENCE: Duration = Duration::from_secs(20);

/// How soon the site answers what it will not read.
const AT_ONCE: Duration = Duration::from_secs(1);

/// A kind of body.
#[derive(Debug)]
struct Shape {
    name: &'static str,
    path: &'static str,
    /// How long it says that it is, and how much of that is sent.
    size: usize,
    sent: usize,
}

const SHAPES: [Shape; 3] = [
    Shape { name: "1 MB", path: "/api/webhooks/cal", size: 1_000_000, sent: 999_999 },
    Shape { name: "10 of 16 KB", path: "/api/webhooks/cal", size: 16 * 1024, sent: 10 * 1024 },
    Shape { name: "32 KB to a form", path: "/feedback/x", size: 32 * 1024, sent: 32 * 1024 - 1 },
];

/// An attack with bodies of each kind.
#[derive(Debug)]
pub(crate) struct Flood {
    pub(crate) address: SocketAddr,
    /// How many bodies of each kind there are.
    pub(crate) bodies: usize,
    /// How long they are held once all have been sent.
    pub(crate) hold: Duration,
}

/// What came of one body.
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

/// What came of the bodies of one kind.
#[derive(Debug)]
pub(crate) struct Fates {
    name: &'static str,
    fates: Vec<Fate>,
}

impl Flood {
    pub(crate) async fn attack(self, mut random: Rng) -> Vec<Fates> {
        let (over, is_over) = watch::channel(());
        let mut attacks = Vec::new();
        for shape in &SHAPES {
            let requests = [Framing::Length(shape.size), Framing::Chunked].map(|framing| {
                let request: Bytes = shape.request(framing).into();
                request
            });
            let (sending, mut is_sending) = mpsc::channel::<()>(1);
            let mut strangers = JoinSet::new();
            let mut ticks = time::interval(PACE);
            for _ in 0..self.bodies {
                ticks.tick().await;
                let request = requests[random.usize(..requests.len())].clone();
                let (sending, over) = (sending.clone(), is_over.clone());
                strangers.spawn(hold(self.address, request, sending, over));
            }
            drop(sending);
            // Nothing is received: the channel closes when all have been sent.
            let _ = time::timeout(PATIENCE, is_sending.recv()).await;
            attacks.push((shape.name, strangers));
        }
        time::sleep(self.hold).await;
        drop(over);
        let mut all = Vec::new();
        for (name, strangers) in attacks {
            all.push(Fates { name, fates: strangers.join_all().await });
        }
        all
    }
}

impl Shape {
    fn request(&self, framing: Framing) -> String {
        let headers = "Content-Type: application/x-www-form-urlencoded\r\n";
        let mut request = wire::head("POST", self.path, framing, headers);
        if framing == Framing::Chunked {
            request.push_str(&format!("{:x}\r\n", self.size));
        }
        request.push_str(&"a".repeat(self.sent));
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
        Some(Ok(answer)) => Fate::Answered(answer, last.elapsed()),
        Some(Err(_)) => Fate::Closed,
        None if left.is_empty() => Fate::Held,
        None => Fate::Stalled,
    }
}

impl Fates {
    pub(crate) fn report(&self, report: &mut Report) {
        let name = self.name;
        let count = |is: fn(&Fate) -> bool| self.fates.iter().filter(|fate| is(fate)).count();
        report.figure(format!("{name}: bodies"), self.fates.len());
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
            match status {
                503 => report.at_most(what, millis(*slowest), millis(AT_ONCE)),
                _ => report.figure(what, millis(*slowest)),
            }
        }
        let stalled = self.fates.iter().filter(|fate| matches!(fate, Fate::Stalled));
        report.none(format!("{name}: not read and not answered"), stalled.map(|_| "one"));
        let hints = answers.keys().filter(|key| **key == (503, false));
        report.none(format!("{name}: 503 without Retry-After"), hints.map(|_| "some"));
    }
}
