//! A server that answers as it is told, and remembers what it was asked.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use cal_client::{Auth, Client, ClientBuilder};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    /// The path as it was written, still encoded.
    pub(crate) path: String,
    /// The query's names and values, decoded, in order.
    pub(crate) query: Vec<(String, String)>,
    /// By name in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

/// What to answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    end: End,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    /// The whole body is sent.
    Whole,
    /// More is promised than is sent, and then the connection is closed.
    Cut,
    /// The body is sent again and again.
    Endless,
    /// Nothing is answered at all.
    Silent,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &str) -> Self {
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        Self { status, headers, body: body.as_bytes().to_vec(), end: End::Whole }
    }

    /// A success with such `data`.
    pub(crate) fn data(data: &str) -> Self {
        Self::json(200, &format!(r#"{{"status":"success","data":{data}}}"#))
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn cut(self) -> Self {
        Self { end: End::Cut, ..self }
    }

    pub(crate) fn endless(self) -> Self {
        Self { end: End::Endless, ..self }
    }

    pub(crate) fn silent() -> Self {
        Self { end: End::Silent, ..Self::json(200, "") }
    }
}

/// Runs until it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    _running: tokio::task::JoinHandle<()>,
}

type Script = dyn Fn(&Seen) -> Reply + Send + Sync;

impl Server {
    /// Starts a server that answers every request by the script.
    pub(crate) async fn start(script: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let (log, script): (_, Arc<Script>) = (Arc::clone(&seen), Arc::new(script));
        let running = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&script), Arc::clone(&log)));
            }
        });
        Self { address, seen, _running: running }
    }

    /// Returns the base address.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns a builder for a client of this server, with an API key.
    pub(crate) fn builder(&self) -> ClientBuilder {
        Client::builder().base_url(self.url()).auth(Auth::api_key("cal_test_key"))
    }

    pub(crate) fn client(&self) -> Client {
        self.builder().build().unwrap()
    }

    /// Returns what was asked so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self._running.abort();
    }
}

async fn serve(stream: TcpStream, script: Arc<Script>, log: Arc<Mutex<Vec<Seen>>>) {
    let mut stream = BufReader::new(stream);
    while let Some(seen) = read(&mut stream).await {
        let reply = script(&seen);
        log.lock().unwrap().push(seen);
        if write(stream.get_mut(), &reply).await.is_none() {
            return;
        }
    }
}

async fn read(stream: &mut BufReader<TcpStream>) -> Option<Seen> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok().filter(|count| *count > 0)?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let query = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    Some(Seen { method, path: path.to_owned(), query, headers, body })
}

/// Writes a reply; `None` when the connection is over.
async fn write(stream: &mut TcpStream, reply: &Reply) -> Option<()> {
    if reply.end == End::Silent {
        std::future::pending::<()>().await;
    }
    let length = match reply.end {
        End::Endless => "transfer-encoding: chunked\r\n".to_owned(),
        End::Cut => format!("content-length: {}\r\n", reply.body.len() + 100),
        _ => format!("content-length: {}\r\n", reply.body.len()),
    };
    let mut head = format!("HTTP/1.1 {} \r\n{length}", reply.status);
    for (name, value) in &reply.headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += "\r\n";
    stream.write_all(head.as_bytes()).await.ok()?;
    if reply.end == End::Endless {
        let chunk =
            [format!("{:x}\r\n", reply.body.len()).as_bytes(), &reply.body, b"\r\n"].concat();
        while stream.write_all(&chunk).await.is_ok() {}
        return None;
    }
    stream.write_all(&reply.body).await.ok()?;
    if reply.end == End::Cut {
        let _ = stream.shutdown().await;
        return None;
    }
    Some(())
}
