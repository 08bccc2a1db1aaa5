//! The limit: a file, and one `fdatasync` for all deliveries that came during the last one.

use std::{
    fs::File,
    io::{self, Write},
    thread,
};

use anyhow::Result;
use axum::{Router, body::Bytes};
use cal_webhook::Verified;
use tokio::sync::{mpsc, oneshot};

use super::{Keep, keeping};

/// How many deliveries there are in a group at the most.
const GROUP: usize = 1024;

type Job = (Bytes, oneshot::Sender<bool>);

#[derive(Clone)]
struct Log(mpsc::Sender<Job>);

pub(super) fn router(path: &str) -> Result<Router> {
    let file = File::create(path)?;
    let (sender, jobs) = mpsc::channel(GROUP);
    thread::spawn(move || write(file, jobs));
    keeping(Log(sender))
}

fn write(mut file: File, mut jobs: mpsc::Receiver<Job>) {
    let (mut group, mut bytes) = (Vec::with_capacity(GROUP), Vec::new());
    while jobs.blocking_recv_many(&mut group, GROUP) > 0 {
        bytes.clear();
        for (body, _) in &group {
            bytes.extend_from_slice(&body.len().to_le_bytes());
            bytes.extend_from_slice(body);
        }
        let kept = append(&mut file, &bytes).is_ok();
        for (_, reply) in group.drain(..) {
            let _ = reply.send(kept);
        }
    }
}

fn append(file: &mut File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    file.sync_data()
}

impl Keep for Log {
    async fn keep(&self, delivery: Verified) -> bool {
        let (reply, kept) = oneshot::channel();
        self.0.send((delivery.body().clone(), reply)).await.is_ok() && kept.await == Ok(true)
    }
}
