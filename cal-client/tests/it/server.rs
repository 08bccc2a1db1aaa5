//! A server that answers as it is told, and remembers what it was asked.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use cal_client::{Auth, Client, ClientBuilder};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    sync::{Barrier, watch},
    time,
};

/// How long a request may be on its way.
const PATIENCE: Duration = Duration::from_secs(60);

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
    gate: Option<Arc<Barrier>>,
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
        Self::new(status, "application/json", body)
    }

    pub(crate) fn new(status: u16, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type".to_owned(), kind.to_owned())];
        Self { status, headers, body: body.into(), end: End::Whole, gate: None }
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

    /// Is held back until as many wait at the gate as it takes.
    pub(crate) fn behind(self, gate: &Arc<Barrier>) -> Self {
        Self { gate: Some(Arc::clone(gate)), ..self }
    }

    pub(crate) fn silent() -> Self {
        Self { end: End::Silent, ..Self::json(200, "") }
    }
}

/// Runs until it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    seen: Log,
    count: watch::Receiver<usize>,
    _running: tokio::task::JoinHandle<()>,
}

type Script = dyn Fn(&Seen) -> Reply + Send + Sync;
type Log = Arc<Mutex<Vec<Seen>>>;

impl Server {
    /// Starts a server that answers every request by the script.
    pub(crate) async fn start(script: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        Self::run(Arc::new(script)).await
    }

    /// Starts a server that always answers the same.
    pub(crate) async fn always(reply: Reply) -> Self {
        Self::start(move |_| reply.clone()).await
    }

    async fn run(script: Arc<Script>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (seen, (counter, count)) = (Log::default(), watch::channel(0));
        let log = Arc::clone(&seen);
        let running = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // Head and body are written apart, and the second must not wait for the first.
                stream.set_nodelay(true).unwrap();
                let note = {
                    let (log, counter) = (Arc::clone(&log), counter.clone());
                    move |seen| {
                        log.lock().unwrap().push(seen);
                        counter.send_modify(|count| *count += 1);
                    }
                };
                tokio::spawn(serve(stream, Arc::clone(&script), note));
            }
        });
        Self { address, seen, count, _running: running }
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

    /// Waits until as much was asked.
    pub(crate) async fn asked(&self, requests: usize) {
        let mut count = self.count.clone();
        let asked = count.wait_for(|count| *count >= requests);
        time::timeout(PATIENCE, asked).await.expect("the server was not asked").unwrap();
    }

    /// Returns what was asked so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

impl Seen {
    /// Returns a header, empty if there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// Returns a query parameter.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// Returns the names and values of a form.
    pub(crate) fn form(&self) -> BTreeMap<String, String> {
        url::form_urlencoded::parse(&self.body).into_owned().collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self._running.abort();
    }
}

async fn serve(stream: TcpStream, script: Arc<Script>, note: impl Fn(Seen)) {
    let mut stream = BufReader::new(stream);
    while let Some(seen) = read(&mut stream).await {
        let reply = script(&seen);
        note(seen);
        if let Some(gate) = &reply.gate {
            gate.wait().await;
        }
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
