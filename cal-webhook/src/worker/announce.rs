//! Lets other processes on the same store know which hooks this one runs.

use std::{convert::Infallible, sync::Arc, time::Duration};

use tokio::time;

use crate::Dispatcher;

use super::{PATIENCE, PAUSE, engine::within, erased::ErasedStore};

/// How often it is told again.
const AGAIN: Duration = Duration::from_secs(30);

/// Tells it for as long as the worker runs.
pub(super) async fn announce(store: &Arc<dyn ErasedStore>, dispatcher: &Dispatcher) -> Infallible {
    let names: Vec<&str> = dispatcher.names().collect();
    loop {
        let told = within(PATIENCE, store.announce(&names)).await;
        time::sleep(if told.is_ok() { AGAIN } else { PAUSE }).await;
    }
}
