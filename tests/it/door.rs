//! The server keeps its limits: whoever sends nothing, or reads nothing, gives way.

use std::{
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::mpsc,
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    routing::{get, post},
};
use calcom::axum::{Serve, serve};
use futures_util::stream;
use tokio::{net::TcpListener, runtime::Runtime, sync::oneshot, task::JoinHandle};

/// Longer than anything here takes, so that a test that waits in vain fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// Soon over, for what must time out.
const MOMENT: Duration = Duration::from_millis(200);

/// A running server.
struct Door {
    address: SocketAddr,
    runtime: Runtime,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<std::io::Result<()>>,
}

impl Door {
    fn open(app: Router, limits: impl FnOnce(Serve) -> Serve) -> Self {
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let signal = async { drop(stopped.await) };
        let server = limits(serve(listener, app)).with_graceful_shutdown(signal);
        let serving = runtime.spawn(server.into_future());
        Self { address, runtime, stop, serving }
    }

    fn connect(&self) -> TcpStream {
        let connection = TcpStream::connect(self.address).unwrap();
        connection.set_read_timeout(Some(PATIENCE)).unwrap();
        connection
    }

    /// Asks over a new connection that is closed afterwards.
    fn ask(&self, request: &str) -> String {
        let mut connection = self.connect();
        connection.write_all(request.as_bytes()).unwrap();
        rest(&mut connection)
    }
}

/// Reads until the connection ends, which it may do with a reset.
fn rest(connection: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    match connection.read_to_end(&mut bytes) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}"),
    }
    String::from_utf8(bytes).unwrap()
}

/// Asks over a connection that stays open.
fn ask_again(connection: &mut TcpStream) {
    connection.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"here") {
        let mut piece = [0; 512];
        let size = connection.read(&mut piece).unwrap();
        assert_ne!(size, 0, "the connection ended");
        answer.extend_from_slice(&piece[..size]);
    }
}

fn app() -> Router {
    let length = post(async |body: Bytes| body.len().to_string());
    Router::new().route("/", get(async || "here")).route("/length", length)
}

#[test]
fn a_full_server_closes_who_has_been_without_a_request_for_longest() {
    let door = Door::open(app(), |server| server.connections(3).header_timeout(PATIENCE));
    let mut asking = door.connect();
    ask_again(&mut asking);
    // It never sends a whole head, and its time began when it was accepted: before the next one.
    let mut silent = door.connect();
    silent.write_all(b"POST /length HTTP/1.1\r\nhost: x\r\ncontent-len").unwrap();
    let mut half = door.connect();
    ask_again(&mut half);
    half.write_all(b"POST /length HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n1234").unwrap();
    ask_again(&mut asking);
    let mut newer = Vec::new();
    for gives_way in [&mut silent, &mut half] {
        let mut new = door.connect();
        ask_again(&mut new);
        assert_eq!(rest(gives_way), "");
        ask_again(&mut asking);
        newer.push(new);
    }
    newer.iter_mut().for_each(ask_again);
}

#[test]
fn every_body_has_a_limit_on_every_route() {
    let door = Door::open(app(), |server| server.body_limit(1000));
    let hasty = Door::open(app(), |server| server.body_timeout(MOMENT));
    let head = |name: &str, value: &str| {
        format!("POST /length HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{name}: {value}\r\n\r\n")
    };
    let fits = head("content-length", "1000") + &"x".repeat(1000);
    assert!(door.ask(&fits).ends_with("1000"));
    let long = head("content-length", "1001") + &"x".repeat(1001);
    assert!(door.ask(&long).starts_with("HTTP/1.1 413 "));
    let chunk = format!("3e9\r\n{}\r\n0\r\n\r\n", "x".repeat(1001));
    let chunked = head("transfer-encoding", "chunked") + &chunk;
    assert!(door.ask(&chunked).starts_with("HTTP/1.1 413 "));
    // The rest never comes.
    let unfinished = head("content-length", "1000") + "x";
    assert!(hasty.ask(&unfinished).starts_with("HTTP/1.1 400 "));
}

#[test]
fn an_answer_that_nobody_reads_ends() {
    struct Dropped(mpsc::Sender<()>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            let _ = self.0.send(());
        }
    }
    let (sender, dropped) = mpsc::channel();
    let endless = get(async move || {
        let body = stream::unfold(Dropped(sender.clone()), async |guard| {
            Some((Ok::<_, std::io::Error>(Bytes::from_static(&[b' '; 4096])), guard))
        });
        Body::from_stream(body)
    });
    let app = Router::new().route("/", endless);
    let door = Door::open(app, |server| server.write_timeout(MOMENT));
    let mut connection = door.connect();
    connection.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    dropped.recv_timeout(PATIENCE).expect("the answer is still being written");
}

#[test]
fn who_stops_ends_requests_at_hand_and_idle_connections() {
    let (started, starts) = mpsc::channel();
    let (release, released) = oneshot::channel::<()>();
    let released = std::sync::Mutex::new(Some(released));
    let released = std::sync::Arc::new(released);
    let slow = get(async move || {
        let wait = released.lock().unwrap().take().unwrap();
        started.send(()).unwrap();
        wait.await.unwrap();
        "done"
    });
    let door = Door::open(app().route("/slow", slow), |server| server.grace(PATIENCE));
    let mut idle = door.connect();
    ask_again(&mut idle);
    let mut busy = door.connect();
    busy.write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    starts.recv_timeout(PATIENCE).unwrap();
    door.stop.send(()).unwrap();
    assert_eq!(rest(&mut idle), "");
    release.send(()).unwrap();
    assert!(rest(&mut busy).ends_with("done"));
    door.runtime.block_on(door.serving).unwrap().unwrap();
    assert!(TcpStream::connect(door.address).is_err());
}
