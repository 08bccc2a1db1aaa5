//! What tests may ask for; without the feature `crash-points` nothing of it is there.
//!
//! `CALCOM_TEST_CRASH` names the point at which it dies, or the point and the pass: `settling`, or
//! `settling:3`. `CALCOM_TEST_FREEZE` names one at which it stands still until it gets SIGCONT.

use crate::Change;

/// Kills or stops the process when the environment asks for it at this point.
#[cfg(all(feature = "crash-points", unix))]
pub fn point(name: &str) {
    use std::{sync::LazyLock, thread, time::Duration};

    use rustix::process::Signal;

    static KILL: LazyLock<Option<asked::Pass>> = LazyLock::new(|| asked::of("CALCOM_TEST_CRASH"));
    static STOP: LazyLock<Option<asked::Pass>> = LazyLock::new(|| asked::of("CALCOM_TEST_FREEZE"));

    if asked::comes(&KILL, name) {
        asked::signal(Signal::KILL);
        // Nothing may happen between the signal and the end.
        loop {
            thread::park();
        }
    }
    if asked::comes(&STOP, name) {
        asked::signal(Signal::STOP);
        // Another thread may be told first.
        thread::sleep(Duration::from_millis(100));
    }
}

#[cfg(all(feature = "crash-points", unix))]
mod asked {
    use std::{
        env,
        sync::atomic::{AtomicU64, Ordering},
    };

    use rustix::process::{Signal, getpid, kill_process};

    /// The pass of a point that is asked for, and how many there were.
    pub(super) struct Pass {
        point: String,
        number: u64,
        passed: AtomicU64,
    }

    pub(super) fn of(variable: &str) -> Option<Pass> {
        let asked = env::var(variable).ok()?;
        let counted = asked.rsplit_once(':');
        let counted =
            counted.and_then(|(point, number)| Some((point.to_owned(), number.parse().ok()?)));
        let (point, number) = counted.unwrap_or((asked, 1));
        Some(Pass { point, number, passed: AtomicU64::new(0) })
    }

    /// Counts a pass; whether it is the one that is asked for.
    pub(super) fn comes(pass: &Option<Pass>, point: &str) -> bool {
        pass.as_ref()
            .filter(|pass| pass.point == point)
            .is_some_and(|pass| pass.passed.fetch_add(1, Ordering::SeqCst) + 1 == pass.number)
    }

    /// The signal cannot be refused to a process that sends it to itself.
    pub(super) fn signal(signal: Signal) {
        let _ = kill_process(getpid(), signal);
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
