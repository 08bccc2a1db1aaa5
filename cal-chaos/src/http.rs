//! Requests over one connection that may break at any time.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context as _, anyhow};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{
    Method, Request, StatusCode,
    client::conn::http1::{self, SendRequest},
    header,
};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, time};

/// A client that keeps its connection, and makes a new one when that is broken.
pub(crate) struct Client {
    address: SocketAddr,
    connection: Option<SendRequest<Full<Bytes>>>,
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, connection: None }
    }

    /// Sends a request and returns the status and the body.
    pub(crate) async fn ask(
        &mut self,
        request: Request<Full<Bytes>>,
        limit: Duration,
    ) -> anyhow::Result<(StatusCode, Bytes)> {
        let kept = self.connection.take().filter(|connection| !connection.is_closed());
        let asked = async {
            let mut connection = match kept {
                Some(connection) => connection,
                None => connect(self.address).await?,
            };
            connection.ready().await?;
            let answer = connection.send_request(request).await?;
            let status = answer.status();
            let body = answer.into_body().collect().await?.to_bytes();
            anyhow::Ok((connection, status, body))
        };
        let asked = time::timeout(limit, asked).await;
        let (connection, status, body) = asked.map_err(|_| anyhow!("no answer in {limit:?}"))??;
        self.connection = Some(connection);
        Ok((status, body))
    }

    /// Fetches a page with a bearer token.
    pub(crate) async fn get(
        &mut self,
        path: &str,
        token: &str,
        limit: Duration,
    ) -> anyhow::Result<(StatusCode, Bytes)> {
        self.empty(Method::GET, path, token, limit).await
    }

    /// Asks for something to be done, with a bearer token.
    pub(crate) async fn post(
        &mut self,
        path: &str,
        token: &str,
        limit: Duration,
    ) -> anyhow::Result<(StatusCode, Bytes)> {
        self.empty(Method::POST, path, token, limit).await
    }

    async fn empty(
        &mut self,
        method: Method,
        path: &str,
        token: &str,
        limit: Duration,
    ) -> anyhow::Result<(StatusCode, Bytes)> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, self.address.to_string())
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .body(Full::default())?;
        self.ask(request, limit).await
    }
}

async fn connect(address: SocketAddr) -> anyhow::Result<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(address).await.context("could not connect")?;
    stream.set_nodelay(true)?;
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // How the connection ends shows in the request that it carries.
    tokio::spawn(connection);
    Ok(sender)
}
