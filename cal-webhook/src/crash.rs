//! Points at which a test may kill the process, or let work panic; without the feature `crash-points` they are empty.
//!
//! `CALCOM_TEST_CRASH` names the point, or the point and the pass: `settling`, or `settling:3`.

use crate::Change;

/// Kills the process when the environment asks for it at this point.
#[cfg(all(feature = "crash-points", unix))]
pub fn point(name: &str) {
    use std::sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    };

    static FATAL: LazyLock<Option<(String, u64)>> = LazyLock::new(|| {
        let asked = std::env::var("CALCOM_TEST_CRASH").ok()?;
        let counted = asked.rsplit_once(':');
        let counted = counted.and_then(|(name, pass)| Some((name.to_owned(), pass.parse().ok()?)));
        Some(counted.unwrap_or((asked, 1)))
    });
    static PASSES: AtomicU64 = AtomicU64::new(0);

    let Some((_, pass)) = FATAL.as_ref().filter(|(fatal, _)| fatal == name) else { return };
    if PASSES.fetch_add(1, Ordering::SeqCst) + 1 == *pass {
        let own = rustix::process::getpid();
        // The signal cannot be refused to a process that sends it to itself.
        let _ = rustix::process::kill_process(own, rustix::process::Signal::KILL);
        // Nothing may happen between the signal and the end.
        loop {
            std::thread::park();
        }
    }
}

/// Does nothing.
#[cfg(not(all(feature = "crash-points", unix)))]
#[inline(always)]
pub fn point(_name: &str) {}

/// The change that a process of the next build knows under another name.
pub const NEXT: Change = Change::WrongAssignment;

/// Whether this process pretends to be of the next build: `CALCOM_TEST_NEXT=1`.
#[cfg(feature = "crash-points")]
#[must_use]
pub fn is_next() -> bool {
    use std::sync::LazyLock;

    static IS_NEXT: LazyLock<bool> =
        LazyLock::new(|| std::env::var_os("CALCOM_TEST_NEXT").is_some_and(|next| next == "1"));
    *IS_NEXT
}

/// Says no.
#[cfg(not(feature = "crash-points"))]
#[inline(always)]
#[must_use]
pub fn is_next() -> bool {
    false
}

/// Panics over a body that asks for it here: `panic while reading`.
#[cfg(feature = "crash-points")]
pub fn panic_over(work: &str, body: &[u8]) {
    let wanted = format!("panic while {work}");
    let asks = body.windows(wanted.len()).any(|text| text == wanted.as_bytes());
    assert!(!asks, "a test wants a panic while {work}");
}

/// Does nothing.
#[cfg(not(feature = "crash-points"))]
#[inline(always)]
pub fn panic_over(_work: &str, _body: &[u8]) {}
