//! The signals that ask a server to stop.

use std::future::pending;

use tokio::signal;

/// Waits for Ctrl-C or SIGTERM.
pub async fn shutdown_signal() {
    let interrupted = async {
        // Without a handler there is no signal to wait for.
        if signal::ctrl_c().await.is_err() {
            pending().await
        }
    };
    tokio::select! {
        () = interrupted => {}
        () = terminated() => {}
    }
}

#[cfg(unix)]
async fn terminated() {
    match signal::unix::signal(signal::unix::SignalKind::terminate()) {
        Ok(mut terminate) => drop(terminate.recv().await),
        Err(_) => pending().await,
    }
}

#[cfg(not(unix))]
async fn terminated() {
    pending().await
}
