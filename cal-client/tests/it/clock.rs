//! A clock that stands still while servers and clients talk, so that no test depends on their pace.

use std::{sync::mpsc, time::Duration};

use tokio::{task, time};

/// Longer than any exchange takes; a test that waits in vain fails after that.
const PATIENCE: Duration = Duration::from_secs(60);

/// Tokio's time, which goes by only when it is told to.
///
/// Paused time alone would jump to the next timeout whenever all tasks wait for the network. It does
/// not do so while blocking work goes on, and this is some.
pub(crate) struct Clock {
    _stopped: mpsc::Sender<()>,
}

impl Clock {
    /// Stops the time until the test ends.
    pub(crate) fn stopped() -> Self {
        let (stopped, wait) = mpsc::channel::<()>();
        task::spawn_blocking(move || wait.recv_timeout(PATIENCE));
        time::pause();
        Self { _stopped: stopped }
    }

    /// Lets time go by.
    pub(crate) async fn advance(&self, by: Duration) {
        time::advance(by).await;
    }
}
