//! Hooks that cost nothing, behind a gate, and one that fails as long as it is there.

use std::{env, path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context as _;
use calcom::{Hook, HookError, SqlStore, webhook::ReceiverBuilder};
use tokio::time;

/// How long the gate may stay closed.
const CLOSED: Duration = Duration::from_secs(60 * 60);

/// How often the gate is looked at while it is closed.
const GLANCE: Duration = Duration::from_millis(5);

/// How long the dead hook's provider takes until it refuses.
const REFUSAL: Duration = Duration::from_millis(100);

/// Returns how many cheap hooks `CALCOM_TEST_HOOKS` asks for, if it is set.
pub(crate) fn count() -> anyhow::Result<Option<usize>> {
    const NAME: &str = "CALCOM_TEST_HOOKS";
    let Some(count) = env::var_os(NAME) else { return Ok(None) };
    let count = count.to_str().and_then(|count| count.parse().ok());
    Ok(Some(count.with_context(|| format!("expected {NAME} to be a number"))?))
}

/// Adds hooks that do nothing once the file that `CALCOM_TEST_GATE` names is there.
///
/// All but the first end their tasks themselves, as hooks do that write into the site's database.
pub(crate) fn add(builder: ReceiverBuilder, count: usize, store: &SqlStore) -> ReceiverBuilder {
    let gate: Option<Arc<PathBuf>> =
        env::var_os("CALCOM_TEST_GATE").map(|path| Arc::new(path.into()));
    (1..=count).fold(builder, |builder, number| {
        let (gate, store) = (gate.clone(), store.clone());
        let hook = Hook::named(format!("cheap-{number}")).timeout(CLOSED);
        builder.hook(hook.on_any(move |cx| {
            let (gate, store) = (gate.clone(), store.clone());
            async move {
                while gate.as_ref().is_some_and(|gate| !gate.exists()) {
                    time::sleep(GLANCE).await;
                }
                match number {
                    1 => Ok(()),
                    _ => store.complete(&cx, |_| Box::pin(async { Ok(()) })).await,
                }
            }
        }))
    })
}

/// Whether `CALCOM_TEST_DEAD` asks for a hook that fails.
pub(crate) fn has_dead() -> bool {
    env::var_os("CALCOM_TEST_DEAD").is_some()
}

/// Returns a hook whose provider refuses everything.
pub(crate) fn dead() -> Hook {
    Hook::named("dead").on_any(|_| async {
        time::sleep(REFUSAL).await;
        Err(HookError::transient("the provider refuses everything"))
    })
}
