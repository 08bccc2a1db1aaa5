//! The way to a server, which can be closed.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// Leads connections to a server while it is open; a closed one hangs up on everybody.
pub(super) struct Gate {
    address: SocketAddr,
    open: watch::Sender<bool>,
    refused: Arc<AtomicUsize>,
    running: JoinHandle<()>,
}

impl Gate {
    /// Makes a way to the server at this host and port, which is open.
    pub(super) async fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (open, is_open) = watch::channel(true);
        let refused = Arc::<AtomicUsize>::default();
        let (server, count) = (server.to_owned(), Arc::clone(&refused));
        let running = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if *is_open.borrow() {
                    tokio::spawn(lead(stream, server.clone(), is_open.clone()));
                } else {
                    count.fetch_add(1, Ordering::SeqCst);
                }
            }
        });
        Self { address, open, refused, running }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Opens the way, or closes it and hangs up.
    pub(super) fn set_open(&self, open: bool) {
        self.open.send_replace(open);
    }

    /// Returns how many connections it hung up on at once.
    pub(super) fn refused(&self) -> usize {
        self.refused.load(Ordering::SeqCst)
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.running.abort();
    }
}

async fn lead(mut stream: TcpStream, server: String, mut is_open: watch::Receiver<bool>) {
    let mut onward = TcpStream::connect(server).await.unwrap();
    tokio::select! {
        _ = copy_bidirectional(&mut stream, &mut onward) => {}
        _ = is_open.wait_for(|open| !open) => {}
    }
}
