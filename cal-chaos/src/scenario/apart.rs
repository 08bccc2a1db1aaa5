//! Attackers on a thread of their own, so that they do not delay what is measured.

use std::thread;

use anyhow::{Context as _, anyhow};
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::{
    runtime,
    sync::{oneshot, watch},
};

/// The end of an attack, for attackers to wait for.
#[derive(Clone, Debug)]
pub(crate) struct Over(watch::Receiver<bool>);

impl Over {
    /// Waits until the attack is over.
    pub(crate) async fn wait(&mut self) {
        // An attack that nobody holds any more is over as well.
        let _ = self.0.wait_for(|over| *over).await;
    }
}

/// An attack that goes on until it is ended; dropping it ends it too.
#[derive(Debug)]
pub(crate) struct Attack<T> {
    over: watch::Sender<bool>,
    outcome: oneshot::Receiver<T>,
}

impl<T: Send + 'static> Attack<T> {
    /// Starts an attack that may hold as many files as the system lets it.
    pub(crate) fn start<F: Future<Output = T>>(
        attack: impl FnOnce(Over) -> F + Send + 'static,
    ) -> anyhow::Result<Self> {
        raise_limit()?;
        let (over, is_over) = watch::channel(false);
        let (tell, outcome) = oneshot::channel();
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        thread::Builder::new().name("attack".to_owned()).spawn(move || {
            let came = runtime.block_on(attack(Over(is_over)));
            // Everything that attackers hold is closed before the attack counts as over.
            drop(runtime);
            let _ = tell.send(came);
        })?;
        Ok(Self { over, outcome })
    }

    /// Waits until the attack has ended by itself.
    pub(crate) async fn ended(&mut self) -> anyhow::Result<T> {
        (&mut self.outcome).await.map_err(|_| anyhow!("the attack broke off"))
    }

    /// Ends the attack, and returns what came of it.
    pub(crate) async fn end(mut self) -> anyhow::Result<T> {
        self.over.send_replace(true);
        self.ended().await
    }
}

/// Attackers hold thousands of sockets.
fn raise_limit() -> anyhow::Result<()> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).context("could not raise the limit of open files")
}
