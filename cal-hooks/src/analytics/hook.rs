//! Tells an analytics system what happens to bookings.

use cal_webhook::{Context, HookError, Lifecycle};

use super::{Analytics, Event};

/// A hook that tells an [`Analytics`] system what happens to bookings; see [`Event::known`].
///
/// Each system needs a name of its own, because it has retries of its own.
///
/// ```
/// use cal_hooks::analytics::{Analytics, AnalyticsHook, Event};
/// use cal_webhook::{Dispatcher, HookError};
///
/// struct Printed;
///
/// impl Analytics for Printed {
///     async fn capture(&self, event: &Event) -> Result<(), HookError> {
///         println!("{} at {}", event.name, event.at);
///         Ok(())
///     }
/// }
///
/// let hooks = Dispatcher::new().hook(AnalyticsHook::new(Printed).named("printed"));
/// ```
#[derive(Clone, Debug)]
pub struct AnalyticsHook<A> {
    analytics: A,
    name: String,
}

impl<A: Analytics> AnalyticsHook<A> {
    /// Makes the hook `analytics`.
    #[must_use]
    pub fn new(analytics: A) -> Self {
        Self { analytics, name: "analytics".to_owned() }
    }

    /// Sets the hook's name; see [`Lifecycle::name`].
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }
}

impl<A: Analytics> Lifecycle for AnalyticsHook<A> {
    fn name(&self) -> &str {
        &self.name
    }

    async fn on_any(&self, cx: &Context) -> Result<(), HookError> {
        match Event::known(cx).await? {
            Some(event) => self.analytics.capture(&event).await,
            None => Ok(()),
        }
    }
}
