//! A lifecycle made of closures.

use std::{collections::HashMap, fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

use cal_core::Delivery;

use crate::{
    Change, Context, HookError, Lifecycle, Reminder, Transition,
    lifecycle::{CONCURRENCY, TIMEOUT, unanswered},
    payload::Payload,
};

type Reacting = Pin<Box<dyn Future<Output = Result<(), HookError>> + Send>>;
type Reaction = Arc<dyn Fn(Context) -> Reacting + Send + Sync>;
type Reminding = Arc<dyn Fn(Context, String) -> Reacting + Send + Sync>;
type Planning = Arc<dyn Fn(&Transition, &Delivery) -> Vec<Reminder> + Send + Sync>;

/// A hook made of closures, for what is too small for a [`Lifecycle`] of its own.
///
/// Closures own their arguments, so that they can be moved into an `async move` block. What no
/// closure is given for does nothing.
///
/// ```
/// use cal_webhook::Hook;
///
/// let hook = Hook::named("log")
///     .on_booked(|cx, booking| async move {
///         println!("{}: {}", cx.delivery_id(), booking.title);
///         Ok(())
///     })
///     .on_cancelled(|_cx, booking| async move {
///         println!("cancelled: {}", booking.title);
///         Ok(())
///     });
/// ```
#[derive(Clone)]
pub struct Hook {
    name: String,
    timeout: Duration,
    concurrency: usize,
    hears_of_the_past: bool,
    reactions: HashMap<Change, Reaction>,
    any: Option<Reaction>,
    planning: Option<Planning>,
    reminding: Option<Reminding>,
}

impl Hook {
    /// Makes a hook that does nothing yet; see [`Lifecycle::name`] for the name.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            timeout: TIMEOUT,
            concurrency: CONCURRENCY,
            hears_of_the_past: true,
            reactions: HashMap::new(),
            any: None,
            planning: None,
            reminding: None,
        }
    }

    /// Sets how long one attempt may take; see [`Lifecycle::timeout`].
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets how many tasks may run at the same time; see [`Lifecycle::concurrency`].
    #[must_use]
    pub fn concurrency(mut self, tasks: usize) -> Self {
        self.concurrency = tasks;
        self
    }

    /// Sets whether it hears of bookings that are over; see [`Lifecycle::hears_of_the_past`].
    #[must_use]
    pub fn hears_of_the_past(mut self, hears: bool) -> Self {
        self.hears_of_the_past = hears;
        self
    }

    /// Plans what is to be done later; see [`Lifecycle::reminders`].
    ///
    /// ```
    /// use cal_webhook::{Change, Hook, Reminder};
    /// use std::time::Duration;
    ///
    /// let hook = Hook::named("reminders")
    ///     .reminders(|transition, delivery| match (transition.change, delivery.event.booking()) {
    ///         (Change::Booked | Change::Rescheduled, Some(booking)) => {
    ///             let Some(start) = booking.start else { return Vec::new() };
    ///             let due_at = start - Duration::from_secs(60 * 60);
    ///             vec![Reminder::new("an hour before", due_at).expires_at(start)]
    ///         }
    ///         _ => Vec::new(),
    ///     })
    ///     .on_reminder(|cx, name| async move {
    ///         let title = cx.booking().map_or("a booking", |booking| &booking.title);
    ///         println!("{name}: {title}");
    ///         Ok(())
    ///     });
    /// ```
    #[must_use]
    pub fn reminders<F>(mut self, plan: F) -> Self
    where
        F: Fn(&Transition, &Delivery) -> Vec<Reminder> + Send + Sync + 'static,
    {
        self.planning = Some(Arc::new(plan));
        self
    }

    /// Called when a reminder is due; see [`Lifecycle::on_reminder`].
    #[must_use]
    pub fn on_reminder<F, R>(mut self, react: F) -> Self
    where
        F: Fn(Context, String) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), HookError>> + Send + 'static,
    {
        self.reminding = Some(Arc::new(move |cx, name| Box::pin(react(cx, name))));
        self
    }

    /// Called for everything that no other closure is given for.
    #[must_use]
    pub fn on_any<F, R>(mut self, react: F) -> Self
    where
        F: Fn(Context) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), HookError>> + Send + 'static,
    {
        self.any = Some(Arc::new(move |cx| Box::pin(react(cx))));
        self
    }

    pub(crate) fn react<P, F, R>(mut self, change: Change, react: F) -> Self
    where
        P: Payload,
        F: Fn(Context, Arc<P>) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), HookError>> + Send + 'static,
    {
        let react = Arc::new(react);
        let reaction = move |cx: Context| -> Reacting {
            match P::of(cx.event()).cloned() {
                Some(payload) => Box::pin(react(cx, payload)),
                None => Box::pin(async { Ok(()) }),
            }
        };
        self.reactions.insert(change, Arc::new(reaction));
        self
    }
}

impl Lifecycle for Hook {
    fn name(&self) -> &str {
        &self.name
    }

    fn timeout(&self) -> Duration {
        self.timeout
    }

    fn concurrency(&self) -> usize {
        self.concurrency
    }

    fn hears_of_the_past(&self) -> bool {
        self.hears_of_the_past
    }

    fn reminders(&self, transition: &Transition, delivery: &Delivery) -> Vec<Reminder> {
        self.planning.as_ref().map(|plan| plan(transition, delivery)).unwrap_or_default()
    }

    async fn on_reminder(&self, cx: &Context, name: &str) -> Result<(), HookError> {
        match &self.reminding {
            Some(react) => react(cx.clone(), name.to_owned()).await,
            None => Err(unanswered()),
        }
    }

    /// Every lifecycle method ends here, because none is written: the change picks the closure.
    async fn on_any(&self, cx: &Context) -> Result<(), HookError> {
        let change = cx.transition().map(|transition| transition.change);
        let reaction = change.and_then(|change| self.reactions.get(&change)).or(self.any.as_ref());
        match reaction {
            Some(react) => react(cx.clone()).await,
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let changes = self.reactions.keys();
        f.debug_struct("Hook").field("name", &self.name).field("on", &changes).finish()
    }
}
