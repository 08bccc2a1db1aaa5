//! Strangers that take connections and give nothing for them.

use std::{io, net::SocketAddr, time::Duration};

use bytes::Bytes;
use fastrand::Rng;
use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    task::JoinSet,
    time::{self, MissedTickBehavior},
};

use super::{
    apart::Over,
    wire::{self, Framing},
};

/// How often new connections are opened.
const TICK: Duration = Duration::from_millis(10);

/// Routes of the site, and two that it does not have; few of them take a body.
const ROUTES: [(&str, &str); 14] = [
    ("POST", "/feedback/x"),
    ("POST", "/unsubscribe/x"),
    ("POST", "/api/webhooks/cal"),
    ("GET", "/"),
    ("GET", "/admin/api/deliveries"),
    ("GET", "/api/webhooks/cal"),
    ("GET", "/assets/site.css"),
    ("GET", "/feedback/x"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/unsubscribe/x"),
    ("POST", "/"),
    ("PUT", "/feedback/x"),
    ("POST", "/nowhere"),
];

/// A request with an answer that is much longer.
pub(crate) const DEAF_REQUEST: &str = "GET /assets/site.css HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// How many strangers there are.
#[derive(Debug)]
pub(crate) struct Crowd {
    pub(crate) address: SocketAddr,
    /// How many connections are held at once, and opened in a second.
    pub(crate) most: usize,
    pub(crate) per_second: usize,
}

/// The outcome of their connections.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) opened: usize,
    pub(crate) most: usize,
    pub(crate) closed_by_site: usize,
    pub(crate) left: usize,
    pub(crate) not_connected: usize,
}

/// What a stranger does with its connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    /// Half of the headers.
    Headers,
    /// Half of a body, on any route.
    Body,
    /// A whole request, and then nothing.
    Idle,
    /// Many requests, whose answers it does not read.
    Deaf,
    /// A byte of a header, or of a body, each second.
    Trickle,
}

#[derive(Debug)]
struct Stranger {
    kind: Kind,
    from: SocketAddr,
    words: Bytes,
    /// How long it stays, unless it stays as long as it may.
    stay: Option<Duration>,
}

#[derive(Clone, Copy, Debug)]
enum End {
    ClosedBySite,
    Left,
    NotConnected,
}

impl Crowd {
    /// Attacks until the end.
    pub(crate) async fn attack(self, mut random: Rng, mut over: Over) -> Tally {
        let mut ticks = time::interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let share = self.per_second as f64 * TICK.as_secs_f64();
        let (mut due, mut tally, mut strangers) = (0.0, Tally::default(), JoinSet::new());
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = over.wait() => break,
            }
            while let Some(end) = strangers.try_join_next() {
                tally.note(end.ok());
            }
            due += share;
            while due >= 1.0 {
                due -= 1.0;
                if strangers.len() < self.most {
                    tally.opened += 1;
                    strangers.spawn(Stranger::invent(&mut random).run(self.address));
                }
            }
            tally.most = tally.most.max(strangers.len());
        }
        strangers.shutdown().await;
        tally
    }
}

impl Tally {
    fn note(&mut self, end: Option<End>) {
        match end {
            Some(End::ClosedBySite) => self.closed_by_site += 1,
            Some(End::Left) => self.left += 1,
            Some(End::NotConnected) => self.not_connected += 1,
            None => {}
        }
    }
}

impl Stranger {
    fn invent(random: &mut Rng) -> Self {
        let kind = match random.u8(..100) {
            0..27 => Kind::Headers,
            27..60 => Kind::Body,
            60..80 => Kind::Idle,
            80..85 => Kind::Deaf,
            _ => Kind::Trickle,
        };
        let from = SocketAddr::from(([127, 1, random.u8(..), random.u8(1..255)], 0));
        let stay = random.bool().then(|| Duration::from_millis(random.u64(200..4000)));
        Self { kind, from, words: kind.words(random), stay }
    }

    async fn run(self, address: SocketAddr) -> End {
        let Ok(mut stream) = self.connect(address).await else { return End::NotConnected };
        let stay = async {
            match self.stay {
                Some(stay) => time::sleep(stay).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.act(&mut stream) => End::ClosedBySite,
            () = stay => End::Left,
        }
    }

    async fn connect(&self, address: SocketAddr) -> io::Result<TcpStream> {
        if self.kind == Kind::Deaf {
            return connect_deaf(address, Some(self.from)).await;
        }
        let socket = TcpSocket::new_v4()?;
        socket.bind(self.from)?;
        socket.connect(address).await
    }

    /// Holds the connection until the site closes it.
    async fn act(&self, stream: &mut TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        match self.kind {
            Kind::Headers | Kind::Body | Kind::Idle => {
                stream.write_all(&self.words).await?;
                sink(stream).await
            }
            Kind::Deaf => loop {
                stream.write_all(&self.words).await?;
                time::sleep(Duration::from_secs(1)).await;
            },
            Kind::Trickle => {
                stream.write_all(&self.words).await?;
                let (mut reader, mut writer) = stream.split();
                let trickle = async {
                    loop {
                        time::sleep(Duration::from_secs(1)).await;
                        writer.write_all(b"a").await?;
                    }
                };
                tokio::select! {
                    end = sink(&mut reader) => end,
                    end = trickle => end,
                }
            }
        }
    }
}

impl Kind {
    /// Writes what is sent at once.
    fn words(self, random: &mut Rng) -> Bytes {
        let half_header = "POST /api/webhooks/cal HTTP/1.1\r\nHost: localhost\r\nX-Half: ";
        match self {
            Self::Idle => "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".into(),
            Self::Deaf => DEAF_REQUEST.repeat(256).into(),
            Self::Trickle if random.bool() => half_header.into(),
            Self::Headers => half_header.into(),
            Self::Trickle | Self::Body => half_body(random).into(),
        }
    }
}

/// Writes a request whose body breaks off in its middle.
fn half_body(random: &mut Rng) -> String {
    const SIZE: usize = 2048;
    let (method, path) = ROUTES[random.usize(..ROUTES.len())];
    let half = "a".repeat(SIZE / 2);
    let kind = "Content-Type: application/x-www-form-urlencoded\r\n";
    if random.bool() {
        return wire::head(method, path, Framing::Length(SIZE), kind) + &half;
    }
    format!("{}{SIZE:x}\r\n{half}", wire::head(method, path, Framing::Chunked, kind))
}

/// Connects as a client far away that takes in little at a time.
pub(crate) async fn connect_deaf(
    address: SocketAddr,
    from: Option<SocketAddr>,
) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    if let Some(from) = from {
        socket.bind(from)?;
    }
    // As small as packets of the internet are: systems let loopback send megabytes ahead.
    SockRef::from(&socket).set_tcp_mss(1400)?;
    socket.set_recv_buffer_size(2048)?;
    socket.connect(address).await
}

/// Reads until the site closes the connection.
pub(crate) async fn sink(mut stream: impl AsyncRead + Unpin) -> io::Result<()> {
    let mut buffer = [0; 1024];
    while stream.read(&mut buffer).await? > 0 {}
    Ok(())
}
