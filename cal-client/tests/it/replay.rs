//! A server that gives one answer after the other, and a client of it.

use std::sync::{Arc, Mutex};

use cal_client::{Client, RetryPolicy};

use crate::server::{Reply, Server};

/// Making a client takes longer than asking, so that one asks for many answers.
pub(crate) struct Replay {
    pub(crate) server: Server,
    /// A client that asks once.
    pub(crate) client: Client,
    reply: Arc<Mutex<Reply>>,
}

impl Replay {
    pub(crate) async fn start() -> Self {
        let reply = Arc::new(Mutex::new(Reply::silent()));
        let next = Arc::clone(&reply);
        let server = Server::start(move |_| next.lock().unwrap().clone()).await;
        let client = server.builder().retry(RetryPolicy::never()).build().unwrap();
        Self { server, client, reply }
    }

    /// Says what is answered from now on.
    pub(crate) fn answer(&self, reply: Reply) {
        *self.reply.lock().unwrap() = reply;
    }
}
