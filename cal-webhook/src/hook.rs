//! A lifecycle made of closures.

use std::{collections::HashMap, fmt, future::Future, pin::Pin, sync::Arc};

use crate::{Change, Context, HookError, Lifecycle, payload::Payload};

type Reacting = Pin<Box<dyn Future<Output = Result<(), HookError>> + Send>>;
type Reaction = Arc<dyn Fn(Context) -> Reacting + Send + Sync>;

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
    reactions: HashMap<Change, Reaction>,
    any: Option<Reaction>,
}

impl Hook {
    /// Makes a hook that does nothing yet; see [`Lifecycle::name`] for the name.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), reactions: HashMap::new(), any: None }
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
