//! This program once more, as a server in a process of its own.

use std::{
    env,
    io::{self, BufRead, BufReader, Write},
    net::{Ipv4Addr, SocketAddr},
    process::{self, Stdio},
    thread,
};

use anyhow::{Context, Result, ensure};
use axum::Router;
use tokio::{net::TcpListener, sync::oneshot};

/// Serves until the input ends.
///
/// Writes the address first; then, for every line that is read, one with the reply to it.
///
/// # Errors
///
/// Fails when no port can be listened on.
pub async fn serve(
    router: Router,
    mut reply: impl FnMut(&str) -> String + Send + 'static,
) -> Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    writeln!(io::stdout(), "{}", listener.local_addr()?)?;
    let (end, ended) = oneshot::channel::<()>();
    thread::spawn(move || {
        let _end = end;
        let mut lines = io::stdin().lines().map_while(Result::ok);
        lines.try_for_each(|line| writeln!(io::stdout(), "{}", reply(&line)))
    });
    tokio::select! {
        served = axum::serve(listener, router) => served?,
        _ = ended => {}
    }
    Ok(())
}

/// A server that runs; it ends when this is dropped.
#[derive(Debug)]
pub struct Child {
    process: process::Child,
    replies: BufReader<process::ChildStdout>,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Child {
    /// Starts this program with these arguments.
    ///
    /// # Errors
    ///
    /// Fails when it cannot be started, or does not serve.
    pub fn start(arguments: &[&str]) -> Result<Self> {
        let mut process = process::Command::new(env::current_exe()?)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("could not start a server")?;
        let output = process.stdout.take().context("the server has no output")?;
        let mut replies = BufReader::new(output);
        let address = line(&mut replies)?.parse().context("the server did not say where it is")?;
        Ok(Self { process, replies, address })
    }

    /// Writes a line and returns the reply.
    ///
    /// # Errors
    ///
    /// Fails when the server has ended.
    pub fn ask(&mut self, question: &str) -> Result<String> {
        let mut input = self.process.stdin.as_ref().context("the server has no input")?;
        writeln!(input, "{question}")?;
        line(&mut self.replies)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // Without input it ends by itself.
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

fn line(replies: &mut impl BufRead) -> Result<String> {
    let mut line = String::new();
    ensure!(replies.read_line(&mut line)? > 0, "the server has ended");
    Ok(line.trim().to_owned())
}
